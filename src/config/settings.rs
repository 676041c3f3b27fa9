//! The validated settings. No text here needs to be looked at twice, and an `Option` is always a choice.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use url::Url;

use super::pipelines::Pipeline;
use crate::types::{BuildId, BuildTypeId, Credential, Proxies, Secret};

/// Everything that `run`, `check`, `cancel` and `sweep` need to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How to reach TeamCity.
    pub connection: Connection,
    /// What to do there.
    pub what: What,
    /// How to follow the builds.
    pub follow: Follow,
    /// What to make of the results.
    pub results: Results,
    /// How to reach Bitbucket.
    pub bitbucket: Bitbucket,
    /// The pipeline that runs this.
    pub pipeline: Pipeline,
}

/// What the `token` commands need to know. Their server and scope come from arguments.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// How servers are reached.
    pub network: Network,
    /// Whether each request is shown.
    pub debug: bool,
    /// How to reach Bitbucket.
    pub bitbucket: Bitbucket,
    /// The pipeline, if this runs in one.
    pub pipeline: Pipeline,
}

/// How servers are reached.
#[derive(Debug, Clone)]
pub struct Network {
    /// PEM text of certificates to trust beside the public authorities.
    pub ca_certificate: Option<String>,
    /// Extra headers for TeamCity, marked sensitive.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The proxies on the way.
    pub proxies: Proxies,
    /// How long an unreachable TeamCity is retried.
    pub retry_for: Duration,
}

/// How to reach TeamCity.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The server's base URL: http or https, its path ends in `/`, without user, query or fragment.
    pub url: Url,
    /// The access token.
    pub token: Secret,
    /// How it is reached.
    pub network: Network,
}

/// What to do on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Queue builds, and follow them.
    Queue(Build),
    /// Follow these builds, and queue nothing.
    Follow(Vec<BuildId>),
    /// Follow what an earlier step queued, and queue nothing.
    FollowAuto,
    /// The command names no builds: `cancel` and `sweep` find them by their tags.
    Nothing,
}

/// What to queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The build configurations, at least one, each once, in the user's order.
    pub build_types: Vec<BuildTypeId>,
    /// The branch.
    pub branch: BranchChoice,
    /// The commit.
    pub revision: RevisionChoice,
    /// Parameters, each name once.
    pub parameters: Vec<Parameter>,
    /// The user's comment. Without one the pipe writes its own.
    pub comment: Option<String>,
    /// Tags for the build.
    pub tags: Vec<String>,
    /// A personal build.
    pub personal: bool,
    /// Delete the files of earlier builds first.
    pub clean_sources: bool,
    /// Put the build at the top of the queue.
    pub queue_at_top: bool,
    /// Which snapshot dependencies to build again.
    pub rebuild_dependencies: RebuildDependencies,
    /// The agent, or pool, to run on.
    pub agent: Option<AgentChoice>,
    /// Where versioned settings come from.
    pub settings_source: SettingsSource,
    /// Whether an existing build will do.
    pub reuse: Reuse,
    /// Cancel this pipe's builds of older commits of the branch.
    pub supersede: bool,
}

/// Where to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentChoice {
    /// On the agent of this name.
    Name(String),
    /// On the agent of this number.
    Id(u64),
    /// On any agent of the pool of this name.
    Pool(String),
}

/// Which branch to build, and who said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BranchChoice {
    /// `BRANCH` names it.
    Given(String),
    /// `BRANCH` is `<default>`.
    Default,
    /// The pipeline's branch (a pull request's source branch).
    Pipeline(String),
    /// The pipeline's tag.
    Tag(String),
    /// Neither `BRANCH` nor the pipeline tells.
    Unknown,
}

/// Which commit to build, and who said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevisionChoice {
    /// `REVISION` names it: 7 to 40 lower-case hexadecimal digits.
    Given(String),
    /// The newest that TeamCity knows. `given`: because `REVISION` says so, and not for want of a commit.
    Latest {
        /// Whether `REVISION` says so.
        given: bool,
    },
    /// The pipeline's commit: 7 to 40 lower-case hexadecimal digits (12 in a pull-request pipeline).
    Pipeline(String),
}

/// A build parameter. Its `Debug` hides the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, with its `env.` or `system.` prefix.
    pub name: String,
    /// Its value. Not for showing: it may be a secret.
    pub value: String,
}

impl fmt::Debug for Parameter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}=…", self.name)
    }
}

/// Which snapshot dependencies to build again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RebuildDependencies {
    /// None.
    None,
    /// Those that failed.
    Failed,
    /// All.
    All,
}

/// Where versioned settings come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingsSource {
    /// As the build configuration says.
    Own,
    /// From version control.
    Vcs,
    /// The server's current ones.
    Server,
}

/// Whether an existing build of the same configuration, branch and commit will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// Always queue one.
    Never,
    /// One that is queued or running.
    Running,
    /// That, or a finished successful one.
    Success,
}

/// How to follow the builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// Whether to wait for the end.
    pub wait: bool,
    /// How long to wait in all.
    pub timeout: Duration,
    /// How long a build may stay in the queue.
    pub queue_timeout: Option<Duration>,
    /// Whether the first failed build cancels the others.
    pub fail_fast: bool,
    /// Whether builds are canceled when the step stops, times out or gives up.
    pub cancel_on_stop: bool,
    /// How much of the build log is shown.
    pub log: LogMode,
    /// How many bytes of the build log are shown.
    pub log_limit: u64,
    /// Whether each request is shown.
    pub debug: bool,
}

/// How much of the build log is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogMode {
    /// All of it, as it grows.
    Stream,
    /// The last lines of a failed build.
    Failed,
    /// Nothing.
    None,
}

/// What to make of the results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Results {
    /// Glob patterns of artifacts to download: relative, with `/`, without `..`.
    pub artifacts: Vec<String>,
    /// Whether one that is missing fails the step.
    pub artifacts_required: bool,
    /// Where artifacts go.
    pub artifacts_dir: PathBuf,
    /// Whether to write JUnit XML.
    pub test_reports: bool,
    /// Whether to put a Code Insights report on the commit.
    pub code_insights: bool,
    /// Whether to put a build status on the commit. Only with a credential.
    pub build_status: bool,
    /// Whether `BUILD_STATUS` says so itself.
    pub build_status_given: bool,
    /// Tells this run from others of the same configurations on the same commit.
    pub label: Option<String>,
    /// The report page's file.
    pub report_file: Option<PathBuf>,
    /// Whether output variables go to Pipelines' file as well.
    pub output_variables: bool,
}

/// How to reach Bitbucket.
#[derive(Debug, Clone)]
pub struct Bitbucket {
    /// The credential, if there is one.
    pub credential: Option<Credential>,
    /// The API's base URL, its path ends in `/`.
    pub api_url: Url,
    /// The step's own proxy.
    pub proxy_url: Url,
}
