//! A server of two nodes that disagree: one reads what was some time ago, or may not write. The step ends as the build does.

use std::time::Duration;

use teamcity_simulator::{
    BuildType, Dependency, FailedTest, OnDependency, Outcome, Plan, Scenario, SecondNode,
    Simulator, Tests,
};

use crate::pipe::Step;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn server(node: SecondNode, plan: Plan) -> Simulator {
    Simulator::start(Scenario::new().second_node(node).plan("App_Build", plan))
}

fn plan(seconds: u64) -> Plan {
    Plan::new().queued_for(s(4)).runs_for(s(seconds))
}

#[tokio::test(start_paused = true)]
async fn reads_that_lag_change_no_result() {
    for lag in [3, 15, 45] {
        for (outcome, status) in [(Outcome::Success, 0), (Outcome::Failure, 1)] {
            for seconds in [5, 20, 70] {
                let node = SecondNode::new().lags(s(lag));
                let simulator = server(node, plan(seconds).outcome(outcome.clone()));
                let ran = Step::new().run(&simulator).await;
                assert_eq!(ran.status, status, "lag {lag}, {seconds} s\n{}", ran.output);
                let builds = simulator.builds();
                let living = builds
                    .iter()
                    .filter(|build| build.canceled_by.is_none())
                    .count();
                assert_eq!(living, 1, "lag {lag}, {seconds} s\n{}", ran.output);
                ran.says_not("deleted");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_may_not_write_is_no_refusal() {
    for seconds in [5, 20] {
        let simulator = server(SecondNode::new().read_only(), plan(seconds));
        let ran = Step::new().run(&simulator).await;
        ran.ends_with(0);
        let running = server(SecondNode::new().read_only(), plan(600));
        let step = Step::new().stopped_after(s(30 + seconds));
        step.run(&running).await.ends_with(143);
        tokio::time::sleep(s(10)).await;
        let builds = running.builds();
        assert!(builds.iter().all(|build| build.canceled_by.is_some()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_chain_that_one_node_shows_late_ends_as_what_broke_it() {
    let rule = OnDependency::FailToStart;
    for lag in [3, 15, 45] {
        let on = Dependency::on("Part").on_failure(rule).on_cancel(rule);
        let failing = plan(20)
            .outcome(Outcome::Failure)
            .tests(Tests::passed(3).failed([FailedTest::new("app.SumTest.adds", "3 is not 4")]));
        let scenario = Scenario::new()
            .second_node(SecondNode::new().lags(s(lag)))
            .build_type(BuildType::new("Part").roots(["App_Git"]))
            .build_type(BuildType::new("Top").roots(["App_Git"]).depends_on([on]))
            .plan("Part", failing)
            .plan("Top", plan(10));
        let simulator = Simulator::start(scenario);
        let step = Step::new().set("BUILD_TYPE_ID", "Top");
        let ran = step.run(&simulator).await;
        assert_eq!(ran.status, 1, "lag {lag}\n{}", ran.output);
    }
}

/// Outcomes, lags and moments of all kinds.
mod campaign {
    use super::*;
    use crate::campaign::sample;

    async fn one(lag: u64, read_only: bool, seed: u64) -> Result<(), String> {
        let (outcome, status) = match seed % 4 {
            0 => (Outcome::Success, 0),
            1 => (Outcome::Failure, 1),
            2 => (Outcome::FailedToStart, 2),
            _ => {
                let canceled = Outcome::CanceledBy {
                    user: "ci".to_owned(),
                    comment: "not now".to_owned(),
                    at: s(8 + seed),
                };
                (canceled, 2)
            }
        };
        let node = SecondNode::new().lags(s(lag));
        let node = if read_only { node.read_only() } else { node };
        let plan = plan(4 + seed * 3).outcome(outcome);
        let simulator = server(node, plan);
        let step = Step::new().set("BITBUCKET_STEP_RUN_NUMBER", &(1 + seed).to_string());
        let ran = step.run(&simulator).await;
        let builds = simulator.builds();
        let orphan = builds.iter().any(|build| build.state != "finished");
        if ran.status != status {
            Err(format!(
                "status {} not {status}\n{}",
                ran.status, ran.output
            ))
        } else if orphan {
            Err(format!("a build is left behind\n{}", ran.output))
        } else {
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_step_ends_as_its_build_does_whatever_the_nodes_say() {
        let cases = [3, 15, 45].into_iter().flat_map(|lag| {
            [false, true]
                .into_iter()
                .flat_map(move |read_only| (0..24).map(move |seed| (lag, read_only, seed)))
        });
        let mut broken = Vec::new();
        for (lag, read_only, seed) in sample(cases, 11) {
            if let Err(why) = one(lag, read_only, seed).await {
                broken.push(format!("lag {lag}, read-only {read_only}, {seed}: {why}"));
            }
        }
        assert!(
            broken.is_empty(),
            "{} broke, the first:\n{}",
            broken.len(),
            broken[0]
        );
    }
}
