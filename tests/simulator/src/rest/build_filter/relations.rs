//! What a build belongs to: project, configuration, agent, user, trigger, chain.

use crate::model::{Build, BuildTypeKind};
use crate::rest::errors::ApiError;
use crate::rest::locator::Locator;
use crate::rest::{Call, build_types, builds, projects};

use super::Test;

/// Project, configuration, agent, kind.
pub(super) fn places<'a>(
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
        let id = projects::project_id(text)?;
        if state.project(&id).is_none() || !state.may(&call.who, &id, "view_project") {
            let hidden = state.project(&id).is_some();
            if hidden && state.version.at_least(2026, 2, 0) {
                return Err(ApiError::denied(format!(
                    "You do not have enough permissions to access project with internal id: {}",
                    state.project_internal_id(&id)
                )));
            }
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
        tests.push(Box::new(move |(build, course)| {
            let started = course.start.is_some_and(|start| start <= now);
            let on = build.runs_on();
            let on = state.agents.iter().find(|agent| Some(agent.id) == on);
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

/// Users, triggers, dependencies.
pub(super) fn people_and_relations<'a>(
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
            kind.as_ref()
                .is_none_or(|kind| kind == build.trigger.kind())
                && by.is_none_or(|by| build.trigger.user() == Some(by))
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
    build.personal.or(build.trigger.user())
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
                .map(|build| state.dependencies_of(build, call.now))
                .unwrap_or_default()
        } else {
            state
                .existing(call.now)
                .filter(|build| state.dependencies_of(build, call.now).contains(&at))
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
