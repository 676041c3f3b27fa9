//! What a simulated server starts with.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::clock::Clock;
use crate::doubts::Doubts;
use crate::history;
use crate::log_windows::LogWindows;
use crate::model::{
    Agent, Branch, BuildType, Change, Discovery, EarlierBuild, Grant, Plan, Pool, Project, Root,
    Token, User,
};
use crate::nodes::SecondNode;
use crate::rest::errors::Generation;
use crate::simulator::Mode;
use crate::state::{State, Version};

/// Ids of builds start here.
const FIRST_BUILD: u64 = 4711;

/// The server's start: settings, users, projects, repositories, plans.
#[derive(Debug, Clone)]
pub struct Scenario {
    version: String,
    context_path: String,
    generation: Option<Generation>,
    strict_csrf: bool,
    search_lag: Duration,
    latency: Duration,
    log_windows: LogWindows,
    users: Vec<User>,
    tokens: Vec<Token>,
    projects: Vec<Project>,
    build_types: Vec<BuildType>,
    roots: Vec<Root>,
    branches: Vec<Branch>,
    changes: Vec<Change>,
    agents: Vec<Agent>,
    plans: BTreeMap<String, Vec<Plan>>,
    queue_paused: bool,
    cloud: bool,
    doubts: Doubts,
    second_node: Option<SecondNode>,
    root_url: String,
    pools: Vec<Pool>,
    guest: bool,
    earlier: Vec<EarlierBuild>,
    date: Option<DateTime<Utc>>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self::new()
    }
}

impl Scenario {
    /// The token of user `ci`.
    pub const TOKEN: &'static str = "eyJ0eXAiOiAiVENWMiJ9.c2ltdWxhdG9yLWNpLWJvdC10b2tlbg.MDEyMzQ1NjctODlhYi1jZGVmLTAxMjMtNDU2Nzg5YWJjZGVm";
    /// The newest commit of `main`, which `feature/x` has too.
    pub const COMMIT: &'static str = "4f2a9c01d3b7e8f6a5c4b3d2e1f00918273645ab";
    /// The commit before [`Self::COMMIT`] on `main`.
    pub const OLDER_COMMIT: &'static str = "1111111111111111111111111111111111111111";

    /// One project, one configuration, one root, one agent, one user.
    pub fn new() -> Self {
        Self::empty()
            .user(User::new("ci").name("CI Bot").email("ci@example.com"))
            .token(Token::new(Self::TOKEN, "ci", "bitbucket-pipelines"))
            .project(Project::new("App"))
            .root(Root::new("App_Git", "git@bitbucket.org:acme/app.git"))
            .build_type(BuildType::new("App_Build").name("Build").roots(["App_Git"]))
            .agent(Agent::new(1, "agent-1"))
            .change(
                "App_Git",
                "main",
                "0000000000000000000000000000000000000001",
            )
            .change("App_Git", "main", Self::OLDER_COMMIT)
            .change("App_Git", "main", Self::COMMIT)
            .change("App_Git", "feature/x", Self::COMMIT)
    }

    /// A server with nothing but what every server has: the root project and the default pool.
    pub fn empty() -> Self {
        Self {
            version: "2025.11".to_owned(),
            context_path: String::new(),
            generation: None,
            strict_csrf: false,
            search_lag: Duration::ZERO,
            latency: Duration::ZERO,
            log_windows: LogWindows::default(),
            users: Vec::new(),
            tokens: Vec::new(),
            projects: vec![Project::new("_Root").name("<Root project>").parent("_Root")],
            build_types: Vec::new(),
            roots: Vec::new(),
            branches: Vec::new(),
            changes: Vec::new(),
            agents: Vec::new(),
            plans: BTreeMap::new(),
            queue_paused: false,
            cloud: false,
            doubts: Doubts::default(),
            second_node: None,
            root_url: "https://teamcity.example.com".to_owned(),
            pools: vec![Pool::new(Pool::DEFAULT, "Default").projects(["_Root"])],
            guest: false,
            earlier: Vec::new(),
            date: None,
        }
    }

