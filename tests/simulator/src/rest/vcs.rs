//! VCS roots and their instances (TeamCity's source: VcsRootInstanceRequest.java, VcsRootInstanceFinder.java).

use crate::json::Json;
use crate::model::{BuildType, Root};

use super::branches::Condition;
use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::locator::Locator;
use super::paging::{Page, list, page};
use super::posted::text;
use super::{Answer, Call, Reply, build_types, only, project_changes, projects, vcs_hooks};

const SETTINGS: &str = "view_build_configuration_settings";
const KNOWN: [&str; 11] = [
    "id",
    "vcsRoot",
    "buildType",
    "project",
    "affectedProject",
    "property",
    "type",
    "repositoryIdString",
    "count",
    "start",
    "lookupLimit",
];

pub(super) fn may_view_settings(call: &Call<'_>, project: &str) -> Result<(), ApiError> {
    if call.state.may(&call.who, project, SETTINGS) {
        return Ok(());
    }
    Err(ApiError::lacks(
        "View build configuration settings",
        &call.state.project_internal_id(project),
    ))
}

fn properties(root: &Root, fields: &Fields) -> Json {
    let list: Vec<(&str, String)> = vec![
        ("url", root.url.clone()),
        ("branch", root.default_branch.clone()),
        ("teamcity:branchSpec", root.spec.join("\n")),
        ("authMethod", "TEAMCITY_SSH_KEY".to_owned()),
    ];
    let mut obj = Obj::new(fields);
    obj.always("count", Level::Short, list.len());
    obj.nest("property", Level::Short, &Fields::long(), |fields| {
        list.iter()
            .map(|(name, value)| {
                let mut obj = Obj::new(fields);
                obj.put("name", Level::Short, *name)
                    .put("value", Level::Short, value.as_str())
                    .done()
            })
            .collect::<Vec<_>>()
    });
    obj.done()
}

fn root_json(call: &Call<'_>, root: &Root, fields: &Fields) -> Json {
    let mut obj = Obj::new(fields);
    obj.put("id", Level::Short, root.id.as_str())
        .put("name", Level::Short, root.name.as_str())
        .put("vcsName", Level::Long, "jetbrains.git")
        .put(
            "href",
            Level::Short,
            call.href(&format!("vcs-roots/id:{}", root.id)),
        )
        .nest("project", Level::Long, &Fields::short(), |fields| {
            projects::project_json(call, &root.project, fields)
        })
        .nest("properties", Level::Long, &Fields::long(), |fields| {
            properties(root, fields)
        })
        .with("vcsRootInstances", Level::Long, || {
            Json::object([(
                "href",
                call.href(&format!(
                    "vcs-root-instances?locator=vcsRoot:(id:{})",
                    root.id
                ))
                .into(),
            )])
        });
    obj.done()
}

pub(super) fn instance_json(call: &Call<'_>, root: &Root, fields: &Fields) -> Json {
    let id = call.state.instance_id(&root.id);
    let mut obj = Obj::new(fields);
    obj.put("id", Level::Short, id.to_string())
        .put("vcs-root-id", Level::Short, root.id.as_str())
        .put("name", Level::Short, root.name.as_str())
        .put("vcsName", Level::Long, "jetbrains.git")
        .put(
            "href",
            Level::Short,
            call.href(&format!("vcs-root-instances/id:{id}")),
        )
        .with("lastVersion", Level::Named, || {
            call.state
                .head(&root.id, &root.default_branch, call.now)
                .map(|change| change.version.clone())
        })
        .nest("vcs-root", Level::Long, &Fields::short(), |fields| {
            root_json(call, root, fields)
        })
        .nest("properties", Level::Long, &Fields::long(), |fields| {
            properties(root, fields)
        });
    obj.done()
}

pub(super) fn entries_json(call: &Call<'_>, build_type: &BuildType, fields: &Fields) -> Json {
    let mut obj = Obj::new(fields);
    obj.always("count", Level::Short, build_type.roots.len());
    obj.nest("vcs-root-entry", Level::Short, &Fields::long(), |fields| {
        build_type
            .roots
            .iter()
            .filter_map(|(id, rules)| {
                let root = call.state.root(id)?;
                let mut obj = Obj::new(fields);
                obj.put("id", Level::Short, id.as_str())
                    .put("inherited", Level::Short, false)
                    .nest("vcs-root", Level::Short, &Fields::short(), |fields| {
                        root_json(call, root, fields)
                    })
                    .put("checkout-rules", Level::Short, rules.as_str());
                Some(obj.done())
            })
            .collect::<Vec<_>>()
    });
    obj.done()
}

