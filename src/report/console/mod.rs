//! The log of the step: whole lines, no terminal, the link early and the reason last.

mod ending;
mod lines;

use std::fmt::Write as _;

use ending::{dependency_line, headline};
pub use lines::Console;
use lines::{BOLD, DIM, RED, RESET, YELLOW, clean};

use crate::exit::ExitStatus;
use crate::outcome::{Ending, Event, Events, LogLevel, QueuedBuild, RunOutcome};
use crate::types::text::log_line;
use crate::types::{short, span};

impl Console {
    fn queued(&self, queued: &QueuedBuild) {
        let mut names = self.names.borrow_mut();
        let count = names.len().max(queued.of);
        names.resize(count, String::new());
        if let Some(name) = names.get_mut(queued.build) {
            *name = clean(queued.build_type.as_str());
        }
        drop(names);
        let verb = if queued.joined.is_some() {
            "Following"
        } else {
            "Queued"
        };
        let mut line = format!("{verb} {BOLD}{}{RESET}", clean(&queued.name));
        let branch = queued.branch.as_deref().map(clean);
        match (&branch, &queued.revision) {
            (Some(branch), Some(revision)) => {
                _ = write!(line, " on {branch} at {}", clean(short(revision)))
            }
            (Some(branch), None) => _ = write!(line, " on {branch}"),
            (None, Some(revision)) => {
                _ = write!(line, " on the default branch at {}", clean(short(revision)))
            }
            (None, None) => {}
        }
        if let Some(why) = queued.joined {
            _ = write!(line, " ({why})");
        }
        self.line(&line);
        if let Some(url) = &queued.url {
            self.line(&format!("  {}", clean(url)));
        }
    }

    /// The end of the run: each build, then the reason of a failure last, where eyes land.
    pub fn summary(&self, outcome: &RunOutcome) {
        match outcome.builds.as_slice() {
            // Only now, so that it stands last.
            [build] if build.ending != Ending::NotQueued => self.finished(0, build),
            [] | [_] => {}
            builds => {
                self.line("");
                for build in builds {
                    self.line(&headline(build));
                }
            }
        }
        if let Some(reason) = &outcome.reason {
            self.error(reason);
        } else if outcome.builds.len() > 1 && outcome.status != ExitStatus::Success {
            let bad = outcome
                .builds
                .iter()
                .filter(|build| build.ending != Ending::Success)
                .count();
            self.error(&format!(
                "{bad} of {} builds did not succeed",
                outcome.builds.len()
            ));
        }
    }
}

