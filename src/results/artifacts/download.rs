//! Downloads the artifacts that were asked for: side by side, streamed to disk, verified by size.
//!
//! Names come from the build, that is from whoever may push. Nothing lands outside the folder: each part of a path is
//! checked, links in the folder are not followed, and a file gets its name only when it is whole.

use std::cell::{Cell, RefCell};
use std::collections::{HashSet, VecDeque};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::patterns::Patterns;
use super::places::{folder_of, prepare, safe_parts};
use crate::report::Warning;
use crate::results::files::Folder;
use crate::teamcity::{Artifact, Client, Error, Piece};
use crate::types::text::one_line;
use crate::types::{BuildId, BuildTypeId};

/// Artifacts are listed a moment after the build's end: so long a missing one is waited for.
const SETTLE: Duration = Duration::from_secs(3);
/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_secs(15);
/// Most warnings about single files.
pub(super) const MOST_WARNINGS: usize = 10;

/// What to download, and where to.
#[derive(Debug, Clone)]
pub struct ArtifactSettings {
    /// Glob patterns of paths in the artifacts. One with a leading `!` excludes.
    pub patterns: Vec<String>,
    /// The folder.
    pub directory: PathBuf,
}

/// What was downloaded.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ArtifactReport {
    /// How many files.
    pub files: usize,
    /// How many bytes in all.
    pub bytes: u64,
    /// What is missing and why.
    pub warnings: Vec<Warning>,
}

/// Downloads the artifacts of builds. Those of several builds land in a folder each, named as the configuration; of
/// equal ones the later have the build's id behind it. `tell` hears of progress when it takes long.
pub async fn download(
    client: &Client,
    builds: &[(BuildId, BuildTypeId)],
    settings: &ArtifactSettings,
    tell: &dyn Fn(String),
) -> ArtifactReport {
    let mut report = ArtifactReport::default();
    let patterns = Patterns::new(&settings.patterns);
    if patterns.is_empty() || builds.is_empty() {
        return report;
    }
    if let Err(why) = prepare(&settings.directory) {
        report
            .warnings
            .push(format!("no artifacts are downloaded: {why}"));
        return report;
    }
    let mut jobs = VecDeque::new();
    let mut matched = HashSet::new();
    let mut folders = HashSet::new();
    for (id, build_type) in builds {
        let folder = match builds.len() {
            1 => None,
            _ if folders.insert(build_type.as_str().to_lowercase()) => Some(build_type.to_string()),
            _ => Some(format!("{build_type}-{id}")),
        };
        match list(client, *id, &patterns, &mut matched).await {
            Ok((files, incomplete)) => {
                if incomplete {
                    report.warnings.push(format!(
                        "build {id} has more artifacts than can be listed: some are missing"
                    ));
                }
                plan(
                    *id,
                    folder.as_deref(),
                    files,
                    &mut jobs,
                    &mut report.warnings,
                );
            }
            Err(error) => report.warnings.push(format!(
                "the artifacts of build {id} can't be listed: {error}"
            )),
        }
    }
    for (at, pattern) in patterns.include.iter().enumerate() {
        if !matched.contains(&at) {
            report
                .warnings
                .push(format!("no artifact matches `{}`", one_line(pattern, 200)));
        }
    }
    fetch(client, settings, jobs, tell, &mut report).await;
    let more = report.warnings.len().saturating_sub(MOST_WARNINGS);
    if more > 1 {
        report.warnings.truncate(MOST_WARNINGS);
        report
            .warnings
            .push(format!("{more} more artifacts are missing"));
    }
    report
}

async fn list(
    client: &Client,
    id: BuildId,
    patterns: &Patterns,
    matched: &mut HashSet<usize>,
) -> Result<(Vec<Artifact>, bool), Error> {
    let mut tries = 0;
    loop {
        tries += 1;
        let seen = RefCell::new(HashSet::new());
        let wanted = |path: &str| patterns.matches(path, &mut seen.borrow_mut());
        let found = client.artifacts(id, &wanted).await?;
        let seen = seen.into_inner();
        if seen.len() == patterns.include.len() || tries == 2 {
            matched.extend(seen);
            return Ok((found.files, found.incomplete));
        }
        tokio::time::sleep(SETTLE).await;
    }
}

struct Job {
    build: BuildId,
    artifact: Artifact,
    /// Where in the folder, part by part.
    parts: Vec<String>,
}

