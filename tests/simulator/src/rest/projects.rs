//! `/app/rest/projects` (TeamCity's source: Project.java, ProjectFinder.java, ProjectRequest.java).

use crate::json::Json;
use crate::model::{BuildType, Project, Property};

use super::build_types::build_type_json;
use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::locator::Locator;
use super::paging::{Page, list, page};
use super::parameters::{self, Holder, Shown, list_json};
use super::posted::text;
use super::{
    Answer, Call, Reply, build_type_changes, only, project_changes, project_features, vcs,
    versioned_settings,
};

const KNOWN: [&str; 10] = [
    "id",
    "internalId",
    "name",
    "project",
    "parentProject",
    "affectedProject",
    "archived",
    "count",
    "start",
    "lookupLimit",
];

/// A permission that the caller must have in a project.
pub(super) fn needs(
    call: &Call<'_>,
    project: &str,
    permission: &str,
    name: &str,
) -> Result<(), ApiError> {
    if call.state.may(&call.who, project, permission) {
        return Ok(());
    }
    Err(ApiError::lacks(
        name,
        &call.state.project_internal_id(project),
    ))
}

/// The id that a project's or root's locator names.
pub(super) fn project_id(locator: &str) -> Result<String, ApiError> {
    let locator = Locator::parse(locator)?;
    Ok(locator
        .value("id")?
        .or_else(|| locator.single().map(str::to_owned))
        .unwrap_or_default())
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
        .put("parentProjectId", Level::Short, parent.clone())
        .put(
            "description",
            Level::Short,
            Some(project.description.clone()).filter(|text| !text.is_empty()),
        )
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
    if let Some(parent) = parent {
        obj.nest("parentProject", Level::Long, &Fields::short(), |fields| {
            project_json(call, &parent, fields)
        });
    }
    obj.nest("buildTypes", Level::Long, &Fields::long(), |fields| {
        build_types_json(call, id, false, fields)
    });
    obj.nest("templates", Level::Long, &Fields::long(), |fields| {
        build_types_json(call, id, true, fields)
    });
    if state.may(&call.who, id, "view_build_configuration_settings") {
        obj.nest("parameters", Level::Long, &Fields::long(), |fields| {
            let href = call.href(&format!("projects/id:{id}/parameters"));
            list_json(&parameters_of(call, id), Some(href), fields)
        });
        obj.with("vcsRoots", Level::Long, || {
            let href = call.href(&format!("vcs-roots?locator=project:(id:{id})"));
            Json::object([("href", href.into())])
        });
        obj.nest("projectFeatures", Level::Long, &Fields::long(), |fields| {
            project_features::list_json(call, project, fields)
        });
    }
    obj.nest("projects", Level::Long, &Fields::long(), |fields| {
        let own: Vec<&Project> = state
            .projects
            .iter()
            .filter(|known| known.parent == id && known.id != "_Root")
            .filter(|known| state.may(&call.who, &known.id, "view_project"))
            .collect();
        let mut obj = Obj::new(fields);
        obj.always("count", Level::Short, own.len());
        obj.nest("project", Level::Short, &Fields::short(), |fields| {
            own.iter()
                .map(|known| project_json(call, &known.id, fields))
                .collect::<Vec<_>>()
        });
        obj.done()
    });
    obj.done()
}

/// The configurations, or the templates, of a project.
fn build_types_json(call: &Call<'_>, project: &str, templates: bool, fields: &Fields) -> Json {
    let own: Vec<&BuildType> = call
        .state
        .build_types
        .iter()
        .filter(|known| known.project == project && known.template == templates)
        .collect();
    let mut obj = Obj::new(fields);
    obj.always("count", Level::Short, own.len());
    obj.nest("buildType", Level::Short, &Fields::short(), |fields| {
        own.iter()
            .map(|known| build_type_json(call, known, fields))
            .collect::<Vec<_>>()
    });
    obj.done()
}

/// A project's own parameters, then those of the projects above that it does not set itself.
pub(super) fn parameters_of(call: &Call<'_>, project: &str) -> Vec<Shown> {
    let mut all: Vec<Shown> = Vec::new();
    for id in call.state.lineage(project) {
        let Some(found) = call.state.project(&id) else {
            continue;
        };
        for property in &found.parameters {
            if !all.iter().any(|it| it.property.name == property.name) {
                all.push(Shown {
                    property: property.clone(),
                    inherited: id != project,
                });
            }
        }
    }
    all
}

