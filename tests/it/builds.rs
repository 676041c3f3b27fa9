//! Builds as most tests want them: long and short ones, and what became of them.

use std::time::Duration;

use teamcity_simulator::{BuildView, Plan, Simulator};

use crate::pipe::{Ran, Step};

/// A commit that the scenario does not have.
pub const NEW: &str = "9f8e7d6c5b4a39281706f5e4d3c2b1a098765432";

pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Waits for 90 s and runs for an hour.
pub fn long() -> Plan {
    Plan::new().queued_for(seconds(90)).runs_for(seconds(3600))
}

/// Ends after 7 s.
pub fn short() -> Plan {
    Plan::new().queued_for(seconds(2)).runs_for(seconds(5))
}

pub fn canceled(build: &BuildView) -> bool {
    build.canceled_by.is_some()
}

/// Runs a step while something happens at a time of its run.
pub async fn while_running(
    step: Step,
    simulator: &Simulator,
    at: Duration,
    what: impl FnOnce(&Simulator),
) -> Ran {
    let happens = async {
        tokio::time::sleep(at).await;
        what(simulator);
    };
    tokio::join!(step.run(simulator), happens).0
}
