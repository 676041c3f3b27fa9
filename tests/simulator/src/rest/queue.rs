//! `/app/rest/buildQueue` (TeamCity's source: BuildQueueRequest.java, QueuedBuildFinder.java).

use crate::lifecycle::Phase;
use crate::model::Cancellation;
use crate::queueing;

use super::build_json::{Seen, build_json};
use super::builds::{CancelRequest, ensure_view, find_one};
use super::errors::ApiError;
use super::fields::Fields;
use super::locator::Locator;
use super::paging::{Page, list, page};
use super::{Answer, Call, Reply, approval, build_types, extras, only, posted, projects};

const KNOWN: [&str; 11] = [
    "id",
    "taskId",
    "project",
    "pool",
    "buildType",
    "agent",
    "user",
    "personal",
    "count",
    "start",
    "lookupLimit",
];

pub(super) fn route(call: &mut Call<'_>, path: &[&str]) -> Answer {
    match *path {
        [] if call.method == "POST" => add(call),
        [] => {
            only(call, &["GET", "POST"])?;
            list_queue(call)
        }
        ["pausedState"] if call.state.version.at_least(2026, 1, 0) => {
            super::queue_pause::route(call)
        }
        [text] => match call.method {
            "POST" => cancel(call, text),
            "DELETE" => remove(call, text),
            _ => {
                only(call, &["GET", "POST", "DELETE"])?;
                // Started builds are found here too.
                let seen = find_one(call, text)?;
                Ok(Reply::Entity(
                    "build",
                    build_json(call, &seen, &call.fields()),
                ))
            }
        },
        ["order", position] => reorder(call, position),
        [text, "tags", ref rest @ ..] => extras::tags(call, text, rest, true),
        [text, "approvalInfo"] if call.state.version.at_least(2022, 4, 0) => {
            only(call, &["GET"])?;
            let seen = queued(call, text)?;
            if seen.1.approval.is_none() {
                return Err(approval::no_approval());
            }
            Ok(Reply::Entity(
                "approvalInfo",
                approval::approval_json(call, &seen, &call.fields()),
            ))
        }
        [text, "approve"] if call.state.version.at_least(2022, 4, 0) => {
            only(call, &["POST"])?;
            approval::approve(call, text)
        }
        _ => Err(ApiError::jersey(404)),
    }
}

fn add(call: &mut Call<'_>) -> Answer {
    let body = call.json()?;
    let order = posted::order(call, &body)?;
    let now = call.now;
    let queued = call.state.listed_builds(now);
    let queued = queued
        .iter()
        .filter(|(_, course)| course.phase(now) == Phase::Queued);
    let count = queued.count();
    if call
        .state
        .doubts
        .queue_holds
        .is_some_and(|most| count >= most)
    {
        return Err(ApiError::state(
            "Build queue limit is reached, no more builds can be added",
        ));
    }
    let id = queueing::queue(call.state, &order, now);
    let seen = call.state.visible_build(id, now).ok_or_else(|| {
        ApiError::state(format!(
            "Failed to add build for build type with id '{}' into the queue for unknown reason.",
            order.build_type
        ))
    })?;
    // The answer is always the long form: the `fields` parameter is not read.
    Ok(Reply::Entity(
        "build",
        build_json(call, &seen, &Fields::long()),
    ))
}

/// The queued build of a locator; started ones are refused.
pub(super) fn queued<'s>(call: &'s Call<'_>, text: &str) -> Result<Seen<'s>, ApiError> {
    let locator = Locator::parse(text)?;
    let id = locator
        .value("id")?
        .or(locator.value("taskId")?)
        .or_else(|| locator.single().map(str::to_owned))
        .unwrap_or_default();
    let missing = || {
        ApiError::not_found(format!(
            "No queued build with id '{id}' can be found (build already started or finished?)."
        ))
    };
    let number = id.parse().map_err(|_| {
        ApiError::locator(format!("Invalid single value: '{id}'. Should be a number."))
    })?;
    let seen = call
        .state
        .visible_build(number, call.now)
        .ok_or_else(missing)?;
    let seen = ensure_view(call, seen)?;
    if seen.1.phase(call.now) == Phase::Queued {
        Ok(seen)
    } else {
        Err(missing())
    }
}

fn list_queue(call: &Call<'_>) -> Answer {
    let text = call.query("locator").unwrap_or_default().to_owned();
    let locator = Locator::parse_optional(Some(&text))?;
    locator.help(&KNOWN)?;
    let wanted = Page::read(&locator, Some(100), None)?;
    let id = locator.number("id")?.or(locator.number("taskId")?);
    let types = match locator.raw("buildType")? {
        Some(inner) => Some(
            build_types::find_all(call, &Locator::parse(inner)?)?
                .iter()
                .map(|of| of.id.clone())
                .collect::<Vec<_>>(),
        ),
        None => None,
    };
    let project = locator
        .raw("project")?
        .map(projects::project_id)
        .transpose()?;
    let personal = locator.boolean("personal")?;
    let user = locator.value("user")?;
    for name in ["pool", "agent"] {
        locator.all(name);
    }
    locator.finish(&KNOWN)?;
    let state = &call.state;
    let user = match user.as_deref() {
        None => None,
        Some("current") => Some(call.who.user),
        Some(text) => {
            let inner = Locator::parse(text)?;
            let name = inner
                .value("username")?
                .or_else(|| inner.single().map(str::to_owned))
                .unwrap_or_default();
            Some(
                inner
                    .number("id")?
                    .and_then(|id| u64::try_from(id).ok())
                    .or_else(|| Some(state.user_named(&name)?.id))
                    .unwrap_or(0),
            )
        }
    };
    let queued = state
        .listed_builds(call.now)
        .into_iter()
        .filter(|(_, course)| course.phase(call.now) == Phase::Queued);
    let paged = page(queued, wanted, |(build, _)| {
        let of = state.build_type(&build.build_type);
        state.may_view_type(&call.who, &build.build_type)
            && id.is_none_or(|id| i64::try_from(build.id) == Ok(id))
            && types
                .as_ref()
                .is_none_or(|types| types.contains(&build.build_type))
            && project.as_ref().is_none_or(|project| {
                of.is_some_and(|of| state.lineage(&of.project).contains(project))
            })
            && personal.is_none_or(|personal| personal == build.personal.is_some())
            && user.is_none_or(|user| build.trigger.user() == Some(user))
    });
    Ok(Reply::Entity(
        "builds",
        list(
            call,
            "buildQueue",
            &text,
            wanted,
            &paged,
            "build",
            |seen, fields| build_json(call, seen, fields),
        ),
    ))
}

