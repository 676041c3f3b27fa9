//! `/app/messages`: the log as TeamCity's own pages follow it (seen on 2026.2).

use crate::build_log::BuildLog;
use crate::json::Json;
use crate::log::{Entry, Line};
use crate::pages::error_page;

use super::builds::find_one;
use super::errors::ApiError;
use super::text_log::log_of;
use super::{Answer, Call, Reply, only};

/// At most so many messages in one answer.
const MOST: u64 = 5000;
/// The level of a line at the top: level 1 is the block around everything, which is not among the messages.
const TOP: usize = 2;

pub(super) fn messages(call: &mut Call<'_>) -> Answer {
    only(call, &["GET"])?;
    let id = call.query("buildId").unwrap_or_default().to_owned();
    if id.parse::<u64>().is_err() {
        return Err(ApiError::bad_request(format!("Invalid build id '{id}'")));
    }
    let seen = match find_one(call, &format!("id:{id}")) {
        Ok(seen) => seen,
        // Until 2026.2 an unknown build was an internal error of the page (release notes of 2026.2).
        Err(error) if error.status == 404 && !call.state.version.at_least(2026, 2, 0) => {
            return Ok(Reply::Raw(error_page(500, "Unexpected error")));
        }
        Err(error) => return Err(error),
    };
    let log = log_of(call, &seen);
    let windows = &call.state.log_windows;
    // A log without lines has nothing but this, and 0 rather than -1.
    if log.len() == 0 {
        let nothing = Json::object([("lastMessageIndex", 0_i64.into())]);
        return Ok(Reply::Entity("messages", nothing));
    }
    let important = call.query("filter") == Some("important");
    let window = window(call, &log);
    let last = before(&log, log.len()).map_or(0, |(entry, _)| entry);
    let from = window.first().map_or(log.len(), |(entry, _)| *entry);
    let focus = window.last().map_or(last, |(entry, _)| *entry);
    let shown: Vec<Json> = window
        .iter()
        .filter(|(_, line)| !important || line.level.number() > 1)
        .map(|(index, line)| message(call, seen.0.id, &log, *index, line))
        .collect();
    let mut members: Vec<(String, Json)> = Vec::new();
    // The member is missing when there is nothing.
    if !shown.is_empty() {
        members.push(("messages".to_owned(), Json::List(shown)));
    }
    let end = match (windows.end_beyond, log.over) {
        (true, true) => log.len(),
        (true, false) => log.len() - 1,
        (false, _) => last,
    };
    let index = |entry: u64| i64::try_from(windows.index(entry)).unwrap_or(i64::MAX);
    members.push(("lastMessageIndex".to_owned(), index(end).into()));
    members.push(("focusIndex".to_owned(), index(focus).into()));
    members.push(("lastMessageIncluded".to_owned(), (focus >= last).into()));
    let earlier = before(&log, from).is_some();
    members.push(("prevVisible".to_owned(), earlier.into()));
    Ok(Reply::Entity("messages", Json::Object(members)))
}

type Shown = (u64, Line);

/// The last message before an entry.
fn before(log: &BuildLog, entry: u64) -> Option<Shown> {
    (0..entry)
        .rev()
        .filter_map(|at| Some((at, log.get(at)?)))
        .find(|(_, line)| line.entry == Entry::Message)
}

/// The messages that are asked for: `messagesCount=<after>,<before>` around a message or from the tail, or
/// `messagesCount=<count>` from a message on.
fn window(call: &Call<'_>, log: &BuildLog) -> Vec<Shown> {
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
        .map(|index| windows.entry(if windows.after { index + 1 } else { index }));
    let tail = call.query("target") == Some("tail") || at.is_none();
    let sum = |positive: bool| -> u64 {
        let wanted = counts.iter().filter(|count| (**count > 0) == positive);
        wanted.map(|count| count.unsigned_abs()).sum()
    };
    let (positive, negative) = (sum(true), sum(false));
    let take = |entries: &mut dyn Iterator<Item = u64>, count: u64| -> Vec<Shown> {
        entries
            .filter_map(|at| Some((at, log.get(at)?)))
            .filter(|(_, line)| line.entry == Entry::Message)
            .take(usize::try_from(count).unwrap_or(usize::MAX))
            .collect()
    };
    let backwards = |from: u64, count: u64| {
        let mut found = take(&mut (0..from.min(log.len())).rev(), count);
        found.reverse();
        found
    };
    match at {
        Some(at) if !tail || positive > 0 && call.query("target").is_none() => {
            let mut found = backwards(at, negative.min(most));
            let after = positive.min(most - negative.min(most));
            found.extend(take(&mut (at.min(log.len())..log.len()), after));
            found
        }
        _ => {
            // A tail of -20 was seen to hold 21 lines.
            let more = u64::from(negative > 0 && !windows.exact);
            backwards(log.len(), (positive.max(negative) + more).min(most))
        }
    }
}

/// A number that looks random and is always the same: flows have such ids, negative ones too.
fn flow(build: u64, server: bool) -> i64 {
    let mixed = (build * 2 + u64::from(server)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    i64::from(u32::try_from(mixed).unwrap_or_default().cast_signed())
}

fn message(call: &Call<'_>, build: u64, log: &BuildLog, index: u64, line: &Line) -> Json {
    let windows = &call.state.log_windows;
    let time = call.state.clock.long(log.start + line.at);
    let mut members = vec![
        ("id".to_owned(), windows.index(index).into()),
        ("text".to_owned(), line.text.as_str().into()),
        ("level".to_owned(), (line.depth + TOP).into()),
        ("status".to_owned(), line.level.number().into()),
        ("timestamp".to_owned(), time.as_str().into()),
    ];
    if !line.server {
        members.push(("serverTimestamp".to_owned(), time.as_str().into()));
    }
    members.push(("flowId".to_owned(), flow(build, line.server).into()));
    if let Some(parent) = line.parent {
        members.push(("parentId".to_owned(), windows.index(parent).into()));
    }
    if let Some(kind) = line.block_type {
        members.push(("blockType".to_owned(), kind.into()));
        // A block may have nothing in it.
        if log
            .get(index + 1)
            .is_some_and(|next| next.parent == Some(index))
        {
            members.push(("containsMessages".to_owned(), true.into()));
        }
    }
    if line.verbose {
        members.push(("verbose".to_owned(), true.into()));
    }
    Json::Object(members)
}
