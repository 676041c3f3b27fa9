//! The `/builds` locator (TeamCity's source: BuildPromotionFinder.java).

use std::time::Duration;

use crate::lifecycle::{End, Phase};
use crate::model::{Build, BuildTypeKind, Trigger};
use crate::verdict;

use super::branches::{BranchFilter, Condition};
use super::build_json::Seen;
use super::build_types;
use super::errors::ApiError;
use super::locator::Locator;
use super::{Call, builds};

pub(super) const KNOWN: [&str; 41] = [
    "id",
    "taskId",
    "project",
    "affectedProject",
    "buildType",
    "branch",
    "agent",
    "agentName",
    "agentTypeId",
    "user",
    "personal",
    "state",
    "tag",
    "property",
    "compatibleAgent",
    "number",
    "status",
    "canceled",
    "pinned",
    "queuedDate",
    "startDate",
    "finishDate",
    "sinceBuild",
    "sinceDate",
    "untilBuild",
    "untilDate",
    "failedToStart",
    "snapshotDependency",
    "artifactDependency",
    "hanging",
    "composite",
    "history",
    "defaultFilter",
    "sinceBuildIdLookAheadCount",
    "start",
    "count",
    "lookupLimit",
    "item",
    "locator",
    "unique",
    "or",
];

type Test<'a> = Box<dyn Fn(&Seen<'_>) -> bool + 'a>;

/// All conditions of a locator; a build must pass each.
pub(super) struct BuildFilter<'a>(Vec<Test<'a>>);

impl BuildFilter<'_> {
    pub(super) fn fits(&self, seen: &Seen<'_>) -> bool {
        self.0.iter().all(|test| test(seen))
    }
}

/// The states that a locator wants: queued, running, finished.
fn states(locator: &Locator) -> Result<Option<[bool; 3]>, ApiError> {
    if let Some(running) = locator.boolean("running")? {
        return Ok(Some([false, running, !running]));
    }
    if locator.has("running") {
        return Ok(Some([false, true, true]));
    }
    let Some(text) = locator.raw("state")? else {
        return Ok(None);
    };
    let inner = Locator::parse(text)?;
    if let Some(single) = inner.single() {
        let mut wanted = [false; 3];
        match single {
            "any" => wanted = [true; 3],
            "queued" => wanted[0] = true,
            "running" => wanted[1] = true,
            "finished" => wanted[2] = true,
            _ => {
                return Err(ApiError::bad_request(format!(
                    "Unsupported value of 'state' dimension: '{single}'. Should be one of: queued, running, finished, any."
                )));
            }
        }
        return Ok(Some(wanted));
    }
    let any =
        inner.boolean("any")? == Some(true) || inner.value("any")?.is_some_and(|any| any == "any");
    let wanted = [
        any || inner.boolean("queued")? == Some(true),
        any || inner.boolean("running")? == Some(true),
        any || inner.boolean("finished")? == Some(true),
    ];
    inner.finish(&["queued", "running", "finished", "any"])?;
    Ok(Some(wanted))
}

