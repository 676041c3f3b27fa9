//! Several builds in one step, and builds that are followed later than they were queued.

use std::collections::BTreeMap;
use std::time::Duration;

use teamcity_simulator::{
    BuildType, Fault, FaultKind, LogScript, Matcher, Outcome, Plan, Project, Recorded, Resource,
    Scenario, Simulator,
};

use crate::pipe::{Ran, Step};

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Configurations with these plans, on the same root.
pub fn scenario(plans: &[(&str, Plan)]) -> Scenario {
    plans.iter().fold(Scenario::new(), |scenario, (id, plan)| {
        scenario
            .build_type(BuildType::new(*id).roots(["App_Git"]))
            .plan(id, plan.clone())
    })
}

pub fn plan(seconds: u64, outcome: Outcome) -> Plan {
    Plan::new()
        .queued_for(s(2))
        .runs_for(s(seconds))
        .outcome(outcome)
        .log(LogScript::new().generated(20, s(0), s(seconds), "line"))
}

pub fn step(ids: &[&str]) -> Step {
    let mut step = Step::new()
        .unset("BUILD_TYPE_ID")
        .set("BUILD_TYPE_ID_COUNT", &ids.len().to_string());
    for (index, id) in ids.iter().enumerate() {
        step = step.set(&format!("BUILD_TYPE_ID_{index}"), id);
    }
    step
}

