//! The build log in both forms.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use teamcity_simulator::{LogScript, Plan, Scenario, Simulator};

use crate::client::{get, get_json, queue, request};

const S: fn(u64) -> Duration = Duration::from_secs;

fn start(log: LogScript, runs: u64) -> Simulator {
    Simulator::start(Scenario::new().plan(
        "App_Build",
        Plan::new().queued_for(S(0)).runs_for(S(runs)).log(log),
    ))
}

async fn messages(simulator: &Simulator, id: u64, query: &str) -> Value {
    get_json(
        simulator,
        &format!("/app/messages?buildId={id}&{query}&expandAll=true"),
    )
    .await
}

fn ids(answer: &Value) -> Vec<u64> {
    answer["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["id"].as_u64().unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_tail_window_misses_a_burst_and_a_larger_one_does_not() {
    let simulator = start(
        LogScript::new()
            .line(S(0), "a")
            .burst(S(5), 1200, "burst")
            .line(S(6), "z"),
        60,
    );
    let id = queue(&simulator, "App_Build").await;
    assert_eq!(
        ids(&messages(&simulator, id, "messagesCount=0,-100&target=tail").await),
        [0]
    );
    tokio::time::advance(S(6)).await;
    let tail = messages(&simulator, id, "messagesCount=0,-500&target=tail").await;
    assert_eq!(
        (ids(&tail)[0], tail["lastMessageIndex"].as_u64()),
        (702, Some(1201))
    );
    assert_eq!(
        ids(&messages(&simulator, id, "messagesCount=0,-5000&target=tail").await).len(),
        1202
    );
    assert_eq!(
        ids(&messages(
            &simulator,
            id,
            "messagesCount=3&messageId=700&filter=verbose"
        )
        .await),
        [700, 701, 702]
    );
    let beyond = messages(
        &simulator,
        id,
        "messagesCount=3&messageId=5000&filter=verbose",
    )
    .await;
    assert!(beyond.get("messages").is_none());
}

#[tokio::test(start_paused = true)]
async fn messages_carry_levels_blocks_and_verbosity() {
    let log = LogScript::new()
        .open(S(0), "Step 1/1")
        .warning(S(1), "careful")
        .error(S(2), "broken")
        .verbose(S(3), "psst")
        .close(S(4));
    let simulator = start(log, 10);
    let id = queue(&simulator, "App_Build").await;
    tokio::time::advance(S(11)).await;
    let answer = messages(&simulator, id, "messagesCount=0,-100&target=tail").await;
    let list = answer["messages"].as_array().unwrap();
    assert_eq!(list[0]["containsMessages"], true);
    assert_eq!(
        (&list[1]["status"], &list[1]["parentId"], &list[1]["level"]),
        (&2.into(), &0.into(), &1.into())
    );
    assert_eq!(list[2]["status"], 4);
    assert_eq!(list[3]["verbose"], true);
    assert_eq!(list[4]["text"], "Build finished");
    assert_eq!(list[1]["timestamp"], "2026-01-15T10:00:01.000+0000");
}

#[tokio::test(start_paused = true)]
async fn the_text_log_is_not_append_only() {
    let log = LogScript::new()
        .line(S(0), "start")
        .open(S(1), "Step 1/1: Test")
        .error(S(2), "broken")
        .close(S(7))
        .verbose(S(8), "psst");
    let simulator = start(log, 10);
    let id = queue(&simulator, "App_Build").await;
    tokio::time::advance(S(3)).await;
    let path = format!("/downloadBuildLog.html?buildId={id}");
    let running = get(&simulator, &path).await;
    assert_eq!(
        running.headers["content-disposition"],
        "attachment; filename*=UTF-8''App_Build_1.log;"
    );
    let (head, lines) = running.text.split_once("\n\n").unwrap();
    assert!(!head.contains("Finished"));
    assert_eq!(
        lines,
        "[10:00:00] : start\n[10:00:01] : Step 1/1: Test\n[10:00:02]E:\t [Step 1/1: Test] broken\n"
    );
    tokio::time::advance(S(10)).await;
    let ended = get(&simulator, &format!("{path}&plain=true")).await;
    assert!(ended.headers.get("content-disposition").is_none());
    let (head, lines) = ended.text.split_once("\n\n").unwrap();
    assert!(
        head.contains("\nFinished 2026-01-15 10:00:10 with status NORMAL 'Success'\n"),
        "{head}"
    );
    assert!(
        lines.contains("[10:00:01] : Step 1/1: Test (6s)\n"),
        "{lines}"
    );
    assert!(lines.contains("[10:00:08]i: psst\n"), "{lines}");
}

#[tokio::test(start_paused = true)]
async fn a_huge_log_is_made_while_it_is_read() {
    let simulator = start(LogScript::new().generated(200_000, S(0), S(9), "line"), 10);
    let id = queue(&simulator, "App_Build").await;
    tokio::time::advance(S(20)).await;
    let asked = request("GET", &format!("/downloadBuildLog.html?buildId={id}"))
        .body(Bytes::new())
        .unwrap();
    let mut answer = simulator.handle(asked).await.unwrap();
    let (mut lines, mut largest) = (0, 0);
    while let Some(chunk) = answer.body_mut().chunk().await.unwrap() {
        lines += chunk.iter().filter(|byte| **byte == b'\n').count();
        largest = largest.max(chunk.len());
    }
    assert!(lines > 200_000 && largest < 50_000, "{lines} {largest}");
}

#[tokio::test(start_paused = true)]
async fn there_is_no_log_before_the_start() {
    let simulator =
        Simulator::start(Scenario::new().plan("App_Build", Plan::new().queued_for(S(100))));
    let id = queue(&simulator, "App_Build").await;
    assert!(
        messages(&simulator, id, "messagesCount=0,-100&target=tail")
            .await
            .get("messages")
            .is_none()
    );
    assert_eq!(
        get(&simulator, &format!("/downloadBuildLog.html?buildId={id}"))
            .await
            .status,
        404
    );
    assert_eq!(
        get(&simulator, "/app/messages?buildId=1&messagesCount=0,-1")
            .await
            .status,
        404
    );
    simulator.start_build(id);
    simulator.append_log(id, ["one", "two"]);
    let answer = messages(&simulator, id, "messagesCount=0,-2&target=tail").await;
    assert_eq!(answer["messages"][1]["text"], "two");
}
