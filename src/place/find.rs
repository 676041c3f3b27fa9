//! Where a build is to be queued: on which of TeamCity's branches, pinned to which commit, and how.
//!
//! TeamCity builds its default branch, without a word, for a branch that it does not know. So nothing is queued before
//! the server knows branch and commit: it is told of the push, and waited for.

use super::branch::names_of;
use super::roots::{self, OwnRoot, Roots};
use super::search::Search;
use super::wanted::{Pin, Place, Trouble, Wanted};
use crate::config::{BranchChoice, RevisionChoice};
use crate::outcome::{Event, Events};
use crate::teamcity::Client;
use crate::types::Diagnostic;

/// Since when a queue request may name revisions (TeamCity's source, branch `release/2022.04`). Older servers ignore them
/// silently, and build the latest commit.
const REVISIONS_SINCE: (u32, u32) = (2022, 4);
/// Finds the place, waiting for the server to learn of branch and commit if it must.
///
/// # Errors
/// When the server refuses, stays away, or never learns of them.
pub async fn find(
    client: &Client,
    events: &dyn Events,
    wanted: &Wanted<'_>,
) -> Result<Place, Trouble> {
    let roots = roots::read(client, wanted.build_type, wanted.repository).await?;
    if let Roots::Known { own, .. } = &roots
        && own.is_empty()
    {
        return on_default_branch(events, wanted);
    }
    let (own, others) = match roots {
        Roots::Hidden => (Vec::new(), usize::MAX),
        Roots::Known { own, others } => (own, others),
    };
    let default_ref = own.iter().find_map(|root| root.default_ref.clone());
    let specifications = specifications(&own);
    let mut place = Place::of(wanted, own);
    let revisions_open =
        wanted.release >= REVISIONS_SINCE && others == 0 && !place.roots.is_empty();
    let search = Search {
        client,
        events,
        wanted,
        default_ref,
        specifications,
        revisions_open,
    };
    complete(&search, &mut place).await?;
    Ok(place)
}

/// The branch specifications of roots.
pub fn specifications(own: &[OwnRoot]) -> Vec<String> {
    own.iter()
        .filter_map(|root| root.specification.clone())
        .collect()
}

/// Waits until the server knows the change, for a place whose `revisions` were refused.
///
/// # Errors
/// When it never does.
pub async fn wait_for_change(
    client: &Client,
    events: &dyn Events,
    wanted: &Wanted<'_>,
    place: &mut Place,
) -> Result<(), Trouble> {
    let search = Search {
        client,
        events,
        wanted,
        default_ref: None,
        specifications: Vec::new(),
        revisions_open: false,
    };
    let Some(revision) = place.revision.clone() else {
        return Ok(());
    };
    (place.pin, place.git_ref) = (Pin::Change, None);
    search.wait(Some(&revision), None, place).await
}

/// A configuration with no root of this repository: a deployment, another team's product. What it is, and what follows.
///
/// # Errors
/// When a branch or commit was asked for by name, which then has nothing to apply to.
pub fn without_root(wanted: &Wanted<'_>) -> Result<(String, String), Diagnostic> {
    let id = wanted.build_type;
    let given = match (wanted.revision, wanted.branch) {
        (RevisionChoice::Given(_) | RevisionChoice::Latest { given: true }, _) => Some("REVISION"),
        (_, BranchChoice::Given(_)) => Some("BRANCH"),
        _ => None,
    };
    match given {
        Some(variable) => Err(Diagnostic::refused(
            format!("{id} has no VCS root of this repository, so {variable} does not apply to it"),
            format!(
                "Attach a VCS root of this repository to it in TeamCity, or leave {variable} out to run it on its default branch."
            ),
        )),
        None => Ok((
            format!("{id} has no VCS root of this repository"),
            "A run starts it on its default branch, without a commit.".to_owned(),
        )),
    }
}

fn on_default_branch(events: &dyn Events, wanted: &Wanted<'_>) -> Result<Place, Trouble> {
    let (what, follows) = without_root(wanted)?;
    events.event(&Event::Note(format!("{what}. {follows}")));
    Ok(Place {
        branch: None,
        is_default: true,
        revision: None,
        roots: Vec::new(),
        pin: Pin::None,
        git_ref: None,
    })
}

async fn complete(search: &Search<'_>, place: &mut Place) -> Result<(), Trouble> {
    let names = names_of(search.wanted.branch, &search.specifications);
    let revision = place.revision.clone();
    place.git_ref = match search.wanted.branch {
        BranchChoice::Pipeline(name) => Some(format!("refs/heads/{name}")),
        BranchChoice::Given(name) if name.starts_with("refs/") => Some(name.clone()),
        BranchChoice::Default => search.default_ref.clone(),
        _ => None,
    }
    .filter(|_| search.revisions_open);
    let known = match &revision {
        Some(revision) => search.change_is_known(revision, place).await?,
        None => true,
    };
    let branch_known = match &names {
        Some(names) => search.branch_is_known(names, place).await?,
        None => true,
    };
    place.pin = if revision.is_some() {
        Pin::Change
    } else {
        Pin::None
    };
    match (branch_known, known) {
        (true, true) => return Ok(()),
        (true, false) if place.git_ref.is_some() => {
            place.pin = Pin::Revisions;
            // Not needed for the build, but then it shows its changes.
            _ = search
                .client
                .notify_of_commit(search.wanted.build_type)
                .await;
            return Ok(());
        }
        _ => {}
    }
    let missing_branch = names.filter(|_| !branch_known);
    let missing_revision = revision.filter(|_| !known);
    search
        .wait(
            missing_revision.as_deref(),
            missing_branch.as_deref(),
            place,
        )
        .await
}
