//! The pipe's main job: queue builds of the step's commit, follow them, and say what came of it.

pub mod artifacts;
mod branch;
mod chain;
mod connect;
mod details;
mod error;
pub mod event;
mod follow;
mod ledger;
mod log;
mod log_end;
mod marker;
pub mod outcome;
mod place;
mod plan;
mod poll;
pub mod publish;
mod queue;
mod reuse;
mod roots;
mod start;
mod stop;
mod supersede;
mod survey;
pub mod test_reports;
mod watch;

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

pub use error::{RunError, token_page};
use event::{Event, Events, QueuedBuild};
use follow::{Asked, Followed};
use ledger::Entry;
pub use ledger::Ledger;
pub use marker::{Identity, Marker};
use outcome::{BuildOutcome, Ending, RunOutcome};
pub use place::{Wanted, short};
pub use survey::{Survey, survey};

use publish::Publisher;

use crate::config::{Settings, What};
use crate::exit::ExitStatus;
use crate::teamcity::model::Build;
use crate::teamcity::{Client, Locator};
use crate::types::{BuildId, BuildTypeId};

/// What a run works with.
pub struct Context<'a> {
    /// TeamCity.
    pub client: &'a Client,
    /// Who hears of what happens.
    pub events: &'a dyn Events,
    /// What the user asked for.
    pub settings: &'a Settings,
    /// The tags of this run's builds.
    pub marker: &'a Marker,
    /// Between 0 and 1, at random: spreads pipes that start together.
    pub phase: f64,
    /// Builds that an earlier step left behind.
    pub earlier: &'a [BuildId],
    /// Is handed how things stand, whenever something has changed that must not be lost.
    pub keep: &'a dyn Fn(&RunOutcome),
    /// Tells Bitbucket.
    pub publisher: Option<&'a Publisher>,
    /// What this run has put into TeamCity.
    pub ledger: &'a Ledger,
}

impl Context<'_> {
    /// How things stand.
    fn outcome(&self, status: ExitStatus, reason: Option<String>) -> RunOutcome {
        let builds: Vec<BuildOutcome> = self
            .ledger
            .entries()
            .into_iter()
            .map(|entry| entry.outcome)
            .collect();
        let waits = self.settings.follow.wait;
        let status = builds
            .iter()
            .fold(status, |status, build| match build.ending {
                Ending::Queued | Ending::Running if !waits || status != ExitStatus::Success => {
                    status
                }
                _ => status.worst(build.ending.exit_status()),
            });
        RunOutcome {
            server_url: self.client.base().to_string(),
            builds,
            status,
            reason,
        }
    }

    fn keep(&self) {
        (self.keep)(&self.outcome(ExitStatus::Success, None));
    }
}

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

enum Ended {
    Worked(Result<(), RunError>),
    Stopped(u8),
    TimedOut(Duration),
}

async fn work(context: &Context<'_>) -> Result<(), RunError> {
    let release = connect::connect(context.client, context.events).await?;
    let started = match &context.settings.what {
        What::Queue(build) => start::start(context, build, release).await?,
        What::Follow(ids) => pick_up(context, ids).await?,
        What::FollowAuto | What::Nothing => pick_up(context, context.earlier).await?,
    };
    context.keep();
    let tell = async {
        if let Some(publisher) = context.publisher {
            publisher.started(&context.ledger.queued()).await;
        }
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
    // Telling Bitbucket must not delay the first look at the builds.
    tokio::join!(watch::watch(context, followed.collect()), tell).0
}

/// Picks up builds that are there already. Those with this pipeline's tag are its own.
async fn pick_up(
    context: &Context<'_>,
    ids: &[BuildId],
) -> Result<Vec<Option<start::Started>>, RunError> {
    let mut started = Vec::new();
    for (position, id) in ids.iter().enumerate() {
        let build = context.client.build(*id).await;
        let build = build.map_err(|error| {
            RunError::teamcity(
                &format!("reading the build {id} (BUILD_ID)"),
                &error,
                context.client.base(),
            )
        })?;
        let build_type = BuildTypeId(build.build_type_id.clone().unwrap_or_default());
        let mut outcome = BuildOutcome::unknown(build_type.clone(), Ending::Queued);
        details::read(&mut outcome, &build);
        outcome.joined = true;
        let name = outcome.full_name();
        let own = build.has_tag(context.marker.pipeline_tag());
        context.ledger.add(Entry {
            build_type: build_type.clone(),
            tag: None,
            in_flight: false,
            id: Some(*id),
            own,
            on_default_branch: false,
            outcome,
            ended: false,
        });
        context.events.event(&Event::Queued(QueuedBuild {
            build: position,
            of: ids.len(),
            id: *id,
            build_type,
            name,
            url: build.web_url,
            branch: build.branch_name,
            revision: None,
            joined: Some("it was queued before"),
        }));
        started.push(Some(start::Started {
            id: *id,
            asked: Asked::default(),
        }));
    }
    Ok(started)
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
            stop::cancel_all(context, &format!("{first}{by}"), &ending).await;
        } else {
            context.events.event(&Event::Note(
                "The build is left alone, as CANCEL_ON_STOP says.".to_owned(),
            ));
        }
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

/// Queued and running builds that carry a tag of a pipeline.
///
/// # Errors
/// When TeamCity refuses or stays away.
pub async fn living(client: &Client, tag: &str) -> Result<Vec<Build>, crate::teamcity::Error> {
    let states = Locator::new().with("queued", true).with("running", true);
    let locator = Locator::new()
        .with("tag", tag)
        .nested("state", &states)
        .with("defaultFilter", false)
        .with("count", 100);
    let found = client.find_builds(&locator).await?;
    Ok(queue::only_tagged(found, tag))
}
