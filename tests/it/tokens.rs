//! The `token` commands: each refusal has its own words, and nothing is lost or shown.

use std::time::Duration;

use serde_json::json;
use teamcity_simulator::bitbucket::Fault;
use teamcity_simulator::{Grant, Mode, Scenario, Token, User};

use crate::desk::{Net, READER};

const ADD: &str = "token add --server https://tc.example.com --repository acme/app";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn net() -> Net {
    Net::new(Scenario::new())
}

#[tokio::test(start_paused = true)]
async fn add_opens_with_where_and_how_and_says_whose_token_it_is() {
    let net = net();
    let ran = net.command(ADD).input(Scenario::TOKEN).run().await;
    ran.ends_with(0);
    insta::assert_snapshot!(ran.output);
    assert_eq!(
        net.stored("acme/app", None, "TEAMCITY_TOKEN").as_deref(),
        Some(Scenario::TOKEN)
    );
    let note = net.note("acme/app", None, "TEAMCITY_TOKEN");
    assert_eq!(note["server"], "https://tc.example.com/");
    assert_eq!(note["user"], "ci");
    assert_eq!(note["expires"], "never");
    assert_eq!(note["tokenName"], "bitbucket-pipelines");
    assert!(note["dateAdded"].is_string() && note["lastAuthenticated"].is_string());
    let variable = net
        .bitbucket
        .variable("acme/app", None, "TEAMCITY_TOKEN")
        .unwrap();
    assert_eq!(variable["secured"], true);
}

#[tokio::test(start_paused = true)]
async fn an_older_server_has_no_project_limit_to_speak_of() {
    let net = Net::new(Scenario::new().version("2020.2"));
    net.command(ADD)
        .input(Scenario::TOKEN)
        .run()
        .await
        .ends_with(0)
        .says("best make a user for pipelines")
        .says_not("Limit per project");
}

