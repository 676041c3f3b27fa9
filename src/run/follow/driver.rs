//! Follows the builds to their ends: one status request per poll, however many they are.

use std::time::Duration;

use tokio::time::Instant;

use super::ask::{Together, ask};
use super::chain::ChainWatch;
use super::doubles::Doubles;
use super::end::{Ended, Ends};
use super::log::{LogLimit, LogStream, Look};
use super::machine::{Followed, Verdict};
use super::{poll, succession};
use crate::config::LogMode;
use crate::outcome::{Ending, Event};
use crate::preflight::cure;
use crate::results;
use crate::run::context::Context;
use crate::teamcity::Need;
use crate::teamcity::model::Build;
use crate::types::{BuildId, Diagnostic, after};

/// A running build whose log stands still for so long may hang.
const SILENCE: Duration = Duration::from_secs(600);

/// A build, with its log if that is shown.
struct Watched {
    followed: Followed,
    log: Option<LogStream>,
    last_line: Instant,
    silence_said: bool,
    chain: Option<ChainWatch>,
    /// It was queued here, or seen before its end, so that its log is news.
    news: bool,
}

impl Watched {
    /// TeamCity put another in its place.
    async fn succeed(&mut self, context: &Context<'_>, broken: Option<&Build>, other: &Build) {
        succession::take(context, &mut self.followed, broken, other).await;
        let now = Instant::now();
        (self.log, self.chain) = (None, None);
        (self.last_line, self.silence_said) = (now, false);
        self.news = true;
    }
}

/// Follows until all have ended. What came of each is in the ledger; the ends are handed on, to be finished meanwhile.
///
/// # Errors
/// When the server refuses, or stays away for `RETRY_FOR`.
pub async fn watch(
    context: &Context<'_>,
    followed: Vec<Followed>,
    limit: &LogLimit,
    ends: &Ends,
) -> Result<(), Diagnostic> {
    let now = Instant::now();
    let watch = |followed: Followed| Watched {
        news: followed.is_new(),
        followed,
        log: None,
        last_line: now,
        silence_said: false,
        chain: None,
    };
    let mut watched: Vec<Watched> = followed.into_iter().map(watch).collect();
    let beat = poll::Beat::new(now, context.phase);
    let just_queued = watched.iter().all(|one| one.news);
    let mut next_status = beat.first(poll::FIRST);
    if just_queued {
        next_status = after(next_status, poll::JUST_QUEUED);
    }
    let mut pause = poll::FIRST;
    let mut next_log = beat.next(now, poll::LOG);
    let mut together = Together::default();
    let mut doubles = Doubles::new(now);
    let mut fails_fast = context.settings.follow.fail_fast;
    // One that could not even be queued has failed before the others began.
    let refused = context.ledger.entries().iter().any(|entry| entry.ended);
    if refused && std::mem::take(&mut fails_fast) {
        cancel_rest(context, &watched).await;
    }
    while !watched.is_empty() {
        let has_log = watched.iter().any(|one| one.log.is_some()) && !limit.is_spent();
        tokio::time::sleep_until(if has_log {
            next_status.min(next_log)
        } else {
            next_status
        })
        .await;
        if has_log && Instant::now() >= next_log {
            let at = Instant::now();
            next_log = beat.next(at, poll::LOG);
            let looked = look_at_logs(context, &mut watched, limit).await;
            if looked.ended {
                next_status = Instant::now();
            }
            if looked.behind {
                next_log = Instant::now();
            }
            // What has just written lives: one answer says both. No longer than that, since its end may be due.
            if looked.alive {
                next_status = next_status.max(after(at, pause.min(poll::LEAST)));
            }
        }
        if Instant::now() >= next_status {
            let looked = Instant::now();
            let answers = ask(context, &ids(&watched), &mut together).await?;
            let doubles = doubles.due(watched.iter().map(|one| &one.followed), &answers);
            let look = look_at_builds(context, &mut watched, answers, (limit, ends), &mut next_log);
            // Side by side: what follows an end does not wait for it.
            let (seen, ()) = tokio::join!(Box::pin(look), async {
                if let Some(doubles) = doubles {
                    Box::pin(doubles.run(context)).await;
                }
            });
            let seen = seen?;
            if seen.failed && std::mem::take(&mut fails_fast) {
                cancel_rest(context, &watched).await;
            }
            pause = seen.pause;
            next_status = beat.next(looked, pause);
        }
    }
    Ok(())
}

