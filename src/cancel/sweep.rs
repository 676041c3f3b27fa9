//! `sweep`: what killed steps left behind in the whole repository. Bitbucket's Stop kills a step at once, so that nothing in it can
//! cancel its build or end its row.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::stream::{self, StreamExt as _};

use super::context::{Context, cancel_build, described};
use super::settle::{Fate, Fates, Settler};
use crate::bitbucket::{Error as BitbucketError, ErrorKind};
use crate::exit::ExitStatus;
use crate::identity::{self, Manner, Origin};
use crate::outcome::Event;
use crate::preflight::cure;
use crate::results::Board;
use crate::teamcity::model::Build;
use crate::types::BuildId;

/// How far back finished builds are looked at.
const DAYS: i64 = 14;
/// The most of them that are looked at, newest first.
const MOST_BUILDS: usize = 500;
/// The most pipelines that Bitbucket is asked about.
const MOST_PIPELINES: usize = 50;
/// Commits that are looked at at once.
const AT_ONCE: usize = 4;

/// The most builds that are looked for in the place of others.
const MOST_SUCCESSORS: usize = 50;

/// A build that its pipeline may have left behind.
struct Found {
    build: Build,
    id: BuildId,
    origin: Origin,
    /// The one in whose place it came, which bears the tags.
    instead_of: Option<BuildId>,
}

/// The command. Without a clear answer of Bitbucket's that a pipeline has ended, nothing of it is touched.
pub async fn sweep(context: &Context<'_>, now: DateTime<Utc>) -> ExitStatus {
    let Some(board) = context
        .board
        .as_ref()
        .filter(|board| board.has_credential())
    else {
        return ExitStatus::Usage;
    };
    let board = board.closing();
    // A credential that can't tell is said so at once, and not on the day when there is something to settle.
    if let Some(number) = context.marker.pipeline()
        && let Err(error) = board.pipeline(number).await
        && !matches!(error.kind, ErrorKind::NotFound(_))
    {
        return refused(context, &error);
    }
    let living = tagged(context, Manner::LEFT_BEHIND, identity::living).await;
    let mut living = match living {
        Ok(living) => living,
        Err(status) => return status,
    };
    let finished = match finished_builds(context, now).await {
        Ok(finished) => Ok(with_successors(context, finished, &mut living).await),
        Err(status) => Err(status),
    };
    let swept = living_builds(context, &board, living).await;
    let mut status = swept.status;
    let mut commits = swept.commits;
    match finished {
        Ok(finished) => {
            for (commit, fates) in finished {
                // What was canceled just now may be over already.
                let known = commits.entry(commit).or_default();
                for (id, fate) in fates {
                    known.entry(id).or_insert(fate);
                }
            }
        }
        Err(other) => status = status.worst(other),
    }
    let looked_at = commits.len();
    let missing = settle(context, &board, commits).await;
    for why in &missing {
        context.events.event(&Event::Warning(why.clone()));
    }
    if !missing.is_empty() {
        status = status.worst(ExitStatus::Unreachable);
    }
    context.events.event(&Event::Note(format!(
        "Builds left behind by pipelines that have ended: {}. Commits checked: {looked_at}.",
        swept.canceled
    )));
    status
}

/// The first half, beside a run's own work: one search, and more only where something is found. Whatever goes wrong here is said to
/// nobody, since a later run or `sweep` settles it.
pub async fn beside(context: &Context<'_>) {
    let Some(board) = context
        .board
        .as_ref()
        .filter(|board| board.has_credential())
    else {
        return;
    };
    let tag = context.marker.manner_tag(Manner::LEFT_BEHIND);
    let Ok(living) = identity::living_now(context.client, &tag).await else {
        return;
    };
    let found = with_origin(context, living, Manner::LEFT_BEHIND);
    let swept = living_builds(context, board, found).await;
    let _ = settle(context, board, swept.commits).await;
}

struct Swept {
    status: ExitStatus,
    canceled: usize,
    commits: BTreeMap<String, Fates>,
}

/// Cancels those whose pipelines have ended.
async fn living_builds(context: &Context<'_>, board: &Board, found: Vec<Found>) -> Swept {
    let mut swept = Swept {
        status: ExitStatus::Success,
        canceled: 0,
        commits: BTreeMap::new(),
    };
    let mut ended: HashMap<u64, Option<Option<String>>> = HashMap::new();
    for one in found {
        let number = one.origin.pipeline;
        if context.marker.pipeline() == Some(number) {
            continue;
        }
        if !ended.contains_key(&number) {
            if ended.len() >= MOST_PIPELINES {
                continue;
            }
            match board.pipeline(number).await {
                Ok(Some(pipeline)) if pipeline.build_number == number && pipeline.has_ended() => {
                    ended.insert(number, Some(pipeline.commit().map(ToOwned::to_owned)));
                }
                Ok(_) => {
                    ended.insert(number, None);
                }
                Err(error) => {
                    ended.insert(number, None);
                    if !matches!(error.kind, ErrorKind::NotFound(_)) {
                        swept.status = swept.status.worst(status_of(&error));
                    }
                }
            }
        }
        let Some(Some(commit)) = ended.get(&number) else {
            continue;
        };
        let why = why(context, number);
        // It may have been merged, or have ended, since it was found.
        match context.client.build_now(one.id).await {
            Ok(build) if build.is_finished() => continue,
            Ok(build)
                if build.id == Some(one.id)
                    && !build.has_absorbed_other_than(one.instead_of.as_slice()) => {}
            Ok(_) => {
                let what = described(&one.build);
                context.events.event(&Event::Note(format!(
                    "{what} is not canceled: TeamCity merged another request with it."
                )));
                continue;
            }
            Err(_) => continue,
        }
        if let Err(error) = cancel_build(context, &one.build, one.id, &why).await {
            let refusal = error.kind.is_refusal();
            swept.status = swept.status.worst(if refusal {
                ExitStatus::Refused
            } else {
                ExitStatus::Unreachable
            });
            continue;
        }
        swept.canceled = swept.canceled.saturating_add(1);
        if let Some(commit) = commit.clone().or(one.origin.commit) {
            let fates = swept.commits.entry(commit).or_default();
            // The row may not have been taken over yet.
            for id in one.instead_of.into_iter().chain([one.id]) {
                fates.insert(id, Fate::stopped(&why));
            }
        }
    }
    swept
}

