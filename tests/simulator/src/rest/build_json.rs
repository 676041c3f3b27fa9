//! A build as JSON (TeamCity's source: Build.java).

use std::time::Duration;

use crate::json::Json;
use crate::lifecycle::{End, Phase, Timeline};
use crate::model::{Build, BuildTypeKind, Property, Revision, Trigger};
use crate::verdict;

use super::fields::{Fields, Level, Obj};
use super::users::reference;
use super::{Call, agents, artifacts, build_types, changes, occurrences, queue, vcs};

/// A build under the caller's eyes.
pub(super) type Seen<'a> = (&'a Build, Timeline);

pub(super) fn web_url(call: &Call<'_>, build: &Build, phase: Phase) -> String {
    let (base, id, of) = (&call.state.web_url, build.id, &build.build_type);
    if call.state.version.at_least(2022, 0, 0) {
        format!("{base}/buildConfiguration/{of}/{id}")
    } else if phase == Phase::Queued {
        format!("{base}/viewQueued.html?itemId={id}")
    } else {
        format!("{base}/viewLog.html?buildId={id}&buildTypeId={of}")
    }
}

pub(super) fn build_json(call: &Call<'_>, seen: &Seen<'_>, fields: &Fields) -> Json {
    let (build, course) = seen;
    let (state, now) = (&call.state, call.now);
    let phase = course.phase(now);
    let queued = phase == Phase::Queued;
    let started = !queued && course.start.is_some();
    let running = phase == Phase::Running;
    let finished = phase == Phase::Finished;
    let clock = &state.clock;
    let id = build.id;
    let build_type = state.build_type(&build.build_type);
    let composite = build_type.is_some_and(|of| of.kind == BuildTypeKind::Composite);
    let own = if queued {
        format!("buildQueue/id:{id}")
    } else {
        format!("builds/id:{id}")
    };
    let date = |at: Duration| clock.compact(at);
    let progress = progress(build, course, now);
    let mut obj = Obj::new(fields);
    obj.put("id", Level::Short, id)
        .put("taskId", Level::Named, id)
        .put("buildTypeId", Level::Short, build.build_type.as_str())
        .put(
            "buildTypeInternalId",
            Level::Named,
            state.build_type_internal_id(&build.build_type),
        );
    if !queued {
        let number = if started {
            build.number.to_string()
        } else {
            "N/A".to_owned()
        };
        obj.put("number", Level::Short, number).put(
            "status",
            Level::Short,
            verdict::status(build, course, now).map(|status| status.as_str()),
        );
    }
    obj.put("state", Level::Short, phase.as_str())
        .put("composite", Level::Short, composite)
        .put("personal", Level::Short, build.personal.is_some())
        .put(
            "failedToStart",
            Level::Short,
            finished && matches!(course.end, End::FailedToStart(_)),
        )
        .put(
            "percentageComplete",
            Level::Short,
            running.then_some(progress.percentage).flatten(),
        )
        .put("branchName", Level::Short, build.branch.clone());
    if build.branch.is_some() {
        obj.put("defaultBranch", Level::Short, build.default_branch);
    }
    obj.put("href", Level::Short, call.href(&own))
        .put("webUrl", Level::Short, web_url(call, build, phase))
        .put(
            "statusText",
            Level::Long,
            verdict::status_text(build, course, now),
        );
    obj.nest("buildType", Level::Long, &Fields::short(), |fields| {
        build_type.map_or(Json::Null, |of| {
            build_types::build_type_json(call, of, fields)
        })
    });
    if let Some((text, user, at)) = &build.comment {
        obj.nest("comment", Level::Long, &Fields::long(), |fields| {
            comment(call, text, Some(*user), *at, fields)
        });
    }
    if !build.tags.is_empty() || fields.names("tags") {
        obj.nest("tags", Level::Long, &Fields::long(), |fields| {
            super::extras::tags_json(build, call.who.user, fields)
        });
    }
    if let Some(text) = &build.kept {
        obj.nest("pinInfo", Level::Long, &Fields::long(), |fields| {
            comment(call, text, Some(call.who.user), now, fields)
        });
    }
    obj.put("pinned", Level::Named, build.kept.is_some());
    if running {
        obj.nest("running-info", Level::Long, &Fields::long(), |fields| {
            running_info(&progress, fields)
        });
    }
    if let Some(cancellation) = course.canceled(now).filter(|_| !queued) {
        obj.nest("canceledInfo", Level::Long, &Fields::long(), |fields| {
            comment(
                call,
                &cancellation.comment,
                cancellation.user,
                cancellation.at,
                fields,
            )
        });
    }
    if queued {
        let ahead = state.builds.values().filter(|other| {
            other.order < build.order
                && state
                    .timeline(other.id)
                    .is_some_and(|course| course.phase(now) == Phase::Queued)
        });
        obj.with("queuePosition", Level::Named, || ahead.count() + 1)
            .put("waitReason", Level::Long, wait_reason(call, build, course))
            .put("startEstimate", Level::Long, course.start.map(date))
            .put(
                "finishEstimate",
                Level::Named,
                course
                    .start
                    .and_then(|start| Some(date(start + build.plan.estimate?))),
            );
    }
    obj.put("queuedDate", Level::Long, date(build.queued_at));
    if !queued {
        obj.put(
            "startDate",
            Level::Long,
            course.start.or(course.finish).map(date),
        );
    }
    if finished {
        obj.put("finishDate", Level::Long, course.finish.map(date));
        if state.version.at_least(2021, 1, 0) && started && !composite {
            obj.put("finishOnAgentDate", Level::Long, course.finish.map(date));
        }
    }
    let detached = build
        .plan
        .detached_from
        .and_then(|after| Some(course.start? + after))
        .is_some_and(|at| at <= now);
    obj.put("detachedFromAgent", Level::Long, running && detached)
        .put("history", Level::Long, false)
        .put("changesCollectingInProgress", Level::Named, false);
    obj.nest("triggered", Level::Long, &Fields::long(), |fields| {
        triggered(call, build, fields)
    });
    obj.with("changes", Level::Long, || {
        Json::object([(
            "href",
            call.href(&format!("changes?locator=build:(id:{id})"))
                .into(),
        )])
    });
    if fields.names("lastChanges") {
        obj.nest("lastChanges", Level::Named, &Fields::long(), |fields| {
            last_changes(call, build, fields)
        });
    }
    let shown = !queued || build.pinned_revisions;
    obj.nest("revisions", Level::Long, &Fields::long(), |fields| {
        revisions(call, if shown { &build.revisions } else { &[] }, fields)
    });
    if let Some(agent) = agent(call, build, started, composite) {
        obj.nest("agent", Level::Long, &Fields::short(), |fields| {
            agents::agent_json(call, agent, fields)
        });
    }
    if queued {
        obj.with("compatibleAgents", Level::Long, || {
            Json::object([(
                "href",
                call.href(&format!("agents?locator=compatible:(build:(id:{id}))"))
                    .into(),
            )])
        });
    }
    if !queued {
        obj.nest("testOccurrences", Level::Long, &Fields::long(), |fields| {
            occurrences::tests_of_build(call, seen, fields)
        });
        obj.nest(
            "problemOccurrences",
            Level::Long,
            &Fields::long(),
            |fields| occurrences::problems_of_build(call, seen, fields),
        );
    }
    obj.nest("artifacts", Level::Long, &Fields::long(), |fields| {
        artifacts::of_build(call, seen, fields)
    });
    if !queued {
        obj.with("relatedIssues", Level::Long, || {
            Json::object([(
                "href",
                call.href(&format!("builds/id:{id}/relatedIssues")).into(),
            )])
        });
    }
    obj.nest("properties", Level::Long, &Fields::long(), |fields| {
        properties(&build.properties, fields)
    });
    if finished {
        obj.with("statistics", Level::Long, || {
            Json::object([(
                "href",
                call.href(&format!("builds/id:{id}/statistics")).into(),
            )])
        });
    }
    if !build.dependencies.is_empty() || fields.names("snapshot-dependencies") {
        obj.nest(
            "snapshot-dependencies",
            Level::Long,
            &Fields::long(),
            |fields| {
                let found: Vec<Seen<'_>> = build
                    .dependencies
                    .iter()
                    .filter_map(|id| state.visible_build(*id, now))
                    .collect();
                let mut obj = Obj::new(fields);
                obj.always("count", Level::Short, found.len());
                obj.nest("build", Level::Short, &Fields::short(), |fields| {
                    found
                        .iter()
                        .map(|seen| build_json(call, seen, fields))
                        .collect::<Vec<_>>()
                });
                obj.done()
            },
        );
    }
    if state.version.at_least(2022, 4, 0) && course.approval.is_some() {
        obj.nest("approvalInfo", Level::Named, &Fields::long(), |fields| {
            queue::approval_json(call, seen, fields)
        });
    }
    obj.nest(
        "triggeringOptions",
        Level::Named,
        &Fields::long(),
        |fields| options(build, fields),
    );
    obj.with("replacementIds", Level::Named, || {
        let absorbed = state
            .merges
            .iter()
            .filter(|(at, _, into)| *at <= now && *into == id);
        let list: Vec<Json> = absorbed
            .map(|(_, absorbed, _)| Json::object([("value", absorbed.to_string().into())]))
            .collect();
        if list.is_empty() {
            Json::Null
        } else {
            Json::object([("item", Json::List(list))])
        }
    });
    obj.done()
}

