//! What is read and said of a build once it has ended.

use super::log::{Budget, LogStream};
use crate::config::LogMode;
use crate::outcome::{ChainBuild, Ending, Event, Position, cause};
use crate::preflight::cure;
use crate::results;
use crate::run::context::Context;
use crate::teamcity::model::Build;
use crate::types::BuildId;

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
}

/// Shows the rest of its log, completes its outcome, and tells of it.
pub async fn finish(
    context: &Context<'_>,
    one: Ended,
    ending: Ending,
    build: Option<&Build>,
    budget: &mut Budget,
) {
    let (id, position) = (one.id, one.position);
    let mode = context.settings.follow.log;
    let has_log = build.is_some_and(|build| build.start_date.is_some() && !build.composite);
    // The log of a build that had ended before we came is no news.
    if mode == LogMode::Stream && has_log && one.news {
        let mut log = one
            .log
            .unwrap_or_else(|| LogStream::new(id, position, None));
        if let Err(error) = log.complete(context, budget).await {
            context.events.event(&Event::Warning(format!(
                "The rest of the build log can't be shown: {error}"
            )));
        }
    }
    let failed = !matches!(ending, Ending::Success | Ending::Deleted);
    let cut = mode == LogMode::Failed || (mode == LogMode::Stream && budget.is_spent());
    if failed && cut && has_log {
        show_end(context, id, position, None).await;
    }
    let chain = results::chain_of(context.client, id, build, &ending).await;
    if failed && mode != LogMode::None {
        show_culprits(context, &chain, position).await;
    }
    end(context, position, ending, build, chain).await;
}

/// Completes the outcome of a build that ended, and tells of it.
async fn end(
    context: &Context<'_>,
    position: usize,
    ending: Ending,
    build: Option<&Build>,
    chain: Vec<ChainBuild>,
) {
    let Some(entry) = context.ledger.entry(position) else {
        return;
    };
    let mut outcome = entry.outcome;
    let said = outcome.status_text.clone();
    if let Some(build) = build {
        results::read(&mut outcome, build);
    }
    if ending == Ending::WrongRevision {
        outcome.status_text = said;
    }
    outcome.ending = ending;
    outcome.chain = chain;
    if let Some(decided) = cause::by_chain(&outcome, build.is_some_and(|build| build.composite)) {
        outcome.ending = decided;
    }
    if outcome.ending == Ending::CommitNotFound {
        let lost = cure::lost_commit(outcome.revision.as_deref());
        context.events.event(&Event::Warning(lost.to_string()));
    }
    // Known from here on, whatever comes of the details.
    context.ledger.update(position, |entry| {
        entry.ended = true;
        entry.outcome = outcome.clone();
    });
    if let Some(id) = outcome.id {
        results::complete(context.client, context.events, id, &mut outcome).await;
    }
    context
        .ledger
        .update(position, |entry| entry.outcome = outcome.clone());
    context.keep();
    context.events.event(&Event::Finished {
        build: position,
        outcome: Box::new(outcome),
    });
}

/// The end of the logs of the builds at which a chain's failure began: its last build may have no log of its own.
async fn show_culprits(context: &Context<'_>, chain: &[ChainBuild], position: usize) {
    for culprit in results::chain::culprits(chain)
        .into_iter()
        .filter(|culprit| culprit.started_at.is_some())
        .take(CULPRITS)
    {
        show_end(context, culprit.id, position, Some(&culprit.name)).await;
    }
}

async fn show_end(context: &Context<'_>, id: BuildId, position: usize, within: Option<&str>) {
    if let Err(error) =
        results::log_end::show(context.client, context.events, id, position, within).await
    {
        context.events.event(&Event::Warning(format!(
            "The end of the build log can't be shown: {error}"
        )));
    }
}
