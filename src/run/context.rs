//! What a run works with: all that its parts share.

use super::ledger::Ledger;
use crate::config::Settings;
use crate::exit::ExitStatus;
use crate::identity::Marker;
use crate::outcome::{BuildOutcome, Ending, Events, News, RunOutcome};
use crate::preflight::Reach;
use crate::results::{Collecting, Earlier};
use crate::teamcity::Client;
use crate::world::{BoxFuture, Clock};

/// What a run works with.
pub struct Context<'a> {
    /// TeamCity.
    pub client: &'a Client,
    /// How it is reached.
    pub reach: &'a Reach<'a>,
    /// The clock on the wall.
    pub now: &'a Clock,
    /// Who hears of what happens.
    pub events: &'a dyn Events,
    /// What the user asked for.
    pub settings: &'a Settings,
    /// The tags of this run's builds.
    pub marker: &'a Marker,
    /// Between 0 and 1, at random: spreads pipes that start together.
    pub phase: f64,
    /// What earlier steps left behind in files.
    pub earlier: &'a Earlier,
    /// Is handed how things stand, whenever something has changed that must not be lost.
    pub keep: &'a dyn Fn(&RunOutcome),
    /// Tells Bitbucket.
    pub tell: &'a dyn Fn(News) -> BoxFuture<'a, ()>,
    /// Collects what there is to know of builds that have ended; knows how much time there is.
    pub results: &'a Collecting<'a>,
    /// What this run has put into TeamCity.
    pub ledger: &'a Ledger,
}

impl Context<'_> {
    /// How things stand.
    pub fn outcome(&self, status: ExitStatus, reason: Option<String>) -> RunOutcome {
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
            label: self.settings.results.label.clone(),
            builds,
            status,
            reason,
        }
    }

    /// Writes down how things stand.
    pub fn keep(&self) {
        (self.keep)(&self.outcome(ExitStatus::Success, None));
    }
}