fn comment(call: &Call<'_>, text: &str, user: Option<u64>, at: Duration, fields: &Fields) -> Json {
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

fn agent<'s>(
    call: &'s Call<'_>,
    build: &Build,
    started: bool,
    composite: bool,
) -> Option<&'s crate::model::Agent> {
    if composite {
        return None;
    }
    match build.agent {
        Some(wanted) => call.state.agents.iter().find(|agent| agent.id == wanted),
        None if started => call.state.agents.first(),
        None => None,
    }
}

fn triggered(call: &Call<'_>, build: &Build, fields: &Fields) -> Json {
    let mut obj = Obj::new(fields);
    let kind = match &build.trigger {
        Trigger::User(_) => "user",
        Trigger::SnapshotDependency(_) => "snapshotDependency",
        Trigger::Vcs => "vcs",
    };
    obj.put("type", Level::Short, kind).put(
        "date",
        Level::Short,
        call.state.clock.compact(build.queued_at),
    );
    match &build.trigger {
        Trigger::User(user) => {
            obj.nest("user", Level::Short, &Fields::short(), |fields| {
                reference(call, *user, fields)
            });
        }
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

fn last_changes(call: &Call<'_>, build: &Build, fields: &Fields) -> Json {
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
    let mut obj = Obj::new(fields);
    obj.always("count", Level::Short, found.len());
    obj.nest("change", Level::Short, &Fields::short(), |fields| {
        found
            .iter()
            .map(|change| changes::change_json(call, change, fields))
            .collect::<Vec<_>>()
    });
    obj.done()
}

fn revisions(call: &Call<'_>, list: &[Revision], fields: &Fields) -> Json {
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

fn properties(list: &[Property], fields: &Fields) -> Json {
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

fn options(build: &Build, fields: &Fields) -> Json {
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
fn wait_reason(call: &Call<'_>, build: &Build, course: &Timeline) -> String {
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
struct Progress {
    percentage: Option<i64>,
    elapsed: u64,
    estimate: Option<u64>,
    stage: Option<String>,
    hanging: bool,
}

fn progress(build: &Build, course: &Timeline, now: Duration) -> Progress {
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

fn running_info(progress: &Progress, fields: &Fields) -> Json {
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
