//! What TeamCity knows of a configuration's roots, branch and commit, with nothing told, waited for or queued: for `check`.

use super::roots::{self, OwnRoot, Roots};
use super::search::Search;
use super::wanted::{Place, Trouble, Wanted};
use crate::outcome::{Event, Events};
use crate::teamcity::Client;
use crate::types::BuildTypeId;

/// What it knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// How many VCS roots of the pipeline's repository there are, and how many others; `None` where the token may not see.
    pub roots: Option<(usize, usize)>,
    /// Whose they are, where it is a configuration that the configuration depends on.
    pub below: Option<BuildTypeId>,
    /// Whether it knows the branch; `None` where none is asked for.
    pub branch: Option<bool>,
    /// Whether it knows the commit; `None` where none is asked for.
    pub change: Option<bool>,
}

struct Silence;

impl Events for Silence {
    fn event(&self, _: &Event) {}
}

/// Looks.
///
/// # Errors
/// When the server refuses or stays away.
pub async fn survey(client: &Client, wanted: &Wanted<'_>) -> Result<Survey, Trouble> {
    let chain = roots::read(client, wanted.build_type, wanted.repository).await?;
    let mut at = wanted.build_type;
    let mut seen = &chain.top;
    // Where the configuration has no root of this repository, what it depends on may have one.
    if !chain.top.may_be_ours()
        && let Some(part) = chain.below.iter().find(|part| part.roots.may_be_ours())
    {
        (at, seen) = (&part.build_type, &part.roots);
    }
    let (own, roots) = match seen {
        Roots::Hidden => (&[] as &[OwnRoot], None),
        Roots::Known { own, others } => (own.as_slice(), Some((own.len(), others.len()))),
    };
    let mut survey = Survey {
        roots,
        below: (at != wanted.build_type).then(|| at.clone()),
        branch: None,
        change: None,
    };
    if roots.is_some_and(|(own, _)| own == 0) {
        return Ok(survey);
    }
    let search = Search {
        client,
        events: &Silence,
        wanted,
        at,
        roots: own,
    };
    let place = Place::of(wanted);
    if let Some(revision) = &place.revision {
        survey.change = Some(search.change_is_known(revision).await?);
    }
    if let Some(names) = search.names() {
        let found = search.branch(&names, place.revision.is_some()).await?;
        survey.branch = Some(found.is_some());
    }
    Ok(survey)
}
