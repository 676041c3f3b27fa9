//! Builds in every state.

use chrono::{DateTime, FixedOffset};
use serde::Deserialize;

use super::counts::Counts;
use super::lenient;
use super::problem::ProblemOccurrences;
use super::revision::Revisions;
use super::statistics::Statistics;
use crate::teamcity::date;
use crate::types::BuildId;

/// A list of builds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Builds {
    /// The builds of this page.
    #[serde(deserialize_with = "lenient::sure")]
    pub build: Vec<Build>,
    /// How many; of dependencies, without listing them.
    #[serde(deserialize_with = "lenient::amount")]
    pub count: Option<u64>,
    /// The next page, if there may be one.
    #[serde(deserialize_with = "lenient::text", rename = "nextHref")]
    pub next_href: Option<String>,
}

/// A build. Its `id` stays the same from the queue to the end, unless it is merged.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Build {
    /// Its id; no answer without one is a build.
    #[serde(deserialize_with = "lenient::build_id")]
    pub id: Option<BuildId>,
    /// Its configuration's id.
    #[serde(deserialize_with = "lenient::text")]
    pub build_type_id: Option<String>,
    /// Its configuration.
    #[serde(deserialize_with = "lenient::part")]
    pub build_type: Option<BuildTypeRef>,
    /// Build number.
    #[serde(deserialize_with = "lenient::text")]
    pub number: Option<String>,
    /// Where in its life it is.
    #[serde(deserialize_with = "lenient::named")]
    pub state: Option<State>,
    /// How it is going, or went; absent while queued.
    #[serde(deserialize_with = "lenient::named")]
    pub status: Option<Status>,
    /// In words.
    #[serde(deserialize_with = "lenient::text")]
    pub status_text: Option<String>,
    /// Logical branch; absent for configurations without branches.
    #[serde(deserialize_with = "lenient::text")]
    pub branch_name: Option<String>,
    /// On the default branch.
    #[serde(deserialize_with = "lenient::flag")]
    pub default_branch: bool,
    /// Its page.
    #[serde(deserialize_with = "lenient::text")]
    pub web_url: Option<String>,
    /// Why it is still queued.
    #[serde(deserialize_with = "lenient::text")]
    pub wait_reason: Option<String>,
    /// When TeamCity thinks it starts.
    #[serde(deserialize_with = "date::lenient")]
    pub start_estimate: Option<DateTime<FixedOffset>>,
    /// Queued at.
    #[serde(deserialize_with = "date::lenient")]
    pub queued_date: Option<DateTime<FixedOffset>>,
    /// Started at.
    #[serde(deserialize_with = "date::lenient")]
    pub start_date: Option<DateTime<FixedOffset>>,
    /// Finished at.
    #[serde(deserialize_with = "date::lenient")]
    pub finish_date: Option<DateTime<FixedOffset>>,
    /// Runs without an agent, for its dependencies.
    #[serde(deserialize_with = "lenient::flag")]
    pub composite: bool,
    /// It failed before it began.
    #[serde(deserialize_with = "lenient::flag")]
    pub failed_to_start: bool,
    /// A personal build.
    #[serde(deserialize_with = "lenient::flag")]
    pub personal: bool,
    /// While running.
    #[serde(deserialize_with = "lenient::part", rename = "running-info")]
    pub running_info: Option<RunningInfo>,
    /// If it was canceled.
    #[serde(deserialize_with = "lenient::part")]
    pub canceled_info: Option<CanceledInfo>,
    /// Where it runs, or ran.
    #[serde(deserialize_with = "lenient::part")]
    pub agent: Option<Agent>,
    /// What it builds; empty until changes are collected.
    #[serde(deserialize_with = "lenient::part")]
    pub revisions: Option<Revisions>,
    /// If it needs approval (since 2022.04).
    #[serde(deserialize_with = "lenient::part")]
    pub approval_info: Option<ApprovalInfo>,
    /// Numbers of its tests.
    #[serde(deserialize_with = "lenient::part")]
    pub test_occurrences: Option<Counts>,
    /// Values that TeamCity keeps of it, and those that its script reports.
    #[serde(deserialize_with = "lenient::part")]
    pub statistics: Option<Statistics>,
    /// Its problems; those of a build that is followed are only counted.
    #[serde(deserialize_with = "lenient::part")]
    pub problem_occurrences: Option<ProblemOccurrences>,
    /// Its public tags.
    #[serde(deserialize_with = "lenient::part")]
    pub tags: Option<Tags>,
    /// Its comment.
    #[serde(deserialize_with = "lenient::part")]
    pub comment: Option<Comment>,
    /// What began it.
    #[serde(deserialize_with = "lenient::part")]
    pub triggered: Option<Triggered>,
    /// Requests that were merged into it; only its presence counts.
    pub replacement_ids: Option<serde_json::Value>,
    /// Builds that it waits for, one level.
    #[serde(deserialize_with = "lenient::part", rename = "snapshot-dependencies")]
    pub snapshot_dependencies: Option<Box<Builds>>,
}

