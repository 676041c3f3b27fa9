//! The build status of a commit: one row a build, with a link to TeamCity.

use std::collections::HashMap;

use super::insights::web;
use super::summary::at_a_word;
use crate::bitbucket::model::{BuildStatus, Row, State};
use crate::outcome::{BuildOutcome, Ending, QueuedBuild, labeled};
use crate::teamcity::page::BuildPage;
use crate::types::text::one_line;
use crate::types::{BuildTypeId, hash};

/// How the keys of this pipe's rows begin.
const PREFIX: &str = "teamcity-";
/// A key's hexadecimal digits: with the prefix they make 40 characters, Bitbucket's limit.
const DIGITS: usize = 31;
/// Longest name without its label, in characters.
const LONGEST_NAME: usize = 100;
/// Longest description, in characters.
const LONGEST_TEXT: usize = 200;

/// What statuses need to know beside a build.
#[derive(Debug, Clone)]
pub struct StatusContext {
    /// The server, as the user reaches it.
    pub server_url: String,
    /// `workspace/repository`.
    pub repository: String,
    /// The branch of the pipeline, if it has one.
    pub branch: Option<String>,
    /// Tells this run from others of the same configurations on the commit.
    pub label: Option<String>,
}

/// Whether a row is this pipe's.
pub fn is_ours(row: &Row) -> bool {
    row.key
        .strip_prefix(PREFIX)
        .is_some_and(|rest| rest.len() == DIGITS && rest.chars().all(|c| c.is_ascii_hexdigit()))
}

/// The build that a row is about.
pub fn build_of(row: &Row) -> Option<BuildPage> {
    BuildPage::of(row.url.as_deref()?)
}

/// Tells the builds of one configuration apart: each has its turn, from 0, whatever stands between them in the list.
pub fn turns<'a>(build_types: impl IntoIterator<Item = &'a BuildTypeId>) -> Vec<usize> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let turn = |id: &'a BuildTypeId| {
        let next = seen.entry(id.as_str()).or_default();
        *next = next.saturating_add(1);
        next.saturating_sub(1)
    };
    build_types.into_iter().map(turn).collect()
}

impl StatusContext {
    /// The key of a build's row: the same for each run, and for each place in the list.
    ///
    /// TeamCity's own publisher uses other ones. Without a label, that of the first turn is the key that version 0.1.0 made for a step
    /// of one build.
    pub fn key(&self, build_type: &BuildTypeId, turn: usize) -> String {
        let turn = turn.to_string();
        let label = self.label.as_ref().map(|label| format!("LABEL {label}"));
        let mut parts = vec![
            self.server_url.as_str(),
            self.repository.as_str(),
            build_type.as_str(),
            &turn,
        ];
        parts.extend(label.as_deref());
        format!("{PREFIX}{}", hash::hex(&parts, DIGITS))
    }

    /// The row of a build that was queued.
    pub fn queued(&self, build: &QueuedBuild, turn: usize) -> BuildStatus {
        BuildStatus {
            key: self.key(&build.build_type, turn),
            state: State::InProgress,
            name: self.name(&build.name),
            description: self.queued_text(build),
            url: self.link(build.url.as_deref()),
            refname: self.branch.clone(),
        }
    }

    /// What the row of a build says that was queued.
    pub fn queued_text(&self, build: &QueuedBuild) -> String {
        let text = if build.joined.is_some() {
            "joined in TeamCity"
        } else {
            "queued in TeamCity"
        };
        text.to_owned()
    }

    /// The row of a build as it ended, or stood when the run did.
    pub fn finished(&self, build: &BuildOutcome, turn: usize, reason: Option<&str>) -> BuildStatus {
        let (state, description) = ended(build, reason);
        BuildStatus {
            key: self.key(&build.build_type, turn),
            state,
            name: self.name(&build.full_name()),
            description,
            url: self.link(build.url.as_deref()),
            refname: self.branch.clone(),
        }
    }

    /// Where a row leads: to the build, or else to the server.
    pub fn link(&self, url: Option<&str>) -> String {
        url.and_then(web).unwrap_or_else(|| self.server_url.clone())
    }