fn variables(ran: &Ran) -> BTreeMap<String, String> {
    let file = ran.file("teamcity.env");
    let pairs = file.lines().filter_map(|line| line.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn status_requests(simulator: &Simulator) -> usize {
    let is =
        |request: &&Recorded| matches!(request.resource, Some(Resource::Build | Resource::Builds));
    simulator.requests().iter().filter(is).count()
}

#[tokio::test(start_paused = true)]
async fn the_order_of_the_list_is_kept_and_each_line_says_whose_it_is() {
    let simulator = Simulator::start(scenario(&[
        ("Slow", plan(90, Outcome::Success)),
        ("Bad", plan(30, Outcome::Failure)),
        ("Quick", plan(10, Outcome::Success)),
    ]));
    let ran = step(&["Slow", "Bad", "Quick"]).run(&simulator).await;
    ran.ends_with(1).says("1 of 3 builds did not succeed");
    let builds = simulator.builds();
    let of = |id: &str| builds.iter().find(|build| build.build_type == id).unwrap();
    assert_eq!(builds.len(), 3);
    let ids = [of("Slow").id, of("Bad").id, of("Quick").id].map(|id| id.to_string());
    let variables = variables(&ran);
    assert_eq!(variables["TEAMCITY_BUILD_ID"], ids.join(","));
    assert_eq!(
        variables["TEAMCITY_BUILD_STATUS"],
        "SUCCESS,FAILURE,SUCCESS"
    );
    let json: serde_json::Value = serde_json::from_str(&ran.file("teamcity-builds.json")).unwrap();
    let listed: Vec<String> = json["builds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|build| build["id"].to_string())
        .collect();
    assert_eq!(listed, ids);
    // Each line of each log, once, in order, with its build's name.
    for id in ["Slow", "Bad", "Quick"] {
        let frame = format!("{id}: │ line ");
        let numbers: Vec<&str> = ran
            .output
            .lines()
            .filter_map(|line| line.strip_prefix(&frame))
            .collect();
        let expected: Vec<String> = (1..=20).map(|number| number.to_string()).collect();
        assert_eq!(numbers, expected, "{id}");
    }
    assert!(!ran.output.lines().any(|line| line.starts_with('│')));
    // The summary too.
    let headlines: Vec<&str> = ran.output.lines().rev().take(4).collect();
    for (line, id) in headlines.iter().rev().zip(["Slow", "Bad", "Quick"]) {
        assert!(line.contains(&format!("App / {id} #")), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn fifty_builds_cost_as_many_status_requests_as_one() {
    let mut requests = Vec::new();
    for count in [1, 50] {
        let ids: Vec<String> = (0..count).map(|number| format!("Build_{number}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let plans: Vec<(&str, Plan)> = ids
            .iter()
            .map(|id| (*id, plan(600, Outcome::Success)))
            .collect();
        let simulator = Simulator::start(scenario(&plans));
        let watched = simulator.clone();
        let run = step(&ids).set("LOG", "none").run(&simulator);
        // Queueing and the details of the results are each build's own.
        let count_polls = async {
            tokio::time::sleep(s(10)).await;
            let before = status_requests(&watched);
            tokio::time::sleep(s(580)).await;
            status_requests(&watched) - before
        };
        let (ran, polls) = tokio::join!(run, count_polls);
        ran.ends_with(0);
        requests.push(polls);
    }
    assert!(requests[0] > 20);
    assert_eq!(requests[0], requests[1]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_to_list_them_is_asked_for_each() {
    let simulator = Simulator::start(scenario(&[
        ("One", plan(300, Outcome::Success)),
        ("Two", plan(600, Outcome::Success)),
    ]));
    let refusing = simulator.clone();
    let run = step(&["One", "Two"]).run(&simulator);
    let refuse = async {
        tokio::time::sleep(s(4)).await;
        let lists = Matcher::resource(Resource::Builds);
        refusing.fault(Fault::new(FaultKind::NotFound404).on(lists).always());
    };
    let (ran, ()) = tokio::join!(run, refuse);
    ran.ends_with(0).says_not("following the build");
    let lists = |request: &&Recorded| {
        let query = request.query.as_deref().unwrap_or_default();
        let compares = query.contains("default%3Atrue");
        request.fault.is_some() && query.starts_with("locator=item") && !compares
    };
    let refused = simulator.requests().iter().filter(lists).count();
    assert!(refused <= 4, "{refused} refused requests");
}

#[tokio::test(start_paused = true)]
async fn the_gravest_ending_decides() {
    let canceled = Outcome::CanceledBy {
        user: "ci".to_owned(),
        comment: "no".to_owned(),
        at: s(20),
    };
    let cases: [(&[(&str, Outcome)], u8); 4] = [
        (&[("A", Outcome::Success), ("B", canceled.clone())], 2),
        (&[("A", canceled.clone()), ("B", Outcome::Failure)], 1),
        (&[("A", Outcome::Failure), ("B", Outcome::Success)], 1),
        (
            &[
                ("A", Outcome::Failure),
                ("B", Outcome::BuildsOtherBranch("feature/x".to_owned())),
                ("C", canceled),
            ],
            4,
        ),
    ];
    for (builds, status) in cases {
        let plans: Vec<(&str, Plan)> = builds
            .iter()
            .map(|(id, outcome)| (*id, plan(30, outcome.clone())))
            .collect();
        let ids: Vec<&str> = builds.iter().map(|(id, _)| *id).collect();
        let simulator = Simulator::start(scenario(&plans));
        step(&ids).run(&simulator).await.ends_with(status);
    }
}

#[tokio::test(start_paused = true)]
async fn one_failing_does_not_stop_the_others_unless_asked() {
    for (fail_fast, status) in [
        ("false", "FAILURE,SUCCESS,SUCCESS"),
        ("true", "FAILURE,CANCELED,CANCELED"),
    ] {
        let simulator = Simulator::start(scenario(&[
            ("Bad", plan(30, Outcome::Failure)),
            ("Good", plan(300, Outcome::Success)),
            ("Late", plan(200, Outcome::Success).queued_for(s(100))),
        ]));
        let ran = step(&["Bad", "Good", "Late"])
            .set("FAIL_FAST", fail_fast)
            .run(&simulator)
            .await;
        ran.ends_with(1);
        assert_eq!(variables(&ran)["TEAMCITY_BUILD_STATUS"], status);
        if fail_fast == "true" {
            ran.says("FAIL_FAST");
            assert!(ran.took < s(60), "{:?}", ran.took);
            let said = ran
                .output
                .lines()
                .filter(|line| line.starts_with("Canceled "));
            assert_eq!(said.count(), 2, "{}", ran.output);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_refused_does_not_stop_the_others() {
    let scenario = scenario(&[("Good", plan(30, Outcome::Success))])
        .build_type(BuildType::new("Mold").roots(["App_Git"]).template());
    let simulator = Simulator::start(scenario);
    let ran = step(&["Mold", "Good"]).run(&simulator).await;
    ran.ends_with(4);
    // Nothing was begun, or the good one was followed to its end: never one left running.
    assert!(
        simulator
            .builds()
            .iter()
            .all(|build| build.state == "finished"),
        "{:?}",
        simulator.builds()
    );

    let forbidden = BuildType::new("One").roots(["App_Git"]).project("Secret");
    let scenario = self::scenario(&[
        ("One", plan(30, Outcome::Success)),
        ("Two", plan(30, Outcome::Success)),
    ]);
    let simulator = Simulator::start(
        scenario
            .project(Project::new("Secret"))
            .build_type(forbidden)
            .without_permission("ci", "run_build")
            .permission("ci", "App", "run_build"),
    );
    let ran = step(&["One", "Two"]).run(&simulator).await;
    ran.ends_with(4).says("App / Two #1: success");
    assert_eq!(variables(&ran)["TEAMCITY_BUILD_STATUS"], "UNKNOWN,SUCCESS");
}

#[test]
fn several_through_the_binary() {
    let running = step(&["Slow", "Bad"]).spawn(
        scenario(&[
            ("Slow", plan(8, Outcome::Success)),
            ("Bad", plan(4, Outcome::Failure)),
        ]),
        "",
    );
    let (ran, simulator) = running.wait();
    ran.ends_with(1)
        .says("Bad: │ line 20")
        .says("Slow: │ line 20");
    assert_eq!(simulator.violations(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn started_now_and_waited_for_later() {
    let plans = [
        ("One", plan(100, Outcome::Success)),
        ("Two", plan(100, Outcome::Failure)),
    ];
    // By ids.
    let simulator = Simulator::start(scenario(&plans));
    let first = step(&["One", "Two"])
        .set("WAIT", "false")
        .run(&simulator)
        .await;
    first.ends_with(0);
    assert!(first.took < s(20));
    let variables_of_first = variables(&first);
    assert_eq!(variables_of_first["TEAMCITY_BUILD_STATUS"], "QUEUED,QUEUED");
    let ids = &variables_of_first["TEAMCITY_BUILD_ID"];
    let (one, two) = ids.split_once(',').unwrap();
    let second = Step::new()
        .unset("BUILD_TYPE_ID")
        .set("BUILD_ID_COUNT", "2")
        .set("BUILD_ID_0", two)
        .set("BUILD_ID_1", one);
    let second = second.run(&simulator).await;
    second.ends_with(1).says("│ line 20");
    assert_eq!(
        variables(&second)["TEAMCITY_BUILD_STATUS"],
        "FAILURE,SUCCESS"
    );
    assert_eq!(
        variables(&second)["TEAMCITY_BUILD_ID"],
        format!("{two},{one}")
    );
    // One id, of a build that is over: its log is no news.
    let third = Step::new().unset("BUILD_TYPE_ID").set("BUILD_ID", one);
    third
        .run(&simulator)
        .await
        .ends_with(0)
        .says_not("│ line 20");
    // An id that nobody knows.
    let unknown = Step::new().unset("BUILD_TYPE_ID").set("BUILD_ID", "999");
    unknown.run(&simulator).await.ends_with(4).says("BUILD_ID");
    assert_eq!(simulator.builds().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn auto_finds_what_an_earlier_step_left() {
    for by_storage in [false, true] {
        let simulator = Simulator::start(scenario(&[
            ("One", plan(100, Outcome::Success)),
            ("Two", plan(100, Outcome::Success)),
        ]));
        let storage = tempfile::tempdir().unwrap();
        let storage_path = storage.path().to_str().unwrap();
        let mut first = step(&["One", "Two"]).set("WAIT", "false");
        let mut second = Step::new().unset("BUILD_TYPE_ID").set("BUILD_ID", "auto");
        if by_storage {
            first = first.set("BITBUCKET_PIPE_STORAGE_DIR", storage_path);
            second = second.set("BITBUCKET_PIPE_STORAGE_DIR", storage_path);
        }
        let first = first.run(&simulator).await;
        first.ends_with(0);
        if !by_storage {
            let left = first.file("teamcity-builds.json");
            std::fs::write(second.directory.path().join("teamcity-builds.json"), left).unwrap();
        }
        let second = second.run(&simulator).await;
        second
            .ends_with(0)
            .says("One: │ line 20")
            .says("Two: │ line 20");
        assert_eq!(simulator.builds().len(), 2);
        assert_eq!(
            variables(&second)["TEAMCITY_BUILD_ID"],
            variables(&first)["TEAMCITY_BUILD_ID"]
        );
    }
    let simulator = Simulator::start(Scenario::new());
    let lost = Step::new().unset("BUILD_TYPE_ID").set("BUILD_ID", "auto");
    lost.run(&simulator)
        .await
        .ends_with(3)
        .says("teamcity-builds.json");
}

#[tokio::test(start_paused = true)]
async fn a_stop_of_the_waiting_step_cancels_its_own_builds() {
    let simulator = Simulator::start(scenario(&[("One", plan(100, Outcome::Success))]));
    step(&["One"])
        .set("WAIT", "false")
        .run(&simulator)
        .await
        .ends_with(0);
    let id = simulator.builds()[0].id.to_string();
    let second = Step::new()
        .unset("BUILD_TYPE_ID")
        .set("BUILD_ID", &id)
        .set(
            "BITBUCKET_STEP_UUID",
            "{00000000-0000-0000-0000-000000000002}",
        )
        .stopped_after(s(20));
    second.run(&simulator).await.ends_with(143);
    assert!(simulator.builds()[0].canceled_by.is_some());
}

#[tokio::test(start_paused = true)]
async fn one_that_cannot_be_queued_stops_the_others_if_asked() {
    let simulator = Simulator::start(
        Scenario::new()
            .project(Project::new("Other"))
            .build_type(
                BuildType::new("Other_Build")
                    .project("Other")
                    .roots(["App_Git"]),
            )
            .plan("App_Build", Plan::new().runs_for(Duration::from_secs(3600)))
            .without_permission("ci", "run_build")
            .permission("ci", "App", "run_build"),
    );
    let ran = Step::new()
        .set("BUILD_TYPE_ID", "App_Build\nOther_Build")
        .set("FAIL_FAST", "true")
        .run(&simulator)
        .await;
    ran.ends_with(4);
    assert!(ran.took < Duration::from_secs(600), "{:?}", ran.took);
    assert!(simulator.builds()[0].canceled_by.is_some());
}
