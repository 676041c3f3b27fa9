//! A server that lies: whatever it says, the pipe neither panics nor passes for a red build, and shows nothing that a
//! terminal would obey.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Value, json};
use teamcity_simulator::{
    Artifact, FailedTest, LogScript, Outcome, Plan, Problem, Scenario, Simulator, Tests,
};

use crate::pipe::{Ran, Step};

const TRICKS: &str =
    "a\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\u{202e}b\u{200b}\u{2066}c\r\nFORGED=1\u{0}$(id)`id`;d";

fn plan(outcome: Outcome) -> Plan {
    let tests = Tests::passed(3).failed([FailedTest::new("suite: a.B.c", "trace").newly()]);
    Plan::new()
        .queued_for(Duration::from_secs(4))
        .runs_for(Duration::from_secs(9))
        .outcome(outcome)
        .tests(tests)
        .problems([Problem::exit_code(1, "Test")])
        .log(
            LogScript::new()
                .line(Duration::ZERO, "one")
                .line(Duration::from_secs(1), "two"),
        )
        .artifacts([Artifact::new("a/b.txt", "text")])
}

fn server(outcome: Outcome) -> Simulator {
    Simulator::start(Scenario::new().plan("App_Build", plan(outcome)))
}

fn step() -> Step {
    Step::new()
        .set("ARTIFACTS", "**")
        .set("RETRY_FOR", "20s")
        .set("TIMEOUT", "10m")
}

/// Changes every value of a JSON answer.
fn each(value: &mut Value, name: &str, change: &dyn Fn(&str, &mut Value)) {
    change(name, value);
    match value {
        Value::Array(all) => all.iter_mut().for_each(|one| each(one, name, change)),
        Value::Object(all) => all
            .iter_mut()
            .for_each(|(name, one)| each(one, name, change)),
        _ => {}
    }
}

fn rewritten(body: &[u8], change: &dyn Fn(&str, &mut Value)) -> Option<Vec<u8>> {
    let mut json: Value = serde_json::from_slice(body).ok()?;
    each(&mut json, "", change);
    serde_json::to_vec(&json).ok()
}