/// What looks at the logs have shown.
#[derive(Default)]
struct Looked {
    /// A log has come to its end, so that the build has too.
    ended: bool,
    /// A log has more lines than were read.
    behind: bool,
    /// Each log has grown, and has not come to its end.
    alive: bool,
}

async fn look_at_logs(context: &Context<'_>, watched: &mut [Watched], limit: &LogLimit) -> Looked {
    let mut looked = Looked {
        alive: true,
        ..Looked::default()
    };
    for one in watched {
        let Some(log) = &mut one.log else {
            looked.alive = false;
            continue;
        };
        let (had_ended, shown) = (log.has_ended(), log.shown());
        looked.behind |= log.look(context, limit).await == Look::Behind;
        let now = Instant::now();
        if log.shown() > shown {
            one.followed.heard(now);
            one.last_line = now;
        } else if log.is_live()
            && now.duration_since(one.last_line) >= SILENCE
            && !std::mem::replace(&mut one.silence_said, true)
        {
            context.events.event(&Event::Stuck {
                build: one.followed.position,
                what: "no new line in its log for 10 minutes. It may hang; TIMEOUT limits the wait"
                    .to_owned(),
            });
        }
        looked.ended |= log.has_ended() && !had_ended;
        looked.alive &= log.shown() > shown && !log.has_ended();
    }
    looked
}

/// What a look at the builds has shown.
struct Seen {
    /// After how long the next one is due.
    pause: Duration,
    /// A build has ended, and not well.
    failed: bool,
}

/// Takes an answer for each build.
async fn look_at_builds(
    context: &Context<'_>,
    watched: &mut Vec<Watched>,
    answers: Vec<Option<Build>>,
    (limit, ends): (&LogLimit, &Ends),
    next_log: &mut Instant,
) -> Result<Seen, Diagnostic> {
    let now = Instant::now();
    let mut pause = poll::WITH_LOG;
    let mut ended = Vec::new();
    for (index, (one, answer)) in watched.iter_mut().zip(answers).enumerate() {
        let mut events = Vec::new();
        let answer = match answer {
            Some(build) => Some(build),
            // It may be merged, and its own id forgotten.
            None => succession::survivor(context, &one.followed, now).await,
        };
        let mut verdict = match &answer {
            Some(build) => one.followed.observe(now, build, &mut events),
            None => one.followed.missing(now),
        };
        for event in &events {
            context.events.event(event);
        }
        if let Some(build) = answer.as_ref().filter(|_| verdict != Verdict::PutBack) {
            remember(context, &one.followed, build);
            if let Some(log) = one.log.as_mut().filter(|_| !build.is_finished()) {
                log.goes_on();
            }
            if one.log.is_none()
                && shows_log(context, build)
                && one.followed.queued_for(now).is_none()
            {
                one.log = Some(LogStream::new(one.followed.id, one.followed.position, None));
                one.last_line = now;
                *next_log = now;
            }
            if build.has_dependencies() && !build.is_finished() {
                let chain = one.chain.get_or_insert_default();
                let seen = chain
                    .look(context, one.followed.position, one.followed.id)
                    .await;
                if let Some(wrong) =
                    seen.and_then(|seen| one.followed.below().look(&seen, context.events))
                {
                    verdict = Verdict::Wrong(wrong);
                }
            }
        }
        if verdict == Verdict::Ended(Ending::Success) && one.followed.below().is_asked() {
            let chain = results::chain::read(context.client, one.followed.id, Need::Must).await;
            let chain = chain.map_err(|error| {
                cure::teamcity("reading the chain", &error, context.client.base())
            })?;
            verdict = match one.followed.below().success(&chain) {
                Ok(ending) => Verdict::Ended(ending),
                Err(wrong) => Verdict::Wrong(wrong),
            };
        }
        one.news |= answer.as_ref().is_some_and(|build| !build.is_finished());
        match verdict {
            Verdict::Follow(phase) => {
                if let Some(longest) = overdue(context, &one.followed, now) {
                    queue_timeout(context, &one.followed, longest).await;
                    ended.push((index, Ending::TimedOut, answer));
                } else {
                    pause = pause
                        .min(interval(one, phase, limit))
                        .min(until_queue_timeout(context, &one.followed, now));
                }
            }
            Verdict::Again(soon) => pause = pause.min(soon),
            Verdict::Ended(ending) => ended.push((index, ending, answer)),
            Verdict::PutBack => {
                if let Some(successor) = &answer {
                    one.succeed(context, None, successor).await;
                }
                pause = pause.min(succession::PAUSE);
            }
            Verdict::BrokenOff { ending, late } => {
                let successor = match &answer {
                    Some(broken) => succession::look(context, broken).await,
                    None => None,
                };
                match successor {
                    Some(successor) => one.succeed(context, answer.as_ref(), &successor).await,
                    None if late => {
                        ended.push((index, ending, answer));
                        continue;
                    }
                    None => {}
                }
                pause = pause.min(succession::PAUSE);
            }
            Verdict::Wrong(what) => {
                wrong(context, &one.followed, &what).await;
                ended.push((index, Ending::WrongRevision, answer));
            }
        }
    }
    let failed = ended
        .iter()
        .any(|(_, ending, _)| *ending != Ending::Success);
    for (index, ending, build) in ended.into_iter().rev() {
        let one = watched.remove(index);
        let position = one.followed.position;
        context.ledger.end(position, ending, build.as_ref());
        context.keep();
        // Nobody is there to take it when the run is being given up.
        let _ = ends.send(Ended {
            id: one.followed.id,
            position,
            log: one.log,
            news: one.news,
            build,
        });
    }
    Ok(Seen { pause, failed })
}

