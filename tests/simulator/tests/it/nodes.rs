//! Two nodes behind a balancer, and what a balancer does to requests.

use std::time::Duration;

use serde_json::json;
use teamcity_simulator::{
    Fault, FaultKind, Matcher, Plan, Resource, Scenario, SecondNode, Simulator,
};

use crate::client::{get, post, queue_with};

const S: fn(u64) -> Duration = Duration::from_secs;

#[tokio::test(start_paused = true)]
async fn a_node_that_lags_does_not_know_a_new_build_and_shows_an_ended_one_running() {
    let scenario = Scenario::new()
        .second_node(SecondNode::new().lags(S(15)))
        .plan("App_Build", Plan::new().queued_for(S(1)).runs_for(S(30)));
    let simulator = Simulator::start(scenario);
    tokio::time::advance(S(60)).await;
    let body = json!({"buildType": {"id": "App_Build"}});
    let id = post(&simulator, "/app/rest/buildQueue", body).await.json()["id"].clone();
    let path = format!("/app/rest/builds/id:{id}?fields=state");
    for (after, fresh, stale) in [
        (2, "running", ""),
        (20, "running", "running"),
        (12, "finished", "running"),
        (15, "finished", "finished"),
    ] {
        tokio::time::advance(S(after)).await;
        let mut nodes = [0, 0];
        for _ in 0..20 {
            let answer = get(&simulator, &path).await;
            let second = answer.headers["teamcity-node-id"] == "NODE_2";
            nodes[usize::from(second)] += 1;
            let state = if second { stale } else { fresh };
            if state.is_empty() {
                assert_eq!(answer.status, 404);
            } else {
                assert_eq!(answer.json()["state"], state);
            }
        }
        assert!(nodes.iter().all(|count| *count >= 4), "{nodes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_only_node_refuses_to_write_and_reads_well() {
    let scenario = Scenario::new().second_node(SecondNode::new().read_only());
    let simulator = Simulator::start(scenario);
    let mut statuses = Vec::new();
    for _ in 0..20 {
        let body = json!({"buildType": {"id": "App_Build"}});
        let answer = post(&simulator, "/app/rest/buildQueue", body).await;
        if answer.status == 400 {
            assert_eq!(answer.headers["teamcity-node-id"], "NODE_2");
            let class = "MissingServerResponsibilityException";
            assert!(answer.text.contains(class), "{}", answer.text);
        }
        statuses.push(answer.status);
        let read = get(&simulator, "/app/rest/builds?locator=state:any").await;
        assert_eq!(read.status, 200);
    }
    assert!(statuses.contains(&200) && statuses.contains(&400));
    let queued = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(simulator.builds().len(), queued);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_sent_twice_makes_two_builds_with_the_same_tag() {
    let simulator = Simulator::start(Scenario::new());
    let on = Matcher::resource(Resource::QueueBuild);
    simulator.fault(Fault::new(FaultKind::ActsTwice).on(on));
    let tags = json!({"tags": {"tag": [{"name": "mine"}]}});
    let told = queue_with(&simulator, "App_Build", tags).await;
    let builds = simulator.builds();
    assert_eq!(builds.len(), 2);
    assert!(builds.iter().all(|build| build.tags == ["mine"]));
    assert_eq!(builds[1].id, told);
}
