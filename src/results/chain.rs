//! The chain of a build that ended: its snapshot dependencies, and at which of them a failure began.

use crate::outcome::{ChainBuild, Ending, Moment};
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
        ending: ending(&build),
        reused: build
            .finish_date
            .zip(queued_at)
            .is_some_and(|(finished, queued)| finished <= queued),
        depends_on: needs
            .map(|needs| needs.build.iter().filter_map(|build| build.id).collect())
            .unwrap_or_default(),
        number: build.number,
        url: build.web_url,
        queued_at: build.queued_date,
        started_at: build.start_date,
        finished_at: build.finish_date,
    })
}

fn ending(build: &Build) -> Ending {
    match (&build.state, &build.status) {
        (Some(State::Queued), _) => Ending::Queued,
        (Some(State::Running), _) => Ending::Running,
        (Some(State::Finished), _) if build.failed_to_start => Ending::FailedToStart,
        (Some(State::Finished), Some(Status::Success)) => Ending::Success,
        (Some(State::Finished), Some(Status::Failure)) => Ending::Failure,
        (Some(State::Finished), Some(Status::Unknown)) => Ending::Canceled,
        (state, status) => Ending::Unknown(format!("{state:?}, {status:?}")),
    }
}

/// The builds of a chain at which a failure began: they failed, and nothing that they depend on did.
pub fn culprits(chain: &[ChainBuild]) -> Vec<&ChainBuild> {
    let bad = |build: &&ChainBuild| {
        !matches!(
            build.ending,
            Ending::Success | Ending::Queued | Ending::Running
        )
    };
    let is_bad = |id: &BuildId| chain.iter().filter(bad).any(|build| build.id == *id);
    chain
        .iter()
        .filter(bad)
        .filter(|build| !build.depends_on.iter().any(is_bad))
        .collect()
}
