//! From the queue to the end, with all endings.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use teamcity_simulator::{
    FailedTest, Grant, Outcome, Plan, Scenario, Simulator, Status, Tests, User,
};

use crate::client::{build, get, get_json, post, queue, request, send};

const S: fn(u64) -> Duration = Duration::from_secs;

fn start(plan: Plan) -> Simulator {
    Simulator::start(Scenario::new().plan("App_Build", plan))
}

async fn at(simulator: &Simulator, seconds: u64, id: u64, fields: &str) -> Value {
    tokio::time::advance(S(seconds).saturating_sub(simulator.now())).await;
    build(simulator, id, fields).await
}

#[tokio::test(start_paused = true)]
async fn queued_running_finished() {
    let simulator = start(
        Plan::new()
            .queued_for(S(5))
            .runs_for(S(100))
            .stages(["one", "two"]),
    );
    let id = queue(&simulator, "App_Build").await;
    assert_eq!(
        at(&simulator, 4, id, "state,status,waitReason").await,
        json!({"state": "queued", "waitReason": "There are no idle compatible agents which can run this build"})
    );
    let running = at(
        &simulator,
        65,
        id,
        "state,status,number,percentageComplete,running-info,statusText",
    )
    .await;
    assert_eq!(running["state"], "running");
    assert_eq!(running["percentageComplete"], 60);
    assert_eq!(
        running["running-info"],
        json!({"percentageComplete": 60, "elapsedSeconds": 60, "estimatedTotalSeconds": 100, "currentStageText": "two", "outdated": false, "probablyHanging": false})
    );
    let finished = at(
        &simulator,
        105,
        id,
        "state,status,statusText,finishDate,running-info,percentageComplete",
    )
    .await;
    assert_eq!(
        finished,
        json!({"state": "finished", "status": "SUCCESS", "statusText": "Success", "finishDate": "20260115T100145+0000"})
    );
}

