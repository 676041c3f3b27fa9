//! A plain client for the tests.

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use teamcity_simulator::{Body, Disconnect, Scenario, Simulator};

/// An answer read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

/// A request as most clients make it.
pub(crate) fn request(method: &str, path: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {}", Scenario::TOKEN))
        .header("accept", "application/json")
        .header("user-agent", "test/1")
}

pub(crate) async fn read(answer: Response<Body>) -> Result<Answer, Disconnect> {
    let (head, mut body) = answer.into_parts();
    let text = String::from_utf8_lossy(&body.read().await?).into_owned();
    Ok(Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        text,
    })
}

pub(crate) async fn send(simulator: &Simulator, request: Request<Bytes>) -> Answer {
    read(simulator.handle(request).await.unwrap())
        .await
        .unwrap()
}

pub(crate) async fn get(simulator: &Simulator, path: &str) -> Answer {
    send(simulator, request("GET", path).body(Bytes::new()).unwrap()).await
}

pub(crate) async fn get_as(simulator: &Simulator, path: &str, accept: &str) -> Answer {
    let mut request = request("GET", path).body(Bytes::new()).unwrap();
    request
        .headers_mut()
        .insert("accept", accept.parse().unwrap());
    send(simulator, request).await
}

pub(crate) async fn get_json(simulator: &Simulator, path: &str) -> Value {
    let answer = get(simulator, path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json()
}

pub(crate) fn posting(path: &str, body: &Value) -> Request<Bytes> {
    request("POST", path)
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_string()))
        .unwrap()
}

pub(crate) async fn post(simulator: &Simulator, path: &str, body: Value) -> Answer {
    send(simulator, posting(path, &body)).await
}

pub(crate) async fn queue(simulator: &Simulator, build_type: &str) -> u64 {
    queue_with(simulator, build_type, json!({})).await
}

/// Queues a build with more members than its configuration.
pub(crate) async fn queue_with(simulator: &Simulator, build_type: &str, mut more: Value) -> u64 {
    more["buildType"] = json!({"id": build_type});
    let answer = post(simulator, "/app/rest/buildQueue", more).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["id"].as_u64().unwrap()
}

/// Some members of a build.
pub(crate) async fn build(simulator: &Simulator, id: u64, fields: &str) -> Value {
    get_json(
        simulator,
        &format!("/app/rest/builds/id:{id}?fields={fields}"),
    )
    .await
}

/// Ids of the builds that a locator finds.
pub(crate) async fn found(simulator: &Simulator, locator: &str) -> Vec<u64> {
    let list = get_json(
        simulator,
        &format!("/app/rest/builds?locator={locator}&fields=build(id)"),
    )
    .await;
    list["build"]
        .as_array()
        .unwrap()
        .iter()
        .map(|build| build["id"].as_u64().unwrap())
        .collect()
}
