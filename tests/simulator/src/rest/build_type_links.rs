//! What a configuration is tied to: VCS roots, templates, and the configurations that it depends on
//! (TeamCity's source: BuildTypeRequest.java, VcsRootEntry.java, PropEntitySnapshotDep.java).

use serde_json::Value;

use crate::model::{BuildType, Dependency};

use super::build_type_settings::{dependencies_json, dependency_json, may_edit};
use super::build_types::{build_type_json, find, templates_json};
use super::errors::ApiError;
use super::posted::text;
use super::projects::project_id;
use super::{Answer, Call, Reply, only, vcs};

fn change(call: &mut Call<'_>, id: &str, change: impl FnOnce(&mut BuildType)) {
    if let Some(of) = call.state.build_types.iter_mut().find(|of| of.id == id) {
        change(of);
    }
}

fn entries(call: &mut Call<'_>, of: &BuildType, path: &[&str]) -> Answer {
    match (path, call.method) {
        ([], "POST") => {
            may_edit(call, &of.project)?;
            let (root, rules) = posted_entry(call, &call.json()?)?;
            if of.roots.iter().any(|(id, _)| *id == root) {
                return Err(ApiError::bad_request(format!(
                    "VCS root with id '{root}' is already attached"
                )));
            }
            change(call, &of.id, |of| of.roots.push((root, rules)));
        }
        ([text], "DELETE") => {
            may_edit(call, &of.project)?;
            let root = project_id(text)?;
            if !of.roots.iter().any(|(id, _)| *id == root) {
                return Err(ApiError::not_found(format!(
                    "VCS root with id '{root}' is not attached to the build type."
                )));
            }
            change(call, &of.id, |of| of.roots.retain(|(id, _)| *id != root));
            return Ok(Reply::Empty(204));
        }
        ([], _) => only(call, &["GET", "POST"])?,
        ([_], _) => return Err(ApiError::jersey(405)),
        _ => return Err(ApiError::jersey(404)),
    }
    let of = find(call, &format!("id:{}", of.id))?;
    Ok(Reply::Entity(
        "vcs-root-entries",
        vcs::entries_json(call, of, &call.fields()),
    ))
}

/// A posted entry: the id of its root, and the checkout rules.
pub(super) fn posted_entry(call: &Call<'_>, body: &Value) -> Result<(String, String), ApiError> {
    let root = body.pointer("/vcs-root/id").or_else(|| body.get("id"));
    let root = root.and_then(Value::as_str).unwrap_or_default();
    if call.state.root(root).is_none() {
        return Err(ApiError::not_found(format!(
            "No VCS root found by id '{root}'."
        )));
    }
    let rules = text(body, "checkout-rules")?.unwrap_or_default();
    Ok((root.to_owned(), rules.to_owned()))
}

/// The id of the template that a posted entity names.
pub(super) fn posted_template(call: &Call<'_>, body: &Value) -> Result<String, ApiError> {
    let id = text(body, "id")?.unwrap_or_default();
    let found = find(call, &format!("id:{id}"))?;
    if !found.template {
        return Err(ApiError::bad_request(format!(
            "Found build type when only templates are expected: {id}"
        )));
    }
    Ok(id.to_owned())
}

fn templates(call: &mut Call<'_>, of: &BuildType, path: &[&str]) -> Answer {
    match (path, call.method) {
        ([], "POST") => {
            may_edit(call, &of.project)?;
            let id = posted_template(call, &call.json()?)?;
            let json = {
                let template = find(call, &format!("id:{id}"))?;
                build_type_json(call, template, &call.fields())
            };
            change(call, &of.id, |of| {
                if !of.templates.contains(&id) {
                    of.templates.push(id);
                }
            });
            Ok(Reply::Entity("buildType", json))
        }
        ([], _) => {
            only(call, &["GET", "POST"])?;
            Ok(Reply::Entity(
                "buildTypes",
                templates_json(call, of, &call.fields()),
            ))
        }
        ([text], "DELETE") => {
            may_edit(call, &of.project)?;
            let id = project_id(text)?;
            if !of.templates.contains(&id) {
                return Err(ApiError::not_found(format!(
                    "No template with id '{id}' is attached"
                )));
            }
            change(call, &of.id, |of| of.templates.retain(|it| *it != id));
            Ok(Reply::Empty(204))
        }
        ([_], _) => Err(ApiError::jersey(405)),
        _ => Err(ApiError::jersey(404)),
    }
}

