//! Tokens, permissions, CSRF, modes.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use serde_json::json;
use teamcity_simulator::{BuildType, Grant, Mode, Project, Scenario, Simulator, Token, User};

use crate::client::{get, get_as, get_json, post, posting, request, send};

fn with_token(path: &str, token: &str) -> Request<Bytes> {
    let mut request = request("GET", path).body(Bytes::new()).unwrap();
    request
        .headers_mut()
        .insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

#[tokio::test(start_paused = true)]
async fn refusals_are_text_before_rest() {
    let simulator = Simulator::start(Scenario::new());
    let none = Request::builder()
        .uri("/app/rest/users/current")
        .header("accept", "application/json")
        .body(Bytes::new())
        .unwrap();
    let answer = send(&simulator, none).await;
    assert_eq!(answer.status, 401);
    assert_eq!(
        answer.text,
        "Authentication required\nTo login manually go to \"/login.html\" page"
    );
    assert_eq!(answer.headers.get_all("www-authenticate").iter().count(), 2);
    let bad = send(
        &simulator,
        with_token("/app/rest/users/current", "nonsense"),
    )
    .await;
    assert!(
        bad.text.starts_with(
            "Invalid authentication request or authentication scheme is not supported\n"
        ),
        "{}",
        bad.text
    );
    assert_eq!(
        send(
            &simulator,
            with_token("/app/rest/server/version", "nonsense")
        )
        .await
        .status,
        406
    );
    let version = get_as(&simulator, "/app/rest/server/version", "text/plain").await;
    assert_eq!(version.text, "2025.11 (build 197398)");
}

#[tokio::test(start_paused = true)]
async fn browsers_are_sent_to_the_login_page() {
    let simulator = Simulator::start(Scenario::new().context_path("/teamcity"));
    let browser = Request::builder()
        .uri("/teamcity/app/rest/server")
        .header("user-agent", "Mozilla/5.0")
        .body(Bytes::new())
        .unwrap();
    let answer = send(&simulator, browser).await;
    assert_eq!(
        (answer.status, answer.headers["location"].to_str().unwrap()),
        (302, "/teamcity/login.html")
    );
}

#[tokio::test(start_paused = true)]
async fn tokens_expire_and_are_revoked() {
    let scenario =
        Scenario::new().token(Token::new("short", "ci", "short").expires(Duration::from_secs(60)));
    let simulator = Simulator::start(scenario);
    assert_eq!(
        send(&simulator, with_token("/app/rest/users/current", "short"))
            .await
            .status,
        200
    );
    let tokens = get_json(&simulator, "/app/rest/users/current/tokens").await;
    assert_eq!(tokens["token"][1]["expirationTime"], "20260115T100100+0000");
    assert!(tokens["token"][0].get("expirationTime").is_none());
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(
        send(&simulator, with_token("/app/rest/users/current", "short"))
            .await
            .status,
        401
    );
    simulator.revoke_token(Scenario::TOKEN);
    assert_eq!(get(&simulator, "/app/rest/users/current").await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_made_shown_once_and_deleted() {
    let simulator = Simulator::start(Scenario::new());
    let made = post(
        &simulator,
        "/app/rest/users/current/tokens",
        json!({"name": "new", "expirationTime": "20260116T100000+0000"}),
    )
    .await
    .json();
    let value = made["value"].as_str().unwrap().to_owned();
    assert_eq!(
        send(&simulator, with_token("/app/rest/users/current", &value))
            .await
            .status,
        200
    );
    assert_eq!(
        post(
            &simulator,
            "/app/rest/users/current/tokens",
            json!({"name": "new"})
        )
        .await
        .status,
        400
    );
    let past = post(
        &simulator,
        "/app/rest/users/current/tokens",
        json!({"name": "old", "expirationTime": "20250101T000000+0000"}),
    )
    .await;
    assert!(
        past.text
            .contains("expirationDate should be after the current date"),
        "{}",
        past.text
    );
    let delete = request("DELETE", "/app/rest/users/current/tokens/new")
        .body(Bytes::new())
        .unwrap();
    assert_eq!(send(&simulator, delete.clone()).await.status, 204);
    assert_eq!(send(&simulator, delete).await.status, 404);
    assert_eq!(
        send(&simulator, with_token("/app/rest/users/current", &value))
            .await
            .status,
        401
    );
}

#[tokio::test(start_paused = true)]
async fn a_limited_token_does_not_see_what_is_out_of_its_scope() {
    let limits =
        ["view_project", "run_build"].map(|permission| Grant::in_project("Lib", permission));
    let scenario = Scenario::new()
        .project(Project::new("Lib"))
        .build_type(BuildType::new("Lib_Build").project("Lib"))
        .token(Token::new("limited", "ci", "limited").limited_to(limits));
    let simulator = Simulator::start(scenario.clone());
    assert_eq!(
        send(
            &simulator,
            with_token("/app/rest/buildTypes/id:Lib_Build", "limited")
        )
        .await
        .status,
        200
    );
    assert_eq!(
        send(
            &simulator,
            with_token("/app/rest/buildTypes/id:App_Build", "limited")
        )
        .await
        .status,
        404
    );
    let list = send(&simulator, with_token("/app/rest/buildTypes", "limited"))
        .await
        .json();
    assert_eq!(list["count"], 1);
    let mut posted = posting(
        "/app/rest/buildQueue",
        &json!({"buildType": {"id": "Lib_Build"}, "properties": {"property": [{"name": "a", "value": "b"}]}}),
    );
    posted
        .headers_mut()
        .insert("authorization", "Bearer limited".parse().unwrap());
    let answer = send(&simulator, posted).await;
    assert_eq!(answer.status, 403);
    assert!(answer.text.contains("You do not have \\\"Customize build parameters\\\" permission in project with internal id: project3."), "{}", answer.text);
    // Before 2022.08 it was for REST alone.
    let old = Simulator::start(scenario.version("2021.1"));
    assert_eq!(
        send(&old, with_token("/app/messages?buildId=1", "limited"))
            .await
            .status,
        401
    );
}

#[tokio::test(start_paused = true)]
async fn permissions_are_listed_by_project_and_global_ones_come_without_it() {
    let simulator = Simulator::start(
        Scenario::new().user(
            User::new("ci")
                .no_permissions()
                .grant(Grant::in_project("App", "run_build"))
                .grant(Grant::everywhere("view_project")),
        ),
    );
    let path = "/app/rest/users/current/permissions?locator=permission:RUN_BUILD,project:(id:App)";
    let list = get_json(&simulator, path).await;
    assert_eq!(
        list["permissionAssignment"][0]["permission"]["id"],
        "run_build"
    );
    assert_eq!(list["permissionAssignment"][0]["project"]["id"], "App");
    let list = get_json(
        &simulator,
        "/app/rest/users/current/permissions?locator=permission:view_project,project:(id:App)",
    )
    .await;
    assert_eq!(list["permissionAssignment"][0]["isGlobalScope"], true);
    assert!(list["permissionAssignment"][0].get("project").is_none());
    for bad in [
        "permission:fly",
        "permission:run_build,project:(id:Nope)",
        "colour:red",
    ] {
        assert_eq!(
            get(
                &simulator,
                &format!("/app/rest/users/current/permissions?locator={bad}")
            )
            .await
            .status,
            400,
            "{bad}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_cookie_on_a_post_needs_a_csrf_token_when_strict() {
    let simulator = Simulator::start(Scenario::new().strict_csrf(true));
    let mut posted = posting(
        "/app/rest/buildQueue",
        &json!({"buildType": {"id": "App_Build"}}),
    );
    posted
        .headers_mut()
        .insert("cookie", "TCSESSIONID=1".parse().unwrap());
    let answer = send(&simulator, posted.clone()).await;
    assert_eq!(answer.status, 403);
    assert!(
        answer
            .text
            .starts_with("Responding with 403 status code due to failed CSRF check")
    );
    posted
        .headers_mut()
        .insert("x-tc-csrf-token", "t".parse().unwrap());
    assert_eq!(send(&simulator, posted).await.status, 200);
    assert!(
        simulator
            .violations()
            .iter()
            .any(|line| line.ends_with("a cookie"))
    );
}

#[tokio::test(start_paused = true)]
async fn modes_of_the_server() {
    let simulator = Simulator::start(Scenario::new());
    simulator.set_mode(Mode::Starting);
    let answer = get(&simulator, "/app/rest/server/version").await;
    assert_eq!(answer.status, 503);
    assert!(answer.text.contains("Stage: APPLICATION_STARTING"));
    assert_eq!(get(&simulator, "/healthCheck/healthy").await.status, 200);
    simulator.set_mode(Mode::ReadOnlyNode);
    let answer = post(
        &simulator,
        "/app/rest/buildQueue",
        json!({"buildType": {"id": "App_Build"}}),
    )
    .await;
    assert_eq!(answer.status, 400);
    assert_eq!(get(&simulator, "/app/rest/server").await.status, 200);
    simulator.set_mode(Mode::SsoGateway { redirect: false });
    assert_eq!(
        get(&simulator, "/app/rest/server").await.headers["content-type"],
        "text/html;charset=utf-8"
    );
    simulator.set_mode(Mode::ProxyError(502));
    assert_eq!(get(&simulator, "/app/rest/server").await.status, 502);
    simulator.set_mode(Mode::Ready);
    simulator.restart_for(Duration::from_secs(90));
    assert!(
        simulator
            .handle(
                request("GET", "/app/rest/server")
                    .body(Bytes::new())
                    .unwrap()
            )
            .await
            .is_err()
    );
    tokio::time::advance(Duration::from_secs(40)).await;
    assert_eq!(get(&simulator, "/app/rest/server").await.status, 503);
    tokio::time::advance(Duration::from_secs(50)).await;
    assert_eq!(get(&simulator, "/app/rest/server").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn frowned_upon_requests_are_named() {
    let simulator = Simulator::start(Scenario::new());
    get(
        &simulator,
        "/app/rest/builds?locator=state:any&fields=build(id)",
    )
    .await;
    assert_eq!(simulator.violations(), Vec::<String>::new());
    get(&simulator, "/app/rest/builds?locator=state:any").await;
    get(
        &simulator,
        &format!("/app/rest/server?token={}", Scenario::TOKEN),
    )
    .await;
    for _ in 0..5 {
        send(&simulator, with_token("/app/rest/server", "bad")).await;
        // Those of one moment count as one.
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let found = simulator.violations();
    assert_eq!(
        found,
        [
            "GET /app/rest/builds: a list without fields",
            "GET /app/rest/server: a token in the URL",
            "GET /app/rest/server: keeps asking after 401"
        ]
    );
}
