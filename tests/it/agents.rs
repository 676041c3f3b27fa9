//! `AGENT`: by name, by number, any of a pool; and what is said of one that can't run the build.

use std::time::Duration;

use serde_json::Value;
use teamcity_simulator::{Agent, Pool, Scenario, Simulator};

use crate::desk::Net;
use crate::pipe::{Ran, Step};

fn shop() -> Scenario {
    Scenario::new()
        .agent(Agent::new(1, "agent-1"))
        .agent(Agent::new(7, "linux 7"))
        .pool(Pool::new(3, "Linux").projects(["App"]))
        .permission("ci", "_Root", "view_agent_details")
        .agent(Agent::new(8, "in the pool").pool(3))
}

async fn run(scenario: Scenario, agent: &str) -> (Ran, Option<Value>) {
    let simulator = Simulator::start(scenario);
    let ran = Step::new()
        .set("AGENT", agent)
        .set("WAIT", "false")
        .run(&simulator)
        .await;
    let sent = simulator
        .requests()
        .into_iter()
        .find(|request| request.method == "POST" && request.path.ends_with("/buildQueue"));
    let body = sent.map(|sent| serde_json::from_slice::<Value>(&sent.body).unwrap());
    (ran, body.map(|body| body["agent"].clone()))
}

async fn check(scenario: Scenario, agent: &str) -> Ran {
    let net = Net::new(scenario);
    net.command("check")
        .unset("BITBUCKET_ACCESS_TOKEN")
        .set("TEAMCITY_URL", "https://tc.example.com")
        .set("TEAMCITY_TOKEN", Scenario::TOKEN)
        .set("BUILD_TYPE_ID", "App_Build")
        .set("AGENT", agent)
        .run()
        .await
}

#[tokio::test(start_paused = true)]
async fn an_agent_is_named_by_its_name_its_number_or_its_pool() {
    for (agent, sent) in [
        ("linux 7", serde_json::json!({ "id": 7 })),
        ("id:7", serde_json::json!({ "id": 7 })),
        ("pool:Linux", serde_json::json!({ "pool": { "id": 3 } })),
    ] {
        let (ran, body) = run(shop(), agent).await;
        ran.ends_with(0).says_not("⚠");
        assert_eq!(body, Some(sent), "{agent}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_old_variable_still_works_and_says_what_to_write() {
    let simulator = Simulator::start(shop());
    let step = Step::new().set("AGENT_ID", "7").set("WAIT", "false");
    step.run(&simulator)
        .await
        .ends_with(0)
        .says("AGENT_ID is the old name. Write AGENT: 'id:7'");
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_not_there_ends_the_run_before_anything_is_queued() {
    for (agent, what) in [
        ("nobody", "there is no agent nobody"),
        ("id:99", "there is no agent with the id 99"),
        ("pool:Windows", "there is no agent pool Windows"),
    ] {
        let (ran, body) = run(shop(), agent).await;
        ran.ends_with(4).says(what).says("TeamCity's page Agents");
        assert_eq!(body, None);
        check(shop(), agent)
            .await
            .ends_with(4)
            .says(what)
            .says("TeamCity's page Agents");
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_takes_no_build_is_said_with_teamcitys_reasons() {
    let with = |agent: Agent| shop().agent(agent);
    let agent = || Agent::new(7, "linux 7");
    for (scenario, what) in [
        (
            with(agent().disabled().because("broken disk")),
            "the agent linux 7 is disabled (broken disk)",
        ),
        (
            with(agent().unauthorized()),
            "the agent linux 7 is not authorized",
        ),
        (
            with(agent().disconnected()),
            "the agent linux 7 is not connected",
        ),
        (
            with(agent().cannot_run("App_Build", "docker.server.version exists")),
            "App_Build: the agent linux 7 can't run it: Unmet requirements: docker.server.version exists",
        ),
        (
            with(agent().pool(3)).pool(Pool::new(3, "Linux")),
            "Agent belongs to the pool not associated with the project",
        ),
    ] {
        let waits = "The build waits in the queue until that changes.";
        let (ran, body) = run(scenario.clone(), "linux 7").await;
        ran.ends_with(0).says(what).says(waits);
        assert_eq!(body, Some(serde_json::json!({ "id": 7 })));
        check(scenario, "linux 7")
            .await
            .ends_with(0)
            .says(what)
            .says(waits);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pool_without_a_fitting_agent_is_said() {
    let scenario = shop().agent(Agent::new(8, "in the pool").pool(3).disconnected());
    let (ran, _) = run(scenario.clone(), "pool:Linux").await;
    ran.ends_with(0)
        .says("App_Build: no connected agent of the pool Linux");
    check(scenario, "pool:Linux")
        .await
        .ends_with(0)
        .says("App_Build: no connected agent of the pool Linux");
    assert!(ran.took < Duration::from_secs(60));
}
