//! What TeamCity knows of a test beside its result: since when it fails, who looks after it, how it went in other builds.

use std::time::Duration;

use serde_json::{Value, json};
use teamcity_simulator::{
    BuildType, Dependency, Doubts, FailedTest, Outcome, Plan, Problem, Scenario, Simulator, Tests,
};

use crate::client::{build, get, get_json, post, queue};

const S: fn(u64) -> Duration = Duration::from_secs;

fn plan(tests: Tests) -> Plan {
    Plan::new()
        .queued_for(S(0))
        .runs_for(S(10))
        .outcome(Outcome::Failure)
        .tests(tests)
}

async fn run(simulator: &Simulator) -> u64 {
    let id = queue(simulator, "App_Build").await;
    tokio::time::advance(S(20)).await;
    id
}

async fn occurrences(simulator: &Simulator, locator: &str, fields: &str) -> Vec<Value> {
    let path =
        format!("/app/rest/testOccurrences?locator={locator}&fields=testOccurrence({fields})");
    let list = get_json(simulator, &path).await;
    list["testOccurrence"].as_array().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn a_failure_names_the_build_in_which_it_began() {
    let scenario = Scenario::new()
        .plan("App_Build", plan(Tests::passed(1).passing(["suite: a"])))
        .plan(
            "App_Build",
            plan(Tests::passed(1).failed([FailedTest::new("suite: a", "x").newly()])),
        )
        .plan(
            "App_Build",
            plan(Tests::passed(1).failed([FailedTest::new("suite: a", "x")])),
        );
    let simulator = Simulator::start(scenario);
    let (good, first) = (run(&simulator).await, run(&simulator).await);
    run(&simulator).await;
    let last = run(&simulator).await;
    let fields = "name,newFailure,firstFailed(build(id,number)),test(id)";
    let of = |id: u64| format!("build:(id:{id}),status:FAILURE");
    let here = occurrences(&simulator, &of(last), fields).await;
    assert_eq!(
        here[0]["firstFailed"]["build"],
        json!({"id": first, "number": "2"})
    );
    // Where it began there is no such member.
    let there = occurrences(&simulator, &of(first), fields).await;
    assert_eq!(there[0]["newFailure"], true);
    assert!(there[0].get("firstFailed").is_none());
    // The same test by its number, in the build where it passed; one that did not run there is not in the list.
    let id = here[0]["test"]["id"].as_str().unwrap();
    assert!(id.parse::<i64>().unwrap().unsigned_abs() > 1 << 32);
    let locator = format!("build:(id:{good}),test:(item:(id:{id}),item:(id:-12))");
    let past = occurrences(&simulator, &locator, "name,status").await;
    assert_eq!(past, [json!({"name": "suite: a", "status": "SUCCESS"})]);
}

#[tokio::test(start_paused = true)]
async fn mutes_and_investigations_of_now_stand_beside_those_of_the_build() {
    let tests = Tests::passed(0).failed([
        FailedTest::new("suite: muted", "x").muted(),
        FailedTest::new("suite: muted since", "x").muted_since(),
        FailedTest::new("suite: taken", "x").investigated("jane", "TAKEN"),
        FailedTest::new("suite: given up", "x").investigated("jane", "GIVEN_UP"),
        FailedTest::new("suite: old", "x").first_failed(17, "3"),
    ]);
    let simulator = Simulator::start(Scenario::new().plan("App_Build", plan(tests)));
    let id = run(&simulator).await;
    let fields = "muted,currentlyMuted,currentlyInvestigated,test(investigations(count)),firstFailed(build(id))";
    let list = occurrences(&simulator, &format!("build:(id:{id})"), fields).await;
    let flags: Vec<[bool; 3]> = list
        .iter()
        .map(|one| {
            ["muted", "currentlyMuted", "currentlyInvestigated"]
                .map(|name| one[name].as_bool().unwrap())
        })
        .collect();
    let (yes, no) = (true, false);
    assert_eq!(
        flags,
        [
            [yes, yes, no],
            [no, yes, no],
            [no, no, yes],
            [no, no, no],
            [no, no, no]
        ]
    );
    // Given-up ones are among a test's investigations all the same.
    assert_eq!(list[3]["test"]["investigations"]["count"], 1);
    assert_eq!(list[4]["firstFailed"]["build"]["id"], 17);
    let locator = format!("build:(id:{id}),muted:false");
    assert_eq!(occurrences(&simulator, &locator, "name").await.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn the_oldest_servers_do_not_know_new_failures_as_a_dimension() {
    for (version, status) in [("2019.1", 400), ("2025.11", 200)] {
        let simulator = Simulator::start(Scenario::new().version(version));
        let id = run(&simulator).await;
        let path = format!("/app/rest/testOccurrences?locator=build:(id:{id}),newFailure:true");
        let answer = get(&simulator, &path).await;
        assert_eq!(answer.status, status, "{version}: {}", answer.text);
    }
}

#[tokio::test(start_paused = true)]
async fn counters_may_run_ahead_of_their_lists_or_say_less() {
    let tests = Tests::passed(3).failed([FailedTest::new("suite: a", "x")]);
    let problems = [
        Problem::exit_code(1, "sh"),
        Problem::new("TC_OOME", "memory"),
    ];
    let late = plan(tests.clone())
        .problems(problems.clone())
        .lists_late(S(4));
    let simulator = Simulator::start(Scenario::new().plan("App_Build", late));
    let id = queue(&simulator, "App_Build").await;
    let fields = "testOccurrences(count,failed,testOccurrence(name)),problemOccurrences(count,problemOccurrence(type))";
    for (after, tests, problems) in [(12, 0, 0), (2, 4, 3)] {
        tokio::time::advance(S(after)).await;
        let shown = build(&simulator, id, fields).await;
        assert_eq!(shown["testOccurrences"]["failed"], 1);
        assert_eq!(shown["problemOccurrences"]["count"], 3);
        let list = shown["testOccurrences"]["testOccurrence"]
            .as_array()
            .unwrap();
        assert_eq!(list.len(), tests);
        let list = occurrences(&simulator, &format!("build:(id:{id})"), "name").await;
        assert_eq!(list.len(), tests);
        let path = format!("/app/rest/problemOccurrences?locator=build:(id:{id})");
        assert_eq!(get_json(&simulator, &path).await["count"], problems);
    }
    let short = plan(tests).problems(problems).counters_short(1);
    let simulator = Simulator::start(Scenario::new().plan("App_Build", short));
    let id = run(&simulator).await;
    let shown = build(&simulator, id, fields).await;
    assert_eq!(shown["testOccurrences"]["failed"], 0);
    assert_eq!(shown["problemOccurrences"]["count"], 2);
    let list = shown["problemOccurrences"]["problemOccurrence"]
        .as_array()
        .unwrap();
    assert_eq!(list.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_top_of_a_chain_without_a_root_may_take_a_change_of_its_chain() {
    for (doubts, status) in [
        (Doubts::default(), 400),
        (Doubts::default().tops_take_changes(), 200),
    ] {
        let scenario = Scenario::new().doubts(doubts).build_type(
            BuildType::new("App_All")
                .composite()
                .depends_on([Dependency::on("App_Build")]),
        );
        let simulator = Simulator::start(scenario);
        let locator = format!(
            "version:{},buildType:(id:App_Build)",
            Scenario::OLDER_COMMIT
        );
        let body = json!({"buildType": {"id": "App_All"}, "lastChanges": {"change": [{"locator": locator}]}});
        let answer = post(&simulator, "/app/rest/buildQueue", body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        if status == 200 {
            let below = &simulator.builds()[1];
            assert_eq!(below.revisions[0].version, Scenario::OLDER_COMMIT);
        }
    }
}

/// Tests over the builds that a locator means: how often one failed.
#[tokio::test(start_paused = true)]
async fn a_build_locator_may_mean_several_builds() {
    let with = |failed: bool| {
        let tests = Tests::passed(3);
        plan(if failed {
            tests.failed([FailedTest::new("suite: a", "x")])
        } else {
            tests.passing(["suite: a"])
        })
    };
    let scenario = Scenario::new()
        .plan("App_Build", with(true))
        .plan("App_Build", with(false))
        .plan("App_Build", with(true));
    let simulator = Simulator::start(scenario);
    let first = run(&simulator).await;
    let (second, third) = (run(&simulator).await, run(&simulator).await);
    let all = |more: &str| {
        format!(
            "build:(buildType:(id:App_Build),branch:(default:true),state:finished{more}),test:(item:(name:suite%3A%20a))"
        )
    };
    let fields = "status,build(id)";
    let went = |list: Vec<Value>| -> Vec<(u64, bool)> {
        let one = |test: &Value| {
            let failed = test["status"] == "FAILURE";
            (test["build"]["id"].as_u64().unwrap(), failed)
        };
        list.iter().map(one).collect()
    };
    let list = occurrences(&simulator, &all(""), fields).await;
    assert_eq!(went(list), [(third, true), (second, false), (first, true)]);
    let until = all(&format!(",untilBuild:(id:{second}),count:1"));
    let list = occurrences(&simulator, &until, fields).await;
    assert_eq!(went(list), [(second, false)]);
}
