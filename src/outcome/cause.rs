//! Why a build ended: what its own end does not tell, but the words around it and its chain do.

use super::builds::{BuildOutcome, ChainBuild, Ending, Moment};

/// What versions of TeamCity and of git call a commit that is nowhere (seen in 2020 and 2026; git's own words).
const NOT_FOUND: [&str; 11] = [
    "revision not found",
    "commit not found",
    "cannot find commit",
    "cannot find revision",
    "cannot find the revision",
    "can't find commit",
    "can't find revision",
    "could not find commit",
    "reference is not a tree",
    "not our ref",
    "unknown revision",
];
/// What an agent was doing when it looked for the commit: a program of the build's own may say the words above as well.
const FETCHING: [&str; 4] = [
    "checkout",
    "applying patch",
    "updating sources",
    "collect changes",
];

/// Whether TeamCity's own reason for a cancellation is that it cannot find the commit.
pub fn is_lost_commit(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    NOT_FOUND.iter().any(|words| reason.contains(words))
}

/// Whether a build failed since its agent could not find the commit.
pub fn failed_for_lost_commit(status_text: &str) -> bool {
    let text = status_text.to_lowercase();
    is_lost_commit(&text) && FETCHING.iter().any(|words| text.contains(words))
}

/// Whether a build failed since its agent was lost. TeamCity has no type for it, so that this goes by words.
pub fn lost_its_agent(status_text: &str) -> bool {
    let text = status_text.to_lowercase();
    let lost = [
        "lost",
        "disconnect",
        "unregistered",
        "inaccessible",
        "terminated",
    ];
    text.contains("agent") && lost.iter().any(|words| text.contains(words))
}

/// How a build ends that failed or was canceled for the builds that it depends on, as its own words tell: as the first of
/// them that broke; as failed where any of them has failed tests. `None`: it ends by itself, or nothing broke that is known.
pub fn by_chain(build: &BuildOutcome, composite: bool) -> Option<Ending> {
    if !is_for_dependencies(build, composite) {
        return None;
    }
    let broken = broken(&build.chain);
    if broken.is_empty() {
        return None;
    }
    if build
        .chain
        .iter()
        .any(|part| part.failed_tests > 0 && !part.reused)
    {
        return Some(Ending::Failure);
    }
    let when = |part: &&&ChainBuild| -> (bool, Option<Moment>) {
        (part.finished_at.is_none(), part.finished_at)
    };
    broken
        .iter()
        .min_by_key(when)
        .map(|first| first.ending.clone())
}

/// Whether a build's end may be that of a build that it depends on, as far as its own words tell.
pub fn is_for_dependencies(build: &BuildOutcome, composite: bool) -> bool {
    let names_dependency = |text: &str| text.trim().to_lowercase().starts_with("snapshot depend");
    match build.ending {
        Ending::FailedToStart => true,
        Ending::Failure => {
            let text = build.status_text.as_deref().unwrap_or_default();
            composite || (!text.is_empty() && text.split("; ").all(names_dependency))
        }
        Ending::Canceled => {
            let by = build.canceled.as_ref();
            let person = by.is_some_and(|by| by.by.is_some());
            let comment = by.and_then(|by| by.comment.as_deref());
            let texts = [comment, build.status_text.as_deref()];
            !person
                && texts.into_iter().flatten().any(|text| {
                    names_dependency(text.trim_start_matches("Canceled (").trim_start())
                })
        }
        _ => false,
    }
}

/// The builds of a chain at which a failure began: they did not end well, and nothing that they depend on did so.
pub fn broken(chain: &[ChainBuild]) -> Vec<&ChainBuild> {
    let bad = |build: &&ChainBuild| {
        !matches!(
            build.ending,
            Ending::Success | Ending::Queued | Ending::Running
        )
    };
    let is_bad = |id| chain.iter().filter(bad).any(|build| build.id == id);
    chain
        .iter()
        .filter(bad)
        .filter(|build| !build.depends_on.iter().any(|id| is_bad(*id)))
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::outcome::Cancellation;
    use crate::types::{BuildId, BuildTypeId};

    fn part(id: u64, ending: Ending, minute: u32, depends_on: &[u64]) -> ChainBuild {
        let at = format!("2026-01-15T10:{minute:02}:00+00:00");
        ChainBuild {
            on_default: false,
            branch: None,
            revisions: Vec::new(),
            id: BuildId(id),
            build_type: BuildTypeId(format!("Part{id}")),
            name: format!("Part {id}"),
            number: None,
            ending,
            url: None,
            queued_at: None,
            started_at: None,
            finished_at: DateTime::parse_from_rfc3339(&at).ok(),
            depends_on: depends_on.iter().map(|id| BuildId(*id)).collect(),
            reused: false,
            failed_tests: 0,
            said: None,
        }
    }

    fn top(ending: Ending, chain: Vec<ChainBuild>) -> BuildOutcome {
        BuildOutcome {
            chain,
            ..BuildOutcome::unknown(BuildTypeId("Top".to_owned()), ending)
        }
    }

    #[test]
    fn the_first_that_broke_decides() {
        let chain = vec![
            part(1, Ending::Failure, 9, &[]),
            part(2, Ending::Canceled, 5, &[]),
            part(3, Ending::FailedToStart, 2, &[2]),
        ];
        let ended = by_chain(&top(Ending::FailedToStart, chain.clone()), false);
        assert_eq!(ended, Some(Ending::Canceled));
        let mut tested = chain;
        tested[0].failed_tests = 1;
        let ended = by_chain(&top(Ending::FailedToStart, tested), false);
        assert_eq!(ended, Some(Ending::Failure));
    }

    #[test]
    fn a_build_that_ends_by_itself_is_not_its_chains() {
        let chain = || vec![part(1, Ending::Canceled, 1, &[])];
        let mut own = top(Ending::Failure, chain());
        own.status_text =
            Some("Snapshot dependency failure; Exit code 1 (Step: Gradle)".to_owned());
        assert_eq!(by_chain(&own, false), None);
        own.status_text = Some("Snapshot dependency failure (new)".to_owned());
        assert_eq!(by_chain(&own, false), Some(Ending::Canceled));
        let mut person = top(Ending::Canceled, vec![part(1, Ending::Failure, 1, &[])]);
        person.canceled = Some(Cancellation {
            by: Some("Jane".to_owned()),
            comment: Some("snapshot dependencies take too long".to_owned()),
            at: None,
        });
        assert_eq!(by_chain(&person, false), None);
        person.canceled = Some(Cancellation {
            by: None,
            comment: Some("Snapshot dependencies failed: Part 1".to_owned()),
            at: None,
        });
        assert_eq!(by_chain(&person, false), Some(Ending::Failure));
        assert_eq!(
            by_chain(&top(Ending::FailedToStart, Vec::new()), true),
            None
        );
    }

    #[test]
    fn a_lost_commit_is_known_by_its_words() {
        assert!(is_lost_commit("Build revision not found"));
        assert!(is_lost_commit(
            "Error while applying patch: cannot find commit 4f2a9c0"
        ));
        assert!(!is_lost_commit("No idle agents"));
        assert!(failed_for_lost_commit(
            "Failed to perform checkout on agent: cannot find the revision in the repository"
        ));
        assert!(!failed_for_lost_commit(
            "cannot find commit in my own script"
        ));
        assert!(lost_its_agent("The agent was lost during the build (new)"));
        assert!(!lost_its_agent("Exit code 1 (Step: agent tests)"));
    }
}