/// Whether a configuration is, or depends on, another.
fn leads_to(call: &Call<'_>, from: &str, to: &str) -> bool {
    let mut open = vec![from.to_owned()];
    let mut seen: Vec<String> = Vec::new();
    while let Some(id) = open.pop() {
        if id == to {
            return true;
        }
        if seen.contains(&id) {
            continue;
        }
        let found = call.state.build_type(&id);
        open.extend(
            found
                .into_iter()
                .flat_map(|of| of.dependencies.iter().map(|on| on.build_type.clone())),
        );
        seen.push(id);
    }
    false
}

fn dependencies(call: &mut Call<'_>, of: &BuildType, path: &[&str]) -> Answer {
    let missing = |id: &str| {
        ApiError::not_found(format!(
            "No snapshot dependency is found by id '{id}' in the build configuration."
        ))
    };
    match (path, call.method) {
        ([], "POST") => {
            may_edit(call, &of.project)?;
            let body = call.json()?;
            let on = body
                .pointer("/source-buildType/id")
                .and_then(Value::as_str)
                .ok_or_else(|| {
                    ApiError::bad_request(
                        "Snapshot dependency should have 'source-buildType' element.",
                    )
                })?;
            let on = find(call, &format!("id:{on}"))?.id.clone();
            if of.dependencies.iter().any(|known| known.build_type == on) {
                return Err(ApiError::bad_request(format!(
                    "Snapshot dependency on build type with id '{on}' already exists."
                )));
            }
            if leads_to(call, &on, &of.id) {
                return Err(ApiError::bad_request(format!(
                    "Cannot add snapshot dependency on '{on}': it would make a cycle"
                )));
            }
            let new = Dependency::on(on);
            let json = dependency_json(call, &new, &call.fields());
            change(call, &of.id, |of| of.dependencies.push(new));
            Ok(Reply::Entity("snapshot-dependency", json))
        }
        ([], _) => {
            only(call, &["GET", "POST"])?;
            Ok(Reply::Entity(
                "snapshot-dependencies",
                dependencies_json(call, of, &call.fields()),
            ))
        }
        ([text], _) => {
            only(call, &["GET", "DELETE"])?;
            let id = project_id(text)?;
            let found = of.dependencies.iter().find(|on| on.build_type == id);
            let found = found.ok_or_else(|| missing(&id))?;
            if call.method != "DELETE" {
                let json = dependency_json(call, found, &call.fields());
                return Ok(Reply::Entity("snapshot-dependency", json));
            }
            may_edit(call, &of.project)?;
            change(call, &of.id, |of| {
                of.dependencies.retain(|on| on.build_type != id);
            });
            Ok(Reply::Empty(204))
        }
        _ => Err(ApiError::jersey(404)),
    }
}

/// What lies under `/buildTypes/{locator}` and is a tie of any kind; `None` if it is not.
pub(super) fn route(call: &mut Call<'_>, locator: &str, path: &[&str]) -> Option<Answer> {
    let [first, rest @ ..] = path else {
        return None;
    };
    let go = match *first {
        "vcs-root-entries" => entries,
        "templates" => templates,
        "snapshot-dependencies" => dependencies,
        _ => return None,
    };
    let of = match find(call, locator) {
        Ok(of) => of.clone(),
        Err(error) => return Some(Err(error)),
    };
    if let Err(error) = vcs::may_view_settings(call, &of.project) {
        return Some(Err(error));
    }
    Some(go(call, &of, rest))
}

/// The templates of a posted configuration, or nothing.
pub(super) fn posted_templates(call: &Call<'_>, body: &Value) -> Result<Vec<String>, ApiError> {
    super::posted::items(body, "templates", "buildType")?
        .iter()
        .map(|template| posted_template(call, template))
        .collect()
}
