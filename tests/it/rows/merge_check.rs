//! Each run has its row, and each row its end.

use teamcity_simulator::bitbucket::Scope;
use teamcity_simulator::{Fault, FaultKind, Outcome, Resource, Scenario};

use super::{APP, NO_PIPELINES, Sides, parallel, plan, s};
use crate::builds::canceled;
use crate::pipe::Step;

#[tokio::test(start_paused = true)]
async fn a_build_has_a_row_that_passes_or_fails_as_it_does() {
    for (outcome, state, status) in [
        (Outcome::Success, "SUCCESSFUL", 0),
        (Outcome::Failure, "FAILED", 1),
        (Outcome::FailedToStart, "FAILED", 2),
    ] {
        let sides = Sides::new([plan(60, outcome)]);
        let ran = sides.step().run(&sides.teamcity).await;
        ran.ends_with(status).says_not("⚠");
        assert_eq!(sides.states(Scenario::COMMIT), [state]);
        let row = &sides.rows(Scenario::COMMIT)[0];
        assert_eq!(row["refname"], "main");
        assert!(row["key"].as_str().unwrap().len() <= 40);
        sides.nothing_is_open();
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_and_a_time_limit_end_the_row_and_the_report() {
    for (name, step, status) in [
        ("stop", Step::new().stopped_after(s(30)), 143),
        ("TIMEOUT", Step::new().set("TIMEOUT", "30s"), 124),
        ("QUEUE_TIMEOUT", Step::new().set("QUEUE_TIMEOUT", "3s"), 124),
    ] {
        for cancels in ["true", "false"] {
            let sides = Sides::new([plan(3600, Outcome::Success)]);
            let step = step_like(&step, &sides).set("CANCEL_ON_STOP", cancels);
            let ran = step.run(&sides.teamcity).await;
            ran.ends_with(status);
            let rows = sides.rows(Scenario::COMMIT);
            assert_eq!(
                sides.states(Scenario::COMMIT),
                ["STOPPED"],
                "{name} {cancels}"
            );
            let why = rows[0]["description"].as_str().unwrap();
            let expected = if name == "stop" { "signal 15" } else { name };
            assert!(why.contains(expected) || name == "QUEUE_TIMEOUT", "{why}");
            sides.nothing_is_open();
            assert_eq!(sides.canceled(), [cancels == "true"]);
        }
    }
}

fn step_like(step: &Step, sides: &Sides) -> Step {
    let mut other = sides.step();
    other.environment.extend(
        step.environment
            .iter()
            .filter(|(name, _)| name.contains("TIMEOUT"))
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    other.signal = step.signal;
    other
}

#[tokio::test(start_paused = true)]
async fn a_stop_after_the_builds_end_leaves_its_result() {
    let sides = Sides::new([plan(20, Outcome::Failure)]);
    // Its problems are still being fetched.
    let step = sides.step().stopped_after(s(40));
    let hangs = FaultKind::HangBeforeActing;
    sides
        .teamcity
        .fault(Fault::after_the_end(Resource::Problems, hangs));
    step.run(&sides.teamcity).await.ends_with(143);
    assert_eq!(sides.states(Scenario::COMMIT), ["FAILED"]);
    sides.nothing_is_open();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_away_leaves_no_open_row() {
    let sides = Sides::new([plan(3600, Outcome::Success)]);
    let step = sides.step().set("RETRY_FOR", "1m");
    let goes = async {
        tokio::time::sleep(s(60)).await;
        sides
            .teamcity
            .set_mode(teamcity_simulator::Mode::ProxyError(502));
    };
    let (ran, ()) = tokio::join!(step.run(&sides.teamcity), goes);
    ran.ends_with(5);
    assert_eq!(sides.states(Scenario::COMMIT), ["STOPPED"]);
    sides.nothing_is_open();
}

#[tokio::test(start_paused = true)]
async fn what_is_only_started_opens_nothing_unless_asked() {
    let sides = Sides::new([plan(60, Outcome::Success)]);
    let step = sides.step().set("WAIT", "false");
    step.run(&sides.teamcity).await.ends_with(0);
    assert_eq!(sides.rows(Scenario::COMMIT).len(), 0);
    sides.nothing_is_open();

    let step = sides
        .step()
        .set("WAIT", "false")
        .set("BUILD_STATUS", "true");
    let step = step.set("BITBUCKET_STEP_RUN_NUMBER", "2");
    step.run(&sides.teamcity).await.ends_with(0);
    assert_eq!(sides.states(Scenario::COMMIT), ["INPROGRESS"]);
    assert_eq!(sides.bitbucket.open_reports(APP).len(), 1);
    assert!(!sides.bitbucket.merge_check(APP, Scenario::COMMIT).passes(1));
}

#[tokio::test(start_paused = true)]
async fn steps_of_a_matrix_have_a_row_each_and_a_red_one_stays_red() {
    let sides = Sides::new([plan(30, Outcome::Failure), plan(60, Outcome::Success)]);
    let of = |number: u64| {
        let system = format!("env.SYSTEM={number}");
        parallel(sides.step(), number).set("PARAMETERS", &system)
    };
    let (one, other) = tokio::join!(of(0).run(&sides.teamcity), of(1).run(&sides.teamcity));
    one.ends_with(1);
    other.ends_with(0);
    assert_eq!(sides.states(Scenario::COMMIT), ["FAILED", "SUCCESSFUL"]);
    let names: Vec<_> = sides
        .rows(Scenario::COMMIT)
        .iter()
        .map(|row| row["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        names,
        ["TeamCity: App / Build (0)", "TeamCity: App / Build (1)"]
    );
    assert!(!sides.bitbucket.merge_check(APP, Scenario::COMMIT).passes(1));
    assert_eq!(sides.bitbucket.reports(APP, Scenario::COMMIT).len(), 2);
    sides.nothing_is_open();
}

#[tokio::test(start_paused = true)]
async fn a_label_takes_the_place_of_the_steps_number() {
    let sides = Sides::new([plan(30, Outcome::Success)]);
    for label in ["staging", "production"] {
        let step = sides.step().set("LABEL", label);
        step.set("BITBUCKET_STEP_UUID", &super::uuid(label.len() as u64))
            .run(&sides.teamcity)
            .await
            .ends_with(0);
    }
    let rows = sides.rows(Scenario::COMMIT);
    assert_eq!(rows[0]["name"], "TeamCity: App / Build (staging)");
    assert_eq!(rows[1]["name"], "TeamCity: App / Build (production)");
    let step = parallel(sides.step(), 3).set("LABEL", "staging");
    step.run(&sides.teamcity).await.ends_with(0);
    assert_eq!(sides.rows(Scenario::COMMIT).len(), 2);
    let long = sides.step().set("LABEL", &"x".repeat(51));
    long.run(&sides.teamcity).await.ends_with(3).says("LABEL");
}

#[tokio::test(start_paused = true)]
async fn a_rerun_and_a_later_pipeline_on_the_commit_keep_the_row() {
    let sides = Sides::new([
        plan(30, Outcome::Failure),
        plan(30, Outcome::Failure),
        plan(30, Outcome::Success),
    ]);
    sides.step().run(&sides.teamcity).await.ends_with(1);
    let again = sides.step().set("BITBUCKET_STEP_RUN_NUMBER", "2");
    again.run(&sides.teamcity).await.ends_with(1);
    sides.step_of(13).run(&sides.teamcity).await.ends_with(0);
    assert_eq!(sides.states(Scenario::COMMIT), ["SUCCESSFUL"]);
    assert!(sides.bitbucket.merge_check(APP, Scenario::COMMIT).passes(1));
}

#[tokio::test(start_paused = true)]
async fn a_configuration_keeps_its_row_whatever_its_place_in_the_list() {
    let sides = Sides::new([plan(30, Outcome::Success)]);
    for (run, list) in ["App_Build,App_Test", "App_Test,App_Build"]
        .iter()
        .enumerate()
    {
        let step = sides.step().set("BUILD_TYPE_ID", list);
        step.set("BITBUCKET_STEP_RUN_NUMBER", &(run + 1).to_string())
            .run(&sides.teamcity)
            .await
            .ends_with(0);
    }
    assert_eq!(sides.states(Scenario::COMMIT), ["SUCCESSFUL", "SUCCESSFUL"]);
}

#[tokio::test(start_paused = true)]
async fn a_superseded_build_ends_its_row_on_its_own_commit() {
    // Also with a credential that may not ask about pipelines, and before TeamCity tells the older build's revision.
    for token in [super::TOKEN, NO_PIPELINES] {
        let sides = Sides::new([plan(3600, Outcome::Success), plan(10, Outcome::Success)]);
        let older = sides.step_of(11).set("BITBUCKET_ACCESS_TOKEN", token);
        let older = older.killed_after(s(20));
        older.run(&sides.teamcity).await.ends_with(137);
        assert_eq!(sides.states(Scenario::OLDER_COMMIT), ["INPROGRESS"]);
        let newer = sides
            .step()
            .set("SUPERSEDE", "true")
            .set("BITBUCKET_ACCESS_TOKEN", token);
        newer.run(&sides.teamcity).await.ends_with(0);
        assert_eq!(sides.canceled(), [true, false]);
        assert_eq!(sides.states(Scenario::OLDER_COMMIT), ["STOPPED"]);
        assert_eq!(sides.states(Scenario::COMMIT), ["SUCCESSFUL"]);
        sides.nothing_is_open();
    }
}

#[tokio::test(start_paused = true)]
async fn a_build_of_the_same_commit_is_not_superseded() {
    for (at, revision) in [(2, ""), (60, ""), (2, "latest"), (60, "latest")] {
        let sides = Sides::new([plan(600, Outcome::Success), plan(10, Outcome::Success)]);
        let of = |number: u64| {
            let step = sides.step_of(number).set("SUPERSEDE", "true");
            step.set("REVISION", revision)
        };
        let later = async {
            tokio::time::sleep(s(at)).await;
            of(13).run(&sides.teamcity).await
        };
        let (older, newer) = tokio::join!(of(12).run(&sides.teamcity), later);
        older.ends_with(0);
        newer.ends_with(0);
        assert_eq!(sides.canceled(), [false, false], "{at} {revision}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_joined_build_is_left_alone_and_its_row_ends() {
    let sides = Sides::new([plan(3600, Outcome::Success)]);
    let others = sides.teamcity.queue_build("App_Build", "ci", Some("main"));
    sides.teamcity.start_build(others);
    for step in [
        sides.step().stopped_after(s(60)),
        sides.step().set("TIMEOUT", "60s"),
    ] {
        let ran = step.set("REUSE", "running").run(&sides.teamcity).await;
        ran.says("not canceled");
        assert_eq!(sides.states(Scenario::COMMIT), ["STOPPED"]);
        assert_eq!(sides.canceled(), [false]);
        sides.nothing_is_open();
    }
}

#[tokio::test(start_paused = true)]
async fn a_killed_steps_rows_are_ended_by_cancel_with_what_became_of_the_build() {
    for (outcome, later, state) in [
        (Outcome::Success, 10, "STOPPED"),
        (Outcome::Success, 600, "SUCCESSFUL"),
        (Outcome::Failure, 600, "FAILED"),
    ] {
        let sides = Sides::new([plan(120, outcome)]);
        let step = sides.step().killed_after(s(60));
        step.run(&sides.teamcity).await.ends_with(137);
        assert_eq!(sides.states(Scenario::COMMIT), ["INPROGRESS"]);
        tokio::time::sleep(s(later)).await;
        let ran = sides.cancel(sides.step()).await;
        ran.ends_with(0);
        assert_eq!(sides.states(Scenario::COMMIT), [state]);
        assert_eq!(canceled(&sides.teamcity.builds()[0]), state == "STOPPED");
        sides.nothing_is_open();
    }
}

#[tokio::test(start_paused = true)]
async fn a_killed_steps_joined_build_goes_on_and_cancel_ends_its_row() {
    let sides = Sides::new([plan(3600, Outcome::Success)]);
    let others = sides.teamcity.queue_build("App_Build", "ci", Some("main"));
    sides.teamcity.start_build(others);
    let storage = tempfile::tempdir().unwrap();
    let path = storage.path().to_str().unwrap();
    let step = sides.step().set("BITBUCKET_PIPE_STORAGE_DIR", path);
    let step = step.set("REUSE", "running").killed_after(s(60));
    step.run(&sides.teamcity).await.ends_with(137);
    assert_eq!(sides.states(Scenario::COMMIT), ["INPROGRESS"]);
    let step = sides.step().set("BITBUCKET_PIPE_STORAGE_DIR", path);
    sides.cancel(step).await.ends_with(0);
    assert_eq!(sides.states(Scenario::COMMIT), ["STOPPED"]);
    assert_eq!(sides.canceled(), [false]);
    sides.nothing_is_open();
}

#[tokio::test(start_paused = true)]
async fn without_a_credential_the_report_ends_all_the_same() {
    let sides = Sides::new([plan(3600, Outcome::Success)]);
    let step = || Step::new().with_bitbucket(&sides.bitbucket, None);
    let killed = step().killed_after(s(60));
    killed.run(&sides.teamcity).await.ends_with(137);
    assert_eq!(sides.bitbucket.open_reports(APP).len(), 1);
    sides.cancel(step()).await.ends_with(0).says_not("⚠");
    sides.nothing_is_open();
}

#[tokio::test(start_paused = true)]
async fn a_credential_that_lacks_a_scope_is_named_in_the_warning() {
    let sides = Sides::new([plan(30, Outcome::Success)]);
    let reader = sides
        .bitbucket
        .clone()
        .with_credential("Bearer reader", &[Scope::Pipeline]);
    let step = Step::new().with_bitbucket(&reader, Some("reader"));
    let ran = step.run(&sides.teamcity).await;
    ran.ends_with(0).says("lacks the scope");
}
