//! The commit to build, whole: an abbreviated one is expanded before anything is asked of TeamCity.

use std::path::Path;

use super::cure;
use crate::bitbucket::Repository;
use crate::clients::Clients;
use crate::config::{Bitbucket, Build, Pipeline, RevisionChoice};
use crate::place;
use crate::types::Diagnostic;

/// Digits of a whole commit.
const WHOLE: usize = 40;

/// Expands it, by the clone that holds `directory`, else by Bitbucket.
///
/// # Errors
/// When nobody knows the rest of it.
pub async fn expand_revision(
    build: &mut Build,
    directory: &Path,
    bitbucket: Option<&Bitbucket>,
    pipeline: &Pipeline,
    clients: &Clients,
) -> Result<(), Diagnostic> {
    if let RevisionChoice::Given(revision) | RevisionChoice::Pipeline(revision) =
        &mut build.revision
        && revision.len() < WHOLE
    {
        let ways = bitbucket.map(|bitbucket| clients.ways_to_bitbucket(bitbucket, pipeline));
        let repository = Repository::of(pipeline.repository());
        let ways = ways.unwrap_or_default();
        *revision = place::expand(revision, directory, repository.as_ref(), &ways)
            .await
            .ok_or_else(|| cure::short_commit(revision))?;
    }
    Ok(())
}
