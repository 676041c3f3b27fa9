//! Queueing a build exactly once.
//!
//! TeamCity has no idempotency key. When the answer to the queue request is lost, nobody knows whether the build exists; so it is
//! looked for by its tag, several times, before it is asked for again, and after that once more for a double.
//!
//! Where TeamCity takes no tags of this user, it is looked for by all else that is known of it, and is never asked for again: what is
//! not found may appear later, and one that is found may be another's that is asked for at the same time.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::http::{CONFIRM_AFTER, Failure, Trouble};
use crate::identity::{self, Facts};
use crate::outcome::{Event, Events};
use crate::preflight::{cure, rights};
use crate::run::ledger::Ledger;
use crate::teamcity::model::{Build, State, Status};
use crate::teamcity::{Client, ErrorKind};
use crate::types::{BuildId, BuildTypeId, Diagnostic};

/// Pauses before each search for a build that may have been queued: half a minute in all, since search may lag on
/// servers of several nodes.
const SEARCHES: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
];
/// How long a 401 is doubted: a restarting server may answer so for a moment.
const DOUBT_UNAUTHORIZED_FOR: Duration = Duration::from_secs(30);
/// Pause while it is: TeamCity locks out who hammers it.
const UNAUTHORIZED_PAUSE: Duration = Duration::from_secs(4);
/// Longest pause between two queue requests.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// A build to be queued.
pub struct Request<'a> {
    /// Its place in the ledger.
    pub position: usize,
    /// Its configuration.
    pub build_type: &'a BuildTypeId,
    /// How it is found again.
    pub known_by: KnownBy<'a>,
    /// Builds that carried it before: an earlier run of the same step asked for the same. They are not what is looked for.
    pub earlier: &'a [BuildId],
    /// The body of the request.
    pub body: &'a Value,
}

/// How a build is found whose queue request got no answer.
pub enum KnownBy<'a> {
    /// By its own tag, which no other build has.
    Tag(&'a str),
    /// By what it is. Nothing: not even that is known.
    Facts(Option<Facts<'a>>),
}

/// Why it was not queued.
#[derive(Debug)]
pub enum QueueError {
    /// TeamCity said no, and kept to it.
    Refused(ErrorKind),
    /// It did not answer sensibly for `RETRY_FOR`.
    Unreachable(Diagnostic),
}

/// Queues a build, or finds the one that an unanswered request has queued.
///
/// # Errors
/// When TeamCity refuses, or can't be reached for `RETRY_FOR`.
pub async fn queue(
    client: &Client,
    events: &dyn Events,
    ledger: &Ledger,
    request: &Request<'_>,
) -> Result<Build, QueueError> {
    let start = Instant::now();
    let mut refused = CONFIRM_AFTER.iter();
    let mut doubted: Option<Instant> = None;
    let mut said = false;
    let mut attempt = 0_u32;
    loop {
        attempt = attempt.saturating_add(1);
        ledger.update(request.position, |entry| entry.in_flight = true);
        let failure = match client.queue(request.body, attempt).await {
            Ok(build) => {
                remember(ledger, request.position, &build);
                if let (true, KnownBy::Tag(tag)) = (attempt > 1, &request.known_by) {
                    cancel_doubles(client, events, request, tag, &build).await?;
                }
                return Ok(build);
            }
            Err(failure) => failure,
        };
        // What it names can be left out, and no node of the server knows better.
        if let ErrorKind::Forbidden(words) = &failure.error
            && attempt == 1
            && rights::extra_in(words).is_some()
        {
            ledger.update(request.position, |entry| entry.in_flight = false);
            return Err(QueueError::Refused(failure.error));
        }
        if !said && !matches!(failure.trouble, Trouble::Refusal) {
            said = true;
            events.event(&Event::Note(format!(
                "The answer to the queue request was lost ({}): looking for the build before asking again",
                failure.error
            )));
        }
        let searches = searches_after(&failure);
        let found = match &request.known_by {
            KnownBy::Tag(tag) => {
                let found = search(client, request, tag, searches).await?;
                adopt(client, events, found).await
            }
            KnownBy::Facts(_) if !failure.error.may_have_acted() => None,
            KnownBy::Facts(facts) => {
                let build = the_only_one(client, request, facts.as_ref(), &failure.error).await?;
                ledger.update(request.position, |entry| entry.own = false);
                Some(build)
            }
        };
        if let Some(build) = found {
            remember(ledger, request.position, &build);
            return Ok(build);
        }
        match failure.trouble {
            Trouble::Refusal => {
                let Some(pause) = refused.next() else {
                    ledger.update(request.position, |entry| entry.in_flight = false);
                    return Err(QueueError::Refused(failure.error));
                };
                tokio::time::sleep(*pause).await;
            }
            Trouble::Unauthorized
                if doubted.is_some_and(|since| since.elapsed() >= DOUBT_UNAUTHORIZED_FOR) =>
            {
                ledger.update(request.position, |entry| entry.in_flight = false);
                return Err(QueueError::Refused(failure.error));
            }
            Trouble::Unauthorized => {
                doubted.get_or_insert_with(Instant::now);
                tokio::time::sleep(UNAUTHORIZED_PAUSE).await;
            }
            Trouble::Outage(_) | Trouble::Lasting | Trouble::Final
                if failure.trouble == Trouble::Final || client.is_over(start) =>
            {
                let error = failure.error.into();
                return Err(QueueError::Unreachable(cure::teamcity(
                    "queueing the build",
                    &error,
                    client.base(),
                )));
            }
            Trouble::Outage(wish) => {
                let pause = Duration::from_secs(attempt.into()).max(wish.unwrap_or_default());
                tokio::time::sleep(pause.min(LONGEST_PAUSE.saturating_mul(4))).await;
            }
            Trouble::Lasting | Trouble::Final => {
                tokio::time::sleep(Duration::from_secs(attempt.into()).min(LONGEST_PAUSE)).await
            }
        }
    }
}

fn remember(ledger: &Ledger, position: usize, build: &Build) {
    ledger.update(position, |entry| {
        entry.id = build.id;
        entry.outcome.id = build.id;
        entry.in_flight = false;
    });
}

/// A server that can't have acted on the request is searched once; one that may have, for a while.
fn searches_after(failure: &Failure<ErrorKind>) -> &'static [Duration] {
    if failure.error.may_have_acted() {
        &SEARCHES
    } else {
        SEARCHES.get(..1).unwrap_or(&SEARCHES)
    }
}

