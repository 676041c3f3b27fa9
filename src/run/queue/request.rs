//! From settings to the body of a queue request.

use serde_json::{Map, Value, json};

use super::promoted::Promoted;
use crate::config::{Build, Pipeline, RebuildDependencies, SettingsSource};
use crate::place::{Pin, Place};
use crate::preflight::Target;
use crate::types::BuildTypeId;

/// What marks a build beside what it builds, as far as TeamCity lets the token's user do so.
#[derive(Debug, Clone, Copy)]
pub struct Marks<'a> {
    /// Where it is to run.
    pub target: Option<&'a Target>,
    /// Finished builds that it takes as its dependencies.
    pub promoted: &'a [Promoted],
    /// Its comment.
    pub comment: Option<&'a str>,
    /// The pipe's own tags; without them the user's are left out, too.
    pub tags: Option<&'a [&'a str]>,
}

/// The body of the request that queues one build.
#[must_use]
pub fn request(build: &Build, build_type: &BuildTypeId, place: &Place, marks: &Marks<'_>) -> Value {
    let mut body = Map::new();
    body.insert("buildType".to_owned(), json!({ "id": build_type }));
    if let Some(branch) = &place.branch {
        body.insert("branchName".to_owned(), json!(branch));
    }
    if let Some(comment) = marks.comment {
        body.insert("comment".to_owned(), json!({ "text": comment }));
    }
    if let Some(tags) = marks.tags {
        let tags: Vec<Value> = build
            .tags
            .iter()
            .map(String::as_str)
            .chain(tags.iter().copied())
            .map(|name| json!({ "name": name }))
            .collect();
        body.insert("tags".to_owned(), json!({ "tag": tags }));
    }
    if build.personal {
        body.insert("personal".to_owned(), json!(true));
    }
    if !build.parameters.is_empty() {
        let all: Vec<Value> = build
            .parameters
            .iter()
            .map(|one| match one.secret {
                false => json!({ "name": one.name, "value": one.value }),
                true => json!({ "name": one.name, "value": one.value, "type": { "rawValue": "password" } }),
            })
            .collect();
        body.insert("properties".to_owned(), json!({ "property": all }));
    }
    let options = options(build);
    if !options.is_empty() {
        body.insert("triggeringOptions".to_owned(), Value::Object(options));
    }
    if let Some(target) = marks.target {
        body.insert("agent".to_owned(), target.body());
    }
    if !marks.promoted.is_empty() {
        let all: Vec<Value> = marks
            .promoted
            .iter()
            .map(|one| json!({ "id": one.id }))
            .collect();
        body.insert("snapshot-dependencies".to_owned(), json!({ "build": all }));
    }
    pin(&mut body, place);
    Value::Object(body)
}

fn options(build: &Build) -> Map<String, Value> {
    let mut options = Map::new();
    let mut set = |name: &str, value: bool| options.insert(name.to_owned(), json!(value));
    if build.clean_sources {
        set("cleanSources", true);
    }
    if build.queue_at_top {
        set("queueAtTop", true);
    }
    match build.rebuild_dependencies {
        RebuildDependencies::None => None,
        RebuildDependencies::Failed => set("rebuildFailedOrIncompleteDependencies", true),
        RebuildDependencies::All => set("rebuildAllDependencies", true),
    };
    match build.settings_source {
        SettingsSource::Own => None,
        SettingsSource::Vcs => set("freezeSettings", true),
        SettingsSource::Server => set("freezeSettings", false),
    };
    options
}

fn pin(body: &mut Map<String, Value>, place: &Place) {
    let Some(revision) = &place.revision else {
        return;
    };
    match place.pin {
        Pin::None => {}
        Pin::Change => {
            let locator = crate::teamcity::Locator::new()
                .with("version", revision)
                .nested(
                    "buildType",
                    &crate::teamcity::Locator::new().with("id", &place.log_of),
                );
            body.insert(
                "lastChanges".to_owned(),
                json!({ "change": [{ "locator": locator.as_str() }] }),
            );
        }
        Pin::Revisions => {
            let all: Vec<Value> = place
                .revisions
                .iter()
                .map(|one| {
                    json!({ "version": one.version, "vcsBranchName": one.git_ref, "vcs-root-instance": { "vcs-root-id": one.root } })
                })
                .collect();
            body.insert("revisions".to_owned(), json!({ "revision": all }));
        }
    }
}

/// The comment of a build whose user gave none: where it comes from.
#[must_use]
pub fn comment(pipeline: &Pipeline) -> String {
    let repository = pipeline
        .repository_full_name
        .as_deref()
        .unwrap_or("a repository");
    match (pipeline.build_number, pipeline.link()) {
        (Some(number), Some(link)) => {
            format!("Bitbucket Pipelines: {repository} #{number}, {link}")
        }
        _ => format!("Bitbucket Pipelines: {repository}"),
    }
}
