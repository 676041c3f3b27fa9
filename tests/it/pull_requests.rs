//! Pipelines of pull requests: which branch and which commit TeamCity builds, and that the log says so.

use std::time::Duration;

use teamcity_simulator::bitbucket::{Bitbucket, Breakdown, Call, Fault, Scope};
use teamcity_simulator::{Plan, Scenario, Simulator};

use crate::pipe::Step;

/// Does not begin like the commit.
const TWIN: &str = "0000000000000000000000000000000000000000";

fn simulator() -> Simulator {
    let plan = Plan::new()
        .queued_for(Duration::from_secs(1))
        .runs_for(Duration::from_secs(2));
    let scenario = Scenario::new().plan("App_Build", plan);
    Simulator::start(scenario.change("App_Git", "feature/x", Scenario::COMMIT))
}

fn bitbucket() -> Bitbucket {
    Bitbucket::new()
        .with_repository("acme/app", &[Scenario::COMMIT])
        .with_credential("Bearer good", &[Scope::Repository])
}

/// A step of pull request 9, without a clone.
fn step() -> Step {
    Step::new()
        .set("BITBUCKET_COMMIT", &Scenario::COMMIT[..12])
        .set("BITBUCKET_BRANCH", "feature/x")
        .set("BITBUCKET_PR_ID", "9")
        .set("BITBUCKET_PR_DESTINATION_BRANCH", "main")
}

#[tokio::test(start_paused = true)]
async fn a_short_commit_is_expanded_by_the_proxy_or_the_credential() {
    for by_proxy in [true, false] {
        let bitbucket = if by_proxy {
            bitbucket().with_proxy_serving(&[Call::Commit, Call::Reports, Call::Annotations])
        } else {
            bitbucket()
        };
        let token = (!by_proxy).then_some("good");
        let simulator = simulator();
        let ran = step()
            .with_bitbucket(&bitbucket, token)
            .run(&simulator)
            .await;
        ran.ends_with(0)
            .says("Pull request 9 from feature/x into main: TeamCity builds the branch feature/x");
        let build = &simulator.builds()[0];
        assert_eq!(build.revisions[0].version, Scenario::COMMIT);
        assert_eq!(build.branch.as_deref(), Some("feature/x"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_short_commit_that_nobody_knows_ends_with_3_within_6_seconds_and_queues_nothing() {
    let hangs = bitbucket();
    hangs.add_fault(Breakdown::of(Fault::Hang).on(Call::Commit));
    let other = bitbucket();
    other.answer_commit_with("acme/app", &Scenario::COMMIT[..12], TWIN);
    for bitbucket in [hangs, other] {
        for command in ["run", "check"] {
            let simulator = simulator();
            let ran = step()
                .argument(command)
                .with_bitbucket(&bitbucket, Some("good"))
                .run(&simulator)
                .await;
            ran.ends_with(3)
                .says("the commit 4f2a9c01d3b7 is abbreviated")
                .says("set REVISION to all 40 digits");
            assert!(simulator.builds().is_empty());
            if command == "run" {
                assert!(ran.took <= Duration::from_secs(6), "{:?}", ran.took);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn another_branch_than_the_pipelines_is_built_at_its_latest_revision_and_the_log_says_so() {
    let simulator = simulator();
    let ran = step()
        .set("BRANCH", "pull-requests/9")
        .run(&simulator)
        .await;
    ran.says("Pull request 9 from feature/x into main: TeamCity builds the branch pull-requests/9")
        .says("TeamCity builds the latest revision of pull-requests/9, not the pipeline's commit 4f2a9c01d3b7");
}
