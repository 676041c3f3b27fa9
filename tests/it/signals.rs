//! A stop at every moment, while the server is away, slow, or refuses the token.

use std::process::Command;
use std::time::Duration;

use teamcity_simulator::{Discovery, Fault, FaultKind, Matcher, Plan, Scenario, Simulator};

use crate::builds::{NEW, canceled, long, seconds, short, while_running};
use crate::pipe::Step;

#[tokio::test(start_paused = true)]
async fn a_stop_while_the_server_is_away_cancels_if_it_comes_back_in_time() {
    for kind in [
        FaultKind::Refused,
        FaultKind::Maintenance503,
        FaultKind::HangBeforeActing,
        FaultKind::Html502BeforeActing,
        FaultKind::ResetBeforeRead,
        FaultKind::Unauthorized401,
        FaultKind::LoginPage200,
    ] {
        // The token is not tried so often that TeamCity would lock it.
        let latest = if kind == FaultKind::Unauthorized401 {
            5
        } else {
            7
        };
        for (queued, back) in [
            (true, 3),
            (true, 5),
            (true, 7),
            (false, 3),
            (false, 5),
            (false, 7),
        ] {
            if back > latest {
                continue;
            }
            let plan = Plan::new()
                .queued_for(seconds(if queued { 90 } else { 5 }))
                .runs_for(seconds(3600));
            let simulator = Simulator::start(Scenario::new().plan("App_Build", plan));
            let step = Step::new().stopped_after(seconds(30));
            let injected = kind.clone();
            // Away from two seconds before the stop on.
            let ran = while_running(step, &simulator, seconds(28), |simulator| {
                let fault = Fault::new(injected).on(Matcher::any());
                simulator.fault(fault.for_duration(seconds(2 + back)));
            })
            .await;
            ran.ends_with(143);
            assert!(ran.took <= seconds(39), "{kind:?}: {:?}", ran.took);
            assert!(
                canceled(&simulator.builds()[0]),
                "{kind:?}, back after {back} s, queued {queued}\n{}",
                ran.output
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_revoked_while_stopping_ends_in_time_and_is_said() {
    let simulator = Simulator::start(Scenario::new().plan("App_Build", long()));
    let step = Step::new().stopped_after(seconds(30));
    let ran = while_running(
        step,
        &simulator,
        Duration::from_millis(29_900),
        |simulator| {
            simulator.revoke_token(Scenario::TOKEN);
        },
    )
    .await;
    ran.ends_with(143).says("Could not cancel");
    assert!(ran.took <= seconds(39));
}

#[tokio::test(start_paused = true)]
async fn a_slow_server_changes_nothing_but_the_time() {
    for latency in [5, 20] {
        let scenario = Scenario::new()
            .plan("App_Build", short())
            .latency(seconds(latency));
        let simulator = Simulator::start(scenario);
        Step::new().run(&simulator).await.ends_with(0);
        assert_eq!(simulator.builds().len(), 1);
    }
    let scenario = Scenario::new()
        .plan("App_Build", long())
        .latency(seconds(3));
    let simulator = Simulator::start(scenario);
    let ran = Step::new().stopped_after(seconds(70)).run(&simulator).await;
    ran.ends_with(143);
    assert!(ran.took <= seconds(79));
    assert!(canceled(&simulator.builds()[0]), "{}", ran.output);
}

#[test]
fn signals_to_the_binary_at_every_moment_even_twice_leave_nothing() {
    std::thread::scope(|scope| {
        for (signal, number) in [("TERM", 143), ("INT", 130)] {
            for requests in 1..=12 {
                scope.spawn(move || {
                    let running = Step::new().spawn(Scenario::new().plan("App_Build", long()), "");
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .build()
                        .unwrap();
                    runtime.block_on(
                        running
                            .simulator
                            .wait_until(|view| view.requests.len() >= requests),
                    );
                    running.signal(signal);
                    // The second may find nobody.
                    let _ = Command::new("kill")
                        .args(["-TERM", &running.child.id().to_string()])
                        .status();
                    let (ran, simulator) = running.wait();
                    assert!(
                        ran.status == number || ran.status == 143,
                        "{} after {requests} requests: {}",
                        ran.status,
                        ran.output
                    );
                    assert!(
                        simulator.builds().iter().all(canceled),
                        "{signal} after {requests} requests: {}",
                        ran.output
                    );
                });
            }
        }
    });
}

#[tokio::test(start_paused = true)]
async fn what_was_started_without_waiting_is_left_alone_by_a_later_stop_but_not_by_cancel() {
    let simulator = Simulator::start(Scenario::new().plan("App_Build", long()));
    Step::new()
        .set("WAIT", "false")
        .run(&simulator)
        .await
        .ends_with(0);
    assert!(!canceled(&simulator.builds()[0]));
    let second = Step::new()
        .unset("BUILD_TYPE_ID")
        .set("BUILD_ID", &simulator.builds()[0].id.to_string());
    second
        .stopped_after(seconds(20))
        .run(&simulator)
        .await
        .ends_with(143);
    assert!(
        canceled(&simulator.builds()[0]),
        "the second half of a start is this pipeline's own"
    );
}

#[tokio::test(start_paused = true)]
async fn a_branch_that_is_discovered_while_the_step_is_stopped_is_not_built() {
    let scenario = Scenario::new().undiscovered(
        "App_Git",
        "feature/new",
        NEW,
        Discovery::OnHook(seconds(40)),
    );
    let simulator = Simulator::start(scenario);
    let step = Step::new()
        .set("BITBUCKET_BRANCH", "feature/new")
        .set("BITBUCKET_COMMIT", NEW);
    step.stopped_after(seconds(20))
        .run(&simulator)
        .await
        .ends_with(143);
    tokio::time::sleep(seconds(60)).await;
    assert!(simulator.builds().is_empty());
}