impl Build {
    /// Whether it is over, as far as its state tells.
    pub fn is_finished(&self) -> bool {
        self.state == Some(State::Finished)
    }

    /// Whether it is on the default branch; a configuration without branches has no other.
    pub fn is_on_default(&self) -> bool {
        self.default_branch || self.branch_name.is_none()
    }

    /// Whether it waits for other builds.
    pub fn has_dependencies(&self) -> bool {
        let needs = self.snapshot_dependencies.as_deref();
        needs.is_some_and(|needs| needs.count.unwrap_or(0) > 0 || !needs.build.is_empty())
    }

    /// Whether TeamCity merged another request with it, so that it is not one's own to cancel.
    pub fn has_absorbed(&self) -> bool {
        self.has_absorbed_other_than(&[])
    }

    /// The same, leaving out requests that are known to be one's own.
    pub fn has_absorbed_other_than(&self, own: &[BuildId]) -> bool {
        self.absorbed()
            .any(|id| id.is_none_or(|id| !own.contains(&id)))
    }

    /// The ids of the requests that were merged with it; `None` for one that can't be read.
    pub fn absorbed(&self) -> impl Iterator<Item = Option<BuildId>> {
        let ids = self.replacement_ids.as_ref();
        let ids = ids.map(|ids| ids.get("item").unwrap_or(ids));
        let ids = ids.and_then(serde_json::Value::as_array);
        ids.into_iter().flatten().map(|id| {
            let id = id.get("value").unwrap_or(id);
            let text = id
                .as_str()
                .map_or_else(|| id.to_string(), ToOwned::to_owned);
            text.parse().ok()
        })
    }

    /// Whether TeamCity put it into the queue in the place of one that was broken off (TeamCity's source: `BuildRequest.java`,
    /// `TriggeredBy.java`; the first was seen in 2026). What a person starts anew is of the type `user`.
    pub fn was_put_back(&self) -> bool {
        let kind = self.triggered.as_ref().and_then(|by| by.kind.as_deref());
        matches!(kind, Some("reAddedOnStop" | "restarted"))
    }

    /// Whether tests failed in it, so far.
    pub fn has_failed_tests(&self) -> bool {
        self.test_occurrences.is_some_and(|tests| tests.failed > 0)
    }

    /// Its VCS roots, with the commits that it names.
    pub fn commits(&self) -> impl Iterator<Item = (Option<&str>, Option<&str>)> {
        let revisions = self.revisions.iter().flat_map(|all| &all.revision);
        revisions.map(|revision| (revision.root(), revision.commit()))
    }

    /// The number of the user who began it.
    pub fn triggered_by(&self) -> Option<i64> {
        self.triggered.as_ref()?.user.as_ref()?.id
    }

    /// The text of its comment.
    pub fn comment_text(&self) -> Option<&str> {
        self.comment.as_ref()?.text.as_deref()
    }

    /// Whether it carries this tag.
    pub fn has_tag(&self, name: &str) -> bool {
        self.tag_names().any(|tag| tag == name)
    }

    /// Its public tags.
    pub fn tag_names(&self) -> impl Iterator<Item = &str> {
        let tags = self.tags.iter().flat_map(|tags| &tags.tag);
        tags.map(|tag| tag.name.as_str())
    }
}

