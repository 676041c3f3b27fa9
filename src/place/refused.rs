//! Where branch and commit have no place: in words.

use super::wanted::{Pin, Place, Wanted};
use crate::config::{BranchChoice, RevisionChoice};
use crate::teamcity::ErrorKind;
use crate::types::{Diagnostic, short};

/// What is wrong with the place, if that is what was refused.
pub fn refused(kind: &ErrorKind, wanted: &Wanted<'_>, place: &Place) -> Option<Diagnostic> {
    let ErrorKind::Rejected { message, .. } = kind else {
        return None;
    };
    let revision = place
        .revision
        .as_deref()
        .filter(|_| place.pin == Pin::Change)?;
    if !message.contains("Change Log") {
        return None;
    }
    let (id, commit) = (wanted.build_type, short(revision));
    if !place.at_top {
        return Some(Diagnostic::refused(
            format!(
                "TeamCity does not accept the commit {commit} for {id}, which has no VCS root of this repository"
            ),
            "Attach a VCS root of this repository to it in TeamCity. Or give the token's user the permissions \"Customize build \
             revisions\" and \"View build configuration settings\" (TeamCity 2022.04 or later).",
        ));
    }
    let what = match (&place.branch, wanted.branch) {
        (None, BranchChoice::Tag(name)) => {
            format!("the default branch of {id}, and the tag {name} is not a branch there")
        }
        (None, BranchChoice::Unknown) => {
            format!("the default branch of {id}, and this pipeline has no branch")
        }
        (None, _) => format!("the default branch of {id}"),
        (Some(branch), _) => format!("the branch {branch} of {id}"),
    };
    Some(Diagnostic::refused(
        format!("the commit {commit} is not on {what}"),
        "Set BRANCH to the branch that contains it (for example BRANCH: 'release/1.0'), or set REVISION to 'latest' for the newest commit of the branch.",
    ))
}

/// A configuration with no root of this repository in its whole chain: another team's product. What it is, and what follows.
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
                "Attach a VCS root of this repository to it in TeamCity, or remove {variable} to run it on its default branch."
            ),
        )),
        None => Ok((
            format!("{id} has no VCS root of this repository"),
            "A run starts it on its default branch, without a commit.".to_owned(),
        )),
    }
}
