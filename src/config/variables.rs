//! The one table of variables. The help text, the spelling hints, and the tests of `README.md` and `pipe.yml` use it.

/// What a variable belongs to, as the README groups them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// What to do.
    Command,
    /// How to reach TeamCity.
    Connection,
    /// What to queue.
    Build,
    /// How to follow.
    Following,
    /// What to make of the results.
    Results,
    /// How to reach Bitbucket.
    Bitbucket,
}

impl Group {
    /// All groups, in the README's order.
    pub const ALL: [Self; 6] = [
        Self::Connection,
        Self::Build,
        Self::Following,
        Self::Results,
        Self::Bitbucket,
        Self::Command,
    ];

    /// The group's heading.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Command => "Command",
            Self::Connection => "Connection",
            Self::Build => "The build",
            Self::Following => "Following",
            Self::Results => "Results",
            Self::Bitbucket => "Bitbucket",
        }
    }
}

/// How a value is written, as the README's snippet shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A text, or a list of texts.
    List,
    /// `true` or `false`.
    Boolean,
    /// A time such as `45m`.
    Duration,
    /// An amount of data such as `40MB`.
    Size,
}

/// One variable.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Its name. One that ends in `<NAME>` stands for all names that begin like it.
    pub name: &'static str,
    /// What it belongs to.
    pub group: Group,
    /// Whether a run needs it.
    pub required: bool,
    /// How its value is written.
    pub kind: Kind,
    /// Whether its value is a secret.
    pub secured: bool,
    /// Its default, where that is a fixed text.
    pub default: Option<&'static str>,
    /// What it is for, in Markdown, on one line.
    pub meaning: &'static str,
}

impl Variable {
    /// Whether it takes a list.
    #[must_use]
    pub fn is_list(&self) -> bool {
        self.kind == Kind::List
    }

    /// Whether it stands for many names.
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        self.name.ends_with('>')
    }

    const fn new(name: &'static str, group: Group, kind: Kind, meaning: &'static str) -> Self {
        Self {
            name,
            group,
            required: false,
            kind,
            secured: false,
            default: None,
            meaning,
        }
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn secured(mut self) -> Self {
        self.secured = true;
        self
    }

    const fn default(mut self, text: &'static str) -> Self {
        self.default = Some(text);
        self
    }
}

/// The variable of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Variable> {
    ALL.iter().find(|variable| variable.name == name)
}

/// How the names of extra headers begin.
pub(super) const HEADER_PREFIX: &str = "TEAMCITY_HEADER_";

/// Other names that mean the same.
pub(super) const ALIASES: &[(&str, &str)] =
    &[("TEAMCITY_SERVER", "TEAMCITY_URL"), ("AGENT_ID", "AGENT")];

use Group::{Bitbucket, Build, Command, Connection, Following, Results};
use Kind::{Boolean, Duration, List, Size, Text};

const fn new(name: &'static str, group: Group, kind: Kind, meaning: &'static str) -> Variable {
    Variable::new(name, group, kind, meaning)
}

