//! Downloads the artifacts that were asked for: side by side, streamed to disk, verified by size.
//!
//! Names come from the build, that is from whoever may push. Nothing lands outside the folder: each part of a path is
//! checked, links in the folder are not followed, and a file gets its name only when it is whole.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{HashSet, VecDeque};
use std::io::Write as _;
use std::time::Duration;

use tokio::time::Instant;

use super::flow::Flow;
use super::patterns::Patterns;
use super::places::{folder_of, prepare, safe_parts};
use crate::report::Warning;
use crate::results::budget::{Budget, Late};
use crate::results::files::Folder;
use crate::results::seats::Rank;
use crate::teamcity::{Artifact, Client, Download, Piece};
use crate::types::text::one_line;
use crate::types::{BuildId, size};

/// Artifacts are listed a moment after the build's end: so long a missing one is waited for.
const SETTLE: Duration = Duration::from_secs(3);
/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_secs(15);
/// Most warnings about single files.
pub(super) const MOST_WARNINGS: usize = 10;

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

/// The downloads of a run.
pub struct Downloads<'a> {
    client: &'a Client,
    budget: &'a Budget,
    patterns: Patterns,
    root: Folder,
    prepared: OnceCell<Result<(), String>>,
    matched: RefCell<HashSet<usize>>,
    flow: Flow,
    /// Of all files that are wanted, so far.
    all: Cell<usize>,
    /// Their size, if that of each is known.
    size: Cell<Option<u64>>,
    files: Cell<usize>,
    bytes: Cell<u64>,
    warnings: RefCell<Vec<Warning>>,
    told: Cell<Instant>,
    tell: &'a dyn Fn(String),
}

impl<'a> Downloads<'a> {
    /// Into the folder `root`, of what the glob patterns choose; one with a leading `!` excludes. `tell` hears of progress when
    /// it takes long.
    pub fn new(
        client: &'a Client,
        budget: &'a Budget,
        patterns: &[String],
        root: Folder,
        tell: &'a dyn Fn(String),
    ) -> Self {
        Self {
            client,
            budget,
            patterns: Patterns::new(patterns),
            root,
            prepared: OnceCell::new(),
            matched: RefCell::default(),
            flow: Flow::new(),
            all: Cell::new(0),
            size: Cell::new(Some(0)),
            files: Cell::new(0),
            bytes: Cell::new(0),
            warnings: RefCell::default(),
            told: Cell::new(Instant::now()),
            tell,
        }
    }

    /// Those of a build that has ended, into a folder of its own if one is named.
    pub async fn of_build(&self, id: BuildId, folder: Option<&str>) {
        if self.patterns.is_empty() {
            return;
        }
        if let Err(why) = self.prepared.get_or_init(|| prepare(&self.root)) {
            let warning = format!("no artifacts are downloaded: {why}");
            if !self.warnings.borrow().contains(&warning) {
                self.warn(warning);
            }
            return;
        }
        let (files, incomplete) = match self.list(id).await {
            Ok(found) => found,
            Err(why) => {
                return self.warn(format!(
                    "the artifacts of build {id} can't be listed: {why}"
                ));
            }
        };
        if incomplete {
            self.warn(format!(
                "build {id} has more artifacts than can be listed: some are missing"
            ));
        }
        let jobs = RefCell::new(self.plan(id, folder, files));
        tokio::join!(
            Box::pin(self.work(&jobs)),
            Box::pin(self.work(&jobs)),
            Box::pin(self.work(&jobs)),
            Box::pin(self.work(&jobs))
        );
    }

    /// What came of all.
    pub fn report(&self) -> ArtifactReport {
        let mut warnings = self.warnings.borrow().clone();
        for (at, pattern) in self.patterns.include.iter().enumerate() {
            if !self.matched.borrow().contains(&at) {
                let pattern = one_line(pattern, 200);
                warnings.push(format!("no artifact matches `{pattern}`"));
            }
        }
        let more = warnings.len().saturating_sub(MOST_WARNINGS);
        if more > 1 {
            warnings.truncate(MOST_WARNINGS);
            warnings.push(format!("{more} more artifacts are missing"));
        }
        ArtifactReport {
            files: self.files.get(),
            bytes: self.bytes.get(),
            warnings,
        }
    }

    async fn list(&self, id: BuildId) -> Result<(Vec<Artifact>, bool), String> {
        let mut tries = 0_u32;
        loop {
            tries = tries.saturating_add(1);
            let seen = RefCell::new(HashSet::new());
            let wanted = |path: &str| self.patterns.matches(path, &mut seen.borrow_mut());
            let list = self.client.artifacts(id, &wanted);
            let found = self.budget.fetch(Rank::ArtifactLists, list).await;
            let found = found.map_err(|late| late.to_string())?;
            let found = found.map_err(|error| error.to_string())?;
            let seen = seen.into_inner();
            let missing = seen.len() < self.patterns.include.len();
            self.matched.borrow_mut().extend(seen);
            if !missing || tries == 2 || self.budget.is_over() {
                return Ok((found.files, found.incomplete));
            }
            tokio::time::sleep(SETTLE).await;
        }
    }

