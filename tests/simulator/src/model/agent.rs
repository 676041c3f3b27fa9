//! Build agents and their pools.

/// A build agent. Agents do not limit how many builds run: plans say when builds start.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "the wire has these")]
pub struct Agent {
    /// Number, from 1.
    pub id: u64,
    /// Name.
    pub name: String,
    /// Whether it is connected.
    pub connected: bool,
    /// Whether it may take builds.
    pub enabled: bool,
    /// Whether an administrator let it in.
    pub authorized: bool,
    /// Whether it needs no upgrade.
    pub uptodate: bool,
    /// Number of its pool.
    pub pool: u64,
    /// What whoever disabled it, or did not let it in, wrote about that.
    pub comment: Option<String>,
    /// Configurations that it can't run, with the requirement that it does not meet.
    pub cannot_run: Vec<(String, String)>,
}

impl Agent {
    /// A connected agent of the default pool that runs everything.
    pub fn new(id: u64, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            connected: true,
            enabled: true,
            authorized: true,
            uptodate: true,
            pool: Pool::DEFAULT,
            comment: None,
            cannot_run: Vec::new(),
        }
    }
    /// It is not connected.
    pub fn disconnected(mut self) -> Self {
        self.connected = false;
        self
    }
    /// It takes no builds.
    pub fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }
    /// Nobody let it in yet.
    pub fn unauthorized(mut self) -> Self {
        self.authorized = false;
        self
    }
    /// It awaits an upgrade.
    pub fn outdated(mut self) -> Self {
        self.uptodate = false;
        self
    }
    /// Sets its pool.
    pub fn pool(mut self, pool: u64) -> Self {
        self.pool = pool;
        self
    }
    /// Why it is disabled, or not authorized.
    pub fn because(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }
    /// It does not meet a requirement of a configuration.
    pub fn cannot_run(
        mut self,
        build_type: impl Into<String>,
        requirement: impl Into<String>,
    ) -> Self {
        self.cannot_run
            .push((build_type.into(), requirement.into()));
        self
    }
}

/// An agent pool.
#[derive(Debug, Clone)]
pub struct Pool {
    /// Number; 0 is the default pool.
    pub id: u64,
    /// Name.
    pub name: String,
    /// How many agents it may have; `None`: any number.
    pub max_agents: Option<u64>,
    /// External ids of its projects.
    pub projects: Vec<String>,
}

impl Pool {
    /// Number of the pool that every server has.
    pub const DEFAULT: u64 = 0;

    /// A pool without projects.
    pub fn new(id: u64, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            max_agents: None,
            projects: Vec::new(),
        }
    }
    /// Sets how many agents it may have.
    pub fn max_agents(mut self, most: u64) -> Self {
        self.max_agents = Some(most);
        self
    }
    /// Gives it projects.
    pub fn projects<S: Into<String>>(mut self, projects: impl IntoIterator<Item = S>) -> Self {
        self.projects.extend(projects.into_iter().map(Into::into));
        self
    }
}
