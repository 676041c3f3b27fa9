//! All that the server knows, and questions about it that need a time.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::Clock;
use crate::faults::ActiveFault;
use crate::lifecycle::{Circumstances, DependencyCourse, Phase, Timeline, timeline};
use crate::model::{
    Agent, Branch, Build, BuildType, Change, Grant, OnDependency, Plan, Pool, Project, Root, Token,
    User,
};
use crate::rest::errors::Generation;
use crate::simulator::{Mode, Recorded};

/// A TeamCity version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    /// Year.
    pub major: u32,
    /// Release of the year.
    pub minor: u32,
    /// Bug fix.
    pub patch: u32,
}

impl Version {
    /// Reads `2024.03` or `2024.03.1`.
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = text.split('.').map(|part| part.trim().parse().unwrap_or(0));
        let mut next = || parts.next().unwrap_or(0);
        Self {
            major: next(),
            minor: next(),
            patch: next(),
        }
    }
    pub(crate) fn at_least(&self, major: u32, minor: u32, patch: u32) -> bool {
        (self.major, self.minor, self.patch) >= (major, minor, patch)
    }
}

/// Who makes a request.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    pub(crate) user: u64,
    pub(crate) limits: Option<Vec<Grant>>,
}

/// A patch that somebody uploaded to build with.
#[derive(Debug, Clone)]
pub(crate) struct PersonalChange {
    pub(crate) id: u64,
    pub(crate) user: u64,
    pub(crate) description: String,
    pub(crate) patch: String,
    pub(crate) at: Duration,
}

/// Everything that the server knows.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) clock: Clock,
    pub(crate) version_text: String,
    pub(crate) version: Version,
    pub(crate) context_path: String,
    pub(crate) web_url: String,
    pub(crate) generation: Generation,
    pub(crate) doubts: crate::doubts::Doubts,
    pub(crate) strict_csrf: bool,
    pub(crate) search_lag: Duration,
    pub(crate) latency: Duration,
    pub(crate) log_windows: crate::log_windows::LogWindows,
    /// Whether it is TeamCity Cloud.
    pub(crate) cloud: bool,
    pub(crate) second_node: Option<crate::nodes::SecondNode>,
    pub(crate) mode: Mode,
    pub(crate) restarting: Option<(Duration, Duration)>,
    pub(crate) users: Vec<User>,
    pub(crate) tokens: Vec<Token>,
    /// When tokens were made, by value, if not at the start.
    pub(crate) token_dates: BTreeMap<String, Duration>,
    pub(crate) projects: Vec<Project>,
    pub(crate) build_types: Vec<BuildType>,
    pub(crate) roots: Vec<Root>,
    pub(crate) branches: Vec<Branch>,
    pub(crate) changes: Vec<Change>,
    pub(crate) agents: Vec<Agent>,
    pub(crate) plans: BTreeMap<String, Vec<Plan>>,
    pub(crate) plan_uses: BTreeMap<String, usize>,
    pub(crate) numbers: BTreeMap<String, u64>,
    pub(crate) pauses: Vec<(Duration, Option<Duration>)>,
    pub(crate) builds: BTreeMap<u64, Build>,
    pub(crate) next_build: u64,
    /// Ids of re-added builds are lower than those of the builds before them.
    pub(crate) next_low_build: u64,
    pub(crate) next_order: i64,
    /// When a build was absorbed, which, and by which.
    pub(crate) merges: Vec<(Duration, u64, u64)>,
    pub(crate) faults: Vec<ActiveFault>,
    pub(crate) recorded: Vec<Recorded>,
    pub(crate) sessions: u64,
    /// Answers so far, of which each has an id.
    pub(crate) answers: u64,
    pub(crate) pools: Vec<Pool>,
    /// The user that stands for everybody without credentials.
    pub(crate) guest: Option<u64>,
    /// Uploaded patches, in the order of their numbers.
    pub(crate) personal_changes: Vec<PersonalChange>,
}

