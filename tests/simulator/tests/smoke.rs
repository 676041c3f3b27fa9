//! One whole run in the process on paused time.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use teamcity_simulator::{Scenario, Simulator};

async fn call(
    simulator: &Simulator,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> (u16, Value) {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {}", Scenario::TOKEN))
        .header("accept", "application/json")
        .header("user-agent", "test/1");
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
    let mut answer = simulator.handle(request.body(body).unwrap()).await.unwrap();
    let text = answer.body_mut().read().await.unwrap();
    (
        answer.status().as_u16(),
        serde_json::from_slice(&text).unwrap_or_else(|_| json!(String::from_utf8_lossy(&text))),
    )
}

#[tokio::test(start_paused = true)]
async fn a_build_runs_from_queue_to_success() {
    let simulator = Simulator::start(Scenario::new());
    let (status, build) = call(&simulator, "POST", "/app/rest/buildQueue", Some(json!({
        "buildType": {"id": "App_Build"}, "branchName": "feature/x",
        "revisions": {"revision": [{"version": Scenario::COMMIT, "vcsBranchName": "refs/heads/feature/x", "vcs-root-instance": {"vcs-root-id": "App_Git"}}]},
        "tags": {"tag": [{"name": "t1"}]}, "comment": {"text": "hello"}
    }))).await;
    assert_eq!(status, 200, "{build}");
    assert_eq!(build["id"], 4711);
    assert_eq!(build["state"], "queued");
    println!("{build:#}");
    tokio::time::sleep(Duration::from_secs(10)).await;
    let (_, build) = call(&simulator, "GET", "/app/rest/builds/id:4711", None).await;
    assert_eq!(build["state"], "running");
    println!("{build:#}");
    tokio::time::sleep(Duration::from_secs(100)).await;
    let (_, build) = call(&simulator, "GET", "/app/rest/builds/id:4711?fields=state,status,statusText,failedToStart,revisions(revision(version,vcs-root-instance(vcs-root-id)))", None).await;
    println!("{build:#}");
    assert_eq!(build["status"], "SUCCESS");
    assert_eq!(build["failedToStart"], false);
    for path in [
        "/app/rest/server",
        "/app/rest/users/current",
        "/app/rest/users/current/tokens",
        "/app/rest/users/current/permissions?locator=permission:run_build,project:(id:App)&fields=permissionAssignment(permission(id),project(id))",
        "/app/rest/buildTypes/id:App_Build",
        "/app/rest/buildTypes/id:App_Build/vcs-root-entries?fields=vcs-root-entry(id,vcs-root(id,properties(property(name,value))))",
        "/app/rest/buildTypes/id:App_Build/branches?locator=policy:ALL_BRANCHES,default:any&fields=branch(name,internalName,default,active)",
        "/app/rest/changes?locator=version:4f2a9c01d3b7e8f6a5c4b3d2e1f00918273645ab,buildType:(id:App_Build)&fields=change(id,version,date)",
        "/app/rest/vcs-roots",
        "/app/rest/vcs-root-instances?locator=property:(name:url,value:acme,matchType:contains,ignoreCase:true)",
        "/app/rest/builds?locator=buildType:(id:App_Build),tag:t1,state:any,defaultFilter:false,count:10&fields=count,nextHref,build(id,state)",
        "/app/rest/builds?locator=item:(id:4711),item:(id:4711),item:(id:5)&fields=build(id,state)",
        "/app/rest/testOccurrences?locator=build:(id:4711),status:FAILURE,count:100&fields=count,testOccurrence(id,name)",
        "/app/rest/problemOccurrences?locator=build:(id:4711)&fields=count,problemOccurrence(id,type)",
        "/app/messages?buildId=4711&messagesCount=0,-100&target=tail&expandAll=true",
        "/downloadBuildLog.html?buildId=4711&plain=true",
        "/app/rest/builds/id:4711/artifacts/children?locator=recursive:true",
    ] {
        let (status, answer) = call(&simulator, "GET", path, None).await;
        println!("{path}\n{status} {answer}\n");
        assert_eq!(status, 200, "{path}");
    }
}
