//! Shops: servers described by a YAML file, for people who test clients of their own.

mod check;
mod file;

use std::time::Duration;

use crate::log::LogScript;
use crate::model::{
    Agent, Artifact, BuildType, EarlierBuild, FailedTest, Grant, Outcome, Plan, Pool, Problem,
    Project, Property, Root, Tests, Token, User,
};
use crate::scenario::Scenario;

/// Why a text is no shop.
#[derive(Debug, thiserror::Error)]
pub enum ShopError {
    /// It is not YAML of the right shape.
    #[error("{0}")]
    Shape(String),
    /// Something names what is not there.
    #[error("{place}: there is no {kind} {name}")]
    Unknown {
        /// Where it is named.
        place: String,
        /// What it would be.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// Things lead back to themselves.
    #[error("{place}: it leads back to itself by {by}")]
    Circle {
        /// Which of them.
        place: String,
        /// What leads from one to the other.
        by: &'static str,
    },
    /// Two things have the same id.
    #[error("{kind} {id} is there twice")]
    Twice {
        /// What they are.
        kind: &'static str,
        /// The id.
        id: String,
    },
}

/// A shop: projects, configurations, users, agents, and builds that are there from the start.
#[derive(Debug, Clone)]
pub struct Shop(file::File);

impl Shop {
    /// The shop that is built in: green, red and canceled builds, a chain, two branches.
    pub const SMALL: &'static str = include_str!("../../shops/small.yml");

    /// Reads a shop.
    ///
    /// # Errors
    /// When it is not YAML of the right shape, or names what is not there.
    pub fn parse(text: &str) -> Result<Self, ShopError> {
        let file: file::File =
            serde_saphyr::from_str(text).map_err(|error| ShopError::Shape(error.to_string()))?;
        check::check(&file)?;
        Ok(Self(file))
    }

    /// Every token with the login name of its user, in the order of the file.
    pub fn tokens(&self) -> Vec<(&str, &str)> {
        let users = self.0.users.iter();
        users
            .flat_map(|user| {
                let own = user.tokens.iter();
                own.map(|token| (user.username.as_str(), token.value.as_str()))
            })
            .collect()
    }

