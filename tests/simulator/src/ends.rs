//! Builds' ends as faults count them: from the end itself, or from when a client was told of it.

use std::time::Duration;

use crate::faults::{FaultKind, Since};
use crate::matcher::mentions;
use crate::rest::resource::Resource;
use crate::simulator::Recorded;
use crate::state::State;

/// Whether that moment has come.
pub(crate) fn reached(state: &State, since: Since, now: Duration) -> bool {
    match since {
        Since::Now => true,
        Since::Ended(Some(id)) => end(state, id, now).is_some(),
        Since::Told(Some(id)) => told(state, id, now),
        Since::Ended(None) => all(state, now, |id| end(state, id, now).is_some()),
        Since::Told(None) => all(state, now, |id| told(state, id, now)),
    }
}

/// Of builds that were merged away or deleted nobody waits for the end.
fn all(state: &State, now: Duration, is_so: impl Fn(u64) -> bool) -> bool {
    let mut live = state
        .existing(now)
        .filter(|build| build.deleted.is_none())
        .map(|build| build.id)
        .peekable();
    live.peek().is_some() && live.all(is_so)
}

fn end(state: &State, id: u64, now: Duration) -> Option<Duration> {
    state.timeline(id)?.finish.filter(|at| *at <= now)
}

fn told(state: &State, id: u64, now: Duration) -> bool {
    let Some(end) = end(state, id, now) else {
        return false;
    };
    let about = |request: &Recorded| {
        let build = matches!(
            request.resource,
            Some(Resource::Build | Resource::Builds | Resource::BuildQueue)
        );
        build && request.at >= end && request.status == Some(200) && is_whole(&request.fault)
    };
    let mut recorded = state.recorded.iter().rev();
    recorded.any(|request| {
        about(request)
            && mentions(
                &request.path,
                request.query.as_deref().unwrap_or_default(),
                id,
            )
    })
}

fn is_whole(fault: &Option<FaultKind>) -> bool {
    matches!(fault, None | Some(FaultKind::SlowBody { .. }))
}
