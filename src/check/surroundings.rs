//! What a run needs beside TeamCity: Bitbucket, and files that can be written. Nothing here fails a run.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use tokio::time::timeout;

use super::credential::Given;
use crate::bitbucket::{Client, Error, ErrorKind, Repository};
use crate::clients::Clients;
use crate::config::Partial;
use crate::preflight::Findings;
use crate::results::files::Folder;

/// The time for one way to Bitbucket.
const PATIENCE: Duration = Duration::from_secs(8);

/// The step's proxy to Bitbucket, and the credential.
pub async fn bitbucket(all: &mut Findings, settings: &Partial, clients: &Clients) {
    let Some(bitbucket) = &settings.bitbucket else {
        return;
    };
    let pipeline = &settings.pipeline;
    let place = pipeline
        .workspace
        .clone()
        .zip(pipeline.repository_slug.clone())
        .zip(pipeline.commit.clone());
    let Some(((workspace, slug), commit)) = place else {
        all.odd(
            "Bitbucket",
            "this is not a step of Pipelines: there is no repository and no commit to report on",
            "Run the check in a step of Pipelines to see what a run would see.",
        );
        return;
    };
    let repository = Repository { workspace, slug };
    if settings.results.code_insights && pipeline.is_pipelines() {
        let client = clients
            .bitbucket_by_proxy(&bitbucket.api_url, &bitbucket.proxy_url)
            .ok();
        let answer = ask(client, &repository, &commit).await;
        match answer {
            // Whatever it says, something that speaks for Bitbucket is there.
            Ok(_)
            | Err(Error {
                kind:
                    ErrorKind::NotFound(_)
                    | ErrorKind::Forbidden(_)
                    | ErrorKind::Unauthorized
                    | ErrorKind::Rejected { .. },
            }) => all.good(
                "Bitbucket proxy",
                "the step's proxy to Bitbucket answers: Code Insights need no credential",
            ),
            Err(error) => all.odd(
                "Bitbucket proxy",
                format!("the step's proxy to Bitbucket does not answer: {error}"),
                "Without it, the Code Insights report needs a Bitbucket credential. On unusual runners, set BITBUCKET_PROXY_URL to its address. CODE_INSIGHTS: 'false' turns the report off.",
            ),
        }
    }
    let Some(given) = bitbucket.credential.as_ref() else {
        all.good(
            "Bitbucket credential",
            "there is no Bitbucket credential, so no build status is set. A run does not need one",
        );
        return;
    };
    match clients.bitbucket(&bitbucket.api_url, given) {
        Ok(client) => {
            let of = Given {
                client,
                credential: given,
                repository,
            };
            of.check(all, settings, &commit).await;
        }
        Err(wrong) => all.odd("Bitbucket credential", wrong.what, wrong.cure),
    }
}

async fn ask(
    client: Option<Client>,
    repository: &Repository,
    commit: &str,
) -> Result<String, Error> {
    let Some(client) = client else {
        return Err(ErrorKind::Unreachable(
            "its address or the credential can't be used".to_owned(),
        )
        .into());
    };
    match timeout(PATIENCE, client.commit(repository, commit)).await {
        Ok(answer) => answer,
        Err(_) => Err(ErrorKind::Unreachable("no answer in time".to_owned()).into()),
    }
}

/// Where a run leaves files.
pub fn files(all: &mut Findings, settings: &Partial, directory: &Path) {
    let results = &settings.results;
    let mut places = vec![(
        "teamcity.env and teamcity-builds.json",
        directory.to_owned(),
    )];
    if results.test_reports {
        places.push((
            "test reports",
            directory.join(crate::results::test_reports::FOLDER),
        ));
    }
    if !results.artifacts.is_empty() {
        places.push(("artifacts", directory.join(&results.artifacts_dir)));
    }
    if let Some(file) = &results.report_file
        && let Some(parent) = directory.join(file).parent()
    {
        places.push(("the report page", parent.to_owned()));
    }
    let mut wrong = 0_usize;
    for (what, folder) in places {
        if let Err(why) = writable(&folder) {
            wrong = wrong.saturating_add(1);
            all.odd(
                "files",
                format!("{what} can't be written: {why}"),
                "Check the owner of the clone directory and the free disk space. A run continues without these files.",
            );
        }
    }
    if results.output_variables
        && let Some(path) = &settings.pipeline.variables_path
        && let Err(error) = OpenOptions::new().append(true).create(true).open(path)
    {
        wrong = wrong.saturating_add(1);
        all.odd(
            "files",
            format!(
                "the output variables can't be written: {}: {error}",
                path.display()
            ),
            "Set OUTPUT_VARIABLES: 'false', and run 'cat teamcity.env >> \"$BITBUCKET_PIPELINES_VARIABLES_PATH\"' after the pipe.",
        );
    }
    if wrong == 0 {
        all.good(
            "files",
            format!("files can be written below {}", directory.display()),
        );
    }
}

/// Whether a file could be made in a folder, or the folder itself be made; leaves nothing behind.
fn writable(folder: &Path) -> Result<(), String> {
    let existing = folder
        .ancestors()
        .find(|path| path.exists())
        .unwrap_or(folder);
    if !existing.is_dir() {
        return Err(format!("{} is not a folder", existing.display()));
    }
    Folder::new(existing).draft("teamcity-check").map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_tried_without_a_trace() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(writable(&root.path().join("a/b/c")), Ok(()));
        std::fs::write(root.path().join("file"), "").unwrap();
        assert!(
            writable(&root.path().join("file/x"))
                .unwrap_err()
                .contains("not a folder")
        );
        let left: Vec<_> = std::fs::read_dir(root.path()).unwrap().collect();
        assert_eq!(left.len(), 1);
    }
}
