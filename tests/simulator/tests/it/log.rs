//! The build log in both forms.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use teamcity_simulator::{LogScript, LogWindows, Plan, Scenario, Simulator};

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

fn plainly(log: LogScript, runs: u64, windows: LogWindows) -> Simulator {
    let plan = Plan::new().queued_for(S(0)).runs_for(S(runs)).log(log);
    Simulator::start(Scenario::new().log_windows(windows).plan("App_Build", plan))
}

#[tokio::test(start_paused = true)]
async fn the_tail_window_misses_a_burst_and_a_larger_one_does_not() {
    let log = LogScript::new()
        .line(S(0), "a")
        .burst(S(5), 1200, "burst")
        .line(S(6), "z");
    let windows = LogWindows::default()
        .without_service_entries()
        .exact_tails();
    let simulator = plainly(log, 60, windows);
    let id = queue(&simulator, "App_Build").await;
    // 0 is the block around everything, which is not shown; 1 is the server's version.
    assert_eq!(
        ids(&messages(&simulator, id, "messagesCount=0,-100&target=tail").await),
        [1, 2]
    );
    tokio::time::advance(S(6)).await;
    let tail = messages(&simulator, id, "messagesCount=0,-500&target=tail").await;
    assert_eq!(
        (ids(&tail)[0], tail["lastMessageIndex"].as_u64()),
        (704, Some(1203))
    );
    assert_eq!(
        ids(&messages(&simulator, id, "messagesCount=0,-5000&target=tail").await).len(),
        1203
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
async fn indices_have_gaps_and_a_tail_of_20_holds_21() {
    let simulator = start(LogScript::new().burst(S(0), 100, "a"), 10);
    let id = queue(&simulator, "App_Build").await;
    tokio::time::advance(S(11)).await;
    let tail = messages(&simulator, id, "messagesCount=-20&target=tail").await;
    let ids = ids(&tail);
    assert_eq!(ids.len(), 21);
    assert!(ids.windows(2).any(|pair| pair[1] == pair[0] + 2), "{ids:?}");
    assert_eq!(tail["lastMessageIndex"].as_u64(), ids.last().copied());
    assert_eq!(tail["messages"][20]["text"], "Build finished");
    // From a message in a gap on.
    let gap = ids.windows(2).find(|pair| pair[1] == pair[0] + 2).unwrap();
    let query = format!("messagesCount=1&messageId={}", gap[0] + 1);
    let answer = messages(&simulator, id, &query).await;
    assert_eq!(answer["messages"][0]["id"], gap[1]);
}

#[tokio::test(start_paused = true)]
async fn the_last_index_may_be_one_of_something_that_is_never_shown() {
    let windows = LogWindows::default().end_beyond_the_last_message();
    let log = LogScript::new().open(S(0), "Step 1/1").close(S(1));
    let simulator = plainly(log, 10, windows);
    let id = queue(&simulator, "App_Build").await;
    for (at, index, shown) in [(2, 3, 2), (9, 5, 4)] {
        tokio::time::advance(S(at)).await;
        let answer = messages(&simulator, id, "messagesCount=0,-100&target=tail").await;
        assert_eq!(answer["lastMessageIndex"], index);
        assert_eq!(ids(&answer).last(), Some(&shown));
        assert_eq!(answer["lastMessageIncluded"], true);
    }
}

#[tokio::test(start_paused = true)]
async fn messages_carry_levels_blocks_and_verbosity() {
    let log = LogScript::new()
        .open(S(0), "Step 1/1")
        .warning(S(1), "careful")
        .error(S(2), "broken")
        .verbose(S(3), "psst")
        .close(S(4))
        .open(S(4), "Publishing artifacts")
        .close(S(4));
    let simulator = start(log, 10);
    let id = queue(&simulator, "App_Build").await;
    tokio::time::advance(S(11)).await;
    let answer = messages(&simulator, id, "messagesCount=0,-100&target=tail").await;
    let list = answer["messages"].as_array().unwrap();
    let levels: Vec<i64> = list
        .iter()
        .map(|message| message["level"].as_i64().unwrap())
        .collect();
    assert_eq!(levels, [2, 2, 3, 3, 3, 2, 2]);
    assert_eq!(list[0]["verbose"], true);
    assert_eq!(list[1]["containsMessages"], true);
    assert_eq!(list[1]["blockType"], "$TARGET_BLOCK$");
    assert!(list[1].get("parentId").is_none());
    assert_eq!(
        (&list[2]["status"], &list[2]["parentId"]),
        (&2.into(), &list[1]["id"])
    );
    assert_eq!(list[3]["status"], 4);
    assert_eq!(list[4]["verbose"], true);
    assert_eq!(list[5]["blockType"], "agent");
    assert!(list[5].get("containsMessages").is_none());
    assert_eq!(list[6]["text"], "Build finished");
    assert_eq!(list[2]["timestamp"], "2026-01-15T10:00:01.000+0000");
    // The server's own lines have no time of the agent, and another flow.
    assert!(list[6].get("serverTimestamp").is_none() && list[2].get("serverTimestamp").is_some());
    assert_ne!(list[6]["flowId"], list[2]["flowId"]);
}

#[tokio::test(start_paused = true)]
async fn the_text_log_is_not_append_only() {
    let log = LogScript::new()
        .line(S(0), "start")
        .open(S(1), "Step 1/1: Test")
        .error(S(2), "broken")
        .close(S(7))
        .verbose(S(8), "psst");
    let simulator = start(log, 70);
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
    assert!(head.contains("\nVCS revisions: 'App_Git' (Git, "), "{head}");
    let version = "TeamCity server version is 2025.11 (build 197398), server timezone: GMT (UTC)";
    assert!(head.ends_with(version), "{head}");
    assert_eq!(
        lines,
        format!(
            "[10:00:00]W: bt1\n[10:00:00]i: {version}\n[10:00:00] : start\n[10:00:01] : Step 1/1: Test\n[10:00:02]E:\t [Step 1/1] broken\n"
        )
    );
    tokio::time::advance(S(70)).await;
    let ended = get(&simulator, &format!("{path}&plain=true")).await;
    assert!(ended.headers.get("content-disposition").is_none());
    let (head, lines) = ended.text.split_once("\n\n").unwrap();
    assert!(
        head.contains("\nFinished 2026-01-15 10:01:10 with status NORMAL 'Success'\n"),
        "{head}"
    );
    assert!(lines.starts_with("[10:00:00]W: bt1 (1m:10s)\n"), "{lines}");
    assert!(
        lines.contains("[10:00:01] : Step 1/1: Test (6s)\n"),
        "{lines}"
    );
    assert!(lines.contains("[10:00:08]i: psst\n"), "{lines}");
    assert!(lines.ends_with("[10:01:10] : Build finished\n"), "{lines}");
}

#[tokio::test(start_paused = true)]
async fn a_cloud_server_names_no_version_in_its_logs() {
    let simulator = Simulator::start(Scenario::new().cloud());
    let id = queue(&simulator, "App_Build").await;
    tokio::time::advance(S(60)).await;
    let log = get(&simulator, &format!("/downloadBuildLog.html?buildId={id}")).await;
    let line = "TeamCity server version is  (build 197398), server timezone: UTC\n";
    assert_eq!(log.text.matches(line).count(), 2, "{}", log.text);
    // Without a script a log begins as logs do.
    let order = [
        "W: bt1 (30s)",
        "i: TeamCity server version",
        " : Collecting changes in 1 VCS root (0s)",
        ":\t [Collecting changes in 1 VCS root] VCS Root details",
        " : The build is removed from the queue",
        "i:\t [Updating sources] remote",
        " : Step 1/1: Command Line",
    ];
    let mut rest = log.text.as_str();
    for part in order {
        rest = &rest[rest
            .find(part)
            .unwrap_or_else(|| panic!("{part}: {}", log.text))..];
    }
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
    assert_eq!(
        messages(&simulator, id, "messagesCount=0,-100&target=tail").await,
        serde_json::json!({"lastMessageIndex": 0})
    );
    assert_eq!(
        get(&simulator, &format!("/downloadBuildLog.html?buildId={id}"))
            .await
            .status,
        404
    );
    simulator.start_build(id);
    simulator.append_log(id, ["one", "two"]);
    let answer = messages(&simulator, id, "messagesCount=0,-2&target=tail").await;
    assert_eq!(answer["messages"][2]["text"], "two");
}

#[tokio::test(start_paused = true)]
async fn the_log_of_an_unknown_build_is_a_page_or_an_error_by_version() {
    for (version, status, kind) in [
        ("2026.1.3", 500, "text/html;charset=UTF-8"),
        ("2026.2", 404, "application/json"),
    ] {
        let simulator = Simulator::start(Scenario::new().version(version));
        let answer = get(&simulator, "/app/messages?buildId=1&messagesCount=0,-1").await;
        assert_eq!(answer.status, status, "{version}");
        assert_eq!(answer.headers["content-type"], kind, "{version}");
    }
}
