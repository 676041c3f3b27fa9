//! What a build's end is followed by: whatever fails then, the step ends as the build did, and nothing that was opened on the commit stays open.

use std::time::Duration;

use teamcity_simulator::bitbucket::{Bitbucket, Scope};
use teamcity_simulator::{
    Artifact, FailedTest, Fault, FaultKind, Outcome, Plan, Problem, Resource, Scenario, Simulator,
    Tests,
};

use crate::pipe::{Ran, Step};

const REPOSITORY: &str = "acme/app";
const TOKEN: &str = "bitbucket-access-token";

fn bitbucket() -> Bitbucket {
    Bitbucket::new()
        .with_repository(REPOSITORY, &[Scenario::COMMIT])
        .with_credential(&format!("Bearer {TOKEN}"), &[Scope::Repository])
}

/// A build that fails after 20 s, with something of everything that is fetched then.
fn failing() -> Simulator {
    let plan = Plan::new()
        .runs_for(Duration::from_secs(20))
        .outcome(Outcome::Failure)
        .tests(Tests::passed(4).failed([FailedTest::new("a.B.c", "trace")]))
        .problems([Problem::exit_code(1, "Test")])
        .artifacts([Artifact::new("a.txt", "text")]);
    Simulator::start(Scenario::new().plan("App_Build", plan))
}

/// A run whose build fails, and all of whose requests to one resource then meet a fault.
async fn run(resource: Resource, kind: FaultKind, log: &str) -> (Ran, usize, Bitbucket) {
    let (simulator, bitbucket) = (failing(), bitbucket());
    simulator.fault(Fault::after_the_end(resource, kind));
    let step = Step::new()
        .with_bitbucket(&bitbucket, Some(TOKEN))
        .set("ARTIFACTS", "**")
        .set("LOG", log);
    let ran = step.run(&simulator).await;
    let requests = simulator.requests();
    let hits = requests.iter().filter(|request| request.fault.is_some());
    (ran, hits.count(), bitbucket)
}

mod campaign {
    use super::*;
    use crate::campaign::sample;

    #[tokio::test(start_paused = true)]
    async fn the_step_ends_as_the_build_did_and_closes_what_it_opened() {
        let mut wrong = Vec::new();
        let resources = [
            (Resource::Tests, "stream"),
            (Resource::Problems, "stream"),
            (Resource::ArtifactsList, "stream"),
            (Resource::ArtifactContent, "stream"),
            (Resource::Messages, "stream"),
            (Resource::TextLog, "failed"),
            (Resource::Changes, "stream"),
        ];
        let cases = resources.into_iter().flat_map(|(resource, log)| {
            FaultKind::after_the_end()
                .into_iter()
                .map(move |kind| (resource, log, kind))
        });
        for (resource, log, kind) in sample(cases, 11) {
            let (ran, hits, bitbucket) = run(resource, kind.clone(), log).await;
            let open = bitbucket.open_statuses(REPOSITORY).len()
                + bitbucket.open_reports(REPOSITORY).len();
            assert!(hits > 0, "{resource:?} is not asked for");
            if ran.status != 1 || open > 0 {
                let (status, took) = (ran.status, ran.took);
                wrong.push(format!(
                    "{resource:?}, {kind:?}: {status} after {took:?}, {open} left open"
                ));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_killed_step_leaves_its_build_and_its_row_as_they_were() {
    let (simulator, bitbucket) = (failing(), bitbucket());
    let step = Step::new()
        .with_bitbucket(&bitbucket, Some(TOKEN))
        .killed_after(Duration::from_secs(10));
    step.run(&simulator).await.ends_with(137);
    assert_eq!(simulator.builds()[0].state, "running");
    assert_eq!(bitbucket.open_statuses(REPOSITORY).len(), 1);
    let check = bitbucket.merge_check(REPOSITORY, Scenario::COMMIT);
    assert_eq!((check.open.len(), check.passes(0)), (1, false));
}