fn plan(
    id: BuildId,
    folder: Option<&str>,
    files: Vec<Artifact>,
    jobs: &mut VecDeque<Job>,
    warnings: &mut Vec<Warning>,
) {
    let mut taken = HashSet::new();
    for artifact in files {
        let why = match safe_parts(&artifact.path) {
            Ok(parts) if taken.insert(artifact.path.to_lowercase()) => {
                let parts = folder
                    .into_iter()
                    .chain(parts)
                    .map(ToOwned::to_owned)
                    .collect();
                jobs.push_back(Job {
                    build: id,
                    artifact,
                    parts,
                });
                continue;
            }
            Ok(_) => "another one differs from it by upper and lower case alone",
            Err(why) => why,
        };
        warnings.push(format!(
            "{} is not downloaded: {why}",
            shown(&artifact.path)
        ));
    }
}

fn shown(path: &str) -> String {
    format!("the artifact `{}`", one_line(path, 200))
}

async fn fetch(
    client: &Client,
    settings: &ArtifactSettings,
    jobs: VecDeque<Job>,
    tell: &dyn Fn(String),
    report: &mut ArtifactReport,
) {
    let fetching = Fetching {
        client,
        root: &settings.directory,
        all: jobs.len(),
        size: jobs
            .iter()
            .map(|job| job.artifact.size)
            .try_fold(0_u64, |sum, size| Some(sum.saturating_add(size?))),
        jobs: RefCell::new(jobs),
        files: Cell::new(0),
        bytes: Cell::new(0),
        warnings: RefCell::default(),
        told: Cell::new(Instant::now()),
        tell,
    };
    tokio::join!(
        fetching.work(),
        fetching.work(),
        fetching.work(),
        fetching.work()
    );
    report.files = fetching.files.get();
    report.bytes = fetching.bytes.get();
    report.warnings.extend(fetching.warnings.into_inner());
}

struct Fetching<'a> {
    client: &'a Client,
    root: &'a Path,
    all: usize,
    size: Option<u64>,
    jobs: RefCell<VecDeque<Job>>,
    files: Cell<usize>,
    bytes: Cell<u64>,
    warnings: RefCell<Vec<Warning>>,
    told: Cell<Instant>,
    tell: &'a dyn Fn(String),
}

impl Fetching<'_> {
    async fn work(&self) {
        loop {
            let Some(job) = self.jobs.borrow_mut().pop_front() else {
                return;
            };
            match self.one(&job).await {
                Ok(()) => self.files.set(self.files.get() + 1),
                Err(why) => {
                    let warning = format!("{} is not downloaded: {why}", shown(&job.artifact.path));
                    self.warnings.borrow_mut().push(warning);
                }
            }
        }
    }

    async fn one(&self, job: &Job) -> Result<(), String> {
        let Some((name, folders)) = job.parts.split_last() else {
            return Err("it has no name".to_owned());
        };
        let folder = folder_of(self.root, folders)?;
        let mut draft = Folder::new(folder).draft(name)?;
        let mut download = self.client.download(job.build, &job.artifact);
        let mut received = 0;
        let result = loop {
            match download.next().await {
                Ok(Piece::Bytes(bytes)) => {
                    if let Err(error) = draft.write_all(&bytes) {
                        break Err(error.to_string());
                    }
                    let length = u64::try_from(bytes.len()).unwrap_or_default();
                    received += length;
                    self.bytes.set(self.bytes.get() + length);
                    self.progress();
                }
                Ok(Piece::Restart) => {
                    self.bytes.set(self.bytes.get().saturating_sub(received));
                    received = 0;
                    if let Err(error) = draft.restart() {
                        break Err(error.to_string());
                    }
                }
                Ok(Piece::End) => break draft.keep(),
                Err(error) => break Err(error.to_string()),
            }
        };
        if result.is_err() {
            self.bytes.set(self.bytes.get().saturating_sub(received));
        }
        result
    }

    fn progress(&self) {
        if self.told.get().elapsed() < TELL_EVERY {
            return;
        }
        self.told.set(Instant::now());
        let bytes = size(self.bytes.get());
        let of = self
            .size
            .map(|all| format!(" of {}", size(all)))
            .unwrap_or_default();
        (self.tell)(format!(
            "artifacts: {} of {} files, {bytes}{of}",
            self.files.get(),
            self.all
        ));
    }
}

/// A number of bytes as people say it.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}
