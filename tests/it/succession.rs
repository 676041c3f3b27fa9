//! A build that TeamCity puts back into the queue is followed to its end, under whatever id.

use std::time::Duration;

use teamcity_simulator::bitbucket::{Bitbucket, Scope};
use teamcity_simulator::{
    Broken, Doubts, Fault, FaultKind, Matcher, Outcome, Plan, Resource, Scenario, Simulator,
};

use crate::pipe::{Ran, Step};

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn plan() -> Plan {
    Plan::new().queued_for(s(2)).runs_for(s(30))
}

/// Broken off 20 s after it was queued; then another does as told.
fn broken_off(broken: Broken, then: Plan) -> Plan {
    plan().runs_for(s(100)).outcome(Outcome::ReAdded {
        broken,
        at: s(20),
        then: Box::new(then),
    })
}

fn server(plan: Plan, doubts: Doubts) -> Simulator {
    Simulator::start(Scenario::new().doubts(doubts).plan("App_Build", plan))
}

/// What is not known of such builds, each way.
fn doubts() -> Vec<Doubts> {
    let all = Doubts::default;
    vec![
        all(),
        all().readded_without_tags(),
        all().readded_ids_grow(),
        all().readded_as_restarted(),
        all().readding_takes(s(3)),
        all().replaced_ids_lead_on(),
        all().successors_name_the_replaced(),
        all().readded_without_tags().replaced_ids_lead_on(),
        all()
            .readded_without_tags()
            .readded_ids_grow()
            .readding_takes(s(4)),
        all()
            .replaced_ids_lead_on()
            .successors_name_the_replaced()
            .readded_as_restarted(),
    ]
}

const BOTH: [Broken; 2] = [Broken::Stopped, Broken::AgentLost];

fn living(simulator: &Simulator) -> usize {
    let builds = simulator.builds();
    let lives = builds.iter().filter(|build| build.state != "finished");
    lives.count()
}

