//! `token list`: pages, servers, scopes, and what is in the environment.

use teamcity_simulator::{Scenario, Token, User};

use super::{ADD, DAY, net};
use crate::desk::READER;

#[tokio::test(start_paused = true)]
async fn a_list_goes_over_all_pages_and_shows_servers_and_scopes_together() {
    let other = Scenario::new()
        .context_path("/teamcity")
        .user(User::new("bot"))
        .token(Token::new("eyJbot", "bot", "bot's").expires(9 * DAY));
    let net = net().with("builds.example.org", other);
    for number in 0..130 {
        net.bitbucket
            .set_variable("acme/app", None, &format!("OTHER_{number}"), "x", false);
    }
    net.command(ADD)
        .input(Scenario::TOKEN)
        .run()
        .await
        .ends_with(0);
    net.command("token add --server https://builds.example.org/teamcity --repository acme/app --environment production --variable TC_LIVE")
        .input("eyJbot")
        .run()
        .await
        .ends_with(0);
    net.bitbucket
        .set_variable("acme", None, "TEAMCITY_TOKEN", "x", true);
    let list = "token list --repository acme/app --workspace acme --repository acme/app --environment production";
    let ran = net.command(list).columns(140).run().await;
    ran.ends_with(0);
    insta::assert_snapshot!(ran.output);
    let ran = net.command(&format!("{list} --json")).run().await;
    let json: serde_json::Value = serde_json::from_str(&ran.output).unwrap();
    assert_eq!(json["tokens"].as_array().unwrap().len(), 3);
    assert_eq!(json["tokens"][2]["expiresInDays"], 9);
    assert_eq!(json["tokens"][2]["scope"]["environment"], "production");
    // A scope that can't be read hides no other.
    let ran = net
        .command("token list --workspace acme --repository acme/none")
        .run()
        .await;
    ran.ends_with(4)
        .says("TEAMCITY_TOKEN")
        .says("Bitbucket cannot find it");
}

#[tokio::test(start_paused = true)]
async fn a_list_authenticates_what_is_in_the_environment_and_records_when() {
    let net = net();
    net.command(ADD)
        .input(Scenario::TOKEN)
        .run()
        .await
        .ends_with(0);
    let before = net.note("acme/app", None, "TEAMCITY_TOKEN")["lastAuthenticated"].clone();
    tokio::time::advance(DAY).await;
    let list = || net.command("token list --repository acme/app");
    list().run().await.ends_with(0);
    assert_eq!(
        net.note("acme/app", None, "TEAMCITY_TOKEN")["lastAuthenticated"],
        before
    );
    // Another token's value is none of its business, wherever it may belong.
    net.teamcity().clear_requests();
    list()
        .set("TEAMCITY_TOKEN", "eyJanother")
        .run()
        .await
        .ends_with(0);
    assert!(net.teamcity().requests().is_empty());
    list()
        .set("TEAMCITY_TOKEN", Scenario::TOKEN)
        .run()
        .await
        .ends_with(0);
    assert_ne!(
        net.note("acme/app", None, "TEAMCITY_TOKEN")["lastAuthenticated"],
        before
    );
    // Who may only read still sees it.
    list()
        .set("TEAMCITY_TOKEN", Scenario::TOKEN)
        .set("BITBUCKET_ACCESS_TOKEN", READER)
        .run()
        .await
        .ends_with(0)
        .says("not recorded");
    net.teamcity().revoke_token(Scenario::TOKEN);
    list()
        .set("TEAMCITY_TOKEN", Scenario::TOKEN)
        .run()
        .await
        .ends_with(0)
        .says("does not accept the token");
}
