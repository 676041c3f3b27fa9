//! What a run leaves behind: files as soon as there is something to say, the rest at its end. Whatever goes wrong here is
//! a warning, and changes no result.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::bitbucket;
use crate::config::Settings;
use crate::exit::ExitStatus;
use crate::http::{Connection, Traced, Transport};
use crate::report::console::Console;
use crate::report::files::Folder;
use crate::report::page::{self, PageContext};
use crate::report::{env, json};
use crate::run::artifacts::{self, ArtifactSettings};
use crate::run::outcome::RunOutcome;
use crate::run::publish::{PublishSettings, Publisher};
use crate::run::test_reports;
use crate::teamcity::Client;
use crate::types::BuildId;
use crate::world::World;

/// Where results go.
pub struct Results<'a> {
    settings: &'a Settings,
    console: Rc<Console>,
    directory: PathBuf,
    pipeline: json::Pipeline,
    publisher: Option<Publisher>,
}

impl<'a> Results<'a> {
    /// For a run with these settings, whose builds carry `tag`.
    pub fn new(settings: &'a Settings, world: &World, console: &Rc<Console>, tag: &str) -> Self {
        let pipeline = json::Pipeline {
            number: settings
                .pipeline
                .build_number
                .map(|number| number.to_string()),
            commit: settings.pipeline.commit.clone(),
            tag: Some(tag.to_owned()),
        };
        let publisher = publisher(settings, world, console);
        Self {
            settings,
            console: Rc::clone(console),
            directory: world.directory.clone(),
            pipeline,
            publisher,
        }
    }

    /// Who tells Bitbucket, if anybody.
    pub fn publisher(&self) -> Option<&Publisher> {
        self.publisher.as_ref()
    }

    /// Writes how things stand, so that a step that is killed has left it.
    pub fn keep(&self, outcome: &RunOutcome) {
        for warning in self.write_files(outcome) {
            self.console.debug(&warning);
        }
    }

    /// The run is over.
    pub async fn leave(&self, client: &Client, outcome: &RunOutcome) {
        let mut warnings = self.write_files(outcome);
        if self.settings.results.output_variables
            && let Some(path) = &self.settings.pipeline.variables_path
            && let Err(warning) = env::append(path, &env::text(outcome))
        {
            warnings.push(warning);
        }
        warnings.extend(self.write_page(outcome));
        // A step that is being stopped has seconds, and they belong to the builds.
        if !matches!(outcome.status, ExitStatus::Signal(_))
            && outcome.builds.iter().any(|build| build.id.is_some())
        {
            if self.settings.follow.wait {
                warnings.extend(self.fetch(client, outcome).await);
            }
            if let Some(publisher) = &self.publisher {
                warnings.extend(publisher.finished(outcome).await);
            }
        }
        for warning in warnings {
            self.console.warning(&warning);
        }
    }

    /// What has to be fetched from TeamCity: tests and artifacts.
    async fn fetch(&self, client: &Client, outcome: &RunOutcome) -> Vec<String> {
        let results = &self.settings.results;
        let mut warnings = Vec::new();
        if results.test_reports {
            let folder = Folder::new(self.directory.join(test_reports::FOLDER));
            warnings.extend(test_reports::write(client, outcome, &folder).await.warnings);
        }
        if !results.artifacts.is_empty() {
            let settings = ArtifactSettings {
                patterns: results.artifacts.clone(),
                directory: self.directory.join(&results.artifacts_dir),
            };
            let builds: Vec<_> = outcome
                .builds
                .iter()
                .filter_map(|build| Some((build.id?, build.build_type.clone())))
                .collect();
            let report =
                artifacts::download(client, &builds, &settings, &|line| self.console.text(&line))
                    .await;
            if report.files > 0 {
                self.console.text(&format!(
                    "Downloaded {} artifacts ({} bytes) to {}",
                    report.files,
                    report.bytes,
                    results.artifacts_dir.display()
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
            .write(
                &path.to_string_lossy(),
                page::html(outcome, &context).as_bytes(),
            )
            .err()
    }

    fn write_files(&self, outcome: &RunOutcome) -> Vec<String> {
        let folder = Folder::new(&self.directory);
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
            && let Err(warning) = Folder::new(storage).write(json::FILE, text.as_bytes())
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

fn publisher(settings: &Settings, world: &World, console: &Rc<Console>) -> Option<Publisher> {
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
    let connect = |how: &Connection| {
        let transport = (world.connect)(how).ok()?;
        Some(if settings.follow.debug {
            let console = Rc::clone(console);
            Rc::new(Traced::new(transport, move |line| {
                console.debug(&format!("Bitbucket: {line}"))
            })) as Rc<dyn Transport>
        } else {
            transport
        })
    };
    let bitbucket = &settings.bitbucket;
    let proxied = || {
        let how = Connection {
            http_proxy: Some(bitbucket.proxy_url.to_string()),
            ..Connection::default()
        };
        bitbucket::Client::new(connect(&how)?, bitbucket::proxied(&bitbucket.api_url), None).ok()
    };
    let direct = || {
        let credential = bitbucket.credential.as_ref()?;
        bitbucket::Client::new(
            connect(&Connection::default())?,
            bitbucket.api_url.clone(),
            Some(credential),
        )
        .ok()
    };
    let publish = PublishSettings {
        repository: bitbucket::Repository { workspace, slug },
        commit,
        branch: pipeline.branch.clone(),
        server_url: settings.connection.url.to_string(),
        code_insights: insights,
        build_status: results.build_status,
        clone_dir: pipeline.clone_dir.clone(),
    };
    Some(Publisher::new(
        publish,
        proxied().filter(|_| insights),
        direct(),
    ))
}
