//! `/app/rest/builds`: one build, lists, cancelling (TeamCity's source: BuildRequest.java).

use crate::lifecycle::Phase;
use crate::model::Cancellation;
use crate::queueing::next_plan;
use crate::succession::readd;

use super::build_filter::{self, filter};
use super::build_json::{Seen, build_json};
use super::errors::ApiError;
use super::locator::Locator;
use super::paging::{Page, Paged, list, page};
use super::{
    Answer, Call, Reply, artifacts, extras, only, problems, statistics, tests, text_or_406,
};

const LOOKUP_LIMIT: i64 = 5000;

fn no_build(id: &str) -> ApiError {
    ApiError::not_found(format!("No build found by id '{id}'."))
}

/// Checks that the caller may see a build that was asked for by id.
pub(super) fn ensure_view<'s>(call: &Call<'_>, seen: Seen<'s>) -> Result<Seen<'s>, ApiError> {
    if call.state.may_view_type(&call.who, &seen.0.build_type) {
        return Ok(seen);
    }
    let words = if call.state.version.at_least(2026, 2, 0) {
        "You do not have enough permissions to access build with id"
    } else {
        "Not enough permissions to access build with id"
    };
    Err(ApiError::denied(format!("{words}: {}", seen.0.id)))
}

/// The build of a locator where one is needed.
pub(super) fn find_one<'s>(call: &'s Call<'_>, text: &str) -> Result<Seen<'s>, ApiError> {
    let locator = Locator::parse(text)?;
    let id = match locator.single() {
        Some(single) => Some(single.to_owned()),
        None => match (
            locator.value("id")?,
            locator.value("taskId")?,
            locator.value("promotionId")?,
            locator.value("buildId")?,
        ) {
            (Some(id), ..) | (_, Some(id), ..) | (_, _, Some(id), _) | (.., Some(id)) => Some(id),
            _ => None,
        },
    };
    if let Some(id) = id {
        let number: i64 = id.parse().map_err(|_| match locator.single() {
            Some(_) => {
                ApiError::locator(format!("Invalid single value: '{id}'. Should be a number."))
            }
            None => ApiError::locator(format!(
                "Invalid value of dimension 'id': '{id}'. Should be a number."
            )),
        })?;
        let number = u64::try_from(number).unwrap_or(0);
        let seen = call
            .state
            .visible_build(number, call.now)
            .ok_or_else(|| no_build(&id))?;
        let seen = ensure_view(call, seen)?;
        if locator.single().is_none() {
            // Other dimensions must agree; unknown ones are refused.
            page_dimensions(&locator)?;
            if !filter(call, &locator)?.fits(&seen) {
                return Err(ApiError::not_found(format!(
                    "Found single item by dimension [id], but that was filtered out using the entire locator '{text}'"
                )));
            }
        }
        return Ok(seen);
    }
    let mut found = search(call, &locator, Some(1))?;
    if found.items.is_empty() {
        return Err(ApiError::not_found(format!(
            "Nothing is found by locator 'count:1,{text}'."
        )));
    }
    Ok(found.items.swap_remove(0))
}

/// The builds that a locator within another means: a hundred at most, if it does not say how many.
pub(super) fn found<'s>(call: &'s Call<'_>, text: &str) -> Result<Vec<Seen<'s>>, ApiError> {
    let locator = Locator::parse(text)?;
    let found = search(call, &locator, None)?;
    Ok(found.items)
}

fn page_dimensions(locator: &Locator) -> Result<Page, ApiError> {
    locator.all("unique");
    Page::read(locator, Some(100), Some(LOOKUP_LIMIT))
}

/// The builds of a locator.
fn search<'s>(
    call: &'s Call<'_>,
    locator: &Locator,
    count: Option<usize>,
) -> Result<Paged<Seen<'s>>, ApiError> {
    let mut wanted = page_dimensions(locator)?;
    if count.is_some() {
        wanted.count = count;
    }
    let items = locator.all("item");
    if !items.is_empty() {
        return items_of(call, locator, &items, wanted);
    }
    let filter = filter(call, locator)?;
    let by_id = |id: u64| -> Result<Vec<Seen<'_>>, ApiError> {
        let seen = call.state.visible_build(id, call.now);
        Ok(seen
            .map(|seen| ensure_view(call, seen))
            .transpose()?
            .into_iter()
            .collect())
    };
    if let Some(single) = locator.single() {
        return Ok(page(by_id(single.parse().unwrap_or(0))?, wanted, |seen| {
            filter.fits(seen)
        }));
    }
    if let Some(id) = locator.number("id")? {
        // By id nothing lags, and what may not be seen is an error rather than absent.
        let seen = by_id(u64::try_from(id).unwrap_or(0))?;
        return Ok(Paged {
            next: None,
            ..page(seen, wanted, |seen| filter.fits(seen))
        });
    }
    Ok(page(call.state.listed_builds(call.now), wanted, |seen| {
        filter.fits(seen)
    }))
}

