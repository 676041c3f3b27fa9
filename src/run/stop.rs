//! Leaves nothing behind: cancels what this run queued, also what it may have queued.

use std::time::Duration;

use futures_util::future::join_all;

use super::Context;
use super::event::Event;
use super::ledger::Entry;
use super::outcome::Ending;
use super::queue;
use crate::types::BuildId;

/// The whole time for canceling: Docker kills ten seconds after it asked to stop.
const LIMIT: Duration = Duration::from_secs(8);
/// Part of it in which a request on its way may still arrive at the server.
const IN_FLIGHT: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(3),
];

/// Cancels all builds of this run that live, within 8 seconds.
pub async fn cancel_all(context: &Context<'_>, why: &str, ending: &Ending) {
    let entries = context.ledger.entries();
    let work = entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| !entry.ended)
        .map(|(position, entry)| async move {
            let done =
                tokio::time::timeout(LIMIT, cancel_entry(context, position, entry, why)).await;
            if done.is_err() {
                say(
                    context,
                    entry,
                    Err("TeamCity did not answer in time".to_owned()),
                );
            }
            if done == Ok(true) {
                context
                    .ledger
                    .update(position, |entry| entry.outcome.ending = ending.clone());
            }
        });
    join_all(work).await;
}

/// Cancels one build of this run while the others go on.
pub async fn cancel_one(context: &Context<'_>, position: usize, why: &str) {
    if let Some(entry) = context.ledger.entry(position) {
        cancel_entry(context, position, &entry, why).await;
    }
}

/// Whether it was canceled.
async fn cancel_entry(context: &Context<'_>, position: usize, entry: &Entry, why: &str) -> bool {
    match (entry.id, &entry.tag) {
        (Some(id), _) if entry.own => cancel(context, entry, id, why).await,
        (Some(id), _) => {
            let text = format!(
                "Build {id} is left alone: it was not queued by this step, or was merged with another's."
            );
            context.events.event(&Event::Note(text));
            false
        }
        (None, Some(tag)) if entry.in_flight => {
            for pause in IN_FLIGHT {
                tokio::time::sleep(pause).await;
                let found = queue::tagged(context.client, &entry.build_type, tag)
                    .await
                    .unwrap_or_default();
                let mut canceled = false;
                for build in found.iter().filter(|build| !build.is_finished()) {
                    let id = queue::id_of(build);
                    context
                        .ledger
                        .update(position, |entry| entry.outcome.id = Some(id));
                    canceled |= cancel(context, entry, id, why).await;
                }
                if canceled {
                    return true;
                }
            }
            false
        }
        _ => false,
    }
}

async fn cancel(context: &Context<'_>, entry: &Entry, id: BuildId, why: &str) -> bool {
    let result = context
        .client
        .cancel(id, &format!("teamcity-pipe: {why}"))
        .await;
    let canceled = result.is_ok();
    let what = Entry {
        id: Some(id),
        ..entry.clone()
    };
    say(context, &what, result.map_err(|error| error.to_string()));
    canceled
}

fn say(context: &Context<'_>, entry: &Entry, result: Result<(), String>) {
    let name = entry.outcome.full_name();
    let what = match (entry.id, &entry.outcome.url) {
        (Some(id), Some(url)) => format!("{name} ({id}, {url})"),
        (Some(id), None) => format!("{name} ({id})"),
        _ => name,
    };
    context.events.event(&Event::Cancel { what, result });
}
