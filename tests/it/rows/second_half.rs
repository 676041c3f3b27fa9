//! Started now, followed later: `BUILD_ID: auto`.

use teamcity_simulator::{Outcome, Scenario};

use super::{APP, Sides, auto, parallel, plan, s, uuid};
use crate::pipe::Step;

fn started(step: Step) -> Step {
    step.set("WAIT", "false")
}

/// The ids that a step followed.
fn followed(ran: &crate::pipe::Ran) -> Vec<u64> {
    let text = ran.file("teamcity.env");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("TEAMCITY_BUILD_ID="));
    line.unwrap_or_default()
        .split(',')
        .filter_map(|id| id.parse().ok())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn auto_follows_all_that_parallel_steps_started_and_is_red_if_one_is() {
    let sides = Sides::new([
        plan(60, Outcome::Failure),
        plan(90, Outcome::Success),
        plan(30, Outcome::Success),
    ]);
    for number in 0..2 {
        let step = started(parallel(sides.step(), number));
        step.run(&sides.teamcity).await.ends_with(0);
    }
    // What a step has waited for is not followed again, and one step may start twice.
    let step = sides.step().set("BITBUCKET_STEP_UUID", &uuid(5));
    step.run(&sides.teamcity).await.ends_with(0);
    let step = started(sides.step()).set("BUILD_TYPE_ID", "App_Test");
    let step = step.set("BITBUCKET_STEP_UUID", &uuid(5));
    step.run(&sides.teamcity).await.ends_with(0);
    let ids: Vec<u64> = sides
        .teamcity
        .builds()
        .iter()
        .map(|build| build.id)
        .collect();

    let ran = auto(sides.step()).run(&sides.teamcity).await;
    ran.ends_with(1);
    assert_eq!(followed(&ran), [ids[0], ids[1], ids[3]]);
    sides.nothing_is_open();
}

#[tokio::test(start_paused = true)]
async fn of_a_step_that_ran_again_auto_follows_the_last_run() {
    let sides = Sides::new([plan(60, Outcome::Failure), plan(60, Outcome::Success)]);
    for run in ["1", "2"] {
        let step = started(parallel(sides.step(), 0));
        step.set("BITBUCKET_STEP_RUN_NUMBER", run)
            .run(&sides.teamcity)
            .await
            .ends_with(0);
    }
    let ran = auto(sides.step()).run(&sides.teamcity).await;
    ran.ends_with(0);
    assert_eq!(followed(&ran), [sides.teamcity.builds()[1].id]);
}

#[tokio::test(start_paused = true)]
async fn auto_follows_nothing_of_another_pipeline_repository_or_server() {
    let sides = Sides::new([plan(60, Outcome::Success)]);
    let others = [
        started(sides.step_of(13)),
        started(sides.step()).set("BITBUCKET_REPO_UUID", "{another}"),
        started(sides.step()).set("TEAMCITY_URL", "http://other.example.com"),
    ];
    for (at, other) in others.into_iter().enumerate() {
        let other = other.run(&sides.teamcity).await;
        other.ends_with(0);
        let step = auto(sides.step_of(14));
        std::fs::write(
            step.directory.path().join("teamcity-builds.json"),
            other.file("teamcity-builds.json"),
        )
        .unwrap();
        let ran = step.run(&sides.teamcity).await;
        ran.ends_with(3).says("BUILD_ID is auto").says(match at {
            2 => "is from another",
            _ => "is from another pipeline",
        });
    }
}

#[tokio::test(start_paused = true)]
async fn auto_finds_a_build_without_tags_by_the_file_of_its_step() {
    for by_storage in [false, true] {
        let sides = Sides::new([plan(60, Outcome::Failure)]);
        let others = sides.teamcity.queue_build("App_Build", "ci", Some("main"));
        sides.teamcity.start_build(others);
        let storage = tempfile::tempdir().unwrap();
        let path = storage.path().to_str().unwrap();
        let mut first = started(parallel(sides.step(), 0)).set("REUSE", "running");
        let mut second = auto(sides.step());
        if by_storage {
            first = first.set("BITBUCKET_PIPE_STORAGE_DIR", path);
            second = second.set("BITBUCKET_PIPE_STORAGE_DIR", path);
        }
        let first = first.run(&sides.teamcity).await;
        first.ends_with(0);
        // A step beside it leaves its own file, too.
        if by_storage {
            let step = parallel(sides.step(), 1).set("BITBUCKET_PIPE_STORAGE_DIR", path);
            let step = step.set("BUILD_TYPE_ID", "App_Test");
            step.run(&sides.teamcity).await.ends_with(0);
        } else {
            std::fs::write(
                second.directory.path().join("teamcity-builds.json"),
                first.file("teamcity-builds.json"),
            )
            .unwrap();
        }
        let ran = second.run(&sides.teamcity).await;
        ran.ends_with(1);
        assert_eq!(followed(&ran), [others]);
    }
}

#[tokio::test(start_paused = true)]
async fn with_nothing_started_auto_says_so() {
    let sides = Sides::new([plan(10, Outcome::Success)]);
    let ran = auto(sides.step()).run(&sides.teamcity).await;
    ran.ends_with(3).says("WAIT: 'false'");
    sides.step().run(&sides.teamcity).await.ends_with(0);
    let ran = auto(sides.step()).run(&sides.teamcity).await;
    ran.ends_with(3);
    let check = auto(sides.step()).argument("check");
    check
        .run(&sides.teamcity)
        .await
        .ends_with(3)
        .says("WAIT: 'false'");
}

#[tokio::test(start_paused = true)]
async fn the_step_that_follows_ends_the_row_that_the_start_opened() {
    for how in ["auto", "id"] {
        let sides = Sides::new([plan(60, Outcome::Failure), plan(30, Outcome::Success)]);
        for number in 0..2 {
            let step = started(parallel(sides.step(), number)).set("BUILD_STATUS", "true");
            step.run(&sides.teamcity).await.ends_with(0);
        }
        assert_eq!(sides.states(Scenario::COMMIT), ["INPROGRESS", "INPROGRESS"]);
        let mut step = auto(sides.step());
        if how == "id" {
            let ids: Vec<_> = sides
                .teamcity
                .builds()
                .iter()
                .map(|build| build.id.to_string())
                .collect();
            step = step.set("BUILD_ID", &ids.join(","));
        }
        step.run(&sides.teamcity).await.ends_with(1);
        assert_eq!(sides.states(Scenario::COMMIT), ["FAILED", "SUCCESSFUL"]);
        assert_eq!(sides.bitbucket.open_statuses(APP), []);
    }
}

#[tokio::test(start_paused = true)]
async fn who_follows_a_build_later_ends_its_stopped_row_with_the_result() {
    let sides = Sides::new([plan(600, Outcome::Success)]);
    let step = sides.step().set("CANCEL_ON_STOP", "false");
    step.set("TIMEOUT", "60s")
        .run(&sides.teamcity)
        .await
        .ends_with(124);
    assert_eq!(sides.states(Scenario::COMMIT), ["STOPPED"]);
    let id = sides.teamcity.builds()[0].id.to_string();
    let step = auto(parallel(sides.step(), 4)).set("BUILD_ID", &id);
    let looks = async {
        tokio::time::sleep(s(30)).await;
        sides.states(Scenario::COMMIT)
    };
    let (ran, meanwhile) = tokio::join!(step.run(&sides.teamcity), looks);
    ran.ends_with(0);
    assert_eq!(meanwhile, ["INPROGRESS"]);
    assert_eq!(sides.states(Scenario::COMMIT), ["SUCCESSFUL"]);
    sides.nothing_is_open();
}
