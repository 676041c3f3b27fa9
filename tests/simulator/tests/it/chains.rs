//! Snapshot dependencies.

use std::time::Duration;

use serde_json::json;
use teamcity_simulator::{BuildType, Dependency, OnDependency, Outcome, Plan, Scenario, Simulator};

use crate::client::{build, found, get_json, queue, queue_with};

const S: fn(u64) -> Duration = Duration::from_secs;

fn chain() -> Scenario {
    Scenario::new()
        .build_type(BuildType::new("Lib").roots(["App_Git"]))
        .build_type(
            BuildType::new("Left")
                .roots(["App_Git"])
                .depends_on(["Lib"]),
        )
        .build_type(
            BuildType::new("Right")
                .roots(["App_Git"])
                .depends_on(["Lib"]),
        )
        .build_type(
            BuildType::new("All")
                .roots(["App_Git"])
                .composite()
                .depends_on(["Left", "Right"]),
        )
        .plan("Lib", Plan::new().queued_for(S(1)).runs_for(S(10)))
        .plan("Left", Plan::new().queued_for(S(1)).runs_for(S(10)))
        .plan("Right", Plan::new().queued_for(S(1)).runs_for(S(20)))
}

#[tokio::test(start_paused = true)]
async fn dependencies_are_queued_once_and_run_first() {
    let simulator = Simulator::start(chain());
    let top = queue(&simulator, "All").await;
    assert_eq!(simulator.builds().len(), 4);
    assert_eq!(
        simulator
            .builds()
            .iter()
            .filter(|build| build.build_type == "Lib")
            .count(),
        1
    );
    let whole = get_json(&simulator, &format!("/app/rest/builds/id:{top}?fields=state,waitReason,snapshot-dependencies(count,build(buildTypeId,state,waitReason))")).await;
    assert_eq!(whole["snapshot-dependencies"]["count"], 2);
    assert_eq!(
        whole["snapshot-dependencies"]["build"][0]["waitReason"],
        "Build dependencies have not been built yet"
    );
    let all = found(
        &simulator,
        &format!("snapshotDependency:(to:(id:{top}),includeInitial:true),defaultFilter:false"),
    )
    .await;
    assert_eq!(all.len(), 4);
    assert_eq!(
        found(
            &simulator,
            &format!("snapshotDependency:(to:(id:{top})),defaultFilter:false")
        )
        .await
        .len(),
        3
    );
    tokio::time::advance(S(5)).await;
    // A composite build runs from the moment that the first of its dependencies does.
    tokio::time::advance(S(8)).await;
    assert_eq!(
        build(&simulator, top, "state,composite,agent").await,
        json!({"state": "running", "composite": true})
    );
    tokio::time::advance(S(30)).await;
    let end = build(&simulator, top, "state,status,finishDate").await;
    assert_eq!(
        end,
        json!({"state": "finished", "status": "SUCCESS", "finishDate": "20260115T100032+0000"})
    );
}

#[tokio::test(start_paused = true)]
async fn a_suitable_finished_build_is_reused_unless_it_must_not_be() {
    let simulator = Simulator::start(chain());
    let lib = queue(&simulator, "Lib").await;
    tokio::time::advance(S(60)).await;
    let left = queue(&simulator, "Left").await;
    assert_eq!(simulator.build(left).unwrap().dependencies, [lib]);
    let rebuilt = queue_with(
        &simulator,
        "Left",
        json!({"triggeringOptions": {"rebuildAllDependencies": true}}),
    )
    .await;
    assert_ne!(simulator.build(rebuilt).unwrap().dependencies, [lib]);
    let custom = queue_with(
        &simulator,
        "Left",
        json!({"properties": {"property": [{"name": "reverse.dep.Lib.x", "value": "1"}]}}),
    )
    .await;
    let dependency = simulator.build(custom).unwrap().dependencies[0];
    assert_eq!(simulator.build(dependency).unwrap().properties[0].name, "x");
    simulator.add_change(
        "App_Git",
        "main",
        "8888888888888888888888888888888888888888",
    );
    let newer = queue(&simulator, "Left").await;
    assert_ne!(simulator.build(newer).unwrap().dependencies, [lib]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_dependency_is_a_problem_or_stops_the_build() {
    for (what, status, broken) in [
        (OnDependency::RunAddProblem, "FAILURE", false),
        (OnDependency::Run, "SUCCESS", false),
        (OnDependency::FailToStart, "FAILURE", true),
        (OnDependency::Cancel, "UNKNOWN", false),
    ] {
        let scenario = Scenario::new()
            .build_type(BuildType::new("Lib").roots(["App_Git"]))
            .build_type(
                BuildType::new("Top")
                    .roots(["App_Git"])
                    .depends_on([Dependency::on("Lib").on_failure(what)]),
            )
            .plan("Lib", Plan::new().outcome(Outcome::Failure));
        let simulator = Simulator::start(scenario);
        let id = queue(&simulator, "Top").await;
        tokio::time::advance(S(200)).await;
        let end = build(&simulator, id, "state,status,failedToStart").await;
        assert_eq!(
            end,
            json!({"state": "finished", "status": status, "failedToStart": broken}),
            "{what:?}"
        );
        let problems = get_json(&simulator, &format!("/app/rest/problemOccurrences?locator=build:(id:{id})&fields=problemOccurrence(type,additionalData)")).await;
        if matches!(
            what,
            OnDependency::RunAddProblem | OnDependency::FailToStart
        ) {
            assert_eq!(
                problems["problemOccurrence"][0]["additionalData"],
                (id + 1).to_string(),
                "{what:?}"
            );
        }
    }
}
