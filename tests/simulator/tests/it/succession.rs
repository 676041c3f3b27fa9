//! Builds that come in the place of others, and builds that TeamCity cancels for its own reasons.

use std::time::Duration;

use serde_json::{Value, json};
use teamcity_simulator::{
    Broken, BuildType, Dependency, Doubts, Outcome, Plan, Scenario, Simulator,
};

use crate::client::{build, found, get, get_json, post, queue, queue_with, request, send};

const S: fn(u64) -> Duration = Duration::from_secs;
const ALL: &str = "buildType:(id:App_Build),defaultFilter:false,state:any";

fn broken(broken: Broken) -> Plan {
    Plan::new()
        .queued_for(S(2))
        .runs_for(S(100))
        .outcome(Outcome::ReAdded {
            broken,
            at: S(20),
            then: Box::new(Plan::new().queued_for(S(2)).runs_for(S(30))),
        })
}

fn start(plan: Plan, doubts: Doubts) -> Simulator {
    Simulator::start(Scenario::new().doubts(doubts).plan("App_Build", plan))
}

async fn tagged(simulator: &Simulator) -> u64 {
    let tags = json!({"tags": {"tag": [{"name": "mine"}]}});
    queue_with(simulator, "App_Build", tags).await
}

#[tokio::test(start_paused = true)]
async fn a_stopped_build_is_put_back_with_a_lower_id_in_the_same_second() {
    let simulator = start(broken(Broken::Stopped), Doubts::default());
    let old = tagged(&simulator).await;
    tokio::time::advance(S(19)).await;
    assert_eq!(found(&simulator, ALL).await, [old]);
    let early = build(&simulator, old, "state,canceledInfo").await;
    assert_eq!(early, json!({"state": "running"}));
    tokio::time::advance(S(1)).await;
    let list = found(&simulator, ALL).await;
    let new = list[0];
    assert!(list.len() == 2 && list[1] == old && new < old, "{list:?}");
    let fields = "id,state,status,statusText,finishDate,canceledInfo(text,user)";
    let ended = build(&simulator, old, fields).await;
    assert_eq!(
        (&ended["id"], &ended["status"], &ended["statusText"]),
        (
            &json!(old),
            &json!("UNKNOWN"),
            &json!("Canceled (Exit code 143)")
        )
    );
    assert!(ended["canceledInfo"].get("user").is_none());
    let fields = "queuedDate,branchName,triggered(type,user),tags(tag(name)),replacementIds";
    let successor = build(&simulator, new, fields).await;
    assert_eq!(successor["queuedDate"], ended["finishDate"]);
    assert_eq!(successor["triggered"], json!({"type": "reAddedOnStop"}));
    assert_eq!(successor["tags"]["tag"], json!([{"name": "mine"}]));
    assert_eq!(successor["replacementIds"], json!({"item": []}));
    assert_eq!(
        found(&simulator, &format!("triggered:(type:reAddedOnStop),{ALL}")).await,
        [new]
    );
    tokio::time::advance(S(40)).await;
    let end = build(&simulator, new, "state,status,revisions(revision(version))").await;
    assert_eq!(end["status"], "SUCCESS");
    assert_eq!(end["revisions"]["revision"][0]["version"], Scenario::COMMIT);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_known_of_re_added_builds_is_a_switch_each() {
    let doubts = Doubts::default()
        .readded_without_tags()
        .readded_ids_grow()
        .readded_as_restarted()
        .readding_takes(S(3))
        .successors_name_the_replaced();
    let simulator = start(broken(Broken::AgentLost), doubts);
    let old = tagged(&simulator).await;
    tokio::time::advance(S(22)).await;
    assert_eq!(found(&simulator, ALL).await, [old]);
    let ended = build(
        &simulator,
        old,
        "status,problemOccurrences(problemOccurrence(details))",
    )
    .await;
    assert_eq!(ended["status"], "FAILURE");
    assert_eq!(
        ended["problemOccurrences"]["problemOccurrence"][0]["details"],
        "The agent was lost during the build"
    );
    tokio::time::advance(S(1)).await;
    let new = found(&simulator, ALL).await[0];
    assert!(new > old);
    let successor = build(
        &simulator,
        new,
        "triggered(type),tags(tag(name)),replacementIds(item(value))",
    )
    .await;
    assert_eq!(successor["triggered"]["type"], "restarted");
    assert_eq!(successor["tags"]["tag"], json!([]));
    assert_eq!(
        successor["replacementIds"]["item"][0]["value"],
        old.to_string()
    );

    let simulator = start(
        broken(Broken::Stopped),
        Doubts::default().replaced_ids_lead_on(),
    );
    let old = tagged(&simulator).await;
    tokio::time::advance(S(25)).await;
    let answer = build(&simulator, old, "id,state").await;
    assert_ne!(answer["id"], old);
    assert_eq!(
        found(&simulator, ALL).await,
        [answer["id"].as_u64().unwrap()]
    );
}

#[tokio::test(start_paused = true)]
async fn a_build_that_a_person_cancels_first_has_no_successor() {
    let simulator = start(broken(Broken::Stopped), Doubts::default());
    let old = tagged(&simulator).await;
    tokio::time::advance(S(10)).await;
    simulator.cancel_build(old, "ci", "no");
    tokio::time::advance(S(60)).await;
    assert_eq!(found(&simulator, ALL).await, [old]);
    assert_eq!(simulator.builds().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn people_and_tests_put_builds_back_too() {
    let simulator = start(
        Plan::new().queued_for(S(1)).runs_for(S(50)),
        Doubts::default(),
    );
    let old = tagged(&simulator).await;
    tokio::time::advance(S(10)).await;
    let path = format!("/app/rest/builds/id:{old}");
    let body = json!({"comment": "again", "readdIntoQueue": true});
    assert_eq!(post(&simulator, &path, body).await.status, 200);
    tokio::time::advance(S(2)).await;
    let new = found(&simulator, ALL).await[0];
    let triggered = build(&simulator, new, "triggered(type,user(username))").await;
    assert_eq!(
        triggered["triggered"],
        json!({"type": "reAddedOnStop", "user": {"username": "ci"}})
    );
    tokio::time::advance(S(10)).await;
    let newest = simulator.readd_build(new, Plan::new()).unwrap();
    assert!(newest < new);
    assert_eq!(build(&simulator, new, "state").await["state"], "finished");
}

#[tokio::test(start_paused = true)]
async fn a_dependency_is_retried_while_its_chain_goes_on() {
    let retried = Plan::new()
        .queued_for(S(1))
        .runs_for(S(100))
        .outcome(Outcome::Retried {
            at: S(10),
            then: Box::new(Plan::new().queued_for(S(5)).runs_for(S(20))),
        });
    let scenario = Scenario::new()
        .build_type(
            BuildType::new("App_All")
                .composite()
                .depends_on([Dependency::on("App_Build")]),
        )
        .plan("App_Build", retried);
    let simulator = Simulator::start(scenario);
    let head = queue(&simulator, "App_All").await;
    tokio::time::advance(S(5)).await;
    let fields = "state,status,snapshot-dependencies(build(id,status))";
    let before = build(&simulator, head, fields).await;
    let first = before["snapshot-dependencies"]["build"][0]["id"].clone();
    tokio::time::advance(S(6)).await;
    let after = build(&simulator, head, fields).await;
    let second = after["snapshot-dependencies"]["build"][0]["id"].clone();
    assert_ne!(first, second);
    assert_eq!(
        (&after["state"], &after["status"]),
        (&json!("running"), &json!("SUCCESS"))
    );
    assert_eq!(
        build(&simulator, first.as_u64().unwrap(), "status").await["status"],
        "FAILURE"
    );
    let chain = format!("snapshotDependency:(to:(id:{head})),defaultFilter:false");
    assert_eq!(found(&simulator, &chain).await, [second.as_u64().unwrap()]);
    tokio::time::advance(S(60)).await;
    let end = build(&simulator, head, fields).await;
    assert_eq!(end["status"], "SUCCESS");
    assert_eq!(end["snapshot-dependencies"]["build"][0]["id"], second);
}

#[tokio::test(start_paused = true)]
async fn a_chain_is_canceled_with_the_words_of_what_broke_it() {
    let scenario = Scenario::new()
        .build_type(BuildType::new("App_Test").name("Test"))
        .build_type(BuildType::new("App_Deploy").depends_on([
            Dependency::on("App_Test").on_failure(teamcity_simulator::OnDependency::Cancel),
        ]))
        .plan("App_Test", Plan::new().outcome(Outcome::Failure));
    let simulator = Simulator::start(scenario);
    let id = queue(&simulator, "App_Deploy").await;
    tokio::time::advance(S(100)).await;
    let end = build(&simulator, id, "number,status,canceledInfo(text,user)").await;
    assert_eq!(
        end,
        json!({"number": "N/A", "status": "UNKNOWN",
            "canceledInfo": {"text": "Snapshot dependencies failed: Test"}})
    );
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_builds_in_a_branch_cancels_the_oldest() {
    let scenario = Scenario::new().build_type(
        BuildType::new("App_Build")
            .roots(["App_Git"])
            .most_in_branch(1),
    );
    let simulator = Simulator::start(scenario);
    let main = queue(&simulator, "App_Build").await;
    let other = queue_with(&simulator, "App_Build", json!({"branchName": "feature/x"})).await;
    tokio::time::advance(S(5)).await;
    queue(&simulator, "App_Build").await;
    tokio::time::advance(S(5)).await;
    let end = build(&simulator, main, "status,canceledInfo(text,user)").await;
    let words = "Canceled: the limit of running builds in the branch is reached";
    assert_eq!(end["canceledInfo"], json!({"text": words}));
    assert_eq!(build(&simulator, other, "state").await["state"], "running");
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_paused_over_rest_since_2026_1() {
    let old = Simulator::start(Scenario::new());
    let path = "/app/rest/buildQueue/pausedState";
    assert_ne!(get(&old, path).await.status, 200);
    let scenario = Scenario::new().version("2026.1");
    let simulator = Simulator::start(scenario.permission("ci", "_Root", "enable_disable_agent"));
    let id = queue(&simulator, "App_Build").await;
    assert_eq!(get_json(&simulator, path).await, json!({"paused": false}));
    let put = |paused: bool| {
        request("PUT", path)
            .header("content-type", "application/json")
            .body(json!({"paused": paused}).to_string().into())
            .unwrap()
    };
    assert_eq!(
        send(&simulator, put(true)).await.json(),
        json!({"paused": true})
    );
    tokio::time::advance(S(60)).await;
    let waiting = build(&simulator, id, "state,waitReason").await;
    assert_eq!(
        waiting,
        json!({"state": "queued", "waitReason": "Build queue is paused"})
    );
    send(&simulator, put(false)).await;
    tokio::time::advance(S(5)).await;
    assert_eq!(build(&simulator, id, "state").await["state"], "running");
}

#[tokio::test(start_paused = true)]
async fn a_branch_that_nobody_monitors_is_a_line_in_the_log_or_the_end() {
    let words = "The build was triggered in the branch nobody/knows which does not correspond to any branch monitored by the build VCS roots";
    let body = json!({"branchName": "nobody/knows"});
    let simulator = start(Plan::new(), Doubts::default());
    let id = queue_with(&simulator, "App_Build", body.clone()).await;
    tokio::time::advance(S(10)).await;
    let log = get(&simulator, &format!("/downloadBuildLog.html?buildId={id}")).await;
    assert!(log.text.contains(words), "{}", log.text);
    let simulator = start(Plan::new(), Doubts::default().unknown_branch_fails());
    let id = queue_with(&simulator, "App_Build", body).await;
    tokio::time::advance(S(10)).await;
    let end = build(&simulator, id, "branchName,status,statusText,failedToStart").await;
    assert_eq!(
        end,
        json!({"branchName": "nobody/knows", "status": "FAILURE", "statusText": words, "failedToStart": true})
    );
}

#[tokio::test(start_paused = true)]
async fn revisions_may_be_late_unknown_or_missing() {
    let fields = "revisions(revision(version))";
    let versions = |shown: Value| shown["revisions"]["revision"].clone();
    let known = json!([{"version": Scenario::COMMIT}]);
    let unknown = json!([{"version": "N/A"}]);
    for (plan, early) in [
        (Plan::new().revisions_late(S(4)), json!([])),
        (Plan::new().revisions_unknown_for(S(4)), unknown.clone()),
    ] {
        let simulator = start(plan, Doubts::default());
        let id = queue(&simulator, "App_Build").await;
        tokio::time::advance(S(5)).await;
        assert_eq!(versions(build(&simulator, id, fields).await), early);
        tokio::time::advance(S(1)).await;
        assert_eq!(versions(build(&simulator, id, fields).await), known);
    }
    // Of a build that never started nothing was collected; a list has a row all the same.
    let simulator = start(
        Plan::new().outcome(Outcome::FailedToStart),
        Doubts::default(),
    );
    let id = queue(&simulator, "App_Build").await;
    tokio::time::advance(S(5)).await;
    assert_eq!(versions(build(&simulator, id, fields).await), json!([]));
    let list =
        format!("/app/rest/builds?locator=failedToStart:any,state:any&fields=build({fields})");
    let list = get_json(&simulator, &list).await;
    assert_eq!(versions(list["build"][0].clone()), unknown);
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_may_be_dated_after_the_end() {
    let simulator = start(Plan::new(), Doubts::default().late_cancel_dates());
    let id = queue(&simulator, "App_Build").await;
    tokio::time::advance(S(10)).await;
    simulator.cancel_build(id, "ci", "no");
    tokio::time::advance(S(10)).await;
    let end = build(&simulator, id, "finishDate,canceledInfo(timestamp)").await;
    assert_eq!(end["finishDate"], "20260115T100012+0000");
    assert_eq!(end["canceledInfo"]["timestamp"], "20260115T100013+0000");
}

#[tokio::test(start_paused = true)]
async fn why_teamcity_canceled_may_be_in_canceled_info_alone() {
    let outcome = Outcome::CanceledByServer {
        reason: "Build revision not found".to_owned(),
        at: S(5),
    };
    let doubts = Doubts::default().reasons_in_canceled_info_alone();
    let simulator = start(Plan::new().outcome(outcome), doubts);
    let id = queue(&simulator, "App_Build").await;
    tokio::time::advance(S(10)).await;
    let end = build(&simulator, id, "statusText,canceledInfo(text)").await;
    assert_eq!(
        end,
        json!({"statusText": "Canceled", "canceledInfo": {"text": "Build revision not found"}})
    );
}

#[tokio::test(start_paused = true)]
async fn a_merged_id_may_be_forgotten() {
    for (doubts, status) in [
        (Doubts::default(), 200),
        (Doubts::default().merged_ids_forgotten(), 404),
    ] {
        let simulator = start(Plan::new().queued_for(S(100)), doubts);
        let kept = queue(&simulator, "App_Build").await;
        let absorbed = queue(&simulator, "App_Build").await;
        simulator.merge(absorbed, kept);
        let answer = get(&simulator, &format!("/app/rest/builds/id:{absorbed}")).await;
        assert_eq!(answer.status, status);
        assert_eq!(found(&simulator, ALL).await, [kept]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_may_be_full() {
    let doubts = Doubts::default().queue_holds(1);
    let simulator = start(Plan::new().queued_for(S(10)), doubts);
    queue(&simulator, "App_Build").await;
    let body = json!({"buildType": {"id": "App_Build"}});
    let full = post(&simulator, "/app/rest/buildQueue", body.clone()).await;
    assert_eq!(full.status, 409, "{}", full.text);
    tokio::time::advance(S(11)).await;
    let answer = post(&simulator, "/app/rest/buildQueue", body).await;
    assert_eq!(answer.status, 200);
}