    /// What is to be done, in the order of the patterns.
    fn plan(&self, id: BuildId, folder: Option<&str>, files: Vec<Artifact>) -> VecDeque<Job> {
        let mut jobs = Vec::new();
        let mut taken = HashSet::new();
        for artifact in files {
            let why = match safe_parts(&artifact.path) {
                Ok(parts) if taken.insert(artifact.path.to_lowercase()) => {
                    let parts = folder.into_iter().chain(parts);
                    jobs.push(Job {
                        build: id,
                        rank: self.patterns.first(&artifact.path),
                        parts: parts.map(ToOwned::to_owned).collect(),
                        artifact,
                    });
                    continue;
                }
                Ok(_) => "the name of another artifact differs only in upper and lower case",
                Err(why) => why,
            };
            self.warn(not_downloaded(&artifact.path, why));
        }
        jobs.sort_by_key(|job| job.rank);
        self.all.set(self.all.get().saturating_add(jobs.len()));
        let add = |sum: Option<u64>, job: &Job| Some(sum?.saturating_add(job.artifact.size?));
        self.size.set(jobs.iter().fold(self.size.get(), add));
        jobs.into()
    }

    async fn work(&self, jobs: &RefCell<VecDeque<Job>>) {
        loop {
            let Some(job) = jobs.borrow_mut().pop_front() else {
                return;
            };
            let rank = Rank::Artifacts(job.rank);
            match self.budget.own_time(rank, self.one(&job)).await {
                Ok(()) => self.files.set(self.files.get().saturating_add(1)),
                Err(why) => self.warn(not_downloaded(&job.artifact.path, &why)),
            }
        }
    }

    async fn one(&self, job: &Job) -> Result<(), String> {
        // With the budget over, another one is begun only while bytes arrive.
        if self.budget.is_over() && Instant::now() >= self.flow.until().min(self.budget.timeout()) {
            return Err(Late.to_string());
        }
        let Some((name, folders)) = job.parts.split_last() else {
            return Err("it has no name".to_owned());
        };
        let folder = folder_of(&self.root, folders)?;
        let mut draft = folder.draft(name)?;
        let mut download = self.client.download(job.build, &job.artifact);
        let flow = Flow::new();
        let mut received = 0_u64;
        let result = loop {
            match self.next(&mut download, &flow).await {
                Ok(Piece::Bytes(bytes)) => {
                    if let Err(error) = draft.write_all(&bytes) {
                        break Err(error.to_string());
                    }
                    let length = u64::try_from(bytes.len()).unwrap_or_default();
                    received = received.saturating_add(length);
                    flow.arrived(length);
                    self.flow.arrived(length);
                    self.bytes.set(self.bytes.get().saturating_add(length));
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
                Err(error) => break Err(error),
            }
        };
        if result.is_err() {
            self.bytes.set(self.bytes.get().saturating_sub(received));
        }
        result
    }

    /// The next piece; past the budget's end only while bytes arrive.
    async fn next(&self, download: &mut Download<'_>, flow: &Flow) -> Result<Piece, String> {
        let late = async {
            self.budget.over().await;
            tokio::time::sleep_until(flow.until().min(self.budget.timeout())).await;
        };
        tokio::select! {
            biased;
            piece = download.next() => piece.map_err(|error| error.to_string()),
            () = late => Err(Late.to_string()),
        }
    }

    fn warn(&self, warning: Warning) {
        self.warnings.borrow_mut().push(warning);
    }

    fn progress(&self) {
        if self.told.get().elapsed() < TELL_EVERY {
            return;
        }
        self.told.set(Instant::now());
        let bytes = size(self.bytes.get());
        let of = self
            .size
            .get()
            .map(|all| format!(" of {}", size(all)))
            .unwrap_or_default();
        (self.tell)(format!(
            "artifacts: {} of {} files, {bytes}{of}",
            self.files.get(),
            self.all.get()
        ));
    }
}

struct Job {
    build: BuildId,
    artifact: Artifact,
    /// The place of the pattern that chose it.
    rank: usize,
    /// Where in the folder, part by part.
    parts: Vec<String>,
}

fn not_downloaded(path: &str, why: &str) -> Warning {
    format!(
        "the artifact `{}` is not downloaded: {why}",
        one_line(path, 200)
    )
}
