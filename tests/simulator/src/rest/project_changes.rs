//! Making, naming and deleting projects (TeamCity's source: ProjectRequest.java, NewProjectDescription.java).

use crate::model::Project;

use super::errors::ApiError;
use super::fields::Fields;
use super::posted::text;
use super::projects::{change, needs, posted, project_json};
use super::{Answer, Call, Reply, build_type_changes, only, text_or_406};

/// An external id made from a name, as TeamCity's form suggests it.
pub(super) fn id_for(parent: &str, name: &str) -> String {
    let mut id = if parent == "_Root" {
        String::new()
    } else {
        format!("{parent}_")
    };
    let mut up = true;
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            id.push(if up { c.to_ascii_uppercase() } else { c });
            up = false;
        } else {
            up = true;
        }
    }
    id
}

pub(super) fn create(call: &mut Call<'_>) -> Answer {
    let kind = call.header("content-type").unwrap_or_default();
    let (name, id, parent) = if kind.starts_with("text/plain") {
        // A bare name makes a project right under the root.
        let name = String::from_utf8_lossy(call.body).into_owned();
        (name, None, "_Root".to_owned())
    } else {
        let body = call.json()?;
        let parent = match body.get("parentProject").filter(|it| !it.is_null()) {
            Some(parent) => posted(call, parent)?,
            None => "_Root".to_owned(),
        };
        let name = text(&body, "name")?.unwrap_or_default().to_owned();
        (name, text(&body, "id")?.map(str::to_owned), parent)
    };
    if name.is_empty() {
        return Err(ApiError::bad_request("Project name cannot be empty."));
    }
    needs(call, &parent, "create_sub_project", "Create subproject")?;
    let id = id.unwrap_or_else(|| id_for(&parent, &name));
    if call.state.project(&id).is_some() {
        return Err(ApiError::bad_request(format!(
            "Project ID \"{id}\" is already used by another project"
        )));
    }
    let twin = |known: &Project| known.parent == parent && known.name == name;
    if call.state.projects.iter().any(twin) {
        return Err(ApiError::bad_request(format!(
            "Project with this name already exists: {name}"
        )));
    }
    let project = Project::new(&id).name(name).parent(&parent);
    // A new project is in the pools of its parent.
    for pool in &mut call.state.pools {
        if pool.projects.contains(&parent) {
            pool.projects.push(id.clone());
        }
    }
    call.state.projects.push(project);
    Ok(Reply::Entity(
        "project",
        project_json(call, &id, &Fields::long()),
    ))
}

/// Takes a project away, with all that is in it.
pub(super) fn delete(call: &mut Call<'_>, id: &str) -> Answer {
    needs(call, id, "delete_sub_project", "Delete subproject")?;
    if id == "_Root" {
        return Err(ApiError::bad_request("Root project cannot be removed"));
    }
    let state = &call.state;
    let below = |project: &str| state.lineage(project).iter().any(|above| above == id);
    let projects: Vec<String> = state
        .projects
        .iter()
        .filter(|known| below(&known.id))
        .map(|known| known.id.clone())
        .collect();
    let types: Vec<String> = state
        .build_types
        .iter()
        .filter(|known| projects.contains(&known.project))
        .map(|known| known.id.clone())
        .collect();
    for id in types {
        build_type_changes::forget(call, &id);
    }
    let state = &mut *call.state;
    state.roots.retain(|root| !projects.contains(&root.project));
    state.projects.retain(|known| !projects.contains(&known.id));
    for pool in &mut state.pools {
        pool.projects.retain(|known| !projects.contains(known));
    }
    Ok(Reply::Empty(204))
}

pub(super) fn field(call: &mut Call<'_>, id: &str, field: &str) -> Answer {
    text_or_406(call)?;
    only(call, &["GET", "PUT"])?;
    if call.method == "PUT" {
        needs(call, id, "edit_project", "Edit project")?;
        let value = String::from_utf8_lossy(call.body).into_owned();
        match field {
            "name" if value.is_empty() => {
                return Err(ApiError::bad_request("Project name cannot be empty."));
            }
            "name" => change(call, id, |project| project.name = value)?,
            "description" => change(call, id, |project| project.description = value)?,
            _ => {
                return Err(ApiError::bad_request(format!(
                    "Setting field '{field}' is not supported. Supported are: name, description, archived"
                )));
            }
        }
    }
    let project = call.state.project(id).ok_or_else(ApiError::null_pointer)?;
    let value = match field {
        "id" => project.id.clone(),
        "internalId" => call.state.project_internal_id(id),
        "name" => project.name.clone(),
        "description" => project.description.clone(),
        "archived" => "false".to_owned(),
        "parentProjectId" => project.parent.clone(),
        _ => {
            return Err(ApiError::not_found(format!(
                "Field '{field}' is not supported.  Supported are: id, name, description, archived, internalId."
            )));
        }
    };
    Ok(Reply::Text(200, value))
}