/// Ids of the roots that a locator of roots or instances means, permissions not looked at.
pub(super) fn matching(
    call: &Call<'_>,
    locator: &Locator,
    instances: bool,
) -> Result<Vec<String>, ApiError> {
    locator.help(&KNOWN)?;
    let state = &call.state;
    let mut found = Vec::new();
    let id = locator
        .value("id")?
        .or_else(|| locator.single().map(str::to_owned));
    let vcs_root = locator
        .raw("vcsRoot")?
        .map(projects::project_id)
        .transpose()?;
    let build_type = match locator.raw("buildType")? {
        Some(text) => {
            let inner = Locator::parse(text)?;
            let types = build_types::find_all(call, &inner)?;
            let roots: Vec<String> = types
                .iter()
                .flat_map(|t| t.roots.iter().map(|(id, _)| id.clone()))
                .collect();
            Some(roots)
        }
        None => None,
    };
    let project = locator
        .raw("project")?
        .map(projects::project_id)
        .transpose()?;
    let affected = locator
        .raw("affectedProject")?
        .map(projects::project_id)
        .transpose()?;
    let mut conditions = Vec::new();
    for text in locator.all("property") {
        let inner = Locator::parse(text)?;
        let name = inner.value("name")?.unwrap_or_default();
        conditions.push((name, Condition::read(&inner)?));
    }
    let kind = locator.value("type")?;
    for name in ["repositoryIdString", "count", "start", "lookupLimit"] {
        locator.all(name);
    }
    locator.finish(&KNOWN)?;
    for root in &state.roots {
        let own_id = if instances {
            state.instance_id(&root.id).to_string()
        } else {
            root.id.clone()
        };
        let fits = id.as_ref().is_none_or(|id| *id == own_id)
            && vcs_root.as_ref().is_none_or(|id| *id == root.id)
            && build_type
                .as_ref()
                .is_none_or(|roots| roots.contains(&root.id))
            && project.as_ref().is_none_or(|id| *id == root.project)
            && affected
                .as_ref()
                .is_none_or(|id| state.lineage(&root.project).contains(id))
            && kind.as_ref().is_none_or(|kind| kind == "jetbrains.git")
            && conditions
                .iter()
                .all(|(name, condition)| match name.as_str() {
                    "url" => condition.fits(&root.url),
                    "branch" => condition.fits(&root.default_branch),
                    _ => false,
                });
        if fits {
            found.push(root.id.clone());
        }
    }
    Ok(found)
}

pub(super) fn visible(call: &Call<'_>, ids: &[String]) -> Vec<Root> {
    let all = call
        .state
        .roots
        .iter()
        .filter(|root| ids.contains(&root.id));
    all.filter(|root| call.state.may(&call.who, &root.project, SETTINGS))
        .cloned()
        .collect()
}

/// `POST /vcs-roots`: a root of a project.
fn create(call: &mut Call<'_>) -> Answer {
    let body = call.json()?;
    let project = body.get("project").filter(|it| !it.is_null());
    let project = project.ok_or_else(|| {
        ApiError::bad_request("Project is not specified. Should have 'project' element.")
    })?;
    let project = projects::posted(call, project)?;
    let name = "Create / delete VCS root";
    projects::needs(call, &project, "create_delete_vcs_root", name)?;
    if text(&body, "vcsName")?.is_none_or(str::is_empty) {
        return Err(ApiError::bad_request(
            "Attribute 'vcsName' must be specified when creating VCS root. Should be a valid VCS support name.",
        ));
    }
    let name = text(&body, "name")?.unwrap_or_default();
    let id = match text(&body, "id")? {
        Some(id) => id.to_owned(),
        None => project_changes::id_for(&project, name),
    };
    if call.state.root(&id).is_some() {
        return Err(ApiError::bad_request(format!(
            "VCS root ID \"{id}\" is already used by another VCS root"
        )));
    }
    let given = super::parameters::posted_list(&body)?;
    let value = |wanted: &str| {
        let found = given.iter().find(|property| property.name == wanted);
        found.map(|property| property.value.clone())
    };
    let mut root = Root::new(id, value("url").unwrap_or_default())
        .project(project)
        .name(name);
    if let Some(branch) = value("branch") {
        root = root.default_branch(branch);
    }
    let spec = value("teamcity:branchSpec").unwrap_or_default();
    root = root.spec(spec.lines());
    let json = root_json(call, &root, &call.fields());
    call.state.roots.push(root);
    Ok(Reply::Entity("vcs-root", json))
}