/// Reads a locator. Page dimensions are taken to be read already.
pub(super) fn filter<'a>(
    call: &'a Call<'_>,
    locator: &Locator,
) -> Result<BuildFilter<'a>, ApiError> {
    locator.help(&KNOWN)?;
    let now = call.now;
    let state = &*call.state;
    let mut tests: Vec<Test<'a>> = vec![Box::new(|(build, _)| {
        state.may_view_type(&call.who, &build.build_type)
    })];

    if let Some(single) = locator.single() {
        let id: i64 = single.parse().map_err(|_| {
            ApiError::locator(format!(
                "Invalid single value: '{single}'. Should be a number."
            ))
        })?;
        let id = state.survivor(u64::try_from(id).unwrap_or(0), now);
        tests.push(Box::new(move |(build, _)| build.id == id));
        return Ok(BuildFilter(tests));
    }
    for name in ["id", "taskId", "promotionId", "buildId"] {
        if let Some(id) = locator.number(name)? {
            let id = state.survivor(u64::try_from(id).unwrap_or(0), now);
            tests.push(Box::new(move |(build, _)| build.id == id));
        }
    }
    let by_id = ["id", "taskId", "promotionId", "buildId"]
        .iter()
        .any(|name| locator.has(name));
    let default_filter = locator.boolean("defaultFilter")?;
    let mut wanted = states(locator)?;
    let mut defaults = default_filter != Some(false) && !(default_filter.is_none() && by_id);
    if defaults {
        let chosen = *wanted.get_or_insert([false, false, true]);
        let unusual = [
            "agent",
            "agentName",
            "user",
            "hanging",
            "equivalent",
            "triggered",
            "snapshotDependencyProblem",
        ];
        if default_filter.is_none() && (unusual.iter().any(|name| locator.has(name)) || !chosen[2])
        {
            defaults = false;
        }
    }
    if let Some([queued, running, finished]) = wanted {
        tests.push(Box::new(move |(_, course)| match course.phase(now) {
            Phase::Queued => queued,
            Phase::Running => running,
            Phase::Finished => finished,
            Phase::Deleted => false,
        }));
    }
    // A default for what the locator does not say.
    let or_default = |name: &str, value: Option<bool>| {
        value.or_else(|| (defaults && !locator.has(name)).then_some(false))
    };
    if let Some(personal) = or_default("personal", locator.boolean("personal")?) {
        tests.push(Box::new(move |(build, _)| {
            build.personal.is_some() == personal
        }));
    }
    if let Some(canceled) = or_default("canceled", locator.boolean("canceled")?) {
        tests.push(Box::new(move |(_, course)| {
            let is = course.phase(now) == Phase::Finished && matches!(course.end, End::Canceled(_));
            is == canceled
        }));
    }
    if let Some(failed) = or_default("failedToStart", locator.boolean("failedToStart")?) {
        tests.push(Box::new(move |(_, course)| {
            let is =
                course.phase(now) == Phase::Finished && matches!(course.end, End::FailedToStart(_));
            is == failed
        }));
    }
    let related = ["snapshotDependency", "equivalent", "ordered"]
        .iter()
        .any(|name| locator.has(name));
    let branch = match locator.raw("branch")? {
        Some(text) => Some(BranchFilter::parse(text)?),
        None if defaults && (default_filter.is_some() || !related) => {
            Some(BranchFilter::parse("default:true")?)
        }
        None => None,
    };
    if let Some(branch) = branch {
        tests.push(Box::new(move |(build, _)| {
            branch.fits(build.branch.as_deref(), build.default_branch)
        }));
    }
    places(call, locator, &mut tests)?;
    labels(call, locator, &mut tests)?;
    times(call, locator, &mut tests)?;
    people_and_relations(call, locator, &mut tests)?;
    locator.finish(&KNOWN)?;
    Ok(BuildFilter(tests))
}

