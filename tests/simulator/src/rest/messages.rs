//! `/app/messages`: the log as TeamCity's own pages follow it.

use crate::build_log::BuildLog;
use crate::json::Json;
use crate::log::Line;
use crate::model::BuildTypeKind;

use super::builds::find_one;
use super::errors::ApiError;
use super::{Answer, Call, Reply, only};

/// At most so many messages in one answer.
const MOST: u64 = 5000;

pub(super) fn messages(call: &mut Call<'_>) -> Answer {
    only(call, &["GET"])?;
    let id = call.query("buildId").unwrap_or_default().to_owned();
    if id.parse::<u64>().is_err() {
        return Err(ApiError::bad_request(format!("Invalid build id '{id}'")));
    }
    let (build, course) = find_one(call, &format!("id:{id}"))?;
    let composite = call
        .state
        .build_type(&build.build_type)
        .is_some_and(|of| of.kind == BuildTypeKind::Composite);
    let log = BuildLog::of(build, &course, call.now, composite);
    let important = call.query("filter") == Some("important");
    let (from, to) = window(call, log.len());
    let shown: Vec<Json> = (from..to)
        .filter_map(|index| Some((index, log.get(index)?)))
        .filter(|(_, line)| !important || line.level.number() > 1)
        .map(|(index, line)| message(call, &log, index, &line))
        .collect();
    let mut members: Vec<(String, Json)> = Vec::new();
    // The member is missing when there is nothing.
    if !shown.is_empty() {
        members.push(("messages".to_owned(), Json::List(shown)));
    }
    let index = |line: u64| {
        let index = line
            .checked_sub(1)
            .map(|line| call.state.log_windows.index(line));
        index.map_or(-1, |index| i64::try_from(index).unwrap_or(i64::MAX))
    };
    let last = index(log.len());
    members.push(("lastMessageIndex".to_owned(), last.into()));
    members.push(("focusIndex".to_owned(), index(to).into()));
    members.push(("lastMessageIncluded".to_owned(), (to >= log.len()).into()));
    members.push(("prevVisible".to_owned(), (from > 0).into()));
    Ok(Reply::Entity("messages", Json::Object(members)))
}

/// The indices that are asked for: `messagesCount=<after>,<before>` around a message or from the tail, or
/// `messagesCount=<count>` from a message on.
fn window(call: &Call<'_>, len: u64) -> (u64, u64) {
    let counts: Vec<i64> = call
        .query("messagesCount")
        .unwrap_or("0,-100")
        .split(',')
        .filter_map(|count| count.trim().parse().ok())
        .collect();
    let windows = &call.state.log_windows;
    let most = windows.most.unwrap_or(MOST).min(MOST);
    let at = call
        .query("messageId")
        .and_then(|id| id.parse::<u64>().ok())
        .filter(|_| !windows.tail_only)
        .map(|index| windows.line(if windows.after { index + 1 } else { index }));
    let tail = call.query("target") == Some("tail") || at.is_none();
    let positive: u64 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| count.unsigned_abs())
        .sum();
    let negative: u64 = counts
        .iter()
        .filter(|count| **count < 0)
        .map(|count| count.unsigned_abs())
        .sum();
    match at {
        Some(at) if !tail || positive > 0 && call.query("target").is_none() => {
            let from = at.saturating_sub(negative.min(most)).min(len);
            let after = positive.min(most - negative.min(most));
            (from, at.saturating_add(after).clamp(from, len))
        }
        _ => {
            let count = positive.max(negative).min(most);
            (len.saturating_sub(count), len)
        }
    }
}

fn message(call: &Call<'_>, log: &BuildLog, index: u64, line: &Line) -> Json {
    let time = call.state.clock.long(log.start + line.at);
    let mut members = vec![
        ("id".to_owned(), call.state.log_windows.index(index).into()),
        ("text".to_owned(), line.text.as_str().into()),
        ("level".to_owned(), line.depth.into()),
        ("status".to_owned(), line.level.number().into()),
        ("timestamp".to_owned(), time.as_str().into()),
        ("serverTimestamp".to_owned(), time.as_str().into()),
        ("flowId".to_owned(), 0_i64.into()),
    ];
    if let Some(parent) = line.parent {
        members.push((
            "parentId".to_owned(),
            call.state.log_windows.index(parent).into(),
        ));
    }
    if line.opens.is_some() {
        members.push(("blockType".to_owned(), "$BUILD_STEP$".into()));
        members.push(("containsMessages".to_owned(), true.into()));
    }
    if line.verbose {
        members.push(("verbose".to_owned(), true.into()));
    }
    Json::Object(members)
}