/// The comment of a build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Comment {
    /// Its text.
    #[serde(deserialize_with = "lenient::text")]
    pub text: Option<String>,
}

/// What began a build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Triggered {
    /// Who, if it was a person or a token's user.
    #[serde(deserialize_with = "lenient::part")]
    pub user: Option<UserRef>,
    /// `user`, `vcs`, `reAddedOnStop` and others; an open set.
    #[serde(deserialize_with = "lenient::text", rename = "type")]
    pub kind: Option<String>,
}

/// Tags of a build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Tags {
    /// The tags.
    #[serde(deserialize_with = "lenient::list")]
    pub tag: Vec<Tag>,
}

/// A tag.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Tag {
    /// Its name.
    #[serde(deserialize_with = "lenient::word")]
    pub name: String,
}

/// The state of a build.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum State {
    /// In the queue.
    Queued,
    /// Running.
    Running,
    /// Over.
    Finished,
    /// Deleted, or what else a server may say.
    Other(String),
}

impl From<String> for State {
    fn from(text: String) -> Self {
        match text.as_str() {
            "queued" => Self::Queued,
            "running" => Self::Running,
            "finished" => Self::Finished,
            _ => Self::Other(text),
        }
    }
}

/// The status of a build; of a running one, so far.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Status {
    /// Good.
    Success,
    /// Bad. `ERROR`, an internal error, is read as this too.
    Failure,
    /// Canceled; or, for a moment after the finish, not computed yet.
    Unknown,
    /// What else a server may say: never a success.
    Other(String),
}

impl From<String> for Status {
    fn from(text: String) -> Self {
        match text.as_str() {
            "SUCCESS" => Self::Success,
            "FAILURE" | "ERROR" => Self::Failure,
            "UNKNOWN" => Self::Unknown,
            _ => Self::Other(text),
        }
    }
}

/// A configuration as builds name it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BuildTypeRef {
    /// Its id.
    #[serde(deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// Its name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// The project's full name.
    #[serde(deserialize_with = "lenient::text")]
    pub project_name: Option<String>,
}

/// How a running build is going.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RunningInfo {
    /// With an estimate only; may stay at 100 for long.
    #[serde(deserialize_with = "lenient::amount")]
    pub percentage_complete: Option<u64>,
    /// In seconds.
    #[serde(deserialize_with = "lenient::amount")]
    pub elapsed_seconds: Option<u64>,
    /// In seconds; with an estimate only.
    #[serde(deserialize_with = "lenient::amount")]
    pub estimated_total_seconds: Option<u64>,
    /// In words.
    #[serde(deserialize_with = "lenient::text")]
    pub current_stage_text: Option<String>,
    /// TeamCity has seen no sign of life for a while.
    #[serde(deserialize_with = "lenient::flag")]
    pub probably_hanging: bool,
}

/// Who canceled a build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct CanceledInfo {
    /// The comment.
    #[serde(deserialize_with = "lenient::text")]
    pub text: Option<String>,
    /// When.
    #[serde(deserialize_with = "date::lenient")]
    pub timestamp: Option<DateTime<FixedOffset>>,
    /// Who; absent for the server itself.
    #[serde(deserialize_with = "lenient::part")]
    pub user: Option<UserRef>,
}

/// A user as builds name them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct UserRef {
    /// Its number.
    #[serde(deserialize_with = "lenient::number")]
    pub id: Option<i64>,
    /// Login name.
    #[serde(deserialize_with = "lenient::text")]
    pub username: Option<String>,
    /// Full name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
}

impl UserRef {
    /// The full name, or the login name.
    pub fn called(&self) -> Option<&str> {
        self.name
            .as_deref()
            .filter(|name| !name.is_empty())
            .or(self.username.as_deref())
    }
}

/// An agent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Agent {
    /// Its name.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
}

/// Approval of a queued build (since 2022.04).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApprovalInfo {
    /// `waitingForApproval`, `approved`, `timedOut`, `canceled`.
    #[serde(deserialize_with = "lenient::text")]
    pub status: Option<String>,
    /// The token's user may approve it.
    #[serde(deserialize_with = "lenient::flag")]
    pub can_be_approved_by_current_user: bool,
}