#[tokio::test(start_paused = true)]
async fn defaults_are_left_out_unless_named() {
    let simulator = start(Plan::new());
    let id = queue(&simulator, "App_Build").await;
    let whole = get_json(&simulator, &format!("/app/rest/builds/id:{id}")).await;
    assert!(whole.get("composite").is_none() && whole.get("personal").is_none());
    assert_eq!(
        build(&simulator, id, "composite,personal,failedToStart,nonsense").await,
        json!({"composite": false, "personal": false, "failedToStart": false})
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_shows_while_it_runs() {
    let tests =
        Tests::passed(40).failed([FailedTest::new("a", "x").newly(), FailedTest::new("b", "y")]);
    let simulator = start(
        Plan::new()
            .queued_for(S(0))
            .runs_for(S(100))
            .fails_at(S(50))
            .tests(tests)
            .outcome(Outcome::Failure),
    );
    let id = queue(&simulator, "App_Build").await;
    assert_eq!(at(&simulator, 49, id, "status").await["status"], "SUCCESS");
    assert_eq!(at(&simulator, 51, id, "status").await["status"], "FAILURE");
    let end = at(
        &simulator,
        101,
        id,
        "status,statusText,testOccurrences(count,passed,failed,newFailed)",
    )
    .await;
    assert_eq!(end["statusText"], "Tests failed: 2 (1 new), passed: 40");
    assert_eq!(
        end["testOccurrences"],
        json!({"count": 42, "passed": 40, "failed": 2, "newFailed": 1})
    );
}

#[tokio::test(start_paused = true)]
async fn canceling_a_running_build_takes_a_while() {
    let simulator = start(
        Plan::new()
            .queued_for(S(1))
            .runs_for(S(100))
            .cancel_takes(S(5)),
    );
    let id = queue(&simulator, "App_Build").await;
    at(&simulator, 10, id, "id").await;
    let path = format!("/app/rest/builds/id:{id}");
    let answer = post(
        &simulator,
        &path,
        json!({"comment": "stop it", "readdIntoQueue": false}),
    )
    .await
    .json();
    // It goes on for a moment, and says at once that it was canceled.
    assert_eq!(answer["state"], "running");
    assert_eq!(answer["status"], "UNKNOWN");
    assert_eq!(answer["canceledInfo"]["text"], "stop it");
    assert!(answer.get("running-info").is_some());
    assert_eq!(at(&simulator, 14, id, "state").await["state"], "running");
    let end = at(
        &simulator,
        15,
        id,
        "state,status,statusText,canceledInfo(text,user(username))",
    )
    .await;
    assert_eq!(
        end,
        json!({"state": "finished", "status": "UNKNOWN", "statusText": "Canceled", "canceledInfo": {"text": "stop it", "user": {"username": "ci"}}})
    );
    // Again is fine, for a canceled one.
    assert_eq!(post(&simulator, &path, json!({})).await.status, 200);
    assert_eq!(
        simulator.build(id).unwrap().canceled_by.as_deref(),
        Some("ci")
    );
}

#[tokio::test(start_paused = true)]
async fn canceling_in_the_queue_and_after_the_end() {
    let simulator = start(Plan::new().queued_for(S(10)).runs_for(S(10)));
    let (first, second) = (
        queue(&simulator, "App_Build").await,
        queue(&simulator, "App_Build").await,
    );
    let answer = post(
        &simulator,
        &format!("/app/rest/buildQueue/id:{first}"),
        json!({"comment": "no"}),
    )
    .await;
    assert_eq!(answer.json()["state"], "finished");
    assert_eq!(
        build(&simulator, first, "number,status,agent").await,
        json!({"number": "N/A", "status": "UNKNOWN"})
    );
    at(&simulator, 11, second, "id").await;
    let started = post(
        &simulator,
        &format!("/app/rest/buildQueue/id:{second}"),
        json!({}),
    )
    .await;
    assert_eq!(started.status, 404);
    assert!(
        started.text.contains(
            "No queued build with id '4712' can be found (build already started or finished?)."
        ),
        "{}",
        started.text
    );
    at(&simulator, 30, second, "id").await;
    let ended = post(
        &simulator,
        &format!("/app/rest/builds/id:{second}"),
        json!({}),
    )
    .await;
    assert_eq!(ended.status, 400);
    assert!(ended.text.contains("Cannot cancel finished build"));
    let third = queue(&simulator, "App_Build").await;
    let removed = request("DELETE", &format!("/app/rest/buildQueue/id:{third}"))
        .body(Bytes::new())
        .unwrap();
    assert_eq!(send(&simulator, removed).await.status, 204);
    assert_eq!(
        get(&simulator, &format!("/app/rest/builds/id:{third}"))
            .await
            .status,
        404
    );
}

#[tokio::test(start_paused = true)]
async fn canceling_needs_its_permission() {
    let simulator = Simulator::start(
        Scenario::new()
            .version("2024.03")
            .without_permission("ci", "cancel_build")
            .plan("App_Build", Plan::new().queued_for(S(10))),
    );
    let id = queue(&simulator, "App_Build").await;
    let queued = post(&simulator, &format!("/app/rest/builds/id:{id}"), json!({})).await;
    assert!(
        queued.status == 403
            && queued
                .text
                .contains("You do not have enough permissions to cancel the build"),
        "{}",
        queued.text
    );
    at(&simulator, 11, id, "id").await;
    let running = post(&simulator, &format!("/app/rest/builds/id:{id}"), json!({})).await;
    assert!(
        running.status == 403 && running.text.contains("\"Stop build / remove from queue\""),
        "{}",
        running.text
    );
}

#[tokio::test(start_paused = true)]
async fn other_endings() {
    let by = Outcome::CanceledBy {
        user: "boss".to_owned(),
        comment: "later".to_owned(),
        at: S(20),
    };
    for (outcome, state, status, more) in [
        (
            Outcome::Failure,
            "finished",
            json!("FAILURE"),
            json!("Exit code 1 (Step: Command Line)"),
        ),
        (
            Outcome::Error,
            "finished",
            json!("ERROR"),
            json!("Internal error"),
        ),
        (
            Outcome::FailedToStart,
            "finished",
            json!("FAILURE"),
            json!("Failed to start build"),
        ),
        (by, "finished", json!("UNKNOWN"), json!("Canceled")),
        (
            Outcome::CanceledByServer {
                reason: "Build revision not found".to_owned(),
                at: S(20),
            },
            "finished",
            json!("UNKNOWN"),
            json!("Canceled (Build revision not found)"),
        ),
        (
            Outcome::Hangs,
            "running",
            json!("SUCCESS"),
            json!("Running"),
        ),
        (Outcome::NeverStarts, "queued", Value::Null, Value::Null),
    ] {
        let scenario = Scenario::new()
            .user(User::new("boss"))
            .plan("App_Build", Plan::new().outcome(outcome.clone()));
        let simulator = Simulator::start(scenario);
        let id = queue(&simulator, "App_Build").await;
        let end = at(
            &simulator,
            10_000,
            id,
            "state,status,statusText,failedToStart",
        )
        .await;
        assert_eq!(
            (&end["state"], &end["status"], &end["statusText"]),
            (&json!(state), &status, &more),
            "{outcome:?}"
        );
        assert_eq!(
            end["failedToStart"],
            matches!(outcome, Outcome::FailedToStart)
        );
    }
    let simulator = start(Plan::new().outcome(Outcome::DeletedAt(S(5))));
    let id = queue(&simulator, "App_Build").await;
    tokio::time::advance(S(6)).await;
    assert_eq!(
        get(&simulator, &format!("/app/rest/builds/id:{id}"))
            .await
            .status,
        404
    );
}

#[tokio::test(start_paused = true)]
async fn the_status_may_be_unknown_right_after_the_end() {
    let simulator = start(Plan::new().queued_for(S(0)).runs_for(S(10)).outcome(
        Outcome::UnknownAtFinishFor(S(3), Box::new(Outcome::Failure)),
    ));
    let id = queue(&simulator, "App_Build").await;
    assert_eq!(
        at(&simulator, 11, id, "state,status,canceledInfo").await,
        json!({"state": "finished", "status": "UNKNOWN"})
    );
    assert_eq!(at(&simulator, 13, id, "status").await["status"], "FAILURE");
}

#[tokio::test(start_paused = true)]
async fn an_absorbed_id_answers_with_the_survivor() {
    let simulator = start(
        Plan::new()
            .queued_for(S(100))
            .outcome(Outcome::MergedInto { at: S(5) }),
    );
    let id = queue(&simulator, "App_Build").await;
    assert_eq!(build(&simulator, id, "id").await["id"], id);
    let survivor = at(&simulator, 6, id, "id,replacementIds").await;
    assert_eq!(survivor["id"], id + 1);
    assert_eq!(
        survivor["replacementIds"]["item"][0]["value"],
        id.to_string()
    );
    assert_eq!(simulator.build(id).unwrap().merged_into, Some(id + 1));
    // Canceling the absorbed one acts on the survivor.
    post(
        &simulator,
        &format!("/app/rest/builds/id:{id}"),
        json!({"comment": "x"}),
    )
    .await;
    assert_eq!(simulator.build(id + 1).unwrap().state, "finished");
}

#[tokio::test(start_paused = true)]
async fn approval_is_awaited_given_or_times_out() {
    let plan = Plan::new()
        .queued_for(S(1))
        .runs_for(S(5))
        .approval_timeout(S(60))
        .outcome(Outcome::AwaitsApproval {
            then: Box::new(Outcome::Success),
        });
    let user = User::new("ci").grant(Grant::everywhere("approve_build"));
    let scenario = Scenario::new().user(user).plan("App_Build", plan);
    let simulator = Simulator::start(scenario.clone());
    let (id, late) = (
        queue(&simulator, "App_Build").await,
        queue(&simulator, "App_Build").await,
    );
    assert_eq!(
        at(&simulator, 30, id, "waitReason,approvalInfo(status)").await,
        json!({"waitReason": "Waiting for approval", "approvalInfo": {"status": "waitingForApproval"}})
    );
    let info = get_json(
        &simulator,
        &format!("/app/rest/buildQueue/id:{id}/approvalInfo"),
    )
    .await;
    assert_eq!(info["canBeApprovedByCurrentUser"], true);
    assert_eq!(
        post(
            &simulator,
            &format!("/app/rest/buildQueue/id:{id}/approve"),
            json!({})
        )
        .await
        .json()["status"],
        "approved"
    );
    assert_eq!(
        at(&simulator, 40, id, "state,status").await,
        json!({"state": "finished", "status": "SUCCESS"})
    );
    assert_eq!(
        at(&simulator, 61, late, "status,canceledInfo(text)").await,
        json!({"status": "UNKNOWN", "canceledInfo": {"text": "Build approval timed out"}})
    );
    let old = Simulator::start(scenario.version("2021.2"));
    let id = queue(&old, "App_Build").await;
    assert_eq!(
        get(&old, &format!("/app/rest/buildQueue/id:{id}/approvalInfo"))
            .await
            .status,
        404
    );
}

#[tokio::test(start_paused = true)]
async fn tests_can_push_builds_along() {
    let simulator = start(Plan::new().queued_for(S(100)).runs_for(S(100)));
    let id = queue(&simulator, "App_Build").await;
    simulator.start_build(id);
    assert_eq!(simulator.build(id).unwrap().state, "running");
    simulator.finish_build(id, Status::Failure);
    assert_eq!(
        build(&simulator, id, "state,status").await,
        json!({"state": "finished", "status": "FAILURE"})
    );
    simulator.pause_queue(true);
    let id = queue(&simulator, "App_Build").await;
    tokio::time::advance(S(500)).await;
    assert_eq!(simulator.build(id).unwrap().state, "queued");
    simulator.pause_queue(false);
    tokio::time::advance(S(1)).await;
    assert_eq!(simulator.build(id).unwrap().state, "running");
}

#[tokio::test(start_paused = true)]
async fn other_revisions_branches_lost_agents_and_hanging() {
    let simulator = Simulator::start(
        Scenario::new()
            .plan(
                "App_Build",
                Plan::new().outcome(Outcome::BuildsOtherRevision("77".to_owned())),
            )
            .plan(
                "App_Build",
                Plan::new().outcome(Outcome::BuildsOtherBranch("feature/x".to_owned())),
            )
            .plan("App_Build", Plan::new().agent_lost_at(S(10)))
            .plan(
                "App_Build",
                Plan::new()
                    .outcome(Outcome::Hangs)
                    .probably_hanging_from(S(50)),
            ),
    );
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(queue(&simulator, "App_Build").await);
    }
    assert_eq!(
        at(&simulator, 5, ids[0], "revisions(revision(version))").await["revisions"]["revision"][0]
            ["version"],
        "77"
    );
    assert_eq!(
        build(&simulator, ids[1], "branchName").await["branchName"],
        "feature/x"
    );
    assert_eq!(
        at(&simulator, 13, ids[2], "state,status,statusText").await,
        json!({"state": "finished", "status": "FAILURE", "statusText": "The agent was lost during the build"})
    );
    assert_eq!(
        at(&simulator, 60, ids[3], "running-info(probablyHanging)").await["running-info"]["probablyHanging"],
        true
    );
}
