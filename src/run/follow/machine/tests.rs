use proptest::prelude::*;
use serde_json::json;

use super::*;

const COMMIT: &str = "4f2a9c01d3b7e8f6a5c4b3d2e1f00918273645ab";
const OTHER: &str = "1111111111111111111111111111111111111111";

fn build(json: serde_json::Value) -> Build {
    serde_json::from_value(json).unwrap()
}

fn revisions(version: &str) -> serde_json::Value {
    json!({ "revision": [{ "version": version, "vcs-root-instance": { "vcs-root-id": "App_Git" } }] })
}

fn followed() -> Followed {
    let asked = Asked {
        branch: Some("feature/x".to_owned()),
        checked: true,
        queued_here: true,
        revision: Some(COMMIT.to_owned()),
        roots: vec!["App_Git".to_owned()],
        ..Asked::default()
    };
    Followed::new(0, BuildId(7), asked, Instant::now())
}

fn verdict(followed: &mut Followed, json: serde_json::Value) -> Verdict {
    followed.observe(Instant::now(), &build(json), &mut Vec::new())
}

#[test]
fn a_success_of_the_right_commit_and_branch_is_one() {
    let right = json!({ "id": 7, "state": "finished", "status": "SUCCESS", "branchName": "feature/x", "revisions": revisions(COMMIT) });
    assert_eq!(
        verdict(&mut followed(), right),
        Verdict::Ended(Ending::Success)
    );
}

