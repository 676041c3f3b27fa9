//! What a run leaves behind: files as soon as there is something to say, the rest at its end. Whatever goes wrong here is
//! a warning, and changes no result.

pub mod artifacts;
mod budget;
pub mod chain;
mod collecting;
mod details;
pub mod files;
pub mod log_end;
mod publish;
mod seats;
pub mod test_reports;
mod whose;

use std::path::{Path, PathBuf};
use std::rc::Rc;

pub use budget::Budget;
pub use chain::is_lost_commit;
pub use collecting::Collecting;
pub use details::read;
use files::Folder;
use publish::{PublishSettings, Publisher};
pub use seats::Rank;

use crate::bitbucket::Repository;
use crate::clients::Clients;
use crate::config::Settings;
use crate::exit::ExitStatus;
use crate::outcome::{QueuedBuild, RunOutcome};
use crate::report::console::Console;
use crate::report::page::{self, PageContext};
use crate::report::{env, json};
use crate::types::{BuildId, Secrets};
use tokio::time::{Instant, timeout_at};

/// Where results go.
pub struct Results<'a> {
    settings: &'a Settings,
    console: Rc<Console>,
    directory: PathBuf,
    pipeline: json::Pipeline,
    publisher: Option<Publisher>,
    secrets: Secrets,
}

impl<'a> Results<'a> {
    /// For a run with these settings, whose builds carry `tag`.
    pub fn new(
        settings: &'a Settings,
        directory: &Path,
        clients: &Clients,
        console: &Rc<Console>,
        tag: &str,
    ) -> Self {
        let pipeline = json::Pipeline {
            number: settings
                .pipeline
                .build_number
                .map(|number| number.to_string()),
            commit: settings.pipeline.commit.clone(),
            tag: Some(tag.to_owned()),
        };
        let publisher = publisher(settings, clients);
        Self {
            settings,
            console: Rc::clone(console),
            directory: directory.to_owned(),
            pipeline,
            publisher,
            secrets: clients.secrets().clone(),
        }
    }

    /// The builds are queued: Bitbucket is told.
    pub async fn started(&self, queued: &[QueuedBuild]) {
        if let Some(publisher) = &self.publisher {
            publisher.started(queued).await;
        }
    }

    /// Writes how things stand, so that a step that is killed has left it.
    pub fn keep(&self, outcome: &RunOutcome) {
        for warning in self.write_files(outcome) {
            self.console.debug(&warning);
        }
    }

    /// The run is over.
    pub async fn leave(&self, outcome: &RunOutcome, collected: &Collecting<'_>) {
        let mut warnings = self.write_files(outcome);
        if self.settings.results.output_variables
            && let Some(path) = &self.settings.pipeline.variables_path
            && let Err(warning) = env::append(path, &self.secrets.blot(&env::text(outcome)))
        {
            warnings.push(warning);
        }
        warnings.extend(self.write_page(outcome));
        // A step that is being stopped has seconds, and they belong to the builds.
        if !matches!(outcome.status, ExitStatus::Signal(_))
            && outcome.builds.iter().any(|build| build.id.is_some())
        {
            if self.settings.follow.wait {
                warnings.extend(self.collected(collected));
            }
            if let Some(publisher) = &self.publisher {
                let told = timeout_at(collected.budget().last_words(), publisher.finished(outcome));
                warnings.extend(told.await.unwrap_or_else(|_| {
                    Some(
                        "the commit has no up-to-date report or build status: TIMEOUT passed"
                            .to_owned(),
                    )
                }));
            }
        }
        for warning in warnings {
            self.console.warning(&warning);
        }
    }

    /// The step is being stopped: what was opened on the commit is closed, beside the canceling and with what is left of the ten
    /// seconds.
    pub async fn stopped(&self, _outcome: &RunOutcome, _until: Instant) {}

