//! `create` and `rotate` are killed at each of their requests, before and after the server acts on it, and repeated.

use teamcity_simulator::{Scenario, Token, User};

use crate::desk::{Command, Net};

/// More requests than any of these commands makes.
const MANY: usize = 40;

/// Another user's token logs in, so that the stored one is never the login.
fn net() -> Net {
    Net::new(
        Scenario::new()
            .user(User::new("bot"))
            .token(Token::new("eyJbot", "bot", "by hand")),
    )
}

fn create(net: &Net) -> Command<'_> {
    net.command("token create --server https://tc.example.com --repository acme/app --yes")
        .input("eyJbot")
}

/// By the token in the environment, as in a pipeline.
fn rotate(net: &Net) -> Command<'_> {
    let stored = net.stored("acme/app", None, "TEAMCITY_TOKEN").unwrap();
    net.command("token rotate --repository acme/app --yes")
        .set("TEAMCITY_URL", "https://tc.example.com")
        .set("TEAMCITY_TOKEN", &stored)
}

/// What is stored works, whenever one looks.
fn stored_works(net: &Net) -> bool {
    let Some(stored) = net.stored("acme/app", None, "TEAMCITY_TOKEN") else {
        return false;
    };
    net.teamcity()
        .tokens()
        .iter()
        .any(|token| token.value == stored)
}

fn is_done(net: &Net) -> bool {
    let note = net.note("acme/app", None, "TEAMCITY_TOKEN");
    note["tokenName"].is_string() && note["leftovers"].is_null()
}

/// Nothing but the token made by hand and the stored one is left.
#[track_caller]
fn is_tidy(net: &Net, what: &str) {
    let tokens = net.teamcity().tokens();
    let of_bot: Vec<_> = tokens
        .iter()
        .filter(|token| token.user == "bot")
        .map(|token| token.name.as_str())
        .collect();
    assert_eq!(of_bot.len(), 2, "{what}: {of_bot:?}");
    let note = net.note("acme/app", None, "TEAMCITY_TOKEN");
    assert!(note["leftovers"].is_null(), "{what}: {note}");
    let stored = net.stored("acme/app", None, "TEAMCITY_TOKEN").unwrap();
    let known = tokens.iter().find(|token| token.value == stored).unwrap();
    assert_eq!(note["tokenName"], known.name.as_str(), "{what}");
}

/// Kills a command at request after request. How often it was.
async fn at_each_request(prepare: bool, command: fn(&Net) -> Command<'_>, acts: bool) -> usize {
    for requests in 0..MANY {
        let net = net();
        if prepare {
            create(&net).run().await.ends_with(0);
        }
        let what = format!("killed at request {requests}, acted on: {acts}");
        net.crash_after(requests, acts);
        let survived = command(&net).try_run().await.is_some();
        net.no_crash();
        assert!(!prepare || stored_works(&net), "{what}");
        // Only the last answer was lost: to repeat it would be to do it twice.
        if survived || (!prepare && is_done(&net)) {
            is_tidy(&net, &what);
            return requests;
        }
        command(&net).run().await.ends_with(0);
        assert!(stored_works(&net), "{what}");
        is_tidy(&net, &what);
    }
    panic!("it makes more than {MANY} requests");
}

#[tokio::test(start_paused = true)]
async fn create_can_be_repeated_from_every_point() {
    for acts in [false, true] {
        assert!(at_each_request(false, create, acts).await > 8);
    }
}

#[tokio::test(start_paused = true)]
async fn rotate_can_be_repeated_from_every_point_and_the_stored_token_always_works() {
    for acts in [false, true] {
        assert!(at_each_request(true, rotate, acts).await > 10);
    }
}
