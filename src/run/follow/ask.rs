//! Asks for several builds with one request.

use crate::preflight::cure;
use crate::run::context::Context;
use crate::teamcity::model::Build;
use crate::teamcity::{Error, ErrorKind};
use crate::types::{BuildId, Diagnostic};

/// Builds that are asked for with one request: an address has a limit of some 8 KB.
const AT_ONCE: usize = 100;
/// After so many refusals in a row each build is asked for singly.
const MOST_REFUSALS: u32 = 3;

/// Whether the server can be asked for several builds at once.
#[derive(Debug, Default)]
pub struct Together {
    refusals: u32,
}

/// Asks for all with one request; singly for those that the answer leaves out.
///
/// # Errors
/// When the server refuses, or stays away.
pub async fn ask(
    context: &Context<'_>,
    ids: &[BuildId],
    together: &mut Together,
) -> Result<Vec<Option<Build>>, Diagnostic> {
    let fail = |error: Error| cure::teamcity("following the build", &error, context.client.base());
    let mut found = Vec::new();
    for ids in ids.chunks(AT_ONCE).filter(|ids| ids.len() > 1) {
        if together.refusals >= MOST_REFUSALS {
            break;
        }
        match context.client.builds(ids).await {
            Ok(builds) => {
                together.refusals = 0;
                found.extend(builds);
            }
            // A server that does not know the way, or has one among them that may not be seen, is asked for each.
            Err(error)
                if error.kind.is_refusal() || matches!(error.kind, ErrorKind::TooLarge(_)) =>
            {
                together.refusals = together.refusals.saturating_add(1);
            }
            Err(error) => return Err(fail(error)),
        }
    }
    let mut answers = Vec::new();
    for id in ids {
        let together = found.iter().find(|build| build.id == Some(*id)).cloned();
        answers.push(match together {
            Some(build) => Some(build),
            None => one(context, *id).await.map_err(fail)?,
        });
    }
    Ok(answers)
}

/// A build that is not found is not doubted here: who follows it looks for it again, and at once for the one that it was merged
/// into, which may be merged into a third soon.
async fn one(context: &Context<'_>, id: BuildId) -> Result<Option<Build>, Error> {
    let is_missing = |error: &Error| matches!(error.kind, ErrorKind::NotFound(_));
    let answer = match context.client.build_if_there(id).await {
        Err(error) if error.kind.is_refusal() && !is_missing(&error) => {
            context.client.build(id).await
        }
        answer => answer,
    };
    match answer {
        Err(error) if is_missing(&error) => Ok(None),
        answer => answer.map(Some),
    }
}
