//! `token remove`, with and without `--revoke`.

use serde_json::json;
use teamcity_simulator::Scenario;

use super::{ADD, net};

#[tokio::test(start_paused = true)]
async fn remove_says_that_the_token_stays_valid_and_revoke_ends_it() {
    let net = net();
    let add = || net.command(ADD).input(Scenario::TOKEN);
    add().run().await.ends_with(0);
    net.command("token remove --repository acme/app")
        .run()
        .await
        .ends_with(3)
        .says("Add --yes");
    let ran = net
        .command("token remove --repository acme/app --yes")
        .run()
        .await;
    ran.ends_with(0);
    insta::assert_snapshot!(ran.output);
    assert!(net.stored("acme/app", None, "TEAMCITY_TOKEN").is_none());
    assert_eq!(net.note("acme/app", None, "TEAMCITY_TOKEN"), json!(null));
    assert_eq!(net.teamcity().tokens().len(), 1);

    add().run().await.ends_with(0);
    net.command("token remove --repository acme/app --revoke --yes")
        .set("TEAMCITY_TOKEN", Scenario::TOKEN)
        .run()
        .await
        .ends_with(0)
        .says("Deleted the token \"bitbucket-pipelines\" in TeamCity");
    assert!(net.teamcity().tokens().is_empty());
    assert!(net.stored("acme/app", None, "TEAMCITY_TOKEN").is_none());
    net.command("token remove --repository acme/app --yes")
        .run()
        .await
        .ends_with(4)
        .says("there is no variable TEAMCITY_TOKEN");
}

#[tokio::test(start_paused = true)]
async fn revoking_what_is_over_already_only_removes_it() {
    let net = net();
    net.command(ADD)
        .input(Scenario::TOKEN)
        .run()
        .await
        .ends_with(0);
    net.teamcity().revoke_token(Scenario::TOKEN);
    net.command("token remove --repository acme/app --revoke --yes")
        .set("TEAMCITY_TOKEN", Scenario::TOKEN)
        .run()
        .await
        .ends_with(0)
        .says("no longer accepts the token");
}
