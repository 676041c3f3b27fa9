//! The shape of a shop's file. Every member may be left out unless it is said to be needed.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A length of time such as `90s`, `5m` or `2h 30m`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span(pub(super) Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(&text).map(Self).map_err(|_| {
            serde::de::Error::custom(format!("{text} is no length of time such as 90s or 2h"))
        })
    }
}

/// A map in the order of the file: of two branches the first one's commits are the older changes.
#[derive(Debug, Clone, Default)]
pub(super) struct InOrder<V>(pub(super) Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for InOrder<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
            type Value = InOrder<V>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a map")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(InOrder(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// The whole file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct File {
    /// TeamCity's version, such as `2026.2`.
    pub(super) version: Option<String>,
    /// Whether anybody may look without credentials.
    pub(super) guest: bool,
    /// Whether no build leaves the queue.
    pub(super) queue_paused: bool,
    pub(super) users: Vec<User>,
    pub(super) pools: Vec<Pool>,
    pub(super) agents: Vec<Agent>,
    pub(super) projects: Vec<Project>,
    /// Builds that are there from the start.
    pub(super) builds: Vec<Build>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct User {
    pub(super) username: String,
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) password: Option<String>,
    #[serde(default)]
    pub(super) role: Role,
    /// More permissions, everywhere; TeamCity's ids in lower case.
    #[serde(default)]
    pub(super) permissions: Vec<String>,
    #[serde(default)]
    pub(super) tokens: Vec<Token>,
}

/// What a user may do.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Role {
    Administrator,
    ProjectAdministrator,
    #[default]
    Developer,
    Viewer,
    /// Nothing but `permissions`.
    None,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Token {
    pub(super) name: String,
    pub(super) value: String,
    /// How long after the server's start it expires.
    pub(super) expires: Option<Span>,
    /// What it is limited to.
    pub(super) limited_to: Option<Vec<Limit>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Limit {
    pub(super) permission: String,
    /// Without one it is everywhere.
    pub(super) project: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Pool {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) max_agents: Option<u64>,
    #[serde(default)]
    pub(super) projects: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "an agent has these")]
pub(super) struct Agent {
    pub(super) id: u64,
    pub(super) name: String,
    #[serde(default)]
    pub(super) pool: u64,
    #[serde(default = "yes")]
    pub(super) connected: bool,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    #[serde(default = "yes")]
    pub(super) authorized: bool,
    #[serde(default = "yes")]
    pub(super) uptodate: bool,
    /// Configurations that it can't run, each with the requirement that it does not meet.
    #[serde(default)]
    pub(super) cannot_run: BTreeMap<String, String>,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Project {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) parent: Option<String>,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, String>,
    /// Parameters whose values nobody gets back.
    #[serde(default)]
    pub(super) passwords: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) roots: Vec<Root>,
    #[serde(default)]
    pub(super) configurations: Vec<Configuration>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Root {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) url: String,
    /// `main` if not said.
    pub(super) default_branch: Option<String>,
    /// The branch specification; every branch if not said, none if empty.
    pub(super) spec: Option<Vec<String>>,
    /// Each branch with its commits, the newest last.
    #[serde(default)]
    pub(super) branches: InOrder<Vec<String>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    #[default]
    Regular,
    Composite,
    Deployment,
    Template,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Configuration {
    pub(super) id: String,
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) kind: Kind,
    /// The pipeline whose head it is: that name. Its jobs are what it depends on.
    pub(super) pipeline: Option<String>,
    #[serde(default)]
    pub(super) paused: bool,
    /// External ids of its VCS roots.
    #[serde(default)]
    pub(super) roots: Vec<String>,
    /// External ids of the configurations that it depends on by snapshot.
    #[serde(default)]
    pub(super) depends_on: Vec<String>,
    #[serde(default)]
    pub(super) templates: Vec<String>,
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, String>,
    /// Parameters whose values nobody gets back.
    #[serde(default)]
    pub(super) passwords: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) settings: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) steps: Vec<Step>,
    /// What its builds do: the next one the first plan, and so on; the last repeats.
    #[serde(default)]
    pub(super) plans: Vec<Plan>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) script: String,
}

/// How a build ends.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Ending {
    #[default]
    Success,
    Failure,
    Error,
    FailedToStart,
    Hangs,
    NeverStarts,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Plan {
    /// How long it is in the queue: 2s if not said.
    pub(super) queued: Option<Span>,
    /// How long it runs: 30s if not said.
    pub(super) runs: Option<Span>,
    pub(super) ends: Ending,
    /// Somebody cancels it.
    pub(super) canceled: Option<Canceled>,
    /// It needs to be approved first.
    pub(super) approval: bool,
    /// Its status text at the end.
    pub(super) text: Option<String>,
    pub(super) stages: Vec<String>,
    pub(super) log: Vec<LogPart>,
    pub(super) tests: Tests,
    pub(super) problems: Vec<Problem>,
    /// Path of each file, and what is in it.
    pub(super) artifacts: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Canceled {
    /// A login name.
    pub(super) by: String,
    #[serde(default)]
    pub(super) comment: String,
    /// How long after it was queued.
    pub(super) after: Span,
}

/// Lines of a log, in a block if it has a name; times are spread evenly over the build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct LogPart {
    pub(super) block: Option<String>,
    pub(super) lines: Vec<String>,
    pub(super) warnings: Vec<String>,
    pub(super) errors: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Tests {
    pub(super) passed: usize,
    pub(super) ignored: usize,
    pub(super) failed: Vec<FailedTest>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct FailedTest {
    pub(super) name: String,
    #[serde(default)]
    pub(super) details: String,
    #[serde(default)]
    pub(super) new: bool,
    #[serde(default)]
    pub(super) muted: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Problem {
    /// Such as `TC_EXIT_CODE`.
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) details: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Build {
    /// The configuration's external id.
    pub(super) configuration: String,
    /// How long before the server's start it was queued.
    pub(super) ago: Span,
    /// The default branch if not said.
    pub(super) branch: Option<String>,
    /// Who queued it; a trigger if not said.
    pub(super) user: Option<String>,
    #[serde(default)]
    pub(super) plan: Plan,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    pub(super) comment: Option<String>,
    /// Why it is pinned.
    pub(super) pinned: Option<String>,
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, String>,
}
