//! `token create`: nobody sees the token, and what a server can not do is said first.

use std::time::Duration;

use teamcity_simulator::Scenario;

use super::{DAY, net};
use crate::desk::{Net, READER};

#[tokio::test(start_paused = true)]
async fn create_stores_a_limited_token_that_nobody_sees() {
    let net = net();
    let ran = net
        .command("token create --server https://tc.example.com --repository acme/app --project App --expires-in 90days")
        .input(Scenario::TOKEN)
        .run()
        .await;
    ran.ends_with(0).says_not("eyJ");
    insta::assert_snapshot!(ran.output);
    let stored = net.stored("acme/app", None, "TEAMCITY_TOKEN").unwrap();
    let tokens = net.teamcity().tokens();
    let made = tokens.iter().find(|token| token.value == stored).unwrap();
    assert_eq!(made.name, "bitbucket-acme-app");
    assert!(made.expires.unwrap().abs_diff(90 * DAY) < Duration::from_secs(60));
    let limits = made.limited_to.as_ref().unwrap();
    assert!(
        limits
            .iter()
            .all(|grant| grant.project.as_deref() == Some("App"))
    );
    assert!(
        limits
            .iter()
            .any(|grant| grant.permission == "cancel_build")
    );
}

#[tokio::test(start_paused = true)]
async fn create_by_password_works_on_every_server_that_has_tokens() {
    for version in ["2019.1", "2020.2", "2021.1", "2025.11"] {
        let net = Net::new(Scenario::new().version(version));
        net.command(
            "token create --server https://tc.example.com --workspace acme --user ci --variable TC",
        )
        .answers(&[Scenario::TOKEN])
        .run()
        .await
        .ends_with(0)
        .says("Created the token \"bitbucket-acme-TC\" of CI Bot (ci); it never expires");
        let stored = net.stored("acme", None, "TC").unwrap();
        assert!(
            net.teamcity()
                .tokens()
                .iter()
                .any(|token| token.value == stored)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_server_can_not_do_is_said_before_anything_is_made() {
    let old = Net::new(Scenario::new().version("2020.2"));
    let create = "token create --server https://tc.example.com --workspace acme";
    for (option, words) in [
        ("--expires-in 1day", "can't create tokens that expire"),
        ("--project App", "can't limit a token to a project"),
    ] {
        old.command(&format!("{create} {option}"))
            .input(Scenario::TOKEN)
            .run()
            .await
            .ends_with(4)
            .says(words);
    }
    let net = net();
    for (option, status, words) in [
        ("--project Nowhere", 4, "there is no project Nowhere"),
        (
            "--name bitbucket-pipelines",
            4,
            "already has a token \"bitbucket-pipelines\"",
        ),
        ("--name a/b", 3, "--name is not a valid name"),
        ("--user eve", 4, "does not accept the password of eve"),
    ] {
        net.command(&format!("{create} {option}"))
            .input(if option == "--user eve" {
                "wrong"
            } else {
                Scenario::TOKEN
            })
            .run()
            .await
            .ends_with(status)
            .says(words);
    }
    assert_eq!(net.teamcity().tokens().len(), 1);
    assert!(net.stored("acme", None, "TEAMCITY_TOKEN").is_none());
}

#[tokio::test(start_paused = true)]
async fn without_the_scope_to_write_no_token_is_made() {
    let net = net();
    net.command("token create --server https://tc.example.com --workspace acme")
        .input(Scenario::TOKEN)
        .set("BITBUCKET_ACCESS_TOKEN", READER)
        .run()
        .await
        .ends_with(4)
        .says("pipeline:variable");
    assert_eq!(net.teamcity().tokens().len(), 1);
}
