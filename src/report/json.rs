//! `teamcity-builds.json`: the outcome for programs, and for the second half of a run that was started without
//! waiting. `docs/teamcity-builds.schema.json` describes it.

mod whose;

use serde::{Deserialize, Serialize};
use whose::{Classed, Compared, Frequency};

use crate::outcome::{
    BrokenOff, BuildOutcome, BuiltChange, Cancellation, ChainBuild, Ending, FailedTest, Moment,
    Problem, RunOutcome, TestCounts,
};
use crate::types::{BuildId, BuildTypeId};

/// The file's name, in the working directory and in the pipe's storage.
pub const FILE: &str = "teamcity-builds.json";
/// The format's number: it grows when a reader of the older one would be misled.
const FORMAT: u32 = 1;

/// What is known of the pipeline, beside the outcome.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Pipeline {
    /// `BITBUCKET_BUILD_NUMBER`.
    pub number: Option<String>,
    /// `BITBUCKET_COMMIT`.
    pub commit: Option<String>,
    /// The tag by which this pipeline's builds are found again.
    pub tag: Option<String>,
    /// Digits that stand for its step, as the builds' own tags have them.
    pub step: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    format: u32,
    pipe_version: &'static str,
    server_url: &'a str,
    pipeline: &'a Pipeline,
    exit_status: u8,
    reason: Option<&'a str>,
    builds: Vec<Build<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Build<'a> {
    build_type_id: &'a BuildTypeId,
    name: &'a str,
    project: Option<&'a str>,
    id: Option<BuildId>,
    number: Option<&'a str>,
    status: &'static str,
    ending: &'a str,
    url: Option<&'a str>,
    branch: Option<&'a str>,
    revision: Option<&'a str>,
    queued_at: Option<String>,
    started_at: Option<String>,
    finished_at: Option<String>,
    status_text: Option<&'a str>,
    agent: Option<&'a str>,
    canceled: Option<Canceled<'a>>,
    broken_off: Vec<Broken<'a>>,
    joined: bool,
    tests: Option<Tests>,
    failed_tests: Vec<Failed<'a>>,
    muted_tests: Vec<Failed<'a>>,
    comparison: Option<Compared<'a>>,
    problems: Vec<BuildProblem<'a>>,
    chain: Vec<Chained<'a>>,
    changes: Vec<Change<'a>>,
}

#[derive(Serialize)]
struct Broken<'a> {
    id: BuildId,
    url: Option<&'a str>,
    said: Option<&'a str>,
}

#[derive(Serialize)]
struct Canceled<'a> {
    by: Option<&'a str>,
    comment: Option<&'a str>,
    at: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tests {
    total: u64,
    passed: u64,
    failed: u64,
    new_failed: u64,
    ignored: u64,
    muted: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failed<'a> {
    name: &'a str,
    #[serde(flatten)]
    class: Classed<'a>,
    often: Option<Frequency<'a>>,
    new_failure: bool,
    within: Option<&'a str>,
}

#[derive(Serialize)]
struct BuildProblem<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    text: &'a str,
    #[serde(flatten)]
    class: Classed<'a>,
    within: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Chained<'a> {
    id: BuildId,
    build_type_id: &'a BuildTypeId,
    name: &'a str,
    number: Option<&'a str>,
    status: &'static str,
    ending: &'a str,
    url: Option<&'a str>,
    queued_at: Option<String>,
    started_at: Option<String>,
    finished_at: Option<String>,
    depends_on: &'a [BuildId],
    reused: bool,
}

#[derive(Serialize)]
struct Change<'a> {
    version: &'a str,
    author: Option<&'a str>,
    comment: Option<&'a str>,
}

/// The document.
pub fn text(outcome: &RunOutcome, pipeline: &Pipeline) -> String {
    let document = Document {
        format: FORMAT,
        pipe_version: env!("CARGO_PKG_VERSION"),
        server_url: &outcome.server_url,
        pipeline,
        exit_status: outcome.status.code(),
        reason: outcome.reason.as_deref(),
        builds: outcome.builds.iter().map(Build::from).collect(),
    };
    // Only maps with odd keys and failing `Serialize` implementations can fail, and here are none.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn rfc3339(moment: Option<Moment>) -> Option<String> {
    moment.map(|moment| moment.to_rfc3339())
}

