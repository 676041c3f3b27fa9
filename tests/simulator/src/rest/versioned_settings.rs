//! Settings of a project as files: their status, and their export as an archive
//! (TeamCity's source: VersionedSettingsRequest.java; the export is an action of the settings page).

use http::Response;

use crate::body::Body;
use crate::json::Json;
use crate::pages::{header, plain};
use crate::zip;

use super::errors::ApiError;
use super::{Answer, Call, Reply, only, projects, vcs};

/// `/projects/{locator}/versionedSettings`. No project here keeps its settings in a repository.
pub(super) fn route(call: &Call<'_>, id: &str, path: &[&str]) -> Answer {
    only(call, &["GET"])?;
    vcs::may_view_settings(call, id)?;
    match *path {
        ["status"] => Err(ApiError::bad_request(
            "Versioned Settings have never been enabled in this project.",
        )),
        ["config"] => Ok(Reply::Entity(
            "versionedSettingsConfig",
            Json::object([("synchronizationMode", "disabled".into())]),
        )),
        _ => Err(ApiError::jersey(404)),
    }
}

/// Kotlin's settings of a project, as short as they can be.
fn kotlin(name: &str, types: &[(String, String)]) -> String {
    let mut text = format!(
        "import jetbrains.buildServer.configs.kotlin.*\n\nversion = \"2025.11\"\n\nproject {{\n    description = \"{name}\"\n"
    );
    for (id, _) in types {
        text.push_str(&format!("    buildType({id})\n"));
    }
    text.push_str("}\n");
    for (id, name) in types {
        text.push_str(&format!(
            "\nobject {id} : BuildType({{\n    name = \"{name}\"\n}})\n"
        ));
    }
    text
}

/// `GET /admin/versionedSettingsActions.html?action=generate`: an archive of the settings' files.
pub(super) fn export(call: &Call<'_>) -> Answer {
    only(call, &["GET"])?;
    if call.query("action") != Some("generate") {
        return Err(ApiError::bad_request("Unknown action"));
    }
    let asked = call.query("projectId").unwrap_or_default();
    let id = projects::find(call, &format!("id:{asked}"))?;
    vcs::may_view_settings(call, &id)?;
    let state = &call.state;
    let project = state.project(&id).ok_or_else(ApiError::null_pointer)?;
    // With relative ids the project's own prefix is left out.
    let relative = call.query("useRelativeIds") == Some("true");
    let short = |known: &str| {
        let prefix = format!("{id}_");
        match known.strip_prefix(&prefix) {
            Some(rest) if relative => rest.to_owned(),
            _ => known.to_owned(),
        }
    };
    let types: Vec<(String, String)> = state
        .build_types
        .iter()
        .filter(|of| of.project == id && !of.template)
        .map(|of| (short(&of.id), of.name.clone()))
        .collect();
    let mut files: Vec<(String, String)> = Vec::new();
    if call.query("format") == Some("xml") {
        files.push((
            format!(".teamcity/{id}/project-config.xml"),
            format!(
                "<project id=\"{id}\"><name>{}</name></project>\n",
                crate::json::xml_text(&project.name)
            ),
        ));
        for (of, name) in &types {
            files.push((
                format!(".teamcity/{id}/buildTypes/{of}.xml"),
                format!(
                    "<build-type id=\"{of}\"><name>{}</name></build-type>\n",
                    crate::json::xml_text(name)
                ),
            ));
        }
    } else {
        files.push((
            ".teamcity/settings.kts".to_owned(),
            kotlin(&project.name, &types),
        ));
        files.push((
            ".teamcity/pom.xml".to_owned(),
            "<project><modelVersion>4.0.0</modelVersion><artifactId>settings</artifactId></project>\n".to_owned(),
        ));
    }
    let mut response: Response<Body> = plain(200, "application/zip", zip::stored(&files));
    header(
        &mut response,
        "content-disposition",
        "attachment; filename=\"projectSettings.zip\"",
    );
    Ok(Reply::Raw(response))
}
