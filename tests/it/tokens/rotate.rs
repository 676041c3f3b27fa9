//! `token rotate`: the new token is like the old one.

use std::time::Duration;

use teamcity_simulator::{Scenario, Token, User};

use super::{ADD, DAY, net};
use crate::desk::Net;

#[tokio::test(start_paused = true)]
async fn rotate_keeps_limits_and_validity_and_deletes_the_old_one() {
    let net = net();
    net.command("token create --server https://tc.example.com --repository acme/app --project App --expires-in 90days")
        .input(Scenario::TOKEN)
        .run()
        .await
        .ends_with(0);
    tokio::time::advance(80 * DAY).await;
    let before = net.stored("acme/app", None, "TEAMCITY_TOKEN").unwrap();
    let ran = net
        .command("token rotate --repository acme/app --yes --user ci")
        .input(Scenario::TOKEN)
        .run()
        .await;
    ran.ends_with(0);
    insta::assert_snapshot!(ran.output);
    let stored = net.stored("acme/app", None, "TEAMCITY_TOKEN").unwrap();
    assert_ne!(stored, before);
    let tokens = net.teamcity().tokens();
    let new = tokens.iter().find(|token| token.value == stored).unwrap();
    assert!(new.limited_to.as_ref().unwrap().len() > 5);
    assert!(new.expires.unwrap().abs_diff(170 * DAY) < Duration::from_secs(60));
    assert!(!tokens.iter().any(|token| token.value == before));
    assert_eq!(
        net.note("acme/app", None, "TEAMCITY_TOKEN")["tokenName"],
        new.name.as_str()
    );
}

#[tokio::test(start_paused = true)]
async fn rotate_asks_first_and_knows_its_user() {
    let scenario = Scenario::new()
        .user(User::new("eve"))
        .token(Token::new("eyJeve", "eve", "eve's"));
    let net = Net::new(scenario);
    net.command("token rotate --repository acme/app --yes")
        .run()
        .await
        .ends_with(4)
        .says("there is no variable TEAMCITY_TOKEN in repository acme/app");
    net.command(ADD)
        .input(Scenario::TOKEN)
        .run()
        .await
        .ends_with(0);
    net.command("token rotate --repository acme/app")
        .run()
        .await
        .ends_with(3)
        .says("Everything else that uses it");
    net.command("token rotate --repository acme/app --yes")
        .input("eyJeve")
        .run()
        .await
        .ends_with(4)
        .says("the login belongs to eve, but the token in TEAMCITY_TOKEN belongs to ci");
    net.command("token rotate --repository acme/app --yes --server https://other.example.com")
        .run()
        .await
        .ends_with(3)
        .says("the stored token belongs to https://tc.example.com/");
    assert_eq!(net.teamcity().tokens().len(), 2);
}
