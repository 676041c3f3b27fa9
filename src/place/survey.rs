//! What TeamCity knows of a configuration's roots, branch and commit, with nothing told, waited for or queued: for `check`.

use super::branch::names_of;
use super::find::specifications;
use super::roots::{self, Roots};
use super::search::Search;
use super::wanted::{Place, Trouble, Wanted};
use crate::outcome::{Event, Events};
use crate::teamcity::Client;

/// What it knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// How many VCS roots of the pipeline's repository there are, and how many others; `None` where the token may not see.
    pub roots: Option<(usize, usize)>,
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
    let found = roots::read(client, wanted.build_type, wanted.repository).await?;
    let (own, seen) = match found {
        Roots::Hidden => (Vec::new(), None),
        Roots::Known { own, others } => {
            let seen = Some((own.len(), others));
            (own, seen)
        }
    };
    let mut survey = Survey {
        roots: seen,
        branch: None,
        change: None,
    };
    if seen.is_some_and(|(own, _)| own == 0) {
        return Ok(survey);
    }
    let search = Search {
        client,
        events: &Silence,
        wanted,
        default_ref: own.iter().find_map(|root| root.default_ref.clone()),
        specifications: specifications(&own),
        revisions_open: false,
    };
    let mut place = Place::of(wanted, own);
    if let Some(revision) = place.revision.clone() {
        survey.change = Some(search.change_is_known(&revision, &place).await?);
    }
    if let Some(names) = names_of(wanted.branch, &search.specifications) {
        survey.branch = Some(search.branch_is_known(&names, &mut place).await?);
    }
    Ok(survey)
}
