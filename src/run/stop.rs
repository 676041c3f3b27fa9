//! Leaves nothing behind: cancels what this run queued, also what it may have queued.
//!
//! A queued build may have been merged with another's since it was last seen, and a request to cancel it would cancel that
//! one: so it is looked at first. A build that runs is merged no more.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::time::Instant;

use super::context::Context;
use super::follow::machine::{Followed, Verdict};
use super::ledger::Entry;
use crate::identity;
use crate::outcome::{Ending, Event};
use crate::teamcity::model::Build;
use crate::teamcity::{Error, ErrorKind};
use crate::types::{BuildId, after};

/// The whole time for canceling one that can't be found.
const LIMIT: Duration = Duration::from_secs(8);
/// Part of it that a look at the build may take, before it is canceled unseen.
const LOOK: Duration = Duration::from_secs(4);
/// Part of it in which a request on its way may still arrive at the server.
const IN_FLIGHT: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(3),
];
/// Pause between two tries.
const AGAIN: Duration = Duration::from_millis(900);
/// The same after a 401: TeamCity locks out who hammers it.
const AGAIN_UNAUTHORIZED: Duration = Duration::from_secs(2);

/// Cancels all builds of this run that live, before `end`. One that turns out to have ended keeps its own ending.
pub async fn cancel_all(context: &Context<'_>, why: &str, ending: &Ending, end: Instant) {
    let entries = context.ledger.entries();
    let work = entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| !entry.ended)
        .map(|(position, entry)| async move {
            match cancel_entry(context, position, entry, why, Some(end)).await {
                Canceled::Now => context
                    .ledger
                    .update(position, |entry| entry.outcome.ending = ending.clone()),
                Canceled::WasOver(id) => take_over(context, position, entry, id, end).await,
                Canceled::No => {}
            }
        });
    join_all(work).await;
}

/// Cancels one build of this run while the others go on.
pub async fn cancel_one(context: &Context<'_>, position: usize, why: &str) {
    if let Some(entry) = context.ledger.entry(position) {
        cancel_entry(context, position, &entry, why, None).await;
    }
}

/// What came of canceling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Canceled {
    /// It was canceled.
    Now,
    /// It had ended before.
    WasOver(BuildId),
    /// It was not.
    No,
}

/// A build that had ended before it could be canceled ends as it did.
async fn take_over(
    context: &Context<'_>,
    position: usize,
    entry: &Entry,
    id: BuildId,
    end: Instant,
) {
    let Ok(build) = insist(end, || context.client.build_now(id)).await else {
        return;
    };
    let now = Instant::now();
    let mut followed = Followed::new(position, id, entry.asked.clone(), now);
    let ending = match followed.observe(now, &build, &mut Vec::new()) {
        Verdict::Ended(ending) => ending,
        Verdict::Wrong(_) => Ending::WrongRevision,
        Verdict::BrokenOff { .. } | Verdict::PutBack | Verdict::Follow(_) | Verdict::Again(_) => {
            return;
        }
    };
    context.ledger.end(position, ending, Some(&build));
    context.keep();
}

