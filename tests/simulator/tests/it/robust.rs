//! Whatever is asked, there is an answer.

use bytes::Bytes;
use serde_json::json;
use teamcity_simulator::{Mode, Plan, Scenario, Simulator};

use crate::client::{get, post, posting, queue, request, send};

const PIECES: [&str; 58] = [
    "app",
    "rest",
    "builds",
    "buildQueue",
    "id:4711",
    "id:1",
    "$help",
    "buildTypes",
    "id:App_Build",
    "branches",
    "exists",
    "changes",
    "artifacts",
    "children",
    "content",
    "metadata",
    "tags",
    "comment",
    "pinInfo",
    "statistics",
    "testOccurrences",
    "problemOccurrences",
    "users",
    "current",
    "tokens",
    "permissions",
    "vcs-roots",
    "vcs-root-instances",
    "commitHookNotification",
    "server",
    "version",
    "agents",
    "approve",
    "approvalInfo",
    "%C3%A9",
    "%FF",
    "..",
    "multiple",
    "projects",
    "agentPools",
    "id:0",
    "pool",
    "compatibleBuildTypes",
    "incompatibleBuildTypes",
    "parameters",
    "value",
    "settings",
    "steps",
    "snapshot-dependencies",
    "vcs-root-entries",
    "templates",
    "projectFeatures",
    "secure",
    "versionedSettings",
    "order",
    "pipelines",
    "archived",
    "",
];
const QUERIES: [&str; 20] = [
    "",
    "?locator=",
    "?locator=(",
    "?locator=a:(b:(c",
    "?locator=$base64:!!",
    "?locator=id:$base64:w7w=",
    "?locator=branch:()",
    "?locator=property:x",
    "?locator=item:()",
    "?locator=count:-1,start:-5",
    "?locator=queuedDate:-%C3%A9",
    "?locator=queuedDate:-9999999999999999w",
    "?fields=((((",
    "?fields=**",
    "?fields=a(b",
    "?fields=,,,",
    "?messagesCount=-,9999999999999999999&buildId=4711",
    "?messagesCount=-9223372036854775808&buildId=4711&messageId=3",
    "?buildId=4711&messagesCount=5,-5&messageId=18446744073709551615",
    "?locator=number:99999999999999999999,id:99999999999999999999",
];

#[tokio::test(start_paused = true)]
async fn no_request_is_left_without_an_answer() {
    let simulator = Simulator::start(Scenario::new().plan(
        "App_Build",
        Plan::new().queued_for(std::time::Duration::ZERO),
    ));
    queue(&simulator, "App_Build").await;
    let mut seed = 1_u64;
    let mut next = |limit: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % limit
    };
    for round in 0..6000 {
        let mut path = if round % 10 == 0 {
            String::new()
        } else {
            "/app/rest".to_owned()
        };
        for _ in 0..=next(4) {
            path.push('/');
            path.push_str(PIECES[next(PIECES.len())]);
        }
        if round % 25 == 0 {
            path = ["/app/messages", "/downloadBuildLog.html"][next(2)].to_owned();
        }
        path.push_str(QUERIES[next(QUERIES.len())]);
        let method = ["GET", "POST", "PUT", "DELETE", "PATCH"][next(5)];
        let body = [
            "",
            "{}",
            "[]",
            "{\"tag\":[{}]}",
            "{\"comment\":3}",
            "null",
            "\u{0}",
        ][next(7)];
        let request = request(method, &path)
            .header("content-type", "application/json")
            .body(Bytes::from(body))
            .unwrap();
        let answer = send(&simulator, request).await;
        assert!(
            answer.status < 500 || answer.text.contains("NullPointerException"),
            "{method} {path} {body}: {}",
            answer.text
        );
    }
}

#[tokio::test(start_paused = true)]
async fn odd_bodies_are_refused_not_queued() {
    let simulator = Simulator::start(Scenario::new());
    for body in [
        json!({"buildType": 5}),
        json!({"buildType": {"id": 5}}),
        json!({"buildType": {"id": "App_Build"}, "tags": []}),
        json!({"buildType": {"id": "App_Build"}, "properties": {"property": {}}}),
        json!({"buildType": {"id": "App_Build"}, "branchName": 7}),
        json!({"buildType": {"id": "App_Build"}, "revisions": {"revision": [7]}}),
        json!({"buildType": {"id": "App_Build"}, "lastChanges": {"change": [{}]}}),
    ] {
        let answer = post(&simulator, "/app/rest/buildQueue", body.clone()).await;
        assert!(
            matches!(answer.status, 400 | 500),
            "{body}: {}",
            answer.status
        );
    }
    assert!(simulator.builds().is_empty());
    let posted = posting(
        "/app/rest/buildQueue",
        &json!({"buildType": {"id": "App_Build"}}),
    );
    simulator.set_mode(Mode::Starting);
    send(&simulator, posted).await;
    assert!(simulator.builds().is_empty());
    simulator.set_mode(Mode::Ready);
    assert_eq!(
        get(&simulator, "/app/rest/builds?locator=state:any")
            .await
            .status,
        200
    );
}

#[test]
fn simulators_go_from_thread_to_thread() {
    fn check<T: Send + Sync + Clone + 'static>() {}
    check::<Simulator>();
}
