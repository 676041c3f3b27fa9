//! The log of one build at a time: what the server says first, its script as far as it is visible, what tests added, what
//! TeamCity says at the end.

use std::sync::Arc;
use std::time::Duration;

use crate::lifecycle::{End, Phase, Timeline};
use crate::log::{Entry, Level, Line, LogScript};
use crate::model::{Build, Plan};

/// What a build's log depends on beside the build.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Whether its configuration is composite: such a build has no log.
    pub(crate) composite: bool,
    /// The configuration's internal id, which names the block around everything.
    pub(crate) internal_id: &'a str,
    /// The line that names the server's version.
    pub(crate) version_line: &'a str,
}

/// A build's log as it is now. Owns what it needs, so that it can be read while the server goes on.
#[derive(Debug, Clone)]
pub(crate) struct BuildLog {
    plan: Arc<Plan>,
    fallback: LogScript,
    /// What comes before the script: nothing before the start.
    preamble: Vec<Line>,
    /// How many entries of the script are visible.
    scripted: u64,
    /// Lines beside the script, with their index after the preamble, in order. Indices never change afterwards.
    beside: Vec<(u64, Line)>,
    /// When the build started.
    pub(crate) start: Duration,
    /// Time since the start, at most until the finish.
    pub(crate) elapsed: Duration,
    /// Whether nothing will be added.
    pub(crate) over: bool,
}

impl BuildLog {
    pub(crate) fn of(build: &Build, course: &Timeline, now: Duration, place: Place<'_>) -> Self {
        let fallback = LogScript::new()
            .prepared(Duration::ZERO)
            .open(Duration::ZERO, "Step 1/1: Command Line")
            .line(Duration::ZERO, "Starting: /bin/sh build.sh");
        let mut log = Self {
            plan: build.plan.clone(),
            fallback,
            preamble: Vec::new(),
            scripted: 0,
            beside: Vec::new(),
            start: Duration::ZERO,
            elapsed: Duration::ZERO,
            over: course.phase(now) == Phase::Finished,
        };
        let started = course.start.filter(|start| *start <= now);
        let Some(start) =
            started.filter(|_| !place.composite && course.phase(now) != Phase::Queued)
        else {
            return log;
        };
        let end = course.finish.filter(|finish| *finish <= now);
        log.start = start;
        log.elapsed = end.unwrap_or(now).saturating_sub(start);
        log.preamble = vec![
            Line {
                entry: Entry::Root,
                opens: Some(end.map(|end| end.saturating_sub(start))),
                ..Line::plain(Duration::ZERO, place.internal_id, Level::Warning).of_server()
            },
            Line {
                verbose: true,
                ..Line::plain(Duration::ZERO, place.version_line, Level::Normal).of_server()
            },
        ];
        log.scripted = log.script().visible(log.elapsed);
        for (at, text) in build.extra_log.iter().filter(|(at, _)| *at <= now) {
            let at = at.saturating_sub(start).min(log.elapsed);
            log.say(Line::plain(at, text.clone(), Level::Normal));
        }
        if end.is_some() {
            if let End::Canceled(cancellation) = &course.end {
                let text = format!("The build was canceled: {}", cancellation.comment);
                log.say(Line::plain(log.elapsed, text, Level::Warning).of_server());
            }
            log.say(Line::plain(log.elapsed, "Build finished", Level::Normal).of_server());
        }
        log
    }

    fn say(&mut self, line: Line) {
        let index = self.script().visible(line.at) + self.beside.len() as u64;
        self.beside.push((index, line));
    }

    fn script(&self) -> &LogScript {
        self.plan.log.as_ref().unwrap_or(&self.fallback)
    }

    /// How many entries there are, hidden ones among them.
    pub(crate) fn len(&self) -> u64 {
        (self.preamble.len() + self.beside.len()) as u64 + self.scripted
    }

    pub(crate) fn get(&self, index: u64) -> Option<Line> {
        let Some(index) = index.checked_sub(self.preamble.len() as u64) else {
            return self.preamble.get(usize::try_from(index).ok()?).cloned();
        };
        let before = match self.beside.binary_search_by_key(&index, |(at, _)| *at) {
            Ok(at) => return self.beside.get(at).map(|(_, line)| line.clone()),
            Err(before) => before as u64,
        };
        let mut line = self.script().get(index.checked_sub(before)?)?;
        line.parent = line.parent.map(|parent| self.whole_index(parent));
        Some(line)
    }

    /// The index in the whole log of an entry of the script.
    fn whole_index(&self, scripted: u64) -> u64 {
        let before = self
            .beside
            .iter()
            .enumerate()
            .take_while(|(nth, (at, _))| at - *nth as u64 <= scripted)
            .count();
        scripted + (before + self.preamble.len()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queueing::{Order, queue};
    use crate::scenario::Scenario;

    #[test]
    fn added_lines_keep_their_index() {
        let s = Duration::from_secs;
        let script = LogScript::new()
            .line(s(0), "a")
            .open(s(5), "b")
            .line(s(6), "c")
            .close(s(7));
        let mut state = Scenario::new()
            .plan("App_Build", Plan::new().queued_for(s(0)).log(script))
            .into_state();
        let id = queue(&mut state, &Order::plain("App_Build", 1), Duration::ZERO);
        state.builds.get_mut(&id).unwrap().extra_log = vec![(s(2), "x".to_owned())];
        let course = state.timeline(id).unwrap();
        let place = Place {
            composite: false,
            internal_id: "bt1",
            version_line: "TeamCity server version is",
        };
        let texts = |now| {
            let log = BuildLog::of(&state.builds[&id], &course, now, place);
            (2..log.len())
                .map(|at| log.get(at).unwrap().text)
                .collect::<Vec<_>>()
        };
        assert_eq!(texts(s(3)), ["a", "x"]);
        assert_eq!(texts(s(6)), ["a", "x", "b", "c"]);
        let log = BuildLog::of(&state.builds[&id], &course, s(6), place);
        assert_eq!(log.get(5).unwrap().parent, Some(4));
        assert_eq!(texts(s(60)).last().unwrap(), "Build finished");
    }
}
