//! `/app/rest/buildTypes` and `/app/rest/projects` (TeamCity's source: BuildTypeFinder.java, BuildType.java).

use crate::json::Json;
use crate::model::{BuildType, BuildTypeKind};

use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::locator::Locator;
use super::paging::{Page, list, page};
use super::projects::{project_id, project_json};
use super::{
    Answer, Call, Reply, branches, build_type_changes, build_type_links, build_type_settings, only,
    text_or_406, vcs,
};

const KNOWN: [&str; 15] = [
    "id",
    "internalId",
    "project",
    "affectedProject",
    "name",
    "template",
    "paused",
    "type",
    "vcsRoot",
    "snapshotDependency",
    "templateFlag",
    "item",
    "count",
    "start",
    "lookupLimit",
];

/// Whether a configuration fits a locator.
fn fits(call: &Call<'_>, locator: &Locator, build_type: &BuildType) -> Result<bool, ApiError> {
    let state = &call.state;
    if let Some(single) = locator.single() {
        return Ok(build_type.id == single
            || build_type.name == single
            || state.build_type_internal_id(&build_type.id) == single);
    }
    let text = |name: &str| locator.value(name);
    let mut all = text("id")?.is_none_or(|id| build_type.id == id)
        && text("internalId")?.is_none_or(|id| state.build_type_internal_id(&build_type.id) == id)
        && text("name")?.is_none_or(|name| build_type.name.eq_ignore_ascii_case(&name));
    if let Some(project) = locator.raw("project")? {
        all &= project_id(project)? == build_type.project;
    }
    if let Some(project) = locator.raw("affectedProject")? {
        all &= state
            .lineage(&build_type.project)
            .contains(&project_id(project)?);
    }
    if let Some(root) = locator.raw("vcsRoot")? {
        let root = project_id(root)?;
        all &= build_type.roots.iter().any(|(id, _)| *id == root);
    }
    if let Some(relation) = locator.raw("snapshotDependency")? {
        all &= related(call, relation)?.contains(&build_type.id);
    }
    let template = match locator.boolean("templateFlag")? {
        Some(flag) => Some(flag),
        None => locator.boolean("template")?,
    };
    all &= template.is_none_or(|template| template == build_type.template);
    all &= locator
        .boolean("paused")?
        .is_none_or(|paused| paused == build_type.paused);
    all &= text("type")?.is_none_or(|kind| kind_name(build_type.kind) == kind);
    Ok(all)
}

/// Ids of the configurations of a `snapshotDependency` dimension: those that depend on `from`, those that `to` depends on.
fn related(call: &Call<'_>, text: &str) -> Result<Vec<String>, ApiError> {
    const KNOWN: [&str; 4] = ["from", "to", "includeInitial", "recursive"];
    let locator = Locator::parse(text)?;
    let recursive = locator.boolean("recursive")?.unwrap_or(true);
    let with_initial = locator.boolean("includeInitial")?.unwrap_or(false);
    let mut found = Vec::new();
    for (name, up) in [("from", true), ("to", false)] {
        let Some(inner) = locator.raw(name)? else {
            continue;
        };
        let initial: Vec<String> = find_all(call, &Locator::parse(inner)?)?
            .iter()
            .map(|of| of.id.clone())
            .collect();
        let mut open = initial.clone();
        let mut seen = Vec::new();
        while let Some(id) = open.pop() {
            let next = call.state.build_types.iter().filter(|of| {
                let depends =
                    |on: &BuildType, id: &str| on.dependencies.iter().any(|it| it.build_type == id);
                if up {
                    depends(of, &id)
                } else {
                    call.state
                        .build_type(&id)
                        .is_some_and(|on| depends(on, &of.id))
                }
            });
            for of in next {
                if !seen.contains(&of.id) {
                    seen.push(of.id.clone());
                    if recursive {
                        open.push(of.id.clone());
                    }
                }
            }
        }
        found.extend(seen);
        if with_initial {
            found.extend(initial);
        }
    }
    locator.finish(&KNOWN)?;
    Ok(found)
}

