//! A balancer may repeat a queue request, so that there are two builds with the same tag: one is followed, the other canceled.

use tokio::time::{Duration, Instant};

use super::machine::Followed;
use crate::identity;
use crate::outcome::{Event, Position};
use crate::run::context::Context;
use crate::teamcity::model::Build;
use crate::types::BuildId;

/// When looks are due. A node that searches may lag behind.
const LOOKS: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_secs(20),
    Duration::from_secs(60),
];

/// Looks for doubles of all builds that are followed, with one search each time; at the end of the first of them if that is sooner.
#[derive(Debug)]
pub struct Doubles {
    since: Instant,
    looks: usize,
    ended: bool,
}

impl Doubles {
    /// Of builds that are followed from now on.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            since: now,
            looks: 0,
            ended: false,
        }
    }

    /// A look, if it is time.
    pub fn due<'a>(
        &mut self,
        followed: impl Iterator<Item = &'a Followed>,
        answers: &[Option<Build>],
    ) -> Option<Look> {
        let after = LOOKS.get(self.looks)?;
        let new = followed.filter(|one| one.is_new()).map(|one| One {
            position: one.position,
            id: one.id,
            had: one.had().to_vec(),
        });
        let new: Vec<One> = new.collect();
        let ended = answers.iter().flatten().any(Build::is_finished);
        let due = self.since.elapsed() >= *after;
        let at_the_end = ended && !std::mem::replace(&mut self.ended, ended);
        if new.is_empty() || !(due || at_the_end) {
            return None;
        }
        self.looks = self.looks.saturating_add(usize::from(due));
        Some(Look(new))
    }
}

/// A build whose doubles are looked for.
#[derive(Debug)]
struct One {
    position: Position,
    id: BuildId,
    had: Vec<BuildId>,
}

/// A look for the doubles of some builds.
#[derive(Debug)]
pub struct Look(Vec<One>);

impl Look {
    /// Looks. If it fails it is left out.
    pub async fn run(self, context: &Context<'_>) {
        let found = identity::living_now(context.client, context.marker.pipeline_tag()).await;
        let found = found.unwrap_or_default();
        for one in &self.0 {
            let entry = context.ledger.entry(one.position);
            let Some(tag) = entry.and_then(|entry| entry.tag) else {
                continue;
            };
            for double in found.iter().filter(|build| build.has_tag(&tag)) {
                if is_double(one, double) {
                    cancel(context, one, double).await;
                }
            }
        }
    }
}

/// What TeamCity put back is none, nor is what took in another's request.
fn is_double(followed: &One, build: &Build) -> bool {
    build
        .id
        .is_some_and(|id| followed.id != id && !followed.had.contains(&id))
        && !build.is_finished()
        && !build.was_put_back()
        && !build.has_absorbed()
}

async fn cancel(context: &Context<'_>, followed: &One, double: &Build) {
    let Some(id) = double.id else { return };
    // Both may have been merged since they were last seen, into one or into another's.
    let kept = context.client.build(followed.id).await;
    let double = context.client.build(id).await;
    let (Ok(kept), Ok(double)) = (kept, double) else {
        return;
    };
    if kept.id != Some(followed.id) || double.id != Some(id) || !is_double(followed, &double) {
        return;
    }
    let why = format!(
        "teamcity-pipe: the request was repeated on its way; build {} goes on",
        followed.id
    );
    let result = context.client.cancel(id, &why).await;
    context.events.event(&Event::Cancel {
        what: format!("the double {id}: the queue request arrived twice"),
        result: result.map_err(|error| error.to_string()),
    });
}
