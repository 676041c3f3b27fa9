//! What the pipe says of Bitbucket credentials that ended, expired, or may not do what is needed.

use teamcity_simulator::bitbucket::{Bitbucket, Credential, Scope};
use teamcity_simulator::{Scenario, Simulator};

use crate::pipe::{Ran, Step};

async fn run(command: &str, credential: Credential, variables: &[(&str, &str)]) -> Ran {
    let bitbucket = Bitbucket::new().with_repository("acme/app", &[Scenario::COMMIT]);
    bitbucket.add_credential(credential);
    let simulator = Simulator::start(Scenario::new());
    let mut step = Step::new()
        .argument(command)
        .with_bitbucket(&bitbucket, None);
    for (name, value) in variables {
        step = step.set(name, value);
    }
    step.run(&simulator).await
}

#[tokio::test(start_paused = true)]
async fn app_passwords_are_said_to_have_ended() {
    for command in ["run", "check"] {
        let ran = run(
            command,
            Credential::app_password("jane", "hush-hush"),
            &[
                ("BITBUCKET_USERNAME", "jane"),
                ("BITBUCKET_APP_PASSWORD", "hush-hush"),
            ],
        )
        .await;
        ran.ends_with(0)
            .says("app passwords ended on 28 July 2026")
            .says("read:repository:bitbucket")
            .says_not("hush-hush")
            .says_not("jane");
        let said = ran.output.lines().filter(|line| line.contains("28 July"));
        assert_eq!(said.count(), 1, "{}", ran.output);
    }
}

#[tokio::test(start_paused = true)]
async fn an_expired_credential_is_told_from_a_missing_scope() {
    let token = [("BITBUCKET_ACCESS_TOKEN", "s3same-0pen")];
    let expired = Credential::access_token("s3same-0pen", &[Scope::Repository]).expired();
    let ran = run("run", expired.clone(), &token).await;
    ran.ends_with(0)
        .says("build status")
        .says("it has expired, was revoked, or is wrong")
        .says("under Access tokens");
    let ran = run("check", expired, &token).await;
    ran.ends_with(0)
        .says("It has expired, was revoked, or is wrong");

    let lacking = Credential::access_token("s3same-0pen", &[Scope::Pipeline]);
    let ran = run("run", lacking.clone(), &token).await;
    ran.ends_with(0)
        .says("required: repository; granted: pipeline");
    let ran = run("check", lacking, &token).await;
    ran.ends_with(0)
        .says("required: repository; granted: pipeline")
        .says("an access token needs the scope repository");

    let mail = [
        ("ATLASSIAN_ACCOUNT_EMAIL", "jane@example.com"),
        ("ATLASSIAN_API_TOKEN", "s3same-0pen"),
    ];
    let lacking = Credential::api_token("jane@example.com", "s3same-0pen", &[Scope::Pipeline]);
    let ran = run("check", lacking, &mail).await;
    ran.ends_with(0)
        .says("required: read:repository:bitbucket; granted: read:pipeline:bitbucket")
        .says("an API token needs the scope read:repository:bitbucket");
}

#[tokio::test(start_paused = true)]
async fn check_tries_each_call_and_changes_nothing() {
    let all = [Scope::Repository, Scope::Pipeline, Scope::PullRequest];
    for lists_scopes in [true, false] {
        let mut bitbucket = Bitbucket::new()
            .with_repository("acme/app", &[Scenario::COMMIT])
            .with_credential("Bearer s3same-0pen", &all);
        if !lists_scopes {
            bitbucket = bitbucket.without_scopes_header();
        }
        let simulator = Simulator::start(Scenario::new());
        let step = Step::new().argument("check");
        let ran = step
            .with_bitbucket(&bitbucket, Some("s3same-0pen"))
            .run(&simulator)
            .await;
        ran.ends_with(0)
            .says("✔ Bitbucket accepts the credential for this repository")
            .says("✔ the Bitbucket credential may read pipelines");
        if lists_scopes {
            ran.says("it may set build statuses (scope repository)");
        } else {
            ran.says("right to set build statuses is unproven");
        }
        let requests = bitbucket.requests();
        assert!(requests.iter().all(|request| request.method == "GET"));
    }
}
