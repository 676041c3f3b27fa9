//! A step in an odd place: a working directory that is gone or read-only, a terminal that hangs up, an estimate past all time.

use std::process::{Command, Stdio};
use std::time::Duration;

use teamcity_simulator::{Outcome, Plan, Scenario, Simulator};

use crate::pipe::Step;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_working_directory_that_is_gone_changes_no_result() {
    let plan = Plan::new()
        .queued_for(s(1))
        .runs_for(s(1))
        .outcome(Outcome::Failure);
    let scenario = Scenario::new().plan("App_Build", plan);
    let (_simulator, address) = Simulator::spawn_thread(scenario).unwrap();
    let step = Step::new().set("TEAMCITY_URL", &format!("http://{address}"));
    let gone = step.directory.path().join("gone");
    std::fs::create_dir(&gone).unwrap();
    let output = Command::new("/bin/sh")
        .args(["-c", "rmdir \"$PWD\" && exec \"$0\""])
        .arg(env!("CARGO_BIN_EXE_teamcity-pipe"))
        .env_clear()
        .envs(&step.environment)
        .current_dir(&gone)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("teamcity.env is not written"), "{text}");
}

#[test]
fn a_terminal_that_hangs_up_stops_the_step_and_cancels_its_build() {
    let plan = Plan::new().queued_for(s(1)).runs_for(s(600));
    let running = Step::new().spawn(Scenario::new().plan("App_Build", plan), "");
    while running.simulator.builds().is_empty() {
        std::thread::yield_now();
    }
    running.signal("HUP");
    let (ran, simulator) = running.wait();
    ran.ends_with(129);
    assert!(simulator.builds()[0].canceled_by.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_estimate_past_all_time_is_waited_for_like_any_other() {
    let plan = Plan::new().runs_for(s(600));
    let simulator = Simulator::start(Scenario::new().plan("App_Build", plan));
    let ran = Step::new()
        .spoiled(|_, _, body| {
            let text = String::from_utf8_lossy(&body).into_owned();
            let endless = format!("\"estimatedTotalSeconds\":{}", u64::MAX);
            text.replace("\"estimatedTotalSeconds\":600", &endless)
                .into_bytes()
        })
        .run(&simulator)
        .await;
    ran.ends_with(0);
}
