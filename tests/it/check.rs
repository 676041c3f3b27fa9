//! `check`: all problems at once, and nothing queued.

#![allow(clippy::unwrap_used, reason = "a test that stops is a test that fails")]

use teamcity_simulator::bitbucket::Scope;
use teamcity_simulator::{Agent, BuildType, Mode, Root, Scenario, Token, User};

use crate::desk::{Command, Net};

fn check(net: &Net) -> Command<'_> {
    net.command("check")
        .unset("BITBUCKET_ACCESS_TOKEN")
        .set("TEAMCITY_URL", "https://tc.example.com")
        .set("TEAMCITY_TOKEN", Scenario::TOKEN)
        .set("BUILD_TYPE_ID", "App_Build")
        .set(
            "BITBUCKET_PIPELINE_UUID",
            "{8a5a42ac-94a6-4a45-9bff-9d5f7c8c8d10}",
        )
        .set("BITBUCKET_WORKSPACE", "acme")
        .set("BITBUCKET_REPO_SLUG", "app")
        .set("BITBUCKET_BRANCH", "main")
        .set("BITBUCKET_COMMIT", Scenario::COMMIT)
}

/// Without the working directory, which differs.
fn steady(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        match line.split_once("below /") {
            Some((before, _)) => lines.push(format!("{before}below …")),
            None => lines.push(line.to_owned()),
        }
    }
    lines.join("\n")
}

