//! Builds that are there from the server's start.

use std::time::Duration;

use super::plan::Plan;

/// A build of the past.
#[derive(Debug, Clone)]
pub struct EarlierBuild {
    /// The configuration's external id.
    pub build_type: String,
    /// How long before the server's start it was queued.
    pub ago: Duration,
    /// The branch's logical name; `None` is the default one.
    pub branch: Option<String>,
    /// Who queued it: a login name; `None` is a trigger.
    pub user: Option<String>,
    /// Whether it is a personal one.
    pub personal: bool,
    /// What happened.
    pub plan: Plan,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its comment.
    pub comment: Option<String>,
    /// Whether it is pinned, and why.
    pub pinned: Option<String>,
    /// Its parameters.
    pub properties: Vec<super::Property>,
}

impl EarlierBuild {
    /// A build of the default branch, queued by a trigger.
    pub fn new(build_type: impl Into<String>, ago: Duration, plan: Plan) -> Self {
        Self {
            build_type: build_type.into(),
            ago,
            branch: None,
            user: None,
            personal: false,
            plan,
            tags: Vec::new(),
            comment: None,
            pinned: None,
            properties: Vec::new(),
        }
    }
    /// Sets the branch.
    pub fn branch(mut self, name: impl Into<String>) -> Self {
        self.branch = Some(name.into());
        self
    }
    /// It is a personal one.
    pub fn personal(mut self) -> Self {
        self.personal = true;
        self
    }
    /// Sets who queued it.
    pub fn user(mut self, username: impl Into<String>) -> Self {
        self.user = Some(username.into());
        self
    }
}
