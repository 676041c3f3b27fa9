//! `POST /app/rest/buildQueue`.

use std::time::Duration;

use serde_json::{Value, json};
use teamcity_simulator::{BuildType, Dependency, Root, Scenario, Simulator};

use crate::client::{build, get_json, post, queue, queue_with};

const OTHER: &str = "9999999999999999999999999999999999999999";

fn revisions(version: &str) -> Value {
    json!({"revision": [{"version": version, "vcsBranchName": "refs/heads/main", "vcs-root-instance": {"vcs-root-id": "App_Git"}}]})
}

fn two_roots(version: &str) -> Scenario {
    Scenario::new()
        .version(version)
        .root(Root::new("Lib_Git", "git@bitbucket.org:acme/lib.git").name("lib"))
        .change(
            "Lib_Git",
            "main",
            "5555555555555555555555555555555555555555",
        )
        .build_type(BuildType::new("Two").roots(["App_Git", "Lib_Git"]))
}

async fn built(simulator: &Simulator, id: u64) -> Vec<String> {
    tokio::time::advance(Duration::from_secs(5)).await;
    let build = build(simulator, id, "revisions(revision(version))").await;
    let list = build["revisions"]["revision"].as_array().unwrap();
    list.iter()
        .map(|revision| revision["version"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_answer_is_200_and_the_long_form() {
    let simulator = Simulator::start(Scenario::new().version("2021.2"));
    let answer = post(&simulator, "/app/rest/buildQueue?fields=id", json!({
        "buildTypeId": "App_Build", "branchName": "feature/x", "comment": {"text": "why"},
        "tags": {"tag": [{"name": "t"}]}, "properties": {"property": [{"name": "env.A", "value": "b"}, {"name": "p", "value": "s", "type": {"rawValue": "password"}}]},
        "unknown": {"member": true}
    })).await;
    assert_eq!(answer.status, 200);
    let build = answer.json();
    assert_eq!(build["id"], 4711);
    assert_eq!(build["href"], "/app/rest/buildQueue/id:4711");
    assert_eq!(
        build["webUrl"],
        "https://teamcity.example.com/viewQueued.html?itemId=4711"
    );
    assert_eq!(build["branchName"], "feature/x");
    assert_eq!(build["comment"]["text"], "why");
    assert_eq!(build["revisions"]["count"], 0);
    assert_eq!(build["properties"]["property"][0]["value"], "b");
    assert!(build["properties"]["property"][1].get("value").is_none());
    for absent in [
        "number",
        "status",
        "statusText",
        "startDate",
        "agent",
        "percentageComplete",
        "defaultBranch",
        "personal",
    ] {
        assert!(build.get(absent).is_none(), "{absent}");
    }
    assert_eq!(queue(&simulator, "App_Build").await, 4712);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused() {
    let scenario = Scenario::new()
        .version("2024.03")
        .build_type(BuildType::new("T").template())
        .build_type(BuildType::new("P").paused());
    let simulator = Simulator::start(scenario.clone());
    for (body, status, words) in [
        (
            json!({}),
            400,
            "No 'buildType' element in the posted entry.",
        ),
        (
            json!({"buildType": {"id": "X"}}),
            404,
            "No build type nor template is found by id 'X'.",
        ),
        (
            json!({"buildTypeId": "X"}),
            404,
            "No build type found by submitted id 'X'",
        ),
        (
            json!({"buildType": {"id": "T"}}),
            400,
            "Found template instead on build type. Only build types can run builds.",
        ),
        (
            json!({"buildType": {"id": "App_Build"}, "comment": {}}),
            400,
            "Submitted comment does not have 'text' set.",
        ),
        (
            json!({"buildType": {"id": "App_Build"}, "properties": {"property": [{"value": "x"}]}}),
            400,
            "the name is null",
        ),
        (
            json!({"buildType": {"id": "App_Build"}, "agent": {"id": 77}}),
            404,
            "No agent can be found by id '77'.",
        ),
        (
            json!({"buildType": {"id": "App_Build"}, "lastChanges": {"change": [{"locator": format!("version:{OTHER},buildType:(id:App_Build)")}]}}),
            404,
            "Nothing is found by locator 'count:1,version:9999",
        ),
        (
            json!({"buildType": {"id": "App_Build"}, "lastChanges": {"change": [{"id": 5}]}}),
            404,
            "No change can be found by id '5' (searching non-personal changes).",
        ),
        (
            json!({"buildType": {"id": "App_Build"}, "lastChanges": {"change": [{"id": 101}, {"id": 102}]}}),
            400,
            "Several non-personal changes are submitted",
        ),
        (
            json!({"buildType": {"id": "App_Build"}, "branchName": "feature/x", "lastChanges": {"change": [{"id": 101}]}}),
            400,
            "they should be visible on the build configuration Change Log under the requested branch",
        ),
        (
            json!({"buildType": {"id": "App_Build"}, "personal": "perhaps"}),
            400,
            "personal",
        ),
        (json!([]), 400, ""),
    ] {
        let answer = post(&simulator, "/app/rest/buildQueue", body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        assert!(answer.text.contains(words), "{body}: {}", answer.text);
    }
    // Pausing stops triggers alone.
    queue(&simulator, "P").await;
    let refused = Simulator::start(scenario.without_permission("ci", "run_build"));
    let answer = post(
        &refused,
        "/app/rest/buildQueue",
        json!({"buildType": {"id": "App_Build"}}),
    )
    .await;
    assert_eq!(answer.status, 403);
    assert!(
        answer.text.contains(
            "You do not have \"Run build\" permission in project with internal id: project2"
        ),
        "{}",
        answer.text
    );
    assert!(refused.builds().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_unknown_branch_runs_on_the_default_one() {
    let simulator = Simulator::start(Scenario::new());
    let id = queue_with(
        &simulator,
        "App_Build",
        json!({"branchName": "nobody/knows"}),
    )
    .await;
    // Its name is known when the changes are collected.
    for (after, name) in [(0, "<default>"), (5, "main")] {
        tokio::time::advance(std::time::Duration::from_secs(after)).await;
        let shown = build(&simulator, id, "branchName,defaultBranch").await;
        assert_eq!(shown, json!({"branchName": name, "defaultBranch": true}));
    }
    let strict = Simulator::start(
        Scenario::new().build_type(
            BuildType::new("App_Build")
                .roots(["App_Git"])
                .no_fallback_to_default(),
        ),
    );
    let id = queue_with(&strict, "App_Build", json!({"branchName": "nobody/knows"})).await;
    assert_eq!(
        build(&strict, id, "branchName").await["branchName"],
        "nobody/knows"
    );
}

#[tokio::test(start_paused = true)]
async fn last_changes_pin_a_known_commit_on_every_version() {
    for version in ["2019.1", "2022.04", "2025.11"] {
        let simulator = Simulator::start(two_roots(version));
        let locator = format!("version:{},buildType:(id:Two)", Scenario::OLDER_COMMIT);
        let id = queue_with(
            &simulator,
            "Two",
            json!({"lastChanges": {"change": [{"locator": locator}]}}),
        )
        .await;
        // The other root stands where it stood then: here it had no change yet, so at its newest one.
        assert_eq!(
            built(&simulator, id).await,
            [
                Scenario::OLDER_COMMIT,
                "5555555555555555555555555555555555555555"
            ],
            "{version}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn revisions_are_ignored_before_2022_04_and_unchecked_after() {
    for (version, expected) in [
        ("2022.02", Scenario::COMMIT),
        ("2022.04", OTHER),
        ("2025.11", OTHER),
    ] {
        let simulator = Simulator::start(Scenario::new().version(version));
        let id = queue_with(
            &simulator,
            "App_Build",
            json!({"revisions": revisions(OTHER)}),
        )
        .await;
        assert_eq!(built(&simulator, id).await, [expected], "{version}");
        tokio::time::advance(Duration::from_secs(60)).await;
        let status = build(&simulator, id, "status").await["status"].clone();
        // A commit that nobody has fails at checkout.
        assert_eq!(
            status,
            if expected == OTHER {
                "FAILURE"
            } else {
                "SUCCESS"
            },
            "{version}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_revision_is_refused_or_silently_builds_the_latest() {
    let body = |more: Value| {
        let mut revisions = revisions(Scenario::OLDER_COMMIT);
        if let Some(more) = more.as_object() {
            revisions.as_object_mut().unwrap().extend(more.clone());
        }
        json!({"buildType": {"id": "Two"}, "revisions": revisions})
    };
    for (version, status) in [
        ("2022.04", 200),
        ("2022.04.4", 400),
        ("2022.08", 200),
        ("2022.10", 400),
        ("2025.11", 400),
    ] {
        let simulator = Simulator::start(two_roots(version));
        let answer = post(&simulator, "/app/rest/buildQueue", body(json!({}))).await;
        assert_eq!(answer.status, status, "{version}: {}", answer.text);
    }
    let simulator = Simulator::start(two_roots("2024.03"));
    let answer = post(&simulator, "/app/rest/buildQueue", body(json!({}))).await;
    assert!(answer.text.contains("Missing revisions for the following build configurations and VCS roots:\nbuild configuration: Two, VCS roots: lib\n(add attribute failOnMissingRevisions=false"), "{}", answer.text);
    let answer = post(
        &simulator,
        "/app/rest/buildQueue",
        body(json!({"failOnMissingRevisions": false})),
    )
    .await;
    assert_eq!(
        built(&simulator, answer.json()["id"].as_u64().unwrap()).await[0],
        Scenario::COMMIT
    );
    let without_instance =
        json!({"buildType": {"id": "Two"}, "revisions": {"revision": [{"version": "x"}]}});
    assert_eq!(
        post(&simulator, "/app/rest/buildQueue", without_instance)
            .await
            .status,
        500
    );
}

#[tokio::test(start_paused = true)]
async fn the_check_of_revisions_covers_dependencies() {
    let scenario = two_roots("2024.03").build_type(
        BuildType::new("Top")
            .roots(["App_Git"])
            .depends_on([Dependency::on("Two")]),
    );
    let simulator = Simulator::start(scenario);
    let answer = post(
        &simulator,
        "/app/rest/buildQueue",
        json!({"buildType": {"id": "Top"}, "revisions": revisions(Scenario::COMMIT)}),
    )
    .await;
    assert_eq!(answer.status, 400);
    assert!(
        answer
            .text
            .contains("build configuration: Two, VCS roots: lib"),
        "{}",
        answer.text
    );
}

#[tokio::test(start_paused = true)]
async fn the_top_of_the_queue() {
    let simulator = Simulator::start(Scenario::new().queue_paused(true));
    let first = queue(&simulator, "App_Build").await;
    let second = post(
        &simulator,
        "/app/rest/buildQueue?moveToTop=true",
        json!({"buildType": {"id": "App_Build"}}),
    )
    .await
    .json()["id"]
        .as_u64()
        .unwrap();
    let list = get_json(
        &simulator,
        "/app/rest/buildQueue?fields=build(id,queuePosition,waitReason)",
    )
    .await;
    assert_eq!(
        list["build"],
        json!([{"id": second, "queuePosition": 1, "waitReason": "Build queue is paused"}, {"id": first, "queuePosition": 2, "waitReason": "Build queue is paused"}])
    );
}