/// Project, configuration, agent, kind.
fn places<'a>(
    call: &'a Call<'_>,
    locator: &Locator,
    tests: &mut Vec<Test<'a>>,
) -> Result<(), ApiError> {
    let state = &*call.state;
    if let Some(text) = locator.raw("buildType")? {
        let inner = Locator::parse(text)?;
        let ids: Vec<String> = build_types::find_all(call, &inner)?
            .iter()
            .map(|of| of.id.clone())
            .collect();
        if ids.is_empty() {
            return Err(ApiError::not_found(format!(
                "No build types found by locator '{}'.",
                inner.text()
            )));
        }
        tests.push(Box::new(move |(build, _)| ids.contains(&build.build_type)));
    }
    for (name, deep) in [("project", false), ("affectedProject", true)] {
        let Some(text) = locator.raw(name)? else {
            continue;
        };
        let id = build_types::project_id(text)?;
        if state.project(&id).is_none() || !state.may(&call.who, &id, "view_project") {
            return Err(ApiError::not_found(format!(
                "No project found by locator '{text}'. Project cannot be found by external id '{id}'."
            )));
        }
        tests.push(Box::new(move |(build, _)| {
            state.build_type(&build.build_type).is_some_and(|of| {
                if deep {
                    state.lineage(&of.project).contains(&id)
                } else {
                    of.project == id
                }
            })
        }));
    }
    for name in ["agent", "agentName", "agentTypeId"] {
        let Some(text) = locator.raw(name)? else {
            continue;
        };
        let inner = Locator::parse(text)?;
        let id = inner.value("id")?;
        let agent = inner
            .value("name")?
            .or_else(|| inner.single().map(str::to_owned));
        let now = call.now;
        let first = state.agents.first();
        tests.push(Box::new(move |(build, course)| {
            let started = course.start.is_some_and(|start| start <= now);
            let on = match build.agent {
                Some(wanted) => state.agents.iter().find(|agent| agent.id == wanted),
                None => first,
            };
            started
                && on.is_some_and(|on| match (&id, &agent) {
                    (Some(id), _) => on.id.to_string() == *id,
                    (None, Some(agent)) => on.name == *agent || on.id.to_string() == *agent,
                    (None, None) => true,
                })
        }));
    }
    if let Some(composite) = locator.boolean("composite")? {
        tests.push(Box::new(move |(build, _)| {
            let is = state
                .build_type(&build.build_type)
                .is_some_and(|of| of.kind == BuildTypeKind::Composite);
            is == composite
        }));
    }
    locator.raw("compatibleAgent")?;
    Ok(())
}

