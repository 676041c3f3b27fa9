//! Credentials: which are accepted, and in which words others are refused.

use std::time::Duration;

use serde_json::{Value, json};
use teamcity_simulator::bitbucket::{Bitbucket, Call, Credential, Scope};

use super::{ACME, Answer, COMMIT, bitbucket, call, get, request, send};

async fn with(bitbucket: &Bitbucket, credential: Option<&Credential>, path: &str) -> Answer {
    let url = format!("https://api.bitbucket.org/2.0/repositories/{ACME}/{path}");
    let authorization = credential.map(Credential::authorization);
    send(bitbucket, request("GET", &url, authorization, &Value::Null)).await
}

#[tokio::test(start_paused = true)]
async fn a_missing_scope_is_named_as_its_kind_of_token_names_it() {
    let bitbucket = bitbucket();
    let access = Credential::access_token("t", &[Scope::Repository]);
    let api = Credential::api_token("a@example.com", "t", &[Scope::Repository]);
    let names = [
        (access, "pipeline", "repository"),
        (api, "read:pipeline:bitbucket", "read:repository:bitbucket"),
    ];
    for (credential, required, granted) in names {
        bitbucket.add_credential(credential.clone());
        let refused = with(&bitbucket, Some(&credential), "pipelines").await;
        assert_eq!(refused.status, 403);
        let detail = &refused.json["error"]["detail"];
        assert_eq!(detail["required"], json!([required]));
        assert_eq!(detail["granted"], json!([granted]));
        let path = format!("commit/{COMMIT}");
        let accepted = with(&bitbucket, Some(&credential), &path).await;
        assert_eq!(accepted.header("x-oauth-scopes"), Some(granted));
    }
    let silent = bitbucket.without_scopes_header();
    let accepted = get(&silent, &format!("commit/{COMMIT}")).await;
    assert_eq!(
        (accepted.status, accepted.header("x-oauth-scopes")),
        (200, None)
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_a_credential_any_more_is_refused() {
    let bitbucket = bitbucket();
    let path = format!("commit/{COMMIT}");
    let expired = Credential::access_token("old", &[Scope::Repository]).expired();
    bitbucket.add_credential(expired.clone());
    let unknown = Credential::api_token("a@example.com", "unknown", &[]);
    for credential in [expired, unknown] {
        let refused = with(&bitbucket, Some(&credential), &path).await;
        assert_eq!(refused.status, 401);
        let message = refused.json["error"]["message"].as_str().unwrap();
        assert!(message.contains("invalid, expired"), "{message}");
    }
    let password = Credential::app_password("jane", "ATBB-x");
    bitbucket.add_credential(password.clone());
    for credential in [Some(&password), None] {
        let refused = with(&bitbucket, credential, &path).await;
        let realm = refused.header("www-authenticate");
        assert_eq!(
            (refused.status, realm),
            (401, Some(r#"Basic realm="Bitbucket.org HTTP""#))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn writing_takes_what_the_switch_says() {
    let strict = bitbucket().writing_needs_write();
    let status = json!({ "key": "k", "state": "FAILED", "url": "https://tc.example.com" });
    let path = format!("commit/{COMMIT}/statuses/build");
    let refused = call(&strict, "POST", &path, status.clone()).await;
    assert_eq!(refused.status, 403);
    let all = [Scope::Repository, Scope::RepositoryWrite];
    strict.add_credential(Credential::of(super::TOKEN, &all));
    assert_eq!(call(&strict, "POST", &path, status).await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn an_hour_has_so_many_requests() {
    let bitbucket = bitbucket().with_rate_limit(5, Some(Duration::from_secs(900)));
    let path = format!("commit/{COMMIT}");
    let mut near = Vec::new();
    for _ in 0..5 {
        let answer = get(&bitbucket, &path).await;
        assert_eq!(answer.status, 200);
        near.push(answer.header("x-ratelimit-nearlimit") == Some("true"));
    }
    assert_eq!(near, [false, false, false, false, true]);
    let refused = get(&bitbucket, &path).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), Some("900"));
    assert_eq!(refused.header("x-ratelimit-limit"), Some("5"));
}

#[tokio::test(start_paused = true)]
async fn which_calls_the_proxy_serves_is_a_switch() {
    let calls = [
        (Call::Reports, format!("commit/{COMMIT}/reports")),
        (Call::Commit, format!("commit/{}", &COMMIT[..12])),
        (Call::Statuses, format!("commit/{COMMIT}/statuses")),
        (Call::Pipelines, "pipelines".to_owned()),
        (Call::Repository, String::new()),
    ];
    let by_default = bitbucket();
    for (call, path) in &calls {
        let status = super::by_proxy(&by_default, path).await.status;
        assert_eq!(status == 200, *call == Call::Reports, "{call:?}");
    }
    let all = bitbucket().with_proxy_serving(&Call::ALL);
    for (call, path) in &calls {
        assert_eq!(super::by_proxy(&all, path).await.status, 200, "{call:?}");
    }
    assert!(all.requests().iter().all(|seen| seen.by_proxy));
}