/// All configurations that fit and that the caller may see.
pub(super) fn find_all<'s>(
    call: &'s Call<'_>,
    locator: &Locator,
) -> Result<Vec<&'s BuildType>, ApiError> {
    locator.help(&KNOWN)?;
    for name in ["count", "start", "lookupLimit"] {
        locator.all(name);
    }
    let items = locator.all("item");
    if !items.is_empty() {
        return items_of(call, locator, &items);
    }
    let mut found = Vec::new();
    for build_type in &call.state.build_types {
        if fits(call, locator, build_type)? && call.state.may_view_type(&call.who, &build_type.id) {
            found.push(build_type);
        }
    }
    if call.state.build_types.is_empty() {
        return Ok(found);
    }
    locator.finish(&KNOWN)?;
    Ok(found)
}

/// `item:(…),item:(…)`: each in order, missing ones left out, none twice.
fn items_of<'s>(
    call: &'s Call<'_>,
    locator: &Locator,
    items: &[&str],
) -> Result<Vec<&'s BuildType>, ApiError> {
    let mut found: Vec<&BuildType> = Vec::new();
    for item in items {
        for of in find_all(call, &Locator::parse(item)?)? {
            if !found.iter().any(|known| known.id == of.id) {
                found.push(of);
            }
        }
    }
    locator.finish(&KNOWN)?;
    Ok(found)
}

/// The one configuration (or template) of a locator in a path.
pub(super) fn find<'s>(call: &'s Call<'_>, text: &str) -> Result<&'s BuildType, ApiError> {
    let locator = Locator::parse(text)?;
    if let Some(found) = find_all(call, &locator)?.first() {
        return Ok(found);
    }
    if locator.single().is_some() {
        return Err(ApiError::not_found(format!(
            "No build type or template is found by id, internal id or name '{text}'."
        )));
    }
    Err(match locator.value("id")? {
        Some(id) => no_build_type(call, &id),
        None => ApiError::not_found(format!("No build types found by locator 'count:1,{text}'.")),
    })
}

/// The 404 for an unknown id, in the words of the version.
pub(super) fn no_build_type(call: &Call<'_>, id: &str) -> ApiError {
    if call.state.version.at_least(2024, 7, 0) {
        ApiError::not_found(format!(
            "No build types found by locator 'count:1,id:{id}'."
        ))
    } else {
        ApiError::not_found(format!("No build type nor template is found by id '{id}'."))
    }
}

pub(super) fn kind_name(kind: BuildTypeKind) -> &'static str {
    match kind {
        BuildTypeKind::Regular => "regular",
        BuildTypeKind::Composite => "composite",
        BuildTypeKind::Deployment => "deployment",
    }
}

/// The templates that a configuration is attached to.
pub(super) fn templates_json(call: &Call<'_>, of: &BuildType, fields: &Fields) -> Json {
    let found: Vec<&BuildType> = of
        .templates
        .iter()
        .filter_map(|id| call.state.build_type(id))
        .collect();
    let mut obj = Obj::new(fields);
    obj.always("count", Level::Short, found.len());
    obj.nest("buildType", Level::Short, &Fields::short(), |fields| {
        found
            .iter()
            .map(|of| build_type_json(call, of, fields))
            .collect::<Vec<_>>()
    });
    obj.done()
}

