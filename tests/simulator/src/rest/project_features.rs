//! What hangs on a project: features (connections among them) and values that are kept secret
//! (TeamCity's source: ProjectFeatureSubResource.java, PropEntityProjectFeature.java, ProjectRequest.java).

use crate::json::Json;
use crate::model::{Project, ProjectFeature};

use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::locator::Locator;
use super::parameters::{self, Shown};
use super::posted::text;
use super::{Answer, Call, Reply, only, projects, text_or_406};

fn feature_json(call: &Call<'_>, project: &str, feature: &ProjectFeature, fields: &Fields) -> Json {
    let href = call.href(&format!(
        "projects/id:{project}/projectFeatures/id:{}",
        feature.id
    ));
    let mut obj = Obj::new(fields);
    obj.put("id", Level::Short, feature.id.as_str())
        .put("type", Level::Short, feature.kind.as_str())
        .put("href", Level::Short, href);
    obj.nest("properties", Level::Short, &Fields::long(), |fields| {
        let list: Vec<Shown> = feature
            .properties
            .iter()
            .map(|property| {
                let mut shown = Shown::own(property);
                // Names of secret properties start so; their values are never given back.
                if property.name.starts_with("secure:") {
                    shown.property.kind = Some("password".to_owned());
                }
                shown
            })
            .collect();
        parameters::list_json(&list, None, fields)
    });
    obj.done()
}

fn features_json(call: &Call<'_>, project: &Project, kind: Option<&str>, fields: &Fields) -> Json {
    let fits = |feature: &&ProjectFeature| kind.is_none_or(|kind| feature.kind == kind);
    let found: Vec<&ProjectFeature> = project.features.iter().filter(fits).collect();
    let mut obj = Obj::new(fields);
    obj.always("count", Level::Short, found.len()).put(
        "href",
        Level::Short,
        call.href(&format!("projects/id:{}/projectFeatures", project.id)),
    );
    obj.nest("projectFeature", Level::Long, &Fields::long(), |fields| {
        found
            .iter()
            .map(|feature| feature_json(call, &project.id, feature, fields))
            .collect::<Vec<_>>()
    });
    obj.done()
}

/// All features of a project.
pub(super) fn list_json(call: &Call<'_>, project: &Project, fields: &Fields) -> Json {
    features_json(call, project, None, fields)
}

fn create(call: &mut Call<'_>, project: &str) -> Answer {
    projects::needs(call, project, "edit_project", "Edit project")?;
    let body = call.json()?;
    let kind = text(&body, "type")?.unwrap_or_default().to_owned();
    if kind.is_empty() {
        return Err(ApiError::bad_request(
            "Project feature cannot have empty 'type'.",
        ));
    }
    let number = |feature: &ProjectFeature| -> Option<u64> {
        feature.id.strip_prefix("PROJECT_EXT_")?.parse().ok()
    };
    let all = call.state.projects.iter().flat_map(|it| &it.features);
    let last = all.filter_map(number).max().unwrap_or(0);
    let feature = ProjectFeature {
        id: format!("PROJECT_EXT_{}", last + 1),
        kind,
        properties: parameters::posted_list(&body)?,
    };
    let json = feature_json(call, project, &feature, &call.fields());
    projects::change(call, project, |project| project.features.push(feature))?;
    Ok(Reply::Entity("projectFeature", json))
}

/// `/projects/{locator}/projectFeatures`.
pub(super) fn route(call: &mut Call<'_>, id: &str, path: &[&str]) -> Answer {
    match (path, call.method) {
        ([], "POST") => create(call, id),
        ([], _) => {
            only(call, &["GET", "POST"])?;
            let locator = Locator::parse_optional(call.query("locator"))?;
            let kind = locator.value("type")?;
            locator.finish(&["type"])?;
            let project = call.state.project(id).ok_or_else(ApiError::null_pointer)?;
            Ok(Reply::Entity(
                "projectFeatures",
                features_json(call, project, kind.as_deref(), &call.fields()),
            ))
        }
        ([text], _) => {
            only(call, &["GET", "DELETE"])?;
            let wanted = projects::project_id(text)?;
            let project = call.state.project(id).ok_or_else(ApiError::null_pointer)?;
            let found = project.features.iter().find(|it| it.id == wanted);
            let feature = found.ok_or_else(|| {
                ApiError::not_found(format!(
                    "Cannot find project feature with id '{wanted}' in the project with id '{id}'"
                ))
            })?;
            if call.method != "DELETE" {
                let json = feature_json(call, id, feature, &call.fields());
                return Ok(Reply::Entity("projectFeature", json));
            }
            projects::needs(call, id, "edit_project", "Edit project")?;
            projects::change(call, id, |project| {
                project.features.retain(|it| it.id != wanted);
            })?;
            Ok(Reply::Empty(204))
        }
        _ => Err(ApiError::jersey(404)),
    }
}

/// `/projects/{locator}/secure`: a text becomes a token for settings files, and only an administrator gets it back.
pub(super) fn secure(call: &mut Call<'_>, id: &str, path: &[&str]) -> Answer {
    match *path {
        ["tokens"] => {
            only(call, &["POST"])?;
            text_or_406(call)?;
            projects::needs(call, id, "edit_project", "Edit project")?;
            let value = String::from_utf8_lossy(call.body).into_owned();
            let project = call.state.project(id).ok_or_else(ApiError::null_pointer)?;
            let known = project.secrets.iter().find(|(_, secret)| *secret == value);
            let token = match known {
                Some((token, _)) => token.clone(),
                None => format!(
                    "credentialsJSON:5ec2e700-0000-4000-8000-{:012x}",
                    call.state.recorded.len()
                ),
            };
            let kept = (token.clone(), value);
            projects::change(call, id, |project| {
                if !project.secrets.contains(&kept) {
                    project.secrets.push(kept);
                }
            })?;
            Ok(Reply::Text(200, token))
        }
        ["values", token] => {
            only(call, &["GET"])?;
            text_or_406(call)?;
            let name = "View server settings";
            projects::needs(call, "_Root", "view_server_settings", name)?;
            let project = call.state.project(id).ok_or_else(ApiError::null_pointer)?;
            let found = project.secrets.iter().find(|(known, _)| known == token);
            let (_, value) = found.ok_or_else(|| {
                ApiError::not_found(format!("No secure value is found for token '{token}'"))
            })?;
            Ok(Reply::Text(200, value.clone()))
        }
        _ => Err(ApiError::jersey(404)),
    }
}
