//! Build statuses: which rows there are, and what a merge check makes of them.

use serde_json::{Value, json};
use teamcity_simulator::bitbucket::Bitbucket;

use super::{ACME, Answer, COMMIT, bitbucket, call, get};

fn status(key: &str, state: &str, refname: Option<&str>) -> Value {
    let mut status = json!({ "key": key, "state": state, "url": "https://tc.example.com/build/1" });
    if let Some(refname) = refname {
        status["refname"] = refname.into();
    }
    status
}

async fn post(bitbucket: &Bitbucket, status: Value) -> Answer {
    let path = format!("commit/{COMMIT}/statuses/build");
    call(bitbucket, "POST", &path, status).await
}

async fn put(bitbucket: &Bitbucket, key: &str, status: Value) -> Answer {
    let path = format!("commit/{COMMIT}/statuses/build/{key}");
    call(bitbucket, "PUT", &path, status).await
}

#[tokio::test(start_paused = true)]
async fn key_and_branch_say_which_row_it_is() {
    let bitbucket = bitbucket();
    let statuses = [
        (201, status("k", "INPROGRESS", Some("main"))),
        (200, status("k", "SUCCESSFUL", Some("main"))),
        (201, status("k", "INPROGRESS", Some("feature/x"))),
        (201, status("k", "FAILED", None)),
        (201, status("l", "STOPPED", None)),
    ];
    for (wanted, status) in statuses {
        assert_eq!(post(&bitbucket, status).await.status, wanted);
    }
    let check = bitbucket.merge_check(ACME, COMMIT);
    let sizes = [
        check.open.len(),
        check.failed.len(),
        check.stopped.len(),
        check.passed.len(),
    ];
    assert_eq!(sizes, [1; 4]);
    assert!(!check.passes(1), "the open row blocks");
    assert_eq!(bitbucket.open_statuses(ACME)[0].1["refname"], "feature/x");

    let put = put(&bitbucket, "k", status("k", "SUCCESSFUL", None)).await;
    assert_eq!(put.status, 500, "two rows of that key");
    let deleted = format!("commit/{COMMIT}/statuses/build/k");
    let deleted = call(&bitbucket, "DELETE", &deleted, Value::Null).await;
    assert_eq!(deleted.status, 405);
}

#[tokio::test(start_paused = true)]
async fn a_branch_once_set_stays_set() {
    let bitbucket = bitbucket();
    post(&bitbucket, status("k", "INPROGRESS", Some("main"))).await;
    let row = put(&bitbucket, "k", status("k", "SUCCESSFUL", None)).await;
    assert_eq!(
        (row.status, row.json["refname"].as_str()),
        (200, Some("main"))
    );
    bitbucket.null_refname_keeps_the_row(ACME);
    post(&bitbucket, status("k", "FAILED", None)).await;
    let rows = bitbucket.statuses(ACME, COMMIT);
    assert_eq!((rows.len(), &rows[0]["state"]), (1, &json!("FAILED")));
    assert_eq!(rows[0]["refname"], "main");
}

#[tokio::test(start_paused = true)]
async fn rows_are_listed_in_pages() {
    let bitbucket = bitbucket();
    for number in 0..25 {
        let key = format!("k{number}");
        post(&bitbucket, status(&key, "SUCCESSFUL", Some("main"))).await;
    }
    post(&bitbucket, status("other", "FAILED", None)).await;
    let path = format!("commit/{}/statuses", &COMMIT[..12]);
    let first = get(&bitbucket, &path).await;
    assert_eq!(first.values().len(), 10);
    assert!(first.json["next"].as_str().unwrap().contains("page=2"));
    let newest = get(&bitbucket, &format!("{path}?sort=-created_on&pagelen=100")).await;
    assert_eq!(newest.values().len(), 26);
    assert_eq!(newest.values()[0]["key"], "other");
    assert!(newest.json["next"].is_null());
    let of_branch = get(&bitbucket, &format!("{path}?refname=main&pagelen=100")).await;
    assert_eq!(of_branch.values().len(), 25);
    assert!(!bitbucket.merge_check(ACME, COMMIT).passes(1), "one failed");
}

#[tokio::test(start_paused = true)]
async fn fields_have_limits() {
    let bitbucket = bitbucket();
    for (field, most) in [("key", 40), ("name", 255), ("description", 255)] {
        let mut good = status("k", "INPROGRESS", None);
        good[field] = "é".repeat(most).into();
        assert!(post(&bitbucket, good).await.status < 300, "{field}");
        let mut bad = status("k", "INPROGRESS", None);
        bad[field] = "é".repeat(most + 1).into();
        let refused = post(&bitbucket, bad).await;
        assert_eq!(refused.status, 400, "{field}");
        assert!(
            refused.json["error"]["fields"][field].is_array(),
            "{}",
            refused.json
        );
    }
}

#[tokio::test(start_paused = true)]
async fn braces_in_a_link_are_variables() {
    let bitbucket = bitbucket();
    let mut with = status("k", "INPROGRESS", None);
    with["url"] = "https://tc.example.com/{repository.full_name}/{commit.hash}?{branch}".into();
    let row = post(&bitbucket, with).await;
    assert_eq!(
        row.json["url"],
        format!("https://tc.example.com/{ACME}/{COMMIT}?")
    );
}