/// Nothing that a terminal obeys but colours, and no line that the server made up.
#[track_caller]
fn is_harmless(ran: &Ran) {
    for line in ran.output.lines() {
        let bad = |c: char| {
            (c.is_control() && c != '\t')
                || matches!(c, '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert!(!line.contains(bad), "{line:?}");
        assert!(!line.starts_with("FORGED"), "{line:?}");
    }
    let env = ran.file("teamcity.env");
    for line in env.lines() {
        assert!(line.starts_with("TEAMCITY_BUILD_"), "{env:?}");
        assert!(!line.contains(['$', '`', ';', ' ', '"', '\'']), "{env:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn texts_of_every_kind_are_made_harmless() {
    let kept = [
        "id",
        "buildTypeId",
        "state",
        "status",
        "version",
        "vcs-root-id",
        "href",
        "nextHref",
        "type",
        "vcsBranchName",
        "fullName",
        "branchName",
        "startDate",
        "queuedDate",
        "finishDate",
        "url",
        "value",
        "branch",
        "tag",
    ];
    for (outcome, status) in [(Outcome::Success, 0), (Outcome::Failure, 1)] {
        let spoil = move |_: &str, path: &str, body: Vec<u8>| {
            let change = |name: &str, value: &mut Value| {
                if let Value::String(text) = value
                    && !kept.contains(&name)
                    && !(name == "name" && path.contains("branches"))
                    && !text.starts_with("bitbucket-")
                {
                    *text = TRICKS.to_owned();
                }
            };
            rewritten(&body, &change).unwrap_or(body)
        };
        let ran = step().spoiled(spoil).run(&server(outcome)).await;
        assert!(
            ran.status == status || ran.status == 4,
            "{}: {}",
            ran.status,
            ran.output
        );
        is_harmless(&ran);
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_none_of_the_web_is_no_link() {
    for url in [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "\u{1b}]8;;x",
        "//x",
    ] {
        let spoil = move |_: &str, _: &str, body: Vec<u8>| {
            let change = |name: &str, value: &mut Value| {
                if name == "webUrl" {
                    *value = json!(url);
                }
            };
            rewritten(&body, &change).unwrap_or(body)
        };
        let ran = step().spoiled(spoil).run(&server(Outcome::Failure)).await;
        ran.ends_with(1);
        is_harmless(&ran);
        let page = ran.file("teamcity-report.html");
        assert!(!page.is_empty());
        assert!(!page.contains(&format!("href=\"{url}")), "{url}");
    }
}

#[tokio::test(start_paused = true)]
async fn numbers_and_dates_of_every_size_overflow_nothing() {
    for number in [
        json!(u64::MAX),
        json!(i64::MAX),
        json!(0),
        json!(-1),
        json!(1e300),
        json!("9"),
        json!(null),
    ] {
        for date in [
            "99991231T235959+0000",
            "00010101T000000-1200",
            "-2621430101T000000+0000",
            "20250710T080607+9999",
        ] {
            let number = number.clone();
            let spoil = move |_: &str, _: &str, body: Vec<u8>| {
                let change = |name: &str, value: &mut Value| match value {
                    Value::Number(_) if name != "id" => *value = number.clone(),
                    Value::String(text) if name.ends_with("Date") || name.contains("stimate") => {
                        *text = date.to_owned();
                    }
                    _ => {}
                };
                rewritten(&body, &change).unwrap_or(body)
            };
            let ran = step().spoiled(spoil).run(&server(Outcome::Failure)).await;
            assert_ne!(ran.status, 0, "{}", ran.output);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn ids_that_are_none_never_end_green() {
    for id in [
        json!(u64::MAX),
        json!(-1),
        json!("4711"),
        json!(null),
        json!([]),
        json!(1.5),
    ] {
        let spoil = move |_: &str, _: &str, body: Vec<u8>| {
            let change = |name: &str, value: &mut Value| {
                if name == "id" && value.is_number() {
                    *value = id.clone();
                }
            };
            rewritten(&body, &change).unwrap_or(body)
        };
        let ran = step().spoiled(spoil).run(&server(Outcome::Failure)).await;
        assert_ne!(ran.status, 0, "{}", ran.output);
    }
}

/// An answer in place of each part's own ends the step, red and soon, and shows no line of megabytes.
async fn ends(answer: String) {
    for part in [
        "/server",
        "/buildTypes/",
        "/buildQueue",
        "/builds",
        "/messages",
        "/testOccurrences",
        "/children",
    ] {
        let answer = answer.clone();
        let spoil = move |_: &str, path: &str, body: Vec<u8>| {
            if path.contains(part) {
                answer.clone().into_bytes()
            } else {
                body
            }
        };
        let ran = step().spoiled(spoil).run(&server(Outcome::Failure)).await;
        assert_ne!(ran.status, 0, "{part}");
        assert!(
            ran.output.lines().all(|line| line.len() < 8_000),
            "{part}: a line of megabytes"
        );
        assert!(
            ran.took < Duration::from_secs(700),
            "{part}: {:?}",
            ran.took
        );
    }
}

#[tokio::test(start_paused = true)]
async fn deep_answers_end() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    ends(format!("{{\"build\":{deep},\"id\":{deep}}}")).await;
    ends(deep).await;
}

#[tokio::test(start_paused = true)]
async fn long_answers_end() {
    ends(format!("{{\"id\":\"{}\"}}", "x".repeat(3_000_000))).await;
}

#[tokio::test(start_paused = true)]
async fn lists_without_an_end_end() {
    for next in [
        "/app/rest/builds?locator=count:1",
        "http://elsewhere.example/app/rest/builds",
        "//elsewhere.example/x",
        "/app/rest/../../x",
    ] {
        let spoil = move |_: &str, path: &str, body: Vec<u8>| {
            let Ok(mut json) = serde_json::from_slice::<Value>(&body) else {
                return body;
            };
            if (path.ends_with("/builds") || path.ends_with("Occurrences"))
                && let Some(all) = json.as_object_mut()
            {
                all.insert("nextHref".to_owned(), json!(next));
            }
            serde_json::to_vec(&json).unwrap()
        };
        let simulator = server(Outcome::Failure);
        let ran = step().spoiled(spoil).run(&simulator).await;
        assert_ne!(ran.status, 0);
        assert!(
            simulator.requests().len() < 1_000,
            "{next}: {}",
            simulator.requests().len()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn artifacts_stay_in_their_folder() {
    let names = [
        "../out",
        "/etc/out",
        "a/../../out",
        "..",
        ".",
        "a\u{0}b",
        "C:\\out",
        "..\\out",
        "a//b",
        "con",
        "~/.ssh/x",
        "a\nb",
        "\u{1b}[31m",
    ];
    let artifacts = names.map(|name| Artifact::hostile(name, "evil"));
    let plan = Plan::new()
        .runs_for(Duration::from_secs(1))
        .artifacts(artifacts);
    let simulator = Simulator::start(Scenario::new().plan("App_Build", plan));
    let step = step();
    let inner = step.directory.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    let target = inner.join("teamcity-artifacts");
    std::fs::create_dir(&target).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), target.join("a")).unwrap();
    let ran = step.run_in(&simulator, inner).await;
    ran.ends_with(0);
    is_harmless(&ran);
    let outside: Vec<_> = std::fs::read_dir(ran.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(outside, ["inner"]);
    assert!(!std::path::Path::new("/etc/out").exists());
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

/// Any JSON, small.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("SUCCESS")),
        Just(json!("finished")),
        Just(json!("running")),
        Just(json!(TRICKS)),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map("id|state|status|build|count|name|href", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Puts `with` in the place of the value that the walk meets as the `at`-th.
fn graft(value: &mut Value, at: &mut usize, with: &Value) {
    if *at == 0 {
        *value = with.clone();
        *at = usize::MAX;
        return;
    }
    *at -= 1;
    match value {
        Value::Array(all) => all.iter_mut().for_each(|one| graft(one, at, with)),
        Value::Object(all) => all.values_mut().for_each(|one| graft(one, at, with)),
        _ => {}
    }
}

mod campaign {
    use super::*;
    use crate::campaign::is_whole;

    #[test]
    fn no_mutation_of_a_good_answer_panics_or_turns_a_red_build_green() {
        let mut runner = TestRunner::new(Config {
            cases: if is_whole() { 300 } else { 40 },
            rng_seed: if is_whole() {
                RngSeed::Random
            } else {
                RngSeed::Fixed(13)
            },
            failure_persistence: None,
            ..Config::default()
        });
        let case = (0usize..60, 0usize..40, any_json(), any::<bool>());
        runner
            .run(&case, |(request, at, with, from_there_on)| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .start_paused(true)
                    .build()
                    .unwrap();
                let count = std::cell::Cell::new(0usize);
                let shown = with.clone();
                let spoil = move |_: &str, _: &str, body: Vec<u8>| {
                    let number = count.replace(count.get() + 1);
                    if number != request && !(from_there_on && number > request) {
                        return body;
                    }
                    let Ok(mut json) = serde_json::from_slice::<Value>(&body) else {
                        return body;
                    };
                    // A state or status that is replaced by good news is a lie that nobody could see through.
                    let good =
                        |value: &Value| *value == json!("SUCCESS") || *value == json!("finished");
                    if contains(&with, &good) {
                        return body;
                    }
                    graft(&mut json, &mut { at }, &with);
                    serde_json::to_vec(&json).unwrap()
                };
                let ran = runtime.block_on(step().spoiled(spoil).run(&server(Outcome::Failure)));
                prop_assert!(
                    ran.status != 0,
                    "request {request}, place {at}, {shown}\n{}",
                    ran.output
                );
                Ok(())
            })
            .unwrap();
    }
}

fn contains(value: &Value, is: &dyn Fn(&Value) -> bool) -> bool {
    is(value)
        || match value {
            Value::Array(all) => all.iter().any(|one| contains(one, is)),
            Value::Object(all) => all.values().any(|one| contains(one, is)),
            _ => false,
        }
}
