//! `SECRET_PARAMETERS`: sent as passwords, and never shown.

use std::time::Duration;

use teamcity_simulator::{
    FailedTest, LogScript, Outcome, Plan, Problem, Scenario, Simulator, Tests,
};

use crate::pipe::Step;

const SECRET: &str = "pa%ss-W0rd";
const KEY: &str = "-----BEGIN KEY-----\nqZ81kVx0Lw3TnE7y\n-----END KEY-----";

fn step() -> Step {
    Step::new()
        .set("PARAMETERS", "env.PLAIN=seen")
        .set("SECRET_PARAMETERS_COUNT", "2")
        .set("SECRET_PARAMETERS_0", &format!("env.PASSWORD={SECRET}"))
        .set("SECRET_PARAMETERS_1", &format!("key={KEY}"))
}

#[tokio::test(start_paused = true)]
async fn they_are_teamcitys_passwords() {
    let simulator = Simulator::start(Scenario::new());
    step().run(&simulator).await.ends_with(0);
    let request = simulator
        .requests()
        .into_iter()
        .find(|request| request.method == "POST" && request.path.ends_with("/buildQueue"))
        .unwrap();
    let body: serde_json::Value =
        serde_json::from_str(&String::from_utf8_lossy(&request.body)).unwrap();
    let all = &body["properties"]["property"];
    assert_eq!(all[0]["type"], serde_json::Value::Null);
    assert_eq!(all[1]["value"], "pa%%ss-W0rd");
    assert_eq!(all[1]["type"]["rawValue"], "password");
    assert_eq!(all[2]["value"], KEY);
}

#[tokio::test(start_paused = true)]
async fn a_build_that_echoes_them_shows_none() {
    let log = LogScript::new()
        .error(
            Duration::from_secs(1),
            format!("login with {SECRET} failed"),
        )
        .error(Duration::from_secs(2), "key is qZ81kVx0Lw3TnE7y");
    let plan = Plan::new()
        .runs_for(Duration::from_secs(10))
        .outcome(Outcome::Failure)
        .log(log)
        .tests(Tests::passed(1).failed([FailedTest::new("a.B.c", format!("expected {SECRET}"))]))
        .problems([Problem::new("TC_EXIT_CODE", format!("bad {SECRET}"))]);
    let simulator = Simulator::start(Scenario::new().plan("App_Build", plan));
    let ran = step().set("DEBUG", "true").run(&simulator).await;
    ran.ends_with(1)
        .says("login with")
        .says_not(SECRET)
        .says_not("qZ81kVx0Lw3TnE7y");
    for file in [
        "teamcity-builds.json",
        "teamcity-report.html",
        "teamcity.env",
    ] {
        let text = ran.file(file);
        assert!(
            !text.contains(SECRET) && !text.contains("pa%%ss"),
            "{file}: {text}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn empty_and_doubled_ones_are_mistakes_and_short_ones_are_warned_of() {
    let bad = |text: &str| Step::new().set("SECRET_PARAMETERS", text);
    let simulator = Simulator::start(Scenario::new());
    for (text, says) in [
        ("env.A=", "SECRET_PARAMETERS has no value for 'env.A'"),
        (
            "env.A=hidden1\nenv.A=hidden2",
            "SECRET_PARAMETERS sets 'env.A', which is already set",
        ),
        ("hidden1", "SECRET_PARAMETERS has no '=' in item 1"),
    ] {
        bad(text)
            .run(&simulator)
            .await
            .ends_with(3)
            .says(says)
            .says_not("hidden");
    }
    let both = bad("env.A=hidden1").set("PARAMETERS", "env.A=x");
    both.run(&simulator)
        .await
        .ends_with(3)
        .says("which is already set");
    assert!(simulator.builds().is_empty());
    let short = bad("env.A=abc").run(&simulator).await;
    short
        .ends_with(0)
        .says("shorter than 4 characters in 'env.A'");
}
