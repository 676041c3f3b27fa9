//! Builds' ends as faults count them: from the end itself, or from when a client was told of it.

use std::time::Duration;

use crate::faults::FaultKind;
use crate::rest::resource::Resource;
use crate::simulator::Recorded;
use crate::state::State;

/// From when on a fault hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    /// At once.
    Now,
    /// The end of a build, or of every build that was queued by then.
    Ended(Option<u64>),
    /// The first good answer about that build that was asked for after its end.
    Told(Option<u64>),
}

/// Whether that moment has come.
pub(crate) fn reached(state: &State, since: Since, now: Duration) -> bool {
    match since {
        Since::Now => true,
        Since::Ended(Some(id)) => end(state, id, now).is_some(),
        Since::Told(Some(id)) => told(state, id, now),
        Since::Ended(None) => all(state, |id| end(state, id, now).is_some()),
        Since::Told(None) => all(state, |id| told(state, id, now)),
    }
}

/// Of builds that were merged away or deleted nobody waits for the end.
fn all(state: &State, is_so: impl Fn(u64) -> bool) -> bool {
    let mut live = state
        .builds
        .keys()
        .filter(|id| state.builds.get(id).is_some_and(|b| b.deleted.is_none()))
        .peekable();
    live.peek().is_some() && live.all(|id| is_so(*id))
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

/// Whether a request is about a build: `id:7`, `buildId=7`, with nothing behind the number that goes on with it.
pub(crate) fn mentions(path: &str, query: &str, id: u64) -> bool {
    let id = id.to_string();
    let query = percent_encoding::percent_decode_str(query).decode_utf8_lossy();
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    [path.as_ref(), query.as_ref()].iter().any(|text| {
        text.match_indices(id.as_str()).any(|(at, _)| {
            let (before, after) = (text.get(..at), text.get(at + id.len()..));
            let begins = before.is_some_and(|text| {
                ["id:", "buildId=", "builds/", "buildQueue/", "id=", "item:"]
                    .iter()
                    .any(|start| text.ends_with(start))
            });
            let ends = after.is_some_and(|text| !text.starts_with(|c: char| c.is_ascii_digit()));
            begins && ends
        })
    })
}
