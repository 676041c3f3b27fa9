//! A build is followed to its end, whatever that is.

use std::time::Duration;

use teamcity_simulator::{Fault, FaultKind, Matcher, Outcome, Plan, Resource, Scenario, Simulator};

use crate::pipe::Step;

const MINUTE: Duration = Duration::from_secs(60);

fn plan() -> Plan {
    Plan::new()
        .queued_for(Duration::from_secs(5))
        .runs_for(Duration::from_secs(60))
        .estimate(Duration::from_secs(55))
}

fn with(plan: Plan) -> Simulator {
    Simulator::start(Scenario::new().plan("App_Build", plan))
}

#[tokio::test(start_paused = true)]
async fn a_success_passes_the_step() {
    let simulator = with(plan());
    let ran = Step::new().run(&simulator).await;
    ran.ends_with(0).says("success");
    assert_eq!(simulator.builds().len(), 1);
    assert_eq!(simulator.violations(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_failure_fails_it() {
    Step::new()
        .run(&with(plan().outcome(Outcome::Failure)))
        .await
        .ends_with(1)
        .says("failed");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_clear_success_is_none() {
    let canceled = Outcome::CanceledBy {
        user: "ci".to_owned(),
        comment: "not now".to_owned(),
        at: Duration::from_secs(20),
    };
    let cases = [
        (canceled, 2, "not now"),
        (Outcome::FailedToStart, 2, "failed to start"),
        (Outcome::DeletedAt(Duration::from_secs(30)), 2, "deleted"),
        (Outcome::Error, 1, "failed"),
    ];
    for (outcome, status, words) in cases {
        Step::new()
            .run(&with(plan().outcome(outcome)))
            .await
            .ends_with(status)
            .says(words);
    }
}

#[tokio::test(start_paused = true)]
async fn a_status_that_comes_late_is_waited_for() {
    let outcome = Outcome::UnknownAtFinishFor(Duration::from_secs(2), Box::new(Outcome::Success));
    Step::new()
        .run(&with(plan().outcome(outcome)))
        .await
        .ends_with(0);
}

#[tokio::test(start_paused = true)]
async fn another_commit_than_asked_is_an_error_and_is_canceled() {
    let simulator = with(plan().outcome(Outcome::BuildsOtherRevision(
        Scenario::OLDER_COMMIT.to_owned(),
    )));
    Step::new()
        .run(&simulator)
        .await
        .ends_with(4)
        .says("instead of");
    assert!(simulator.builds()[0].canceled_by.is_some());
}

#[tokio::test(start_paused = true)]
async fn another_branch_than_asked_is_an_error() {
    let simulator = with(plan().outcome(Outcome::BuildsOtherBranch("feature/x".to_owned())));
    Step::new()
        .run(&simulator)
        .await
        .ends_with(4)
        .says("instead of");
}

#[tokio::test(start_paused = true)]
async fn half_an_hour_without_the_log_costs_few_requests_and_its_end_is_seen_at_once() {
    let simulator = with(
        Plan::new()
            .queued_for(Duration::from_secs(5))
            .runs_for(30 * MINUTE)
            .estimate(30 * MINUTE),
    );
    let ran = Step::new().set("LOG", "none").run(&simulator).await;
    ran.ends_with(0);
    let started = simulator.builds()[0].started_at.unwrap();
    let is_poll = |request: &&teamcity_simulator::Recorded| {
        request.resource == Some(Resource::Build) && request.at >= started
    };
    let polls = simulator.requests().iter().filter(is_poll).count();
    // The first of them has seen that it runs.
    assert!(polls - 1 <= 150, "{polls} polls");
    assert!(
        ran.took <= Duration::from_secs(5 + 3 + 3) + 30 * MINUTE,
        "{:?}",
        ran.took
    );
}

#[tokio::test(start_paused = true)]
async fn half_an_hour_with_its_log_costs_at_most_300_requests() {
    let simulator = with(
        Plan::new()
            .queued_for(Duration::from_secs(5))
            .runs_for(30 * MINUTE)
            .estimate(30 * MINUTE),
    );
    let ran = Step::new().run(&simulator).await;
    ran.ends_with(0).says("Build finished");
    assert!(
        simulator.requests().len() <= 300,
        "{}",
        simulator.requests().len()
    );
}

#[tokio::test(start_paused = true)]
async fn a_restart_in_the_middle_costs_a_line_or_two() {
    let simulator = with(plan().runs_for(20 * MINUTE));
    simulator.fault(
        Fault::new(FaultKind::Maintenance503)
            .on(Matcher::any())
            .for_duration(Duration::ZERO),
    );
    let restarting = simulator.clone();
    let run = Step::new().run(&simulator);
    let restart = async {
        tokio::time::sleep(5 * MINUTE).await;
        restarting.restart_for(9 * MINUTE);
    };
    let (ran, ()) = tokio::join!(run, restart);
    ran.ends_with(0).says("answers again");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stays_away_ends_the_step_with_5() {
    let simulator = with(plan().runs_for(20 * MINUTE));
    let away = simulator.clone();
    let run = Step::new().set("RETRY_FOR", "3m").run(&simulator);
    let leave = async {
        tokio::time::sleep(MINUTE).await;
        away.fault(Fault::new(FaultKind::Refused).on(Matcher::any()).always());
    };
    let (ran, ()) = tokio::join!(run, leave);
    ran.ends_with(5).says("RETRY_FOR");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_dies_on_the_way_is_told_apart() {
    let simulator = with(plan().runs_for(20 * MINUTE));
    let revoking = simulator.clone();
    let run = Step::new().run(&simulator);
    let revoke = async {
        tokio::time::sleep(MINUTE).await;
        revoking.revoke_token(Scenario::TOKEN);
    };
    let (ran, ()) = tokio::join!(run, revoke);
    ran.ends_with(4).says("does not accept the token");
}

#[tokio::test(start_paused = true)]
async fn a_merged_build_is_followed_as_its_survivor() {
    let simulator = with(plan().queued_for(2 * MINUTE));
    let merging = simulator.clone();
    let run = Step::new().run(&simulator);
    let merge = async {
        tokio::time::sleep(MINUTE).await;
        let survivor = merging.queue_build("App_Build", "ci", Some("main"));
        let absorbed = merging.builds()[0].id;
        merging.merge(absorbed, survivor);
    };
    let (ran, ()) = tokio::join!(run, merge);
    ran.ends_with(0).says("merged");
}