    /// The server of this shop.
    pub fn scenario(&self) -> Scenario {
        let file = &self.0;
        let mut scenario = Scenario::empty()
            .guest(file.guest)
            .queue_paused(file.queue_paused);
        if let Some(version) = &file.version {
            scenario = scenario.version(version);
        }
        for entry in &file.users {
            scenario = scenario.user(user(entry));
            for given in &entry.tokens {
                scenario = scenario.token(token(given, &entry.username));
            }
        }
        for entry in &file.pools {
            let mut pool = Pool::new(entry.id, &entry.name).projects(&entry.projects);
            pool.max_agents = entry.max_agents;
            scenario = scenario.pool(pool);
        }
        for entry in &file.agents {
            scenario = scenario.agent(agent(entry));
        }
        for entry in &file.projects {
            scenario = scenario.project(project(entry));
            for root in &entry.roots {
                scenario = with_root(scenario, root, &entry.id);
            }
            for configuration in &entry.configurations {
                scenario = scenario.build_type(build_type(configuration, &entry.id));
                for given in &configuration.plans {
                    scenario = scenario.plan(&configuration.id, plan(given));
                }
            }
        }
        for entry in &file.builds {
            scenario = scenario.earlier(earlier(entry));
        }
        scenario
    }
}

fn user(entry: &file::User) -> User {
    let mut user = User::new(&entry.username);
    user = match entry.role {
        file::Role::Administrator => user.administrator(),
        file::Role::ProjectAdministrator => user.project_administrator(),
        file::Role::Developer => user,
        file::Role::Viewer => user.viewer(),
        file::Role::None => user.no_permissions(),
    };
    for permission in &entry.permissions {
        user = user.grant(Grant::everywhere(permission));
    }
    if let Some(name) = &entry.name {
        user = user.name(name);
    }
    user.email.clone_from(&entry.email);
    user.password.clone_from(&entry.password);
    user
}

fn token(entry: &file::Token, user: &str) -> Token {
    let mut token = Token::new(&entry.value, user, &entry.name);
    token.expires = entry.expires.map(|span| span.0);
    let grant = |limit: &file::Limit| Grant {
        project: limit.project.clone(),
        permission: limit.permission.clone(),
    };
    token.limited_to = entry
        .limited_to
        .as_ref()
        .map(|limits| limits.iter().map(grant).collect());
    token
}

fn agent(entry: &file::Agent) -> Agent {
    let mut agent = Agent::new(entry.id, &entry.name).pool(entry.pool);
    agent.connected = entry.connected;
    agent.enabled = entry.enabled;
    agent.authorized = entry.authorized;
    agent.uptodate = entry.uptodate;
    for (build_type, requirement) in &entry.cannot_run {
        agent = agent.cannot_run(build_type, requirement);
    }
    agent
}

fn parameters<'a>(
    plain: impl IntoIterator<Item = (&'a String, &'a String)>,
    passwords: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> Vec<Property> {
    let plain = plain
        .into_iter()
        .map(|(name, value)| Property::plain(name, value));
    let passwords = passwords
        .into_iter()
        .map(|(name, value)| Property::password(name, value));
    plain.chain(passwords).collect()
}

fn project(entry: &file::Project) -> Project {
    let mut project = Project::new(&entry.id).description(&entry.description);
    if let Some(name) = &entry.name {
        project = project.name(name);
    }
    if let Some(parent) = &entry.parent {
        project = project.parent(parent);
    }
    project.parameters = parameters(&entry.parameters, &entry.passwords);
    project
}

fn with_root(mut scenario: Scenario, entry: &file::Root, project: &str) -> Scenario {
    let mut root = Root::new(&entry.id, &entry.url).project(project);
    if let Some(branch) = &entry.default_branch {
        root = root.default_branch(branch);
    }
    root = root.name(entry.name.as_ref().unwrap_or(&entry.id));
    if let Some(spec) = &entry.spec {
        root = root.spec(spec);
    }
    scenario = scenario.root(root);
    for (branch, commits) in &entry.branches.0 {
        scenario = scenario.branch(&entry.id, branch);
        for commit in commits {
            scenario = scenario.change(&entry.id, branch, commit);
        }
    }
    scenario
}

fn build_type(entry: &file::Configuration, project: &str) -> BuildType {
    let mut of = BuildType::new(&entry.id)
        .project(project)
        .description(&entry.description)
        .roots(&entry.roots)
        .depends_on(entry.depends_on.iter().cloned());
    if let Some(name) = &entry.name {
        of = of.name(name);
    }
    of = match entry.kind {
        file::Kind::Regular => of,
        file::Kind::Composite => of.composite(),
        file::Kind::Deployment => of.deployment(),
        file::Kind::Template => of.template(),
    };
    if let Some(pipeline) = &entry.pipeline {
        of = of.pipeline(pipeline);
    }
    for step in &entry.steps {
        of = of.step(&step.name, &step.script);
    }
    of.paused = entry.paused;
    of.templates.clone_from(&entry.templates);
    of.settings = entry.settings.clone().into_iter().collect();
    of.parameters = parameters(&entry.parameters, &entry.passwords);
    of
}

fn plan(entry: &file::Plan) -> Plan {
    let mut plan = Plan::new().stages(&entry.stages);
    if let Some(queued) = entry.queued {
        plan = plan.queued_for(queued.0);
    }
    if let Some(runs) = entry.runs {
        plan = plan.runs_for(runs.0);
    }
    if !entry.log.is_empty() {
        let script = log(&entry.log, plan.runs_for);
        plan = plan.log(script);
    }
    let ending = match entry.ends {
        file::Ending::Success => Outcome::Success,
        file::Ending::Failure => Outcome::Failure,
        file::Ending::Error => Outcome::Error,
        file::Ending::FailedToStart => Outcome::FailedToStart,
        file::Ending::Hangs => Outcome::Hangs,
        file::Ending::NeverStarts => Outcome::NeverStarts,
    };
    let ending = match &entry.canceled {
        Some(canceled) => Outcome::CanceledBy {
            user: canceled.by.clone(),
            comment: canceled.comment.clone(),
            at: canceled.after.0,
        },
        None => ending,
    };
    let ending = if entry.approval {
        Outcome::AwaitsApproval {
            then: Box::new(ending),
        }
    } else {
        ending
    };
    if let Some(text) = &entry.text {
        plan = plan.status_text(text);
    }
    let failed = entry.tests.failed.iter().map(|test| {
        let mut failed = FailedTest::new(&test.name, &test.details);
        failed.new = test.new;
        failed.muted = test.muted;
        failed
    });
    let mut tests = Tests::passed(entry.tests.passed).failed(failed);
    tests.ignored = entry.tests.ignored;
    let problems = entry.problems.iter();
    let files = entry.artifacts.iter();
    plan.outcome(ending)
        .tests(tests)
        .problems(problems.map(|problem| Problem::new(&problem.kind, &problem.details)))
        .artifacts(files.map(|(path, content)| Artifact::new(path, content.clone())))
}

fn log(parts: &[file::LogPart], runs_for: Duration) -> LogScript {
    let len = |part: &file::LogPart| {
        part.lines.len()
            + part.warnings.len()
            + part.errors.len()
            + 2 * usize::from(part.block.is_some())
    };
    let all = u32::try_from(parts.iter().map(len).sum::<usize>()).unwrap_or(u32::MAX);
    let mut said = 0_u32;
    // Lines are spread evenly, so that a follower sees something move.
    let mut next = || {
        said += 1;
        runs_for * (said - 1) / all.max(1)
    };
    let mut log = LogScript::new();
    for part in parts {
        if let Some(block) = &part.block {
            log = log.open(next(), block);
        }
        for line in &part.lines {
            log = log.line(next(), line);
        }
        for line in &part.warnings {
            log = log.warning(next(), line);
        }
        for line in &part.errors {
            log = log.error(next(), line);
        }
        if part.block.is_some() {
            log = log.close(next());
        }
    }
    log
}

fn earlier(entry: &file::Build) -> EarlierBuild {
    EarlierBuild {
        personal: false,
        build_type: entry.configuration.clone(),
        ago: entry.ago.0,
        branch: entry.branch.clone(),
        user: entry.user.clone(),
        plan: plan(&entry.plan),
        tags: entry.tags.clone(),
        comment: entry.comment.clone(),
        pinned: entry.pinned.clone(),
        properties: parameters(&entry.parameters, []),
    }
}
