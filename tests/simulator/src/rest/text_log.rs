//! `/downloadBuildLog.html`: the whole log as text, made while it is read.

use std::time::Duration;

use bytes::Bytes;
use http::Response;

use crate::body::Body;
use crate::build_log::{BuildLog, Place};
use crate::clock::Clock;
use crate::lifecycle::Phase;
use crate::log::{Entry, Level, Line};
use crate::model::{BuildTypeKind, Trigger};
use crate::pages::{error_page, header};
use crate::verdict;

use super::Call;
use super::build_json::{Seen, web_url};
use super::builds::find_one;
use super::server::{self, BUILD_NUMBER};

/// Lines that are made at a time.
const BATCH: u64 = 500;

/// The line that names the server's version, in the header and in the log; a cloud server's has an empty name.
fn version_line(call: &Call<'_>) -> String {
    let (version, zone) = if call.state.cloud {
        (format!(" (build {BUILD_NUMBER})"), "UTC")
    } else {
        (server::version(call), "GMT (UTC)")
    };
    format!("TeamCity server version is {version}, server timezone: {zone}")
}

/// The log of a build as it is now.
pub(super) fn log_of(call: &Call<'_>, seen: &Seen<'_>) -> BuildLog {
    let (build, course) = seen;
    let of = call.state.build_type(&build.build_type);
    let place = Place {
        composite: of.is_some_and(|of| of.kind == BuildTypeKind::Composite),
        internal_id: &call.state.build_type_internal_id(&build.build_type),
        version_line: &version_line(call),
    };
    BuildLog::of(build, course, call.now, place)
}

pub(super) fn download(call: &mut Call<'_>) -> Response<Body> {
    let id = call.query("buildId").unwrap_or_default().to_owned();
    if id.parse::<u64>().is_err() {
        return error_page(404, "Build not found");
    }
    let seen = match find_one(call, &format!("id:{id}")) {
        Ok(seen) => seen,
        Err(error) if error.status == 403 => return error_page(403, "Access denied"),
        Err(_) => return error_page(404, "Build not found"),
    };
    if seen.1.phase(call.now) == Phase::Queued {
        return error_page(404, "Build not started");
    }
    let build = seen.0;
    let log = log_of(call, &seen);
    let head = head(call, &seen);
    let clock = call.state.clock;
    let len = log.len();
    let name = format!("{}_{}.log", build.build_type, build.number);
    let lines = (0..len.div_ceil(BATCH)).map(move |batch| {
        let mut text = String::new();
        for index in batch * BATCH..((batch + 1) * BATCH).min(len) {
            if let Some(line) = log.get(index) {
                write_line(&mut text, &clock, &log, &line);
            }
        }
        Bytes::from(text)
    });
    let mut response = Response::new(Body::stream(
        std::iter::once(Bytes::from(head)).chain(lines),
    ));
    header(&mut response, "content-type", "text/plain;charset=UTF-8");
    header(&mut response, "cache-control", "no-store");
    if call.query("plain") != Some("true") {
        header(
            &mut response,
            "content-disposition",
            &format!("attachment; filename*=UTF-8''{name};"),
        );
    }
    response
}

/// The lines before the first blank one; they change when the build ends.
fn head(call: &Call<'_>, seen: &Seen<'_>) -> String {
    let (build, course) = seen;
    let state = &call.state;
    let date = |at: Duration| state.clock.date(at).format("%Y-%m-%d %H:%M:%S").to_string();
    let of = state.build_type(&build.build_type);
    let name = of.map_or_else(
        || build.build_type.clone(),
        |of| format!("{} / {}", state.project_full_name(&of.project), of.name),
    );
    let branch = match &build.branch {
        Some(branch) if build.default_branch => format!(", default branch '{branch}'"),
        Some(branch) => format!(", branch '{branch}'"),
        None => String::new(),
    };
    let by = match &build.trigger {
        Trigger::SnapshotDependency(_) => "Snapshot dependency".to_owned(),
        Trigger::Vcs => "Git".to_owned(),
        person => person
            .user()
            .and_then(|user| state.user(user))
            .map_or_else(|| "you".to_owned(), |user| user.name.clone()),
    };
    let mut text = format!(
        "Build '{name}' #{}{branch}\nTriggered {} by '{by}'\n",
        build.number,
        date(build.queued_at)
    );
    if let Some(start) = course.start {
        let agent = state.agents.first().map_or("", |agent| agent.name.as_str());
        text.push_str(&format!("Started {} on agent '{agent}'\n", date(start)));
    }
    if course.phase(call.now) == Phase::Finished {
        let status = match verdict::status(build, course, call.now).map(|status| status.as_str()) {
            Some("SUCCESS") => "NORMAL",
            Some(other) => other,
            None => "UNKNOWN",
        };
        let why = verdict::status_text(build, course, call.now).unwrap_or_default();
        text.push_str(&format!(
            "Finished {} with status {status} '{why}'\n",
            date(course.finish.unwrap_or_default())
        ));
    }
    let revisions: Vec<String> = build
        .revisions
        .iter()
        .map(|revision| {
            // The root's external id, not its name (logs of 8.1.4 to 2023.05.4).
            format!(
                "'{}' (Git, instance id {}): '{}' (branch: '{}')",
                revision.root,
                state.instance_id(&revision.root),
                revision.version,
                revision.vcs_branch
            )
        })
        .collect();
    if !revisions.is_empty() {
        text.push_str(&format!("VCS revisions: {}\n", revisions.join(", ")));
    }
    text.push_str(&format!(
        "TeamCity URL {} \n{}\n\n",
        web_url(call, build, course.phase(call.now)),
        version_line(call)
    ));
    text
}

/// How long something took: `6s`, `6m:28s`, `1h:02m:03s`.
fn took(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m:{seconds:02}s"),
        _ => format!("{hours}h:{minutes:02}m:{seconds:02}s"),
    }
}

fn write_line(out: &mut String, clock: &Clock, log: &BuildLog, line: &Line) {
    if line.entry == Entry::End {
        return;
    }
    let time = clock.date(log.start + line.at).format("%H:%M:%S");
    let marker = match line.level {
        _ if line.verbose => 'i',
        Level::Normal => ' ',
        Level::Warning => 'W',
        Level::Failure => 'F',
        Level::Error => 'E',
    };
    out.push_str(&format!("[{time}]{marker}:"));
    if line.depth > 0 {
        out.push_str(&"\t".repeat(line.depth));
    }
    out.push(' ');
    if let Some(block) = &line.block {
        // The label is short: `Step 1/2` of `Step 1/2: Maven`.
        let label = block.split(':').next().unwrap_or_default();
        out.push_str(&format!("[{label}] "));
    }
    out.push_str(&line.text);
    // A block's first line gains its duration when the block is closed.
    if let Some(Some(closed)) = line.opens
        && closed <= log.elapsed
    {
        out.push_str(&format!(" ({})", took(closed.saturating_sub(line.at))));
    }
    out.push('\n');
}