pub(super) fn build_type_json(call: &Call<'_>, build_type: &BuildType, fields: &Fields) -> Json {
    let state = &call.state;
    let id = &build_type.id;
    let own = format!("buildTypes/id:{id}");
    let web_url = if state.version.at_least(2022, 0, 0) {
        format!("{}/buildConfiguration/{id}?mode=builds", state.web_url)
    } else {
        format!("{}/viewType.html?buildTypeId={id}", state.web_url)
    };
    let mut obj = Obj::new(fields);
    obj.put("id", Level::Short, id.as_str())
        .put("internalId", Level::Named, state.build_type_internal_id(id))
        .put("name", Level::Short, build_type.name.as_str())
        .put(
            "description",
            Level::Short,
            Some(build_type.description.clone()).filter(|text| !text.is_empty()),
        )
        .put("templateFlag", Level::Short, build_type.template)
        .put("type", Level::Named, kind_name(build_type.kind))
        .put("paused", Level::Short, build_type.paused)
        .put(
            "projectName",
            Level::Short,
            state.project_full_name(&build_type.project),
        )
        .put("projectId", Level::Short, build_type.project.as_str())
        .put(
            "projectInternalId",
            Level::Named,
            state.project_internal_id(&build_type.project),
        )
        .put("href", Level::Short, call.href(&own))
        .put("webUrl", Level::Short, web_url)
        .nest("project", Level::Long, &Fields::short(), |fields| {
            project_json(call, &build_type.project, fields)
        })
        .nest("templates", Level::Long, &Fields::long(), |fields| {
            templates_json(call, build_type, fields)
        });
    if state.may(
        &call.who,
        &build_type.project,
        "view_build_configuration_settings",
    ) {
        obj.nest("vcs-root-entries", Level::Long, &Fields::long(), |fields| {
            vcs::entries_json(call, build_type, fields)
        });
        obj.nest("settings", Level::Long, &Fields::long(), |fields| {
            build_type_settings::settings_json(call, build_type, fields)
        });
        obj.nest("parameters", Level::Long, &Fields::long(), |fields| {
            build_type_settings::parameters_json(call, build_type, fields)
        });
        obj.nest("steps", Level::Long, &Fields::long(), |fields| {
            build_type_settings::steps_json(call, build_type, fields)
        });
        obj.nest("features", Level::Long, &Fields::long(), |fields| {
            build_type_settings::features_json(call, build_type, fields)
        });
        obj.nest(
            "snapshot-dependencies",
            Level::Long,
            &Fields::long(),
            |fields| build_type_settings::dependencies_json(call, build_type, fields),
        );
    }
    obj.with("builds", Level::Long, || {
        Json::object([("href", call.href(&format!("{own}/builds/")).into())])
    });
    obj.nest("branches", Level::Named, &Fields::long(), |fields| {
        branches::branches_json(call, build_type, fields)
    });
    obj.done()
}

pub(super) fn route(call: &mut Call<'_>, path: &[&str]) -> Answer {
    if let [locator, rest @ ..] = path
        && let Some(answer) = build_type_settings::route(call, locator, rest)
            .or_else(|| build_type_links::route(call, locator, rest))
    {
        return answer;
    }
    match (path, call.method) {
        ([], "POST") => return build_type_changes::create(call),
        ([locator], "DELETE") => return build_type_changes::delete(call, locator),
        ([locator, field], "PUT") => {
            text_or_406(call)?;
            return build_type_changes::set_field(call, locator, field);
        }
        _ => only(call, &["GET"])?,
    }
    match *path {
        [] => {
            let text = call.query("locator").unwrap_or_default().to_owned();
            let locator = Locator::parse_optional(Some(&text))?;
            let asked_template = ["template", "templateFlag", "id", "item"]
                .iter()
                .any(|name| locator.has(name));
            let wanted = Page::read(&locator, None, None)?;
            let all = find_all(call, &locator)?;
            let paged = page(all, wanted, |known| asked_template || !known.template);
            let json = list(
                call,
                "buildTypes",
                &text,
                wanted,
                &paged,
                "buildType",
                |known, fields| build_type_json(call, known, fields),
            );
            Ok(Reply::Entity("buildTypes", json))
        }
        ["$help"] => {
            Locator::parse("$help")?.help(&KNOWN)?;
            Err(ApiError::jersey(404))
        }
        [locator] => {
            let build_type = find(call, locator)?;
            Ok(Reply::Entity(
                "buildType",
                build_type_json(call, build_type, &call.fields()),
            ))
        }
        [locator, "branches"] => branches::list_of(call, find(call, locator)?),
        [locator, "branches", branch, "exists"] => {
            branches::exists(call, find(call, locator)?, branch)
        }
        [locator, "builds"] => {
            let id = find(call, locator)?.id.clone();
            super::builds::list_all(call, &format!("buildTypes/id:{id}/builds/"), Some(&id))
        }
        [locator, field] => {
            text_or_406(call)?;
            let build_type = find(call, locator)?;
            match field {
                "id" => Ok(Reply::Text(200, build_type.id.clone())),
                "name" => Ok(Reply::Text(200, build_type.name.clone())),
                "paused" => Ok(Reply::Text(200, build_type.paused.to_string())),
                "description" => Ok(Reply::Text(200, build_type.description.clone())),
                "type" => Ok(Reply::Text(200, kind_name(build_type.kind).to_owned())),
                "projectId" => Ok(Reply::Text(200, build_type.project.clone())),
                _ => Err(ApiError::not_found(format!(
                    "Field '{field}' is not supported.  Supported are: id, name, description, projectId, paused"
                ))),
            }
        }
        _ => Err(ApiError::jersey(404)),
    }
}
