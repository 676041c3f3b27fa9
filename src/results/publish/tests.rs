//! Against the simulator: what a commit shows in the end, and that nothing takes long.

use std::rc::Rc;

use teamcity_simulator::bitbucket::{Bitbucket, Fault, Scope};
use tokio::time::Instant;

use super::*;
use crate::bitbucket::Patience;
use crate::bitbucket::stub::{COMMIT, bitbucket, by_proxy_with, direct_with, repository};
use crate::report::sample;
use crate::types::BuildId;

const SHOP: &str = "acme/shop";

fn settings() -> PublishSettings {
    PublishSettings {
        commit: COMMIT.into(),
        branch: Some("main".into()),
        server_url: "https://tc.example.com".into(),
        label: None,
        code_insights: true,
        build_status: true,
        waits: true,
        picks_up: false,
        clone_dir: None,
        pull_request: None,
    }
}

fn publisher(bitbucket: &Bitbucket) -> Publisher {
    Publisher::new(settings(), board(bitbucket, bitbucket))
}

/// As a step has it, whose proxy and API may differ.
fn board(proxy: &Bitbucket, api: &Bitbucket) -> Board {
    let patience = Rc::new(Patience::of_a_step());
    let by_proxy = by_proxy_with(proxy, &patience);
    Board::new(
        repository(),
        Some(by_proxy),
        Some(direct_with(api, &patience)),
    )
}

fn queued() -> QueuedBuild {
    QueuedBuild {
        build: 0,
        of: 1,
        id: BuildId(4711),
        build_type: "Shop_Deploy".into(),
        name: "Shop / Deploy".into(),
        url: Some("https://tc.example.com/buildConfiguration/Shop_Deploy/4711".into()),
        branch: None,
        revision: None,
        joined: None,
    }
}

/// The one report of the commit: its id, result, and number of annotations.
fn report(bitbucket: &Bitbucket) -> (String, String, usize) {
    let reports = bitbucket.reports(SHOP, COMMIT);
    assert_eq!(reports.len(), 1);
    let (id, body) = reports.into_iter().next().unwrap();
    let notes = bitbucket.annotations(SHOP, COMMIT, &id).len();
    (id, body["result"].as_str().unwrap().to_owned(), notes)
}

#[tokio::test(start_paused = true)]
async fn the_commit_shows_the_run_from_start_to_end() {
    let bitbucket = bitbucket(&[Scope::Repository]);
    let publisher = publisher(&bitbucket);
    publisher.started(&[queued()]).await;
    assert_eq!(report(&bitbucket).1, "PENDING");
    assert_eq!(bitbucket.statuses(SHOP, COMMIT)[0]["state"], "INPROGRESS");

    assert_eq!(publisher.finished(&sample::failed_run()).await, None);
    let (_, result, notes) = report(&bitbucket);
    assert_eq!((result.as_str(), notes), ("FAILED", 5));
    let statuses = bitbucket.statuses(SHOP, COMMIT);
    assert_eq!(statuses.len(), 1);
    assert_eq!(statuses[0]["state"], "FAILED");
    for seen in bitbucket.requests() {
        assert_eq!(
            seen.by_proxy,
            seen.path.contains("/reports/"),
            "{}",
            seen.path
        );
        assert_eq!(
            seen.authorization.is_some(),
            !seen.by_proxy,
            "{}",
            seen.path
        );
        assert!(seen.status < 300 || seen.method == "DELETE", "{seen:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_run_replaces_the_annotations_of_an_earlier_one() {
    let bitbucket = bitbucket(&[Scope::Repository]);
    publisher(&bitbucket).finished(&sample::failed_run()).await;
    let mut good = sample::failed_run();
    let build = &mut good.builds[0];
    build.ending = crate::outcome::Ending::Success;
    build.failed_tests.clear();
    build.problems.clear();
    publisher(&bitbucket).finished(&good).await;
    let (_, result, notes) = report(&bitbucket);
    assert_eq!((result.as_str(), notes), ("PASSED", 0));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_annotations_go_in_hundreds() {
    let bitbucket = bitbucket(&[Scope::Repository]);
    let mut outcome = sample::many_failed();
    let mut more = outcome.builds[0].clone();
    more.build_type = "Other".into();
    outcome.builds.extend([more.clone(), more]);
    assert_eq!(publisher(&bitbucket).finished(&outcome).await, None);
    assert_eq!(report(&bitbucket).2, 1_000);
    let calls = bitbucket
        .requests()
        .iter()
        .filter(|seen| seen.path.ends_with("/annotations"))
        .count();
    assert_eq!(calls, 10);
}

#[tokio::test(start_paused = true)]
async fn a_bitbucket_that_is_away_costs_six_seconds_and_one_warning() {
    for fault in [
        Fault::Refuse,
        Fault::Hang,
        Fault::Status(500),
        Fault::Status(403),
        Fault::TooMany {
            retry_after: Some(Duration::from_secs(3600)),
        },
        Fault::Slow(Duration::from_secs(9)),
    ] {
        let bitbucket = bitbucket(&[Scope::Repository]);
        bitbucket.break_down("", fault);
        let begun = Instant::now();
        let publisher = publisher(&bitbucket);
        publisher.started(&[queued()]).await;
        let warning = publisher.finished(&sample::failed_run()).await;
        assert!(
            begun.elapsed() <= Duration::from_secs(6),
            "{fault:?}: {:?}",
            begun.elapsed()
        );
        let warning = warning.unwrap();
        assert!(
            warning.contains("Code Insights report"),
            "{fault:?}: {warning}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_proxy_the_credential_serves() {
    let bitbucket = bitbucket(&[Scope::Repository]);
    let gone = Bitbucket::new();
    gone.break_down("", Fault::Hang);
    let publisher = Publisher::new(settings(), board(&gone, &bitbucket));
    assert_eq!(publisher.finished(&sample::failed_run()).await, None);
    assert_eq!(report(&bitbucket).1, "FAILED");
}

#[tokio::test(start_paused = true)]
async fn what_fails_at_the_start_and_works_at_the_end_is_no_warning() {
    let bitbucket = bitbucket(&[Scope::Repository]);
    bitbucket.break_down("", Fault::Status(503));
    let publisher = publisher(&bitbucket);
    publisher.started(&[queued()]).await;
    bitbucket.repair();
    assert_eq!(publisher.finished(&sample::failed_run()).await, None);
    assert_eq!(report(&bitbucket).1, "FAILED");
}

#[tokio::test(start_paused = true)]
async fn the_warning_says_which_scope_is_missing() {
    let bitbucket = bitbucket(&[Scope::Pipeline]);
    let warning = publisher(&bitbucket)
        .finished(&sample::canceled_run())
        .await
        .unwrap();
    insta::assert_snapshot!(warning, @"the commit has no up-to-date build status: the credential lacks the scope for it (Your credentials lack one or more required privilege scopes: required: repository; granted: pipeline)");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_that_was_not_asked_for() {
    let bitbucket = bitbucket(&[Scope::Repository]);
    let settings = PublishSettings {
        code_insights: false,
        build_status: false,
        ..settings()
    };
    let publisher = Publisher::new(settings, board(&bitbucket, &bitbucket));
    publisher.started(&[queued()]).await;
    assert_eq!(publisher.finished(&sample::failed_run()).await, None);
    assert!(bitbucket.requests().is_empty());
}
