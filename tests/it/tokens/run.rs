//! A run records when its token was accepted.

use std::time::Duration;

use teamcity_simulator::Scenario;
use teamcity_simulator::bitbucket::Fault;

use super::{DAY, net};
use crate::desk::READER;

#[tokio::test(start_paused = true)]
async fn a_run_records_when_its_token_was_accepted_and_is_silent_where_it_may_not() {
    let net = net();
    for place in [
        "--workspace acme",
        "--repository acme/app",
        "--repository acme/app --environment production",
    ] {
        net.command(&format!(
            "token add --server https://tc.example.com {place}"
        ))
        .input(Scenario::TOKEN)
        .run()
        .await
        .ends_with(0);
    }
    let before = net.note("acme", None, "TEAMCITY_TOKEN")["lastAuthenticated"].clone();
    tokio::time::advance(DAY).await;
    let run = |credential: &str| {
        net.command("run")
            .set("BITBUCKET_ACCESS_TOKEN", credential)
            .set("BUILD_STATUS", "false")
            .set("TEAMCITY_URL", "https://tc.example.com")
            .set("TEAMCITY_TOKEN", Scenario::TOKEN)
            .set("BUILD_TYPE_ID", "App_Build")
            .set("BITBUCKET_WORKSPACE", "acme")
            .set("BITBUCKET_REPO_SLUG", "app")
            .set("BITBUCKET_BRANCH", "main")
            .set("BITBUCKET_COMMIT", Scenario::COMMIT)
            .set("BITBUCKET_DEPLOYMENT_ENVIRONMENT", "production")
    };
    run(READER).run().await.ends_with(0).says_not("scope");
    assert_eq!(
        net.note("acme", None, "TEAMCITY_TOKEN")["lastAuthenticated"],
        before
    );
    run(crate::desk::ADMIN).run().await.ends_with(0);
    for (place, environment) in [
        ("acme", None),
        ("acme/app", None),
        ("acme/app", Some("production")),
    ] {
        assert_ne!(
            net.note(place, environment, "TEAMCITY_TOKEN")["lastAuthenticated"],
            before
        );
    }
    net.bitbucket.break_down("", Fault::Hang);
    let ran = run(crate::desk::ADMIN).run().await;
    ran.ends_with(0);
    assert!(ran.took < Duration::from_secs(120), "{:?}", ran.took);
}
