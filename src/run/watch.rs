//! Follows the builds to their ends: one status request per poll, however many they are.

use std::time::Duration;

use tokio::time::Instant;

use super::Context;
use super::details;
use super::error::RunError;
use super::event::Event;
use super::follow::{Followed, Verdict};
use super::outcome::Ending;
use super::poll;
use crate::teamcity::model::Build;
use crate::teamcity::{Error, ErrorKind};
use crate::types::BuildId;

/// Follows until all have ended. What came of each is in the ledger.
///
/// # Errors
/// When the server refuses, or stays away for `RETRY_FOR`.
pub async fn watch(context: &Context<'_>, mut followed: Vec<Followed>) -> Result<(), RunError> {
    // Pipes that start together do not ask together.
    let mut pause = poll::SHORT.mul_f64(0.5 + 0.5 * context.phase);
    while !followed.is_empty() {
        tokio::time::sleep(pause).await;
        pause = poll::LONG;
        let answers = ask(context, &followed).await?;
        let now = Instant::now();
        let mut ended = Vec::new();
        for (index, (one, answer)) in followed.iter_mut().zip(answers).enumerate() {
            let mut events = Vec::new();
            let verdict = match &answer {
                Some(build) => one.observe(now, build, &mut events),
                None => one.missing(now),
            };
            for event in &events {
                context.events.event(event);
            }
            if let Some(build) = &answer {
                remember(context, one, build);
            }
            match verdict {
                Verdict::Follow(phase) => {
                    if let Some(limit) = context.settings.follow.queue_timeout
                        && one.queued_for(now).is_some_and(|waited| waited >= limit)
                    {
                        queue_timeout(context, one, limit).await;
                        ended.push((index, Ending::TimedOut, answer));
                    } else {
                        pause = pause
                            .min(poll::interval(phase))
                            .min(until_queue_timeout(context, one, now));
                    }
                }
                Verdict::Again(soon) => pause = pause.min(soon),
                Verdict::Ended(ending) => ended.push((index, ending, answer)),
                Verdict::Wrong(what) => {
                    wrong(context, one, &what).await;
                    ended.push((index, Ending::WrongRevision, answer));
                }
            }
        }
        let failed = ended
            .iter()
            .any(|(_, ending, _)| *ending != Ending::Success);
        for (index, ending, build) in ended.into_iter().rev() {
            let one = followed.remove(index);
            details::finish(context, one.position, ending, build.as_ref()).await?;
        }
        if failed && context.settings.follow.fail_fast {
            fail_fast(context, &followed).await;
        }
    }
    Ok(())
}

/// Asks for all with one request; singly for those that the answer leaves out.
async fn ask(context: &Context<'_>, followed: &[Followed]) -> Result<Vec<Option<Build>>, RunError> {
    let fail =
        |error: Error| RunError::teamcity("following the build", &error, context.client.base());
    let mut found = Vec::new();
    if followed.len() > 1 {
        let ids: Vec<BuildId> = followed.iter().map(|one| one.id).collect();
        match context.client.builds(&ids).await {
            Ok(builds) => found = builds,
            // A server that does not know the way is asked for each.
            Err(error)
                if matches!(
                    error.kind,
                    ErrorKind::Rejected { .. } | ErrorKind::NotFound(_)
                ) => {}
            Err(error) => return Err(fail(error)),
        }
    }
    let mut answers = Vec::new();
    for one in followed {
        let together = found.iter().find(|build| build.id == Some(one.id)).cloned();
        answers.push(match together {
            Some(build) => Some(build),
            None => match context.client.build(one.id).await {
                Ok(build) => Some(build),
                Err(Error {
                    kind: ErrorKind::NotFound(_),
                    ..
                }) => None,
                Err(error) => return Err(fail(error)),
            },
        });
    }
    Ok(answers)
}

fn remember(context: &Context<'_>, one: &Followed, build: &Build) {
    context.ledger.update(one.position, |entry| {
        entry.id = Some(one.id);
        entry.own &= !one.merged;
        details::read(&mut entry.outcome, build);
    });
}

fn until_queue_timeout(context: &Context<'_>, one: &Followed, now: Instant) -> Duration {
    match (context.settings.follow.queue_timeout, one.queued_for(now)) {
        (Some(limit), Some(waited)) => limit.saturating_sub(waited),
        _ => poll::LONG,
    }
}

async fn queue_timeout(context: &Context<'_>, one: &Followed, limit: Duration) {
    let limit = humantime::format_duration(limit);
    let why = format!("it was in the queue for longer than QUEUE_TIMEOUT ({limit})");
    if !context.settings.follow.cancel_on_stop {
        context.events.event(&Event::Warning(format!(
            "{why}; it is left there (CANCEL_ON_STOP)"
        )));
        return;
    }
    super::stop::cancel_one(context, one.position, &why).await;
}

async fn wrong(context: &Context<'_>, one: &Followed, what: &str) {
    context.ledger.update(one.position, |entry| {
        entry.outcome.status_text = Some(what.to_owned())
    });
    context.events.event(&Event::Warning(format!(
        "This build must not count: {what}"
    )));
    super::stop::cancel_one(context, one.position, what).await;
}

async fn fail_fast(context: &Context<'_>, followed: &[Followed]) {
    for one in followed {
        super::stop::cancel_one(
            context,
            one.position,
            "another build of the step failed (FAIL_FAST)",
        )
        .await;
    }
}