/// Number, status, tags, parameters, revision, flags.
fn labels<'a>(
    call: &'a Call<'_>,
    locator: &Locator,
    tests: &mut Vec<Test<'a>>,
) -> Result<(), ApiError> {
    let now = call.now;
    let state = &*call.state;
    let me = call.who.user;
    if let Some(number) = locator.value("number")? {
        tests.push(Box::new(move |(build, course)| {
            course.phase(now) != Phase::Queued && build.number.to_string() == number
        }));
    }
    if let Some(status) = locator.value("status")? {
        let wanted = status.to_uppercase();
        if ![
            "SUCCESS", "FAILURE", "ERROR", "UNKNOWN", "NORMAL", "WARNING",
        ]
        .contains(&wanted.as_str())
        {
            return Err(ApiError::bad_request(format!("Invalid status '{status}'")));
        }
        tests.push(Box::new(move |(build, course)| {
            verdict::status(build, course, now).is_some_and(|status| {
                status.as_str() == wanted || (wanted == "NORMAL" && status.as_str() == "SUCCESS")
            })
        }));
    }
    for text in locator.all("tag") {
        let inner = Locator::parse(text)?;
        let mut tags: Vec<(String, bool)> = Vec::new();
        if let Some(single) = inner.single() {
            tags.push((single.to_owned(), true));
        } else if let Some(name) = inner.value("name")? {
            // By name it is case-insensitive, and private tags may be asked for.
            inner.boolean("private")?;
            inner.all("owner");
            tags.push((name, false));
            inner.finish(&["name", "private", "owner", "condition"])?;
        } else {
            inner.finish(&["name", "private", "owner", "condition"])?;
        }
        tests.push(Box::new(move |(build, _)| {
            tags.iter().all(|(name, exact)| {
                build
                    .tags
                    .iter()
                    .filter(|tag| tag.owner.is_none_or(|owner| owner == me && !exact))
                    .any(|tag| {
                        if *exact {
                            tag.name == *name
                        } else {
                            tag.name.eq_ignore_ascii_case(name)
                        }
                    })
            })
        }));
    }
    if let Some(list) = locator.value("tags")? {
        let names: Vec<String> = list
            .split(',')
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect();
        tests.push(Box::new(move |(build, _)| {
            names
                .iter()
                .all(|name| build.tags.iter().any(|tag| tag.name == *name))
        }));
    }
    for text in locator.all("property") {
        let inner = Locator::parse(text)?;
        let name = inner.value("name")?;
        let condition = Condition::read(&inner)?;
        inner.finish(&["name", "value", "matchType", "ignoreCase"])?;
        // Parameters of queued builds were not searched from 2023.05 until 2023.11 (TW-83663).
        let version = &state.version;
        let blind = version.at_least(2023, 5, 0)
            && !version.at_least(2023, 11, 0)
            && !((version.major, version.minor) == (2023, 5) && version.patch >= 5);
        tests.push(Box::new(move |(build, course)| {
            let project = state
                .build_type(&build.build_type)
                .map_or("_Root", |of| of.project.as_str());
            if !state.may(&call.who, project, "view_build_runtime_data")
                || (blind && course.phase(now) == Phase::Queued)
            {
                return false;
            }
            let configured = state
                .build_type(&build.build_type)
                .map(|of| of.parameters.as_slice())
                .unwrap_or_default();
            let own = build
                .properties
                .iter()
                .map(|property| (&property.name, &property.value));
            let given = configured
                .iter()
                .filter(|(name, _)| !build.properties.iter().any(|own| own.name == *name))
                .map(|(name, value)| (name, value));
            own.chain(given).any(|(known, value)| {
                name.as_ref().is_none_or(|name| name == known) && condition.fits(value)
            })
        }));
    }
    if let Some(text) = locator.raw("revision")? {
        let inner = Locator::parse(text)?;
        let version = inner
            .value("version")?
            .or_else(|| inner.single().map(str::to_owned))
            .unwrap_or_default();
        tests.push(Box::new(move |(build, course)| {
            let collected = build.pinned_revisions || course.phase(now) != Phase::Queued;
            collected
                && build
                    .revisions
                    .iter()
                    .any(|revision| revision.version == version)
        }));
    }
    if let Some(pinned) = locator.boolean("pinned")? {
        tests.push(Box::new(move |(build, _)| build.kept.is_some() == pinned));
    }
    if let Some(history) = locator.boolean("history")? {
        tests.push(Box::new(move |_| !history));
    }
    if let Some(branched) = locator.boolean("branched")? {
        tests.push(Box::new(move |(build, _)| {
            build.branch.is_some() == branched
        }));
    }
    if let Some(hanging) = locator.boolean("hanging")? {
        tests.push(Box::new(move |(build, course)| {
            let from = build
                .plan
                .probably_hanging_from
                .and_then(|after| Some(course.start? + after));
            (course.phase(now) == Phase::Running && from.is_some_and(|from| from <= now)) == hanging
        }));
    }
    Ok(())
}

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
fn times<'a>(
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
                moment(of, &seen, now)
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
                // Dates on the wire have whole seconds.
                let (at, limit) = (at.as_secs(), limit.as_secs());
                if before { at < limit } else { at > limit }
            }));
        }
    }
    for (name, before) in [("sinceDate", false), ("untilDate", true)] {
        if let Some(date) = locator.value(name)? {
            let limit = parse_date(&clock, &date, now)?;
            tests.push(Box::new(move |seen| {
                moment(Moment::Started, seen, now)
                    .is_some_and(|at| if before { at <= limit } else { at >= limit })
            }));
        }
    }
    for (name, before) in [("sinceBuild", false), ("untilBuild", true)] {
        if let Some(text) = locator.raw(name)? {
            let limit = builds::find_one(call, text)?.0.id;
            tests.push(Box::new(move |(build, _)| {
                if before {
                    build.id <= limit
                } else {
                    build.id > limit
                }
            }));
        }
    }
    locator.number("sinceBuildIdLookAheadCount")?;
    Ok(())
}

fn parse_date(
    clock: &crate::clock::Clock,
    date: &str,
    now: Duration,
) -> Result<Duration, ApiError> {
    let relative = date.strip_prefix('-').and_then(|ago| {
        let (number, unit) = ago.split_at(ago.len().checked_sub(1)?);
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86400,
            "w" => 7 * 86400,
            _ => return None,
        };
        Some(now.saturating_sub(Duration::from_secs(number.parse::<u64>().ok()? * seconds)))
    });
    relative.or_else(|| clock.parse(date)).ok_or_else(|| {
        ApiError::bad_request(format!("Could not parse date from value '{date}'. Supported format is 'yyyyMMdd'T'HHmmssZ' (e.g. '20260115T100000+0000') or relative time (e.g. '-1d')"))
    })
}

