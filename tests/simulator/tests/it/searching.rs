//! The `/builds` locator: default filter, tags, properties, branches, items, pages.

use std::time::Duration;

use base64::Engine as _;
use serde_json::json;
use teamcity_simulator::{Outcome, Plan, Scenario, Simulator, User};

use crate::client::{found, get, get_json, post, queue, queue_with};

const S: fn(u64) -> Duration = Duration::from_secs;

#[tokio::test(start_paused = true)]
async fn the_default_filter_hides_unusual_finished_builds() {
    let scenario = Scenario::new()
        .plan("App_Build", Plan::new())
        .plan("App_Build", Plan::new())
        .plan("App_Build", Plan::new().outcome(Outcome::FailedToStart))
        .plan(
            "App_Build",
            Plan::new().outcome(Outcome::CanceledBy {
                user: "ci".to_owned(),
                comment: String::new(),
                at: S(3),
            }),
        )
        .plan("App_Build", Plan::new())
        .plan("App_Build", Plan::new().outcome(Outcome::Hangs))
        .plan("App_Build", Plan::new().outcome(Outcome::NeverStarts));
    let simulator = Simulator::start(scenario);
    let normal = queue(&simulator, "App_Build").await;
    let branch = queue_with(&simulator, "App_Build", json!({"branchName": "feature/x"})).await;
    let broken = queue(&simulator, "App_Build").await;
    let canceled = queue(&simulator, "App_Build").await;
    let personal = queue_with(&simulator, "App_Build", json!({"personal": true})).await;
    let running = queue_with(&simulator, "App_Build", json!({"branchName": "feature/x"})).await;
    let queued = queue_with(&simulator, "App_Build", json!({"branchName": "feature/x"})).await;
    tokio::time::advance(S(100)).await;
    for (locator, expected) in [
        ("buildType:(id:App_Build)", vec![normal]),
        ("state:any", vec![normal]),
        (
            "state:any,defaultFilter:false",
            vec![queued, running, personal, canceled, broken, branch, normal],
        ),
        (
            "defaultFilter:false",
            vec![queued, running, personal, canceled, broken, branch, normal],
        ),
        ("state:queued", vec![queued]),
        ("state:(queued:true,running:true)", vec![queued, running]),
        ("state:finished,branch:(default:any)", vec![branch, normal]),
        ("branch:feature/x", vec![branch]),
        ("branch:FEATURE/X", vec![branch]),
        ("branch:(name:(value:feature/x))", vec![branch]),
        ("branch:(name:(value:FEATURE/X))", vec![]),
        ("branch:(name:feature/x)", vec![branch]),
        ("branch:(default:false)", vec![branch]),
        ("branch:(default:true)", vec![normal]),
        ("branch:%3Cdefault%3E", vec![normal]),
        ("canceled:true", vec![canceled]),
        ("failedToStart:true", vec![broken]),
        ("personal:true", vec![personal]),
        (
            "personal:any,canceled:any,failedToStart:any,branch:(default:any)",
            vec![personal, canceled, broken, branch, normal],
        ),
        ("user:ci", vec![personal, canceled, broken, branch, normal]),
        (
            "user:current,state:any",
            vec![queued, running, personal, canceled, broken, branch, normal],
        ),
        ("running:true", vec![running]),
        ("status:FAILURE,defaultFilter:false", vec![broken]),
        ("number:1", vec![normal]),
        (
            "sinceBuild:(id:4714),defaultFilter:false",
            vec![queued, running, personal],
        ),
        (
            "agent:(name:agent-1)",
            vec![personal, canceled, broken, branch, normal],
        ),
        ("affectedProject:(id:_Root)", vec![normal]),
        ("project:_Root", vec![]),
        ("composite:true", vec![]),
        (
            "queuedDate:(date:20260115T095959%2B0000,condition:after)",
            vec![normal],
        ),
        ("startDate:(build:(id:4711),condition:after)", vec![]),
        (
            "triggered:(type:user)",
            vec![personal, canceled, broken, branch, normal],
        ),
    ] {
        assert_eq!(found(&simulator, locator).await, expected, "{locator}");
    }
    let encoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode("feature/x");
    assert_eq!(
        found(
            &simulator,
            &format!("branch:(name:(value:($base64:{encoded})))")
        )
        .await,
        [branch]
    );
    assert_eq!(
        found(
            &simulator,
            &format!(
                "revision:{},state:any,defaultFilter:false",
                Scenario::COMMIT
            )
        )
        .await
        .len(),
        6
    );
}

#[tokio::test(start_paused = true)]
async fn tags_are_found_in_every_state_by_their_exact_name() {
    let simulator = Simulator::start(
        Scenario::new().plan("App_Build", Plan::new().queued_for(S(5)).runs_for(S(5))),
    );
    let id = queue_with(
        &simulator,
        "App_Build",
        json!({"tags": {"tag": [{"name": "Run-1"}, {"name": "mine", "private": true}]}}),
    )
    .await;
    for _ in 0..3 {
        let all = "buildType:(id:App_Build),state:any,defaultFilter:false";
        assert_eq!(found(&simulator, &format!("tag:Run-1,{all}")).await, [id]);
        assert!(
            found(&simulator, &format!("tag:run-1,{all}"))
                .await
                .is_empty()
        );
        assert_eq!(
            found(&simulator, &format!("tag:(name:run-1),{all}")).await,
            [id]
        );
        assert!(
            found(&simulator, &format!("tag:mine,{all}"))
                .await
                .is_empty()
        );
        assert_eq!(found(&simulator, &format!("tags:Run-1,{all}")).await, [id]);
        tokio::time::advance(S(6)).await;
    }
    let tags = post(
        &simulator,
        &format!("/app/rest/builds/id:{id}/tags/"),
        json!({"tag": [{"name": "late"}]}),
    )
    .await;
    assert_eq!((tags.status, &tags.json()["count"]), (200, &json!(3)));
    assert_eq!(found(&simulator, "tag:late").await, [id]);
}

