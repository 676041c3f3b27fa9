//! Shops: servers from a file, with builds that are there from the start.

use bytes::Bytes;
use serde_json::json;
use teamcity_simulator::{Shop, Simulator};

use super::client::{Answer, found, get_json, request, send};

const JETBRAINS: &str = include_str!("../../shops/jetbrains.yml");

pub(crate) fn small() -> Simulator {
    Simulator::start(Shop::parse(Shop::SMALL).unwrap().scenario())
}

/// JetBrains' shop, and the token of its administrator.
pub(crate) fn jetbrains() -> (Simulator, String) {
    let shop = Shop::parse(JETBRAINS).unwrap();
    let token = shop.tokens()[0].1.to_owned();
    (Simulator::start(shop.scenario()), token)
}

/// A request with a token, a text or JSON for a body.
pub(crate) async fn ask(
    simulator: &Simulator,
    token: &str,
    method: &str,
    path: &str,
    body: &str,
) -> Answer {
    let kind = if body.starts_with('{') {
        "application/json"
    } else {
        "text/plain"
    };
    let mut request = request(method, path)
        .header("content-type", kind)
        .body(Bytes::from(body.to_owned()))
        .unwrap();
    let headers = request.headers_mut();
    headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    if kind == "text/plain" && method == "PUT" {
        headers.insert("accept", "text/plain".parse().unwrap());
    }
    send(simulator, request).await
}

#[tokio::test(start_paused = true)]
async fn the_small_shop_has_a_past() {
    let simulator = small();
    let builds = get_json(
        &simulator,
        "/app/rest/builds?locator=defaultFilter:false,state:any&fields=build(id,buildTypeId,state,status,branchName,statusText,pinned,finishDate)",
    )
    .await;
    let builds = builds["build"].as_array().unwrap().clone();
    let line = |build: &serde_json::Value| {
        ["buildTypeId", "status", "branchName"]
            .map(|name| build[name].as_str().unwrap_or("-").to_owned())
            .join(" ")
    };
    let lines: Vec<String> = builds.iter().map(line).collect();
    assert!(builds.iter().all(|build| build["state"] == "finished"));
    // The chain took the green build of the same commit, and made what it lacked.
    assert_eq!(
        lines,
        [
            "App_Test SUCCESS main",
            "App_All SUCCESS main",
            "App_Build UNKNOWN main",
            "App_Build FAILURE feature/login",
            "App_Build SUCCESS main",
        ]
    );
    assert_eq!(builds[4]["pinned"], true);
    // Dates lie before the first request; the server's own date is where it always was.
    assert_eq!(builds[4]["finishDate"], "20260113T100022+0000");
    let server = get_json(&simulator, "/app/rest/server?fields=currentTime").await;
    assert_eq!(server["currentTime"], "20260115T100000+0000");
    // The default filter hides what it hides.
    assert_eq!(found(&simulator, "buildType:App_Build").await, [4711]);
}

#[tokio::test(start_paused = true)]
async fn a_password_opens_and_a_wrong_one_does_not() {
    use base64::Engine as _;
    let simulator = small();
    for (password, status) in [("jane", 200), ("joan", 401)] {
        let credentials =
            base64::engine::general_purpose::STANDARD.encode(format!("jane:{password}"));
        let mut request = request("GET", "/app/rest/users/current?fields=username")
            .body(Bytes::new())
            .unwrap();
        request.headers_mut().insert(
            "authorization",
            format!("Basic {credentials}").parse().unwrap(),
        );
        assert_eq!(send(&simulator, request).await.status, status);
    }
}

#[tokio::test(start_paused = true)]
async fn a_guest_looks_and_changes_nothing_where_guests_are_welcome() {
    let stranger = |method: &str, path: &str| {
        let mut request = request(method, path)
            .header("content-type", "application/json")
            .body(Bytes::from_static(
                b"{\"buildType\":{\"id\":\"Sandbox_Build\"}}",
            ))
            .unwrap();
        request.headers_mut().remove("authorization");
        request
    };
    let (simulator, _) = jetbrains();
    let path = "/guestAuth/app/rest/projects?fields=project(id,href)";
    let answer = send(&simulator, stranger("GET", path)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(
        answer.json()["project"][1]["href"],
        "/guestAuth/app/rest/projects/id:Sandbox"
    );
    let path = "/app/rest/projects?guest=1";
    assert_eq!(send(&simulator, stranger("GET", path)).await.status, 200);
    let path = "/guestAuth/app/rest/buildQueue";
    assert_eq!(send(&simulator, stranger("POST", path)).await.status, 403);
    let path = "/guestAuth/app/rest/server";
    assert_eq!(send(&small(), stranger("GET", path)).await.status, 401);
}

#[test]
fn a_shop_names_only_what_it_has() {
    let complaint = |text: &str| Shop::parse(text).unwrap_err().to_string();
    let project = "projects:\n  - id: P\n    configurations:\n      - id: P_B\n";
    assert_eq!(
        complaint(&format!("{project}        roots: [Nowhere]\n")),
        "configuration P_B: there is no VCS root Nowhere"
    );
    assert_eq!(
        complaint(&format!("{project}        depends-on: [P_A]\n")),
        "configuration P_B: there is no configuration P_A"
    );
    assert_eq!(
        complaint("builds:\n  - configuration: X\n    ago: 1h\n"),
        "builds: there is no configuration X"
    );
    assert_eq!(
        complaint("agents:\n  - {id: 1, name: a, pool: 7}\n"),
        "agent a: there is no pool 7"
    );
    assert_eq!(
        complaint("users:\n  - username: a\n  - username: a\n"),
        "user a is there twice"
    );
    assert_eq!(
        complaint(&format!("{project}        depends-on: [P_B]\n")),
        "configuration P_B: it leads back to itself by depends-on"
    );
    assert!(complaint("colour: green\n").contains("colour"));
    assert!(
        complaint("builds:\n  - configuration: X\n    ago: soon\n").contains("soon is no length")
    );
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_is_its_head_and_its_jobs() {
    let (simulator, token) = jetbrains();
    let path =
        "/app/rest/pipelines?fields=count,pipeline(id,headBuildType(id),jobs(count,job(id)))";
    let list = ask(&simulator, &token, "GET", path, "").await.json();
    assert_eq!(
        list,
        json!({"count": 1, "pipeline": [{
            "id": "CLI_CiCd",
            "headBuildType": {"id": "CLI_CiCd"},
            "jobs": {"count": 2, "job": [{"id": "CLI_Linux"}, {"id": "CLI_Windows"}]},
        }]})
    );
    let path = "/app/rest/builds/buildType:CLI_CiCd?fields=id,pipelineRun(number,pipeline(name),jobs(job(id,build(id))))";
    let run = ask(&simulator, &token, "GET", path, "").await.json();
    let head = run["id"].as_u64().unwrap();
    assert_eq!(
        run["pipelineRun"],
        json!({"number": "1", "pipeline": {"name": "CI/CD"}, "jobs": {"job": [
            {"id": "CLI_Linux", "build": {"id": head + 1}},
            {"id": "CLI_Windows", "build": {"id": head + 2}},
        ]}})
    );
}
