//! Tests, problems, artifacts, and the small things that hang on a build.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use teamcity_simulator::{
    Artifact, FailedTest, Outcome, Plan, Problem, Scenario, Simulator, Tests,
};

use crate::client::{get, get_as, get_json, queue, request, send};

async fn finished(plan: Plan) -> (Simulator, u64) {
    let simulator = Simulator::start(Scenario::new().version("2024.03").plan("App_Build", plan));
    let id = queue(&simulator, "App_Build").await;
    tokio::time::advance(Duration::from_secs(100)).await;
    (simulator, id)
}

#[tokio::test(start_paused = true)]
async fn failed_tests_come_in_pages() {
    let many = (0..250).map(|n| FailedTest::new(format!("test {n}"), "trace"));
    let tests = Tests::passed(10).failed(many).failed([
        FailedTest::new("odd", "x").error(),
        FailedTest::new("known", "y").muted(),
    ]);
    let (simulator, id) = finished(Plan::new().outcome(Outcome::Failure).tests(tests)).await;
    let path = format!(
        "/app/rest/testOccurrences?locator=build:(id:{id}),status:FAILURE,muted:false&fields=count,nextHref,testOccurrence(id,name,newFailure,muted)"
    );
    let first = get_json(&simulator, &path).await;
    assert_eq!(first["count"], 100);
    assert_eq!(
        first["testOccurrence"][0],
        json!({"id": format!("id:2000000001,build:(id:{id})"), "name": "test 0", "newFailure": false, "muted": false})
    );
    let mut next = first["nextHref"].as_str().map(str::to_owned);
    let mut total = 100;
    while let Some(href) = next {
        let page = get_json(&simulator, &href).await;
        total += page["count"].as_u64().unwrap();
        next = page["nextHref"].as_str().map(str::to_owned);
    }
    assert_eq!(total, 250);
    let error = get_json(&simulator, &format!("/app/rest/testOccurrences?locator=build:(id:{id}),status:ERROR&fields=testOccurrence(name)")).await;
    assert_eq!(error["testOccurrence"], json!([{"name": "odd"}]));
    let counters = get_json(&simulator, &format!("/app/rest/testOccurrences?locator=build:(id:{id})&fields=count,passed,failed,muted,ignored")).await;
    assert_eq!(
        counters,
        json!({"count": 262, "passed": 10, "failed": 251, "muted": 1, "ignored": 0})
    );
    let listed = get_json(
        &simulator,
        &format!("/app/rest/testOccurrences?locator=build:(id:{id})"),
    )
    .await;
    assert_eq!(
        (&listed["count"], &listed["failed"]),
        (&json!(100), &json!(100))
    );
    assert_eq!(
        get(&simulator, "/app/rest/testOccurrences").await.status,
        400
    );
}

#[tokio::test(start_paused = true)]
async fn problems_have_types_and_details() {
    let (simulator, id) = finished(Plan::new().outcome(Outcome::Failure).problems([
        Problem::exit_code(1, "Test"),
        Problem::new("TC_COMPILATION_ERROR", "no").muted(),
    ]))
    .await;
    let list = get_json(&simulator, &format!("/app/rest/problemOccurrences?locator=build:(id:{id})&fields=count,problemOccurrence(id,type,details,muted)")).await;
    assert_eq!(list["count"], 2);
    assert_eq!(
        list["problemOccurrence"][0],
        json!({"id": format!("problem:(id:1),build:(id:{id})"), "type": "TC_EXIT_CODE", "details": "Process exited with code 1 (Step: Test)", "muted": false})
    );
}

