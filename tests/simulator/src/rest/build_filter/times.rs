//! Dates, and builds since a build.

use std::time::Duration;

use crate::rest::build_json::Seen;
use crate::rest::errors::ApiError;
use crate::rest::locator::Locator;
use crate::rest::{Call, builds};

use super::Test;

#[derive(Clone, Copy)]
enum Moment {
    Queued,
    Started,
    Finished,
}

fn moment(of: Moment, (build, course): &Seen<'_>, now: Duration) -> Option<Duration> {
    match of {
        Moment::Queued => Some(build.queued_at),
        Moment::Started => course.start.filter(|at| *at <= now),
        Moment::Finished => course.finish.filter(|at| *at <= now),
    }
}

/// Dates, and builds since a build.
pub(super) fn times<'a>(
    call: &'a Call<'_>,
    locator: &Locator,
    tests: &mut Vec<Test<'a>>,
) -> Result<(), ApiError> {
    let now = call.now;
    let clock = call.state.clock;
    for (name, of) in [
        ("queuedDate", Moment::Queued),
        ("startDate", Moment::Started),
        ("finishDate", Moment::Finished),
    ] {
        for text in locator.all(name) {
            let inner = Locator::parse(text)?;
            let date = inner
                .value("date")?
                .or_else(|| inner.single().map(str::to_owned));
            let limit = if let Some(reference) = inner.raw("build")? {
                let seen = builds::find_one(call, reference)?;
                moment(of, &seen, now).map(seconds)
            } else {
                let date = date.ok_or_else(|| {
                    ApiError::bad_request(format!(
                        "Either 'date' or 'build' dimension should be specified in locator '{text}'"
                    ))
                })?;
                Some(parse_date(&clock, &date, now)?)
            };
            let before = match inner.value("condition")?.as_deref() {
                None | Some("after") => false,
                Some("before") => true,
                Some(other) => {
                    return Err(ApiError::bad_request(format!(
                        "Invalid condition name '{other}'. Supported names are: [before, after, equals]"
                    )));
                }
            };
            inner.boolean("includeInitial")?;
            inner.finish(&["date", "build", "condition", "includeInitial"])?;
            tests.push(Box::new(move |seen| {
                let (Some(at), Some(limit)) = (moment(of, seen, now), limit) else {
                    return false;
                };
                let at = seconds(at);
                if before { at < limit } else { at > limit }
            }));
        }
    }
    for (name, before) in [("sinceDate", false), ("untilDate", true)] {
        if let Some(date) = locator.value(name)? {
            let limit = parse_date(&clock, &date, now)?;
            tests.push(Box::new(move |seen| {
                let at = moment(Moment::Started, seen, now).map(seconds);
                at.is_some_and(|at| if before { at <= limit } else { at >= limit })
            }));
        }
    }
    for (name, before) in [("sinceBuild", false), ("untilBuild", true)] {
        if let Some(text) = locator.raw(name)? {
            let seen = builds::find_one(call, text)?;
            let (limit, started) = (seen.0.id, moment(Moment::Started, &seen, now));
            // Those that started are compared by that, queued ones by their ids.
            tests.push(Box::new(move |seen| {
                match (before, started, moment(Moment::Started, seen, now)) {
                    (true, Some(limit), at) => at.is_none_or(|at| at <= limit),
                    (true, None, _) => seen.0.id <= limit,
                    (false, ..) => seen.0.id > limit,
                }
            }));
        }
    }
    locator.number("sinceBuildIdLookAheadCount")?;
    Ok(())
}

/// Whole seconds of a moment, as dates on the wire have them.
fn seconds(moment: Duration) -> i64 {
    i64::try_from(moment.as_secs()).unwrap_or(i64::MAX)
}

fn parse_date(clock: &crate::clock::Clock, date: &str, now: Duration) -> Result<i64, ApiError> {
    let relative = date.strip_prefix('-').and_then(|ago| {
        let unit = match ago.chars().last()? {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86400,
            'w' => 7 * 86400,
            _ => return None,
        };
        let number: i64 = ago.get(..ago.len() - 1)?.parse().ok()?;
        Some(seconds(now).saturating_sub(number.saturating_mul(unit)))
    });
    relative.or_else(|| clock.seconds(date)).ok_or_else(|| {
        ApiError::bad_request(format!("Could not parse date from value '{date}'. Supported format is 'yyyyMMdd'T'HHmmssZ' (e.g. '20260115T100000+0000') or relative time (e.g. '-1d')"))
    })
}