/// What became of builds that are over, by the commits on which their rows may be: of one in whose place TeamCity put another, what
/// became of that. Where it lives, it is added to those that do.
async fn with_successors(
    context: &Context<'_>,
    finished: Vec<Found>,
    living: &mut Vec<Found>,
) -> BTreeMap<String, Fates> {
    let mut commits: BTreeMap<String, Fates> = BTreeMap::new();
    let mut looks = 0_usize;
    for one in finished {
        let Some(commit) = one.origin.commit.clone() else {
            continue;
        };
        let fates = commits.entry(commit).or_default();
        if !identity::may_have_successor(&one.build) || looks >= MOST_SUCCESSORS {
            fates.insert(one.id, Fate::over(&one.build));
            continue;
        }
        looks = looks.saturating_add(1);
        // Without an answer its row is left to the next sweep.
        let Ok(last) = identity::latest(context.client, one.build).await else {
            continue;
        };
        let id = last.id.unwrap_or(one.id);
        if last.is_finished() {
            fates.insert(one.id, Fate::over(&last));
            fates.insert(id, Fate::over(&last));
        } else if one.origin.manner == Some(Manner::LEFT_BEHIND)
            && !living.iter().any(|known| known.id == id)
        {
            living.push(Found {
                build: last,
                id,
                origin: one.origin,
                instead_of: Some(one.id),
            });
        }
    }
    commits
}

fn why(context: &Context<'_>, number: u64) -> String {
    let link = context
        .pipeline
        .link_to(number)
        .map_or_else(String::new, |link| format!(", {link}"));
    format!("its pipeline #{number} has ended{link}")
}

/// Builds that were over within the last days, newest first.
async fn finished_builds(
    context: &Context<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<Found>, ExitStatus> {
    let mut found = Vec::new();
    for manner in Manner::ALL {
        let search =
            async |client: &_, tag: &str| identity::finished(client, tag, MOST_BUILDS).await;
        found.extend(tagged(context, manner, search).await?);
    }
    let since = now.checked_sub_signed(TimeDelta::days(DAYS)).unwrap_or(now);
    found.retain(|one| one.build.finish_date.is_none_or(|at| at >= since));
    found.sort_by_key(|one| std::cmp::Reverse((one.build.finish_date, one.id)));
    found.truncate(MOST_BUILDS);
    Ok(found)
}

async fn tagged(
    context: &Context<'_>,
    manner: Manner,
    search: impl AsyncFn(&crate::teamcity::Client, &str) -> Result<Vec<Build>, crate::teamcity::Error>,
) -> Result<Vec<Found>, ExitStatus> {
    let tag = context.marker.manner_tag(manner);
    match search(context.client, &tag).await {
        Ok(found) => Ok(with_origin(context, found, manner)),
        Err(error) => {
            let base = context.client.base();
            let error = cure::teamcity("looking for builds left behind", &error, base);
            context.events.event(&Event::Failed(error.to_string()));
            Err(error.status)
        }
    }
}

/// Those whose tags are clear.
fn with_origin(context: &Context<'_>, found: Vec<Build>, manner: Manner) -> Vec<Found> {
    found
        .into_iter()
        .filter_map(|build| {
            let id = build.id?;
            let origin = context.marker.origin(build.tag_names())?;
            (origin.manner == Some(manner)).then_some(Found {
                build,
                id,
                origin,
                instead_of: None,
            })
        })
        .collect()
}

/// Ends what is open on these commits.
async fn settle(
    context: &Context<'_>,
    board: &Board,
    commits: BTreeMap<String, Fates>,
) -> Vec<String> {
    let settler = Settler::new(context.client, board.clone());
    let settler = &settler;
    let work = commits
        .into_iter()
        .map(|(commit, fates)| async move { settler.settle(&commit, &fates).await });
    let missing: Vec<Vec<String>> = stream::iter(work).buffer_unordered(AT_ONCE).collect().await;
    missing.into_iter().flatten().collect()
}

fn refused(context: &Context<'_>, error: &BitbucketError) -> ExitStatus {
    let cure = "Give the credential the scopes pipeline and repository (read:pipeline:bitbucket, read:repository:bitbucket).";
    context.events.event(&Event::Failed(format!(
        "Bitbucket does not say which pipelines have ended: {error}\n  {cure}"
    )));
    status_of(error)
}

fn status_of(error: &BitbucketError) -> ExitStatus {
    if error.kind.may_pass() || matches!(error.kind, ErrorKind::Unreadable(_)) {
        ExitStatus::Unreachable
    } else {
        ExitStatus::Refused
    }
}
