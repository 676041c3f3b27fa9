//! Agents and their pools.

use serde_json::json;

use super::client::get_json;
use super::shop::{ask, jetbrains, small};

#[tokio::test(start_paused = true)]
async fn agents_tell_whether_they_are_ready() {
    let simulator = small();
    let list = get_json(
        &simulator,
        "/app/rest/agents?locator=authorized:true&fields=count,agent(id,connected,uptodate)",
    )
    .await;
    assert_eq!(
        list,
        json!({"count": 2, "agent": [
            {"id": 1, "connected": true, "uptodate": true},
            {"id": 2, "connected": true, "uptodate": true},
        ]})
    );
}

#[tokio::test(start_paused = true)]
async fn agents_are_enabled_and_authorized_by_a_text() {
    let (simulator, token) = jetbrains();
    for field in ["enabled", "authorized"] {
        for value in ["false", "true"] {
            let path = format!("/app/rest/agents/id:1/{field}");
            let put = ask(&simulator, &token, "PUT", &path, value).await;
            assert_eq!((put.status, put.text.as_str()), (200, value));
            let path = format!("/app/rest/agents/id:1?fields={field}");
            let agent = ask(&simulator, &token, "GET", &path, "").await.json();
            assert_eq!(agent[field].to_string(), value);
        }
    }
    let path = "/app/rest/agents/id:1/colour";
    assert_eq!(
        ask(&simulator, &token, "PUT", path, "red").await.status,
        400
    );
    let path = "/app/rest/agents/id:77";
    let missing = ask(&simulator, &token, "GET", path, "").await;
    assert_eq!(missing.status, 404);
    assert!(missing.text.contains("No agent can be found by id '77'."));
    // A developer of the small shop may look, but not switch.
    let path = "/app/rest/agents/id:1/enabled";
    let refused = ask(
        &small(),
        teamcity_simulator::Scenario::TOKEN,
        "PUT",
        path,
        "false",
    )
    .await;
    assert_eq!(refused.status, 403);
}

#[tokio::test(start_paused = true)]
async fn what_an_agent_can_run_follows_from_pools_and_requirements() {
    let (simulator, token) = jetbrains();
    let get = async |path: &str| ask(&simulator, &token, "GET", path, "").await.json();
    let path = "/app/rest/agents/id:1/incompatibleBuildTypes?fields=count,compatibility(compatible,buildType(id),unmetRequirements(description))";
    assert_eq!(
        get(path).await,
        json!({"count": 1, "compatibility": [{
            "compatible": false,
            "buildType": {"id": "CLI_Windows"},
            "unmetRequirements": {"description": "Unmet requirements:\n\tteamcity.agent.jvm.os.name contains Windows"},
        }]})
    );
    let path = "/app/rest/agents/id:2/compatibleBuildTypes?fields=buildType(id)";
    assert_eq!(
        get(path).await["buildType"],
        json!([{"id": "CLI_CiCd"}, {"id": "CLI_Linux"}, {"id": "CLI_Windows"}])
    );
    let windows = get("/app/rest/builds/buildType:CLI_Windows?fields=id").await;
    let id = windows["id"].as_u64().unwrap();
    for (kind, agents) in [
        ("compatible", json!([{"id": 2}])),
        ("incompatible", json!([{"id": 1}])),
    ] {
        let path = format!(
            "/app/rest/agents?locator={kind}:(build:(id:{id})),defaultFilter:false&fields=agent(id)"
        );
        assert_eq!(get(&path).await["agent"], agents, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_names_the_build_that_it_runs() {
    let (simulator, token) = jetbrains();
    let body = json!({"buildType": {"id": "Sandbox_Build"}}).to_string();
    let queued = ask(&simulator, &token, "POST", "/app/rest/buildQueue", &body).await;
    let id = queued.json()["id"].clone();
    tokio::time::advance(std::time::Duration::from_secs(3)).await;
    let path = "/app/rest/agents/name:linux-agent-1?fields=id,build(id,state)";
    let agent = ask(&simulator, &token, "GET", path, "").await.json();
    assert_eq!(
        agent,
        json!({"id": 1, "build": {"id": id, "state": "running"}})
    );
    tokio::time::advance(std::time::Duration::from_secs(9)).await;
    let agent = ask(&simulator, &token, "GET", path, "").await.json();
    assert_eq!(agent, json!({"id": 1}));
}

#[tokio::test(start_paused = true)]
async fn pools_have_projects_and_agents() {
    let (simulator, token) = jetbrains();
    let go = async |method: &str, path: &str, body: &str| {
        ask(&simulator, &token, method, path, body).await
    };
    let path =
        "/app/rest/agentPools/id:0?fields=id,name,projects(project(id)),agents(count,agent(name))";
    assert_eq!(
        go("GET", path, "").await.json(),
        json!({
            "id": 0,
            "name": "Default",
            "projects": {"project": [{"id": "_Root"}, {"id": "Sandbox"}, {"id": "CLI"}]},
            "agents": {"count": 1, "agent": [{"name": "linux-agent-1"}]},
        })
    );
    let projects = "/app/rest/agentPools/id:0/projects";
    let gone = go("DELETE", &format!("{projects}/id:Sandbox"), "").await;
    assert_eq!(gone.status, 204);
    let list = go("GET", &format!("{projects}?fields=project(id)"), "").await;
    assert_eq!(
        list.json()["project"],
        json!([{"id": "_Root"}, {"id": "CLI"}])
    );
    assert_eq!(
        go("POST", projects, "{\"id\":\"Sandbox\"}").await.status,
        200
    );
    let moved = go("PUT", "/app/rest/agents/id:2/pool", "{\"id\":0}").await;
    assert_eq!(moved.json()["name"], "Default");
    for locator in ["pool:(name:Default)", "pool:(id:0)"] {
        let path = format!("/app/rest/agents?locator={locator}&fields=count");
        assert_eq!(go("GET", &path, "").await.json()["count"], 2, "{locator}");
    }
    let made = go("POST", "/app/rest/agentPools", "{\"name\":\"Fast\"}").await;
    assert_eq!(made.json()["id"], 2);
    let gone = go("DELETE", "/app/rest/agentPools/id:2", "").await;
    assert_eq!(gone.status, 204);
    let missing = go("GET", "/app/rest/agentPools/id:9", "").await;
    assert_eq!(missing.status, 404);
    assert!(
        missing
            .text
            .contains("Nothing is found by locator 'count:1,id:9,orphanedPool:false'.")
    );
}

#[tokio::test(start_paused = true)]
async fn a_build_that_no_agent_can_run_waits_and_says_so() {
    let (simulator, token) = jetbrains();
    let go = async |method: &str, path: &str, body: &str| {
        let path = format!("/app/rest/{path}");
        ask(&simulator, &token, method, &path, body).await.json()
    };
    // Only the Windows agent meets its requirements; the build must run on the other one.
    let body = json!({"buildType": {"id": "CLI_Windows"}, "agent": {"id": 1}}).to_string();
    let id = go("POST", "buildQueue", &body).await["id"].clone();
    tokio::time::advance(std::time::Duration::from_secs(3600)).await;
    let build = go(
        "GET",
        &format!("builds/id:{id}?fields=state,waitReason"),
        "",
    )
    .await;
    assert_eq!(
        build,
        json!({"state": "queued", "waitReason": "There are no compatible agents which can run this build"})
    );
}
