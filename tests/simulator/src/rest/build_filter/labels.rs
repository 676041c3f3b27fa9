//! Number, status, tags, parameters, revision, flags.

use crate::lifecycle::Phase;
use crate::rest::Call;
use crate::rest::branches::Condition;
use crate::rest::errors::ApiError;
use crate::rest::locator::Locator;
use crate::verdict;

use super::Test;

/// `tag:(condition:(…),private:B,owner:U)`: tags by a condition, also private ones (TeamCity's source: TagFinder.java).
fn by_condition<'a>(call: &'a Call<'_>, inner: &Locator) -> Result<Test<'a>, ApiError> {
    let condition = inner.raw("condition")?.map(Condition::parse).transpose()?;
    let private = inner.boolean("private")?;
    let owner = inner.value("owner")?;
    inner.finish(&["name", "private", "owner", "condition"])?;
    let me = call.who.user;
    let owner = match owner.as_deref() {
        None => None,
        Some("current") => Some(me),
        Some(name) => Some(call.state.user_named(name).map_or(0, |user| user.id)),
    };
    Ok(Box::new(move |(build, _)| {
        build.tags.iter().any(|tag| {
            // Nobody sees another's private tags.
            tag.owner.is_none_or(|of| of == me)
                && private.is_none_or(|private| private == tag.owner.is_some())
                && owner.is_none_or(|owner| tag.owner == Some(owner))
                && condition.as_ref().is_none_or(|it| it.fits(&tag.name))
        })
    }))
}

/// Number, status, tags, parameters, revision, flags.
pub(super) fn labels<'a>(
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
        if inner.has("condition") {
            tests.push(by_condition(call, &inner)?);
            continue;
        }
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
                .filter(|given| !build.properties.iter().any(|own| own.name == given.name))
                .map(|given| (&given.name, &given.value));
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
