//! A build that was broken off is followed to the one that TeamCity puts in its place: under the same outputs, in the same row.

use tokio::time::{Duration, Instant};

use super::machine::Followed;
use crate::identity;
use crate::outcome::{BrokenOff, Ending, Event, News};
use crate::run::context::Context;
use crate::teamcity::model::Build;
use crate::types::BuildId;

/// Pause between two looks for it.
pub const PAUSE: Duration = Duration::from_secs(1);

/// Looks for it once. A look that is refused finds nothing.
pub async fn look(context: &Context<'_>, broken: &Build) -> Option<Build> {
    // Another place of the list may have the same configuration: what it follows is its own.
    let entries = context.ledger.entries();
    let mut not: Vec<BuildId> = entries.iter().filter_map(|entry| entry.id).collect();
    not.extend(entries.iter().flat_map(|entry| &entry.had));
    let found = identity::successor(context.client, broken, &not).await;
    found.ok().flatten()
}

/// The build into which a queued one was merged whose id the server does not know any more.
pub async fn survivor(context: &Context<'_>, followed: &Followed, now: Instant) -> Option<Build> {
    followed.queued_for(now)?;
    let build_type = context.ledger.entry(followed.position)?.build_type;
    let found = identity::survivor(context.client, &build_type, followed.id).await;
    found.ok().flatten()
}

/// From here on it is followed instead.
pub async fn take(
    context: &Context<'_>,
    followed: &mut Followed,
    broken: Option<&Build>,
    successor: &Build,
) {
    let (position, old) = (followed.position, followed.id);
    followed.succeed(Instant::now(), successor);
    let (new, had) = (followed.id, followed.had().to_vec());
    let said = broken.and_then(|build| build.status_text.clone());
    context.ledger.update(position, |entry| {
        entry.id = Some(new);
        entry.had = had;
        let outcome = &mut entry.outcome;
        outcome.broken_off.push(BrokenOff {
            id: old,
            url: outcome.url.clone(),
            said: said.clone().or_else(|| outcome.status_text.clone()),
        });
        outcome.id = Some(new);
        outcome.ending = Ending::Queued;
        outcome.url.clone_from(&successor.web_url);
        outcome.queued_at = successor.queued_date;
        (outcome.number, outcome.status_text, outcome.agent) = (None, None, None);
        (outcome.started_at, outcome.finished_at) = (None, None);
        (outcome.canceled, outcome.tests) = (None, None);
        outcome.promised_problems = 0;
    });
    context.events.event(&Event::PutBack {
        build: position,
        broken: old,
        said,
        successor: new,
        url: successor.web_url.clone(),
    });
    context.keep();
    (context.tell)(News::Begun(context.ledger.queued())).await;
}
