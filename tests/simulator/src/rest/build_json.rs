//! A build as JSON (TeamCity's source: Build.java).

use std::time::Duration;

use crate::json::Json;
use crate::lifecycle::{End, Phase, Timeline};
use crate::model::{Build, BuildTypeKind, Revision};
use crate::verdict;

use super::build_parts::{
    comment, last_changes, options, progress, properties, revisions, running_info, triggered,
    wait_reason,
};
use super::fields::{Fields, Level, Obj};
use super::{
    Call, agents, approval, artifacts, build_types, pipelines, problems, statistics, tests,
};

/// A build under the caller's eyes.
pub(super) type Seen<'a> = (&'a Build, Timeline);

pub(super) fn web_url(call: &Call<'_>, build: &Build, phase: Phase) -> String {
    let (base, id, of) = (&call.state.web_url, build.id, &build.build_type);
    let version = &call.state.version;
    // Seen: up to 2023.05 the old pages, since 2025.08 the new ones, in the queue of 2026 a third.
    if phase == Phase::Queued && version.at_least(2026, 1, 0) {
        format!("{base}/build/{id}")
    } else if version.at_least(2024, 0, 0) {
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
            finished && course.says_failed_to_start(),
        )
        .put(
            "percentageComplete",
            Level::Short,
            running.then_some(progress.percentage).flatten(),
        )
        .put("branchName", Level::Short, branch_name(call, build, phase));
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
    if let Some((text, user, at)) = &build.kept {
        obj.nest("pinInfo", Level::Long, &Fields::long(), |fields| {
            comment(call, text, Some(*user), *at, fields)
        });
    }
    obj.put("pinned", Level::Long, build.kept.is_some());
    if running {
        obj.nest("running-info", Level::Long, &Fields::long(), |fields| {
            running_info(&progress, fields)
        });
    }
    if let Some(cancellation) = course.canceled(now).filter(|_| !queued) {
        let late = course
            .finish
            .filter(|_| finished && state.doubts.late_cancel_dates)
            .map(|finish| finish + Duration::from_secs(1));
        obj.nest("canceledInfo", Level::Long, &Fields::long(), |fields| {
            comment(
                call,
                &cancellation.comment,
                cancellation.user,
                late.unwrap_or(cancellation.at),
                fields,
            )
        });
    }
    if queued {
        let ahead = state.existing(now).filter(|other| {
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
    obj.nest("pipelineRun", Level::Named, &Fields::long(), |fields| {
        pipelines::run_json(call, seen, fields)
    });
    obj.with("usedByOtherBuilds", Level::Named, || {
        state
            .builds
            .values()
            .any(|other| other.dependencies.contains(&id))
    });
    if fields.names("lastChanges") {
        obj.nest("lastChanges", Level::Named, &Fields::long(), |fields| {
            last_changes(call, build, fields)
        });
    }
    obj.nest("revisions", Level::Long, &Fields::long(), |fields| {
        revisions(call, &known_revisions(call, seen), fields)
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
        obj.nest("testOccurrences", Level::Long, &Fields::short(), |fields| {
            tests::tests_of_build(call, seen, fields)
        });
        obj.nest(
            "problemOccurrences",
            Level::Long,
            &Fields::short(),
            |fields| problems::problems_of_build(call, seen, fields),
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
        obj.nest("statistics", Level::Long, &Fields::short(), |fields| {
            statistics::of_build(call, seen, fields)
        });
    }
    if !build.dependencies.is_empty() || fields.names("snapshot-dependencies") {
        obj.nest(
            "snapshot-dependencies",
            Level::Long,
            &Fields::long(),
            |fields| {
                let found: Vec<Seen<'_>> = state
                    .dependencies_of(build, now)
                    .into_iter()
                    .filter_map(|id| state.visible_build(id, now))
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
            approval::approval_json(call, seen, fields)
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
        let replaced = build
            .instead_of
            .as_ref()
            .filter(|_| state.doubts.successors_name_the_replaced);
        let list: Vec<Json> = absorbed
            .map(|(_, absorbed, _)| *absorbed)
            .chain(replaced.map(|of| of.id))
            .map(|id| Json::object([("value", id.to_string().into())]))
            .collect();
        Json::object([("item", Json::List(list))])
    });
    obj.done()
}

/// The revisions that a build names: none before its changes are collected, unless they were given.
fn known_revisions(call: &Call<'_>, seen: &Seen<'_>) -> Vec<Revision> {
    let (build, course) = seen;
    let plan = &build.plan;
    let phase = course.phase(call.now);
    let since = course.start.map(|start| call.now.saturating_sub(start));
    let too_early = |until: Duration| !until.is_zero() && since.is_none_or(|since| since < until);
    // Of a build whose start failed of itself nothing was collected; lists have a row all the same (2026.2).
    let uncollected = phase == Phase::Finished
        && matches!(course.end, End::FailedToStart(_))
        && course.failed_dependencies.is_empty();
    let in_list = call.path.len() == 1;
    if too_early(plan.revisions_late)
        || (phase == Phase::Queued && !build.pinned_revisions)
        || (uncollected && !in_list)
    {
        return Vec::new();
    }
    let mut known = build.revisions.clone();
    if too_early(plan.revisions_unknown_for) || uncollected {
        for revision in &mut known {
            "N/A".clone_into(&mut revision.version);
        }
    }
    known
}

/// The branch as it is shown: the default one has no name of its own before its changes are collected.
fn branch_name(call: &Call<'_>, build: &Build, phase: Phase) -> Option<String> {
    let unnamed = phase == Phase::Queued || call.state.doubts.unnamed_default_branch;
    match &build.branch {
        Some(_) if build.default_branch && unnamed => Some("<default>".to_owned()),
        branch => branch.clone(),
    }
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
    let id = if started {
        build.runs_on()
    } else {
        build.agent
    };
    call.state.agents.iter().find(|agent| Some(agent.id) == id)
}