/// The parameters of the project of that id.
struct Parameters(String);

impl Holder for Parameters {
    fn shown(&self, call: &Call<'_>) -> Vec<Shown> {
        parameters_of(call, &self.0)
    }
    fn href(&self, call: &Call<'_>) -> String {
        call.href(&format!("projects/id:{}/parameters", self.0))
    }
    fn may_edit(&self, call: &Call<'_>) -> Result<(), ApiError> {
        needs(call, &self.0, "edit_project", "Edit project")
    }
    fn set(&self, call: &mut Call<'_>, property: Property) -> Result<(), ApiError> {
        change(call, &self.0, |project| {
            project
                .parameters
                .retain(|known| known.name != property.name);
            project.parameters.push(property);
        })
    }
    fn remove(&self, call: &mut Call<'_>, name: &str) -> Result<(), ApiError> {
        change(call, &self.0, |project| {
            project.parameters.retain(|known| known.name != name);
        })
    }
}

/// Changes the project of an id.
pub(super) fn change<T>(
    call: &mut Call<'_>,
    id: &str,
    change: impl FnOnce(&mut Project) -> T,
) -> Result<T, ApiError> {
    let found = call.state.projects.iter_mut().find(|known| known.id == id);
    found.map(change).ok_or_else(ApiError::null_pointer)
}

/// The visible project of a locator in a path or a body: the id of it.
pub(super) fn find(call: &Call<'_>, text: &str) -> Result<String, ApiError> {
    let locator = Locator::parse(text)?;
    let state = &call.state;
    let missing =
        |how: &str| ApiError::not_found(format!("No project found by locator '{text}'. {how}"));
    let visible = |project: &&Project| state.may(&call.who, &project.id, "view_project");
    let by = |is_it: &dyn Fn(&Project) -> bool| {
        let mut all = state.projects.iter().filter(visible);
        all.find(|project| is_it(project))
            .map(|project| project.id.clone())
    };
    if let Some(single) = locator.single() {
        let found = by(&|project| project.id == single)
            .or_else(|| by(&|project| state.project_internal_id(&project.id) == single))
            .or_else(|| by(&|project| project.name == single));
        return found.ok_or_else(|| {
            missing(&format!(
                "Project cannot be found by external id '{single}'."
            ))
        });
    }
    if let Some(id) = locator.value("id")? {
        return by(&|project| project.id == id)
            .ok_or_else(|| missing(&format!("Project cannot be found by external id '{id}'.")));
    }
    if let Some(id) = locator.value("internalId")? {
        return by(&|project| state.project_internal_id(&project.id) == id)
            .ok_or_else(|| missing(&format!("Project cannot be found by internal id '{id}'.")));
    }
    let mut found = find_all(call, &locator)?;
    if found.is_empty() {
        return Err(ApiError::not_found(format!(
            "Nothing is found by locator 'count:1,{text}'."
        )));
    }
    Ok(found.swap_remove(0))
}

/// Ids of the visible projects that fit a locator.
fn find_all(call: &Call<'_>, locator: &Locator) -> Result<Vec<String>, ApiError> {
    locator.help(&KNOWN)?;
    let state = &call.state;
    if locator.single().is_some() {
        return Ok(find(call, locator.text()).into_iter().collect());
    }
    let id = locator.value("id")?;
    let internal = locator.value("internalId")?;
    let name = locator.value("name")?;
    let parent = locator
        .raw("project")?
        .map(|inner| find(call, inner))
        .transpose()?;
    // `parentProject` is the older name of `affectedProject`.
    let above = match locator.raw("parentProject")? {
        Some(inner) => Some(inner),
        None => locator.raw("affectedProject")?,
    };
    let above = above.map(|inner| find(call, inner)).transpose()?;
    let archived = locator.boolean("archived")?;
    for name in ["count", "start", "lookupLimit"] {
        locator.all(name);
    }
    locator.finish(&KNOWN)?;
    let fits = |project: &&Project| {
        id.as_ref().is_none_or(|id| project.id == *id)
            && internal
                .as_ref()
                .is_none_or(|id| state.project_internal_id(&project.id) == *id)
            && name.as_ref().is_none_or(|name| project.name == *name)
            && parent
                .as_ref()
                .is_none_or(|parent| project.parent == *parent && project.id != "_Root")
            && above.as_ref().is_none_or(|above| {
                project.id != *above && state.lineage(&project.id).contains(above)
            })
            && archived != Some(true)
            && state.may(&call.who, &project.id, "view_project")
    };
    let found = state.projects.iter().filter(fits);
    Ok(found.map(|project| project.id.clone()).collect())
}

