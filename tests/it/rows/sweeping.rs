//! What Stop leaves behind: settled by `sweep`, and by each run beside its own work.

use std::time::Duration;

use teamcity_simulator::bitbucket::{Breakdown, Call, Fault, PipelineResult, PipelineState};
use teamcity_simulator::{Broken, Doubts, Outcome, Scenario};

use super::{APP, ENDED, NO_PIPELINES, Sides, parallel, plan, s};

/// Pipeline 11 is stopped: its step is killed, and its build goes on.
async fn stopped(sides: &Sides) {
    let step = sides.step_of(11).killed_after(s(60));
    step.run(&sides.teamcity).await.ends_with(137);
}

#[tokio::test(start_paused = true)]
async fn sweep_cancels_what_a_killed_step_waited_for_and_ends_row_and_report() {
    for result in [
        PipelineResult::Stopped,
        PipelineResult::Failed,
        PipelineResult::Expired,
        PipelineResult::Successful,
    ] {
        let sides = Sides::new([plan(3600, Outcome::Success)]);
        stopped(&sides).await;
        let ended = PipelineState::Completed(result);
        sides.bitbucket.set_pipeline(APP, "11", ended);
        sides.sweep().await.ends_with(0).says("Canceled");
        let build = &sides.teamcity.builds()[0];
        let comment = build.cancel_comment.as_deref().unwrap();
        assert!(comment.contains("pipeline #11 has ended"), "{comment}");
        assert!(comment.contains("/pipelines/results/11"), "{comment}");
        assert_eq!(sides.states(Scenario::OLDER_COMMIT), ["STOPPED"]);
        sides.nothing_is_open();
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_pipeline_that_lives_is_touched() {
    for state in [
        PipelineState::Pending,
        PipelineState::Running,
        PipelineState::Paused,
        PipelineState::Halted,
        PipelineState::PausedByName,
        PipelineState::HaltedByName,
        PipelineState::Other("SOMETHING_NEW"),
    ] {
        let sides = Sides::new([plan(3600, Outcome::Success)]);
        stopped(&sides).await;
        sides.bitbucket.set_pipeline(APP, "11", state);
        sides.sweep().await.ends_with(0);
        sides.step().killed_after(s(30)).run(&sides.teamcity).await;
        assert_eq!(sides.canceled(), [false, false], "{state:?}");
        let rows = sides.states(Scenario::OLDER_COMMIT);
        assert_eq!(rows, ["INPROGRESS"], "{state:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_clear_answer_nothing_is_touched() {
    for (fault, status) in [
        (Fault::Status(401), 4),
        (Fault::Status(403), 4),
        (Fault::Status(404), 0),
        (Fault::Status(429), 5),
        (Fault::Status(503), 5),
        (Fault::Html(200), 5),
        (Fault::Hang, 5),
        (Fault::Refuse, 5),
        (Fault::Cut, 5),
    ] {
        let sides = Sides::new([plan(3600, Outcome::Success)]);
        stopped(&sides).await;
        sides.end(&[11]);
        let fault = Breakdown::of(fault).on(Call::Pipelines);
        sides.bitbucket.add_fault(fault.clone());
        let ran = sides.sweep().await;
        ran.ends_with(status);
        // Also where the first question has its answer, and the one that counts has none.
        sides.bitbucket.repair();
        sides.bitbucket.add_fault(fault.after(1));
        let ran = sides.sweep().await;
        ran.ends_with(status);
        assert_eq!(sides.canceled(), [false]);
        assert_eq!(sides.states(Scenario::OLDER_COMMIT), ["INPROGRESS"]);
        sides.bitbucket.repair();
        sides.sweep().await.ends_with(0);
        sides.nothing_is_open();
    }
}

#[tokio::test(start_paused = true)]
async fn sweep_needs_a_credential_that_may_read_pipelines() {
    let sides = Sides::new([plan(3600, Outcome::Success)]);
    stopped(&sides).await;
    sides.end(&[11]);
    let sweep = || sides.step_of(19).argument("sweep").unset("BUILD_TYPE_ID");
    let ran = sweep()
        .unset("BITBUCKET_ACCESS_TOKEN")
        .run(&sides.teamcity)
        .await;
    ran.ends_with(3).says("BITBUCKET_ACCESS_TOKEN");
    let ran = sweep()
        .set("BITBUCKET_ACCESS_TOKEN", NO_PIPELINES)
        .run(&sides.teamcity)
        .await;
    ran.ends_with(4).says("read:pipeline:bitbucket");
    assert_eq!(sides.canceled(), [false]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waited_for_or_may_outlive_its_step_is_left_alone() {
    let sides = Sides::new([plan(3600, Outcome::Success)]);
    for (number, name) in [(1, "WAIT"), (2, "CANCEL_ON_STOP")] {
        let step = parallel(sides.step_of(11), number).set(name, "false");
        step.killed_after(s(30)).run(&sides.teamcity).await;
    }
    let other = sides.step_of(11).set("BITBUCKET_REPO_UUID", "{another}");
    other.killed_after(s(30)).run(&sides.teamcity).await;
    sides.teamcity.queue_build("App_Build", "ci", Some("main"));
    sides.end(&[11]);
    sides.sweep().await.ends_with(0);
    assert_eq!(sides.canceled(), [false; 4]);
}

#[tokio::test(start_paused = true)]
async fn rows_of_builds_that_went_on_to_their_end_get_the_result() {
    let sides = Sides::new([plan(120, Outcome::Success), plan(120, Outcome::Failure)]);
    for number in [1, 2] {
        let step = parallel(sides.step_of(11), number);
        step.killed_after(s(60)).run(&sides.teamcity).await;
    }
    // Also where a person stops one, and where nobody waited.
    let step = parallel(sides.step_of(11), 3).set("WAIT", "false");
    let step = step.set("BUILD_STATUS", "true");
    step.run(&sides.teamcity).await.ends_with(0);
    let last = sides.teamcity.builds()[2].id;
    sides.teamcity.cancel_build(last, "ci", "not today");
    tokio::time::sleep(s(600)).await;
    assert_eq!(sides.bitbucket.open_statuses(APP).len(), 3);
    sides.end(&[11]);
    sides.sweep().await.ends_with(0);
    assert_eq!(
        sides.states(Scenario::OLDER_COMMIT),
        ["SUCCESSFUL", "FAILED", "STOPPED"]
    );
    sides.nothing_is_open();
}

#[tokio::test(start_paused = true)]
async fn a_later_run_settles_what_was_left_behind_and_is_not_delayed() {
    let sides = Sides::new([plan(3600, Outcome::Success), plan(60, Outcome::Success)]);
    stopped(&sides).await;
    sides.end(&[11]);
    let ran = sides.step().run(&sides.teamcity).await;
    ran.ends_with(0).says("Canceled");
    assert_eq!(sides.canceled(), [true, false]);
    assert_eq!(sides.states(Scenario::OLDER_COMMIT), ["STOPPED"]);
    sides.nothing_is_open();

    let nothing = Sides::new([plan(60, Outcome::Success)]);
    let alone = nothing.step().run(&nothing.teamcity).await;
    assert!(
        ran.took <= alone.took + s(1),
        "{:?} {:?}",
        ran.took,
        alone.took
    );
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_there_changes_nothing_of_a_run() {
    let usual = Sides::new([plan(60, Outcome::Failure)]);
    let usual = usual.step().run(&usual.teamcity).await;
    for fault in [
        Fault::Status(401),
        Fault::Status(403),
        Fault::Html(200),
        Fault::Cut,
        Fault::Drip {
            per_byte: Duration::from_secs(1),
        },
    ] {
        let sides = Sides::new([plan(3600, Outcome::Success), plan(60, Outcome::Failure)]);
        stopped(&sides).await;
        sides.end(&[11]);
        sides
            .bitbucket
            .add_fault(Breakdown::of(fault).on(Call::Pipelines));
        let ran = sides.step().run(&sides.teamcity).await;
        ran.ends_with(1).says_not("⚠");
        assert!(ran.took <= usual.took + s(6), "{fault:?} {:?}", ran.took);
        assert_eq!(sides.canceled(), [false, false], "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_without_a_credential_searches_nothing() {
    let sides = Sides::new([plan(10, Outcome::Success)]);
    let searches = |sides: &Sides| {
        let requests = sides.teamcity.requests();
        let query = |request: &teamcity_simulator::Recorded| {
            request
                .query
                .as_deref()
                .unwrap_or_default()
                .contains("waited")
        };
        requests.iter().filter(|request| query(request)).count()
    };
    let step = sides.step().unset("BITBUCKET_ACCESS_TOKEN");
    step.run(&sides.teamcity).await.ends_with(0);
    assert_eq!(searches(&sides), 0);
    sides.teamcity.clear_requests();
    sides.step_of(13).run(&sides.teamcity).await.ends_with(0);
    assert_eq!(searches(&sides), 1);
}

#[tokio::test(start_paused = true)]
async fn a_merged_build_is_left_alone_by_sweep() {
    let sides = Sides::new([plan(3600, Outcome::Success).queued_for(s(300))]);
    stopped(&sides).await;
    let ours = sides.teamcity.builds()[0].id;
    let others = sides.teamcity.queue_build("App_Build", "ci", Some("main"));
    sides.teamcity.merge(others, ours);
    sides.bitbucket.set_pipeline(APP, "11", ENDED);
    sides.sweep().await.ends_with(0);
    let ours = sides.teamcity.build(ours).unwrap();
    assert!(ours.canceled_by.is_none());
}

#[tokio::test(start_paused = true)]
async fn sweep_goes_by_the_build_that_took_the_place_of_one_that_was_broken_off() {
    let all = Doubts::default;
    for doubts in [
        all(),
        all().readded_without_tags(),
        all().readded_without_tags().readded_ids_grow(),
        all().readded_without_tags().successors_name_the_replaced(),
    ] {
        for (runs_for, canceled, row) in [(3600, 1, "STOPPED"), (30, 0, "FAILED")] {
            let broken = Outcome::ReAdded {
                broken: Broken::Stopped,
                at: s(90),
                then: Box::new(plan(runs_for, Outcome::Failure)),
            };
            let sides = Sides::with_doubts([plan(3600, broken)], doubts.clone());
            stopped(&sides).await;
            tokio::time::sleep(s(120)).await;
            sides.end(&[11]);
            let ran = sides.sweep().await;
            ran.ends_with(0);
            // What is canceled takes a moment to end.
            tokio::time::sleep(s(10)).await;
            let builds = sides.teamcity.builds();
            let ours = builds.iter().filter(|build| {
                let comment = build.cancel_comment.as_deref().unwrap_or_default();
                comment.contains("pipeline #11 has ended")
            });
            let case = format!("{doubts:?}, {row}\n{}", ran.output);
            assert_eq!(ours.count(), canceled, "{case}");
            assert!(
                builds.iter().all(|build| build.state == "finished"),
                "{case}"
            );
            assert_eq!(sides.states(Scenario::OLDER_COMMIT), [row], "{case}");
            sides.nothing_is_open();
        }
    }
}