/// `item:(…),item:(…)`: each in order, missing ones left out, none twice (TeamCity's source: AbstractFinder.java).
fn items_of<'s>(
    call: &'s Call<'_>,
    locator: &Locator,
    items: &[&str],
    wanted: Page,
) -> Result<Paged<Seen<'s>>, ApiError> {
    let mut found: Vec<Seen<'s>> = Vec::new();
    for item in items {
        let inner = Locator::parse(item)?;
        let part = search(
            call,
            &inner,
            inner
                .number("count")?
                .and_then(|count| usize::try_from(count).ok())
                .or(Some(usize::MAX)),
        );
        // What may not be seen is left out too (2026.2).
        let part = match part {
            Err(error) if error.status == 403 => continue,
            part => part?,
        };
        for seen in part.items {
            if !found.iter().any(|(build, _)| build.id == seen.0.id) {
                found.push(seen);
            }
        }
    }
    // What stands beside the items filters them.
    let filter = filter(call, locator)?;
    Ok(page(found, wanted, |seen| filter.fits(seen)))
}

/// A list of builds.
pub(super) fn list_all(call: &Call<'_>, path: &str, build_type: Option<&str>) -> Answer {
    let text = call.query("locator").unwrap_or_default().to_owned();
    let searched = match build_type {
        Some(id) if text.is_empty() => format!("buildType:(id:{id})"),
        Some(id) => format!("buildType:(id:{id}),{text}"),
        None => text.clone(),
    };
    let locator = Locator::parse_optional(Some(&searched))?;
    let wanted = page_dimensions(&locator)?;
    let paged = search(call, &locator, None)?;
    let json = list(
        call,
        path,
        &text,
        wanted,
        &paged,
        "build",
        |seen, fields| build_json(call, seen, fields),
    );
    Ok(Reply::Entity("builds", json))
}

pub(super) fn route(call: &mut Call<'_>, path: &[&str]) -> Answer {
    match *path {
        [] => {
            only(call, &["GET"])?;
            list_all(call, "builds", None)
        }
        ["$help"] => {
            Locator::parse("$help")?.help(&build_filter::KNOWN)?;
            Err(ApiError::jersey(404))
        }
        ["multiple", text] => {
            only(call, &["GET"])?;
            let locator = Locator::parse(text)?;
            let wanted = page_dimensions(&locator)?;
            let paged = search(call, &locator, None)?;
            let json = list(
                call,
                "builds",
                text,
                wanted,
                &paged,
                "build",
                |seen, fields| build_json(call, seen, fields),
            );
            Ok(Reply::Entity("builds", json))
        }
        [text] => match call.method {
            "POST" => cancel(call, text),
            "DELETE" => delete(call, text),
            _ => {
                only(call, &["GET", "POST", "DELETE"])?;
                let seen = find_one(call, text)?;
                Ok(Reply::Entity(
                    "build",
                    build_json(call, &seen, &call.fields()),
                ))
            }
        },
        [text, "tags", ref rest @ ..] => extras::tags(call, text, rest, false),
        [text, "comment"] => extras::comment(call, text),
        [text, "pinInfo" | "pin"] => extras::pin(call, text),
        [text, "statistics", ref rest @ ..] => statistics::statistics(call, text, rest),
        [text, "resulting-properties", ref rest @ ..] => {
            extras::resulting_properties(call, text, rest)
        }
        [text, "canceledInfo"] => extras::canceled_info(call, text),
        [text, "testOccurrences"] => tests::tests_under(call, text),
        [text, "problemOccurrences"] => problems::problems_under(call, text),
        [text, "artifacts", ref rest @ ..] => artifacts::route(call, text, rest),
        [text, field] => {
            only(call, &["GET"])?;
            text_or_406(call)?;
            field_text(call, text, field)
        }
        _ => Err(ApiError::jersey(404)),
    }
}