/// Users, triggers, dependencies.
fn people_and_relations<'a>(
    call: &'a Call<'_>,
    locator: &Locator,
    tests: &mut Vec<Test<'a>>,
) -> Result<(), ApiError> {
    let state = &*call.state;
    if let Some(text) = locator.raw("user")? {
        let id = user(call, text)?;
        tests.push(Box::new(move |(build, _)| starter(build) == Some(id)));
    }
    if let Some(text) = locator.raw("triggered")? {
        let inner = Locator::parse(text)?;
        let kind = inner.value("type")?;
        let by = inner
            .raw("user")?
            .map(|text| user(call, text))
            .transpose()?;
        inner.finish(&[
            "type",
            "user",
            "build",
            "buildType",
            "snapshotDependencyBuild",
            "details",
        ])?;
        tests.push(Box::new(move |(build, _)| {
            let own = match build.trigger {
                Trigger::User(_) => "user",
                Trigger::SnapshotDependency(_) => "snapshotDependency",
                Trigger::Vcs => "vcs",
            };
            kind.as_ref().is_none_or(|kind| kind == own)
                && by.is_none_or(|by| build.trigger == Trigger::User(by))
        }));
    }
    if let Some(text) = locator.raw("snapshotDependency")? {
        let inner = Locator::parse(text)?;
        let initial = inner.boolean("includeInitial")? == Some(true);
        let recursive = inner.boolean("recursive")? != Some(false);
        let mut ids: Option<Vec<u64>> = None;
        for (name, down) in [("to", true), ("from", false)] {
            if let Some(reference) = inner.raw(name)? {
                let start = builds::find_one(call, reference)?.0.id;
                let mut found = reach(call, start, down, recursive);
                if initial {
                    found.push(start);
                }
                ids = Some(ids.map_or(found.clone(), |ids| {
                    ids.into_iter().filter(|id| found.contains(id)).collect()
                }));
            }
        }
        inner.all("defaultFilter");
        inner.finish(&["to", "from", "recursive", "includeInitial"])?;
        if let Some(ids) = ids {
            tests.push(Box::new(move |(build, _)| ids.contains(&build.id)));
        }
    }
    locator.raw("artifactDependency")?;
    let _ = state;
    Ok(())
}

fn starter(build: &Build) -> Option<u64> {
    build.personal.or(match build.trigger {
        Trigger::User(user) => Some(user),
        _ => None,
    })
}

fn user(call: &Call<'_>, text: &str) -> Result<u64, ApiError> {
    let inner = Locator::parse(text)?;
    let found = if inner.single() == Some("current")
        || inner.boolean("current").ok().flatten() == Some(true)
    {
        call.state.user(call.who.user)
    } else if let Some(id) = inner.number("id")? {
        call.state.user(u64::try_from(id).unwrap_or(0))
    } else {
        let name = inner
            .value("username")?
            .or_else(|| inner.single().map(str::to_owned))
            .unwrap_or_default();
        call.state.user_named(&name)
    };
    found
        .map(|user| user.id)
        .ok_or_else(|| ApiError::not_found(format!("No user can be found by locator '{text}'.")))
}

/// Builds that a build depends on (`down`), or that depend on it.
fn reach(call: &Call<'_>, start: u64, down: bool, recursive: bool) -> Vec<u64> {
    let state = &*call.state;
    let mut found = Vec::new();
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        let next: Vec<u64> = if down {
            state
                .builds
                .get(&at)
                .map(|build| build.dependencies.clone())
                .unwrap_or_default()
        } else {
            state
                .builds
                .values()
                .filter(|build| build.dependencies.contains(&at))
                .map(|build| build.id)
                .collect()
        };
        for id in next {
            let id = state.survivor(id, call.now);
            if !found.contains(&id) && id != start {
                found.push(id);
                if recursive {
                    open.push(id);
                }
            }
        }
    }
    found
}
