//! The main scenarios, through the binary, on servers of all generations.

use std::time::Duration;

use teamcity_simulator::{Outcome, Plan, Scenario};

use crate::network::at_once;
use crate::pipe::Step;

const VERSIONS: [&str; 4] = ["2019.1", "2022.04", "2024.03", "2025.11"];

fn short() -> Plan {
    Plan::new()
        .queued_for(Duration::from_millis(500))
        .runs_for(Duration::from_secs(2))
}

/// Runs a case on every version, all at once: they mostly wait.
fn on_all(case: impl Fn(&str) + Sync) {
    at_once(VERSIONS, case);
}

#[test]
fn success_and_failure() {
    on_all(|version| {
        let ends = [(Outcome::Success, 0), (Outcome::Failure, 1)];
        at_once(ends, |(outcome, status)| {
            let scenario = Scenario::new()
                .version(version)
                .context_path("/teamcity")
                .plan("App_Build", short().outcome(outcome));
            let (ran, simulator) = Step::new().spawn(scenario, "/teamcity").wait();
            ran.ends_with(status);
            assert_eq!(simulator.builds().len(), 1);
            assert_eq!(simulator.builds()[0].revisions[0].version, Scenario::COMMIT);
            assert_eq!(simulator.violations(), Vec::<String>::new(), "{version}");
        });
    });
}

#[test]
fn a_wrong_token() {
    on_all(|version| {
        let (ran, _) = Step::new()
            .set("TEAMCITY_TOKEN", "nonsense")
            .spawn(Scenario::new().version(version), "")
            .wait();
        ran.ends_with(4).says("accessTokens");
    });
}

#[test]
fn a_stop() {
    on_all(|version| {
        let scenario = Scenario::new()
            .version(version)
            .plan("App_Build", Plan::new().runs_for(Duration::from_secs(600)));
        let running = Step::new().spawn(scenario, "");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(running.simulator.wait_until(|view| !view.builds.is_empty()));
        running.signal("TERM");
        let (ran, simulator) = running.wait();
        ran.ends_with(143);
        assert!(simulator.builds()[0].canceled_by.is_some(), "{version}");
    });
}