fn ids(watched: &[Watched]) -> Vec<BuildId> {
    watched.iter().map(|one| one.followed.id).collect()
}

async fn cancel_rest(context: &Context<'_>, watched: &[Watched]) {
    for one in watched {
        crate::run::stop::cancel_one(
            context,
            one.followed.position,
            "another build of the step failed (FAIL_FAST)",
        )
        .await;
    }
}

/// A composite build has no log of its own.
fn shows_log(context: &Context<'_>, build: &Build) -> bool {
    context.settings.follow.log == LogMode::Stream && !build.composite
}

fn interval(one: &Watched, phase: poll::Phase, limit: &LogLimit) -> Duration {
    let tells = one.log.as_ref().is_some_and(LogStream::is_live) && !limit.is_spent();
    poll::interval(phase, tells)
}

fn remember(context: &Context<'_>, one: &Followed, build: &Build) {
    context.ledger.update(one.position, |entry| {
        entry.id = Some(one.id);
        // What carries its own tag is its own, whatever it was merged with.
        let tag = entry.tag.as_deref();
        let is_tagged = tag.is_some_and(|tag| build.has_tag(tag));
        entry.own &= (!one.merged || is_tagged) && !build.has_absorbed_other_than(one.had());
        entry.had = one.had().to_vec();
        results::read(&mut entry.outcome, build);
    });
}

fn overdue(context: &Context<'_>, one: &Followed, now: Instant) -> Option<Duration> {
    let limit = context.settings.follow.queue_timeout?;
    one.queued_for(now)
        .is_some_and(|waited| waited >= limit)
        .then_some(limit)
}

fn until_queue_timeout(context: &Context<'_>, one: &Followed, now: Instant) -> Duration {
    match (context.settings.follow.queue_timeout, one.queued_for(now)) {
        (Some(limit), Some(waited)) => limit.saturating_sub(waited),
        _ => poll::WITH_LOG,
    }
}

async fn queue_timeout(context: &Context<'_>, one: &Followed, limit: Duration) {
    let limit = humantime::format_duration(limit);
    let why = format!("it was in the queue for longer than QUEUE_TIMEOUT ({limit})");
    if !context.settings.follow.cancel_on_stop {
        context.events.event(&Event::Warning(format!(
            "{why}. It stays in the queue (CANCEL_ON_STOP)"
        )));
        return;
    }
    context.events.event(&Event::Stopping { why: why.clone() });
    crate::run::stop::cancel_one(context, one.position, &why).await;
}

async fn wrong(context: &Context<'_>, one: &Followed, what: &str) {
    context.ledger.update(one.position, |entry| {
        entry.outcome.status_text = Some(what.to_owned())
    });
    context.events.event(&Event::Warning(format!(
        "This is not the requested build: {what}"
    )));
    crate::run::stop::cancel_one(context, one.position, what).await;
}
