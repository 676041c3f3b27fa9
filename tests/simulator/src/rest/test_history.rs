//! Tests over builds: what a locator of test occurrences asks for that names no build, or several.

use crate::lifecycle::Phase;

use super::branches::BranchFilter;
use super::build_json::Seen;
use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::locator::Locator;
use super::paging::{Page, next_href, page};
use super::tests::{KNOWN, Occurrence, listed, occurrence, test_filter, test_json};
use super::{Answer, Call, Reply, build_types, projects};

/// The occurrences of tests over builds, the newest first: what a locator without a build asks for.
pub(super) fn history(call: &Call<'_>, text: &str, locator: &Locator, single: bool) -> Answer {
    let wanted = Page::usual(locator)?;
    let filter = test_filter(locator)?;
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
        .raw("affectedProject")?
        .map(|inner| projects::find(call, inner))
        .transpose()?;
    let branch = locator
        .raw("branch")?
        .map(BranchFilter::parse)
        .transpose()?;
    let personal = locator.boolean("includePersonal")?.unwrap_or(false);
    for name in ["invocations", "expandInvocations"] {
        locator.all(name);
    }
    locator.finish(&KNOWN)?;
    let state = &call.state;
    let seen_builds = state
        .listed_builds(call.now)
        .into_iter()
        .filter(|(build, course)| {
            let project_of = state.build_type(&build.build_type).map(|of| &of.project);
            course.phase(call.now) != Phase::Queued
                && (personal || build.personal.is_none())
                && state.may_view_type(&call.who, &build.build_type)
                && types
                    .as_ref()
                    .is_none_or(|types| types.contains(&build.build_type))
                && project.as_ref().is_none_or(|above| {
                    project_of.is_some_and(|own| state.lineage(own).contains(above))
                })
                && branch
                    .as_ref()
                    .is_none_or(|branch| branch.fits(build.branch.as_deref(), build.default_branch))
        });
    over(call, text, seen_builds, (wanted, filter), single)
}

/// The occurrences in these builds, one build after the other.
pub(super) fn over<'s>(
    call: &Call<'_>,
    text: &str,
    builds: impl Iterator<Item = Seen<'s>>,
    (wanted, filter): (Page, impl Fn(&Occurrence) -> bool),
    single: bool,
) -> Answer {
    let all = builds.flat_map(|seen| {
        let tests = listed(call, &seen);
        let found: Vec<Occurrence> = (0..tests.count())
            .map(|at| occurrence(&tests, at))
            .collect();
        found.into_iter().map(move |one| (seen.clone(), one))
    });
    let paged = page(all, wanted, |(_, one)| filter(one));
    if single {
        let (seen, one) = paged.items.first().ok_or_else(|| {
            ApiError::not_found(format!("Nothing is found by locator 'count:1,{text}'."))
        })?;
        let json = test_json(call, seen, one, &call.fields());
        return Ok(Reply::Entity("testOccurrence", json));
    }
    let fields = call.fields();
    let next = paged
        .next
        .map(|next| next_href(call, "testOccurrences", text, wanted.count, next));
    let mut obj = Obj::new(&fields);
    obj.always("count", Level::Short, paged.items.len())
        .put(
            "href",
            Level::Short,
            call.href(&format!("testOccurrences?locator={text}")),
        )
        .put("nextHref", Level::Short, next);
    obj.nest("testOccurrence", Level::Long, &Fields::short(), |fields| {
        paged
            .items
            .iter()
            .map(|(seen, one)| test_json(call, seen, one, fields))
            .collect::<Vec<_>>()
    });
    Ok(Reply::Entity("testOccurrences", obj.done()))
}
