//! A build as the server keeps it: what was asked for, and what people did to it. What state it is in follows from time.

use std::sync::Arc;
use std::time::Duration;

use super::plan::{Plan, Status};

/// A parameter of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
    /// Raw type specification, such as `password display='hidden'`.
    pub kind: Option<String>,
}

impl Property {
    /// One without a type.
    pub fn plain(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            kind: None,
        }
    }
    /// One whose value nobody gets back.
    pub fn password(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            kind: Some("password".to_owned()),
            ..Self::plain(name, value)
        }
    }
    /// Whether its value is never given back.
    pub fn is_secret(&self) -> bool {
        self.kind
            .as_deref()
            .is_some_and(|kind| kind.starts_with("password"))
    }
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    /// Name.
    pub name: String,
    /// Whose private tag it is.
    pub owner: Option<u64>,
}

/// A revision of a root in a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The root's external id.
    pub root: String,
    /// The commit.
    pub version: String,
    /// The ref; empty if the client sent none.
    pub vcs_branch: String,
}

/// What a client asked for beside the build itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the wire has these")]
pub struct TriggeringOptions {
    /// Clean checkout.
    pub clean_sources: bool,
    /// The same for dependencies.
    pub clean_sources_in_all_dependencies: bool,
    /// Do not reuse builds of dependencies.
    pub rebuild_all_dependencies: bool,
    /// Do not reuse failed builds of dependencies.
    pub rebuild_failed_or_incomplete_dependencies: bool,
    /// Put on top of the queue.
    pub queue_at_top: bool,
    /// Where versioned settings come from.
    pub freeze_settings: Option<bool>,
    /// Tag dependencies too.
    pub tag_dependencies: bool,
    /// Configurations whose builds are not reused.
    pub rebuild_dependencies: Vec<String>,
}

/// Who started a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// A user, by number.
    User(u64),
    /// A build that depends on it.
    SnapshotDependency(u64),
    /// A VCS trigger.
    Vcs,
    /// It was put back into the queue, by a user or by TeamCity itself.
    ReAdded {
        /// Who did it.
        by: Option<u64>,
        /// Whether the record says `restarted` rather than `reAddedOnStop`.
        restarted: bool,
    },
}

impl Trigger {
    /// The type of `triggered`.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::SnapshotDependency(_) => "snapshotDependency",
            Self::Vcs => "vcs",
            Self::ReAdded {
                restarted: true, ..
            } => "restarted",
            Self::ReAdded { .. } => "reAddedOnStop",
        }
    }

    /// The user who did it.
    pub(crate) fn user(&self) -> Option<u64> {
        match self {
            Self::User(user) => Some(*user),
            Self::ReAdded { by, .. } => *by,
            Self::SnapshotDependency(_) | Self::Vcs => None,
        }
    }
}

/// Which build one takes the place of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InsteadOf {
    pub(crate) id: u64,
    /// When that one ends, if it ends as foreseen.
    pub(crate) end: Duration,
}

/// That somebody canceled a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// When it was asked for.
    pub at: Duration,
    /// Who, by number.
    pub user: Option<u64>,
    /// Why: the text of `canceledInfo`.
    pub comment: String,
    /// What the status text says of it in parentheses.
    pub shown: Option<String>,
}

impl Cancellation {
    /// By a user, or by the server itself.
    pub(crate) fn new(at: Duration, user: Option<u64>, comment: impl Into<String>) -> Self {
        Self {
            at,
            user,
            comment: comment.into(),
            shown: None,
        }
    }

    /// By the server itself, whose reason the status text names too.
    pub(crate) fn by_server(at: Duration, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self {
            shown: Some(reason.clone()),
            ..Self::new(at, None, reason)
        }
    }
}

/// A build, in whatever state.
#[derive(Debug, Clone)]
pub(crate) struct Build {
    /// Number, the same through all states.
    pub id: u64,
    /// The configuration's external id.
    pub build_type: String,
    /// The logical branch that it is queued for; `None` without branches.
    pub branch: Option<String>,
    /// Whether that is the default branch.
    pub default_branch: bool,
    /// Whether it is personal, and whose.
    pub personal: Option<u64>,
    /// The comment, who wrote it and when.
    pub comment: Option<(String, u64, Duration)>,
    /// Tags.
    pub tags: Vec<Tag>,
    /// Custom parameters.
    pub properties: Vec<Property>,
    /// Options.
    pub options: TriggeringOptions,
    /// Revisions.
    pub revisions: Vec<Revision>,
    /// Whether the revisions were given, so that they are shown at once.
    pub pinned_revisions: bool,
    /// Whether a revision exists nowhere, so that checkout fails.
    pub bad_revision: bool,
    /// When it was queued.
    pub queued_at: Duration,
    /// Who started it.
    pub trigger: Trigger,
    /// The agent that it must run on.
    pub agent: Option<u64>,
    /// The agent that takes it, if nobody chose one.
    pub taken_by: Option<u64>,
    /// What will happen.
    pub plan: Arc<Plan>,
    /// Builds that it depends on.
    pub dependencies: Vec<u64>,
    /// Its number, shown from its start.
    pub number: u64,
    /// Place in the queue: smaller is earlier.
    pub order: i64,
    /// Why it is pinned to be kept, by whom, and when.
    pub kept: Option<(String, u64, Duration)>,
    /// The personal change that is built with it.
    pub personal_change: Option<u64>,
    /// That it was canceled.
    pub canceled: Option<Cancellation>,
    /// When it was approved, and by whom.
    pub approved: Option<(Duration, u64)>,
    /// When it was deleted.
    pub deleted: Option<Duration>,
    /// When somebody made it start.
    pub forced_start: Option<Duration>,
    /// When somebody made it finish, and how.
    pub forced_finish: Option<(Duration, Status)>,
    /// Which build it takes the place of.
    pub instead_of: Option<InsteadOf>,
    /// Which build takes its place.
    pub succeeded_by: Option<u64>,
    /// Why it can't start at all.
    pub cannot_start: Option<String>,
    /// Lines added to its log: when, and what.
    pub extra_log: Vec<(Duration, String)>,
}

impl Build {
    /// The agent that it runs on, once it does.
    pub(crate) fn runs_on(&self) -> Option<u64> {
        self.agent.or(self.taken_by)
    }
}
