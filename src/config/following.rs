//! How to follow builds.

use std::time::Duration;

use super::defaults::{default_text, duration, is_none};
use super::raw::Raw;
use super::reader::Reader;
use super::settings::{Follow, LogMode};

const LONGER: &str = "Write a duration such as '45m'.";

/// Pipelines cuts a step's log here.
const PIPELINES_LOG: u64 = 50_000_000;

/// How long an unreachable server is retried.
pub(super) fn retry_for(reader: &mut Reader, raw: &mut Raw) -> Duration {
    duration(reader, "RETRY_FOR", raw.retry_for.take())
}

/// Whether each request is shown.
pub(super) fn debug(reader: &mut Reader, raw: &mut Raw) -> bool {
    reader.boolean("DEBUG", raw.debug.take(), false)
}

/// How to follow builds.
pub(super) fn follow(reader: &mut Reader, raw: &mut Raw) -> Follow {
    let timeout_given = raw.timeout.clone();
    let timeout = duration(reader, "TIMEOUT", raw.timeout.take());
    if let (true, Some(text)) = (is_zero(timeout_given.as_deref()), &timeout_given) {
        reader.wrong("TIMEOUT", text, LONGER);
    }
    let queue_timeout = raw.queue_timeout.take().filter(|text| !is_none(text));
    if let (true, Some(text)) = (is_zero(queue_timeout.as_deref()), &queue_timeout) {
        reader.wrong("QUEUE_TIMEOUT", text, LONGER);
    }
    let limit = raw
        .log_limit
        .take()
        .unwrap_or_else(|| default_text("LOG_LIMIT").to_owned());
    let log_limit = reader.size("LOG_LIMIT", &limit).unwrap_or_default();
    if log_limit > PIPELINES_LOG {
        reader.warn(
            "LOG_LIMIT",
            "is more than 50 MB, where Pipelines cuts a step's log",
        );
    }
    Follow {
        wait: reader.boolean("WAIT", raw.wait.take(), true),
        timeout,
        queue_timeout: queue_timeout.and_then(|text| reader.duration("QUEUE_TIMEOUT", &text)),
        fail_fast: reader.boolean("FAIL_FAST", raw.fail_fast.take(), false),
        cancel_on_stop: reader.boolean("CANCEL_ON_STOP", raw.cancel_on_stop.take(), true),
        log: reader.choice(
            "LOG",
            raw.log.take(),
            LogMode::Stream,
            &[
                ("stream", LogMode::Stream),
                ("failed", LogMode::Failed),
                ("none", LogMode::None),
            ],
        ),
        log_limit,
        debug: debug(reader, raw),
    }
}

fn is_zero(text: Option<&str>) -> bool {
    text.and_then(|text| humantime::parse_duration(text.trim()).ok())
        .is_some_and(|duration| duration.is_zero())
}