pub(super) fn project_of(call: &Call<'_>, build_type: &str) -> String {
    call.state
        .build_type(build_type)
        .map(|of| of.project.clone())
        .unwrap_or_default()
}

/// `POST /buildQueue/{locator}`: cancels a build that is still queued.
fn cancel(call: &mut Call<'_>, text: &str) -> Answer {
    let request = CancelRequest::read(call)?;
    queued(call, text)?;
    if request.readd {
        return Err(ApiError::bad_request(
            "Restore in queue is not supported for queued builds.",
        ));
    }
    let id = take_out(call, text, request.comment)?;
    let seen = call
        .state
        .visible_build(id, call.now)
        .ok_or_else(ApiError::null_pointer)?;
    Ok(Reply::Entity(
        "build",
        build_json(call, &seen, &call.fields()),
    ))
}

/// `DELETE /buildQueue/{locator}`: the record is erased too.
fn remove(call: &mut Call<'_>, text: &str) -> Answer {
    let id = take_out(call, text, String::new())?;
    if let Some(build) = call.state.builds.get_mut(&id) {
        build.deleted = Some(call.now);
    }
    Ok(Reply::Empty(204))
}

/// Cancels a queued build, if the user may.
fn take_out(call: &mut Call<'_>, text: &str, comment: String) -> Result<u64, ApiError> {
    let (build, _) = queued(call, text)?;
    let (id, project) = (build.id, project_of(call, &build.build_type));
    if !call.state.may(&call.who, &project, "cancel_build") {
        return Err(ApiError::denied(
            "Build was not canceled. Probably not sufficient permissions.",
        ));
    }
    let (at, user) = (call.now, Some(call.who.user));
    if let Some(build) = call.state.builds.get_mut(&id) {
        build
            .canceled
            .get_or_insert(Cancellation::new(at, user, comment));
    }
    Ok(id)
}

/// The queued build that a posted one names; the words differ from those for a build by path.
fn posted_build(call: &Call<'_>) -> Result<u64, ApiError> {
    let body = call.json()?;
    let locator = match posted::id_text(body.get("id")) {
        Some(id) => format!("id:{id}"),
        None => posted::text(&body, "locator")?
            .ok_or_else(|| {
                ApiError::bad_request(
                    "No build specified. Either 'id' or 'locator' attribute should be present.",
                )
            })?
            .to_owned(),
    };
    let (build, course) = find_one(call, &locator)?;
    if course.phase(call.now) != Phase::Queued {
        return Err(ApiError::bad_request(
            "Cannot move build which is not queued",
        ));
    }
    Ok(build.id)
}

/// `PUT /buildQueue/order/{position}`: `first`, `1` or `last`.
fn reorder(call: &mut Call<'_>, position: &str) -> Answer {
    only(call, &["GET", "PUT"])?;
    let queue: Vec<u64> = call
        .state
        .listed_builds(call.now)
        .iter()
        .filter(|(_, course)| course.phase(call.now) == Phase::Queued)
        .map(|(build, _)| build.id)
        .collect();
    let id = if call.method == "PUT" {
        let id = posted_build(call)?;
        let project = project_of(call, &call.state.builds[&id].build_type);
        let name = "Reorder builds in queue";
        projects::needs(call, &project, "reorder_build_queue", name)?;
        let orders = call.state.builds.values().map(|build| build.order);
        let (first, last) = (orders.clone().min(), orders.max());
        let order = match position {
            "first" | "1" => first.unwrap_or(0) - 1,
            "last" => last.unwrap_or(0) + 1,
            _ => {
                return Err(ApiError::bad_request(format!(
                    "Unsupported value of queuePosition \"{position}\": only \"1\", \"first\" and \"last\" are supported"
                )));
            }
        };
        if let Some(build) = call.state.builds.get_mut(&id) {
            build.order = order;
        }
        id
    } else {
        let found = match position {
            "first" => queue.first(),
            "last" => queue.last(),
            number => number
                .parse::<usize>()
                .ok()
                .and_then(|number| queue.get(number.checked_sub(1)?)),
        };
        *found.ok_or_else(|| {
            ApiError::not_found("Nothing is found by locator 'count:1,state:queued'.")
        })?
    };
    let seen = call
        .state
        .visible_build(id, call.now)
        .ok_or_else(ApiError::null_pointer)?;
    Ok(Reply::Entity(
        "build",
        build_json(call, &seen, &call.fields()),
    ))
}
