//! `cancel`: what this pipeline, or this step, queued and is still queued or running, and the rows and reports that are still open.
//!
//! For a step that cleans up: a stopped step may have been killed without a warning.

use std::collections::HashSet;

use super::context::{Context, cancel_build, described};
use super::settle::{Fate, Fates, Settler};
use crate::exit::ExitStatus;
use crate::identity::{self, Origin, of_pipeline};
use crate::outcome::Event;
use crate::preflight::cure;
use crate::types::BuildId;

/// Whose builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// In an after-script: this step's. One that passed leaves alone what it only started.
    Step { passed: bool },
    /// Elsewhere: the pipeline's.
    Pipeline,
}

impl Scope {
    fn of(context: &Context<'_>) -> Self {
        match context.pipeline.exit_code.as_deref() {
            Some(code) => Self::Step {
                passed: code.trim() == "0",
            },
            None => Self::Pipeline,
        }
    }

    /// Whether a build is looked after at all.
    fn holds(self, context: &Context<'_>, origin: Option<&Origin>) -> bool {
        match self {
            Self::Pipeline => true,
            Self::Step { passed } => origin.is_some_and(|origin| {
                let own = context.marker.step();
                let its = origin.step.as_ref();
                let only_started = origin.manner.is_none_or(|manner| !manner.waits);
                its.is_some_and(|its| its.step == own.step) && !(passed && only_started)
            }),
        }
    }
}

/// Settles. Never touches what others queued, nor a build that took in another's request, nor one that was to be left alone.
pub async fn cancel(context: &Context<'_>, why: &str) -> ExitStatus {
    let scope = Scope::of(context);
    let events = context.events;
    let found = match of_pipeline(context.client, context.marker.pipeline_tag()).await {
        Ok(found) => found,
        Err(error) => {
            let base = context.client.base();
            let error = cure::teamcity("looking for this pipeline's builds", &error, base);
            events.event(&Event::Failed(error.to_string()));
            return error.status;
        }
    };
    let mut status = ExitStatus::Success;
    let mut fates = Fates::new();
    let mut any = false;
    let own: Vec<BuildId> = found.iter().filter_map(|build| build.id).collect();
    let broken_off = identity::broken_off(&found);
    for tagged in &found {
        let Some(first) = tagged.id else { continue };
        // Its successor is in the list too, and has the row by now or gets it at its end.
        if broken_off.contains(&first) {
            continue;
        }
        // One without our tags is found by the build in whose place it came.
        let latest = identity::latest(context.client, tagged.clone()).await;
        let build = &latest.unwrap_or_else(|_| tagged.clone());
        let id = build.id.unwrap_or(first);
        if build.is_finished() {
            fates.insert(id, Fate::over(build));
            fates.insert(first, Fate::over(build));
            continue;
        }
        let origin = context.marker.origin(tagged.tag_names());
        if !scope.holds(context, origin.as_ref()) {
            continue;
        }
        any = true;
        let kept = origin
            .and_then(|origin| origin.manner)
            .is_some_and(|manner| !manner.cancels);
        // Where the id of a broken build leads on, that build is in no list, and only named by the one that took its place.
        let named: HashSet<Option<BuildId>> = build.absorbed().collect();
        let names_own = build.was_put_back() && broken_off.is_empty() && named.len() == 1;
        if kept || (build.has_absorbed_other_than(&own) && !names_own) {
            let why = if kept {
                "it was started with CANCEL_ON_STOP: 'false'"
            } else {
                "TeamCity merged another request with it"
            };
            let what = described(build);
            events.event(&Event::Note(format!("{what} is not canceled: {why}.")));
            fates.insert(id, Fate::stopped(&format!("no step waits for it; {why}")));
            continue;
        }
        match cancel_build(context, build, id, why).await {
            Ok(()) => {
                fates.insert(id, Fate::stopped(why));
            }
            Err(error) => {
                status = status.worst(if error.kind.is_refusal() {
                    ExitStatus::Refused
                } else {
                    ExitStatus::Unreachable
                });
                fates.insert(id, Fate::stopped(&format!("it can't be canceled: {error}")));
            }
        }
    }
    if !any {
        let whose = match scope {
            Scope::Pipeline => "pipeline",
            Scope::Step { .. } => "step",
        };
        events.event(&Event::Note(format!(
            "This {whose} has no queued or running build in TeamCity."
        )));
    }
    end_what_is_open(context, scope, fates).await;
    status
}

async fn end_what_is_open(context: &Context<'_>, scope: Scope, mut fates: Fates) {
    let (Some(board), Some(commit)) = (&context.board, &context.pipeline.commit) else {
        return;
    };
    // Builds that were joined, or could not be tagged: only the step's file knows them. They are not ours to cancel, and nobody waits.
    let own = context.marker.step();
    for left in &context.earlier.builds {
        let looked_after = match scope {
            Scope::Pipeline => true,
            Scope::Step { passed } => {
                left.step.as_ref() == Some(&own.step) && !(passed && left.started)
            }
        };
        if looked_after && !fates.contains_key(&left.id) {
            let fate = match context.client.build(left.id).await {
                Ok(build) if build.is_finished() => Fate::over(&build),
                _ => Fate::stopped(
                    "no step waits for it any more, and this pipeline did not start it",
                ),
            };
            fates.insert(left.id, fate);
        }
    }
    let settler = Settler::new(context.client, board.closing());
    let missing = settler.settle(commit, &fates).await;
    if !missing.is_empty() {
        context.events.event(&Event::Warning(missing.join("; ")));
    }
}
