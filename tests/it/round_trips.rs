//! How often a far server is waited for, before the build is queued and after its end: counted by the answers that a request had to wait for, in the
//! simulator's own time, in which all requests that leave together arrive together.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use teamcity_simulator::{
    Agent, Artifact, BuildType, EarlierBuild, FailedTest, Outcome, Plan, Problem, Recorded,
    Resource, Scenario, Simulator, Tests,
};

use crate::pipe::Step;

/// So long takes every answer, and nothing else takes any time.
const ANSWER: Duration = Duration::from_millis(100);

/// How many answers, one after another, the last queue request waited for, itself included.
fn depth(simulator: &Simulator) -> usize {
    let requests = simulator.requests();
    let queued = requests
        .iter()
        .rposition(|request| request.resource == Some(Resource::QueueBuild))
        .expect("it was queued");
    let times: BTreeSet<Duration> = requests[..=queued]
        .iter()
        .map(|request| request.at)
        .collect();
    times.len()
}

async fn run(scenario: Scenario, step: Step) -> (usize, Simulator) {
    let simulator = Simulator::start(scenario.latency(ANSWER));
    step.set("WAIT", "false").run(&simulator).await.ends_with(0);
    let depth = depth(&simulator);
    (depth, simulator)
}

#[tokio::test(start_paused = true)]
async fn a_build_is_queued_with_the_third_request_that_waits_for_another() {
    for version in ["2019.1", "2022.04", "2025.11"] {
        let (depth, simulator) = run(Scenario::new().version(version), Step::new()).await;
        assert_eq!(depth, 3, "{version}: {:#?}", simulator.requests());
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_a_branch_and_a_few_rights_cost_no_more() {
    let (depth, _) = run(
        Scenario::new().agent(Agent::new(7, "linux 7")),
        Step::new()
            .set("AGENT", "linux 7")
            .set("BITBUCKET_BRANCH", "feature/x"),
    )
    .await;
    assert_eq!(depth, 3);
    let poor = Scenario::new().without_permission("ci", "view_build_configuration_settings");
    assert_eq!(run(poor, Step::new()).await.0, 3);
}

#[tokio::test(start_paused = true)]
async fn a_second_configuration_and_reuse_cost_one_more_each() {
    let two = Scenario::new().build_type(BuildType::new("App_Deploy").roots(["App_Git"]));
    let both = Step::new().set("BUILD_TYPE_ID", "App_Build,App_Deploy");
    assert_eq!(run(two, both).await.0, 4);
    let reuse = Step::new().set("REUSE", "running");
    assert_eq!(run(Scenario::new(), reuse).await.0, 4);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_twice_for_it() {
    let (_, simulator) = run(Scenario::new(), Step::new()).await;
    let mut seen = BTreeSet::new();
    for request in simulator.requests() {
        let asked = (request.method, request.path, request.query);
        assert!(seen.insert(asked.clone()), "{asked:?}");
    }
}

/// A token that is refused is not tried more often than before because much is asked ahead: TeamCity locks out who hammers it.
#[tokio::test(start_paused = true)]
async fn a_wrong_token_is_not_hammered_with() {
    let simulator = Simulator::start(Scenario::new().latency(ANSWER));
    Step::new()
        .set("TEAMCITY_TOKEN", "eyJwrong")
        .run(&simulator)
        .await
        .ends_with(4);
    let times: BTreeSet<Duration> = simulator.requests().iter().map(|one| one.at).collect();
    // Three tries of the first question, then one as a stranger.
    assert!(times.len() <= 4, "{times:?}");
    assert!(
        simulator.requests().len() <= 12,
        "{:#?}",
        simulator.requests()
    );
}

/// A build that fails, with a test that is new, one that is not, and a problem.
fn failing(names: &[&str]) -> Plan {
    let failed = names.iter().map(|name| FailedTest::new(*name, "trace"));
    Plan::new()
        .queued_for(Duration::from_secs(1))
        .runs_for(Duration::from_secs(20))
        .outcome(Outcome::Failure)
        .tests(Tests::passed(3).passing(["a.T.x"]).failed(failed))
        .problems([Problem::exit_code(1, "Test")])
}

/// How many answers, one after another, were waited for after the one that told of the build's end, and how many requests that took.
async fn after_the_end(scenario: Scenario) -> (usize, usize) {
    let simulator = Simulator::start(scenario.latency(ANSWER));
    let step = Step::new().set("BITBUCKET_BRANCH", "feature/x");
    step.run(&simulator).await;
    let requests = simulator.requests();
    let first = requests
        .iter()
        .position(|request| request.resource == Some(Resource::Problems))
        .expect("what is asked for after the end");
    let end = requests[first].at;
    let after = requests.iter().filter(|request| request.at >= end);
    let times: BTreeSet<Duration> = after.clone().map(|request| request.at).collect();
    (times.len(), after.count())
}

#[tokio::test(start_paused = true)]
async fn whose_a_failure_is_costs_a_failed_build_one_more_and_three_requests() {
    let now = failing(&["a.T.y", "a.T.z"]);
    let alone = || {
        Scenario::new()
            .branch("App_Git", "feature/x")
            .plan("App_Build", now.clone())
    };
    let hour = Duration::from_secs(3600);
    let there = failing(&["a.T.y"]);
    let compared = alone().earlier(EarlierBuild::new("App_Build", hour, there));
    let (depth, requests) = after_the_end(alone()).await;
    let (deeper, more) = after_the_end(compared).await;
    assert!(deeper <= depth + 1, "{depth}, then {deeper}");
    // Without a build to compare with it is one.
    assert_eq!(more, requests + 2);
}

/// How many answers, one after another, were waited for after the look that saw the end of the last build, and the most
/// requests that left together.
fn depth_after_the_end(simulator: &Simulator) -> (usize, usize) {
    let ended = simulator
        .builds()
        .iter()
        .filter_map(|build| build.finished_at)
        .max();
    let requests = simulator.requests();
    let is_status =
        |one: &&Recorded| matches!(one.resource, Some(Resource::Build | Resource::Builds));
    let seen = requests
        .iter()
        .find(|one| is_status(one) && Some(one.at + ANSWER) >= ended)
        .expect("the end was seen");
    let mut together: BTreeMap<Duration, usize> = BTreeMap::new();
    for request in requests.iter().filter(|one| one.at > seen.at) {
        *together.entry(request.at).or_default() += 1;
    }
    (together.len(), together.into_values().max().unwrap_or(0))
}

#[tokio::test(start_paused = true)]
async fn what_follows_the_end_leaves_together() {
    let red = Plan::new()
        .runs_for(Duration::from_secs(20))
        .outcome(Outcome::Failure)
        .tests(Tests::passed(9).failed([FailedTest::new("a.B.c", "trace")]))
        .problems([Problem::exit_code(1, "Test")])
        .artifacts([Artifact::new("a.txt", "text")]);
    let green = Plan::new().runs_for(Duration::from_secs(20));
    for (plan, artifacts, deepest) in [(green, "", 1), (red.clone(), "", 2), (red, "**", 3)] {
        for count in [1, 3] {
            let mut scenario = Scenario::new().latency(ANSWER);
            let mut step = Step::new()
                .unset("BUILD_TYPE_ID")
                .set("ARTIFACTS", artifacts);
            for number in 0..count {
                let id = format!("Build_{number}");
                let build_type = BuildType::new(&id).roots(["App_Git"]);
                scenario = scenario.build_type(build_type).plan(&id, plan.clone());
                step = step.set(&format!("BUILD_TYPE_ID_{number}"), &id);
            }
            let step = step.set("BUILD_TYPE_ID_COUNT", &count.to_string());
            let simulator = Simulator::start(scenario);
            step.run(&simulator).await;
            let (depth, together) = depth_after_the_end(&simulator);
            // Of three builds there is more than leaves at once.
            let most = if count == 1 { deepest } else { 2 * deepest + 1 };
            assert!(depth <= most, "{count} builds, {artifacts:?}: {depth}");
            // Six, and beside them the last look for a build that was queued twice.
            assert!(together <= 7, "{count} builds, {artifacts:?}: {together}");
        }
    }
}
