//! Faults that begin with a build's end: until then all is well, and then one resource is not.

use std::time::Duration;

use teamcity_simulator::{
    Artifact, Disconnect, FailedTest, Fault, FaultKind, Matcher, Outcome, Plan, Resource, Scenario,
    Simulator, Tests,
};

use crate::client::{build, get, queue, read, request};

const MINUTE: Duration = Duration::from_secs(60);

/// Fails after a minute.
fn failing() -> Simulator {
    let plan = Plan::new()
        .runs_for(MINUTE)
        .outcome(Outcome::Failure)
        .tests(Tests::passed(4).failed([FailedTest::new("a.B.c", "trace")]))
        .artifacts([Artifact::generated("app.bin", 5000)]);
    Simulator::start(Scenario::new().plan("App_Build", plan))
}

fn tests_of(id: u64) -> String {
    format!(
        "/app/rest/testOccurrences?locator=build:(id:{id})&fields=count,nextHref,testOccurrence(id)"
    )
}

fn log_of(id: u64) -> String {
    format!("/downloadBuildLog.html?buildId={id}")
}

fn file_of(id: u64) -> String {
    format!("/app/rest/builds/id:{id}/artifacts/content/app.bin")
}

async fn past_the_end() {
    tokio::time::advance(2 * MINUTE).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_fetched_afterwards_hangs_and_what_was_fetched_before_did_not() {
    let simulator = failing();
    simulator.fault(Fault::after_the_end(
        Resource::Tests,
        FaultKind::HangBeforeActing,
    ));
    let id = queue(&simulator, "App_Build").await;
    assert_eq!(get(&simulator, &tests_of(id)).await.status, 200);
    past_the_end().await;
    // Ended, and nobody was told yet.
    assert_eq!(get(&simulator, &tests_of(id)).await.status, 200);
    assert_eq!(build(&simulator, id, "state").await["state"], "finished");
    let path = tests_of(id);
    let hanging = get(&simulator, &path);
    assert!(tokio::time::timeout(MINUTE, hanging).await.is_err());
    assert_eq!(
        get(&simulator, &log_of(id)).await.status,
        200,
        "the others do not"
    );
}

#[tokio::test(start_paused = true)]
async fn the_end_itself_can_be_the_beginning_and_one_build_the_one() {
    let simulator = failing();
    let first = queue(&simulator, "App_Build").await;
    let broken = Fault::new(FaultKind::Html504AfterActing).always();
    simulator.fault(
        broken
            .on(Matcher::build(first).and(Matcher::resource(Resource::Build)))
            .once_ended_of(first),
    );
    let details = |id: u64| format!("/app/rest/builds/id:{id}");
    assert_eq!(get(&simulator, &details(first)).await.status, 200);
    past_the_end().await;
    let second = queue(&simulator, "App_Build").await;
    for _ in 0..3 {
        assert_eq!(get(&simulator, &details(first)).await.status, 504);
        assert_eq!(get(&simulator, &details(second)).await.status, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn all_builds_must_have_ended_unless_one_is_named() {
    let simulator = failing();
    simulator.fault(
        Fault::new(FaultKind::Status500)
            .on(Matcher::path_contains("server"))
            .once_ended()
            .always(),
    );
    let status = async || get(&simulator, "/app/rest/server").await.status;
    assert_eq!(status().await, 200, "none is none that has ended");
    queue(&simulator, "App_Build").await;
    tokio::time::advance(MINUTE / 2).await;
    queue(&simulator, "App_Build").await;
    tokio::time::advance(MINUTE * 3 / 4).await;
    assert_eq!(status().await, 200, "one of two");
    past_the_end().await;
    assert_eq!(status().await, 500);
}

#[tokio::test(start_paused = true)]
async fn requests_count_from_then_on() {
    let simulator = failing();
    let id = queue(&simulator, "App_Build").await;
    let nth = Fault::new(FaultKind::Status500).on(Matcher::resource(Resource::Tests));
    simulator.fault(nth.nth(2).once_ended_of(id));
    for _ in 0..3 {
        assert_eq!(get(&simulator, &tests_of(id)).await.status, 200);
    }
    past_the_end().await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(get(&simulator, &tests_of(id)).await.status);
    }
    assert_eq!(statuses, [200, 500, 200]);
}

/// A failed build, whose end is known, with a fault of one resource.
async fn ended_with(resource: Resource, kind: FaultKind) -> (Simulator, u64) {
    let simulator = failing();
    simulator.fault(Fault::after_the_end(resource, kind));
    let id = queue(&simulator, "App_Build").await;
    past_the_end().await;
    build(&simulator, id, "state").await;
    (simulator, id)
}

async fn open(simulator: &Simulator, path: &str) -> http::Response<teamcity_simulator::Body> {
    let request = request("GET", path).body(bytes::Bytes::new()).unwrap();
    simulator.handle(request).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_answer_drips_or_never_ends() {
    let per_byte = Duration::from_secs(1);
    for (resource, path) in [
        (Resource::Tests, tests_of(4711)),
        (Resource::TextLog, log_of(4711)),
        (Resource::ArtifactContent, file_of(4711)),
    ] {
        let (simulator, _) = ended_with(resource, FaultKind::Drip { per_byte }).await;
        let mut answer = open(&simulator, &path).await;
        let before = simulator.now();
        for _ in 0..5 {
            let piece = answer.body_mut().chunk().await.unwrap().unwrap();
            assert_eq!(piece.len(), 1, "{resource:?}");
        }
        assert_eq!(simulator.now() - before, 5 * per_byte, "{resource:?}");

        let per_kilobyte = Duration::from_secs(1);
        let (simulator, _) = ended_with(resource, FaultKind::Endless { per_kilobyte }).await;
        let mut answer = open(&simulator, &path).await;
        for at in 0..2000 {
            let piece = answer.body_mut().chunk().await.unwrap().unwrap();
            assert!(at == 0 || piece.len() == 1024, "{resource:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn json_is_deep_and_still_json() {
    let (simulator, id) = ended_with(Resource::Tests, FaultKind::DeepJson(10_000)).await;
    let text = get(&simulator, &tests_of(id)).await.text;
    assert_eq!(text.matches('[').count(), text.matches(']').count());
    assert!(text.contains(&"[".repeat(10_000)));
    let shallow = FaultKind::DeepJson(10);
    let (simulator, id) = ended_with(Resource::Tests, shallow).await;
    let json = get(&simulator, &tests_of(id)).await.json();
    assert_eq!(json["testOccurrence"].as_array().unwrap().len(), 5);
    assert_eq!(
        json["deep"][0][0][0][0][0][0][0][0][0],
        serde_json::json!([])
    );
}

#[tokio::test(start_paused = true)]
async fn content_length_lies_either_way() {
    for path in [log_of(4711), file_of(4711)] {
        let resource = Resource::of("GET", &path).unwrap();
        let well = FaultKind::SlowBody {
            per_chunk: Duration::ZERO,
        };
        let (simulator, _) = ended_with(resource, well).await;
        let mut answer = open(&simulator, &path).await;
        let whole = answer.body_mut().read().await.unwrap().len();

        let (simulator, _) = ended_with(resource, FaultKind::LengthTooLong(1000)).await;
        let answer = open(&simulator, &path).await;
        assert_eq!(said(&answer), whole + 1000);
        assert_eq!(read(answer).await.unwrap_err(), Disconnect::ResetAfter);

        let (simulator, _) = ended_with(resource, FaultKind::LengthTooShort(10)).await;
        let mut answer = open(&simulator, &path).await;
        assert_eq!(said(&answer), whole - 10);
        assert_eq!(answer.body_mut().read().await.unwrap().len(), whole - 10);
    }
}

fn said(answer: &http::Response<teamcity_simulator::Body>) -> usize {
    let said = answer.headers()["content-length"].to_str().unwrap();
    said.parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn pages_go_in_a_circle_or_on_for_ever() {
    let follow = async |kind: FaultKind, most: usize| {
        let (simulator, id) = ended_with(Resource::Tests, kind).await;
        let mut pages = vec![tests_of(id)];
        while pages.len() <= most {
            let page = get(&simulator, pages.last().unwrap()).await.json();
            assert_eq!(page["testOccurrence"].as_array().unwrap().len(), 5);
            pages.push(page["nextHref"].as_str().unwrap().to_owned());
        }
        pages
    };
    let circle = follow(FaultKind::NextHrefCircle(3), 6).await;
    assert_eq!(circle[0], circle[3]);
    assert_eq!(circle[1], circle[4]);
    assert!(circle[0] != circle[1] && circle[1] != circle[2]);
    let mut on = follow(FaultKind::NextHrefForEver, 200).await;
    on.sort();
    on.dedup();
    assert_eq!(on.len(), 201);
}

#[tokio::test(start_paused = true)]
async fn each_kind_for_campaigns_begins_at_the_end() {
    for kind in FaultKind::after_the_end() {
        let (simulator, id) = ended_with(Resource::Tests, kind.clone()).await;
        let path = tests_of(id);
        let asked = request("GET", &path).body(bytes::Bytes::new()).unwrap();
        let answer = tokio::time::timeout(MINUTE, simulator.handle(asked)).await;
        assert_eq!(
            answer.is_err(),
            kind == FaultKind::HangBeforeActing,
            "{kind:?}"
        );
        assert_eq!(simulator.requests().last().unwrap().fault, Some(kind));
    }
}

#[tokio::test(start_paused = true)]
async fn a_huge_answer_is_of_its_kind() {
    for (resource, path) in [
        (Resource::Tests, tests_of(4711)),
        (Resource::TextLog, log_of(4711)),
        (Resource::ArtifactContent, file_of(4711)),
    ] {
        let (simulator, _) = ended_with(resource, FaultKind::HugeBody(5_000_000)).await;
        let mut answer = open(&simulator, &path).await;
        let body = answer.body_mut().read().await.unwrap();
        assert!(body.len() >= 5_000_000, "{resource:?}");
        let json = serde_json::from_slice::<serde_json::Value>(&body).is_ok();
        assert_eq!(json, resource == Resource::Tests, "{resource:?}");
    }
}