impl<'a> From<&'a BuildOutcome> for Build<'a> {
    fn from(build: &'a BuildOutcome) -> Self {
        Self {
            build_type_id: &build.build_type,
            name: &build.name,
            project: build.project.as_deref(),
            id: build.id,
            number: build.number.as_deref(),
            status: build.ending.status_word(),
            ending: build.ending.words(),
            url: build.url.as_deref(),
            branch: build.branch.as_deref(),
            revision: build.revision.as_deref(),
            queued_at: rfc3339(build.queued_at),
            started_at: rfc3339(build.started_at),
            finished_at: rfc3339(build.finished_at),
            status_text: build.status_text.as_deref(),
            agent: build.agent.as_deref(),
            canceled: build.canceled.as_ref().map(Canceled::from),
            broken_off: build.broken_off.iter().map(Broken::from).collect(),
            joined: build.joined,
            tests: build.tests.map(Tests::from),
            failed_tests: build.failed_tests.iter().map(Failed::from).collect(),
            muted_tests: build.muted_tests.iter().map(Failed::from).collect(),
            comparison: build.comparison.as_ref().map(Compared::from),
            problems: build.problems.iter().map(BuildProblem::from).collect(),
            chain: build.chain.iter().map(Chained::from).collect(),
            changes: build.changes.iter().map(Change::from).collect(),
        }
    }
}

impl<'a> From<&'a BrokenOff> for Broken<'a> {
    fn from(broken: &'a BrokenOff) -> Self {
        Self {
            id: broken.id,
            url: broken.url.as_deref(),
            said: broken.said.as_deref(),
        }
    }
}

impl<'a> From<&'a Cancellation> for Canceled<'a> {
    fn from(canceled: &'a Cancellation) -> Self {
        Self {
            by: canceled.by.as_deref(),
            comment: canceled.comment.as_deref(),
            at: rfc3339(canceled.at),
        }
    }
}

impl From<TestCounts> for Tests {
    fn from(counts: TestCounts) -> Self {
        Self {
            total: counts.total,
            passed: counts.passed,
            failed: counts.failed,
            new_failed: counts.new_failed,
            ignored: counts.ignored,
            muted: counts.muted,
        }
    }
}

impl<'a> From<&'a FailedTest> for Failed<'a> {
    fn from(test: &'a FailedTest) -> Self {
        Self {
            name: &test.name,
            class: Some(&test.class).into(),
            often: test.often.as_ref().map(Frequency::from),
            new_failure: test.new_failure,
            within: test.within.as_deref(),
        }
    }
}

impl<'a> From<&'a Problem> for BuildProblem<'a> {
    fn from(problem: &'a Problem) -> Self {
        Self {
            kind: &problem.kind,
            text: &problem.text,
            class: problem.class.as_ref().into(),
            within: problem.within.as_deref(),
        }
    }
}

impl<'a> From<&'a ChainBuild> for Chained<'a> {
    fn from(build: &'a ChainBuild) -> Self {
        Self {
            id: build.id,
            build_type_id: &build.build_type,
            name: &build.name,
            number: build.number.as_deref(),
            status: build.ending.status_word(),
            ending: build.ending.words(),
            url: build.url.as_deref(),
            queued_at: rfc3339(build.queued_at),
            started_at: rfc3339(build.started_at),
            finished_at: rfc3339(build.finished_at),
            depends_on: &build.depends_on,
            reused: build.reused,
        }
    }
}

impl<'a> From<&'a BuiltChange> for Change<'a> {
    fn from(change: &'a BuiltChange) -> Self {
        Self {
            version: &change.version,
            author: change.author.as_deref(),
            comment: change.comment.as_deref(),
        }
    }
}

/// What an earlier step left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// The server that it spoke to.
    pub server_url: String,
    /// Its pipeline.
    pub pipeline: Pipeline,
    /// Its builds, those without an id left out.
    pub builds: Vec<EarlierBuild>,
}

/// A build that an earlier step left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierBuild {
    /// Its id.
    pub id: BuildId,
    /// It was started, and not waited for.
    pub started: bool,
}

/// Whether the pipe wrote this document, in whatever format.
pub fn wrote(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Sign {
        #[serde(rename = "pipeVersion")]
        _pipe_version: String,
        #[serde(rename = "serverUrl")]
        _server_url: String,
    }
    serde_json::from_str::<Sign>(text).is_ok()
}

/// Reads back what an earlier step left.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn read(text: &str) -> Result<Earlier, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Read {
        format: u32,
        server_url: String,
        #[serde(default)]
        pipeline: Pipeline,
        builds: Vec<ReadBuild>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct ReadBuild {
        id: Option<BuildId>,
        #[serde(default)]
        status: String,
    }
    let read: Read =
        serde_json::from_str(text).map_err(|error| format!("it can't be read: {error}"))?;
    if read.format != FORMAT {
        return Err(format!(
            "it has format {}, and this version reads {FORMAT}",
            read.format
        ));
    }
    let builds = read.builds.into_iter();
    Ok(Earlier {
        server_url: read.server_url,
        pipeline: read.pipeline,
        builds: builds
            .filter_map(|build| {
                Some(EarlierBuild {
                    id: build.id?,
                    started: build.status == Ending::Queued.status_word(),
                })
            })
            .collect(),
    })
}

#[cfg(test)]
mod tests;
