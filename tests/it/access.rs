//! A token of one project, and a server that does not finish starting.

use std::time::Duration;

use teamcity_simulator::{Grant, Mode, Plan, Project, Scenario, Simulator, Token};

use crate::pipe::Step;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn short() -> Plan {
    Plan::new().queued_for(seconds(2)).runs_for(seconds(5))
}

#[tokio::test(start_paused = true)]
async fn a_token_limited_to_a_project_works_in_it_and_is_told_so_outside() {
    let permissions = [
        "view_project",
        "run_build",
        "cancel_build",
        "customize_build_revisions",
    ];
    let grants = |project: &str| {
        permissions
            .map(|name| Grant::in_project(project, name))
            .to_vec()
    };
    for version in ["2021.1", "2025.11"] {
        let limited = Token::new("limited-token-of-one-project", "ci", "limited");
        let scenario = Scenario::new()
            .version(version)
            .plan("App_Build", short())
            .project(Project::new("Other"));
        let simulator = Simulator::start(
            scenario
                .clone()
                .token(limited.clone().limited_to(grants("App"))),
        );
        let ran = Step::new()
            .set("TEAMCITY_TOKEN", "limited-token-of-one-project")
            .run(&simulator)
            .await;
        ran.ends_with(0);
        let simulator = Simulator::start(scenario.token(limited.limited_to(grants("Other"))));
        let ran = Step::new()
            .set("TEAMCITY_TOKEN", "limited-token-of-one-project")
            .run(&simulator)
            .await;
        ran.ends_with(4).says("scope");
        assert!(simulator.builds().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_finish_starting_is_refused_with_what_to_do() {
    let simulator = Simulator::start(Scenario::new());
    simulator.set_mode(Mode::Starting);
    let ran = Step::new().set("RETRY_FOR", "2m").run(&simulator).await;
    ran.ends_with(5).says("RETRY_FOR");
}
