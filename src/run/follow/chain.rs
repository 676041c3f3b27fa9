//! Snapshot dependencies: what a build waits for, what failed there, what was reused.
//!
//! A chain is read again each time and compared by configuration, never by id: the queue optimizer swaps queued builds
//! for equal ones.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::outcome::{ChainBuild, Ending, Event, Position};
use crate::results;
use crate::run::context::Context;
use crate::teamcity::Need;
use crate::types::{BuildId, BuildTypeId, after};

/// How often a chain is looked at.
const EVERY: Duration = Duration::from_secs(30);

/// The chain of one build, as it was last seen.
#[derive(Debug, Default)]
pub struct ChainWatch {
    seen: HashMap<(BuildTypeId, usize), Ending>,
    next: Option<Instant>,
}

impl ChainWatch {
    /// Looks at the chain if it is time, tells what has changed, and hands it over. A look that fails is left out.
    pub async fn look(
        &mut self,
        context: &Context<'_>,
        position: Position,
        id: BuildId,
    ) -> Option<Vec<ChainBuild>> {
        let now = Instant::now();
        if self.next.is_some_and(|next| now < next) {
            return None;
        }
        self.next = Some(after(now, EVERY));
        let chain = results::chain::read(context.client, id, Need::Now)
            .await
            .ok()?;
        let first = self.seen.is_empty();
        if first && !chain.is_empty() {
            let reused = chain.iter().filter(|build| build.reused).count();
            let reused = if reused == 0 {
                String::new()
            } else {
                format!(", {reused} of them reused")
            };
            context.events.event(&Event::Note(format!(
                "It depends on {} builds{reused}",
                chain.len()
            )));
        }
        // A configuration may be there several times, with other parameters.
        let mut times: HashMap<BuildTypeId, usize> = HashMap::new();
        for build in &chain {
            let time = times.entry(build.build_type.clone()).or_default();
            *time = time.saturating_add(1);
            let before = self
                .seen
                .insert((build.build_type.clone(), *time), build.ending.clone());
            if before.as_ref() != Some(&build.ending)
                && !(first && (build.ending == Ending::Queued || build.reused))
            {
                context.events.event(&Event::Dependency {
                    build: position,
                    dependency: Box::new(build.clone()),
                });
            }
        }
        Some(chain)
    }
}
