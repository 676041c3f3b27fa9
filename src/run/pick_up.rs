//! `BUILD_ID`: follows builds that are there already.

use super::context::Context;
use super::follow::Asked;
use super::ledger::Entry;
use super::start::Started;
use crate::outcome::{BuildOutcome, Ending, Event, QueuedBuild};
use crate::preflight::{self, Findings};
use crate::results;
use crate::types::{BuildId, BuildTypeId, Diagnostic};

/// Picks up builds that are there already. Those with this pipeline's tag are its own.
pub async fn pick_up(
    context: &Context<'_>,
    ids: &[BuildId],
) -> Result<Vec<Option<Started>>, Diagnostic> {
    let mut started = Vec::new();
    for (position, id) in ids.iter().enumerate() {
        let build = preflight::build(context.client, *id, &mut Findings::default()).await?;
        let build_type = BuildTypeId(build.build_type_id.clone().unwrap_or_default());
        let mut outcome = BuildOutcome::unknown(build_type.clone(), Ending::Queued);
        results::read(&mut outcome, &build);
        outcome.joined = true;
        let name = outcome.full_name();
        let own = build.has_tag(context.marker.pipeline_tag());
        context.ledger.add(Entry {
            build_type: build_type.clone(),
            tag: None,
            in_flight: false,
            id: Some(*id),
            had: Vec::new(),
            own,
            on_default_branch: false,
            asked: Asked::default(),
            outcome,
            ended: false,
        });
        context.events.event(&Event::Queued(QueuedBuild {
            build: position,
            of: ids.len(),
            id: *id,
            build_type,
            name,
            url: build.web_url,
            branch: build.branch_name,
            revision: None,
            joined: Some("it was queued before"),
        }));
        started.push(Some(Started {
            id: *id,
            asked: Asked::default(),
        }));
    }
    Ok(started)
}
