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

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

pub use context::Context;
use follow::Followed;
pub use ledger::Ledger;

use crate::config::What;
use crate::exit::ExitStatus;
use crate::outcome::{Ending, Event, News, RunOutcome};
use crate::preflight::{self, Findings, Known};
use crate::results::earlier;
use crate::teamcity::model::User;
use crate::types::Diagnostic;

/// Runs: queues or picks up builds, follows them to their ends, or to the end of patience.
///
/// `stopped` ends with the number of the signal that asks to stop.
pub async fn run(context: &Context<'_>, stopped: impl Future<Output = u8>) -> RunOutcome {
    let timeout = context.settings.follow.timeout;
    let deadline = Instant::now() + timeout;
    let ended = tokio::select! {
        biased;
        signal = stopped => Ended::Stopped(signal),
        () = tokio::time::sleep_until(deadline) => Ended::TimedOut(timeout),
        result = work(context) => Ended::Worked(result),
    };
    let (status, reason) = wind_up(context, ended).await;
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

async fn work(context: &Context<'_>) -> Result<(), Diagnostic> {
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
    tokio::join!(follow::watch(context, followed.collect()), tell).0
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
    let living = context
        .ledger
        .entries()
        .iter()
        .any(|entry| !entry.ended && (entry.id.is_some() || entry.in_flight));
    if living {
        context
            .events
            .event(&Event::Stopping { why: first.clone() });
        if context.settings.follow.cancel_on_stop {
            let by = context
                .settings
                .pipeline
                .link()
                .map_or_else(String::new, |link| format!(", {link}"));
            let why = format!("{first}{by}");
            // Ten seconds are enough for both only side by side.
            tokio::join!(
                stop::cancel_all(context, &why, &ending),
                tell_of_stop(context, status, &first, &ending)
            );
        } else {
            context.events.event(&Event::Note(
                "The build is left alone, as CANCEL_ON_STOP says.".to_owned(),
            ));
            tell_of_stop(context, status, &first, &Ending::Running).await;
        }
    } else {
        tell_of_stop(context, status, &first, &ending).await;
    }
    if status == ExitStatus::Timeout {
        for position in 0..context.ledger.entries().len() {
            context.ledger.update(position, |entry| {
                if !entry.ended {
                    entry.outcome.ending = Ending::TimedOut;
                }
            });
        }
    }
    (status, Some(why))
}
