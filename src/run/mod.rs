//! The pipe's main job: queue builds of the step's commit, follow them, and say what came of it.

mod ahead;
mod context;
mod follow;
mod ledger;
mod pick_up;
mod pull_request;
mod queue;
mod start;
mod stop;

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

pub use context::Context;
use follow::{Ends, Followed, LogLimit};
use ledger::Entry;
pub use ledger::Ledger;

use crate::config::What;
use crate::exit::ExitStatus;
use crate::outcome::{Ending, Event, News, RunOutcome};
use crate::preflight::{self, Findings, Known};
use crate::results::earlier;
use crate::teamcity::model::User;
use crate::types::Diagnostic;

/// The time that a step has once it is to stop: Docker kills ten seconds after it asked, and what is written last needs some of it.
const TO_STOP: Duration = Duration::from_secs(8);

/// Runs: queues or picks up builds, follows them to their ends, or to the end of patience, and reads what came of them.
///
/// `stopped` ends with the number of the signal that asks to stop.
pub async fn run(context: &Context<'_>, stopped: impl Future<Output = u8>) -> RunOutcome {
    let timeout = context.settings.follow.timeout;
    let budget = context.results.budget();
    let limit = LogLimit::new(context.settings.follow.log_limit);
    let (ends, ended) = mpsc::unbounded_channel();
    let worked = async {
        let ended = tokio::select! {
            biased;
            () = tokio::time::sleep_until(budget.timeout()) => Ended::TimedOut(timeout),
            result = work(context, &limit, ends) => Ended::Worked(result),
        };
        budget.begin();
        wind_up(context, ended).await
    };
    let finished = follow::finish_all(context, &limit, ended);
    let signal = tokio::select! {
        biased;
        signal = stopped => signal,
        ((status, reason), ()) = async { tokio::join!(Box::pin(worked), Box::pin(finished)) } => {
            return context.outcome(status, reason);
        }
    };
    let (status, reason) = wind_up(context, Ended::Stopped(signal)).await;
    context.outcome(status, reason)
}

/// A step that is being stopped ends its rows at once, before anybody knows whether its builds can be canceled.
async fn tell_of_stop(context: &Context<'_>, status: ExitStatus, why: &str, ending: &Ending) {
    if !matches!(status, ExitStatus::Signal(_)) {
        return;
    }
    let mut outcome = context.outcome(status, Some(why.to_owned()));
    for (build, entry) in outcome.builds.iter_mut().zip(context.ledger.entries()) {
        if !entry.ended && entry.own {
            build.ending = ending.clone();
        }
    }
    (context.tell)(News::Stopped(outcome)).await;
}

enum Ended {
    Worked(Result<(), Diagnostic>),
    Stopped(u8),
    TimedOut(Duration),
}

async fn work(context: &Context<'_>, limit: &LogLimit, ends: Ends) -> Result<(), Diagnostic> {
    // Through a proxy one question has to come through first: where it refuses a password, a dozen at once would lock the account.
    let directly = context.reach.proxy.is_none();
    let ahead = async {
        if let (What::Queue(build), true) = (&context.settings.what, directly) {
            Box::pin(ahead::ask(context.client, build)).await;
        }
        Ok(())
    };
    let (known, ()) = tokio::try_join!(Box::pin(connect(context)), ahead)?;
    let started = match &context.settings.what {
        What::Queue(build) => Box::pin(start::start(context, build, &known)).await?,
        What::Follow(ids) => pick_up::pick_up(context, ids).await?,
        What::FollowAuto | What::Nothing => {
            let ids = earlier::started(context.client, context.marker, context.earlier).await?;
            pick_up::pick_up(context, &ids).await?
        }
    };
    context.keep();
    let begun = (context.tell)(News::Begun(context.ledger.queued()));
    let tell = async {
        tokio::join!(begun, queue::supersede(context));
    };
    if !context.settings.follow.wait {
        tell.await;
        return Ok(());
    }
    let now = Instant::now();
    let followed = started
        .into_iter()
        .enumerate()
        .filter_map(|(position, started)| {
            let started = started?;
            Some(Followed::new(position, started.id, started.asked, now))
        });
    // Telling Bitbucket and looking for older builds must not delay the first look at these.
    let watch = follow::watch(context, followed.collect(), limit, &ends);
    tokio::join!(watch, tell).0
}

/// Asks who runs what where, and says so.
async fn connect(context: &Context<'_>) -> Result<Known, Diagnostic> {
    let mut all = Findings::default();
    let known = preflight::server(context.reach, &mut all).await?;
    let base = context.client.base();
    context.events.event(&Event::Connected {
        server: base.to_string(),
        version: known.server.described(),
        user: known.user.as_ref().map(User::called),
        expires: known.expires(),
    });
    preflight::expiry(&known, base, (context.now)(), &mut all);
    all.warn(context.events);
    Ok(known)
}

/// After the work, or instead of the rest of it: how the step ends, and why.
async fn wind_up(context: &Context<'_>, ended: Ended) -> (ExitStatus, Option<String>) {
    let (status, why, ending) = match ended {
        Ended::Worked(Ok(())) => return (ExitStatus::Success, None),
        Ended::Worked(Err(error)) => (error.status, error.to_string(), Ending::Canceled),
        Ended::Stopped(signal) => (
            ExitStatus::Signal(signal),
            format!("the Bitbucket step was stopped (signal {signal})"),
            Ending::Canceled,
        ),
        Ended::TimedOut(after) => {
            let after = humantime::format_duration(after);
            (
                ExitStatus::Timeout,
                format!("TIMEOUT passed ({after})"),
                Ending::TimedOut,
            )
        }
    };
    let first = why.lines().next().unwrap_or_default().to_owned();
    let until = Instant::now();
    let until = until.checked_add(TO_STOP).unwrap_or(until);
    let shown = if context.settings.follow.cancel_on_stop || !lives(context) {
        &ending
    } else {
        &Ending::Running
    };
    // Ten seconds are enough for both only side by side.
    tokio::join!(
        let_go(context, &first, &ending, until),
        tell_of_stop(context, status, &first, shown)
    );
    if status == ExitStatus::Timeout {
        let entries = context.ledger.entries();
        if !entries.is_empty() && entries.iter().all(|entry| entry.ended) {
            // All had ended by then: what TIMEOUT cut short was reading their results.
            return (ExitStatus::Success, None);
        }
        for position in 0..entries.len() {
            context.ledger.update(position, |entry| {
                if !entry.ended {
                    entry.outcome.ending = Ending::TimedOut;
                }
            });
        }
    }
    (status, Some(why))
}

/// Whether a build of this run may still be queued or running.
fn lives(context: &Context<'_>) -> bool {
    let entries = context.ledger.entries();
    let lives = |entry: &Entry| !entry.ended && (entry.id.is_some() || entry.in_flight);
    entries.iter().any(lives)
}

/// Cancels what lives, or leaves it alone if asked to.
async fn let_go(context: &Context<'_>, why: &str, ending: &Ending, until: Instant) {
    if !lives(context) {
        return;
    }
    context.events.event(&Event::Stopping {
        why: why.to_owned(),
    });
    if !context.settings.follow.cancel_on_stop {
        context.events.event(&Event::Note(
            "The build is not canceled (CANCEL_ON_STOP).".to_owned(),
        ));
        return;
    }
    let by = context
        .settings
        .pipeline
        .link()
        .map_or_else(String::new, |link| format!(", {link}"));
    stop::cancel_all(context, &format!("{why}{by}"), ending, until).await;
}