impl State {
    pub(crate) fn user(&self, id: u64) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }
    pub(crate) fn user_named(&self, username: &str) -> Option<&User> {
        self.users.iter().find(|user| user.username == username)
    }
    /// A configuration and all that it depends on.
    pub(crate) fn with_dependencies<'s>(&'s self, build_type: &'s BuildType) -> Vec<&'s BuildType> {
        let mut found = vec![build_type];
        let mut at = 0;
        while let Some(of) = found.get(at).copied() {
            for dependency in &of.dependencies {
                if let Some(next) = self.build_type(&dependency.build_type)
                    && !found.iter().any(|known| known.id == next.id)
                {
                    found.push(next);
                }
            }
            at += 1;
        }
        found
    }

    pub(crate) fn build_type(&self, id: &str) -> Option<&BuildType> {
        self.build_types
            .iter()
            .find(|build_type| build_type.id == id)
    }
    pub(crate) fn project(&self, id: &str) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == id)
    }
    pub(crate) fn root(&self, id: &str) -> Option<&Root> {
        self.roots.iter().find(|root| root.id == id)
    }
    /// The number of a root's only instance.
    pub(crate) fn instance_id(&self, root: &str) -> u64 {
        self.roots
            .iter()
            .position(|known| known.id == root)
            .map_or(0, |at| at as u64 + 1)
    }
    pub(crate) fn project_internal_id(&self, id: &str) -> String {
        let at = self
            .projects
            .iter()
            .position(|project| project.id == id)
            .unwrap_or(0);
        format!("project{}", at + 1)
    }
    pub(crate) fn build_type_internal_id(&self, id: &str) -> String {
        let at = self
            .build_types
            .iter()
            .position(|known| known.id == id)
            .unwrap_or(0);
        format!("bt{}", at + 1)
    }

    /// The project and those above it.
    pub(crate) fn lineage(&self, project: &str) -> Vec<String> {
        let mut line = vec![project.to_owned()];
        let mut at = project.to_owned();
        while at != "_Root" && line.len() < 50 {
            at = self
                .project(&at)
                .map_or_else(|| "_Root".to_owned(), |project| project.parent.clone());
            line.push(at.clone());
        }
        line
    }

    fn granted(&self, grants: &[Grant], project: &str, permission: &str) -> bool {
        let line = self.lineage(project);
        grants.iter().any(|grant| {
            grant.permission == permission
                && grant
                    .project
                    .as_ref()
                    .is_none_or(|project| line.contains(project))
        })
    }

    /// Whether somebody has a permission in a project.
    pub(crate) fn may(&self, who: &Who, project: &str, permission: &str) -> bool {
        let own = self
            .user(who.user)
            .is_some_and(|user| self.granted(&user.grants, project, permission));
        own && who
            .limits
            .as_ref()
            .is_none_or(|limits| self.granted(limits, project, permission))
    }

    pub(crate) fn may_view_type(&self, who: &Who, build_type: &str) -> bool {
        self.build_type(build_type)
            .is_some_and(|build_type| self.may(who, &build_type.project, "view_project"))
    }

    /// Full name of a project: `Parent / Sub`.
    pub(crate) fn project_full_name(&self, id: &str) -> String {
        let mut names: Vec<String> = self
            .lineage(id)
            .iter()
            .filter(|id| *id != "_Root")
            .filter_map(|id| Some(self.project(id)?.name.clone()))
            .collect();
        names.reverse();
        names.join(" / ")
    }

    pub(crate) fn timeline(&self, id: u64) -> Option<Timeline> {
        self.timeline_within(id, 0)
    }

    fn timeline_within(&self, id: u64, depth: usize) -> Option<Timeline> {
        let build = self.builds.get(&id)?;
        let build_type = self.build_type(&build.build_type);
        let mut dependencies = Vec::new();
        if depth < 64 {
            for first in &build.dependencies {
                // What stands in its place in the end decides; it started with the first.
                let dependency = &self.stand_in(*first, Duration::MAX);
                let replaced = (first != dependency)
                    .then(|| self.timeline_within(*first, depth + 1)?.start)
                    .flatten();
                let Some(timeline) = self.timeline_within(*dependency, depth + 1) else {
                    continue;
                };
                let of_type = self
                    .builds
                    .get(dependency)
                    .map(|build| build.build_type.as_str());
                let rule = build_type.and_then(|t| {
                    t.dependencies
                        .iter()
                        .find(|d| Some(d.build_type.as_str()) == of_type)
                });
                let name = of_type
                    .and_then(|id| self.build_type(id))
                    .map_or_else(String::new, |of| of.name.clone());
                dependencies.push(DependencyCourse {
                    id: *dependency,
                    name,
                    started: replaced.or(timeline.start),
                    timeline,
                    on_failure: rule.map_or(OnDependency::RunAddProblem, |rule| rule.on_failure),
                    on_cancel: rule.map_or(OnDependency::FailToStart, |rule| rule.on_cancel),
                });
            }
        }
        let kind = build_type.map_or(crate::model::BuildTypeKind::Regular, |t| t.kind);
        let user_id = |name: &str| self.user_named(name).map(|user| user.id);
        Some(timeline(
            build,
            Circumstances {
                kind,
                dependencies: &dependencies,
                pauses: &self.pauses,
                user_id: &user_id,
                doubts: &self.doubts,
            },
        ))
    }

    /// Which build an id stands for now: itself, or the one that absorbed it.
    pub(crate) fn survivor(&self, id: u64, now: Duration) -> u64 {
        let mut id = id;
        for _ in 0..100 {
            match self
                .merges
                .iter()
                .filter(|(_, _, into)| self.builds.get(into).is_some_and(|b| self.exists(b, now)))
                .find(|(at, absorbed, _)| *absorbed == id && *at <= now)
            {
                Some((_, _, survivor)) => id = *survivor,
                None => break,
            }
        }
        id
    }

    /// A build by id as clients see it: merged ids lead to the survivor, deleted ones nowhere.
    pub(crate) fn visible_build(&self, id: u64, now: Duration) -> Option<(&Build, Timeline)> {
        let survivor = self.survivor(id, now);
        if survivor != id && self.doubts.merged_ids_forgotten {
            return None;
        }
        let id = survivor;
        let build = self
            .builds
            .get(&id)
            .filter(|build| self.exists(build, now))?;
        let timeline = self.timeline(id)?;
        (timeline.phase(now) != Phase::Deleted).then_some((build, timeline))
    }

    /// All builds that lists may show: the queue in order, then running and finished ones, those that started last first.
    pub(crate) fn listed_builds(&self, now: Duration) -> Vec<(&Build, Timeline)> {
        let mut found: Vec<(&Build, Timeline)> = self
            .existing(now)
            .filter(|build| build.queued_at + self.search_lag <= now)
            .filter(|build| self.survivor(build.id, now) == build.id)
            .filter_map(|build| Some((build, self.timeline(build.id)?)))
            .filter(|(_, timeline)| timeline.phase(now) != Phase::Deleted)
            .collect();
        // By start, not by id: a build may start long after a later one (2026.2).
        let age = |timeline: &Timeline| {
            let start = timeline.start.or(timeline.finish).unwrap_or_default();
            -i128::try_from(start.as_nanos()).unwrap_or_default()
        };
        found.sort_by_key(|(build, timeline)| match timeline.phase(now) {
            Phase::Queued => (0, i128::from(build.order), 0),
            Phase::Running => (1, age(timeline), -(build.id as i64)),
            _ => (2, age(timeline), -(build.id as i64)),
        });
        found
    }

    /// Pauses or resumes the queue.
    pub(crate) fn pause(&mut self, paused: bool, now: Duration) {
        match self.pauses.last_mut() {
            Some((_, until @ None)) if !paused => *until = Some(now),
            Some((_, None)) => {}
            _ if paused => self.pauses.push((now, None)),
            _ => {}
        }
    }
}