fn delete(call: &mut Call<'_>, text: &str) -> Answer {
    let ids = matching(call, &Locator::parse(text)?, false)?;
    let found = call.state.roots.iter().find(|root| ids.contains(&root.id));
    let root = found.cloned().ok_or_else(|| missing(text))?;
    let name = "Create / delete VCS root";
    projects::needs(call, &root.project, "create_delete_vcs_root", name)?;
    let used = |of: &BuildType| of.roots.iter().any(|(id, _)| *id == root.id);
    if call.state.build_types.iter().any(used) {
        return Err(ApiError::bad_request(format!(
            "Cannot delete VCS root with id '{}': it is used by build configurations",
            root.id
        )));
    }
    call.state.roots.retain(|known| known.id != root.id);
    Ok(Reply::Empty(204))
}

fn missing(text: &str) -> ApiError {
    ApiError::not_found(format!("No VCS root is found by locator 'count:1,{text}'."))
}

pub(super) fn roots(call: &mut Call<'_>, path: &[&str]) -> Answer {
    match (path, call.method) {
        ([], "POST") => return create(call),
        ([text], "DELETE") => return delete(call, text),
        _ => only(call, &["GET"])?,
    }
    match *path {
        [] => {
            let text = call.query("locator").unwrap_or_default().to_owned();
            let locator = Locator::parse_optional(Some(&text))?;
            let wanted = Page::usual(&locator)?;
            let all = visible(call, &matching(call, &locator, false)?);
            let paged = page(all, wanted, |_| true);
            Ok(Reply::Entity(
                "vcs-roots",
                list(
                    call,
                    "vcs-roots",
                    &text,
                    wanted,
                    &paged,
                    "vcs-root",
                    |root, fields| root_json(call, root, fields),
                ),
            ))
        }
        [text] => {
            let ids = matching(call, &Locator::parse(text)?, false)?;
            let Some(root) = call.state.roots.iter().find(|root| ids.contains(&root.id)) else {
                return Err(missing(text));
            };
            may_view_settings(call, &root.project)?;
            Ok(Reply::Entity(
                "vcs-root",
                root_json(call, root, &call.fields()),
            ))
        }
        _ => Err(ApiError::jersey(404)),
    }
}

pub(super) fn instances(call: &mut Call<'_>, path: &[&str]) -> Answer {
    match *path {
        ["commitHookNotification"] => vcs_hooks::hook(call),
        ["checkingForChangesQueue"] => vcs_hooks::checking(call),
        [] => {
            only(call, &["GET"])?;
            let text = call.query("locator").unwrap_or_default().to_owned();
            let locator = Locator::parse_optional(Some(&text))?;
            let wanted = Page::usual(&locator)?;
            let all = visible(call, &matching(call, &locator, true)?);
            let paged = page(all, wanted, |_| true);
            Ok(Reply::Entity(
                "vcs-root-instances",
                list(
                    call,
                    "vcs-root-instances",
                    &text,
                    wanted,
                    &paged,
                    "vcs-root-instance",
                    |root, fields| instance_json(call, root, fields),
                ),
            ))
        }
        [text] | [text, "repositoryState"] => {
            only(call, &["GET"])?;
            let ids = matching(call, &Locator::parse(text)?, true)?;
            let Some(root) = call.state.roots.iter().find(|root| ids.contains(&root.id)) else {
                return Err(ApiError::not_found(format!(
                    "No VCS root instances found by locator 'count:1,{text}'."
                )));
            };
            may_view_settings(call, &root.project)?;
            if path.len() == 2 {
                return Ok(repository_state(call, root));
            }
            Ok(Reply::Entity(
                "vcs-root-instance",
                instance_json(call, root, &call.fields()),
            ))
        }
        _ => Err(ApiError::jersey(404)),
    }
}

fn repository_state(call: &Call<'_>, root: &Root) -> Reply {
    let entries: Vec<Json> = call
        .state
        .known_refs(root, call.now)
        .into_iter()
        .filter_map(|name| {
            let head = call.state.head(&root.id, &name, call.now)?;
            Some(Json::object([
                ("name", name.into()),
                ("value", head.version.as_str().into()),
            ]))
        })
        .collect();
    Reply::Entity(
        "entries",
        Json::object([
            ("count", entries.len().into()),
            ("entry", Json::List(entries)),
        ]),
    )
}
