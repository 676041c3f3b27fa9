//! How long a server that does not answer is retried, and what passes by itself.

use std::time::Duration;

use teamcity_simulator::{Mode, Plan, Scenario, Simulator};

use crate::pipe::{Ran, Step};

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn server(runs_for: Duration) -> Simulator {
    Simulator::start(Scenario::new().plan("App_Build", Plan::new().runs_for(runs_for)))
}

/// Runs while the server is in a mode from one moment to another.
async fn run_through(
    simulator: &Simulator,
    step: Step,
    mode: Mode,
    from: Duration,
    to: Option<Duration>,
) -> Ran {
    let server = simulator.clone();
    let change = async {
        tokio::time::sleep(from).await;
        server.set_mode(mode);
        match to {
            Some(to) => tokio::time::sleep(to - from).await,
            None => std::future::pending().await,
        }
        server.set_mode(Mode::Ready);
        std::future::pending::<()>().await
    };
    tokio::select! {
        ran = step.run(simulator) => ran,
        () = change => unreachable!(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_away_for_good_is_given_up_once_and_for_all() {
    let simulator = server(s(3600));
    let step = Step::new().set("RETRY_FOR", "8s").set("LOG", "stream");
    let ran = run_through(&simulator, step, Mode::ProxyError(502), s(60), None).await;
    ran.ends_with(5).says("HTTP 502");
    let requests = simulator.requests();
    let last_good = requests
        .iter()
        .map(|request| request.at)
        .filter(|at| *at < s(60))
        .max();
    let last_good = last_good.unwrap();
    // Canceling takes 8 s at most.
    assert!(
        ran.took <= last_good + s(8 + 8 + 2),
        "{last_good:?} {:?}",
        ran.took
    );
    assert!(ran.took >= last_good + s(8), "{last_good:?} {:?}", ran.took);
}

#[tokio::test(start_paused = true)]
async fn a_hiccup_passes_whatever_its_status() {
    for status in [408, 425, 429, 500, 502, 503, 520, 530] {
        let simulator = server(s(120));
        let ran = run_through(
            &simulator,
            Step::new(),
            Mode::ProxyError(status),
            s(40),
            Some(s(48)),
        )
        .await;
        ran.ends_with(0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_may_not_write_for_a_while_is_waited_for() {
    let simulator = server(s(60));
    let node = Mode::ReadOnlyNode;
    let ran = run_through(&simulator, Step::new(), node, Duration::ZERO, Some(s(60))).await;
    ran.ends_with(0).says_not("Check the variables");
    assert_eq!(simulator.builds().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_page_for_everything_costs_seconds_before_the_server_is_known_and_is_ridden_out_after() {
    for redirect in [false, true] {
        let simulator = server(s(60));
        simulator.set_mode(Mode::SsoGateway { redirect });
        let ran = Step::new().run(&simulator).await;
        ran.ends_with(5).says("TEAMCITY_HEADER_");
        assert!(ran.took <= s(16), "{:?}", ran.took);
        let simulator = server(s(300));
        let gateway = Mode::SsoGateway { redirect };
        let ran = run_through(&simulator, Step::new(), gateway, s(60), Some(s(180))).await;
        ran.ends_with(0);
    }
}