#[test]
fn a_success_of_another_commit_or_branch_is_none() {
    let cases = [
        json!({ "id": 7, "state": "finished", "status": "SUCCESS", "branchName": "feature/x", "revisions": revisions(OTHER) }),
        json!({ "id": 7, "state": "finished", "status": "SUCCESS", "branchName": "main", "revisions": revisions(COMMIT) }),
        json!({ "id": 7, "state": "finished", "status": "SUCCESS", "revisions": revisions(COMMIT) }),
        json!({ "id": 7, "state": "running", "branchName": "feature/x", "revisions": revisions(OTHER) }),
    ];
    for case in cases {
        assert!(
            matches!(verdict(&mut followed(), case.clone()), Verdict::Wrong(_)),
            "{case}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_that_does_not_say_what_it_built_is_none() {
    let nothing =
        json!({ "id": 7, "state": "finished", "status": "SUCCESS", "branchName": "feature/x" });
    for revision in [None, Some("N/A"), Some("")] {
        let mut silent = nothing.clone();
        if let Some(version) = revision {
            silent["revisions"] = revisions(version);
        }
        let mut followed = followed();
        let verdict_now = verdict(&mut followed, silent.clone());
        assert_eq!(verdict_now, Verdict::Again(UNNAMED_PAUSE), "{revision:?}");
        tokio::time::advance(UNNAMED_FOR).await;
        assert!(matches!(
            verdict(&mut followed, silent),
            Verdict::Ended(Ending::Unknown(_))
        ));
    }
}

#[test]
fn a_commit_that_one_of_two_roots_does_not_name_is_not_verified_and_a_wrong_one_is_wrong() {
    let of = |first: &str, second: &str| {
        let root = |id: &str, version: &str| json!({ "version": version, "vcs-root-instance": { "vcs-root-id": id } });
        json!({ "id": 7, "state": "finished", "status": "SUCCESS", "branchName": "feature/x",
            "revisions": { "revision": [root("App_Git", first), root("App_Docs", second), root("Other", OTHER)] } })
    };
    let both = || {
        let mut both = followed();
        both.asked.roots.push("App_Docs".to_owned());
        both
    };
    assert_eq!(
        verdict(&mut both(), of(COMMIT, "N/A")),
        Verdict::Again(UNNAMED_PAUSE)
    );
    assert_eq!(
        verdict(&mut both(), of(COMMIT, COMMIT)),
        Verdict::Ended(Ending::Success)
    );
    assert!(matches!(
        verdict(&mut both(), of("N/A", OTHER)),
        Verdict::Wrong(_)
    ));
}

#[test]
fn a_canceled_success_is_canceled() {
    let odd = json!({ "id": 7, "state": "finished", "status": "SUCCESS", "branchName": "feature/x", "revisions": revisions(COMMIT),
        "canceledInfo": { "text": "stop" } });
    assert_eq!(
        verdict(&mut followed(), odd),
        Verdict::BrokenOff {
            ending: Ending::Canceled,
            late: false
        }
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_build_is_looked_for_before_it_is_called_deleted() {
    let mut followed = followed();
    assert_eq!(followed.missing(Instant::now()), Verdict::Again(ODD_PAUSE));
    tokio::time::advance(MISSING_FOR).await;
    assert_eq!(
        followed.missing(Instant::now()),
        Verdict::Ended(Ending::Deleted)
    );
}

fn any_answer() -> impl Strategy<Value = serde_json::Value> {
    let state = prop::sample::select(vec![
        "queued", "running", "finished", "deleted", "unknown", "new",
    ]);
    let status = prop::sample::select(vec!["SUCCESS", "FAILURE", "ERROR", "UNKNOWN", "GREAT", ""]);
    let branch = prop::sample::select(vec!["feature/x", "main", "<default>", ""]);
    let version = prop::sample::select(vec![COMMIT, OTHER, "N/A", ""]);
    (state, status, branch, version, any::<[bool; 4]>(), 6u64..9).prop_map(
        |(state, status, branch, version, [canceled, failed_to_start, default, absent], id)| {
            let mut answer = json!({ "id": id, "state": state, "failedToStart": failed_to_start, "defaultBranch": default });
            if !status.is_empty() {
                answer["status"] = json!(status);
            }
            if !branch.is_empty() {
                answer["branchName"] = json!(branch);
            }
            if !version.is_empty() {
                answer["revisions"] = revisions(version);
            }
            if canceled {
                answer["canceledInfo"] = json!({});
            }
            if absent { serde_json::Value::Null } else { answer }
        },
    )
}

proptest! {
    /// Whatever the server says in whatever order, only one thing is a success.
    #[test]
    fn nothing_but_a_clear_success_is_one(answers in prop::collection::vec(any_answer(), 1..40)) {
        let mut followed = followed();
        for answer in answers {
            let verdict = match answer {
                serde_json::Value::Null => followed.missing(Instant::now()),
                ref answer => verdict(&mut followed, answer.clone()),
            };
            if verdict == Verdict::Ended(Ending::Success) {
                prop_assert_eq!(&answer["state"], "finished");
                prop_assert_eq!(&answer["status"], "SUCCESS");
                prop_assert_eq!(&answer["branchName"], "feature/x");
                prop_assert_eq!(&answer["revisions"]["revision"][0]["version"], COMMIT);
                prop_assert!(answer.get("canceledInfo").is_none());
                prop_assert_eq!(&answer["failedToStart"], false);
            }
            if matches!(
                verdict,
                Verdict::Ended(_) | Verdict::BrokenOff { .. } | Verdict::Wrong(_)
            ) {
                break;
            }
        }
    }
}

#[test]
fn what_a_lagging_node_or_a_merge_says_of_a_running_build_takes_no_other_for_it() {
    let running = json!({ "id": 7, "state": "running", "branchName": "feature/x", "revisions": revisions(COMMIT) });
    let other = |kind: &str| json!({ "id": 5, "state": "queued", "triggered": { "type": kind } });
    let mut followed = followed();
    verdict(&mut followed, other("reAddedOnStop"));
    assert!(followed.merged, "only what ran can be put back");
    let mut followed = self::followed();
    verdict(&mut followed, running);
    assert_eq!(
        verdict(&mut followed, other("reAddedOnStop")),
        Verdict::PutBack
    );
    assert_eq!(followed.id, BuildId(7));
    followed.succeed(Instant::now(), &build(other("reAddedOnStop")));
    assert_eq!(
        (followed.had(), followed.id),
        (&[BuildId(7)][..], BuildId(5))
    );
    assert!(!followed.merged);
}