impl Events for Console {
    fn event(&self, event: &Event) {
        match event {
            Event::Connected {
                server,
                version,
                user,
                expires,
            } => {
                let user = user
                    .as_deref()
                    .map_or_else(|| "the super user".to_owned(), clean);
                let expires = expires.map_or_else(String::new, |at| {
                    format!(
                        ", with a token that expires on {} (UTC)",
                        at.to_utc().format("%Y-%m-%d")
                    )
                });
                self.line(&format!(
                    "TeamCity {} at {} as {user}{expires}",
                    clean(version),
                    clean(server)
                ));
            }
            Event::Note(text) => self.line(&clean(text)),
            Event::Warning(text) => self.warning(text),
            Event::Odd { what, cure } => self.odd(what, cure),
            Event::Failed(text) => self.error(text),
            Event::Queued(queued) => self.queued(queued),
            Event::Waiting {
                build,
                reason,
                estimate,
                waiting,
            } => {
                let reason = reason
                    .as_deref()
                    .map_or_else(|| "in the queue".to_owned(), clean);
                let estimate = estimate
                    .filter(|time| time.as_secs() > 0)
                    .map_or_else(String::new, |time| format!(", may start in {}", span(time)));
                let waiting = if waiting.as_secs() < 10 {
                    String::new()
                } else {
                    format!(" for {}", span(*waiting))
                };
                self.line(&format!(
                    "{}{DIM}Waiting{waiting}:{RESET} {reason}{estimate}",
                    self.prefix(*build)
                ));
            }
            Event::Started {
                build,
                number,
                agent,
                estimate,
                ..
            } => {
                let number = number
                    .as_deref()
                    .map_or_else(String::new, |number| format!(" as #{}", clean(number)));
                let agent = agent
                    .as_deref()
                    .map_or_else(String::new, |agent| format!(" on {}", clean(agent)));
                let estimate = estimate
                    .map_or_else(String::new, |time| format!(", takes about {}", span(time)));
                self.line(&format!(
                    "{}Running{number}{agent}{estimate}",
                    self.prefix(*build)
                ));
            }
            Event::Progress {
                build,
                stage,
                percentage,
                left,
                elapsed,
            } => {
                let mut line = format!("{}{DIM}Running", self.prefix(*build));
                if let Some(elapsed) = elapsed {
                    _ = write!(line, " for {}", span(*elapsed));
                }
                if let Some(stage) = stage {
                    _ = write!(line, ": {}", clean(stage));
                }
                if let Some(percentage) = percentage {
                    _ = write!(line, ", {percentage} %");
                }
                if let Some(left) = left.filter(|left| left.as_secs() > 0) {
                    _ = write!(line, ", {} left", span(left));
                }
                self.line(&format!("{line}{RESET}"));
            }
            Event::Failing { build, text } => {
                // Before it has something to say, the status is called "Running".
                let text = text.as_deref().map(clean).filter(|text| text != "Running");
                let text = text.map_or_else(String::new, |text| format!(": {text}"));
                self.line(&format!(
                    "{}{RED}The build is failing, but still running{text}{RESET}",
                    self.prefix(*build)
                ));
            }
            Event::Stuck { build, what } => self.line(&format!(
                "{}{YELLOW}⚠ {}{RESET}",
                self.prefix(*build),
                clean(what)
            )),
            Event::Merged { build, survivor } => {
                self.line(&format!(
                    "{}TeamCity merged it with the equal build {survivor}",
                    self.prefix(*build)
                ));
            }
            Event::PutBack {
                build,
                broken,
                said,
                successor,
                url,
            } => {
                let said = said.as_deref().map(clean);
                let said = said.map_or_else(String::new, |said| format!(" ({said})"));
                self.line(&format!(
                    "{}{YELLOW}Build {broken} was interrupted{said}{RESET}. TeamCity put it back into the queue as build {successor}",
                    self.prefix(*build)
                ));
                if let Some(url) = url {
                    self.line(&format!("  {}", clean(url)));
                }
            }
            Event::Dependency { build, dependency } => {
                self.line(&format!(
                    "{}{}",
                    self.prefix(*build),
                    dependency_line(dependency)
                ));
            }
            Event::LogLine {
                build,
                within,
                level,
                depth,
                text,
            } => self.log(*build, within.as_deref(), *level, *depth, text),
            Event::Finished { build, outcome } if self.names.borrow().len() > 1 => {
                self.finished(*build, outcome)
            }
            Event::Finished { .. } => {}
            Event::Outage { why, retry_for } => {
                self.warning(&format!("{why}. Retrying for up to {}.", span(*retry_for)));
            }
            Event::Recovered { after } => {
                self.line(&format!("TeamCity answers again, after {}", span(*after)))
            }
            Event::Stopping { why } => {
                self.line(&format!("{YELLOW}Canceling: {}{RESET}", clean(why)))
            }
            Event::Cancel { what, result } => match result {
                Ok(()) => self.line(&format!("Canceled {}", clean(what))),
                Err(why) => self.warning(&format!(
                    "Could not cancel {what}: {why}. It may still be running."
                )),
            },
        }
    }
}

impl Console {
    fn log(&self, build: usize, within: Option<&str>, level: LogLevel, depth: usize, text: &str) {
        let within = within.map_or_else(String::new, |within| {
            format!("{DIM}{}:{RESET} ", clean(within))
        });
        let indent = "  ".repeat(depth.min(20));
        let colour = match level {
            LogLevel::Normal => "",
            LogLevel::Warning => YELLOW,
            LogLevel::Error => RED,
            LogLevel::Block => BOLD,
        };
        let reset = if colour.is_empty() { "" } else { RESET };
        let prefix = self.prefix(build);
        for line in text.trim_end_matches(['\r', '\n']).split('\n') {
            self.line(&format!(
                "{prefix}{within}{DIM}│{RESET} {indent}{colour}{}{reset}",
                log_line(line)
            ));
        }
    }
}
