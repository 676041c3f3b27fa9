//! Errors in both generations, and what negotiation makes of them.

use serde_json::json;
use teamcity_simulator::{Generation, Scenario, Simulator};

use crate::client::{get, get_as, post, posting, send};

#[tokio::test(start_paused = true)]
async fn the_generation_follows_the_version_or_the_scenario() {
    let old = Simulator::start(Scenario::new().version("2024.03"));
    let answer = get(&old, "/app/rest/builds/id:999").await;
    assert_eq!(
        (
            answer.status,
            answer.headers["content-type"].to_str().unwrap()
        ),
        (404, "text/plain")
    );
    assert_eq!(
        answer.text,
        "Responding with error, status code: 404 (Not Found).\nDetails: jetbrains.buildServer.server.rest.errors.NotFoundException: No build found by id '999'.\nCould not find the entity requested. Check the reference is correct and the user has permissions to access the entity."
    );
    let new = Simulator::start(Scenario::new());
    let answer = get(&new, "/app/rest/builds/id:999").await.json();
    assert_eq!(
        answer["errors"][0]["message"],
        "No build found by id '999'."
    );
    assert!(answer["errors"][0]["stackTrace"].is_null());
    let answer = get_as(&new, "/app/rest/builds/id:999", "*/*").await;
    assert!(
        answer
            .text
            .contains("<errors><error><message>No build found by id &apos;999")
            || answer
                .text
                .contains("<message>No build found by id '999'.</message>"),
        "{}",
        answer.text
    );
    let forced = Simulator::start(Scenario::new().errors(Generation::Text));
    assert_eq!(
        get(&forced, "/app/rest/builds/id:999").await.headers["content-type"],
        "text/plain"
    );
}

#[tokio::test(start_paused = true)]
async fn unknown_paths_methods_and_types() {
    let simulator = Simulator::start(Scenario::new());
    assert_eq!(get(&simulator, "/app/rest/nonsense").await.status, 404);
    assert_eq!(
        get(&simulator, "/nonsense").await.headers["content-type"],
        "text/html;charset=UTF-8"
    );
    assert_eq!(
        post(&simulator, "/app/rest/changes", json!({}))
            .await
            .status,
        405
    );
    let mut xml = posting("/app/rest/buildQueue", &json!({}));
    xml.headers_mut()
        .insert("content-type", "text/csv".parse().unwrap());
    assert_eq!(send(&simulator, xml).await.status, 415);
    let mut broken = posting("/app/rest/buildQueue", &json!({}));
    *broken.body_mut() = "{".into();
    assert_eq!(send(&simulator, broken).await.status, 400);
    assert_eq!(
        get(&simulator, "/app/rest/builds?locator=%7B").await.status,
        400
    );
}

#[tokio::test(start_paused = true)]
async fn text_endpoints_answer_406_to_json_alone() {
    let simulator = Simulator::start(Scenario::new());
    let id = crate::client::queue(&simulator, "App_Build").await;
    let answer = get(&simulator, &format!("/app/rest/builds/id:{id}/no-such-sub")).await;
    assert_eq!(answer.status, 406);
    assert_eq!(
        answer.json()["errors"][0]["message"],
        "Make sure you have supplied correct 'Accept' header."
    );
    let answer = get_as(
        &simulator,
        &format!("/app/rest/builds/id:{id}/no-such-sub"),
        "text/plain",
    )
    .await;
    assert_eq!(answer.status, 404);
    assert!(
        answer
            .text
            .contains("Field 'no-such-sub' is not supported."),
        "{}",
        answer.text
    );
    assert_eq!(
        get_as(
            &simulator,
            &format!("/app/rest/builds/id:{id}/state"),
            "text/plain"
        )
        .await
        .text,
        "queued"
    );
}

#[tokio::test(start_paused = true)]
async fn without_json_in_accept_the_answer_is_xml() {
    let simulator = Simulator::start(Scenario::new());
    let answer = get_as(&simulator, "/app/rest/builds?locator=state:any", "*/*").await;
    assert!(answer.text.starts_with("<?xml"), "{}", answer.text);
    assert!(
        answer.text.contains("<builds count=\"0\""),
        "{}",
        answer.text
    );
    assert_eq!(
        get_as(&simulator, "/app/rest/builds", "image/png")
            .await
            .status,
        406
    );
}

#[tokio::test(start_paused = true)]
async fn locators_are_checked() {
    let simulator = Simulator::start(Scenario::new().version("2024.03"));
    for (locator, words) in [
        (
            "colour:red",
            "Locator dimension [colour] is unknown. Supported dimensions are: [id, taskId, project,",
        ),
        (
            "colour:red,size:1",
            "Locator dimensions [colour, size] are unknown.",
        ),
        ("state:dreaming", "Unsupported value of 'state' dimension"),
        (
            "count:many",
            "Invalid value of dimension 'count': 'many'. Should be a number.",
        ),
        ("buildType:(id:X", "Could not find matching ')'"),
        ("tag:a,status:PURPLE", "Invalid status 'PURPLE'"),
        ("abc", "Invalid single value: 'abc'. Should be a number."),
        (
            "queuedDate:(date:soon)",
            "Could not parse date from value 'soon'",
        ),
        ("personal:perhaps", "Invalid value of dimension 'personal'"),
        (
            "$help",
            "Locator help requested: Supported dimensions are: [",
        ),
    ] {
        let answer = get(&simulator, &format!("/app/rest/builds?locator={locator}")).await;
        assert_eq!(answer.status, 400, "{locator}: {}", answer.text);
        assert!(answer.text.contains(words), "{locator}: {}", answer.text);
    }
    assert_eq!(
        get(&simulator, "/app/rest/builds?locator=buildType:(id:Nope)")
            .await
            .status,
        404
    );
}
