//! Against the simulator, which refuses what the published API does not have.

use std::time::Duration;

use teamcity_simulator::bitbucket::{Fault, Scope as Allowed};
use tokio::time::Instant;

use super::model::{BuildStatus, NewVariable, State};
use super::stub::{COMMIT, bitbucket, by_proxy, direct, repository};
use super::*;
use crate::types::{Credential, Proxies, ProxyAddress, Secret};

const ALL: &[Allowed] = &[
    Allowed::Repository,
    Allowed::Pipeline,
    Allowed::PipelineVariable,
];

fn status(key: &str) -> BuildStatus {
    BuildStatus {
        key: key.into(),
        state: State::InProgress,
        name: "TeamCity: Build".into(),
        description: "queued".into(),
        url: "https://tc.example.com".into(),
        refname: None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_short_hash_is_expanded() {
    let bitbucket = bitbucket(ALL);
    let client = direct(&bitbucket);
    assert_eq!(
        client.commit(&repository(), &COMMIT[..12]).await.unwrap(),
        COMMIT
    );
    let error = client
        .commit(&repository(), "ffffffffffff")
        .await
        .unwrap_err();
    assert!(matches!(error.kind, ErrorKind::NotFound(_)));
}

#[tokio::test(start_paused = true)]
async fn the_proxy_serves_reports_and_no_status() {
    let bitbucket = bitbucket(ALL);
    let client = by_proxy(&bitbucket);
    client
        .delete_report(&repository(), COMMIT, "teamcity-x")
        .await
        .unwrap();
    let refused = client
        .set_status(&repository(), COMMIT, &status("k"))
        .await
        .unwrap_err();
    assert!(matches!(refused.kind, ErrorKind::Forbidden(_)));
    let seen = bitbucket.requests();
    assert!(
        seen.iter()
            .all(|seen| seen.by_proxy && seen.authorization.is_none())
    );
    assert_eq!(
        seen[0].path,
        format!("/repositories/acme/shop/commit/{COMMIT}/reports/teamcity-x")
    );
}

#[tokio::test(start_paused = true)]
async fn a_status_of_the_same_key_is_replaced() {
    let bitbucket = bitbucket(ALL);
    let client = direct(&bitbucket);
    client
        .set_status(&repository(), COMMIT, &status("k"))
        .await
        .unwrap();
    client
        .set_status(
            &repository(),
            COMMIT,
            &BuildStatus {
                state: State::Successful,
                ..status("k")
            },
        )
        .await
        .unwrap();
    let all = bitbucket.statuses("acme/shop", COMMIT);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["state"], "SUCCESSFUL");
    let error = client
        .set_status(&repository(), COMMIT, &status(&"k".repeat(41)))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("at most 40 characters"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn variables_live_at_three_levels() {
    let bitbucket = bitbucket(ALL);
    let environment = bitbucket.add_environment("acme/shop", "Production");
    let client = direct(&bitbucket);
    assert_eq!(
        client.environments(&repository()).await.unwrap()[0].uuid,
        environment
    );
    let deployment = Scope::Deployment {
        repository: repository(),
        environment,
    };
    for scope in [
        Scope::Workspace("acme".into()),
        Scope::Repository(repository()),
        deployment,
    ] {
        let variable = |value: &str| NewVariable {
            key: "TEAMCITY_TOKEN".into(),
            value: Secret::new(value),
            secured: true,
        };
        client
            .create_variable(&scope, &variable("a"))
            .await
            .unwrap();
        let again = client
            .create_variable(&scope, &variable("a"))
            .await
            .unwrap_err();
        assert!(matches!(again.kind, ErrorKind::Conflict(_)));
        let all = client.variables(&scope).await.unwrap();
        assert_eq!(
            (
                all.len(),
                all[0].key.as_str(),
                &all[0].value,
                all[0].secured
            ),
            (1, "TEAMCITY_TOKEN", &None, true)
        );
        client
            .update_variable(&scope, &all[0].uuid, &variable("b"))
            .await
            .unwrap();
        client.delete_variable(&scope, &all[0].uuid).await.unwrap();
        client.delete_variable(&scope, &all[0].uuid).await.unwrap();
        assert!(client.variables(&scope).await.unwrap().is_empty());
    }
    assert!(
        bitbucket
            .requests()
            .iter()
            .any(|seen| seen.path.contains("/variables/%7B"))
    );
}

#[tokio::test(start_paused = true)]
async fn long_lists_are_read_to_their_end() {
    let bitbucket = bitbucket(ALL);
    let client = direct(&bitbucket);
    let scope = Scope::Repository(repository());
    for number in 0..250 {
        let variable = NewVariable {
            key: format!("V{number}"),
            value: Secret::new("x"),
            secured: false,
        };
        client.create_variable(&scope, &variable).await.unwrap();
    }
    assert_eq!(client.variables(&scope).await.unwrap().len(), 250);
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again_and_half_a_minute_is_the_most() {
    let bitbucket = bitbucket(ALL);
    let client = direct(&bitbucket);
    for (fault, tries) in [
        (Fault::Refuse, 4),
        (Fault::Status(503), 4),
        (Fault::Hang, 3),
    ] {
        let before = bitbucket.requests().len();
        bitbucket.break_down("", fault);
        let begun = Instant::now();
        client.commit(&repository(), COMMIT).await.unwrap_err();
        assert!(begun.elapsed() <= Duration::from_secs(30), "{fault:?}");
        assert_eq!(bitbucket.requests().len() - before, tries, "{fault:?}");
        bitbucket.repair();
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_said_at_once() {
    let bitbucket = bitbucket(&[Allowed::Repository]);
    let client = direct(&bitbucket);
    let error = client
        .variables(&Scope::Repository(repository()))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("lacks a scope"), "{error}");
    assert_eq!(bitbucket.requests().len(), 1);
}

#[tokio::test]
async fn the_real_proxy_is_asked_by_plain_http_with_the_whole_address() {
    let bitbucket = bitbucket(ALL);
    let served = bitbucket.spawn_thread().unwrap();
    let connection = crate::http::Connection {
        proxies: Proxies {
            http: Some(ProxyAddress {
                url: served.proxy_url().parse().unwrap(),
                login: None,
                variable: "BITBUCKET_PROXY_URL",
            }),
            ..Proxies::default()
        },
        ..Default::default()
    };
    let transport = std::rc::Rc::new(crate::http::connect(&connection).unwrap());
    let api = url::Url::parse("https://api.bitbucket.org/2.0").unwrap();
    let patience = std::rc::Rc::new(Patience::of_a_person());
    let client = Client::new(transport, proxied(&api), None, patience.clone()).unwrap();
    client
        .delete_report(&repository(), COMMIT, "teamcity-x")
        .await
        .unwrap();
    assert!(bitbucket.requests()[0].by_proxy);

    let transport = std::rc::Rc::new(crate::http::connect(&Default::default()).unwrap());
    let credential = Credential::Bearer(Secret::new("s3cr3t"));
    let client = Client::new(
        transport,
        served.api_url().parse().unwrap(),
        Some(&credential),
        patience,
    )
    .unwrap();
    assert_eq!(
        client.commit(&repository(), &COMMIT[..12]).await.unwrap(),
        COMMIT
    );
    assert!(!bitbucket.requests()[1].by_proxy);
}
