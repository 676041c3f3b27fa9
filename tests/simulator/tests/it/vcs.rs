//! Branches, changes, roots, commit hooks.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use teamcity_simulator::{Discovery, Root, Scenario, Simulator};

use crate::client::{get, get_as, get_json, request, send};

const NEW: &str = "2222222222222222222222222222222222222222";
const S: fn(u64) -> Duration = Duration::from_secs;

async fn hook(simulator: &Simulator, query: &str) -> crate::client::Answer {
    let mut request = request(
        "POST",
        &format!("/app/rest/vcs-root-instances/commitHookNotification?{query}"),
    )
    .body(Bytes::new())
    .unwrap();
    request
        .headers_mut()
        .insert("accept", "text/plain".parse().unwrap());
    send(simulator, request).await
}

#[tokio::test(start_paused = true)]
async fn a_hook_makes_a_push_known_after_a_while() {
    let simulator = Simulator::start(Scenario::new().undiscovered(
        "App_Git",
        "feature/new",
        NEW,
        Discovery::OnHook(S(7)),
    ));
    let branches = "/app/rest/buildTypes/id:App_Build/branches?locator=policy:ALL_BRANCHES,default:any&fields=branch(name,default)";
    let change = format!(
        "/app/rest/changes?locator=version:{NEW},buildType:(id:App_Build)&fields=count,change(id)"
    );
    tokio::time::advance(S(100)).await;
    assert_eq!(
        get_json(&simulator, branches).await["branch"],
        json!([{"name": "main", "default": true}, {"name": "feature/x", "default": false}])
    );
    assert_eq!(get_json(&simulator, &change).await["count"], 0);
    assert_eq!(
        get(
            &simulator,
            &format!("/app/rest/changes/buildType:App_Build,version:{NEW}")
        )
        .await
        .status,
        404
    );
    let answer = hook(&simulator, "locator=vcsRoot:(id:App_Git)").await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (
            202,
            "Scheduled checking for changes for 1 VCS root. (Server time: 20260115T100140.000+0000)"
        )
    );
    assert_eq!(get_json(&simulator, &change).await["count"], 0);
    tokio::time::advance(S(7)).await;
    assert_eq!(get_json(&simulator, &change).await["count"], 1);
    assert_eq!(
        get_json(&simulator, branches).await["branch"][2]["name"],
        "feature/new"
    );
    assert_eq!(
        get_as(
            &simulator,
            "/app/rest/buildTypes/id:App_Build/branches/name:feature%2Fnew/exists",
            "text/plain"
        )
        .await
        .text,
        "true"
    );
}

#[tokio::test(start_paused = true)]
async fn hooks_that_meet_nothing() {
    let simulator = Simulator::start(Scenario::new());
    let answer = hook(&simulator, "locator=vcsRoot:(id:Nope)").await;
    assert_eq!(answer.status, 404);
    assert!(
        answer.text.starts_with(
            "No VCS roots are found for locator 'vcsRoot:(id:Nope)' with current user 'ci'."
        ),
        "{}",
        answer.text
    );
    assert_eq!(
        hook(
            &simulator,
            "locator=vcsRoot:(id:Nope)&okOnNothingFound=true"
        )
        .await
        .status,
        200
    );
    assert_eq!(hook(&simulator, "").await.status, 400);
    assert_eq!(
        hook(
            &simulator,
            "locator=property:(name:url,value:ACME,matchType:contains,ignoreCase:true)"
        )
        .await
        .status,
        202
    );
    let blind = Simulator::start(
        Scenario::new().without_permission("ci", "view_build_configuration_settings"),
    );
    assert_eq!(
        hook(&blind, "locator=buildType:(id:App_Build)")
            .await
            .status,
        404
    );
    assert_eq!(
        get(&blind, "/app/rest/vcs-root-instances/id:1")
            .await
            .status,
        403
    );
    assert_eq!(
        get(&blind, "/app/rest/buildTypes/id:App_Build/vcs-root-entries")
            .await
            .status,
        403
    );
    assert_eq!(get_json(&blind, "/app/rest/vcs-roots").await["count"], 0);
}

#[tokio::test(start_paused = true)]
async fn polling_finds_changes_without_a_hook() {
    let scenario = Scenario::new()
        .undiscovered("App_Git", "main", NEW, Discovery::At(S(60)))
        .undiscovered("App_Git", "lost", "3", Discovery::Never);
    let simulator = Simulator::start(scenario);
    let path = "/app/rest/changes?locator=buildType:(id:App_Build),branch:(default:true),count:1&fields=change(version)";
    assert_eq!(
        get_json(&simulator, path).await["change"][0]["version"],
        Scenario::COMMIT
    );
    tokio::time::advance(S(60)).await;
    assert_eq!(
        get_json(&simulator, path).await["change"][0]["version"],
        NEW
    );
}

#[tokio::test(start_paused = true)]
async fn logical_names_come_from_the_specification() {
    let root = Root::new("App_Git", "git@bitbucket.org:acme/app.git")
        .default_branch("trunk")
        .spec(["+:refs/heads/feature/(*)"]);
    let simulator = Simulator::start(Scenario::new().root(root));
    let list = get_json(
        &simulator,
        "/app/rest/buildTypes/id:App_Build/branches?fields=branch(name,internalName)",
    )
    .await;
    assert_eq!(
        list["branch"],
        json!([{"name": "refs/heads/trunk", "internalName": "<default>"}, {"name": "x", "internalName": "x"}])
    );
    assert_eq!(
        get(
            &simulator,
            "/app/rest/buildTypes/id:App_Build/branches?locator=policy:SOME"
        )
        .await
        .status,
        400
    );
}