/// The project that a posted entity names: by `id`, `internalId` or `locator`.
pub(super) fn posted(call: &Call<'_>, body: &serde_json::Value) -> Result<String, ApiError> {
    for name in ["id", "internalId"] {
        if let Some(id) = text(body, name)? {
            return find(call, &format!("{name}:{id}"));
        }
    }
    match text(body, "locator")? {
        Some(locator) => find(call, locator),
        None => Err(ApiError::bad_request(
            "No project specified. Either 'id', 'internalId' or 'locator' attribute should be present.",
        )),
    }
}

pub(super) fn route(call: &mut Call<'_>, path: &[&str]) -> Answer {
    match *path {
        [] if call.method == "POST" => project_changes::create(call),
        [] => {
            only(call, &["GET", "POST"])?;
            let text = call.query("locator").unwrap_or_default().to_owned();
            let locator = Locator::parse_optional(Some(&text))?;
            let wanted = Page::read(&locator, None, None)?;
            let paged = page(find_all(call, &locator)?, wanted, |_| true);
            let json = list(
                call,
                "projects",
                &text,
                wanted,
                &paged,
                "project",
                |id, fields| project_json(call, id, fields),
            );
            Ok(Reply::Entity("projects", json))
        }
        [locator] => {
            only(call, &["GET", "DELETE"])?;
            let id = find(call, locator)?;
            if call.method == "DELETE" {
                return project_changes::delete(call, &id);
            }
            Ok(Reply::Entity(
                "project",
                project_json(call, &id, &call.fields()),
            ))
        }
        [locator, "parameters", ref rest @ ..] => {
            let id = find(call, locator)?;
            vcs::may_view_settings(call, &id)?;
            parameters::route(call, &Parameters(id), rest)
        }
        [locator, "projectFeatures", ref rest @ ..] => {
            let id = find(call, locator)?;
            vcs::may_view_settings(call, &id)?;
            project_features::route(call, &id, rest)
        }
        [locator, "secure", ref rest @ ..] => {
            let id = find(call, locator)?;
            project_features::secure(call, &id, rest)
        }
        [locator, "sshKeys"] => {
            only(call, &["GET"])?;
            let id = find(call, locator)?;
            vcs::may_view_settings(call, &id)?;
            // No project here has keys.
            let none = Json::object([("sshKey", Json::List(Vec::new()))]);
            Ok(Reply::Entity("sshKeys", none))
        }
        [locator, "versionedSettings", ref rest @ ..] => {
            let id = find(call, locator)?;
            versioned_settings::route(call, &id, rest)
        }
        [locator, kind @ ("buildTypes" | "templates")] => {
            let id = find(call, locator)?;
            if call.method == "POST" {
                return build_type_changes::create_in(call, &id, kind == "templates");
            }
            only(call, &["GET", "POST"])?;
            Ok(Reply::Entity(
                "buildTypes",
                build_types_json(call, &id, kind == "templates", &call.fields()),
            ))
        }
        [locator, "parentProject"] => {
            only(call, &["GET"])?;
            let id = find(call, locator)?;
            let parent = call.state.project(&id).filter(|it| it.id != "_Root");
            let parent = parent.map(|project| project.parent.clone());
            let parent = parent.ok_or_else(|| ApiError::not_found("Project has no parent."))?;
            Ok(Reply::Entity(
                "project",
                project_json(call, &parent, &call.fields()),
            ))
        }
        [locator, name] => {
            let id = find(call, locator)?;
            project_changes::field(call, &id, name)
        }
        _ => Err(ApiError::jersey(404)),
    }
}
