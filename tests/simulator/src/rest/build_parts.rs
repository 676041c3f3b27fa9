//! The parts of a build's JSON.

use std::time::Duration;

use crate::json::Json;
use crate::lifecycle::Timeline;
use crate::model::{Build, Property, Revision, Trigger};

use super::build_json::build_json;
use super::fields::{Fields, Level, Obj};
use super::users::reference;
use super::{Call, changes, personal_changes, vcs};

pub(super) fn comment(
    call: &Call<'_>,
    text: &str,
    user: Option<u64>,
    at: Duration,
    fields: &Fields,
) -> Json {
    let mut obj = Obj::new(fields);
    obj.put("timestamp", Level::Short, call.state.clock.compact(at))
        .put("text", Level::Short, text);
    if let Some(user) = user {
        obj.nest("user", Level::Short, &Fields::short(), |fields| {
            reference(call, user, fields)
        });
    }
    obj.done()
}

pub(super) fn triggered(call: &Call<'_>, build: &Build, fields: &Fields) -> Json {
    let mut obj = Obj::new(fields);
    obj.put("type", Level::Short, build.trigger.kind()).put(
        "date",
        Level::Short,
        call.state.clock.compact(build.queued_at),
    );
    match &build.trigger {
        Trigger::User(user) | Trigger::ReAdded { by: Some(user), .. } => {
            obj.nest("user", Level::Short, &Fields::short(), |fields| {
                reference(call, *user, fields)
            });
        }
        Trigger::ReAdded { by: None, .. } => {}
        Trigger::SnapshotDependency(above) => {
            obj.nest("build", Level::Long, &Fields::short(), |fields| {
                call.state
                    .visible_build(*above, call.now)
                    .map_or(Json::Null, |seen| build_json(call, &seen, fields))
            });
        }
        Trigger::Vcs => {
            obj.put("details", Level::Short, "vcsTrigger");
        }
    }
    obj.done()
}

pub(super) fn last_changes(call: &Call<'_>, build: &Build, fields: &Fields) -> Json {
    let found: Vec<_> = call
        .state
        .changes
        .iter()
        .filter(|change| {
            build
                .revisions
                .iter()
                .any(|r| r.root == change.root && r.version == change.version)
        })
        .collect();
    let personal = build.personal_change.and_then(|id| {
        let all = &call.state.personal_changes;
        all.iter().find(|change| change.id == id)
    });
    let mut obj = Obj::new(fields);
    obj.always(
        "count",
        Level::Short,
        found.len() + usize::from(personal.is_some()),
    );
    obj.nest("change", Level::Short, &Fields::short(), |fields| {
        // The personal change is the newest.
        let personal = personal.map(|change| personal_changes::change_json(call, change, fields));
        let others = found
            .iter()
            .map(|change| changes::change_json(call, change, fields));
        personal.into_iter().chain(others).collect::<Vec<_>>()
    });
    obj.done()
}

pub(super) fn revisions(call: &Call<'_>, list: &[Revision], fields: &Fields) -> Json {
    let mut obj = Obj::new(fields);
    obj.always("count", Level::Short, list.len());
    obj.nest("revision", Level::Short, &Fields::long(), |fields| {
        list.iter()
            .map(|revision| {
                let branch = Some(revision.vcs_branch.clone()).filter(|branch| !branch.is_empty());
                let mut obj = Obj::new(fields);
                obj.put("version", Level::Short, revision.version.as_str())
                    .put("internalVersion", Level::Named, revision.version.as_str())
                    .put("vcsBranchName", Level::Short, branch)
                    .nest(
                        "vcs-root-instance",
                        Level::Short,
                        &Fields::short(),
                        |fields| {
                            call.state
                                .root(&revision.root)
                                .map_or(Json::Null, |root| vcs::instance_json(call, root, fields))
                        },
                    );
                obj.done()
            })
            .collect::<Vec<_>>()
    });
    obj.done()
}

