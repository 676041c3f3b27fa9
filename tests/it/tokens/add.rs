//! `token add`: nothing that a server refuses is stored, and each refusal has its own words.

use serde_json::json;
use teamcity_simulator::bitbucket::Fault;
use teamcity_simulator::{Grant, Mode, Scenario, Token, User};

use super::{ADD, DAY, net};
use crate::desk::{Net, READER};

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
        .says("Create a user for pipelines")
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
        ("", "no access token of https://tc.example.com/ was given"),
        ("Bearer eyJs3cret", "begins with 'Bearer'"),
        ("two words", "contains a space"),
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
            .says("wrong, has expired, or was revoked")
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
        .says("lacks permissions that the pipe may need: Stop build / remove from queue")
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
        .says("TeamCity does not say which of ci's tokens");
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
        .says("Bitbucket cannot find it");
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
    assert!(asked[1].contains("it has no note"), "{asked:?}");
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