    /// Says what was collected; gives what is missing.
    fn collected(&self, collected: &Collecting<'_>) -> Vec<String> {
        let mut warnings = collected.test_warnings();
        if !self.settings.results.artifacts.is_empty() {
            let report = collected.artifacts();
            if report.files > 0 {
                self.console.text(&format!(
                    "Downloaded {} artifacts ({} bytes) to {}",
                    report.files,
                    report.bytes,
                    self.settings.results.artifacts_dir.display()
                ));
            }
            warnings.extend(report.warnings);
        }
        warnings
    }

    fn write_page(&self, outcome: &RunOutcome) -> Option<String> {
        let path = self.settings.results.report_file.as_deref()?;
        let pipeline = &self.settings.pipeline;
        let context = PageContext {
            pipeline: self.pipeline.clone(),
            pipeline_url: pipeline.link().map(|link| link.to_string()),
            repository: pipeline.repository_full_name.clone(),
            written_at: outcome
                .builds
                .iter()
                .filter_map(|build| build.finished_at)
                .max(),
        };
        Folder::new(&self.directory)
            .hiding(&self.secrets)
            .write(
                &path.to_string_lossy(),
                page::html(outcome, &context).as_bytes(),
            )
            .err()
    }

    fn write_files(&self, outcome: &RunOutcome) -> Vec<String> {
        let folder = Folder::new(&self.directory).hiding(&self.secrets);
        let text = json::text(outcome, &self.pipeline);
        let mut warnings = Vec::new();
        warnings.extend(folder.write(env::FILE, env::text(outcome).as_bytes()).err());
        warnings.extend(folder.write(json::FILE, text.as_bytes()).err());
        if let Some(storage) = self
            .settings
            .pipeline
            .pipe_storage_dir
            .as_deref()
            .filter(|path| path.is_dir())
            && let Err(warning) = Folder::new(storage)
                .hiding(&self.secrets)
                .write(json::FILE, text.as_bytes())
        {
            // Not every user may write there; the working directory has the same file.
            self.console.debug(&warning);
        }
        warnings
    }
}

/// The builds that an earlier step left behind, for `BUILD_ID: auto`.
///
/// # Errors
/// A sentence for the user.
pub fn earlier(directory: &Path, storage: Option<&Path>) -> Result<Vec<BuildId>, String> {
    let places: Vec<PathBuf> = [Some(directory), storage]
        .into_iter()
        .flatten()
        .map(|folder| folder.join(json::FILE))
        .collect();
    let mut why = format!("there is no {} here", json::FILE);
    for place in &places {
        let Ok(text) = std::fs::read_to_string(place) else {
            continue;
        };
        match json::read_ids(&text) {
            Ok(ids) if !ids.is_empty() => return Ok(ids),
            Ok(_) => why = format!("{} names no build", place.display()),
            Err(error) => why = format!("{}: {error}", place.display()),
        }
    }
    Err(format!(
        "BUILD_ID is auto, but {why}\nRun an earlier step with WAIT: 'false', and hand its file {} on as an artifact.",
        json::FILE
    ))
}

fn publisher(settings: &Settings, clients: &Clients) -> Option<Publisher> {
    let pipeline = &settings.pipeline;
    let results = &settings.results;
    let (workspace, slug) = pipeline
        .workspace
        .clone()
        .zip(pipeline.repository_slug.clone())?;
    let commit = pipeline.commit.clone()?;
    // Outside Pipelines there is no proxy, and nobody who looks at the commit.
    let insights = results.code_insights && pipeline.is_pipelines();
    if !insights && !results.build_status {
        return None;
    }
    let bitbucket = &settings.bitbucket;
    let proxied = || {
        clients
            .bitbucket_by_proxy(&bitbucket.api_url, &bitbucket.proxy_url)
            .ok()
    };
    let direct = || {
        let credential = bitbucket.credential.as_ref()?;
        clients.bitbucket(&bitbucket.api_url, credential).ok()
    };
    let publish = PublishSettings {
        repository: Repository { workspace, slug },
        commit,
        branch: pipeline.branch.clone(),
        server_url: settings.connection.url.to_string(),
        code_insights: insights,
        build_status: results.build_status,
        clone_dir: pipeline.clone_dir.clone(),
    };
    Some(Publisher::new(
        publish,
        insights.then(proxied).flatten(),
        direct(),
    ))
}