    fn name(&self, name: &str) -> String {
        let label = self.label.as_ref().map(|label| one_line(label, 60));
        let name = format!("TeamCity: {}", at_a_word(name, LONGEST_NAME));
        labeled(&name, label.as_deref())
    }
}

/// How the row of a build ends, and what it says. One that goes on without anybody who looks is stopped, for this reason.
pub fn ended(build: &BuildOutcome, reason: Option<&str>) -> (State, String) {
    let state = state(&build.ending);
    let number = build
        .number
        .as_ref()
        .map(|number| format!("#{number}: "))
        .unwrap_or_default();
    let text = match (&build.ending, &build.status_text) {
        (Ending::Success | Ending::Failure, Some(text)) => text.clone(),
        (ending, _) => match reason.filter(|_| state == State::Stopped) {
            Some(reason) => format!("{}: {reason}", ending.words()),
            None => ending.words().to_owned(),
        },
    };
    (state, at_a_word(&format!("{number}{text}"), LONGEST_TEXT))
}

/// Nobody will tell how a build ends that goes on when the step ends: its row is stopped, and not failed, which it may not be.
fn state(ending: &Ending) -> State {
    match ending {
        Ending::Success => State::Successful,
        Ending::Queued
        | Ending::Running
        | Ending::Canceled
        | Ending::Deleted
        | Ending::TimedOut
        | Ending::Unknown(_) => State::Stopped,
        Ending::Failure
        | Ending::FailedToStart
        | Ending::WrongRevision
        | Ending::CommitNotFound
        | Ending::NotQueued => State::Failed,
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
            label: None,
        }
    }

    #[test]
    fn a_key_is_stable_short_and_the_builds_own() {
        let id = BuildTypeId::from(
            "A_Very_Long_Project_Name_With_Many_Parts_And_A_Build_Configuration_At_The_End",
        );
        let context = context();
        let other = StatusContext {
            label: Some("2".into()),
            ..context.clone()
        };
        let keys = [
            context.key(&id, 0),
            context.key(&id, 1),
            context.key(&"Other".into(), 0),
            other.key(&id, 0),
            other.key(&id, 1),
        ];
        assert!(keys.iter().all(|key| key.len() == 40));
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key), "{at}");
        }
        insta::assert_snapshot!(keys[0], @"teamcity-1cbf76bc6d1dcd86e9bb65ec184f162");
    }

    #[test]
    fn the_place_in_the_list_is_no_part_of_a_key_but_the_turn_is() {
        let ids: Vec<BuildTypeId> = ["A", "B", "A", "C", "A"].map(Into::into).into();
        assert_eq!(turns(&ids), [0, 0, 1, 0, 2]);
    }

    #[test]
    fn only_rows_with_such_a_key_are_ours() {
        let row = |key: &str| Row {
            key: key.to_owned(),
            state: "INPROGRESS".to_owned(),
            name: None,
            url: Some("https://tc.example.com/viewQueued.html?itemId=7".to_owned()),
            refname: None,
        };
        let ours = row(&context().key(&"A".into(), 0));
        assert!(is_ours(&ours));
        assert_eq!(build_of(&ours).unwrap().build.0, 7);
        for other in ["teamcity-App_Build", "teamcity", "", "bamboo-1"] {
            assert!(!is_ours(&row(other)), "{other}");
        }
    }

    #[test]
    fn a_row_says_what_came_of_the_build() {
        let failed = context().finished(&sample::failed_run().builds[0], 0, None);
        let canceled = context().finished(&sample::canceled_run().builds[0], 0, Some("TIMEOUT"));
        insta::assert_debug_snapshot!((failed, canceled));
    }

    #[test]
    fn a_link_that_is_none_becomes_the_servers() {
        let context = StatusContext {
            label: Some("x".repeat(50)),
            ..context()
        };
        let status = context.finished(&sample::hostile_run().builds[0], 0, None);
        assert_eq!(status.url, "https://tc.example.com");
        assert!(status.name.chars().count() <= 170 && status.description.chars().count() <= 200);
        assert!(status.name.ends_with("x)"));
    }
}
