//! What the README says of entities, held against the answers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::shop::{ask, jetbrains};

const README: &str = include_str!("../../README.md");

/// Texts in backquotes.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// The table of entities: name, fields.
fn entities() -> BTreeMap<String, BTreeSet<String>> {
    let (_, table) = README.split_once("| Entity | Fields |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        let (name, fields) = line.trim_start_matches("| ").split_once(" | ").unwrap();
        (name.trim_matches('`').to_owned(), quoted(fields))
    })
    .collect()
}

#[tokio::test(start_paused = true)]
async fn every_field_of_an_answer_is_in_the_readme() {
    let known = entities();
    let (simulator, token) = jetbrains();
    let body = "{\"buildType\":{\"id\":\"Sandbox_Build\"},\"tags\":{\"tag\":[{\"name\":\"x\"}]},\"comment\":{\"text\":\"c\"}}";
    let path = "/app/rest/buildQueue";
    let queued = ask(&simulator, &token, "POST", path, body).await.json();
    let queued = format!("builds/id:{}", queued["id"]);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    // The last one is asked for again once it runs.
    let paths = [
        ("server", "server"),
        ("user", "users/current"),
        ("project", "projects/id:Sandbox"),
        ("buildType", "buildTypes/id:Sandbox_Test"),
        ("buildType", "buildTypes/id:Sandbox_Template"),
        ("step", "buildTypes/id:Sandbox_Build/steps/RUNNER_1"),
        ("property", "projects/id:Sandbox/parameters/env.STAGE"),
        ("pipeline", "pipelines/id:CLI_CiCd"),
        ("vcs-root", "vcs-roots/id:Sandbox_Git"),
        ("vcs-root-instance", "vcs-root-instances/id:1"),
        ("change", "changes/id:101"),
        ("agent", "agents/id:1"),
        ("agentPool", "agentPools/id:1"),
        ("build", "builds/id:4711"),
        ("build", "builds/id:4712"),
        ("build", "builds/buildType:CLI_CiCd"),
        ("build", "builds/buildType:Sandbox_Build,canceled:true"),
        (
            "testOccurrence",
            "testOccurrences/build:(id:4712),status:FAILURE",
        ),
        ("build", queued.as_str()),
    ];
    for (entity, path) in paths.into_iter().chain([("build", queued.as_str())]) {
        let path = format!("/app/rest/{path}?fields=*");
        let answer = ask(&simulator, &token, "GET", &path, "").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let Value::Object(members) = answer.json() else {
            panic!("{path}: no object")
        };
        let fields = &known[entity];
        for name in members.keys() {
            assert!(
                fields.contains(name),
                "{entity}: {name} is not in the README"
            );
            seen.insert(format!("{entity}.{name}"));
        }
        if entity == "build" && path.contains(&queued) {
            tokio::time::advance(std::time::Duration::from_secs(3)).await;
        }
    }
    let lists = [
        (
            "problemOccurrence",
            "problemOccurrences?locator=build:(id:4712)&fields=problemOccurrence(*)",
        ),
        ("token", "users/current/tokens?fields=token(*)"),
    ];
    for (entity, path) in lists {
        let path = format!("/app/rest/{path}");
        let list = ask(&simulator, &token, "GET", &path, "").await.json();
        for name in list[entity][0].as_object().unwrap().keys() {
            assert!(
                known[entity].contains(name),
                "{entity}: {name} is not in the README"
            );
        }
    }
    assert!(seen.contains("build.running-info"), "nothing ran: {seen:?}");
}
