//! What a build shows of its result at a time: status, status text, tests, problems. Pure.

use std::time::Duration;

use crate::lifecycle::{End, Phase, Timeline};
use crate::model::{Broken, Build, Outcome, Problem, Status, Tests};

/// The status at a time; `None` while queued.
pub(crate) fn status(build: &Build, course: &Timeline, now: Duration) -> Option<Status> {
    match course.phase(now) {
        Phase::Queued => None,
        // A cancellation shows at once, though the build goes on for a moment (2019.2).
        Phase::Running if course.canceled(now).is_some() => Some(Status::Unknown),
        Phase::Running if failing(build, course, now) => Some(Status::Failure),
        Phase::Running => Some(Status::Success),
        Phase::Finished | Phase::Deleted => Some(if now < course.unknown_until {
            Status::Unknown
        } else {
            crate::view::final_status(&course.end)
        }),
    }
}

/// Whether a running build shows its failure already.
fn failing(build: &Build, course: &Timeline, now: Duration) -> bool {
    let from = build
        .plan
        .fails_at
        .and_then(|after| Some(course.start? + after));
    from.is_some_and(|from| from <= now) || !course.failed_dependencies.is_empty()
}

/// The tests that are known at a time.
pub(crate) fn tests(build: &Build, course: &Timeline, now: Duration) -> Tests {
    let all = &build.plan.tests;
    match course.phase(now) {
        Phase::Queued => Tests::default(),
        Phase::Finished | Phase::Deleted => match course.end {
            End::Status(_) if !build.bad_revision => all.clone(),
            _ => Tests::default(),
        },
        Phase::Running => {
            let elapsed = course
                .start
                .map_or(Duration::ZERO, |start| now.saturating_sub(start));
            let part =
                (elapsed.as_secs_f64() / build.plan.runs_for.as_secs_f64().max(0.001)).min(1.0);
            Tests {
                passed: (all.passed as f64 * part) as usize,
                failed: if failing(build, course, now) {
                    all.failed.clone()
                } else {
                    Vec::new()
                },
                ignored: 0,
                muted: 0,
                named: all.named.clone(),
            }
        }
    }
}

/// Whether the lists of tests and problems are there: they may come after the counters.
pub(crate) fn lists_are_there(build: &Build, course: &Timeline, now: Duration) -> bool {
    let late = build.plan.lists_late;
    late.is_zero() || course.finish.is_some_and(|finish| finish + late <= now)
}

/// The problems that are known at a time.
pub(crate) fn problems(build: &Build, course: &Timeline, now: Duration) -> Vec<Problem> {
    let phase = course.phase(now);
    let over = matches!(phase, Phase::Finished | Phase::Deleted);
    let mut found = Vec::new();
    if matches!(course.end, End::Canceled(_)) && over {
        return found;
    }
    let shows = over || (phase == Phase::Running && failing(build, course, now));
    if shows {
        if tests(build, course, now).failures() > 0 {
            found.push(
                Problem::new("TC_FAILED_TESTS", "Failed tests detected")
                    .identity("TC_FAILED_TESTS"),
            );
        }
        if !build.bad_revision {
            found.extend(build.plan.problems.iter().cloned());
        }
    }
    if over && build.bad_revision {
        found.push(Problem::new(
            "TC_ERROR_MESSAGE",
            "Failed to perform checkout on agent: cannot find the revision in the repository",
        ));
    }
    let lost = build.plan.agent_lost_at.is_some()
        || matches!(
            build.plan.outcome,
            Outcome::ReAdded {
                broken: Broken::AgentLost,
                ..
            }
        );
    if over && lost && course.end == End::Status(Status::Failure) {
        found.push(
            Problem::new("TC_ERROR_MESSAGE", "The agent was lost during the build")
                .identity("agentLost"),
        );
    }
    if phase != Phase::Queued {
        for id in &course.failed_dependencies {
            found.push(
                Problem::new("SNAPSHOT_DEPENDENCY_ERROR", "Snapshot dependency failure")
                    .identity(format!("SNAPSHOT_DEPENDENCY_ERROR_{id}"))
                    .additional(id.to_string()),
            );
        }
    }
    if over
        && let End::FailedToStart(reason) = &course.end
        && course.failed_dependencies.is_empty()
        && found.is_empty()
    {
        found.push(Problem::new("TC_BUILD_FAILED_TO_START", reason.clone()));
    }
    if over && course.end == End::Status(Status::Failure) && found.is_empty() {
        found.push(Problem::exit_code(1, "Command Line"));
    }
    found
}

/// The status text at a time; `None` while queued.
pub(crate) fn status_text(build: &Build, course: &Timeline, now: Duration) -> Option<String> {
    let phase = course.phase(now);
    if phase == Phase::Queued {
        return None;
    }
    if phase == Phase::Running {
        let tests = tests(build, course, now);
        return Some(if tests.count() == 0 {
            "Running".to_owned()
        } else {
            of_tests(&tests)
        });
    }
    Some(match &course.end {
        // What a person says is in `canceledInfo` alone.
        End::Canceled(cancellation) => match &cancellation.shown {
            Some(shown) => format!("Canceled ({shown})"),
            None => "Canceled".to_owned(),
        },
        End::FailedToStart(reason) => reason.clone(),
        End::Status(status) => {
            if let Some(text) = &build.plan.status_text {
                return Some(text.clone());
            }
            let tests = tests(build, course, now);
            let mut parts = Vec::new();
            if tests.count() > 0 {
                parts.push(of_tests(&tests));
            }
            if *status != Status::Success {
                let other = problems(build, course, now)
                    .into_iter()
                    .filter(|problem| problem.kind != "TC_FAILED_TESTS");
                parts.extend(other.map(|problem| {
                    let new = if problem.new { " (new)" } else { "" };
                    let text = match problem.kind.as_str() {
                        "TC_EXIT_CODE" => problem
                            .details
                            .replace("Process exited with code", "Exit code"),
                        _ => problem.details,
                    };
                    format!("{text}{new}")
                }));
            }
            match (parts.is_empty(), status) {
                (false, _) => parts.join("; "),
                (true, Status::Success) if course.parts.is_some() => {
                    let parts = course.parts.unwrap_or_default();
                    format!("Build chain finished (success: {parts})")
                }
                (true, Status::Success) => "Success".to_owned(),
                (true, Status::Error) => "Internal error".to_owned(),
                (true, _) => "Failure".to_owned(),
            }
        }
    })
}

fn of_tests(tests: &Tests) -> String {
    let mut parts = Vec::new();
    let new = tests
        .failed
        .iter()
        .filter(|test| test.new && !test.muted)
        .count();
    match (tests.failures(), new) {
        (0, _) => {}
        (failed, 0) => parts.push(format!("failed: {failed}")),
        (failed, new) => parts.push(format!("failed: {failed} ({new} new)")),
    }
    parts.push(format!("passed: {}", tests.passed));
    if tests.ignored > 0 {
        parts.push(format!("ignored: {}", tests.ignored));
    }
    let muted = tests.muted + tests.failed.iter().filter(|test| test.muted).count();
    if muted > 0 {
        parts.push(format!("muted: {muted}"));
    }
    format!("Tests {}", parts.join(", "))
}