#[tokio::test(start_paused = true)]
async fn artifacts_are_a_tree_with_hidden_and_hostile_names() {
    let artifacts = [
        Artifact::new("app.zip", "0123456789"),
        Artifact::new("dir/sub/a b.txt", "x"),
        Artifact::new(".teamcity/settings/digest.txt", "h"),
        Artifact::hostile("../../etc/passwd", "evil"),
        Artifact::generated("big.bin", 3_000_000).listed_size(5),
    ];
    let (simulator, id) = finished(Plan::new().artifacts(artifacts)).await;
    let base = format!("/app/rest/builds/id:{id}/artifacts");
    let names = |list: &Value| {
        list["file"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| file["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let top = get_json(&simulator, &format!("{base}/children")).await;
    assert_eq!(
        names(&top),
        ["app.zip", "dir", "../../etc/passwd", "big.bin"]
    );
    assert!(top["file"][1].get("size").is_none() && top["file"][1].get("children").is_some());
    assert_eq!(top["file"][3]["size"], 5);
    let all = get_json(
        &simulator,
        &format!("{base}/children?locator=recursive:true,hidden:true&fields=file(name,fullName)"),
    )
    .await;
    assert_eq!(
        all["file"][3],
        json!({"name": "a b.txt", "fullName": "dir/sub/a b.txt"})
    );
    assert_eq!(names(&all).len(), 9);
    let zips = get_json(
        &simulator,
        &format!("{base}/children?locator=recursive:true,pattern:(**/*.txt,*.zip)"),
    )
    .await;
    assert_eq!(names(&zips), ["app.zip", "a b.txt"]);
    let href = all["file"].as_array().map_or(String::new(), |_| {
        format!("{base}/content/dir/sub/a%20b.txt")
    });
    assert_eq!(get_as(&simulator, &href, "*/*").await.text, "x");
    assert_eq!(
        get(
            &simulator,
            &format!("{base}/content/..%2F..%2Fetc%2Fpasswd")
        )
        .await
        .text,
        "evil"
    );
    let mut part = request("GET", &format!("{base}/content/app.zip"))
        .body(Bytes::new())
        .unwrap();
    part.headers_mut()
        .insert("range", "bytes=3-5".parse().unwrap());
    let part = send(&simulator, part).await;
    assert_eq!(
        (
            part.status,
            part.text.as_str(),
            part.headers["content-range"].to_str().unwrap()
        ),
        (206, "345", "bytes 3-5/10")
    );
    for (path, status, words) in [
        ("children/nope", 404, "Path 'nope' is not found in"),
        ("children/app.zip", 400, "app.zip"),
        (
            "content/dir",
            404,
            "Cannot provide content for 'dir'. To get children use",
        ),
        ("metadata/app.zip", 200, "\"size\":10"),
        ("content/big.bin", 200, ""),
    ] {
        let answer = get(&simulator, &format!("{base}/{path}")).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        assert!(answer.text.contains(words), "{path}: {}", answer.text);
    }
    let (empty, id) = finished(Plan::new()).await;
    assert_eq!(
        get_json(
            &empty,
            &format!("/app/rest/builds/id:{id}/artifacts/children?fields=count,file(name)")
        )
        .await,
        json!({"count": 0, "file": []})
    );
}

#[tokio::test(start_paused = true)]
async fn comment_pin_and_statistics() {
    let (simulator, id) = finished(Plan::new().runs_for(Duration::from_secs(30))).await;
    let comment = request("PUT", &format!("/app/rest/builds/id:{id}/comment"))
        .header("content-type", "text/plain")
        .body(Bytes::from("new"))
        .unwrap();
    assert_eq!(send(&simulator, comment).await.status, 204);
    assert_eq!(simulator.build(id).unwrap().comment.as_deref(), Some("new"));
    let pin = request("PUT", &format!("/app/rest/builds/id:{id}/pinInfo"))
        .header("content-type", "application/json")
        .body(Bytes::from(r#"{"status":true}"#))
        .unwrap();
    assert_eq!(send(&simulator, pin).await.status, 200);
    let statistics = get_json(&simulator, &format!("/app/rest/builds/id:{id}/statistics")).await;
    assert_eq!(
        statistics["property"][1],
        json!({"name": "BuildDuration", "value": "30000"})
    );
    // In a build they are named only where more than their address is asked for.
    let member = async |fields: &str| {
        let path = format!("/app/rest/builds/id:{id}?fields={fields}");
        get_json(&simulator, &path).await["statistics"].clone()
    };
    let listed = member("statistics(property(name,value))").await;
    assert!(listed["property"].as_array().unwrap().len() >= 3);
    let short = member("statistics").await;
    assert!(short["href"].as_str().unwrap().ends_with("/statistics"));
    assert_eq!(short["property"], json!(null));
    let queued = queue(&simulator, "App_Build").await;
    assert_eq!(
        get(
            &simulator,
            &format!("/app/rest/builds/id:{queued}/testOccurrences")
        )
        .await
        .status,
        404
    );
}
