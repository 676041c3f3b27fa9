//! Build problems (TeamCity's source: ProblemOccurrence.java, ProblemOccurrences.java).

use crate::json::Json;
use crate::model::Problem;
use crate::verdict;

use super::build_json::{Seen, build_json};
use super::builds::find_one;
use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::locator::Locator;
use super::paging::{Page, Paged, next_href, page};
use super::tests::started;
use super::{Answer, Call, Reply, only};

fn problem_json(
    call: &Call<'_>,
    seen: &Seen<'_>,
    at: usize,
    problem: &Problem,
    fields: &Fields,
) -> Json {
    let build = seen.0.id;
    let id = if call.state.version.at_least(2026, 2, 0) {
        format!("build:(id:{build}),problem:(id:{})", at + 1)
    } else {
        format!("problem:(id:{}),build:(id:{build})", at + 1)
    };
    // The same on every red build of a configuration.
    let identity = match problem.identity.as_str() {
        "TC_FAILED_TESTS" => format!(
            "TC_FAILED_TESTS_{}",
            call.state.build_type_internal_id(&seen.0.build_type)
        ),
        other => other.to_owned(),
    };
    let mut obj = Obj::new(fields);
    obj.put("id", Level::Short, id.as_str())
        .put("type", Level::Short, problem.kind.as_str())
        .put("identity", Level::Short, identity.as_str())
        .put(
            "href",
            Level::Short,
            call.href(&format!("problemOccurrences/{id}")),
        )
        .put("details", Level::Long, problem.details.as_str())
        .put("additionalData", Level::Long, problem.additional.clone())
        .put("muted", Level::Long, problem.muted)
        .put("currentlyMuted", Level::Long, problem.muted)
        .put("newFailure", Level::Named, problem.new)
        .put("logAnchor", Level::Named, "0")
        .nest("problem", Level::Long, &Fields::short(), |_| {
            Json::object([
                ("id", (at + 1).to_string().into()),
                ("type", problem.kind.as_str().into()),
                ("identity", identity.as_str().into()),
            ])
        });
    obj.nest("build", Level::Long, &Fields::short(), |fields| {
        build_json(call, seen, fields)
    });
    obj.done()
}

fn problems_json(
    call: &Call<'_>,
    seen: &Seen<'_>,
    paged: &Paged<(usize, Problem)>,
    href: &str,
    next: Option<String>,
    own: bool,
    fields: &Fields,
) -> Json {
    let list = &paged.items;
    // A build's own counter may say otherwise than its list.
    let short = if own { seen.0.plan.counters_short } else { 0 };
    let late = own && !verdict::lists_are_there(seen.0, &seen.1, call.now);
    let mut obj = Obj::new(fields);
    obj.always("count", Level::Short, list.len().saturating_sub(short))
        .put("href", Level::Short, href)
        .put("nextHref", Level::Short, next)
        .put(
            "failed",
            Level::Named,
            list.iter().filter(|(_, problem)| !problem.muted).count(),
        )
        .put(
            "newFailed",
            Level::Short,
            list.iter().filter(|(_, problem)| problem.new).count(),
        )
        .put(
            "muted",
            Level::Short,
            list.iter().filter(|(_, problem)| problem.muted).count(),
        );
    obj.nest(
        "problemOccurrence",
        Level::Long,
        &Fields::short(),
        |fields| {
            list.iter()
                .filter(|_| !late)
                .map(|(at, problem)| problem_json(call, seen, *at, problem, fields))
                .collect::<Vec<_>>()
        },
    );
    obj.done()
}

fn all_problems(call: &Call<'_>, seen: &Seen<'_>) -> Paged<(usize, Problem)> {
    let items = verdict::problems(seen.0, &seen.1, call.now)
        .into_iter()
        .enumerate()
        .collect();
    Paged { items, next: None }
}

/// The problems that a list has: none while it is late.
fn listed(call: &Call<'_>, seen: &Seen<'_>) -> Paged<(usize, Problem)> {
    if verdict::lists_are_there(seen.0, &seen.1, call.now) {
        all_problems(call, seen)
    } else {
        Paged {
            items: Vec::new(),
            next: None,
        }
    }
}

pub(super) fn problems_of_build(call: &Call<'_>, seen: &Seen<'_>, fields: &Fields) -> Json {
    let paged = all_problems(call, seen);
    if paged.items.is_empty() && !fields.names("count") {
        return Json::Null;
    }
    let href = call.href(&format!(
        "problemOccurrences?locator=build:(id:{})",
        seen.0.id
    ));
    problems_json(call, seen, &paged, &href, None, true, fields)
}

pub(super) fn problems(call: &Call<'_>, path: &[&str]) -> Answer {
    const KNOWN: [&str; 14] = [
        "problem",
        "identity",
        "type",
        "build",
        "affectedProject",
        "currentlyFailing",
        "currentlyMuted",
        "currentlyInvestigated",
        "muted",
        "branch",
        "newFailure",
        "count",
        "start",
        "lookupLimit",
    ];
    only(call, &["GET"])?;
    let text = match *path {
        [] => call.query("locator").unwrap_or_default().to_owned(),
        [text] => text.to_owned(),
        _ => return Err(ApiError::jersey(404)),
    };
    let locator = Locator::parse_optional(Some(&text))?;
    locator.help(&KNOWN)?;
    let Some(of) = locator.raw("build")? else {
        return Err(ApiError::bad_request(format!(
            "Unsupported problem occurrence locator '{text}'. Try one of locator dimensions: build, affectedProject, problem"
        )));
    };
    let seen = find_one(call, of)?;
    let wanted = Page::usual(&locator)?;
    let kind = locator.value("type")?;
    let muted = locator
        .boolean("muted")?
        .or(locator.boolean("currentlyMuted")?);
    let problem = match locator.raw("problem")? {
        Some(text) => Some(Locator::parse(text)?.number("id")?),
        None => None,
    };
    for name in [
        "identity",
        "affectedProject",
        "currentlyFailing",
        "currentlyInvestigated",
        "branch",
        "newFailure",
    ] {
        locator.all(name);
    }
    locator.finish(&KNOWN)?;
    let paged = page(listed(call, &seen).items, wanted, |(at, one)| {
        kind.as_ref().is_none_or(|kind| *kind == one.kind)
            && muted.is_none_or(|muted| muted == one.muted)
            && problem
                .flatten()
                .is_none_or(|id| usize::try_from(id) == Ok(at + 1))
    });
    if path.len() == 1 {
        let (at, one) = paged.items.first().ok_or_else(|| {
            ApiError::not_found(format!("Nothing is found by locator 'count:1,{text}'."))
        })?;
        return Ok(Reply::Entity(
            "problemOccurrence",
            problem_json(call, &seen, *at, one, &call.fields()),
        ));
    }
    let href = call.href(&format!("problemOccurrences?locator={text}"));
    let next = paged
        .next
        .map(|next| next_href(call, "problemOccurrences", &text, wanted.count, next));
    Ok(Reply::Entity(
        "problemOccurrences",
        problems_json(call, &seen, &paged, &href, next, false, &call.fields()),
    ))
}

pub(super) fn problems_under(call: &Call<'_>, text: &str) -> Answer {
    let seen = started(call, text)?;
    let href = call.href(&format!(
        "problemOccurrences?locator=build:(id:{})",
        seen.0.id
    ));
    Ok(Reply::Entity(
        "problemOccurrences",
        problems_json(
            call,
            &seen,
            &listed(call, &seen),
            &href,
            None,
            false,
            &call.fields(),
        ),
    ))
}
