//! Pull requests, their files, and short hashes.

use serde_json::json;
use teamcity_simulator::bitbucket::PullRequest;

use super::{ACME, COMMIT, bitbucket, get};

const MAIN: &str = "ffffffffffffffffffffffffffffffffffffffff";

#[tokio::test(start_paused = true)]
async fn a_diffstat_is_elsewhere_and_paged() {
    let bitbucket = bitbucket();
    let pull_request = PullRequest::new(7, "feature/x", COMMIT)
        .into("main", MAIN)
        .changes(["src/a.rs", "src/b.rs"])
        .adds("src/new.rs")
        .removes("src/old.rs")
        .renames("src/c.rs", "src/d.rs");
    bitbucket.add_pull_request(ACME, pull_request);
    let moved = get(&bitbucket, "pullrequests/7/diffstat?pagelen=2").await;
    assert_eq!(moved.status, 302);
    let location = moved.header("location").unwrap();
    assert_eq!(
        location,
        "https://api.bitbucket.org/2.0/repositories/acme/app/diffstat/acme/app:0a1b2c3d4e5f%0Dffffffffffff?from_pullrequest_id=7&topic=true&pagelen=2"
    );
    let mut next = Some(location.to_owned());
    let mut files = Vec::new();
    while let Some(url) = next {
        let path = url.split_once("/acme/app/").unwrap().1;
        let page = get(&bitbucket, path).await;
        assert_eq!((page.status, page.values().len() <= 2), (200, true));
        for file in page.values() {
            files.push(json!([
                file["status"],
                file["old"]["path"],
                file["new"]["path"]
            ]));
        }
        next = page.json["next"].as_str().map(str::to_owned);
    }
    let wanted = json!([
        ["modified", "src/a.rs", "src/a.rs"],
        ["modified", "src/b.rs", "src/b.rs"],
        ["added", null, "src/new.rs"],
        ["removed", "src/old.rs", null],
        ["renamed", "src/c.rs", "src/d.rs"],
    ]);
    assert_eq!(json!(files), wanted);
    let shown = get(&bitbucket, "pullrequests/7").await.json;
    assert_eq!(shown["source"]["commit"]["hash"], &COMMIT[..12]);
    assert_eq!(get(&bitbucket, "pullrequests/8/diffstat").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn twelve_digits_are_made_forty_unless_two_begin_so() {
    let bitbucket = bitbucket();
    let path = format!("commit/{}", &COMMIT[..12]);
    assert_eq!(get(&bitbucket, &path).await.json["hash"], COMMIT);
    bitbucket.add_commit(ACME, &format!("{}{}", &COMMIT[..12], "0".repeat(28)));
    assert_eq!(get(&bitbucket, &path).await.status, 404);
    bitbucket.answer_commit_with(ACME, &COMMIT[..12], MAIN);
    assert_eq!(get(&bitbucket, &path).await.json["hash"], MAIN);
}
