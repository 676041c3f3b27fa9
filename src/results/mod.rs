//! What a run leaves behind: files as soon as there is something to say, the rest at its end. Whatever goes wrong here is
//! a warning, and changes no result.

pub mod artifacts;
mod budget;
pub mod chain;
mod collecting;
mod details;
pub mod earlier;
pub mod files;
pub mod log_end;
mod publish;
mod seats;
pub mod test_reports;
mod told;
mod whose;

use std::rc::Rc;

pub use budget::Budget;
pub use chain::is_lost_commit;
pub use collecting::Collecting;
pub use details::read;
pub use earlier::Earlier;
use files::{Folder, Own};
use futures_util::stream::{self, StreamExt as _};
pub use publish::Board;
use publish::{PublishSettings, Publisher};
pub use seats::Rank;

use crate::config::{Settings, What};
use crate::exit::ExitStatus;
use crate::identity::Marker;
use crate::outcome::{QueuedBuild, RunOutcome};
use crate::preflight::{self, AT_ONCE};
use crate::report::console::Console;
use crate::report::page::{self, PageContext};
use crate::report::{env, json};
use crate::teamcity::Client;
use crate::types::{RepositoryAddress, Secrets};
use tokio::time::timeout_at;

/// Where results go.
pub struct Results<'a> {
    settings: &'a Settings,
    console: Rc<Console>,
    folder: Folder,
    storage: Option<Folder>,
    pipeline: json::Pipeline,
    publisher: Option<Publisher>,
    secrets: Secrets,
}

impl<'a> Results<'a> {
    /// For a run with these settings, whose builds are marked so.
    pub fn new(
        settings: &'a Settings,
        folder: Folder,
        board: Option<&Board>,
        console: &Rc<Console>,
        marker: &Marker,
        secrets: &Secrets,
    ) -> Self {
        let pipeline = json::Pipeline {
            number: settings
                .pipeline
                .build_number
                .map(|number| number.to_string()),
            commit: settings.pipeline.commit.clone(),
            tag: Some(marker.pipeline_tag().to_owned()),
            step: Some(marker.step().step.clone()),
        };
        let publisher = publisher(settings, board);
        let storage = settings.pipeline.pipe_storage_dir.as_deref();
        let storage = storage
            .filter(|path| path.is_dir())
            .map(|path| folder.sub(path));
        Self {
            settings,
            console: Rc::clone(console),
            folder,
            storage,
            pipeline,
            publisher,
            secrets: secrets.clone(),
        }
    }

    /// The builds are queued: Bitbucket is told.
    pub async fn started(&self, client: &Client, queued: &[QueuedBuild]) {
        if let Some(publisher) = &self.publisher {
            let results = &self.settings.results;
            if results.build_status && !results.build_status_given {
                self.leave_to_teamcity(publisher, client, queued).await;
            }
            publisher.started(queued).await;
        }
    }

    /// The step is being stopped: what is open on Bitbucket ends.
    pub async fn stopped(&self, outcome: &RunOutcome) {
        if let Some(publisher) = &self.publisher
            && outcome.builds.iter().any(|build| build.id.is_some())
        {
            publisher.stopped(outcome).await;
        }
    }

    /// Finds the configurations whose builds TeamCity itself reports to Bitbucket.
    async fn leave_to_teamcity(
        &self,
        publisher: &Publisher,
        client: &Client,
        queued: &[QueuedBuild],
    ) {
        let name = self.settings.pipeline.repository_full_name.as_deref();
        let repository = name.map(RepositoryAddress::on_bitbucket);
        let repository = repository.as_ref();
        let all = queued.iter().map(|build| &build.build_type);
        let all = all.map(|id| async move {
            let reported = preflight::reports_itself(client, id, repository).await;
            (id, reported)
        });
        let all: Vec<_> = stream::iter(all).buffered(AT_ONCE).collect().await;
        for (id, _) in all.into_iter().filter(|(_, reported)| *reported) {
            publisher.leave(id.clone());
            self.console.text(&format!(
                "{id}: TeamCity's Commit Status Publisher sets the build status, so the pipe sets none. BUILD_STATUS: 'true' sets both."
            ));
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
        warnings.extend(self.folder.beside());
        warnings.extend(self.folder.seen_by_git());
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
        let own = Own {
            name: &path.to_string_lossy(),
            wrote: page::wrote,
        };
        self.folder
            .write(own, page::html(outcome, &context).as_bytes())
            .err()
    }

    fn write_files(&self, outcome: &RunOutcome) -> Vec<String> {
        let text = json::text(outcome, &self.pipeline);
        let own = |name, wrote| Own { name, wrote };
        let variables = own(env::FILE, env::wrote);
        let mut warnings = Vec::new();
        let lines = env::text(outcome);
        warnings.extend(self.folder.write(variables, lines.as_bytes()).err());
        let builds = |name| own(name, json::wrote);
        let written = self.folder.write(builds(json::FILE), text.as_bytes());
        warnings.extend(written.err());
        if let Some(storage) = &self.storage {
            // Steps that run side by side have one each.
            let step = self.pipeline.step.as_deref().map(earlier::file_of_step);
            for name in step.iter().map(String::as_str).chain([json::FILE]) {
                if let Err(warning) = storage.write(builds(name), text.as_bytes()) {
                    // Not every user may write there; the working directory has the same file.
                    self.console.debug(&warning);
                }
            }
        }
        warnings
    }
}

fn publisher(settings: &Settings, board: Option<&Board>) -> Option<Publisher> {
    let pipeline = &settings.pipeline;
    let results = &settings.results;
    let publish = PublishSettings {
        commit: pipeline.commit.clone()?,
        branch: pipeline.branch.clone(),
        server_url: settings.connection.url.to_string(),
        label: results.label.clone(),
        // Outside Pipelines there is nobody who looks at the commit.
        code_insights: results.code_insights && pipeline.is_pipelines(),
        build_status: results.build_status,
        waits: settings.follow.wait,
        picks_up: matches!(settings.what, What::Follow(_) | What::FollowAuto),
        clone_dir: pipeline.clone_dir.clone(),
        pull_request: pipeline.pull_request_id.clone(),
    };
    let publisher = Publisher::new(publish, board?.clone());
    publisher.shows().then_some(publisher)
}
