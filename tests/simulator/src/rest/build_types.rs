//! `/app/rest/buildTypes` and `/app/rest/projects` (TeamCity's source: BuildTypeFinder.java, BuildType.java).

use crate::json::Json;
use crate::model::{BuildType, BuildTypeKind};

use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::locator::Locator;
use super::paging::{Page, list, page};
use super::{Answer, Call, Reply, branches, only, text_or_406, vcs};

const KNOWN: [&str; 12] = [
    "id",
    "internalId",
    "project",
    "affectedProject",
    "name",
    "template",
    "paused",
    "type",
    "vcsRoot",
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
    let template = locator.boolean("template")?;
    all &= template.is_none_or(|template| template == build_type.template);
    all &= locator
        .boolean("paused")?
        .is_none_or(|paused| paused == build_type.paused);
    all &= text("type")?.is_none_or(|kind| kind_name(build_type.kind) == kind);
    Ok(all)
}

/// The id that a project's or root's locator names.
pub(super) fn project_id(locator: &str) -> Result<String, ApiError> {
    let locator = Locator::parse(locator)?;
    Ok(locator
        .value("id")?
        .or_else(|| locator.single().map(str::to_owned))
        .unwrap_or_default())
}

/// All configurations that fit and that the caller may see.
pub(super) fn find_all<'s>(
    call: &'s Call<'_>,
    locator: &Locator,
) -> Result<Vec<&'s BuildType>, ApiError> {
    locator.help(&KNOWN)?;
    for name in ["count", "start", "lookupLimit", "item"] {
        locator.all(name);
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

fn kind_name(kind: BuildTypeKind) -> &'static str {
    match kind {
        BuildTypeKind::Regular => "regular",
        BuildTypeKind::Composite => "composite",
        BuildTypeKind::Deployment => "deployment",
    }
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
        .nest("templates", Level::Long, &Fields::long(), |_| {
            Json::object([("count", 0_i64.into()), ("buildType", Json::List(vec![]))])
        });
    if state.may(
        &call.who,
        &build_type.project,
        "view_build_configuration_settings",
    ) {
        obj.nest("vcs-root-entries", Level::Long, &Fields::long(), |fields| {
            vcs::entries_json(call, build_type, fields)
        });
        obj.nest("settings", Level::Long, &Fields::long(), |_| {
            let property = |name: &str, value: &str| {
                Json::object([("name", name.into()), ("value", value.into())])
            };
            Json::object([
                ("count", 2_i64.into()),
                (
                    "property",
                    Json::List(vec![
                        property(
                            "buildConfigurationType",
                            &kind_name(build_type.kind).to_uppercase(),
                        ),
                        property(
                            "allowPersonalBuildTriggering",
                            if build_type.allow_personal {
                                "true"
                            } else {
                                "false"
                            },
                        ),
                    ]),
                ),
            ])
        });
        obj.nest("parameters", Level::Long, &Fields::long(), |_| {
            let list = build_type.parameters.iter().map(|(name, value)| {
                Json::object([
                    ("name", name.as_str().into()),
                    ("value", value.as_str().into()),
                ])
            });
            Json::object([
                ("count", build_type.parameters.len().into()),
                ("href", call.href(&format!("{own}/parameters")).into()),
                ("property", Json::List(list.collect())),
            ])
        });
        obj.nest(
            "snapshot-dependencies",
            Level::Long,
            &Fields::long(),
            |fields| {
                let mut obj = Obj::new(fields);
                obj.always("count", Level::Short, build_type.dependencies.len());
                obj.nest(
                    "snapshot-dependency",
                    Level::Short,
                    &Fields::long(),
                    |fields| {
                        build_type
                            .dependencies
                            .iter()
                            .map(|dependency| {
                                let mut obj = Obj::new(fields);
                                obj.put("id", Level::Short, dependency.build_type.as_str())
                                    .put("type", Level::Short, "snapshot_dependency");
                                obj.nest(
                                    "source-buildType",
                                    Level::Short,
                                    &Fields::short(),
                                    |fields| {
                                        state
                                            .build_type(&dependency.build_type)
                                            .map_or(Json::Null, |of| {
                                                build_type_json(call, of, fields)
                                            })
                                    },
                                );
                                obj.done()
                            })
                            .collect::<Vec<_>>()
                    },
                );
                obj.done()
            },
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

pub(super) fn project_json(call: &Call<'_>, id: &str, fields: &Fields) -> Json {
    let state = &call.state;
    let Some(project) = state.project(id) else {
        return Json::Null;
    };
    let parent = (id != "_Root").then(|| project.parent.clone());
    let mut obj = Obj::new(fields);
    obj.put("id", Level::Short, id)
        .put("internalId", Level::Named, state.project_internal_id(id))
        .put("name", Level::Short, project.name.as_str())
        .put("parentProjectId", Level::Short, parent)
        .put(
            "href",
            Level::Short,
            call.href(&format!("projects/id:{id}")),
        )
        .put(
            "webUrl",
            Level::Short,
            format!("{}/project.html?projectId={id}", state.web_url),
        );
    obj.nest("buildTypes", Level::Long, &Fields::long(), |fields| {
        let own: Vec<&BuildType> = state
            .build_types
            .iter()
            .filter(|known| known.project == id && !known.template)
            .collect();
        let mut obj = Obj::new(fields);
        obj.always("count", Level::Short, own.len());
        obj.nest("buildType", Level::Short, &Fields::short(), |fields| {
            own.iter()
                .map(|known| build_type_json(call, known, fields))
                .collect::<Vec<_>>()
        });
        obj.done()
    });
    obj.done()
}

pub(super) fn route(call: &mut Call<'_>, path: &[&str]) -> Answer {
    only(call, &["GET"])?;
    match *path {
        [] => {
            let text = call.query("locator").unwrap_or_default().to_owned();
            let locator = Locator::parse_optional(Some(&text))?;
            let asked_template = locator.has("template");
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
        [locator, "vcs-root-entries"] => {
            let build_type = find(call, locator)?;
            vcs::may_view_settings(call, &build_type.project)?;
            Ok(Reply::Entity(
                "vcs-root-entries",
                vcs::entries_json(call, build_type, &call.fields()),
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
                "projectId" => Ok(Reply::Text(200, build_type.project.clone())),
                _ => Err(ApiError::not_found(format!(
                    "Field '{field}' is not supported.  Supported are: id, name, description, projectId, paused"
                ))),
            }
        }
        _ => Err(ApiError::jersey(404)),
    }
}

pub(super) fn projects(call: &mut Call<'_>, path: &[&str]) -> Answer {
    only(call, &["GET"])?;
    let visible = |id: &str| call.state.may(&call.who, id, "view_project");
    match *path {
        [] => {
            let wanted = Page {
                start: 0,
                count: None,
                lookup_limit: None,
            };
            let paged = page(&call.state.projects, wanted, |project| visible(&project.id));
            let json = list(
                call,
                "projects",
                "",
                wanted,
                &paged,
                "project",
                |project, fields| project_json(call, &project.id, fields),
            );
            Ok(Reply::Entity("projects", json))
        }
        [locator] => {
            let id = project_id(locator)?;
            if call.state.project(&id).is_none() || !visible(&id) {
                return Err(ApiError::not_found(format!(
                    "No project found by locator '{locator}'. Project cannot be found by external id '{id}'."
                )));
            }
            Ok(Reply::Entity(
                "project",
                project_json(call, &id, &call.fields()),
            ))
        }
        _ => Err(ApiError::jersey(404)),
    }
}