fn field_text(call: &Call<'_>, text: &str, field: &str) -> Answer {
    let (build, course) = find_one(call, text)?;
    let now = call.now;
    let date = |at: Option<std::time::Duration>| {
        at.filter(|at| *at <= now)
            .map(|at| call.state.clock.compact(at))
    };
    let value = match field {
        "number" => (course.phase(now) != Phase::Queued).then(|| build.number.to_string()),
        "status" => {
            crate::verdict::status(build, &course, now).map(|status| status.as_str().to_owned())
        }
        "statusText" => crate::verdict::status_text(build, &course, now),
        "id" => Some(build.id.to_string()),
        "state" => Some(course.phase(now).as_str().to_owned()),
        "startDate" => date(course.start),
        "finishDate" => date(course.finish),
        "buildTypeId" => Some(build.build_type.clone()),
        "branchName" => build.branch.clone(),
        _ => {
            return Err(ApiError::not_found(format!(
                "Field '{field}' is not supported. Supported are: number, status, statusText, id, startDate, finishDate, buildTypeId, branchName."
            )));
        }
    };
    match value {
        Some(value) => Ok(Reply::Text(200, value)),
        None => Ok(Reply::Empty(204)),
    }
}

/// What was posted to cancel a build.
pub(super) struct CancelRequest {
    pub(super) comment: String,
    pub(super) readd: bool,
}

impl CancelRequest {
    pub(super) fn read(call: &Call<'_>) -> Result<Self, ApiError> {
        let body = call.json()?;
        Ok(Self {
            comment: body
                .get("comment")
                .and_then(|text| text.as_str())
                .unwrap_or("Canceled via REST API")
                .to_owned(),
            readd: body
                .get("readdIntoQueue")
                .and_then(serde_json::Value::as_bool)
                .unwrap_or(false),
        })
    }
}

/// `POST /builds/{locator}`: cancels in whatever state the build is.
fn cancel(call: &mut Call<'_>, text: &str) -> Answer {
    let request = CancelRequest::read(call)?;
    let (build, course) = find_one(call, text)?;
    let (id, build_type) = (build.id, build.build_type.clone());
    let phase = course.phase(call.now);
    let project = call
        .state
        .build_type(&build_type)
        .map(|of| of.project.clone())
        .unwrap_or_default();
    let allowed = call.state.may(&call.who, &project, "cancel_build");
    match phase {
        Phase::Finished | Phase::Deleted => {
            if course.cancellation.is_none() {
                return Err(ApiError::bad_request("Cannot cancel finished build"));
            }
        }
        Phase::Queued if !allowed => {
            return Err(ApiError::denied(
                "You do not have enough permissions to cancel the build",
            ));
        }
        Phase::Running if !allowed => {
            return Err(ApiError::lacks(
                "Stop build / remove from queue",
                &call.state.project_internal_id(&project),
            ));
        }
        _ => {
            let (now, user) = (call.now, call.who.user);
            if let Some(build) = call.state.builds.get_mut(&id) {
                build
                    .canceled
                    .get_or_insert(Cancellation::new(now, Some(user), request.comment));
            }
            if request.readd && phase == Phase::Running {
                let plan = next_plan(call.state, &build_type);
                readd(call.state, id, Some(user), plan, now);
            }
        }
    }
    let seen = call
        .state
        .visible_build(id, call.now)
        .ok_or_else(|| no_build(&id.to_string()))?;
    Ok(Reply::Entity(
        "build",
        build_json(call, &seen, &call.fields()),
    ))
}

/// `DELETE /builds/{locator}` needs to be able to edit the project.
fn delete(call: &mut Call<'_>, text: &str) -> Answer {
    let (build, _) = find_one(call, text)?;
    let (id, build_type) = (build.id, build.build_type.clone());
    let project = call
        .state
        .build_type(&build_type)
        .map(|of| of.project.clone())
        .unwrap_or_default();
    if !call.state.may(&call.who, &project, "edit_project") {
        return Err(ApiError::lacks(
            "Edit project",
            &call.state.project_internal_id(&project),
        ));
    }
    let now = call.now;
    if let Some(build) = call.state.builds.get_mut(&id) {
        build.deleted = Some(now);
    }
    Ok(Reply::Empty(204))
}
