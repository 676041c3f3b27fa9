//! Faults: which requests they hit, and what the client gets.

use std::time::Duration;

use serde_json::json;
use teamcity_simulator::bitbucket::{Breakdown, Call, Closed, Fault};
use tokio::time::{Instant, timeout};

use super::{ACME, COMMIT, TOKEN, bitbucket, call, get, request, send};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn a_fault_hits_one_call_so_often() {
    let bitbucket = bitbucket();
    let commit = format!("commit/{COMMIT}");
    let fault = Breakdown::of(Fault::Status(503))
        .on(Call::Commit)
        .method("GET");
    bitbucket.add_fault(fault.after(1).times(2));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(get(&bitbucket, &commit).await.status);
        statuses.push(get(&bitbucket, &format!("{commit}/reports")).await.status);
    }
    assert_eq!(statuses, [200, 200, 503, 200, 503, 200, 200, 200]);
    bitbucket.break_down("", Fault::Status(500));
    assert_eq!(get(&bitbucket, &commit).await.status, 500);
    bitbucket.repair();
    assert_eq!(get(&bitbucket, &commit).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn each_fault_acts_or_not_as_it_says() {
    let status = json!({ "key": "k", "state": "FAILED", "url": "https://tc.example.com" });
    let url =
        format!("https://api.bitbucket.org/2.0/repositories/{ACME}/commit/{COMMIT}/statuses/build");
    for (fault, acts) in [
        (Fault::Refuse, false),
        (Fault::RefuseAfterActing, true),
        (Fault::Status(503), false),
        (Fault::Html(502), false),
        (Fault::TooMany { retry_after: None }, false),
        (Fault::Hang, false),
        (Fault::HangAfterActing, true),
        (Fault::Slow(Duration::from_secs(9)), true),
        (Fault::Drip { per_byte: MINUTE }, true),
        (Fault::Cut, true),
    ] {
        let bitbucket = bitbucket();
        bitbucket.add_fault(Breakdown::of(fault).on(Call::Statuses));
        let post = request("POST", &url, Some(TOKEN), &status);
        let answer = timeout(MINUTE, bitbucket.handle(post)).await;
        let rows = bitbucket.statuses(ACME, COMMIT).len();
        assert_eq!(rows, usize::from(acts), "{fault:?}");
        match (fault, answer) {
            (Fault::Hang | Fault::HangAfterActing | Fault::Drip { .. }, answer) => {
                assert!(answer.is_err(), "{fault:?}");
            }
            (Fault::Refuse | Fault::RefuseAfterActing | Fault::Cut, answer) => {
                assert_eq!(answer.unwrap().unwrap_err(), Closed, "{fault:?}");
            }
            (_, answer) => assert!(answer.unwrap().is_ok(), "{fault:?}"),
        }
        assert_eq!(bitbucket.requests().len(), 1, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_drip_is_a_byte_at_a_time() {
    let bitbucket = bitbucket();
    let per_byte = Duration::from_secs(1);
    bitbucket.break_down("", Fault::Drip { per_byte });
    let url = format!("https://api.bitbucket.org/2.0/repositories/{ACME}");
    let request = request("GET", &url, Some(TOKEN), &json!(null));
    let before = Instant::now();
    let mut answer = bitbucket.respond(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    for _ in 0..3 {
        let piece = answer.body_mut().chunk().await.unwrap().unwrap();
        assert_eq!(piece.len(), 1);
    }
    assert_eq!(before.elapsed(), 3 * per_byte);
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_say_where_one_stands() {
    let bitbucket = bitbucket();
    let retry_after = Some(Duration::from_secs(7));
    bitbucket.break_down("", Fault::TooMany { retry_after });
    let url = format!("https://api.bitbucket.org/2.0/repositories/{ACME}");
    let answer = send(&bitbucket, request("GET", &url, Some(TOKEN), &json!(null))).await;
    assert_eq!(answer.status, 429);
    for (header, value) in [
        ("retry-after", "7"),
        ("x-ratelimit-limit", "1000"),
        ("x-ratelimit-nearlimit", "true"),
    ] {
        assert_eq!(answer.header(header), Some(value), "{header}");
    }
    assert_eq!(
        call(&bitbucket, "DELETE", "x", json!(null)).await.status,
        429
    );
}

#[tokio::test(start_paused = true)]
async fn refusals_have_the_words_that_a_credential_gets() {
    let bitbucket = bitbucket();
    for (status, text) in [(401, "expired"), (403, "privilege scopes")] {
        bitbucket.break_down("", Fault::Status(status));
        let refused = get(&bitbucket, "pipelines").await;
        assert_eq!(refused.status, status);
        assert!(refused.json.to_string().contains(text), "{}", refused.json);
    }
}