fn nothing_was_queued(net: &Net) {
    assert!(net.teamcity().builds().is_empty());
    let writes: Vec<_> = net
        .teamcity()
        .requests()
        .into_iter()
        .filter(|request| request.method != "GET")
        .collect();
    assert!(writes.is_empty(), "{writes:?}");
    assert_eq!(net.teamcity().violations(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_good_setup_is_good_on_every_version() {
    for version in ["2019.1", "2021.1", "2022.04", "2024.03", "2025.11"] {
        let net = Net::new(Scenario::new().version(version));
        let ran = check(&net).set("PARAMETERS", "a=b").run().await;
        ran.ends_with(0)
            .says("A run has everything that it needs")
            .says_not("⚠")
            .says_not("eyJ");
        nothing_was_queued(&net);
        if version == "2025.11" {
            insta::assert_snapshot!(steady(&ran.output));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_shown_to_paste_runs() {
    use crate::documents::{IMAGE, VERSION, yaml};
    let net = Net::new(Scenario::new().build_type(BuildType::new("App_Tests").roots(["App_Git"])));
    let ran = check(&net)
        .set("BUILD_TYPE_ID", "App_Build,App_Tests")
        .run()
        .await;
    ran.ends_with(0);
    let (_, shown) = ran.output.split_once("a step:\n\n").unwrap();
    let item = &yaml(shown)[0];
    assert_eq!(item["pipe"], format!("docker://{IMAGE}:{VERSION}").as_str());
    let expected = serde_json::json!({
        "TEAMCITY_URL": "$TEAMCITY_URL",
        "TEAMCITY_TOKEN": "$TEAMCITY_TOKEN",
        "BUILD_TYPE_ID": ["App_Build", "App_Tests"],
    });
    assert_eq!(item["variables"], expected);
    let wrong = check(&net).set("WAIT", "perhaps").run().await;
    wrong.ends_with(3).says_not("- pipe:");
}

#[tokio::test(start_paused = true)]
async fn all_problems_are_told_at_once() {
    let scenario = Scenario::new()
        .without_permission("ci", "run_build")
        .without_permission("ci", "cancel_build")
        .without_permission("ci", "customize_build_revisions")
        .build_type(BuildType::new("App_Template").template())
        .build_type(BuildType::new("App_Paused").roots(["App_Git"]).paused())
        .root(Root::new("Lib_Git", "https://bitbucket.org/acme/lib.git"))
        .build_type(BuildType::new("App_Deploy").roots(["Lib_Git"]))
        .build_type(BuildType::new("App_All").composite().roots(["App_Git"]))
        .agent(Agent {
            connected: false,
            ..Agent::new(1, "agent-1")
        });
    let net = Net::new(scenario);
    let ran = check(&net)
        .set(
            "BUILD_TYPE_ID",
            "App_Build,App_Template,App_Paused,App_Deploy,App_All,Nowhere",
        )
        .set("BITBUCKET_COMMIT", &"9".repeat(40))
        .set("BITBUCKET_BRANCH", "feature/new")
        .set("BITBUCKET_ACCESS_TOKEN", "nonsense")
        .run()
        .await;
    ran.ends_with(4);
    insta::assert_snapshot!(steady(&ran.output));
    nothing_was_queued(&net);
}

#[tokio::test(start_paused = true)]
async fn wrong_variables_hide_nothing_else() {
    let net = Net::new(Scenario::new());
    let ran = check(&net)
        .set("TIMEOUT", "soon")
        .set("WAIT", "perhaps")
        .set("BUILD_TYPE_ID", "Nowhere")
        .run()
        .await;
    ran.ends_with(3)
        .says("✖ TIMEOUT has the invalid value 'soon'")
        .says("✖ WAIT has the invalid value 'perhaps'")
        .says("✔ TeamCity accepts the token")
        .says("✖ BUILD_TYPE_ID: there is no build configuration Nowhere");
    let ran = check(&net)
        .unset("TEAMCITY_TOKEN")
        .unset("BUILD_TYPE_ID")
        .run()
        .await;
    ran.ends_with(3)
        .says("✖ TEAMCITY_TOKEN is missing")
        .says("✖ BUILD_TYPE_ID is missing")
        .says("✔ the server is TeamCity 2025.11");
}

#[tokio::test(start_paused = true)]
async fn the_way_to_teamcity_is_told_stage_by_stage() {
    let net = Net::new(Scenario::new());
    check(&net)
        .set("TEAMCITY_URL", "https://nowhere.example.com")
        .run()
        .await
        .ends_with(5)
        .says("the name nowhere.example.com can't be resolved")
        .says("TEAMCITY_URL");
    net.teamcity().set_mode(Mode::Starting);
    check(&net)
        .run()
        .await
        .ends_with(5)
        .says("✖ connecting to TeamCity: TeamCity is starting");
    net.teamcity()
        .set_mode(Mode::SsoGateway { redirect: false });
    check(&net).run().await.ends_with(5).says("web page");
    net.teamcity().set_mode(Mode::SsoGateway { redirect: true });
    check(&net).run().await.ends_with(5).says("redirect");
    net.teamcity().set_mode(Mode::ProxyError(502));
    check(&net).run().await.ends_with(5).says("HTTP 502");
}

#[tokio::test(start_paused = true)]
async fn old_servers_and_bad_tokens_are_told() {
    let old = Net::new(Scenario::new().version("2018.2"));
    check(&old)
        .run()
        .await
        .ends_with(4)
        .says("✖ the server is TeamCity 2018.2");
    let day = std::time::Duration::from_secs(24 * 60 * 60);
    let scenario = Scenario::new()
        .user(User::new("bot"))
        .token(Token::new("eyJbot", "bot", "soon").expires(5 * day));
    let net = Net::new(scenario);
    check(&net)
        .set("TEAMCITY_TOKEN", "eyJwrong")
        .run()
        .await
        .ends_with(4)
        .says("✔ the server is TeamCity 2025.11")
        .says("✖ https://tc.example.com/ does not accept the token in TEAMCITY_TOKEN")
        .says_not("eyJ");
    check(&net)
        .set("TEAMCITY_TOKEN", "eyJbot")
        .run()
        .await
        .ends_with(0)
        .says("⚠ the token \"soon\" has all permissions of its user, and expires in 4 days");
}

#[tokio::test(start_paused = true)]
async fn builds_that_are_to_be_followed_are_looked_for() {
    let net = Net::new(Scenario::new());
    let id = net.teamcity().queue_build("App_Build", "ci", None);
    let follow = |id: &str| check(&net).unset("BUILD_TYPE_ID").set("BUILD_ID", id);
    follow(&id.to_string())
        .run()
        .await
        .ends_with(0)
        .says("exists and belongs to App_Build");
    follow("1")
        .run()
        .await
        .ends_with(4)
        .says("✖ BUILD_ID: there is no build 1");
    follow("auto")
        .run()
        .await
        .ends_with(3)
        .says("BUILD_ID is auto, but");
}

#[tokio::test(start_paused = true)]
async fn bitbuckets_credential_is_tried() {
    let mut net = Net::new(Scenario::new());
    net.bitbucket = net
        .bitbucket
        .clone()
        .with_credential("Bearer status", &[Scope::Repository]);
    check(&net)
        .set("BITBUCKET_ACCESS_TOKEN", "status")
        .run()
        .await
        .ends_with(0)
        .says("✔ Bitbucket accepts the credential");
    check(&net)
        .set("BITBUCKET_ACCESS_TOKEN", crate::desk::READER)
        .run()
        .await
        .ends_with(0)
        .says("⚠ trying the Bitbucket credential: the credential in BITBUCKET_ACCESS_TOKEN lacks a scope");
}

#[tokio::test(start_paused = true)]
async fn programs_read_json() {
    let net = Net::new(Scenario::new());
    let mut command = check(&net).set("BUILD_TYPE_ID", "Nowhere");
    command.arguments.push("--json".to_owned());
    let ran = command.run().await;
    ran.ends_with(4);
    let json: serde_json::Value = serde_json::from_str(&ran.output).unwrap();
    assert_eq!(
        (json["status"].as_u64(), json["problems"].as_u64()),
        (Some(4), Some(1))
    );
    let checks = json["checks"].as_array().unwrap();
    assert!(
        checks
            .iter()
            .any(|check| check["result"] == "problem" && check["check"] == "build configuration")
    );
}
