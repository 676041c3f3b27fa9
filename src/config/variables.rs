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
            Self::Build => "Build",
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
    /// Its default, where that depends on the step or the server: words in Markdown.
    pub usual: Option<&'static str>,
    /// What it is for: one sentence in Markdown.
    pub meaning: &'static str,
    /// What else there is to know: further sentences.
    pub more: Option<&'static str>,
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
            usual: None,
            meaning,
            more: None,
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

    const fn usual(mut self, words: &'static str) -> Self {
        self.usual = Some(words);
        self
    }

    const fn more(mut self, sentences: &'static str) -> Self {
        self.more = Some(sentences);
        self
    }

    /// What it is for and its default, in Markdown: a row of the README.
    #[must_use]
    pub fn short(&self) -> String {
        self.with_default(self.meaning.to_owned())
    }

    /// All that there is to know, in Markdown.
    #[must_use]
    pub fn whole(&self) -> String {
        let more = self.more.map(|more| format!(" {more}"));
        self.with_default(format!("{}{}", self.meaning, more.unwrap_or_default()))
    }

    fn with_default(&self, text: String) -> String {
        match (self.default, self.usual) {
            (Some(default), _) => format!("{text} Default: `{default}`."),
            (None, Some(usual)) => format!("{text} Default: {usual}."),
            (None, None) => text,
        }
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
        "Address of the TeamCity server, with its context path if it has one.").required()
        .more("`TEAMCITY_SERVER` is another name for it."),
    new("TEAMCITY_TOKEN", Connection, Text,
        "Access token of a TeamCity user, kept in a secured variable.").required().secured(),
    new("TEAMCITY_CA_CERTIFICATE", Connection, Text,
        "Certificates to trust in addition to the public authorities: PEM text, its base64, or the path of a PEM file.")
        .more("Pass the authority's certificate or the server's own."),
    new("TEAMCITY_HEADER_<NAME>", Connection, Text,
        "An extra header for each request to TeamCity, for example for an access proxy.").secured()
        .more("In the name, `_` becomes `-`: `TEAMCITY_HEADER_X_KEY` sends the header `X-Key`."),
    new("RETRY_FOR", Connection, Duration,
        "How long an unreachable or restarting server is retried.").default("10m")
        .more("The time counts from the server's last good answer. Before the first good answer, errors that a retry cannot fix, such as a wrong address, are retried for at most 15 seconds. It is also the longest wait for TeamCity to find the branch or the commit."),
    new("HTTPS_PROXY", Connection, Text,
        "Proxy for a TeamCity server with an `https` address.")
        .more("Pass it as a variable: a pipe does not inherit it from the step."),
    new("HTTP_PROXY", Connection, Text,
        "Proxy for a TeamCity server with an `http` address."),
    new("NO_PROXY", Connection, Text,
        "Hosts to reach without the proxy, separated by commas or spaces.")
        .more("Host names, `.suffix`, `*.suffix`, `*`, IP addresses and networks (`10.0.0.0/8`), each with or without `:port`."),

    new("BUILD_TYPE_ID", Build, List,
        "Id of the build configuration, or a list of ids.").required()
        .more("All builds are queued and followed together. Not needed with `BUILD_ID`."),
    new("BRANCH", Build, Text,
        "Branch to build, by its logical name in TeamCity, or `<default>`.")
        .usual("the pipeline's branch or tag"),
    new("REVISION", Build, Text,
        "Commit to build, or `latest` for the newest commit of the branch that TeamCity knows.")
        .usual("the pipeline's commit; `latest` if there is none, or if `BRANCH` names another branch")
        .more("It applies to the VCS roots of this repository only."),
    new("PARAMETERS", Build, List,
        "Build parameters, a list of `name=value`.")
        .more("One list item is one parameter. Names are written as in TeamCity: `name`, `env.NAME`, `system.name`, `reverse.dep.*.name`. `%name%` is a parameter reference, and `%%` stays as it is. Any other `%` is sent doubled, as TeamCity expects a plain percent sign."),
    new("SECRET_PARAMETERS", Build, List,
        "Like `PARAMETERS`, but TeamCity and the pipe hide the values.")
        .more("They are sent as TeamCity's password type. The pipe hides them in everything that it prints, writes or sends, except in downloaded artifacts. Values, and lines of values, that are shorter than 4 characters cannot be hidden."),
    new("DEPENDENCIES", Build, List,
        "Finished builds to use as snapshot dependencies: their ids, or `auto` for those of earlier steps of this pipeline.")
        .more("They are not built again, so a deployment deploys exactly the build that was tested."),
    new("COMMENT", Build, Text,
        "Comment on the build.")
        .usual("the repository, the pipeline's number, the pull request and the link"),
    new("TAGS", Build, List,
        "Tags for the build."),
    new("PERSONAL", Build, Boolean,
        "Run a personal build.").default("false"),
    new("CLEAN_SOURCES", Build, Boolean,
        "Delete all files in the checkout directory before the build.").default("false"),
    new("QUEUE_AT_TOP", Build, Boolean,
        "Put the build at the top of the queue.").default("false"),
    new("REBUILD_DEPENDENCIES", Build, Text,
        "Snapshot dependencies to rebuild: `none`, `failed` or `all`.").default("none"),
    new("AGENT", Build, Text,
        "Agent to run on: its name, `id:7`, or `pool:Linux` for any agent of a pool.")
        .usual("any compatible agent")
        .more("`AGENT_ID: '7'` is the old form of `AGENT: 'id:7'`."),
    new("SETTINGS", Build, Text,
        "Where versioned settings come from: `vcs` or `server`.")
        .usual("as the build configuration says"),
    new("REUSE", Build, Text,
        "Existing builds to use instead of a new one: `never`, `running` or `success`.").default("never")
        .more("`running` joins a queued or running build of the same configuration, branch and commit. `success` also accepts a finished successful one."),
    new("SUPERSEDE", Build, Boolean,
        "Cancel this pipe's queued and running builds of older commits of the branch.").default("false"),
    new("BUILD_ID", Build, List,
        "Builds to follow instead of queueing new ones: their ids, or `auto`.")
        .more("`auto` follows all builds that earlier steps of this pipeline, parallel ones included, started with `WAIT: 'false'`. It cannot be used together with `BUILD_TYPE_ID`."),

    new("WAIT", Following, Boolean,
        "Wait for the builds to end.").default("true")
        .more("`false` queues the builds, reports their ids, and passes the step. No build status or report stays open, unless `BUILD_STATUS: 'true'` asks for one."),
    new("TIMEOUT", Following, Duration,
        "How long a run may take before it cancels its builds and fails the step.").default("110m")
        .more("Keep it below the step's `max-time`. A build that has finished keeps its result. With `CANCEL_ON_STOP: 'false'` the builds run on."),
    new("QUEUE_TIMEOUT", Following, Duration,
        "How long a build may wait in the queue before the run cancels its builds and fails the step.")
        .usual("no limit"),
    new("FAIL_FAST", Following, Boolean,
        "Cancel the other builds when the first one fails.").default("false"),
    new("CANCEL_ON_STOP", Following, Boolean,
        "Cancel the builds when the step is stopped, times out or gives up.").default("true"),
    new("LOG", Following, Text,
        "What to show of the build log: `stream`, `failed` or `none`.").default("stream")
        .more("`stream` shows the log as it grows. `failed` shows the last lines if the build fails."),
    new("LOG_LIMIT", Following, Size,
        "How much of the build log to show.").default("40MB")
        .more("The end of a failed build's log is always shown. Pipelines cuts a step's log at 50 MB."),
    new("DEBUG", Following, Boolean,
        "Show each request with its method, path, status and time, and never the token.").default("false"),

    new("ARTIFACTS", Results, List,
        "Glob patterns of build artifacts to download, such as `dist/**/*.zip`."),
    new("ARTIFACTS_REQUIRED", Results, Boolean,
        "Fail the step (exit status 6) if a pattern matches nothing or a file cannot be downloaded.").default("false"),
    new("ARTIFACTS_DIR", Results, Text,
        "Where to put artifacts, relative to the working directory.").default("teamcity-artifacts")
        .more("With several builds, each build configuration has its own folder there."),
    new("TEST_REPORTS", Results, Boolean,
        "Write JUnit XML to `test-reports/`, which Pipelines shows in the step's Tests tab.").default("true"),
    new("CODE_INSIGHTS", Results, Boolean,
        "Put a report with failed tests and build problems on the commit.").default("true")
        .more("It needs no credential."),
    new("BUILD_STATUS", Results, Boolean,
        "Put a build status that links to TeamCity on the commit.")
        .usual("`true` if there is a Bitbucket credential and the pipe waits")
        .more("It is also off for build configurations that TeamCity's own Commit Status Publisher reports to this repository."),
    new("LABEL", Results, Text,
        "Tells apart runs of the same build configuration on the same commit.")
        .usual("the number of the parallel step, if it is one")
        .more("It becomes part of build statuses, reports and test suites."),
    new("REPORT_FILE", Results, Text,
        "Name of the report page's file, or `none` for no page.").default("teamcity-report.html"),
    new("OUTPUT_VARIABLES", Results, Boolean,
        "Also write the output variables to the file that Pipelines provides.").default("false")
        .more("The step must list them under `output-variables`."),

    new("ATLASSIAN_ACCOUNT_EMAIL", Bitbucket, Text,
        "E-mail address of the Atlassian account that owns `ATLASSIAN_API_TOKEN`."),
    new("ATLASSIAN_API_TOKEN", Bitbucket, Text,
        "API token of an Atlassian account.").secured(),
    new("BITBUCKET_ACCESS_TOKEN", Bitbucket, Text,
        "Repository, project or workspace access token, instead of the two above.").secured(),
    new("BITBUCKET_API_URL", Bitbucket, Text,
        "Address of Bitbucket's API, for tests.").default("https://api.bitbucket.org/2.0"),
    new("BITBUCKET_PROXY_URL", Bitbucket, Text,
        "Address of the step's proxy to Bitbucket, for unusual runners.").default("http://host.docker.internal:29418"),

    new("COMMAND", Command, Text,
        "What to do: `run`, `check`, `cancel` or `sweep`.").default("run")
        .more("`run` queues and follows builds. `check` checks everything that a run needs, and queues nothing. `cancel` cleans up what the pipe left behind in this pipeline. `sweep` cleans up what stopped steps left behind in the whole repository."),
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
    fn each_meaning_is_one_sentence_that_fits_a_table_cell() {
        for variable in ALL {
            let name = variable.name;
            assert!(variable.meaning.ends_with('.'), "{name}");
            assert!(!variable.meaning.contains(". "), "{name}");
            assert!(
                variable.more.is_none_or(|more| more.ends_with('.')),
                "{name}"
            );
            assert!(!variable.whole().contains(['|', '\n']), "{name}");
        }
    }
}
