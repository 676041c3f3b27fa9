//! Where TeamCity's own Commit Status Publisher reports to Bitbucket, the pipe leaves the build status to it.

use std::time::Duration;

use teamcity_simulator::bitbucket::{Bitbucket, Scope};
use teamcity_simulator::{BuildType, Plan, Root, Scenario, Simulator};

use crate::pipe::{Ran, Step};

const FEATURE: &str = "commit-status-publisher";
const CLOUD: (&str, &str) = ("publisherId", "bitbucketCloudPublisher");

/// Runs a configuration; gives what came of it, and how many rows the pipe set.
async fn run(of: BuildType, variables: &[(&str, &str)]) -> (Ran, usize) {
    let plan = Plan::new()
        .queued_for(Duration::from_secs(1))
        .runs_for(Duration::from_secs(2));
    let scenario = Scenario::new()
        .root(Root::new("Lib_Git", "https://bitbucket.org/acme/lib.git"))
        .build_type(of.roots(["App_Git"]))
        .plan("App_Reported", plan);
    let bitbucket = Bitbucket::new()
        .with_repository("acme/app", &[Scenario::COMMIT])
        .with_credential("Bearer token", &[Scope::Repository, Scope::Pipeline]);
    let mut step = Step::new()
        .set("BUILD_TYPE_ID", "App_Reported")
        .with_bitbucket(&bitbucket, Some("token"));
    for (name, value) in variables {
        step = step.set(name, value);
    }
    let ran = step.run(&Simulator::start(scenario)).await;
    let rows = bitbucket.statuses("acme/app", Scenario::COMMIT).len();
    (ran, rows)
}

fn plain() -> BuildType {
    BuildType::new("App_Reported")
}

#[tokio::test(start_paused = true)]
async fn the_build_status_is_left_to_teamcitys_own_publisher() {
    const SAID: &str = "App_Reported: TeamCity's Commit Status Publisher sets the build status";
    for root in ["", "App_Git"] {
        let of = plain().feature(FEATURE, &[CLOUD, ("vcsRootId", root)]);
        let (ran, rows) = run(of.clone(), &[]).await;
        ran.ends_with(0).says(SAID);
        assert_eq!(rows, 0);
        let (ran, rows) = run(of, &[("BUILD_STATUS", "true")]).await;
        ran.ends_with(0).says_not(SAID);
        assert_eq!(rows, 1);
    }
    for of in [
        plain(),
        plain().feature(FEATURE, &[CLOUD]).disabled_features(),
        plain().feature(FEATURE, &[CLOUD, ("vcsRootId", "Lib_Git")]),
        plain().feature(FEATURE, &[("publisherId", "githubStatusPublisher")]),
    ] {
        let (ran, rows) = run(of, &[]).await;
        ran.ends_with(0).says_not(SAID);
        assert_eq!(rows, 1);
    }
}