async fn cancel_entry(
    context: &Context<'_>,
    position: usize,
    entry: &Entry,
    why: &str,
    end: Option<Instant>,
) -> Canceled {
    match (entry.id, &entry.tag) {
        (Some(id), _) if entry.own && !was_merged(context, entry, id, end).await => {
            let mut canceled = cancel(context, entry, id, why, end).await;
            if let Some(end) = end.filter(|_| canceled == Canceled::Now) {
                let (of, tag) = (&entry.build_type, entry.tag.as_deref());
                let others = insist(end.min(after(Instant::now(), LOOK)), || {
                    identity::beside(context.client, of, id, tag, &entry.had)
                });
                for other in others.await.unwrap_or_default() {
                    let id = super::queue::id_of(&other);
                    let other = cancel(context, entry, id, why, Some(end)).await;
                    if other == Canceled::Now {
                        canceled = other;
                    }
                }
            }
            canceled
        }
        (Some(id), _) => {
            context.ledger.update(position, |entry| entry.own = false);
            let text = format!(
                "Build {id} is not canceled: this step did not queue it, or TeamCity merged it with another request."
            );
            context.events.event(&Event::Note(text));
            Canceled::No
        }
        (None, Some(tag)) if entry.in_flight => {
            let end = end.unwrap_or_else(|| after(Instant::now(), LIMIT));
            for pause in IN_FLIGHT {
                tokio::time::sleep(pause).await;
                let found = insist(end, || {
                    identity::tagged_now(context.client, &entry.build_type, tag)
                })
                .await
                .unwrap_or_default();
                let mut canceled = Canceled::No;
                let living = |build: &&Build| !build.is_finished() && !build.has_absorbed();
                for build in found.iter().filter(living) {
                    let id = super::queue::id_of(build);
                    context
                        .ledger
                        .update(position, |entry| entry.outcome.id = Some(id));
                    canceled = cancel(context, entry, id, why, Some(end)).await;
                }
                if canceled != Canceled::No || Instant::now() >= end {
                    return canceled;
                }
            }
            Canceled::No
        }
        (None, None) if entry.in_flight => {
            // Without its tag nothing tells it from another's.
            context.events.event(&Event::Warning(format!(
                "A build of {} may have been started: the answer to its queue request was lost. Without a tag it can't be canceled.",
                entry.build_type
            )));
            Canceled::No
        }
        _ => Canceled::No,
    }
}

/// Whether TeamCity has merged it with another's request since it was last seen.
async fn was_merged(
    context: &Context<'_>,
    entry: &Entry,
    id: BuildId,
    end: Option<Instant>,
) -> bool {
    if entry.outcome.started_at.is_some() {
        return false;
    }
    let build = match end {
        Some(_) => insist(after(Instant::now(), LOOK), || context.client.build_now(id)).await,
        None => context.client.build(id).await,
    };
    build.is_ok_and(|build| {
        build.id.is_some_and(|now| now != id) || build.has_absorbed_other_than(&entry.had)
    })
}

async fn cancel(
    context: &Context<'_>,
    entry: &Entry,
    id: BuildId,
    why: &str,
    end: Option<Instant>,
) -> Canceled {
    let why = format!("teamcity-pipe: {why}");
    let result = match end {
        Some(end) => insist(end, || context.client.cancel_now(id, &why)).await,
        None => context.client.cancel(id, &why).await.map(|()| true),
    };
    let canceled = match &result {
        Ok(true) => Canceled::Now,
        Ok(false) => return Canceled::WasOver(id),
        Err(_) => Canceled::No,
    };
    let what = Entry {
        id: Some(id),
        ..entry.clone()
    };
    let result = result.map(drop).map_err(|error| error.to_string());
    say(context, &what, result);
    canceled
}

/// Asks until there is an answer, also while an earlier try hangs: seconds count, and nothing that is asked here does harm
/// twice.
async fn insist<T, F, Fut>(end: Instant, ask: F) -> Result<T, Error>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<T, Error>>,
{
    let mut last = Error::from(ErrorKind::Unreachable("no answer in time".to_owned()));
    let mut tries = FuturesUnordered::new();
    let mut next = Instant::now();
    loop {
        tokio::select! {
            biased;
            () = tokio::time::sleep_until(end) => return Err(last),
            Some(answer) = tries.next() => match answer as Result<T, Error> {
                Err(error) if !is_no(&error.kind) => {
                    if error.kind == ErrorKind::Unauthorized {
                        next = after(next, AGAIN_UNAUTHORIZED.saturating_sub(AGAIN));
                    }
                    last = error;
                }
                answer => return answer,
            },
            () = tokio::time::sleep_until(next) => {
                next = after(next, AGAIN);
                tries.push(ask());
            }
        }
    }
}

/// An answer that will be the same the next time.
fn is_no(kind: &ErrorKind) -> bool {
    kind.is_refusal() && *kind != ErrorKind::Unauthorized
}

fn say(context: &Context<'_>, entry: &Entry, result: Result<(), String>) {
    let name = entry.outcome.full_name();
    let what = match (entry.id, &entry.outcome.url) {
        (Some(id), Some(url)) => format!("{name} ({id}, {url})"),
        (Some(id), None) => format!("{name} ({id})"),
        _ => name,
    };
    context.events.event(&Event::Cancel { what, result });
}
