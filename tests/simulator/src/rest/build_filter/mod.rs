//! The `/builds` locator (TeamCity's source: BuildPromotionFinder.java).

mod combined;
mod labels;
mod relations;
mod times;

use crate::lifecycle::{End, Phase};

use super::Call;
use super::branches::BranchFilter;
use super::build_json::Seen;
use super::errors::ApiError;
use super::locator::Locator;

pub(super) const KNOWN: [&str; 37] = [
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
    // A list of items is what it is: the defaults are for searches.
    let exact = by_id || locator.has("item");
    let mut defaults = default_filter != Some(false) && !(default_filter.is_none() && exact);
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
            let is = course.phase(now) == Phase::Finished && course.says_failed_to_start();
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
    relations::places(call, locator, &mut tests)?;
    labels::labels(call, locator, &mut tests)?;
    times::times(call, locator, &mut tests)?;
    relations::people_and_relations(call, locator, &mut tests)?;
    combined::combined(call, locator, &mut tests)?;
    locator.finish(&KNOWN)?;
    Ok(BuildFilter(tests))
}
