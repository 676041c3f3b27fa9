//! Faults: whether the server acted, and what the client gets.

use std::time::Duration;

use serde_json::json;
use teamcity_simulator::{Disconnect, Fault, FaultKind, Matcher, Resource, Scenario, Simulator};

use crate::client::{found, get, get_json, posting, queue, read};

#[tokio::test(start_paused = true)]
async fn every_fault_acts_or_not_as_it_says() {
    for kind in FaultKind::all() {
        let simulator = Simulator::start(Scenario::new());
        simulator.fault(Fault::new(kind.clone()).on(Matcher::resource(Resource::QueueBuild)));
        let posted = posting(
            "/app/rest/buildQueue",
            &json!({"buildType": {"id": "App_Build"}}),
        );
        let answer = tokio::time::timeout(Duration::from_secs(60), simulator.handle(posted)).await;
        assert_eq!(
            simulator.builds().len(),
            usize::from(kind.acts()),
            "{kind:?}"
        );
        assert_eq!(simulator.requests()[0].fault, Some(kind.clone()));
        match (&kind, answer) {
            (FaultKind::HangBeforeActing | FaultKind::HangAfterActing, answer) => {
                assert!(answer.is_err(), "{kind:?}")
            }
            (FaultKind::Refused, answer) => {
                assert_eq!(answer.unwrap().unwrap_err(), Disconnect::Refused)
            }
            (FaultKind::ResetBeforeRead, answer) => {
                assert_eq!(answer.unwrap().unwrap_err(), Disconnect::ResetBeforeRead)
            }
            (FaultKind::ResetAfterActing, answer) => {
                assert_eq!(answer.unwrap().unwrap_err(), Disconnect::ResetAfter)
            }
            (FaultKind::CutAnswer, answer) => assert_eq!(
                read(answer.unwrap().unwrap()).await.unwrap_err(),
                Disconnect::ResetAfter
            ),
            (FaultKind::HugeBody(size), answer) => {
                let mut answer = answer.unwrap().unwrap();
                let mut total = 0;
                while let Some(chunk) = answer.body_mut().chunk().await.unwrap() {
                    total += chunk.len() as u64;
                }
                assert!(total >= *size);
            }
            (kind, answer) => {
                let answer = read(answer.unwrap().unwrap()).await.unwrap();
                let expected = match kind {
                    FaultKind::Status500 => 500,
                    FaultKind::Html502BeforeActing | FaultKind::Html502AfterActing => 502,
                    FaultKind::Html504AfterActing => 504,
                    FaultKind::Maintenance503 => 503,
                    FaultKind::TooMany429 { .. } => 429,
                    FaultKind::Unauthorized401 => 401,
                    FaultKind::NotFound404 => 404,
                    FaultKind::RedirectToLogin | FaultKind::RedirectToHost(_) => 302,
                    _ => 200,
                };
                assert_eq!(answer.status, expected, "{kind:?}");
                match kind {
                    FaultKind::EmptyBody => assert_eq!(answer.text, ""),
                    FaultKind::TruncatedJson => {
                        assert!(serde_json::from_str::<serde_json::Value>(&answer.text).is_err())
                    }
                    FaultKind::WrongJsonTypes => assert_eq!(answer.json()["id"], json!(["one"])),
                    FaultKind::LoopingNextHref => {
                        assert_eq!(answer.json()["nextHref"], "/app/rest/buildQueue")
                    }
                    _ => {}
                }
            }
        }
        assert_eq!(
            get(&simulator, "/app/rest/server").await.status,
            200,
            "after {kind:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn faults_hit_by_count_place_and_time() {
    let simulator = Simulator::start(Scenario::new());
    simulator.fault(
        Fault::new(FaultKind::Status500)
            .on(Matcher::method("GET").and(Matcher::path_prefix("/app/rest/server")))
            .nth(2),
    );
    simulator.fault(
        Fault::new(FaultKind::Maintenance503)
            .on(Matcher::path_contains("users"))
            .for_duration(Duration::from_secs(10)),
    );
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(get(&simulator, "/app/rest/server").await.status);
        statuses.push(get(&simulator, "/app/rest/users/current").await.status);
        tokio::time::advance(Duration::from_secs(5)).await;
    }
    assert_eq!(statuses, [200, 503, 500, 503, 200, 200]);
    simulator.fault(Fault::new(FaultKind::Html502BeforeActing).always());
    assert_eq!(get(&simulator, "/x").await.status, 502);
    simulator.clear_faults();
    assert_eq!(get(&simulator, "/app/rest/server").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_takes_its_time_and_latency_delays_all() {
    let simulator = Simulator::start(Scenario::new().latency(Duration::from_secs(1)));
    simulator.fault(Fault::new(FaultKind::SlowBody {
        per_chunk: Duration::from_secs(2),
    }));
    let before = simulator.now();
    get_json(&simulator, "/app/rest/server").await;
    assert!(simulator.now() - before > Duration::from_secs(25));
}

#[tokio::test(start_paused = true)]
async fn waiting_tests_are_woken_by_requests() {
    let simulator = Simulator::start(Scenario::new());
    let other = simulator.clone();
    let client = async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        queue(&other, "App_Build").await
    };
    let (id, ()) = tokio::join!(client, simulator.wait_until(|view| !view.builds.is_empty()));
    assert_eq!(found(&simulator, &format!("id:{id}")).await, [id]);
    assert_eq!(simulator.requests()[0].status, Some(200));
}

#[test]
fn resources_are_told_apart() {
    for (method, path, expected) in [
        ("POST", "/app/rest/buildQueue", Some(Resource::QueueBuild)),
        (
            "GET",
            "/app/rest/buildQueue/id:1",
            Some(Resource::BuildQueue),
        ),
        ("POST", "/app/rest/builds/id:1", Some(Resource::CancelBuild)),
        ("GET", "/app/rest/builds/id:1", Some(Resource::Build)),
        ("GET", "/app/rest/builds", Some(Resource::Builds)),
        (
            "GET",
            "/httpAuth/app/rest/2018.1/builds/",
            Some(Resource::Builds),
        ),
        (
            "GET",
            "/app/rest/builds/id:1/artifacts/children/a",
            Some(Resource::ArtifactsList),
        ),
        (
            "GET",
            "/app/rest/builds/id:1/artifacts/content/a",
            Some(Resource::ArtifactContent),
        ),
        (
            "GET",
            "/app/rest/users/current/permissions",
            Some(Resource::Permissions),
        ),
        (
            "GET",
            "/app/rest/users/current",
            Some(Resource::CurrentUser),
        ),
        (
            "GET",
            "/app/rest/server/version",
            Some(Resource::ServerVersion),
        ),
        ("GET", "/app/messages", Some(Resource::Messages)),
        ("GET", "/favicon.ico", None),
    ] {
        assert_eq!(Resource::of(method, path), expected, "{method} {path}");
    }
}