#[tokio::test(start_paused = true)]
async fn a_token_is_asked_for_where_somebody_is_there_and_never_shown() {
    let net = net();
    let (ran, asked) = net
        .command(ADD)
        .answers(&[Scenario::TOKEN])
        .try_run()
        .await
        .unwrap();
    ran.ends_with(0).says_not("eyJ");
    assert_eq!(
        asked,
        ["access token of https://tc.example.com/ (not shown while you type): "]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_no_token_is_not_sent() {
    let net = net();
    for (input, words) in [
        ("", "there is no access token of https://tc.example.com/"),
        ("Bearer eyJs3cret", "begins with 'Bearer'"),
        ("two words", "holds a space"),
        ("https://s3cret", "is an address"),
    ] {
        net.command(ADD)
            .input(input)
            .run()
            .await
            .ends_with(3)
            .says(words)
            .says_not("s3cret");
    }
    assert!(net.stored("acme/app", None, "TEAMCITY_TOKEN").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_refused_or_expired_token_is_not_stored() {
    let scenario = Scenario::new().token(Token::new("eyJold", "ci", "old").expires(DAY));
    let net = Net::new(scenario);
    tokio::time::advance(2 * DAY).await;
    for token in ["eyJwrong", "eyJold"] {
        net.command(ADD)
            .input(token)
            .run()
            .await
            .ends_with(4)
            .says("does not accept the token")
            .says("wrong, expired or revoked")
            .says("https://tc.example.com/profile.html?item=accessTokens")
            .says_not(token);
    }
    assert!(net.stored("acme/app", None, "TEAMCITY_TOKEN").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_limited_token_that_lacks_something_is_stored_with_a_word() {
    let limits = [
        Grant::in_project("App", "view_project"),
        Grant::in_project("App", "run_build"),
    ];
    let scenario = Scenario::new().user(User::new("bot")).token(
        Token::new("eyJlimited", "bot", "limited")
            .limited_to(limits)
            .expires(9 * DAY),
    );
    Net::new(scenario)
        .command(ADD)
        .input("eyJlimited")
        .run()
        .await
        .ends_with(0)
        .says("It is limited to App")
        .says("lacks what the pipe may need: Stop build / remove from queue")
        .says("It expires soon");
}

#[tokio::test(start_paused = true)]
async fn with_several_tokens_it_is_not_known_which_this_is() {
    let scenario = Scenario::new().token(Token::new("eyJother", "ci", "other"));
    let net = Net::new(scenario);
    net.command(ADD)
        .input(Scenario::TOKEN)
        .run()
        .await
        .ends_with(0)
        .says("has 2 tokens");
    assert_eq!(
        net.note("acme/app", None, "TEAMCITY_TOKEN")["tokenName"],
        json!(null)
    );
    net.command("token rotate --repository acme/app --yes")
        .set("TEAMCITY_TOKEN", Scenario::TOKEN)
        .run()
        .await
        .ends_with(4)
        .says("it is not known which of ci's tokens");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_too_old_or_none_of_teamcitys_is_told_before_anything_is_asked() {
    let old = Net::new(Scenario::new().version("2018.2"));
    let (ran, asked) = old.command(ADD).answers(&[]).try_run().await.unwrap();
    ran.ends_with(4).says("2018.2").says("has no access tokens");
    assert!(asked.is_empty());

    let gateway = net();
    gateway
        .teamcity()
        .set_mode(Mode::SsoGateway { redirect: false });
    gateway
        .command(ADD)
        .run()
        .await
        .ends_with(5)
        .says("web page");
    gateway
        .teamcity()
        .set_mode(Mode::SsoGateway { redirect: true });
    gateway
        .command(ADD)
        .run()
        .await
        .ends_with(5)
        .says("redirect");

    gateway
        .command("token add --server https://nowhere.example.com --workspace acme")
        .answers(&[])
        .run()
        .await
        .ends_with(5)
        .says("can't be reached");
    gateway
        .command("token add --workspace acme")
        .run()
        .await
        .ends_with(3)
        .says("no TeamCity server is named");
}

#[tokio::test(start_paused = true)]
async fn bitbuckets_refusals_name_the_variables_and_the_scope() {
    let net = net();
    let add = || net.command(ADD).input(Scenario::TOKEN);
    add()
        .unset("BITBUCKET_ACCESS_TOKEN")
        .run()
        .await
        .ends_with(3)
        .says("there is no Bitbucket credential")
        .says("admin:pipeline:bitbucket");
    add()
        .set("BITBUCKET_ACCESS_TOKEN", "nonsense")
        .run()
        .await
        .ends_with(4)
        .says("does not accept the credential in BITBUCKET_ACCESS_TOKEN");
    add()
        .unset("BITBUCKET_ACCESS_TOKEN")
        .set("ATLASSIAN_ACCOUNT_EMAIL", "a@example.com")
        .set("ATLASSIAN_API_TOKEN", "nonsense")
        .run()
        .await
        .ends_with(4)
        .says("ATLASSIAN_ACCOUNT_EMAIL and ATLASSIAN_API_TOKEN");
    add()
        .set("BITBUCKET_ACCESS_TOKEN", READER)
        .run()
        .await
        .ends_with(4)
        .says("storing TEAMCITY_TOKEN in repository acme/app: the credential in BITBUCKET_ACCESS_TOKEN lacks a scope")
        .says("pipeline:variable");
    net.command("token add --server https://tc.example.com --repository acme/nothing")
        .input(Scenario::TOKEN)
        .run()
        .await
        .ends_with(4)
        .says("Bitbucket does not find it");
    net.command("token list --repository acme/app --environment staging")
        .run()
        .await
        .ends_with(4)
        .says("there is no environment staging of acme/app")
        .says("Its environments are 'production'");
    net.bitbucket.break_down("variables", Fault::Status(503));
    add()
        .run()
        .await
        .ends_with(5)
        .says("not available at the moment");
    net.bitbucket.repair();
    assert!(net.stored("acme/app", None, "TEAMCITY_TOKEN").is_none());
}

#[tokio::test(start_paused = true)]
async fn replacing_is_asked_about_first() {
    let net = net();
    net.bitbucket
        .set_variable("acme/app", None, "TEAMCITY_TOKEN", "before", true);
    let add = || net.command(ADD).input(Scenario::TOKEN);
    add()
        .run()
        .await
        .ends_with(3)
        .says("would be replaced")
        .says("Add --yes");
    assert_eq!(
        net.stored("acme/app", None, "TEAMCITY_TOKEN").as_deref(),
        Some("before")
    );
    let (ran, asked) = net
        .command(ADD)
        .answers(&[Scenario::TOKEN, "n"])
        .try_run()
        .await
        .unwrap();
    ran.ends_with(3).says("Nothing was changed");
    assert!(asked[1].contains("nothing is noted about it"), "{asked:?}");
    net.command(ADD)
        .answers(&[Scenario::TOKEN, "y"])
        .run()
        .await
        .ends_with(0);
    assert_eq!(
        net.stored("acme/app", None, "TEAMCITY_TOKEN").as_deref(),
        Some(Scenario::TOKEN)
    );
    net.command(&format!("{ADD} --yes"))
        .input(Scenario::TOKEN)
        .run()
        .await
        .ends_with(0);
}

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
        .says("Bitbucket does not find it");
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
        .says("Made the token \"bitbucket-acme-TC\" of CI Bot (ci); it never expires");
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
        ("--expires-in 1day", "makes no tokens that expire"),
        ("--project App", "no tokens that are limited to a project"),
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
            "has a token \"bitbucket-pipelines\" already",
        ),
        ("--name a/b", 3, "--name can't be used"),
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
        .says("accepts the token no longer");
}

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
        .says("whatever else uses it");
    net.command("token rotate --repository acme/app --yes")
        .input("eyJeve")
        .run()
        .await
        .ends_with(4)
        .says("the login is eve's, and the token in TEAMCITY_TOKEN is ci's");
    net.command("token rotate --repository acme/app --yes --server https://other.example.com")
        .run()
        .await
        .ends_with(3)
        .says("the stored token is one of https://tc.example.com/");
    assert_eq!(net.teamcity().tokens().len(), 2);
}

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
