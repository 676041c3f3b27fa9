//! Making, naming, pausing and deleting configurations and templates (TeamCity's source: BuildTypeRequest.java, BuildTypeOrTemplate.java).

use crate::model::BuildType;

use super::build_types::{build_type_json, find};
use super::errors::ApiError;
use super::posted::{flag, items, text};
use super::{Answer, Call, Reply, build_type_links, parameters, project_changes, projects};

/// A posted configuration or template.
pub(super) fn create(call: &mut Call<'_>) -> Answer {
    let body = call.json()?;
    let project = match body.get("project").filter(|it| !it.is_null()) {
        Some(project) => projects::posted(call, project)?,
        None => {
            let id = text(&body, "projectId")?.ok_or_else(|| {
                ApiError::bad_request("Build type creation request should contain project node.")
            })?;
            if call.state.project(id).is_none() {
                return Err(ApiError::bad_request(format!(
                    "Cannot find project with id '{id}'."
                )));
            }
            id.to_owned()
        }
    };
    let name = text(&body, "name")?.unwrap_or_default();
    if name.is_empty() {
        return Err(ApiError::bad_request(
            "When creating a build type, non empty name should be provided.",
        ));
    }
    let mut of = BuildType::new(match text(&body, "id")? {
        Some(id) => id.to_owned(),
        None => project_changes::id_for(&project, name),
    })
    .project(project)
    .name(name)
    .description(text(&body, "description")?.unwrap_or_default());
    of.template = flag(&body, "templateFlag")?;
    of.templates = build_type_links::posted_templates(call, &body)?;
    of.parameters = items(&body, "parameters", "property")?
        .iter()
        .map(|property| parameters::posted(property, None))
        .collect::<Result<_, _>>()?;
    for entry in items(&body, "vcs-root-entries", "vcs-root-entry")? {
        let (root, rules) = build_type_links::posted_entry(call, entry)?;
        of = of.root_with_rules(root, rules);
    }
    add(call, of)
}

/// `POST /projects/{locator}/buildTypes` and `templates`: an empty one, named by a text or by `name` and `id`.
pub(super) fn create_in(call: &mut Call<'_>, project: &str, template: bool) -> Answer {
    let kind = call.header("content-type").unwrap_or_default();
    let (name, id) = if kind.starts_with("text/plain") {
        (String::from_utf8_lossy(call.body).into_owned(), None)
    } else {
        let body = call.json()?;
        let name = text(&body, "name")?.unwrap_or_default().to_owned();
        (name, text(&body, "id")?.map(str::to_owned))
    };
    if name.is_empty() {
        let what = if template {
            "Build type template"
        } else {
            "Build type"
        };
        return Err(ApiError::bad_request(format!(
            "{what} name cannot be empty."
        )));
    }
    let id = id.unwrap_or_else(|| project_changes::id_for(project, &name));
    let mut of = BuildType::new(id).project(project).name(name);
    of.template = template;
    add(call, of)
}

fn add(call: &mut Call<'_>, of: BuildType) -> Answer {
    projects::needs(call, &of.project, "edit_project", "Edit project")?;
    if call.state.build_type(&of.id).is_some() {
        return Err(ApiError::bad_request(format!(
            "The build configuration / template ID \"{}\" is already used by another configuration or template",
            of.id
        )));
    }
    let json = build_type_json(call, &of, &call.fields());
    call.state.build_types.push(of);
    Ok(Reply::Entity("buildType", json))
}

/// Takes a configuration away, with its builds.
pub(super) fn forget(call: &mut Call<'_>, id: &str) {
    let now = call.now;
    let state = &mut *call.state;
    let own = state.builds.values_mut().filter(|it| it.build_type == id);
    own.for_each(|build| build.deleted = Some(now));
    state.build_types.retain(|known| known.id != id);
}

pub(super) fn delete(call: &mut Call<'_>, text: &str) -> Answer {
    let of = find(call, text)?.clone();
    projects::needs(call, &of.project, "edit_project", "Edit project")?;
    let attached = call
        .state
        .build_types
        .iter()
        .any(|known| known.templates.contains(&of.id));
    if attached {
        return Err(ApiError::bad_request(format!(
            "Cannot remove template with id '{}': it is used by build configurations",
            of.id
        )));
    }
    forget(call, &of.id);
    Ok(Reply::Empty(204))
}

pub(super) fn set_field(call: &mut Call<'_>, locator: &str, field: &str) -> Answer {
    let of = find(call, locator)?.clone();
    let value = String::from_utf8_lossy(call.body).into_owned();
    match field {
        "paused" => projects::needs(
            call,
            &of.project,
            "pause_activate_build_configuration",
            "Pause / activate build configuration",
        )?,
        _ => projects::needs(call, &of.project, "edit_project", "Edit project")?,
    }
    let found = call.state.build_types.iter_mut().find(|it| it.id == of.id);
    let found = found.ok_or_else(ApiError::null_pointer)?;
    match field {
        "name" => found.name.clone_from(&value),
        "description" => found.description.clone_from(&value),
        "paused" if !found.template => found.paused = value.trim() == "true",
        _ => {
            return Err(ApiError::bad_request(format!(
                "Setting field '{field}' is not supported. Supported are: name, description, paused"
            )));
        }
    }
    let value = match field {
        "paused" => found.paused.to_string(),
        _ => value,
    };
    Ok(Reply::Text(200, value))
}