    /// The server's version, such as `2019.1` or `2024.03.1`.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }
    /// The path under which the server lives, such as `/teamcity`.
    pub fn context_path(mut self, path: impl Into<String>) -> Self {
        self.context_path = path.into().trim_end_matches('/').to_owned();
        if !self.context_path.is_empty() && !self.context_path.starts_with('/') {
            self.context_path.insert(0, '/');
        }
        self
    }
    /// How errors are worded, against the version's own way.
    pub fn errors(mut self, generation: Generation) -> Self {
        self.generation = Some(generation);
        self
    }
    /// Adds a user, or replaces the one of that name.
    pub fn user(mut self, mut user: User) -> Self {
        match self
            .users
            .iter_mut()
            .find(|known| known.username == user.username)
        {
            Some(known) => {
                user.id = known.id;
                *known = user;
            }
            None => {
                user.id = self.users.len() as u64 + 1;
                self.users.push(user);
            }
        }
        self
    }
    /// Adds a token, or replaces the one of that value.
    pub fn token(mut self, token: Token) -> Self {
        self.tokens.retain(|known| known.value != token.value);
        self.tokens.push(token);
        self
    }
    /// Gives a user a permission in a project.
    pub fn permission(mut self, user: &str, project: &str, permission: &str) -> Self {
        for known in self.users.iter_mut().filter(|known| known.username == user) {
            known.grants.push(Grant::in_project(project, permission));
        }
        self
    }
    /// Takes a permission from a user, wherever it was granted.
    pub fn without_permission(mut self, user: &str, permission: &str) -> Self {
        for known in self.users.iter_mut().filter(|known| known.username == user) {
            known.grants.retain(|grant| grant.permission != permission);
        }
        self
    }
    /// Adds a project, or replaces the one of that id.
    pub fn project(mut self, project: Project) -> Self {
        replace(&mut self.projects, project, |project| &project.id);
        self
    }
    /// Adds a build configuration, or replaces the one of that id.
    pub fn build_type(mut self, build_type: BuildType) -> Self {
        replace(&mut self.build_types, build_type, |build_type| {
            &build_type.id
        });
        self
    }
    /// Adds a VCS root, or replaces the one of that id.
    pub fn root(mut self, root: Root) -> Self {
        replace(&mut self.roots, root, |root| &root.id);
        self
    }
    /// Adds a branch that the server knows, though it knows no change in it.
    pub fn branch(mut self, root: &str, name: &str) -> Self {
        self.branches.push(Branch {
            root: root.to_owned(),
            vcs_ref: crate::model::full_ref(name),
            known_at: Some(Duration::ZERO),
        });
        self
    }
    /// Adds a change that the server knows. A commit that another branch of the root has is the same change.
    pub fn change(mut self, root: &str, branch: &str, sha: &str) -> Self {
        add_change(
            &mut self.changes,
            root,
            branch,
            sha,
            Some(Duration::ZERO),
            None,
        );
        self
    }
    /// Adds a change that is in the repository and that the server notices later.
    pub fn undiscovered(mut self, root: &str, branch: &str, sha: &str, after: Discovery) -> Self {
        let (known_at, on_hook) = match after {
            Discovery::OnHook(after) => (None, Some(after)),
            Discovery::At(at) => (Some(at), None),
            Discovery::Never => (None, None),
        };
        add_change(&mut self.changes, root, branch, sha, known_at, on_hook);
        self
    }
    /// Adds an agent, or replaces the one of that number.
    pub fn agent(mut self, agent: Agent) -> Self {
        self.agents.retain(|known| known.id != agent.id);
        self.agents.push(agent);
        self
    }
    /// Adds a pool, or replaces the one of that number.
    pub fn pool(mut self, pool: Pool) -> Self {
        self.pools.retain(|known| known.id != pool.id);
        self.pools.push(pool);
        self
    }
    /// Whether anybody may look without credentials.
    pub fn guest(mut self, welcome: bool) -> Self {
        self.guest = welcome;
        self
    }
    /// Adds a build of the past. Builds get their ids in the order of their times.
    pub fn earlier(mut self, build: EarlierBuild) -> Self {
        self.earlier.push(build);
        self
    }
    /// The date at which the server starts, instead of 2026-01-15T10:00:00Z.
    pub fn date(mut self, date: DateTime<Utc>) -> Self {
        self.date = Some(date);
        self
    }
    /// Whether the queue is paused.
    pub fn queue_paused(mut self, paused: bool) -> Self {
        self.queue_paused = paused;
        self
    }
    /// What the next build of a configuration does. Several calls script one build each; the last repeats.
    pub fn plan(mut self, build_type: &str, plan: Plan) -> Self {
        self.plans
            .entry(build_type.to_owned())
            .or_default()
            .push(plan);
        self
    }
    /// How long a queued build stays out of lists, as on another node.
    pub fn search_lag(mut self, lag: Duration) -> Self {
        self.search_lag = lag;
        self
    }
    /// Whether a session cookie on a writing request needs a CSRF token beside it.
    pub fn strict_csrf(mut self, strict: bool) -> Self {
        self.strict_csrf = strict;
        self
    }
    /// How long every answer takes.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// How `/app/messages` understands its parameters.
    pub fn log_windows(mut self, windows: LogWindows) -> Self {
        self.log_windows = windows;
        self
    }