/// All variables, in the README's order.
#[rustfmt::skip]
pub const ALL: &[Variable] = &[
    new("TEAMCITY_URL", Connection, Text,
        "Address of the TeamCity server, with its context path if it has one. `TEAMCITY_SERVER` means the same.").required(),
    new("TEAMCITY_TOKEN", Connection, Text,
        "Access token of a TeamCity user. Keep it in a secured variable.").required().secured(),
    new("TEAMCITY_CA_CERTIFICATE", Connection, Text,
        "Certificate authorities to trust beside the public ones, or the server's own certificate: PEM text, base64 of it, or the path of a PEM file."),
    new("TEAMCITY_HEADER_<NAME>", Connection, Text,
        "An extra header on each request to TeamCity, for an access proxy. Each `_` in the name becomes `-`: `TEAMCITY_HEADER_X_KEY` sends `X-Key`.").secured(),
    new("RETRY_FOR", Connection, Duration,
        "How long to retry a server that is unreachable or restarting, counted from its last good answer. What can't pass, such as a wrong address, is retried for 15 seconds at most before the first good answer.").default("10m"),
    new("HTTPS_PROXY", Connection, Text,
        "Proxy for an `https` TeamCity. Passed as a variable, it is not inherited from the step."),
    new("HTTP_PROXY", Connection, Text,
        "Proxy for an `http` TeamCity."),
    new("NO_PROXY", Connection, Text,
        "Hosts to reach without the proxy, separated by commas or blanks: names, `.suffix`, `*.suffix`, `*`, addresses, networks (`10.0.0.0/8`), each with or without `:port`."),

    new("BUILD_TYPE_ID", Build, List,
        "Id of the build configuration, or a list of ids. All are queued and followed together. Not needed with `BUILD_ID`.").required(),
    new("BRANCH", Build, Text,
        "Branch to build, by TeamCity's logical name; `<default>` for the default branch. Default: the pipeline's branch or tag."),
    new("REVISION", Build, Text,
        "Commit to build, on the VCS roots of this repository. `latest` for the newest change of the branch that TeamCity knows. Default: the pipeline's commit, or `latest` where there is none."),
    new("PARAMETERS", Build, List,
        "Build parameters, a list of `name=value`, one parameter an item. Names as in TeamCity: plain, `env.X`, `system.X`, `reverse.dep.*.X`. `%name%` is a reference, and `%%` stays; any other `%` is sent doubled."),
    new("SECRET_PARAMETERS", Build, List,
        "The same, for secrets: sent as TeamCity's password type, and hidden in all that the pipe shows, writes or sends elsewhere. Lines of fewer than 4 characters can't be hidden."),
    new("DEPENDENCIES", Build, List,
        "Promotion: finished builds, by their ids, that are taken as snapshot dependencies and not built again. `auto` takes what earlier steps of this pipeline built."),
    new("COMMENT", Build, Text,
        "Comment on the build. Default: the repository, the pipeline's number and its link."),
    new("TAGS", Build, List,
        "Tags for the build."),
    new("PERSONAL", Build, Boolean,
        "Run a personal build.").default("false"),
    new("CLEAN_SOURCES", Build, Boolean,
        "Delete the files of earlier builds in the checkout directory first.").default("false"),
    new("QUEUE_AT_TOP", Build, Boolean,
        "Put the build at the top of the queue.").default("false"),
    new("REBUILD_DEPENDENCIES", Build, Text,
        "Snapshot dependencies to build again: `none`, `failed` or `all`.").default("none"),
    new("AGENT", Build, Text,
        "Run on this agent: its name, or `id:7`; or `pool:Linux` for any agent of a pool. The old `AGENT_ID: '7'` means `id:7`."),
    new("SETTINGS", Build, Text,
        "Where versioned settings come from: `vcs` or `server`. Default: as the build configuration says."),
    new("REUSE", Build, Text,
        "`running` joins a queued or running build of the same configuration, branch and commit. `success` accepts a finished successful one too. `never` always queues.").default("never"),
    new("SUPERSEDE", Build, Boolean,
        "Cancel this pipe's queued and running builds of older commits of the branch.").default("false"),
    new("BUILD_ID", Build, List,
        "Follow this build, or list of builds, and queue nothing. `auto` takes all that earlier steps of the pipeline, parallel ones too, started with `WAIT: 'false'`. Not together with `BUILD_TYPE_ID`."),

    new("WAIT", Following, Boolean,
        "Wait for the end. `false` queues, reports the id, and passes the step; no status or report is left open unless `BUILD_STATUS` asks for one.").default("true"),
    new("TIMEOUT", Following, Duration,
        "How long to wait in all. When it passes, the builds are canceled (see `CANCEL_ON_STOP`) and the step fails. Keep it below the step's `max-time`.").default("110m"),
    new("QUEUE_TIMEOUT", Following, Duration,
        "The same for a build that never leaves the queue. Default: no limit."),
    new("FAIL_FAST", Following, Boolean,
        "With several builds: the first that fails cancels the others.").default("false"),
    new("CANCEL_ON_STOP", Following, Boolean,
        "Cancel the builds when the step is stopped, times out or gives up.").default("true"),
    new("LOG", Following, Text,
        "`stream` shows the build log as it grows, `failed` the last lines of a failed build, `none` nothing.").default("stream"),
    new("LOG_LIMIT", Following, Size,
        "How much of the build log is shown. The end of a failed build's log is shown all the same.").default("40MB"),
    new("DEBUG", Following, Boolean,
        "Show each request: method, path, status, time. Never the token.").default("false"),

    new("ARTIFACTS", Results, List,
        "Glob patterns of build artifacts to download, such as `dist/**/*.zip`."),
    new("ARTIFACTS_REQUIRED", Results, Boolean,
        "A pattern of `ARTIFACTS` that matches nothing, or a file that can't be fetched, fails the step (exit status 6).").default("false"),
    new("ARTIFACTS_DIR", Results, Text,
        "Where artifacts go, from the working directory.").default("teamcity-artifacts"),
    new("TEST_REPORTS", Results, Boolean,
        "Write JUnit XML to `test-reports/`, so that the step's Tests tab shows TeamCity's tests.").default("true"),
    new("CODE_INSIGHTS", Results, Boolean,
        "Put a report on the commit, with failed tests and build problems. Needs no credential.").default("true"),
    new("BUILD_STATUS", Results, Boolean,
        "Put a build status on the commit that links to TeamCity. Default: `true` if there is a Bitbucket credential and the pipe waits."),
    new("LABEL", Results, Text,
        "Tells this run from others of the same configurations on the same commit: part of build statuses, report and test suites. Default: the number of the parallel step, if it is one."),
    new("REPORT_FILE", Results, Text,
        "File for a report page; `none` writes none.").default("teamcity-report.html"),
    new("OUTPUT_VARIABLES", Results, Boolean,
        "Also hand the output variables to Pipelines. The step must list them under `output-variables`.").default("false"),

    new("ATLASSIAN_ACCOUNT_EMAIL", Bitbucket, Text,
        "E-mail address of the Atlassian account that `ATLASSIAN_API_TOKEN` belongs to."),
    new("ATLASSIAN_API_TOKEN", Bitbucket, Text,
        "API token of an Atlassian account.").secured(),
    new("BITBUCKET_ACCESS_TOKEN", Bitbucket, Text,
        "Repository, project or workspace access token, instead of the two above.").secured(),
    new("BITBUCKET_API_URL", Bitbucket, Text,
        "Address of Bitbucket's API, for tests.").default("https://api.bitbucket.org/2.0"),
    new("BITBUCKET_PROXY_URL", Bitbucket, Text,
        "Address of the step's own proxy to Bitbucket, for unusual runners.").default("http://host.docker.internal:29418"),

    new("COMMAND", Command, Text,
        "`run`; `check` checks all that a run needs and queues nothing; `cancel` settles what the pipe left behind in this pipeline; `sweep` what killed steps left behind in the whole repository.").default("run"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_there_once() {
        for (index, variable) in ALL.iter().enumerate() {
            assert!(
                ALL[..index]
                    .iter()
                    .all(|earlier| earlier.name != variable.name),
                "{} is there twice",
                variable.name
            );
        }
    }

    #[test]
    fn each_meaning_fits_a_table_cell() {
        for variable in ALL {
            assert!(variable.meaning.ends_with('.'), "{}", variable.name);
            assert!(!variable.meaning.contains(['|', '\n']), "{}", variable.name);
        }
    }
}
