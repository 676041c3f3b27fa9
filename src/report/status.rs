//! The build status of a commit: one row a build, with a link to TeamCity.

use super::insights::web;
use super::summary::at_a_word;
use crate::bitbucket::model::{BuildStatus, State};
use crate::outcome::QueuedBuild;
use crate::outcome::{BuildOutcome, Ending};
use crate::types::BuildTypeId;
use crate::types::hash;

/// What statuses need to know beside a build.
#[derive(Debug, Clone)]
pub struct StatusContext {
    /// The server, as the user reaches it.
    pub server_url: String,
    /// `workspace/repository`.
    pub repository: String,
    /// The branch of the pipeline, if it has one.
    pub branch: Option<String>,
}

impl StatusContext {
    /// The key of a build's row: 40 characters, which is the limit, and the same for each run.
    ///
    /// TeamCity's own publisher uses other ones. Equal configurations of one run are told apart by their position.
    pub fn key(&self, build_type: &BuildTypeId, position: usize) -> String {
        let position = position.to_string();
        let parts = [
            &self.server_url,
            &self.repository,
            build_type.as_str(),
            &position,
        ];
        format!("teamcity-{}", hash::hex(&parts, 31))
    }

    /// The row of a build that was queued.
    pub fn queued(&self, build: &QueuedBuild) -> BuildStatus {
        let description = if build.joined.is_some() {
            "joined in TeamCity"
        } else {
            "queued in TeamCity"
        };
        self.status(
            &build.build_type,
            build.build,
            &build.name,
            State::InProgress,
            description,
            build.url.as_deref(),
        )
    }

    /// The row of a build as it ended, or stood when the run did.
    pub fn finished(&self, build: &BuildOutcome, position: usize) -> BuildStatus {
        let name = build.full_name();
        let number = build
            .number
            .as_ref()
            .map(|number| format!("#{number}: "))
            .unwrap_or_default();
        let text = match (&build.ending, &build.status_text) {
            (Ending::Success | Ending::Failure, Some(text)) => text,
            (ending, _) => ending.words(),
        };
        let description = format!("{number}{text}");
        self.status(
            &build.build_type,
            position,
            &name,
            state(&build.ending),
            &description,
            build.url.as_deref(),
        )
    }

    fn status(
        &self,
        id: &BuildTypeId,
        position: usize,
        name: &str,
        state: State,
        text: &str,
        url: Option<&str>,
    ) -> BuildStatus {
        BuildStatus {
            key: self.key(id, position),
            state,
            name: format!("TeamCity: {}", at_a_word(name, 100)),
            description: at_a_word(text, 200),
            url: url.and_then(web).unwrap_or_else(|| self.server_url.clone()),
            refname: self.branch.clone(),
        }
    }
}

fn state(ending: &Ending) -> State {
    match ending {
        Ending::Success => State::Successful,
        Ending::Queued => State::InProgress,
        Ending::Canceled | Ending::Deleted => State::Stopped,
        // Nobody will tell how one ends that still runs when the step ends.
        Ending::Running
        | Ending::Failure
        | Ending::FailedToStart
        | Ending::WrongRevision
        | Ending::CommitNotFound
        | Ending::TimedOut
        | Ending::NotQueued
        | Ending::Unknown(_) => State::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::summary::sample;

    fn context() -> StatusContext {
        StatusContext {
            server_url: "https://tc.example.com".into(),
            repository: "acme/shop".into(),
            branch: Some("main".into()),
        }
    }

    #[test]
    fn a_key_is_stable_short_and_the_builds_own() {
        let id = BuildTypeId::from(
            "A_Very_Long_Project_Name_With_Many_Parts_And_A_Build_Configuration_At_The_End",
        );
        let context = context();
        assert_eq!(
            context.key(&id, 0),
            "teamcity-1cbf76bc6d1dcd86e9bb65ec184f162"
        );
        assert_eq!(context.key(&id, 0).len(), 40);
        assert_ne!(context.key(&id, 0), context.key(&id, 1));
        assert_ne!(context.key(&id, 0), context.key(&"Other".into(), 0));
    }

    #[test]
    fn a_row_says_what_came_of_the_build() {
        let failed = context().finished(&sample::failed_run().builds[0], 0);
        let canceled = context().finished(&sample::canceled_run().builds[0], 0);
        insta::assert_debug_snapshot!((failed, canceled));
    }

    #[test]
    fn a_link_that_is_none_becomes_the_servers() {
        let status = context().finished(&sample::hostile_run().builds[0], 0);
        assert_eq!(status.url, "https://tc.example.com");
        assert!(status.name.chars().count() <= 110 && status.description.chars().count() <= 200);
    }
}
