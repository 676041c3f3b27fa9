//! What people change on a server: parameters, settings, steps, projects, configurations.

use serde_json::json;

use super::client::Answer;
use super::shop::{ask, jetbrains};

struct Desk {
    simulator: teamcity_simulator::Simulator,
    token: String,
}

impl Desk {
    fn open() -> Self {
        let (simulator, token) = jetbrains();
        Self { simulator, token }
    }
    async fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let path = format!("/app/rest/{path}");
        ask(&self.simulator, &self.token, method, &path, body).await
    }
    async fn get(&self, path: &str) -> serde_json::Value {
        let answer = self.ask("GET", path, "").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }
}

#[tokio::test(start_paused = true)]
async fn parameters_are_set_read_and_deleted() {
    let desk = Desk::open();
    for owner in ["projects/id:Sandbox", "buildTypes/id:Sandbox_Build"] {
        let one = format!("{owner}/parameters/env.NAME");
        let put = desk
            .ask("PUT", &one, "{\"name\":\"x\",\"value\":\"v\"}")
            .await;
        assert_eq!(put.json(), json!({"name": "env.NAME", "value": "v"}));
        let text = desk.ask("PUT", &format!("{one}/value"), "w").await;
        assert_eq!(text.text, "w");
        let names = desk
            .get(&format!("{owner}/parameters?fields=property(name,value)"))
            .await;
        let own = json!({"name": "env.NAME", "value": "w"});
        assert!(
            names["property"].as_array().unwrap().contains(&own),
            "{names}"
        );
        assert_eq!(desk.ask("DELETE", &one, "").await.status, 204);
        let gone = desk.ask("GET", &one, "").await;
        assert_eq!(gone.status, 404);
        assert!(
            gone.text
                .contains("No parameter with name 'env.NAME' is found.")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_is_never_given_back() {
    let desk = Desk::open();
    let one = "projects/id:Sandbox/parameters/secret";
    let body = json!({"value": "hunter2", "type": {"rawValue": "password"}}).to_string();
    let put = desk.ask("PUT", one, &body).await;
    assert_eq!(
        put.json(),
        json!({"name": "secret", "type": {"rawValue": "password"}})
    );
    assert!(
        !desk
            .ask("GET", "projects/id:Sandbox", "")
            .await
            .text
            .contains("hunter2")
    );
}

#[tokio::test(start_paused = true)]
async fn a_configuration_inherits_parameters_of_its_project() {
    let desk = Desk::open();
    let list = desk
        .get("buildTypes/id:Sandbox_Build/parameters?fields=property(name,inherited)")
        .await;
    assert_eq!(
        list["property"],
        json!([{"name": "env.STAGE", "inherited": true}])
    );
}

#[tokio::test(start_paused = true)]
async fn settings_have_defaults_and_refuse_unknown_names() {
    let desk = Desk::open();
    let settings = "buildTypes/id:Sandbox_Build/settings";
    let pattern = format!("{settings}/buildNumberPattern");
    let get = async || {
        let path = format!("{settings}?fields=property(name,value)");
        let all = desk.get(&path).await;
        let all = all["property"].as_array().unwrap().clone();
        let one = all
            .iter()
            .find(|it| it["name"] == "buildNumberPattern")
            .cloned();
        one.unwrap()["value"].clone()
    };
    assert_eq!(get().await, "%build.counter%");
    assert_eq!(
        desk.ask("PUT", &pattern, "2.0.%build.counter%")
            .await
            .status,
        200
    );
    assert_eq!(get().await, "2.0.%build.counter%");
    let unknown = format!("{settings}/colour");
    assert_eq!(desk.ask("GET", &unknown, "").await.status, 404);
    assert_eq!(desk.ask("PUT", &unknown, "red").await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn steps_come_and_go() {
    let desk = Desk::open();
    let steps = "buildTypes/id:Sandbox_Test/steps";
    let body = json!({"name": "Lint", "type": "simpleRunner",
        "properties": {"property": [{"name": "script.content", "value": "make lint"}]}});
    let made = desk.ask("POST", steps, &body.to_string()).await.json();
    assert_eq!(made["id"], "RUNNER_2");
    let list = desk
        .get(&format!("{steps}?fields=count,step(id,name,type)"))
        .await;
    assert_eq!(
        list,
        json!({"count": 2, "step": [
            {"id": "RUNNER_1", "name": "Test", "type": "simpleRunner"},
            {"id": "RUNNER_2", "name": "Lint", "type": "simpleRunner"},
        ]})
    );
    let one = format!("{steps}/RUNNER_2");
    assert_eq!(desk.ask("DELETE", &one, "").await.status, 204);
    assert_eq!(desk.ask("GET", &one, "").await.status, 404);
    assert_eq!(
        desk.ask("POST", steps, "{\"name\":\"x\"}").await.status,
        400
    );
}

#[tokio::test(start_paused = true)]
async fn chains_are_read_in_both_directions() {
    let desk = Desk::open();
    let path = "buildTypes/id:CLI_CiCd/snapshot-dependencies?fields=count,snapshot-dependency(id,source-buildType(id))";
    assert_eq!(
        desk.get(path).await,
        json!({"count": 2, "snapshot-dependency": [
            {"id": "CLI_Linux", "source-buildType": {"id": "CLI_Linux"}},
            {"id": "CLI_Windows", "source-buildType": {"id": "CLI_Windows"}},
        ]})
    );
    let path = "buildTypes?locator=snapshotDependency:(from:(id:CLI_Linux),recursive:false)&fields=buildType(id)";
    assert_eq!(
        desk.get(path).await["buildType"],
        json!([{"id": "CLI_CiCd"}])
    );
}

#[tokio::test(start_paused = true)]
async fn a_configuration_is_paused_made_and_deleted() {
    let desk = Desk::open();
    let paused = "buildTypes/id:Sandbox_Build/paused";
    assert_eq!(desk.ask("PUT", paused, "true").await.text, "true");
    let shown = desk.get("buildTypes/id:Sandbox_Build?fields=paused").await;
    assert_eq!(shown, json!({"paused": true}));
    let body = json!({"name": "From template", "project": {"id": "Sandbox"},
        "templates": {"buildType": [{"id": "Sandbox_Template"}]}});
    let made = desk
        .ask("POST", "buildTypes", &body.to_string())
        .await
        .json();
    assert_eq!(made["id"], "Sandbox_FromTemplate");
    let path = "buildTypes/id:Sandbox_FromTemplate?fields=templates(buildType(id))";
    let shown = desk.get(path).await;
    assert_eq!(
        shown["templates"]["buildType"],
        json!([{"id": "Sandbox_Template"}])
    );
    // A template in use stays.
    let template = "buildTypes/id:Sandbox_Template";
    assert_eq!(desk.ask("DELETE", template, "").await.status, 400);
    let path = "buildTypes/id:Sandbox_FromTemplate";
    assert_eq!(desk.ask("DELETE", path, "").await.status, 204);
    assert_eq!(desk.ask("GET", path, "").await.status, 404);
    assert_eq!(desk.ask("DELETE", template, "").await.status, 204);
}

#[tokio::test(start_paused = true)]
async fn a_project_takes_all_that_is_in_it_along() {
    let desk = Desk::open();
    let body = json!({"name": "Child of it", "parentProject": {"locator": "id:Sandbox"}});
    let made = desk.ask("POST", "projects", &body.to_string()).await.json();
    assert_eq!(made["id"], "Sandbox_ChildOfIt");
    let list = desk
        .get("projects?locator=project:Sandbox&fields=project(id,parentProjectId)")
        .await;
    assert_eq!(
        list["project"],
        json!([{"id": "Sandbox_ChildOfIt", "parentProjectId": "Sandbox"}])
    );
    assert_eq!(
        desk.ask("POST", "projects", &body.to_string()).await.status,
        400
    );
    assert_eq!(
        desk.ask("DELETE", "projects/id:Sandbox", "").await.status,
        204
    );
    for path in [
        "projects/id:Sandbox_ChildOfIt",
        "buildTypes/id:Sandbox_Build",
        "vcs-roots/id:Sandbox_Git",
    ] {
        assert_eq!(desk.ask("GET", path, "").await.status, 404, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn connections_and_roots_are_made_in_a_project() {
    let desk = Desk::open();
    let features = "projects/id:Sandbox/projectFeatures";
    let body = json!({"type": "OAuthProvider", "properties": {"property": [
        {"name": "displayName", "value": "registry"},
        {"name": "secure:userPass", "value": "hunter2"},
    ]}});
    let made = desk.ask("POST", features, &body.to_string()).await;
    assert!(!made.text.contains("hunter2"), "{}", made.text);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let path = format!("{features}?locator=type:OAuthProvider&fields=projectFeature(id)");
    assert_eq!(desk.get(&path).await["projectFeature"], json!([{"id": id}]));
    let one = format!("{features}/id:{id}");
    assert_eq!(desk.ask("DELETE", &one, "").await.status, 204);
    assert_eq!(desk.ask("GET", &one, "").await.status, 404);

    let body = json!({"id": "Sandbox_Other", "name": "other", "vcsName": "jetbrains.git",
        "project": {"id": "Sandbox"},
        "properties": {"property": [{"name": "url", "value": "https://example.com/o.git"}]}});
    assert_eq!(
        desk.ask("POST", "vcs-roots", &body.to_string())
            .await
            .status,
        200
    );
    let path = "vcs-roots?locator=affectedProject:Sandbox&fields=vcs-root(id)";
    assert_eq!(
        desk.get(path).await["vcs-root"],
        json!([{"id": "Sandbox_Git"}, {"id": "Sandbox_Other"}])
    );
    assert_eq!(
        desk.ask("DELETE", "vcs-roots/id:Sandbox_Git", "")
            .await
            .status,
        400
    );
    assert_eq!(
        desk.ask("DELETE", "vcs-roots/id:Sandbox_Other", "")
            .await
            .status,
        204
    );
}

#[tokio::test(start_paused = true)]
async fn a_secure_value_comes_back_to_administrators_alone() {
    let (simulator, admin) = jetbrains();
    let shop = teamcity_simulator::Shop::parse(include_str!("../../shops/jetbrains.yml")).unwrap();
    let developer = shop.tokens()[1].1.to_owned();
    let tokens = "/app/rest/projects/Sandbox/secure/tokens";
    let mut request = super::client::request("POST", tokens)
        .header("content-type", "text/plain")
        .body(bytes::Bytes::from_static(b"hunter2"))
        .unwrap();
    let headers = request.headers_mut();
    headers.insert("accept", "text/plain".parse().unwrap());
    headers.insert(
        "authorization",
        format!("Bearer {developer}").parse().unwrap(),
    );
    let token = super::client::send(&simulator, request).await.text;
    assert!(token.starts_with("credentialsJSON:"), "{token}");
    let path = format!("/app/rest/projects/Sandbox/secure/values/{token}");
    for (who, status) in [(&developer, 403), (&admin, 200)] {
        let mut request = super::client::request("GET", &path)
            .body(bytes::Bytes::new())
            .unwrap();
        let headers = request.headers_mut();
        headers.insert("accept", "text/plain".parse().unwrap());
        headers.insert("authorization", format!("Bearer {who}").parse().unwrap());
        let answer = super::client::send(&simulator, request).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.text == "hunter2", status == 200);
    }
}

#[tokio::test(start_paused = true)]
async fn settings_are_exported_as_an_archive() {
    let (simulator, token) = jetbrains();
    for (format, file) in [("kotlin", "settings.kts"), ("xml", "project-config.xml")] {
        let path = format!(
            "/admin/versionedSettingsActions.html?projectId=Sandbox&action=generate&format={format}&version=latest&useRelativeIds=true"
        );
        let archive = ask(&simulator, &token, "GET", &path, "").await;
        assert_eq!(archive.headers["content-type"], "application/zip");
        assert!(archive.text.starts_with("PK"));
        assert!(archive.text.contains(file));
    }
}

#[tokio::test(start_paused = true)]
async fn users_are_made_and_found() {
    let desk = Desk::open();
    let body = json!({"username": "kim", "password": "p", "roles": {"role": [
        {"roleId": "SYSTEM_ADMIN", "scope": "g"}]}});
    assert_eq!(
        desk.ask("POST", "users", &body.to_string()).await.status,
        200
    );
    assert_eq!(
        desk.ask("POST", "users", &body.to_string()).await.status,
        400
    );
    let kim = desk
        .get("users/username:kim?fields=username,roles(role(roleId))")
        .await;
    assert_eq!(kim["roles"]["role"][0]["roleId"], "SYSTEM_ADMIN");
    let all = desk.get("users?fields=user(username)").await;
    assert_eq!(all["user"].as_array().unwrap().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_configuration_is_tied_to_roots_templates_and_others() {
    let desk = Desk::open();
    let body = json!({"name": "New", "project": {"id": "Sandbox"}}).to_string();
    assert_eq!(desk.ask("POST", "buildTypes", &body).await.status, 200);
    let of = "buildTypes/id:Sandbox_New";
    let ties = [
        (
            "vcs-root-entries",
            json!({"id": "Sandbox_Git"}),
            "Sandbox_Git",
        ),
        (
            "templates",
            json!({"id": "Sandbox_Template"}),
            "Sandbox_Template",
        ),
        (
            "snapshot-dependencies",
            json!({"source-buildType": {"id": "Sandbox_Test"}}),
            "Sandbox_Test",
        ),
    ];
    for (path, body, id) in ties {
        let path = format!("{of}/{path}");
        let made = desk.ask("POST", &path, &body.to_string()).await;
        assert_eq!(made.status, 200, "{path}: {}", made.text);
        assert!(desk.ask("GET", &path, "").await.text.contains(id));
        assert_eq!(
            desk.ask("DELETE", &format!("{path}/id:{id}"), "")
                .await
                .status,
            204
        );
        assert!(!desk.ask("GET", &path, "").await.text.contains(id));
    }
    // What depends on it already can't be depended on.
    let circle = json!({"source-buildType": {"id": "Sandbox_Test"}}).to_string();
    let path = "buildTypes/id:Sandbox_Build/snapshot-dependencies";
    assert_eq!(desk.ask("POST", path, &circle).await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_build_asks_for_an_agent_in_several_ways() {
    let desk = Desk::open();
    let order = |agent: serde_json::Value| {
        json!({"buildType": {"id": "CLI_Linux"}, "agent": agent}).to_string()
    };
    for (agent, id) in [
        (json!({"id": 2}), 2),
        (json!({"locator": "name:windows-agent-1"}), 2),
        (json!({"pool": {"id": 1}}), 2),
        (json!({"typeId": 1}), 1),
    ] {
        let queued = desk.ask("POST", "buildQueue", &order(agent.clone())).await;
        assert_eq!(queued.json()["agent"]["id"], id, "{agent}: {}", queued.text);
    }
    let refused = desk
        .ask(
            "POST",
            "buildQueue",
            &order(json!({"name": "linux-agent-1"})),
        )
        .await;
    assert_eq!(refused.status, 400);
}