pub(super) fn properties(list: &[Property], fields: &Fields) -> Json {
    let mut obj = Obj::new(fields);
    obj.always("count", Level::Short, list.len());
    obj.nest("property", Level::Short, &Fields::long(), |fields| {
        list.iter()
            .map(|property| {
                // TeamCity never gives a password back.
                let secret = property
                    .kind
                    .as_deref()
                    .is_some_and(|kind| kind.starts_with("password"));
                let mut obj = Obj::new(fields);
                obj.put("name", Level::Short, property.name.as_str());
                if !secret {
                    obj.put("value", Level::Short, property.value.as_str());
                }
                if let Some(kind) = &property.kind {
                    obj.with("type", Level::Short, || {
                        Json::object([("rawValue", kind.as_str().into())])
                    });
                }
                obj.done()
            })
            .collect::<Vec<_>>()
    });
    obj.done()
}

pub(super) fn options(build: &Build, fields: &Fields) -> Json {
    let options = &build.options;
    let mut obj = Obj::new(fields);
    obj.put("cleanSources", Level::Short, options.clean_sources)
        .put(
            "cleanSourcesInAllDependencies",
            Level::Short,
            options.clean_sources_in_all_dependencies,
        )
        .put(
            "rebuildAllDependencies",
            Level::Short,
            options.rebuild_all_dependencies,
        )
        .put(
            "rebuildFailedOrIncompleteDependencies",
            Level::Short,
            options.rebuild_failed_or_incomplete_dependencies,
        )
        .put("queueAtTop", Level::Short, options.queue_at_top)
        .put("freezeSettings", Level::Short, options.freeze_settings)
        .put("tagDependencies", Level::Short, options.tag_dependencies);
    obj.done()
}

/// Why a build waits in the queue.
pub(super) fn wait_reason(call: &Call<'_>, build: &Build, course: &Timeline) -> String {
    let now = call.now;
    if course.approval.is_some_and(|approved| approved.is_none()) {
        return "Waiting for approval".to_owned();
    }
    if course.ready.is_none_or(|ready| ready > now) {
        return "Build dependencies have not been built yet".to_owned();
    }
    if call
        .state
        .pauses
        .last()
        .is_some_and(|(_, until)| until.is_none())
    {
        return "Build queue is paused".to_owned();
    }
    if let Some(reason) = &build.plan.wait_reason {
        return reason.clone();
    }
    if course.start.is_none() {
        return "There are no compatible agents which can run this build".to_owned();
    }
    "There are no idle compatible agents which can run this build".to_owned()
}

/// How far a running build is.
pub(super) struct Progress {
    pub(super) percentage: Option<i64>,
    elapsed: u64,
    estimate: Option<u64>,
    stage: Option<String>,
    hanging: bool,
}

pub(super) fn progress(build: &Build, course: &Timeline, now: Duration) -> Progress {
    let plan = &build.plan;
    let elapsed = course
        .start
        .map_or(Duration::ZERO, |start| now.saturating_sub(start));
    let share = |whole: Duration| {
        (elapsed.as_secs_f64() / whole.as_secs_f64().max(0.001) * 100.0).min(100.0) as i64
    };
    let stage = (!plan.stages.is_empty()).then(|| {
        let at =
            (share(plan.runs_for) as usize * plan.stages.len() / 100).min(plan.stages.len() - 1);
        plan.stages[at].clone()
    });
    // TeamCity suspects a build that runs far longer than it expected.
    let default_suspicion = plan
        .estimate
        .map(|estimate| estimate * 2 + Duration::from_secs(600));
    let suspicion = plan.probably_hanging_from.or(default_suspicion);
    Progress {
        percentage: plan.estimate.map(share),
        elapsed: elapsed.as_secs(),
        estimate: plan.estimate.map(|estimate| estimate.as_secs()),
        stage,
        hanging: suspicion.is_some_and(|from| elapsed >= from),
    }
}

pub(super) fn running_info(progress: &Progress, fields: &Fields) -> Json {
    let mut obj = Obj::new(fields);
    obj.put("percentageComplete", Level::Short, progress.percentage)
        .put("elapsedSeconds", Level::Short, progress.elapsed)
        .put("estimatedTotalSeconds", Level::Short, progress.estimate)
        .put(
            "leftSeconds",
            Level::Named,
            progress
                .estimate
                .map(|estimate| estimate.saturating_sub(progress.elapsed)),
        )
        .put("currentStageText", Level::Short, progress.stage.clone())
        .always("outdated", Level::Short, false)
        .always("probablyHanging", Level::Short, progress.hanging);
    obj.done()
}
