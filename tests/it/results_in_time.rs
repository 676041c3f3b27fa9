//! What is fetched after the builds' ends has one budget: five minutes, within `TIMEOUT`. What is missing then is a warning; the
//! builds' results stay.

use std::time::Duration;

use teamcity_simulator::{
    Artifact, BuildType, FailedTest, Fault, FaultKind, LogScript, Matcher, Outcome, Plan, Problem,
    Recorded, Resource, Scenario, Simulator, Status, Tests,
};

use crate::pipe::{Ran, Step};

const BUDGET: Duration = Duration::from_secs(300);
/// All that may come after a limit.
const GRACE: Duration = Duration::from_secs(15);

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Ends after 22 s, with something of everything that is fetched then.
fn plan(outcome: Outcome) -> Plan {
    Plan::new()
        .runs_for(s(20))
        .outcome(outcome)
        .tests(Tests::passed(4).failed([FailedTest::new("a.B.c", "trace")]))
        .problems([Problem::exit_code(1, "Test")])
        .artifacts([
            Artifact::new("a.txt", "text"),
            Artifact::new("b.txt", "text"),
        ])
}

fn server(outcome: Outcome) -> Simulator {
    Simulator::start(Scenario::new().plan("App_Build", plan(outcome)))
}

/// Several builds that fail at the same time, each in a configuration of its own.
fn several(count: usize, plan: &Plan) -> (Simulator, Step) {
    let mut step = Step::new()
        .unset("BUILD_TYPE_ID")
        .set("BUILD_TYPE_ID_COUNT", &count.to_string());
    let mut scenario = Scenario::new();
    for number in 0..count {
        let id = format!("Build_{number}");
        step = step.set(&format!("BUILD_TYPE_ID_{number}"), &id);
        scenario = scenario
            .build_type(BuildType::new(&id).roots(["App_Git"]))
            .plan(&id, plan.clone());
    }
    (Simulator::start(scenario), step)
}

