//! Where a build is to be queued: on which of TeamCity's branches, pinned to which commit, and how.
//!
//! TeamCity builds its default branch, without a word, for a branch that it does not know. So nothing is queued before
//! the server knows branch and commit: it is told of the push, and waited for. In a chain it must know them wherever this
//! repository's roots are.

use super::refused::without_root;
use super::roots::{self, ChainRoots, OwnRoot, Part, Roots};
use super::search::Search;
use super::wanted::{Below, Pin, Place, Trouble, Wanted};
use crate::config::{BranchChoice, RevisionChoice};
use crate::outcome::{Event, Events};
use crate::teamcity::Client;
use crate::types::{BuildTypeId, Diagnostic};

/// Since when a queue request may name revisions (TeamCity's source, branch `release/2022.04`). Older servers ignore them
/// silently, and build the latest commit.
const REVISIONS_SINCE: (u32, u32) = (2022, 4);
/// Most configurations of a chain that are asked for the commit because their roots are not to be seen.
const MOST_HIDDEN: usize = 20;

/// Finds the place, waiting for the server to learn of branch and commit if it must.
///
/// # Errors
/// When the server refuses, stays away, or never learns of them.
pub async fn find(
    client: &Client,
    events: &dyn Events,
    wanted: &Wanted<'_>,
) -> Result<Place, Trouble> {
    let chain = roots::read(client, wanted.build_type, wanted.repository).await?;
    let mut place = Place::of(wanted);
    place.at_top = chain.top.may_be_ours();
    place.others = others(wanted.build_type, &chain);
    place.below = chain.below.iter().filter_map(below).collect();
    let ids = chain.below.iter().map(|part| part.build_type.clone());
    place.chain = ids.collect();
    if let Roots::Known { own, .. } = &chain.top {
        place.roots = own.iter().map(|root| root.id.clone()).collect();
    }
    if !place.at_top {
        if place.below.is_empty() {
            place.below = hidden_ones(client, events, wanted, &chain).await?;
        }
        match place.below.first() {
            None => return on_default_branch(events, wanted, place),
            Some(first) => place.log_of = first.build_type.clone(),
        }
    }
    let is_hidden = |roots: &Roots| *roots == Roots::Hidden;
    let some_hidden =
        is_hidden(&chain.top) || chain.below.iter().any(|part| is_hidden(&part.roots));
    place.revisions_open = wanted.release >= REVISIONS_SINCE && !some_hidden;
    let hidden = place.below.clone();
    let places = places(wanted.build_type, &chain, &hidden);
    let mut first = true;
    for (at, roots) in places {
        let search = Search {
            client,
            events,
            wanted,
            at,
            roots,
        };
        complete(&search, &mut place, first).await?;
        first = false;
    }
    choose_pin(client, &mut place, &chain.top).await?;
    if !place.at_top {
        events.event(&Event::Note(format!(
            "{} has no VCS root of this repository, but builds that it depends on have one. Branch and commit apply to {}",
            wanted.build_type,
            names(&place.below)
        )));
    }
    Ok(place)
}

/// Ids of configurations, the first of them.
fn names(below: &[Below]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<&str> = below
        .iter()
        .take(SHOWN)
        .map(|below| below.build_type.as_str())
        .collect();
    match below.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// One that builds the pipeline's repository.
fn below(part: &Part) -> Option<Below> {
    let Roots::Known { own, .. } = &part.roots else {
        return None;
    };
    (!own.is_empty()).then(|| Below {
        build_type: part.build_type.clone(),
        roots: own.iter().map(|root| root.id.clone()).collect(),
        rules: part.rules,
    })
}

/// Roots of other repositories in the chain, each once.
fn others(top: &BuildTypeId, chain: &ChainRoots) -> Vec<(BuildTypeId, String)> {
    let below = chain
        .below
        .iter()
        .map(|part| (&part.build_type, &part.roots));
    let mut found: Vec<(BuildTypeId, String)> = Vec::new();
    for (build_type, roots) in std::iter::once((top, &chain.top)).chain(below) {
        if let Roots::Known { others, .. } = roots {
            for root in others {
                if !found.iter().any(|(_, known)| known == root) {
                    found.push((build_type.clone(), root.clone()));
                }
            }
        }
    }
    found
}

/// The configurations in which branch and commit must be known: one for each set of this repository's roots.
fn places<'c>(
    top: &'c BuildTypeId,
    chain: &'c ChainRoots,
    hidden: &'c [Below],
) -> Vec<(&'c BuildTypeId, &'c [OwnRoot])> {
    let mut found: Vec<(&BuildTypeId, &[OwnRoot])> = Vec::new();
    match &chain.top {
        Roots::Known { own, .. } if !own.is_empty() => found.push((top, own)),
        Roots::Hidden => found.push((top, &[])),
        Roots::Known { .. } => {}
    }
    for part in &chain.below {
        if let Roots::Known { own, .. } = &part.roots {
            let is_new = |root: &OwnRoot| found.iter().all(|(_, known)| !known.contains(root));
            if own.iter().any(is_new) {
                found.push((&part.build_type, own));
            }
        }
    }
    if found.is_empty() {
        found.extend(
            hidden
                .iter()
                .map(|below| (&below.build_type, [].as_slice())),
        );
    }
    found
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
    let log_of = place.log_of.clone();
    let search = Search {
        client,
        events,
        wanted,
        at: &log_of,
        roots: &[],
    };
    let Some(revision) = place.revision.clone() else {
        return Ok(());
    };
    (place.pin, place.git_ref) = (Pin::Change, None);
    search.wait(Some(&revision), None, place, false).await
}