    /// Makes it a server of TeamCity Cloud: its logs name no version.
    pub fn cloud(mut self) -> Self {
        self.cloud = true;
        self
    }

    /// What is not known of real servers, or in what they differ.
    pub fn doubts(mut self, doubts: Doubts) -> Self {
        self.doubts = doubts;
        self
    }
    /// Adds a second node, to which a balancer sends about half of the requests.
    pub fn second_node(mut self, node: SecondNode) -> Self {
        self.second_node = Some(node);
        self
    }
    /// The server's own root URL without the context path, of which all links are made, whatever host was asked.
    pub fn root_url(mut self, url: &str) -> Self {
        self.root_url = url.trim_end_matches('/').to_owned();
        self
    }

    pub(crate) fn into_state(self) -> State {
        let version = Version::parse(&self.version);
        // The switch lies somewhere after 2024.03; 2025.11 is the first that was seen with envelopes.
        let generation = self.generation.unwrap_or(if version.at_least(2025, 11, 0) {
            Generation::Envelope
        } else {
            Generation::Text
        });
        let clock = self
            .date
            .map_or_else(Clock::starting_now, Clock::starting_now_at);
        let mut state = State {
            clock,
            version_text: self.version,
            version,
            web_url: format!("{}{}", self.root_url, self.context_path),
            doubts: self.doubts,
            second_node: self.second_node,
            context_path: self.context_path,
            generation,
            strict_csrf: self.strict_csrf,
            search_lag: self.search_lag,
            latency: self.latency,
            log_windows: self.log_windows,
            cloud: self.cloud,
            mode: Mode::Ready,
            restarting: None,
            users: self.users,
            tokens: self.tokens,
            token_dates: BTreeMap::new(),
            projects: self.projects,
            build_types: self.build_types,
            roots: self.roots,
            branches: self.branches,
            changes: self.changes,
            agents: self.agents,
            plans: self.plans,
            plan_uses: BTreeMap::new(),
            numbers: BTreeMap::new(),
            pauses: if self.queue_paused {
                vec![(Duration::ZERO, None)]
            } else {
                Vec::new()
            },
            builds: BTreeMap::new(),
            next_build: FIRST_BUILD,
            next_low_build: FIRST_BUILD - 11,
            next_order: 0,
            merges: Vec::new(),
            faults: Vec::new(),
            recorded: Vec::new(),
            sessions: 0,
            answers: 0,
            pools: self.pools,
            guest: None,
            personal_changes: Vec::new(),
        };
        // A pool that names a project has those below it too: they were made in it.
        for at in 0..state.pools.len() {
            let named = std::mem::take(&mut state.pools[at].projects);
            let all = state.projects.iter().map(|project| project.id.clone());
            let below = all.filter(|id| state.lineage(id).iter().any(|it| named.contains(it)));
            state.pools[at].projects = below.collect();
        }
        if self.guest {
            state.guest = Some(history::welcome_guest(&mut state));
        }
        history::live_through(&mut state, self.earlier);
        state
    }
}

fn replace<T>(list: &mut Vec<T>, item: T, id: impl Fn(&T) -> &String) {
    match list.iter_mut().find(|known| id(known) == id(&item)) {
        Some(known) => *known = item,
        None => list.push(item),
    }
}

/// Adds a change, or a branch to the known change of that commit.
pub(crate) fn add_change(
    changes: &mut Vec<Change>,
    root: &str,
    branch: &str,
    sha: &str,
    known_at: Option<Duration>,
    on_hook: Option<Duration>,
) {
    let vcs_ref = crate::model::full_ref(branch);
    let same = changes.iter_mut().find(|change| {
        change.root == root
            && change.version == sha
            && change.known_at == known_at
            && change.on_hook == on_hook
    });
    match same {
        Some(change) => change.refs.push(vcs_ref),
        None => {
            let id = changes.len() as u64 + 101;
            changes.push(Change {
                id,
                root: root.to_owned(),
                version: sha.to_owned(),
                refs: vec![vcs_ref],
                username: "jane".to_owned(),
                comment: format!("Change {id}\n"),
                known_at,
                on_hook,
            });
        }
    }
}