#[tokio::test(start_paused = true)]
async fn the_step_ends_as_the_build_that_took_the_place_of_a_broken_one() {
    for doubts in doubts() {
        for broken in BOTH {
            for (outcome, status) in [
                (Outcome::Success, 0),
                (Outcome::Failure, 1),
                (Outcome::FailedToStart, 2),
            ] {
                let simulator = server(broken_off(broken, plan().outcome(outcome)), doubts.clone());
                let ran = Step::new().run(&simulator).await;
                let case = format!("{doubts:?} {broken:?}");
                assert_eq!(ran.status, status, "{case}\n{}", ran.output);
                let builds = simulator.builds();
                assert_eq!(builds.len(), 2, "{case}\n{}", ran.output);
                let (old, new) = match builds[0].queued_at < builds[1].queued_at {
                    true => (builds[0].id, builds[1].id),
                    false => (builds[1].id, builds[0].id),
                };
                ran.says("put it back into the queue")
                    .says(&format!("as build {new}"))
                    .says_not("Canceled the double");
                let json: serde_json::Value =
                    serde_json::from_str(&ran.file("teamcity-builds.json")).unwrap();
                let build = &json["builds"][0];
                assert_eq!(build["id"], new, "{case}");
                assert_eq!(build["brokenOff"][0]["id"], old, "{case}");
                assert!(build["canceled"].is_null());
                assert!(
                    ran.file("teamcity.env")
                        .contains(&format!("TEAMCITY_BUILD_ID={new}"))
                );
                let page = ran.file("teamcity-report.html");
                assert!(page.contains(&format!("in the place of build {old}")));
                assert_eq!(simulator.violations(), Vec::<String>::new());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_build_that_is_broken_off_again_and_again_is_followed_to_the_last() {
    for doubts in doubts() {
        let last = broken_off(Broken::AgentLost, plan().outcome(Outcome::Failure));
        let simulator = server(broken_off(Broken::Stopped, last), doubts);
        let ran = Step::new().run(&simulator).await;
        ran.ends_with(1);
        assert_eq!(
            ran.output.matches("put it back").count(),
            2,
            "{}",
            ran.output
        );
        assert_eq!(simulator.builds().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_person_starts_anew_is_no_successor() {
    let simulator = server(plan().runs_for(s(60)), Doubts::default());
    let jane = simulator.clone();
    let person = async {
        tokio::time::sleep(s(20)).await;
        let id = jane.builds()[0].id;
        jane.cancel_build(id, "ci", "again, please");
        jane.queue_build("App_Build", "ci", Some("main"));
    };
    let (ran, ()) = tokio::join!(Step::new().run(&simulator), person);
    ran.ends_with(2)
        .says("again, please")
        .says_not("put it back");
    assert_eq!(living(&simulator), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_person_cancels_is_told_within_ten_seconds() {
    for log in ["stream", "none"] {
        // In the middle of a long build it is its log that tells of the end.
        for at in [10, 17, 63, 100, 203, 208]
            .into_iter()
            .filter(|at| *at < 110 || log == "stream")
        {
            let simulator = server(plan().runs_for(s(600)), Doubts::default());
            let jane = simulator.clone();
            let person = async {
                tokio::time::sleep(s(at)).await;
                let id = jane.builds()[0].id;
                jane.cancel_build(id, "ci", "not now");
            };
            let step = Step::new().set("LOG", log);
            let (ran, ()) = tokio::join!(step.run(&simulator), person);
            ran.ends_with(2).says("not now");
            let ended = simulator.builds()[0].finished_at.unwrap();
            let late = ran.took.saturating_sub(ended);
            assert!(late <= s(10), "LOG={log}, at {at} s: {late:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_build_put_back_for_another_commit_or_by_another_pipe_is_not_taken_for_ours() {
    let other = Scenario::OLDER_COMMIT.to_owned();
    let simulator = server(plan().runs_for(s(60)), Doubts::default());
    let world = simulator.clone();
    let others = async {
        tokio::time::sleep(s(15)).await;
        let ours = world.builds()[0].id;
        world.set_plans(
            "App_Build",
            [plan()
                .runs_for(s(300))
                .outcome(Outcome::BuildsOtherRevision(other))],
        );
        let theirs = world.queue_build("App_Build", "ci", Some("main"));
        tokio::time::sleep(s(10)).await;
        world.cancel_build(ours, "ci", "not now");
        world.readd_build(theirs, plan().runs_for(s(600)));
    };
    let (ran, ()) = tokio::join!(Step::new().run(&simulator), others);
    ran.ends_with(2).says("not now");
    assert_eq!(living(&simulator), 1, "{}", ran.output);
}

async fn stopped(doubts: Doubts, at: u64) -> (Ran, Simulator) {
    let then = plan().queued_for(s(30)).runs_for(s(600));
    let simulator = server(broken_off(Broken::Stopped, then), doubts);
    let step = Step::new().stopped_after(s(at));
    (step.run(&simulator).await, simulator)
}

#[tokio::test(start_paused = true)]
async fn a_stop_cancels_the_build_that_took_the_place() {
    for (which, doubts) in doubts().into_iter().enumerate() {
        // When it is followed already; in the very second, and soon after, if it is there as soon as was seen.
        let all = [35, 60, 20, 21, 22];
        for at in all.into_iter().take(if which == 0 { 5 } else { 2 }) {
            let (ran, simulator) = stopped(doubts.clone(), at).await;
            ran.ends_with(143);
            tokio::time::sleep(s(10)).await;
            assert_eq!(living(&simulator), 0, "{doubts:?} {at}\n{}", ran.output);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_step_follows_the_build_that_took_the_place() {
    for doubts in doubts() {
        let simulator = server(broken_off(Broken::Stopped, plan()), doubts.clone());
        let first = Step::new().set("WAIT", "false").run(&simulator).await;
        first.ends_with(0);
        let id = simulator.builds()[0].id.to_string();
        tokio::time::sleep(s(300)).await;
        let later = Step::new().unset("BUILD_TYPE_ID").set("BUILD_ID", &id);
        let ran = later.run(&simulator).await;
        assert_eq!(ran.status, 0, "{doubts:?}\n{}", ran.output);
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_step_looks_once_for_a_build_that_has_no_successor() {
    let simulator = server(plan(), Doubts::default());
    Step::new()
        .set("WAIT", "false")
        .run(&simulator)
        .await
        .ends_with(0);
    let id = simulator.builds()[0].id;
    tokio::time::sleep(s(10)).await;
    simulator.cancel_build(id, "ci", "not now");
    tokio::time::sleep(s(60)).await;
    let later = Step::new()
        .unset("BUILD_TYPE_ID")
        .set("BUILD_ID", &id.to_string());
    let ran = later.run(&simulator).await;
    ran.ends_with(2);
    assert!(ran.took < s(5), "{:?}", ran.took);
}

#[tokio::test(start_paused = true)]
async fn the_row_on_the_commit_goes_on_with_the_link_of_the_other_build() {
    let simulator = server(broken_off(Broken::Stopped, plan()), Doubts::default());
    let token = "a-token-of-the-repository";
    let bitbucket = Bitbucket::new()
        .with_repository("acme/app", &[Scenario::COMMIT])
        .with_credential(&format!("Bearer {token}"), &[Scope::Repository]);
    let ran = Step::new()
        .with_bitbucket(&bitbucket, Some(token))
        .run(&simulator)
        .await;
    ran.ends_with(0);
    let rows = bitbucket.statuses("acme/app", Scenario::COMMIT);
    assert_eq!(rows.len(), 1, "{rows:?}");
    let builds = simulator.builds();
    let new = builds.iter().map(|build| build.id).min().unwrap();
    let link = rows[0]["url"].as_str().unwrap();
    assert!(link.contains(&new.to_string()), "{rows:?}");
    assert_eq!(rows[0]["state"], "SUCCESSFUL");
}

#[tokio::test(start_paused = true)]
async fn what_was_put_back_while_the_answer_was_lost_is_no_double() {
    for kind in [FaultKind::ResetAfterActing, FaultKind::Html502AfterActing] {
        let quick = plan().outcome(Outcome::ReAdded {
            broken: Broken::AgentLost,
            at: s(4),
            then: Box::new(plan()),
        });
        for doubts in [Doubts::default(), Doubts::default().readded_ids_grow()] {
            let simulator = server(quick.clone(), doubts);
            simulator.fault(
                Fault::new(kind.clone())
                    .on(Matcher::resource(Resource::QueueBuild))
                    .times(1),
            );
            let ran = Step::new().run(&simulator).await;
            ran.ends_with(0).says_not("double");
            assert_eq!(simulator.builds().len(), 2);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn auto_and_cancel_go_by_the_build_that_took_the_place() {
    for (which, doubts) in doubts().into_iter().enumerate() {
        // Without its tags, and with an id that leads elsewhere, only the first step's file knows of it.
        if which == 7 {
            continue;
        }
        for command in ["auto", "cancel"] {
            let then = plan().queued_for(s(60)).runs_for(s(60));
            let simulator = server(broken_off(Broken::Stopped, then), doubts.clone());
            let first = Step::new().set("WAIT", "false").run(&simulator).await;
            first.ends_with(0);
            tokio::time::sleep(s(30)).await;
            let later = Step::new().unset("BUILD_TYPE_ID");
            let later = later.set(
                "BITBUCKET_STEP_UUID",
                "{aaaaaaaa-9a2b-45ab-93ae-04b0f5dfd6b5}",
            );
            let ran = match command {
                "auto" => later.set("BUILD_ID", "auto").run(&simulator).await,
                _ => later.argument("cancel").run(&simulator).await,
            };
            let case = format!("{command} {doubts:?}");
            assert_eq!(ran.status, 0, "{case}\n{}", ran.output);
            tokio::time::sleep(s(5)).await;
            assert_eq!(living(&simulator), 0, "{case}\n{}", ran.output);
            if command == "auto" {
                let followed = ran.output.matches("Following ").count();
                assert_eq!(followed, 1, "{case}\n{}", ran.output);
            }
        }
    }
}
