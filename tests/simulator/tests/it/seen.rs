//! What servers were seen to do and no source tells: order of lists, links, headers, hidden things, cancellations.

use std::time::Duration;

use serde_json::json;
use teamcity_simulator::{
    BuildType, Dependency, Doubts, Outcome, Plan, Project, Scenario, Simulator, User,
};

use crate::client::{build, found, get, get_as, get_json, post, queue, queue_with};

const S: fn(u64) -> Duration = Duration::from_secs;

#[tokio::test(start_paused = true)]
async fn lists_go_by_start_rather_than_by_id() {
    let scenario = Scenario::new()
        .plan("App_Build", Plan::new().queued_for(S(50)))
        .plan("App_Build", Plan::new().queued_for(S(1)));
    let simulator = Simulator::start(scenario);
    let late = queue(&simulator, "App_Build").await;
    let early = queue(&simulator, "App_Build").await;
    tokio::time::advance(S(200)).await;
    assert_eq!(
        found(&simulator, "buildType:(id:App_Build)").await,
        [late, early]
    );
    let answer = get(&simulator, "/app/rest/builds?locator=order:id").await;
    assert_eq!(answer.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_list_of_builds_leads_on_only_if_it_is_asked_to_and_also_from_its_last_page() {
    for (version, next) in [
        (
            "2025.11",
            "/app/rest/builds?locator=state:any,count:2,start:2&fields=nextHref,build(id)",
        ),
        (
            "2026.2",
            "/app/rest/builds?fields=nextHref,build(id)&locator=count:2,start:2,state:any",
        ),
    ] {
        let simulator = Simulator::start(Scenario::new().version(version));
        queue(&simulator, "App_Build").await;
        queue(&simulator, "App_Build").await;
        tokio::time::advance(S(100)).await;
        let path = "/app/rest/builds?locator=state:any,count:2";
        for silent in ["", "&fields=build(id)", "&fields=count,build(id)"] {
            let page = get_json(&simulator, &format!("{path}{silent}")).await;
            assert!(page.get("nextHref").is_none(), "{page}");
            assert_eq!(page["build"].as_array().unwrap().len(), 2);
        }
        let page = get_json(&simulator, &format!("{path}&fields=nextHref,build(id)")).await;
        assert_eq!(page["nextHref"], next);
        let more = "/app/rest/builds?locator=state:any,count:3&fields=nextHref,build(id)";
        assert!(get_json(&simulator, more).await.get("nextHref").is_none());
        let one = "/app/rest/builds?locator=id:4711,count:1&fields=nextHref,build(id)";
        assert!(get_json(&simulator, one).await.get("nextHref").is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn links_are_made_of_the_servers_own_url_and_differ_by_version() {
    for (version, queued, started) in [
        (
            "2023.05.4",
            "viewQueued.html?itemId=4711",
            "viewLog.html?buildId=4711&buildTypeId=App_Build",
        ),
        (
            "2025.11",
            "buildConfiguration/App_Build/4711",
            "buildConfiguration/App_Build/4711",
        ),
        (
            "2026.1.3",
            "build/4711",
            "buildConfiguration/App_Build/4711",
        ),
    ] {
        let scenario = Scenario::new()
            .version(version)
            .context_path("/tc")
            .root_url("https://ci.example.org/");
        let simulator = Simulator::start(scenario);
        let answer = post(
            &simulator,
            "/tc/app/rest/buildQueue",
            json!({"buildType": {"id": "App_Build"}}),
        )
        .await;
        let url = |rest: &str| json!(format!("https://ci.example.org/tc/{rest}"));
        assert_eq!(answer.json()["webUrl"], url(queued), "{version}");
        tokio::time::advance(S(10)).await;
        let shown = get_json(&simulator, "/tc/app/rest/builds/id:4711?fields=webUrl").await;
        assert_eq!(shown["webUrl"], url(started), "{version}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_hidden_is_refused_by_name_and_left_out_of_lists() {
    let scenario = Scenario::new()
        .version("2026.2")
        .project(Project::new("Secret"))
        .build_type(BuildType::new("Secret_Build").project("Secret"))
        .user(User::new("ci").no_permissions())
        .permission("ci", "App", "view_project");
    let simulator = Simulator::start(scenario);
    let id = simulator.trigger_build("Secret_Build");
    let answer = get(&simulator, &format!("/app/rest/builds/id:{id}")).await;
    assert_eq!(answer.status, 403);
    let error = &answer.json()["errors"][0];
    let words = format!("You do not have enough permissions to access build with id: {id}");
    assert_eq!(error["message"], words);
    // One of the two has a full stop.
    let additional = error["additionalMessage"].as_str().unwrap();
    assert!(additional.ends_with(&format!("{words}.")), "{additional}");
    let project = "/app/rest/builds?locator=affectedProject:(id:Secret)";
    assert_eq!(get(&simulator, project).await.status, 403);
    assert!(
        found(&simulator, &format!("item:(id:{id})"))
            .await
            .is_empty()
    );
    let missing = get(&simulator, "/app/rest/builds/id:999999").await;
    assert_eq!(missing.status, 404);
    assert_eq!(
        missing.json()["errors"][0]["message"],
        "No build found by id '999999'."
    );
}

#[tokio::test(start_paused = true)]
async fn envelopes_have_their_order_a_stack_where_nothing_is_mapped_and_json_where_nothing_fits() {
    let simulator = Simulator::start(Scenario::new());
    let answer = get(&simulator, "/app/rest/nonsense").await;
    let stack = answer.json()["errors"][0]["stackTrace"].clone();
    assert_eq!(stack.as_str().unwrap().lines().count(), 90);
    let at = |name: &str| answer.text.find(&format!("\"{name}\"")).unwrap();
    assert!(at("statusText") < at("additionalMessage"));
    assert!(at("additionalMessage") < at("stackTrace") && at("stackTrace") < at("message"));
    for accept in ["text/plain", "text/html"] {
        let answer = get_as(&simulator, "/app/rest/builds", accept).await;
        assert_eq!(answer.status, 406);
        assert!(answer.json()["errors"][0]["statusText"].is_string());
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_of_2026_1_1_may_be_xml_whatever_was_accepted() {
    for (doubts, kind) in [
        (Doubts::default(), "application/json"),
        (Doubts::default().xml_denials(), "application/xml"),
    ] {
        let scenario = Scenario::new()
            .version("2026.1.1")
            .doubts(doubts)
            .without_permission("ci", "run_build");
        let simulator = Simulator::start(scenario);
        let body = json!({"buildType": {"id": "App_Build"}});
        let answer = post(&simulator, "/app/rest/buildQueue", body).await;
        assert_eq!(answer.status, 403);
        assert_eq!(answer.headers["content-type"], kind);
        assert!(
            answer.text.contains("internal id: project2"),
            "{}",
            answer.text
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_newest_servers_send_safety_headers_and_no_cookie_to_tokens() {
    for (version, cookie, safe) in [
        ("2026.1.1", true, false),
        ("2026.1.2", false, false),
        ("2026.2", false, true),
    ] {
        let simulator = Simulator::start(Scenario::new().version(version));
        let answer = get(&simulator, "/app/rest/server").await;
        assert_eq!(
            answer.headers.contains_key("set-cookie"),
            cookie,
            "{version}"
        );
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert_eq!(answer.headers["teamcity-node-id"], "MAIN_SERVER");
        for name in [
            "x-request-id",
            "x-content-type-options",
            "x-xss-protection",
            "referrer-policy",
            "mixed-content",
            "x-frame-options",
            "strict-transport-security",
        ] {
            assert_eq!(answer.headers.contains_key(name), safe, "{version} {name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_is_gone_may_cancel_the_build() {
    let revisions = json!({"revisions": {"revision": [{"version": "9".repeat(40), "vcsBranchName": "refs/heads/main",
        "vcs-root-instance": {"vcs-root-id": "App_Git"}}]}});
    for (doubts, status) in [
        (Doubts::default(), "FAILURE"),
        (Doubts::default().lost_commit_cancels(), "UNKNOWN"),
    ] {
        let simulator = Simulator::start(Scenario::new().doubts(doubts));
        let id = queue_with(&simulator, "App_Build", revisions.clone()).await;
        tokio::time::advance(S(100)).await;
        let end = build(&simulator, id, "status,canceledInfo(text,user)").await;
        assert_eq!(end["status"], status);
        if status == "UNKNOWN" {
            assert_eq!(
                end["canceledInfo"],
                json!({"text": "Build revision not found"})
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_composite_that_failed_says_that_it_failed_to_start() {
    let scenario = Scenario::new()
        .build_type(BuildType::new("App_Test"))
        .build_type(
            BuildType::new("App_All")
                .composite()
                .depends_on([Dependency::on("App_Test"), Dependency::on("App_Build")]),
        )
        .plan("App_Test", Plan::new().outcome(Outcome::FailedToStart));
    let simulator = Simulator::start(scenario);
    let id = queue(&simulator, "App_All").await;
    tokio::time::advance(S(100)).await;
    let end = build(&simulator, id, "status,failedToStart,composite").await;
    assert_eq!(
        end,
        json!({"status": "FAILURE", "failedToStart": true, "composite": true})
    );
}

#[tokio::test(start_paused = true)]
async fn the_default_branch_may_stay_without_a_name() {
    let doubts = Doubts::default().unnamed_default_branch();
    let simulator = Simulator::start(Scenario::new().doubts(doubts));
    let id = queue(&simulator, "App_Build").await;
    let other = queue_with(&simulator, "App_Build", json!({"branchName": "feature/x"})).await;
    tokio::time::advance(S(10)).await;
    let shown = build(&simulator, id, "branchName,defaultBranch").await;
    assert_eq!(
        shown,
        json!({"branchName": "<default>", "defaultBranch": true})
    );
    assert_eq!(
        build(&simulator, other, "branchName").await["branchName"],
        "feature/x"
    );
}
