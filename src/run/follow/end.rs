//! What is read and said of builds once they have ended: side by side, while others go on.

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::mpsc;

use super::log::{LogLimit, LogStream};
use crate::config::LogMode;
use crate::outcome::{ChainBuild, Ending, Event, Position, cause};
use crate::preflight::cure;
use crate::results::{self, Rank};
use crate::run::context::Context;
use crate::teamcity::Error;
use crate::teamcity::model::Build;
use crate::types::{BuildId, BuildTypeId};

/// Most failed builds of a chain whose logs are shown.
const CULPRITS: usize = 3;

/// A build that has ended.
pub struct Ended {
    /// Its id.
    pub id: BuildId,
    /// Its place.
    pub position: Position,
    /// Its log, if it was shown as it grew.
    pub log: Option<LogStream>,
    /// It was queued here, or seen before its end, so that its log is news.
    pub news: bool,
    /// What TeamCity last said of it.
    pub build: Option<Build>,
}

/// Where builds that have ended are handed on.
pub type Ends = mpsc::UnboundedSender<Ended>;

/// Finishes all that are handed over, until no more can come.
pub async fn finish_all(
    context: &Context<'_>,
    limit: &LogLimit,
    mut ended: mpsc::UnboundedReceiver<Ended>,
) {
    let mut finishing = FuturesUnordered::new();
    let mut more = true;
    while more || !finishing.is_empty() {
        tokio::select! {
            one = ended.recv(), if more => match one {
                Some(one) => finishing.push(Box::pin(finish(context, limit, one))),
                None => more = false,
            },
            Some(()) = finishing.next(), if !finishing.is_empty() => {}
        }
    }
}

/// Shows the rest of its log, completes its outcome, and tells of it.
async fn finish(context: &Context<'_>, limit: &LogLimit, one: Ended) {
    let position = one.position;
    let entries = context.ledger.entries();
    let Some(mut outcome) = entries.get(position).map(|entry| entry.outcome.clone()) else {
        return;
    };
    let builds = entries.iter().filter(|entry| entry.id.is_some());
    let types: Vec<BuildTypeId> = builds.map(|entry| entry.build_type.clone()).collect();
    let before = entries.iter().take(position);
    let place = before.filter(|entry| entry.id.is_some()).count();
    let build = one.build.as_ref();
    let has_chain = outcome.ending != Ending::Deleted && build.is_some_and(Build::has_dependencies);
    if has_chain {
        outcome.chain = context.results.chain(one.id).await;
    }
    if let Some(decided) = cause::by_chain(&outcome, build.is_some_and(|build| build.composite)) {
        outcome.ending = decided;
    }
    if outcome.ending == Ending::CommitNotFound {
        let lost = cure::lost_commit(outcome.revision.as_deref());
        context.events.event(&Event::Warning(lost.to_string()));
    }
    // Known from here on, whatever comes of the details.
    context
        .ledger
        .update(position, |entry| entry.outcome = outcome.clone());
    let failed = !matches!(outcome.ending, Ending::Success | Ending::Deleted);
    let chain = outcome.chain.clone();
    let collect = context
        .results
        .build((place, &types), &mut outcome, has_chain);
    let logs = show_logs(context, limit, one, failed, &chain);
    // Large futures in one another would need a large stack.
    tokio::join!(Box::pin(collect), Box::pin(logs));
    context
        .ledger
        .update(position, |entry| entry.outcome = outcome.clone());
    context.keep();
    context.events.event(&Event::Finished {
        build: position,
        outcome: Box::new(outcome),
    });
}

/// Shows what is missing of its log; of a failed build's that was not shown whole, and of its chain's, the end.
async fn show_logs(
    context: &Context<'_>,
    limit: &LogLimit,
    one: Ended,
    failed: bool,
    chain: &[ChainBuild],
) {
    let (id, position) = (one.id, one.position);
    let mode = context.settings.follow.log;
    let build = one.build.as_ref();
    let has_log = build.is_some_and(|build| build.start_date.is_some() && !build.composite);
    // The log of a build that had ended before we came is no news.
    if mode == LogMode::Stream && has_log && one.news {
        let mut log = one
            .log
            .unwrap_or_else(|| LogStream::new(id, position, None));
        fetch(context, "rest", log.complete(context, limit)).await;
    }
    let cut = mode == LogMode::Failed || (mode == LogMode::Stream && limit.is_spent());
    if failed && cut && has_log {
        show_end(context, id, position, None).await;
    }
    if failed && mode != LogMode::None {
        // Its last build may have no log of its own.
        let culprits = results::chain::culprits(chain).into_iter();
        let ran = culprits.filter(|culprit| culprit.started_at.is_some());
        for culprit in ran.take(CULPRITS) {
            show_end(context, culprit.id, position, Some(&culprit.name)).await;
        }
    }
}

async fn show_end(context: &Context<'_>, id: BuildId, position: Position, within: Option<&str>) {
    let end = results::log_end::show(context.client, context.events, id, position, within);
    fetch(context, "end", end).await;
}

/// A part of a log, whose lack is a warning.
async fn fetch(context: &Context<'_>, what: &str, work: impl Future<Output = Result<(), Error>>) {
    let why = match context.results.budget().long_fetch(Rank::Log, work).await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(late) => late.to_string(),
    };
    context.events.event(&Event::Warning(format!(
        "The {what} of the build log can't be shown: {why}"
    )));
}