/// The build that fits all that is known, if exactly one does.
async fn the_only_one(
    client: &Client,
    request: &Request<'_>,
    facts: Option<&Facts<'_>>,
    lost: &ErrorKind,
) -> Result<Build, QueueError> {
    let doubt = |found| {
        QueueError::Unreachable(cure::lost_without_tag(
            request.build_type,
            found,
            lost,
            client.base(),
        ))
    };
    let Some(facts) = facts else {
        return Err(doubt(0));
    };
    let mut fit = Vec::new();
    for pause in SEARCHES {
        tokio::time::sleep(pause).await;
        // A search that fails finds nothing: what is lost stays lost.
        let found = identity::alike(client, facts).await.unwrap_or_default();
        let is_new = |build: &Build| build.id.is_none_or(|id| !request.earlier.contains(&id));
        fit = found.into_iter().filter(is_new).collect();
        if !fit.is_empty() {
            break;
        }
    }
    let found = fit.len();
    match fit.pop() {
        Some(only) if found == 1 => Ok(only),
        _ => Err(doubt(found)),
    }
}

async fn search(
    client: &Client,
    request: &Request<'_>,
    tag: &str,
    pauses: &[Duration],
) -> Result<Vec<Build>, QueueError> {
    for pause in pauses {
        tokio::time::sleep(*pause).await;
        let found = identity::tagged(client, request.build_type, tag).await;
        let found = found.map(|found| {
            let is_new = |build: &Build| build.id.is_none_or(|id| !request.earlier.contains(&id));
            found.into_iter().filter(is_new).collect::<Vec<_>>()
        });
        match found {
            Ok(found) if !found.is_empty() => return Ok(found),
            Ok(_) => {}
            Err(error) if error.kind.is_refusal() => return Err(QueueError::Refused(error.kind)),
            Err(error) => {
                let error = cure::teamcity(
                    "looking for the build that may have been queued",
                    &error,
                    client.base(),
                );
                return Err(QueueError::Unreachable(error));
            }
        }
    }
    Ok(Vec::new())
}

/// Of the builds that carry the tag, keeps the oldest one that lives, and cancels the others.
async fn adopt(client: &Client, events: &dyn Events, mut found: Vec<Build>) -> Option<Build> {
    found.sort_by_key(|build| {
        (
            build.is_finished() && build.status == Some(Status::Unknown),
            build.id,
        )
    });
    let mut found = found.into_iter();
    let kept = found.next()?;
    for double in found {
        cancel_double(client, events, &double).await;
    }
    Some(kept)
}

async fn cancel_doubles(
    client: &Client,
    events: &dyn Events,
    request: &Request<'_>,
    tag: &str,
    kept: &Build,
) -> Result<(), QueueError> {
    let found = search(client, request, tag, SEARCHES.get(..1).unwrap_or(&SEARCHES)).await?;
    for double in found.into_iter().filter(|build| build.id != kept.id) {
        cancel_double(client, events, &double).await;
    }
    Ok(())
}

async fn cancel_double(client: &Client, events: &dyn Events, double: &Build) {
    let is_ours = double.state != Some(State::Finished)
        && !double.has_absorbed()
        // What TeamCity put back is no double: the one before it was broken off.
        && !double.was_put_back();
    let Some(id) = double.id.filter(|_| is_ours) else {
        return;
    };
    let result = client
        .cancel(id, "Queued twice by a lost answer; the other build goes on")
        .await;
    events.event(&Event::Cancel {
        what: format!("the double {id}"),
        result: result.map_err(|error| error.to_string()),
    });
}

/// The id of a build that an answer named; every answer that passes [`queue`] names one.
#[must_use]
pub fn id_of(build: &Build) -> BuildId {
    build.id.unwrap_or(BuildId(0))
}