fn last_end(simulator: &Simulator) -> Duration {
    let builds = simulator.builds();
    builds
        .iter()
        .filter_map(|build| build.finished_at)
        .max()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_build_that_failed_keeps_its_status_when_timeout_passes_over_its_log() {
    let simulator = server(Outcome::Failure);
    let log = Fault::after_the_end(Resource::TextLog, FaultKind::Html504AfterActing);
    simulator.fault(log);
    let step = Step::new().set("TIMEOUT", "30s").set("LOG", "failed");
    let ran = step.run(&simulator).await;
    ran.ends_with(1)
        .says("The end of the build log can't be shown");
    assert!(ran.took <= s(30) + GRACE, "{:?}", ran.took);
    assert_eq!(simulator.builds()[0].canceled_by, None);
}

/// Each fetch, with how the log is shown and the words of the warning that it lacks.
const FETCHES: [(Resource, &str, &str); 7] = [
    (Resource::Tests, "stream", "test"),
    (Resource::Problems, "stream", "The build problems"),
    (Resource::ArtifactsList, "stream", "artifacts of build"),
    (Resource::ArtifactContent, "stream", "the artifact `a.txt`"),
    (Resource::Messages, "stream", "build log"),
    (Resource::TextLog, "failed", "The end of the build log"),
    (Resource::Changes, "stream", "The changes"),
];

async fn meets(resource: Resource, kind: FaultKind, log: &str, timeout: &str) -> Ran {
    let simulator = server(Outcome::Failure);
    simulator.fault(Fault::after_the_end(resource, kind));
    if resource == Resource::Messages {
        let text = Fault::after_the_end(Resource::TextLog, FaultKind::HangBeforeActing);
        simulator.fault(text);
    }
    let step = Step::new()
        .set("ARTIFACTS", "**")
        .set("LOG", log)
        .set("TIMEOUT", timeout);
    let mut ran = step.run(&simulator).await;
    ran.took -= last_end(&simulator).min(ran.took);
    ran
}

/// Whatever these fetches meet, they end in time and their lack is named.
async fn end_in_time(fetches: &[Resource]) {
    let mut wrong = Vec::new();
    let fetches = FETCHES
        .into_iter()
        .filter(|(resource, ..)| fetches.contains(resource));
    for (resource, log, words) in fetches {
        for (timeout, limit) in [("110m", BUDGET), ("40s", s(40 - 22))] {
            for kind in FaultKind::after_the_end() {
                let never = matches!(
                    kind,
                    FaultKind::HangBeforeActing | FaultKind::Html504AfterActing
                );
                if timeout != "110m" && !never {
                    continue;
                }
                let ran = meets(resource, kind.clone(), log, timeout).await;
                let what = format!("{resource:?}, {kind:?}, {timeout}: {}", ran.status);
                if ran.status != 1 || ran.took > limit + GRACE {
                    wrong.push(format!("{what} after {:?}", ran.took));
                }
                let warned = ran
                    .output
                    .lines()
                    .any(|line| line.starts_with('⚠') && line.contains(words));
                if never && !warned {
                    wrong.push(format!("{what}: no word of it\n{}", ran.output));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn whatever_a_fetch_of_results_meets_it_ends_in_time_and_its_lack_is_named() {
    end_in_time(&[Resource::Tests, Resource::Problems, Resource::Changes]).await;
}

#[tokio::test(start_paused = true)]
async fn whatever_a_fetch_of_artifacts_meets_it_ends_in_time_and_its_lack_is_named() {
    end_in_time(&[Resource::ArtifactsList, Resource::ArtifactContent]).await;
}

#[tokio::test(start_paused = true)]
async fn whatever_a_fetch_of_the_log_meets_it_ends_in_time_and_its_lack_is_named() {
    end_in_time(&[Resource::Messages, Resource::TextLog]).await;
}

#[tokio::test(start_paused = true)]
async fn builds_that_ended_are_not_waited_for_one_after_another() {
    for resource in [Resource::Tests, Resource::Messages, Resource::ArtifactsList] {
        let (simulator, step) = several(4, &plan(Outcome::Failure));
        simulator.fault(Fault::after_the_end(resource, FaultKind::HangBeforeActing));
        let ran = step.set("ARTIFACTS", "**").run(&simulator).await;
        ran.ends_with(1);
        let took = ran.took.saturating_sub(last_end(&simulator));
        assert!(took <= BUDGET + GRACE, "{resource:?}: {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_ended_early_is_read_while_the_others_run() {
    let quick = plan(Outcome::Failure);
    let slow = plan(Outcome::Success).runs_for(s(600));
    let scenario = [("Quick", quick), ("Slow", slow)].into_iter().fold(
        Scenario::new(),
        |scenario, (id, plan)| {
            scenario
                .build_type(BuildType::new(id).roots(["App_Git"]))
                .plan(id, plan)
        },
    );
    let simulator = Simulator::start(scenario);
    let step = Step::new()
        .set("BUILD_TYPE_ID", "Quick\nSlow")
        .set("ARTIFACTS", "**");
    step.run(&simulator).await.ends_with(1);
    let requests = simulator.requests();
    for resource in [Resource::Tests, Resource::ArtifactContent] {
        let first = requests
            .iter()
            .find(|r| r.resource == Some(resource))
            .unwrap();
        assert!(first.at < s(60), "{resource:?} at {:?}", first.at);
    }
}

#[tokio::test(start_paused = true)]
async fn at_most_six_fetches_are_under_way_and_what_is_wanted_most_comes_first() {
    let (simulator, step) = several(12, &plan(Outcome::Failure).runs_for(s(3600)));
    let ending = simulator.clone();
    let run = step
        .set("ARTIFACTS", "**")
        .set("LOG", "none")
        .run(&simulator);
    let end = async {
        tokio::time::sleep(s(300)).await;
        for build in ending.builds() {
            ending.finish_build(build.id, Status::Failure);
        }
        // From now on each answer takes a second.
        let slow = FaultKind::SlowBody {
            per_chunk: s(1) / 16,
        };
        let fetches = Matcher::resource(Resource::Builds).negate();
        ending.fault(Fault::new(slow).on(fetches).always());
    };
    let (ran, ()) = tokio::join!(run, end);
    ran.ends_with(1);
    let after: Vec<Recorded> = simulator
        .requests()
        .into_iter()
        .filter(|request| request.fault.is_some())
        .collect();
    for request in &after {
        // A short answer has fewer pieces.
        let at_once = after.iter().filter(|other| other.at == request.at);
        assert!(at_once.count() <= 6, "at {:?}", request.at);
    }
    let is = |resource| move |request: &Recorded| request.resource == Some(resource);
    let first = |resource| after.iter().position(is(resource)).unwrap();
    let last = |resource| after.iter().rposition(is(resource)).unwrap();
    assert!(last(Resource::Problems) < first(Resource::ArtifactsList));
    assert!(first(Resource::Tests) < first(Resource::ArtifactContent));
    assert!(last(Resource::ArtifactsList) < first(Resource::Changes));
}

#[tokio::test(start_paused = true)]
async fn an_artifact_whose_bytes_arrive_is_fetched_for_as_long_as_timeout_allows() {
    let big = Artifact::generated("big.bin", 2_000_000);
    // In pieces of 4 KB.
    for (per_chunk, timeout, whole) in [
        (s(3), "110m", true),
        (s(3), "6m", false),
        (s(5), "110m", false),
    ] {
        let simulator = Simulator::start(
            Scenario::new().plan("App_Build", plan(Outcome::Success).artifacts([big.clone()])),
        );
        let content = Matcher::resource(Resource::ArtifactContent);
        simulator.fault(
            Fault::new(FaultKind::SlowBody { per_chunk })
                .on(content)
                .always(),
        );
        let ran = Step::new()
            .set("ARTIFACTS", "**")
            .set("TIMEOUT", timeout)
            .run(&simulator)
            .await;
        ran.ends_with(0);
        assert_eq!(
            ran.path("teamcity-artifacts/big.bin").exists(),
            whole,
            "{per_chunk:?}, {timeout}\n{}",
            ran.output
        );
        if !whole {
            ran.says("the artifact `big.bin` is not downloaded");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn required_artifacts_that_are_missing_end_a_green_step_with_6() {
    let cases: [(&str, Option<FaultKind>, u8); 4] = [
        ("a.txt", None, 0),
        ("a.txt\nnone/*.zip", None, 6),
        ("*.txt", Some(FaultKind::NotFound404), 6),
        ("*.txt", Some(FaultKind::HangBeforeActing), 6),
    ];
    for (patterns, kind, status) in cases {
        for (required, outcome) in [
            ("true", Outcome::Success),
            ("false", Outcome::Success),
            ("true", Outcome::Failure),
        ] {
            let expected = match (required, &outcome) {
                (_, Outcome::Failure) => 1,
                ("true", _) => status,
                _ => 0,
            };
            let simulator = server(outcome);
            if let Some(kind) = kind.clone() {
                simulator.fault(Fault::after_the_end(Resource::ArtifactContent, kind));
            }
            let step = Step::new()
                .set("ARTIFACTS", patterns)
                .set("ARTIFACTS_REQUIRED", required);
            let ran = step.run(&simulator).await;
            ran.ends_with(expected);
            if expected == 6 {
                ran.says("ARTIFACTS_REQUIRED");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_build_that_ended_unseen_before_timeout_keeps_its_result() {
    for (outcome, status) in [(Outcome::Success, 0), (Outcome::Failure, 1)] {
        // No estimate, so that nobody looks when it ends.
        let plan = Plan::new()
            .queued_for(s(2))
            .runs_for(s(595))
            .estimate(None)
            .outcome(outcome);
        let simulator = Simulator::start(Scenario::new().plan("App_Build", plan));
        let ran = Step::new()
            .set("TIMEOUT", "10m")
            .set("LOG", "none")
            .run(&simulator)
            .await;
        ran.ends_with(status);
        assert_eq!(simulator.builds()[0].canceled_by, None);
    }
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_artifacts_in_one_list_and_a_test_with_megabytes_of_details() {
    let artifacts = (0..12_000)
        .map(|number| Artifact::new(&format!("{}/{number}.txt", "folder".repeat(40)), "x"));
    let huge = FailedTest::new("a.B.huge", "x".repeat(6_000_000));
    let plan = plan(Outcome::Failure)
        .artifacts(artifacts)
        .tests(Tests::passed(1).failed([huge, FailedTest::new("a.B.small", "small trace")]));
    let simulator = Simulator::start(Scenario::new().plan("App_Build", plan));
    let ran = Step::new()
        .set("ARTIFACTS", "**/11999.txt")
        .run(&simulator)
        .await;
    ran.ends_with(1).says("Downloaded 1 artifacts");
    let junit = std::fs::read_dir(ran.path("test-reports"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let junit = std::fs::read_to_string(junit.path()).unwrap();
    assert!(junit.contains("small trace") && junit.contains("xxxx"));
    let lists = simulator.requests();
    let lists = lists
        .iter()
        .filter(|request| request.resource == Some(Resource::ArtifactsList));
    assert_eq!(lists.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_was_shown_live_is_whole_though_its_end_is_missing() {
    let log = LogScript::new().generated(50, s(0), s(19), "line");
    let simulator =
        Simulator::start(Scenario::new().plan("App_Build", plan(Outcome::Success).log(log)));
    let ran = Step::new().run(&simulator).await;
    ran.ends_with(0).says("line 50");
}
