//! What keeps a build waiting is said once, with what to do.

use std::time::Duration;

use teamcity_simulator::{LogScript, Outcome, Plan, Scenario, Simulator};

use crate::pipe::{Ran, Step};

const MINUTE: Duration = Duration::from_secs(60);

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn with(plan: Plan) -> Simulator {
    Simulator::start(Scenario::new().plan("App_Build", plan))
}

/// The warnings among the lines.
fn warnings(ran: &Ran) -> Vec<&str> {
    ran.output
        .lines()
        .filter(|line| line.starts_with('⚠'))
        .collect()
}

#[track_caller]
fn assert_warns_once(ran: &Ran, words: &[&str]) {
    let warnings = warnings(ran);
    assert_eq!(warnings.len(), 1, "{}", ran.output);
    for word in words {
        assert!(
            warnings[0].contains(word),
            "{word:?} is not in {}",
            warnings[0]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_build_that_awaits_approval() {
    let simulator = with(Plan::new().outcome(Outcome::AwaitsApproval {
        then: Box::new(Outcome::Success),
    }));
    let approving = simulator.clone();
    let run = Step::new().run(&simulator);
    let approve = async {
        tokio::time::sleep(10 * MINUTE).await;
        approving.approve(approving.builds()[0].id);
    };
    let (ran, ()) = tokio::join!(run, approve);
    ran.ends_with(0);
    assert_warns_once(&ran, &["approv", "https://teamcity.example.com/"]);
}

#[tokio::test(start_paused = true)]
async fn an_approval_that_never_comes_cancels_the_build() {
    let plan = Plan::new()
        .outcome(Outcome::AwaitsApproval {
            then: Box::new(Outcome::Success),
        })
        .approval_timeout(30 * MINUTE);
    let ran = Step::new().run(&with(plan)).await;
    ran.ends_with(2).says("Build approval timed out");
}

#[tokio::test(start_paused = true)]
async fn a_paused_queue() {
    let simulator = Simulator::start(Scenario::new().queue_paused(true));
    let resuming = simulator.clone();
    let run = Step::new().run(&simulator);
    let resume = async {
        tokio::time::sleep(15 * MINUTE).await;
        resuming.pause_queue(false);
    };
    let (ran, ()) = tokio::join!(run, resume);
    ran.ends_with(0);
    assert_warns_once(&ran, &["queue is paused", "administrator"]);
}

#[tokio::test(start_paused = true)]
async fn no_compatible_agent() {
    for reason in [
        "No compatible agents available",
        "There are no compatible agents which can run this build",
    ] {
        let plan = Plan::new()
            .wait_reason(reason)
            .outcome(Outcome::NeverStarts);
        let ran = Step::new().set("TIMEOUT", "30m").run(&with(plan)).await;
        ran.ends_with(124);
        let said: Vec<_> = warnings(&ran)
            .into_iter()
            .filter(|line| line.contains("agent"))
            .collect();
        assert_eq!(said.len(), 1, "{}", ran.output);
        assert!(said[0].contains("Compatible Agents"));
    }
}

#[tokio::test(start_paused = true)]
async fn ordinary_waiting_warns_of_nothing_and_gives_signs_of_life() {
    for reason in [
        "There are no idle compatible agents which can run this build",
        "All compatible agents are busy",
        "Build dependencies have not been built yet",
        "Waiting for build #199 in chain",
    ] {
        let plan = Plan::new().wait_reason(reason).queued_for(20 * MINUTE);
        let ran = Step::new().run(&with(plan)).await;
        ran.ends_with(0).says(reason);
        assert_eq!(warnings(&ran), Vec::<&str>::new());
        let signs = ran
            .output
            .lines()
            .filter(|line| line.starts_with("Waiting"))
            .count();
        assert!((15..=25).contains(&signs), "{signs}\n{}", ran.output);
    }
}

#[tokio::test(start_paused = true)]
async fn a_build_that_teamcity_thinks_hangs() {
    for log in ["stream", "none"] {
        let plan = Plan::new()
            .runs_for(40 * MINUTE)
            .log(LogScript::new().generated(400, s(0), 40 * MINUTE, "line"))
            .probably_hanging_from(10 * MINUTE);
        let ran = Step::new().set("LOG", log).run(&with(plan)).await;
        ran.ends_with(0);
        assert_warns_once(&ran, &["hangs", "TIMEOUT"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_without_a_new_line_for_ten_minutes() {
    let log = LogScript::new()
        .line(s(5), "begun")
        .line(25 * MINUTE, "goes on");
    let plan = Plan::new().runs_for(40 * MINUTE).log(log);
    let simulator = with(plan);
    let ran = Step::new().run(&simulator).await;
    ran.ends_with(0);
    assert_warns_once(&ran, &["10 minutes", "TIMEOUT"]);
    let at = ran
        .lines
        .iter()
        .find(|(_, line)| line.starts_with('⚠'))
        .unwrap()
        .0;
    assert!(at >= 10 * MINUTE && at <= 11 * MINUTE, "{at:?}");
}

#[tokio::test(start_paused = true)]
async fn a_build_that_never_gets_an_agent_meets_queue_timeout() {
    let plan = Plan::new().outcome(Outcome::NeverStarts);
    let simulator = with(plan);
    let ran = Step::new()
        .set("QUEUE_TIMEOUT", "10m")
        .run(&simulator)
        .await;
    ran.ends_with(124).says("QUEUE_TIMEOUT (10m)");
    assert!(ran.took <= s(615), "{:?}", ran.took);
    assert!(simulator.builds()[0].canceled_by.is_some());
}

#[test]
fn a_paused_queue_through_the_binary() {
    let running = Step::new()
        .set("QUEUE_TIMEOUT", "8s")
        .spawn(Scenario::new().queue_paused(true), "");
    let (ran, simulator) = running.wait();
    ran.ends_with(124)
        .says("queue is paused")
        .says("QUEUE_TIMEOUT");
    assert!(simulator.builds()[0].canceled_by.is_some());
}
