//! What the pipe is compared with: a client that asks at a fixed interval.

use std::time::Duration;

use bytes::Bytes;
use teamcity_simulator::{Scenario, Simulator};

async fn get(simulator: &Simulator, path: &str) -> Option<String> {
    let request = http::Request::get(path)
        .header("authorization", format!("Bearer {}", Scenario::TOKEN))
        .header("accept", "application/json")
        .header("user-agent", "fixed")
        .body(Bytes::new())
        .unwrap();
    let mut answer = simulator.handle(request).await.ok()?;
    let body = answer.body_mut().read().await.ok()?;
    (answer.status() == 200).then(|| String::from_utf8_lossy(&body).into_owned())
}

/// Follows a build to its end. Each time it asks how the build is, and for the end of the log if that is shown. Gives
/// each line with when it was seen.
pub async fn follow(
    simulator: &Simulator,
    id: u64,
    every: Duration,
    log: bool,
) -> Vec<(Duration, String)> {
    let mut lines: Vec<(Duration, String)> = Vec::new();
    let mut last = -1;
    loop {
        let build = get(
            simulator,
            &format!("/app/rest/builds/id:{id}?fields=state,status"),
        )
        .await;
        if log {
            let path = format!(
                "/app/messages?buildId={id}&messagesCount=0,-500&target=tail&expandAll=true"
            );
            let answer = get(simulator, &path).await.unwrap_or_default();
            let answer: serde_json::Value = serde_json::from_str(&answer).unwrap_or_default();
            for message in answer["messages"].as_array().into_iter().flatten() {
                let index = message["id"].as_i64().unwrap();
                if index > last {
                    last = index;
                    let text = message["text"].as_str().unwrap_or_default();
                    lines.push((simulator.now(), text.to_owned()));
                }
            }
        }
        if build.is_some_and(|build| build.contains("finished")) {
            return lines;
        }
        tokio::time::sleep(every).await;
    }
}
