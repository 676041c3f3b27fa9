//! The log of one build at a time: its script as far as it is visible, what TeamCity itself says, and what tests added.

use std::sync::Arc;
use std::time::Duration;

use crate::lifecycle::{End, Phase, Timeline};
use crate::log::{Level, Line, LogScript};
use crate::model::{Build, Plan};

/// A build's log as it is now. Owns what it needs, so that it can be read while the server goes on.
#[derive(Debug, Clone)]
pub(crate) struct BuildLog {
    plan: Arc<Plan>,
    fallback: LogScript,
    scripted: u64,
    tail: Vec<Line>,
    /// When the build started.
    pub(crate) start: Duration,
    /// Time since the start, at most until the finish.
    pub(crate) elapsed: Duration,
}

impl BuildLog {
    pub(crate) fn of(build: &Build, course: &Timeline, now: Duration, composite: bool) -> Self {
        let fallback = LogScript::new()
            .line(Duration::ZERO, "Collecting changes in VCS roots")
            .verbose(Duration::ZERO, "TeamCity server version is simulated")
            .open(Duration::ZERO, "Step 1/1: Command Line")
            .line(Duration::ZERO, "Starting: /bin/sh build.sh");
        let mut log = Self {
            plan: build.plan.clone(),
            fallback,
            scripted: 0,
            tail: Vec::new(),
            start: Duration::ZERO,
            elapsed: Duration::ZERO,
        };
        let started = course.start.filter(|start| *start <= now);
        let Some(start) = started.filter(|_| !composite && course.phase(now) != Phase::Queued)
        else {
            return log;
        };
        let end = course.finish.filter(|finish| *finish <= now);
        log.start = start;
        log.elapsed = end.unwrap_or(now).saturating_sub(start);
        log.scripted = log.script().visible(log.elapsed);
        let mut say = |at: Duration, text: String, level| {
            log.tail.push(Line {
                at,
                text,
                level,
                verbose: false,
                depth: 0,
                parent: None,
                block: None,
                opens: None,
            });
        };
        for (at, text) in &build.extra_log {
            say(at.saturating_sub(start), text.clone(), Level::Normal);
        }
        if end.is_some() {
            if let End::Canceled(cancellation) = &course.end {
                say(
                    log.elapsed,
                    format!("The build was canceled: {}", cancellation.comment),
                    Level::Warning,
                );
            }
            say(log.elapsed, "Build finished".to_owned(), Level::Normal);
        }
        log
    }

    fn script(&self) -> &LogScript {
        self.plan.log.as_ref().unwrap_or(&self.fallback)
    }

    pub(crate) fn len(&self) -> u64 {
        self.scripted + self.tail.len() as u64
    }

    pub(crate) fn get(&self, index: u64) -> Option<Line> {
        if index < self.scripted {
            return self.script().get(index);
        }
        self.tail
            .get(usize::try_from(index - self.scripted).ok()?)
            .cloned()
    }
}