#[tokio::test(start_paused = true)]
async fn properties_need_a_permission_and_miss_queued_builds_on_some_versions() {
    let locator = "property:(name:env.RUN,value:12),state:any,defaultFilter:false";
    let body = json!({"properties": {"property": [{"name": "env.RUN", "value": "12"}]}});
    for (version, queued) in [
        ("2019.1", true),
        ("2023.03", true),
        ("2023.05.4", false),
        ("2023.05.5", true),
        ("2023.09", false),
        ("2023.11", true),
    ] {
        let simulator = Simulator::start(Scenario::new().version(version));
        let id = queue_with(&simulator, "App_Build", body.clone()).await;
        assert_eq!(
            !found(&simulator, locator).await.is_empty(),
            queued,
            "{version}"
        );
        tokio::time::advance(S(5)).await;
        assert_eq!(found(&simulator, locator).await, [id], "{version}");
        assert!(
            found(&simulator, "property:(name:env.RUN,value:13),state:any")
                .await
                .is_empty()
        );
        assert_eq!(found(&simulator, "property:(name:env.RUN,value:1,matchType:starts-with),state:any,defaultFilter:false").await, [id]);
    }
    let blind =
        Simulator::start(Scenario::new().without_permission("ci", "view_build_runtime_data"));
    queue_with(&blind, "App_Build", body).await;
    assert!(found(&blind, locator).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_list_of_items_keeps_its_order_and_drops_what_is_missing_or_double() {
    let simulator = Simulator::start(
        Scenario::new()
            .version("2019.1")
            .plan("App_Build", Plan::new().queued_for(S(100))),
    );
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(queue(&simulator, "App_Build").await);
    }
    simulator.merge(ids[3], ids[0]);
    let locator = format!(
        "item:(id:{}),item:(id:{}),item:(id:1),item:(id:{}),item:(id:{})",
        ids[2], ids[3], ids[0], ids[1]
    );
    assert_eq!(found(&simulator, &locator).await, [ids[2], ids[0], ids[1]]);
    assert_eq!(
        found(&simulator, &format!("{locator},count:2")).await,
        [ids[2], ids[0]]
    );
    assert_eq!(
        found(
            &simulator,
            &format!("{locator},count:50,defaultFilter:false,state:any")
        )
        .await
        .len(),
        3
    );
}

#[tokio::test(start_paused = true)]
async fn pages_lead_on_and_an_empty_one_may_too() {
    let simulator = Simulator::start(
        Scenario::new()
            .context_path("/tc")
            .plan("App_Build", Plan::new().queued_for(S(1000))),
    );
    for _ in 0..5 {
        simulator.queue_build("App_Build", "ci", None);
    }
    let page = get_json(
        &simulator,
        "/tc/app/rest/builds?locator=state:queued,count:2&fields=count,nextHref,build(id)",
    )
    .await;
    assert_eq!(page["count"], 2);
    assert_eq!(
        page["nextHref"],
        "/app/rest/builds?locator=state:queued,count:2,start:2&fields=count,nextHref,build(id)"
    );
    let last = get_json(
        &simulator,
        "/tc/app/rest/builds?locator=state:queued,count:2,start:4&fields=count,nextHref,build(id)",
    )
    .await;
    assert_eq!(last, json!({"count": 1, "build": [{"id": 4715}]}));
    let empty = get_json(&simulator, "/tc/app/rest/builds?locator=state:queued,tag:no,lookupLimit:3&fields=count,nextHref,build(id)").await;
    assert_eq!(empty["count"], 0);
    assert_eq!(
        empty["nextHref"],
        "/app/rest/builds?locator=state:queued,tag:no,lookupLimit:6&fields=count,nextHref,build(id)"
    );
}

#[tokio::test(start_paused = true)]
async fn search_may_lag_behind_and_hidden_builds_are_refused_by_id() {
    let simulator = Simulator::start(Scenario::new().search_lag(S(3)));
    let id = queue(&simulator, "App_Build").await;
    assert!(
        found(&simulator, "state:any,defaultFilter:false")
            .await
            .is_empty()
    );
    assert_eq!(
        get(&simulator, &format!("/app/rest/builds/id:{id}"))
            .await
            .status,
        200
    );
    tokio::time::advance(S(3)).await;
    assert_eq!(
        found(&simulator, "state:any,defaultFilter:false").await,
        [id]
    );
    assert!(found(&simulator, "id:99").await.is_empty());

    let hidden = Simulator::start(
        Scenario::new()
            .version("2024.03")
            .user(User::new("ci").no_permissions()),
    );
    let id = hidden.trigger_build("App_Build");
    let answer = get(&hidden, &format!("/app/rest/builds/id:{id}")).await;
    assert!(
        answer.status == 403
            && answer.text.contains(&format!(
                "Not enough permissions to access build with id: {id}"
            )),
        "{}",
        answer.text
    );
    assert!(
        found(&hidden, "state:any,defaultFilter:false")
            .await
            .is_empty()
    );
}
