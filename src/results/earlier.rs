//! What earlier steps of the pipeline started: by the builds' tags, and for builds whose tags tell nothing by files.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::files;
use crate::identity::{self, Marker};
use crate::preflight::cure;
use crate::report::json;
use crate::teamcity::{Client, page};
use crate::types::{BuildId, Diagnostic};

/// Most files that are read: one a step.
const MOST_FILES: usize = 200;

/// A build that a step left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Its id.
    pub id: BuildId,
    /// It was started, and not waited for.
    pub started: bool,
    /// Digits that stand for the step.
    pub step: Option<String>,
}

/// What earlier steps of this pipeline left.
#[derive(Debug, Clone, Default)]
pub struct Earlier {
    /// Their builds.
    pub builds: Vec<Left>,
    /// Why a file was not used.
    pub refused: Option<String>,
}

impl Earlier {
    /// Reads the files in the working directory and in the pipe's storage. One of another pipeline or server, that lies here by
    /// mistake, is not used.
    pub fn read(
        directory: &Path,
        storage: Option<&Path>,
        server_url: &str,
        marker: &Marker,
    ) -> Self {
        let mut earlier = Self::default();
        // Where another file has the name, the pipe's lies beside it.
        let names = files::names(json::FILE).map(|name| directory.join(name));
        let mut places: Vec<_> = names.collect();
        places.extend(storage.into_iter().flat_map(of_steps));
        for place in places {
            let Ok(text) = std::fs::read_to_string(&place) else {
                continue;
            };
            match of_this_pipeline(&text, server_url, marker) {
                Ok(builds) => earlier.builds.extend(builds),
                Err(why) => earlier.refused = Some(format!("{} {why}", place.display())),
            }
        }
        earlier.builds.sort_by_key(|left| left.id);
        earlier.builds.dedup_by_key(|left| left.id);
        earlier
    }
}

/// `auto`: all that steps of this pipeline started and did not wait for, in the order of their ids; of a step that was run again, what
/// its last run started. Tags tell; where a build has none, or was joined, the file that its step left.
///
/// # Errors
/// When there is nothing, or TeamCity refuses or stays away.
pub async fn started(
    client: &Client,
    marker: &Marker,
    earlier: &Earlier,
) -> Result<Vec<BuildId>, Diagnostic> {
    let found = identity::of_pipeline(client, marker.pipeline_tag()).await;
    let found = found.map_err(|error| {
        cure::teamcity(
            "looking for builds that earlier steps started (BUILD_ID)",
            &error,
            client.base(),
        )
    })?;
    let origins: Vec<_> = found
        .iter()
        .filter_map(|build| Some((build.id?, marker.origin(build.tag_names())?)))
        .collect();
    // What took their place is followed, not these.
    let broken_off = identity::broken_off(&found);
    let mut last_run: HashMap<&str, u64> = HashMap::new();
    for step in origins
        .iter()
        .filter_map(|(_, origin)| origin.step.as_ref())
    {
        let last = last_run.entry(&step.step).or_default();
        *last = step.run.max(*last);
    }
    let mut told = HashSet::new();
    let mut ids = Vec::new();
    for (id, origin) in &origins {
        // Tags of version 0.1.0 do not tell; the file does.
        let (Some(manner), Some(step)) = (origin.manner, &origin.step) else {
            continue;
        };
        told.insert(*id);
        if !manner.waits
            && !broken_off.contains(id)
            && last_run.get(step.step.as_str()) == Some(&step.run)
        {
            ids.push(*id);
        }
    }
    let left = earlier.builds.iter().filter(|left| left.started);
    ids.extend(left.map(|left| left.id).filter(|id| !told.contains(id)));
    ids.sort();
    ids.dedup();
    if ids.is_empty() {
        let file = earlier
            .refused
            .as_ref()
            .map_or_else(String::new, |why| format!(" ({why})"));
        return Err(Diagnostic::usage(
            format!(
                "BUILD_ID is auto, but no earlier step of this pipeline started a build with WAIT: 'false'{file}"
            ),
            "Start one in an earlier step. If the token may not tag builds, pass that step's teamcity-builds.json on as an artifact.",
        ));
    }
    Ok(ids)
}

/// The file of a step in the pipe's storage, beside those of other steps.
pub fn file_of_step(step: &str) -> String {
    format!("teamcity-builds-{step}.json")
}

fn of_steps(storage: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(storage) else {
        return Vec::new();
    };
    let ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("teamcity-builds") && name.ends_with(".json"))
    };
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(ours)
        .take(MOST_FILES)
        .collect()
}

fn of_this_pipeline(text: &str, server_url: &str, marker: &Marker) -> Result<Vec<Left>, String> {
    let read = json::read(text).map_err(|why| format!("can't be used: {why}"))?;
    if page::server(&read.server_url) != page::server(server_url) {
        return Err(format!("is from another server ({})", read.server_url));
    }
    let tag = read.pipeline.tag.as_deref();
    // Outside Pipelines tags are random, and nobody else's file lies here.
    let same = match marker.pipeline() {
        Some(_) => tag == Some(marker.pipeline_tag()),
        None => read.pipeline.number.is_none(),
    };
    if !same {
        return Err("is from another pipeline".to_owned());
    }
    let step = read.pipeline.step;
    Ok(read
        .builds
        .into_iter()
        .map(|build| Left {
            id: build.id,
            started: build.started,
            step: step.clone(),
        })
        .collect())
}