/// Configurations below, of which the token may not see whose repositories they build, and which know the commit.
async fn hidden_ones(
    client: &Client,
    events: &dyn Events,
    wanted: &Wanted<'_>,
    chain: &ChainRoots,
) -> Result<Vec<Below>, Trouble> {
    let hidden: Vec<&BuildTypeId> = chain
        .below
        .iter()
        .filter(|part| part.roots == Roots::Hidden)
        .map(|part| &part.build_type)
        .collect();
    let mut found = Vec::new();
    if let RevisionChoice::Given(revision) | RevisionChoice::Pipeline(revision) = wanted.revision {
        for at in hidden.iter().take(MOST_HIDDEN) {
            let search = Search {
                client,
                events,
                wanted,
                at,
                roots: &[],
            };
            if search.change_is_known(revision).await? {
                found.push(Below {
                    build_type: (*at).clone(),
                    roots: Vec::new(),
                    rules: true,
                });
            }
        }
    }
    match hidden.first() {
        Some(first) if found.is_empty() => Err(Trouble::Wrong(Diagnostic::refused(
            format!(
                "{} has no VCS root of this repository, and the token's user may not view the VCS roots of {first}, on which it depends",
                wanted.build_type
            ),
            "Give the token's user the permission \"View build configuration settings\" there, or add it to the token's scope. Without it TeamCity might build default branches instead of this commit.",
        ))),
        _ => Ok(found),
    }
}

/// Nothing in the whole chain is of this repository.
fn on_default_branch(
    events: &dyn Events,
    wanted: &Wanted<'_>,
    place: Place,
) -> Result<Place, Trouble> {
    let (what, follows) = without_root(wanted)?;
    events.event(&Event::Note(format!("{what}. {follows}")));
    Ok(Place {
        revision: None,
        others: Vec::new(),
        ..place
    })
}

/// Completes the place by what one configuration knows; `first`: nothing is known of it yet.
async fn complete(search: &Search<'_>, place: &mut Place, first: bool) -> Result<(), Trouble> {
    let names = search.names();
    let revision = place.revision.clone();
    if first {
        place.git_ref = match search.wanted.branch {
            BranchChoice::Pipeline(name) => Some(format!("refs/heads/{name}")),
            BranchChoice::Given(name) if name.starts_with("refs/") => Some(name.clone()),
            BranchChoice::Given(name) => {
                let specifications = search.specifications();
                let called = |of: &super::specification::Specification| of.refs_called(name).next();
                specifications.iter().find_map(called)
            }
            BranchChoice::Default => search.default_ref().map(str::to_owned),
            _ => None,
        };
    }
    let known = match &revision {
        Some(revision) => search.change_is_known(revision).await?,
        None => true,
    };
    let branch_known = match &names {
        Some(names) => match search.branch(names, revision.is_some()).await? {
            Some(found) => {
                place.is_on(found, search, first)?;
                true
            }
            None => false,
        },
        None => true,
    };
    if place.pin != Pin::Revisions {
        place.pin = match &revision {
            Some(_) => Pin::Change,
            None => Pin::None,
        };
    }
    match (branch_known, known) {
        (true, true) => return Ok(()),
        (true, false) if place.takes_new_commits() => {
            place.pin = Pin::Revisions;
            // Not needed for the build, but then it shows its changes.
            _ = search.client.notify_of_commit(search.at).await;
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
            first,
        )
        .await
}

/// By which way the commit is pinned, now that branch and commit are known.
async fn choose_pin(client: &Client, place: &mut Place, top: &Roots) -> Result<(), Trouble> {
    if place.pin == Pin::None || place.git_ref.is_none() || !place.revisions_open {
        return Ok(());
    }
    let at_top: Vec<&str> = match top {
        Roots::Known { own, .. } => own.iter().map(|root| root.id.as_str()).collect(),
        Roots::Hidden => Vec::new(),
    };
    // A change says it of one root; another one of the same repository gets what was known when that change came.
    let scattered = place.own_roots().len() > 1;
    let below_alone = at_top.is_empty() && place.others.is_empty();
    if (scattered || below_alone || place.pin == Pin::Revisions)
        && place.cover(client).await?.is_ok()
    {
        place.pin = Pin::Revisions;
    }
    Ok(())
}
