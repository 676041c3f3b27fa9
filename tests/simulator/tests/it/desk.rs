//! What people do with builds at their desk: personal patches, the queue's order, favourites, a test's history.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use super::client::{found, get, get_json, queue, request, send};
use super::shop::{ask, jetbrains, small};
use teamcity_simulator::Scenario;

#[tokio::test(start_paused = true)]
async fn a_patch_is_built_personally() {
    let simulator = small();
    let token = Scenario::TOKEN;
    let patch = "--- a/x.txt\n+++ b/x.txt\n@@ -1 +1 @@\n-a\n+b\n";
    let mut upload = request(
        "POST",
        "/uploadDiffChanges.html?description=mine&commitType=0",
    )
    .header("content-type", "text/plain")
    .body(Bytes::from_static(patch.as_bytes()))
    .unwrap();
    upload
        .headers_mut()
        .insert("accept", "*/*".parse().unwrap());
    let change = send(&simulator, upload).await.text;
    let id: u64 = change.parse().unwrap();
    let order = |personal: bool| {
        json!({"buildType": {"id": "App_Build"}, "personal": personal,
            "lastChanges": {"change": [{"id": change, "personal": true}]}})
        .to_string()
    };
    let path = "/app/rest/buildQueue";
    let refused = ask(&simulator, token, "POST", path, &order(false)).await;
    assert_eq!(refused.status, 400);
    let queued = ask(&simulator, token, "POST", path, &order(true)).await;
    let build = queued.json()["id"].as_u64().unwrap();
    let path = format!(
        "/app/rest/builds/id:{build}?fields=personal,lastChanges(change(id,personal,files(file(file))))"
    );
    let build = get_json(&simulator, &path).await;
    assert_eq!(build["personal"], true);
    assert_eq!(
        build["lastChanges"]["change"][0],
        json!({"id": id, "personal": true, "files": {"file": [{"file": "x.txt"}]}})
    );
    let unknown = order(true).replace(&change, "1");
    let missing = ask(&simulator, token, "POST", "/app/rest/buildQueue", &unknown).await;
    assert_eq!(missing.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_build_is_moved_to_the_top_of_the_queue() {
    let simulator = small();
    let (first, second) = (
        queue(&simulator, "App_Build").await,
        queue(&simulator, "App_Build").await,
    );
    let order = async || {
        let list = get_json(&simulator, "/app/rest/buildQueue?fields=build(id)").await;
        let list = list["build"].as_array().unwrap().clone();
        list.iter()
            .map(|it| it["id"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(order().await, [first, second]);
    let token = Scenario::TOKEN;
    let path = "/app/rest/buildQueue/order/first";
    let body = json!({"id": second.to_string()}).to_string();
    let moved = ask(&simulator, token, "PUT", path, &body).await;
    assert_eq!(moved.json()["id"], second);
    assert_eq!(order().await, [second, first]);
    let body = "{\"id\":\"999999999\"}";
    let approve = "/app/rest/buildQueue/id:999999999/approve";
    for missing in [
        ask(&simulator, token, "PUT", path, body).await,
        ask(&simulator, token, "POST", approve, "").await,
    ] {
        assert_eq!(missing.status, 404);
        assert!(missing.text.contains("No build found by id '999999999'."));
    }
    tokio::time::advance(Duration::from_secs(5)).await;
    let body = json!({"id": first}).to_string();
    assert_eq!(ask(&simulator, token, "PUT", path, &body).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_pin_shows_who_and_why() {
    let (simulator, token) = jetbrains();
    let path = "/app/rest/builds/id:4711/pinInfo";
    let body = json!({"status": true, "comment": {"text": "keep"}}).to_string();
    assert_eq!(
        ask(&simulator, &token, "PUT", path, &body).await.status,
        200
    );
    let path = "/app/rest/builds/id:4711?fields=pinned,pinInfo(text,user(username))";
    let build = ask(&simulator, &token, "GET", path, "").await.json();
    assert_eq!(
        build,
        json!({"pinned": true, "pinInfo": {"text": "keep", "user": {"username": "admin"}}})
    );
}

#[tokio::test(start_paused = true)]
async fn favourites_are_private_tags() {
    let simulator = small();
    let locator = "tag:(private:true,owner:current,condition:(value:.teamcity.star,matchType:equals,ignoreCase:false))";
    assert!(found(&simulator, locator).await.is_empty());
    let body = json!({"tag": [{"name": ".teamcity.star", "private": true}]}).to_string();
    let path = "/app/rest/builds/id:4711/tags";
    ask(&simulator, Scenario::TOKEN, "POST", path, &body).await;
    assert_eq!(found(&simulator, locator).await, [4711]);
}

#[tokio::test(start_paused = true)]
async fn a_test_has_a_history() {
    let simulator = small();
    let name = "com.example.LoginTest.refusesWrongPassword";
    for scope in ["", "buildType:(id:App_Build),"] {
        let path = format!(
            "/app/rest/testOccurrences?locator={scope}test:(name:{name})&fields=count,testOccurrence(status,build(id))"
        );
        let history = get_json(&simulator, &path).await;
        assert_eq!(
            history,
            json!({"count": 1, "testOccurrence": [{"status": "FAILURE", "build": {"id": 4712}}]})
        );
    }
    let path =
        "/app/rest/testOccurrences?locator=test:(name:nobody)&fields=count,testOccurrence(id)";
    assert_eq!(
        get_json(&simulator, path).await,
        json!({"count": 0, "testOccurrence": []})
    );
}

#[tokio::test(start_paused = true)]
async fn a_dot_is_the_root_of_the_artifacts() {
    let simulator = small();
    for path in ["", "/", "/."] {
        let path = format!("/app/rest/builds/id:4711/artifacts/children{path}?fields=file(name)");
        let list = get_json(&simulator, &path).await;
        assert_eq!(
            list["file"],
            json!([{"name": "app.txt"}, {"name": "reports"}]),
            "{path}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn methods_that_are_not_there_are_refused() {
    let simulator = small();
    let head = request("HEAD", "/app/rest/server")
        .body(Bytes::new())
        .unwrap();
    let answer = send(&simulator, head).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    let delete = request("DELETE", "/app/rest/server")
        .body(Bytes::new())
        .unwrap();
    assert_eq!(send(&simulator, delete).await.status, 405);
    let body = "{\"invalid\":true}";
    let path = "/app/rest/buildQueue";
    assert_eq!(
        ask(&simulator, Scenario::TOKEN, "POST", path, body)
            .await
            .status,
        400
    );
    let path = "/app/rest/builds/id:4711/no-such-field";
    assert_eq!(get(&simulator, path).await.status, 406);
    let answer = super::client::get_as(&simulator, path, "*/*").await;
    assert_eq!(answer.status, 404);
    assert!(answer.text.contains("no-such-field"), "{}", answer.text);
}

#[tokio::test(start_paused = true)]
async fn parameters_of_a_build_are_its_own_and_what_the_server_adds() {
    let simulator = small();
    let path = "/app/rest/builds/id:4711/resulting-properties?fields=property(name,value)";
    let all = get_json(&simulator, path).await;
    let list = all["property"].as_array().unwrap();
    for (name, value) in [("env.STAGE", "test"), ("build.number", "1")] {
        assert!(
            list.contains(&json!({"name": name, "value": value})),
            "{all}"
        );
    }
    let path = "/app/rest/builds/id:4711/resulting-properties/build.number";
    let one = super::client::get_as(&simulator, path, "text/plain").await;
    assert_eq!(one.text, "1");
}

#[tokio::test(start_paused = true)]
async fn who_canceled_is_a_resource_of_its_own() {
    let simulator = small();
    let path = "/app/rest/builds/id:4713/canceledInfo?fields=text,user(username)";
    let info = get_json(&simulator, path).await;
    assert_eq!(
        info,
        json!({"text": "I meant another commit", "user": {"username": "jane"}})
    );
    let path = "/app/rest/builds/id:4711/canceledInfo";
    assert_eq!(get(&simulator, path).await.status, 204);
}

#[tokio::test(start_paused = true)]
async fn conditions_are_combined() {
    let simulator = small();
    let all = async |more: &str| {
        found(
            &simulator,
            &format!("buildType:App_Build,defaultFilter:false,{more}"),
        )
        .await
    };
    assert_eq!(all("or:(status:FAILURE,canceled:true)").await, [4713, 4712]);
    assert_eq!(all("not:(status:SUCCESS)").await, [4713, 4712]);
    assert_eq!(
        all("or:(status:FAILURE,and:(status:SUCCESS,pinned:true))").await,
        [4712, 4711]
    );
}

#[tokio::test(start_paused = true)]
async fn artifacts_come_as_an_archive() {
    let simulator = small();
    for (path, has, lacks) in [
        ("", "reports/index.html", ".teamcity"),
        ("/reports", "index.html", "reports/"),
        ("?locator=pattern:*.txt", "app.txt", "index.html"),
    ] {
        let path = format!("/app/rest/builds/id:4711/artifacts/archived{path}");
        let archive = get(&simulator, &path).await;
        assert_eq!(archive.headers["content-type"], "application/zip");
        assert!(
            archive.text.contains(has) && !archive.text.contains(lacks),
            "{path}"
        );
    }
}
