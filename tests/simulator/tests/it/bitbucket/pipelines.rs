//! Pipelines: found by number and id, in the order of their making, and where they are.

use serde_json::json;
use teamcity_simulator::bitbucket::{Pipeline, PipelineResult, PipelineState};

use super::{ACME, COMMIT, bitbucket, by_proxy, get};

const UUID: &str = "{8a5a42ac-94a6-4a45-9bff-9d5f7c8c8d10}";
const ENCODED: &str = "%7B8a5a42ac-94a6-4a45-9bff-9d5f7c8c8d10%7D";

#[tokio::test(start_paused = true)]
async fn a_pipeline_is_found_and_ends() {
    let bitbucket = bitbucket();
    let pipeline = Pipeline::new(12, UUID).on("main", COMMIT);
    bitbucket.add_pipeline(ACME, pipeline);
    for id in ["12", ENCODED] {
        let found = get(&bitbucket, &format!("pipelines/{id}")).await;
        assert_eq!(found.status, 200);
        assert_eq!(found.json["build_number"], 12);
        assert_eq!(found.json["state"]["name"], "IN_PROGRESS");
        assert_eq!(found.json["target"]["commit"]["hash"], COMMIT);
    }
    assert_eq!(get(&bitbucket, "pipelines/13").await.status, 404);
    assert_eq!(
        get(&bitbucket, "pipelines/8a5a42ac-94a6").await.status,
        400,
        "without braces"
    );
    let stopped = PipelineState::Completed(PipelineResult::Stopped);
    bitbucket.set_pipeline(ACME, UUID, stopped);
    let ended = get(&bitbucket, "pipelines/12").await;
    assert_eq!(ended.json["state"]["name"], "COMPLETED");
    assert_eq!(ended.json["state"]["result"]["name"], "STOPPED");
    assert_eq!(
        by_proxy(&bitbucket, "pipelines/12").await.status,
        403,
        "not by the proxy"
    );
}

#[tokio::test(start_paused = true)]
async fn states_are_named_as_bitbucket_names_them() {
    let bitbucket = bitbucket();
    bitbucket.add_pipeline(ACME, Pipeline::new(1, UUID));
    for (state, name, stage) in [
        (PipelineState::Pending, "PENDING", None),
        (PipelineState::Running, "IN_PROGRESS", Some("RUNNING")),
        (PipelineState::Paused, "IN_PROGRESS", Some("PAUSED")),
        (PipelineState::Halted, "IN_PROGRESS", Some("HALTED")),
        (PipelineState::PausedByName, "PAUSED", None),
        (PipelineState::HaltedByName, "HALTED", None),
        (PipelineState::Other("PARSING"), "PARSING", None),
    ] {
        bitbucket.set_pipeline(ACME, "1", state);
        let shown = get(&bitbucket, "pipelines/1").await.json;
        assert_eq!(shown["state"]["name"], name);
        assert_eq!(shown["state"]["stage"]["name"], json!(stage));
    }
}

#[tokio::test(start_paused = true)]
async fn the_newest_come_first_if_asked_so() {
    let bitbucket = bitbucket();
    for number in 1..=120 {
        let uuid = format!("{{00000000-0000-0000-0000-{number:012}}}");
        bitbucket.add_pipeline(ACME, Pipeline::new(number, &uuid));
    }
    let oldest = get(&bitbucket, "pipelines/").await;
    assert_eq!(oldest.values()[0]["build_number"], 1);
    let newest = get(&bitbucket, "pipelines/?sort=-created_on&pagelen=100").await;
    assert_eq!(newest.values()[0]["build_number"], 120);
    let next = newest.json["next"].as_str().unwrap();
    let (_, query) = next.split_once('?').unwrap();
    let rest = get(&bitbucket, &format!("pipelines/?{query}")).await;
    assert_eq!(rest.values()[19]["build_number"], 1);
    assert!(rest.json["next"].is_null());
}
