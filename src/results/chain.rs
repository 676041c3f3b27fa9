//! The chain of a build that ended: its snapshot dependencies, and at which of them a failure began.

use crate::outcome::{ChainBuild, Ending, Moment, Problem, RootAt, cause};
use crate::teamcity::model::{Build, State, Status};
use crate::teamcity::{Client, Error, Need};
use crate::types::{BuildId, BuildTypeId};

/// Reads the chain of a build, without the build itself.
///
/// # Errors
/// Like every request.
pub async fn read(client: &Client, id: BuildId, need: Need) -> Result<Vec<ChainBuild>, Error> {
    let builds = client.chain(id, need).await?;
    let queued_at = builds
        .iter()
        .find(|build| build.id == Some(id))
        .and_then(|build| build.queued_date);
    let mut chain: Vec<ChainBuild> = builds
        .into_iter()
        .filter(|build| build.id != Some(id))
        .filter_map(|build| chain_build(build, queued_at))
        .collect();
    chain.sort_by_key(|build| build.id);
    Ok(chain)
}

fn chain_build(build: Build, queued_at: Option<Moment>) -> Option<ChainBuild> {
    let build_type = BuildTypeId(build.build_type_id.clone()?);
    let name = build
        .build_type
        .as_ref()
        .and_then(|build_type| build_type.name.clone());
    let needs = build.snapshot_dependencies.as_deref();
    Some(ChainBuild {
        id: build.id?,
        name: name.unwrap_or_else(|| build_type.to_string()),
        build_type,
        on_default: build.is_on_default(),
        ending: ending(&build),
        failed_tests: build.test_occurrences.map_or(0, |tests| tests.failed),
        said: said(&build),
        reused: build
            .finish_date
            .zip(queued_at)
            .is_some_and(|(finished, queued)| finished <= queued),
        depends_on: needs
            .map(|needs| needs.build.iter().filter_map(|build| build.id).collect())
            .unwrap_or_default(),
        revisions: revisions(&build),
        branch: build.branch_name.filter(|_| !build.default_branch),
        number: build.number,
        url: build.web_url,
        queued_at: build.queued_date,
        started_at: build.start_date,
        finished_at: build.finish_date,
    })
}

/// What is said of the end: the comment of who canceled it, or else the status in words.
fn said(build: &Build) -> Option<String> {
    let canceled = build.canceled_info.as_ref();
    let comment = canceled.and_then(|info| info.text.clone());
    let comment = comment.filter(|text| !text.is_empty());
    let by = canceled.and_then(|info| info.user.as_ref()?.called().map(ToOwned::to_owned));
    match (by, comment) {
        (Some(by), Some(text)) => Some(format!("by {by}, {text}")),
        (Some(by), None) => Some(format!("by {by}")),
        (None, comment) => comment.or_else(|| build.status_text.clone()),
    }
}

/// Whether TeamCity broke it off since it cannot find its commit.
pub fn is_lost_commit(build: &Build) -> bool {
    let text = build.status_text.as_deref().unwrap_or_default();
    match &build.canceled_info {
        Some(info) if info.user.is_none() => {
            let reason = info.text.as_deref().unwrap_or_default();
            cause::is_lost_commit(reason) || cause::is_lost_commit(text)
        }
        Some(_) => false,
        None => build.status != Some(Status::Success) && cause::failed_for_lost_commit(text),
    }
}

/// What its roots are at.
fn revisions(build: &Build) -> Vec<RootAt> {
    let all = build.commits().map(|(root, commit)| RootAt {
        root: root.map(ToOwned::to_owned),
        version: commit.map(ToOwned::to_owned),
    });
    all.collect()
}

/// How a build ended, or stands.
pub fn ending(build: &Build) -> Ending {
    match (&build.state, &build.status) {
        (Some(State::Queued), _) => Ending::Queued,
        (Some(State::Running), _) => Ending::Running,
        (Some(State::Finished), _) if is_lost_commit(build) => Ending::CommitNotFound,
        // A composite says so of itself when tests failed in its parts (seen in 2018).
        (Some(State::Finished), _) if build.failed_to_start && !build.has_failed_tests() => {
            Ending::FailedToStart
        }
        (Some(State::Finished), Some(Status::Success)) => Ending::Success,
        (Some(State::Finished), Some(Status::Failure)) => Ending::Failure,
        (Some(State::Finished), Some(Status::Unknown)) => Ending::Canceled,
        (state, status) => Ending::Unknown(format!("{state:?}, {status:?}")),
    }
}

/// The builds of a chain at which a failure began: they failed, and nothing that they depend on did.
pub fn culprits(chain: &[ChainBuild]) -> Vec<&ChainBuild> {
    cause::broken(chain)
}

/// What the end of such a build says, where no problem of it does: who cancels a build makes no problem.
pub fn problem_of(culprit: &ChainBuild) -> Option<Problem> {
    let said = culprit.said.as_deref();
    let words = culprit.ending.words();
    let text = said.map_or_else(|| words.to_owned(), |said| format!("{words}: {said}"));
    let kind = match culprit.ending {
        Ending::Canceled | Ending::CommitNotFound => "CANCELED",
        _ => return None,
    };
    Some(Problem {
        kind: kind.to_owned(),
        text,
        class: None,
        within: Some(culprit.name.clone()),
    })
}
