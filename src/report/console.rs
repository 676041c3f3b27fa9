//! The log of the step: whole lines, no terminal, the link early and the reason last.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::Write;
use std::rc::Rc;

use crate::exit::ExitStatus;
use crate::run::event::{Event, Events, LogLevel, QueuedBuild};
use crate::run::outcome::{BuildOutcome, ChainBuild, Ending, RunOutcome};
use crate::run::short;
use crate::types::BuildId;
use crate::types::span;
use crate::types::text::{log_line, one_line};

/// Most failed tests that are named.
const NAMED_TESTS: usize = 10;
/// Most problems that are shown.
const SHOWN_PROBLEMS: usize = 10;
/// Longest name or text of the server's on one line, in characters.
const LONGEST: usize = 300;

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const RESET: &str = "\u{1b}[0m";

/// Where lines go.
pub type Output = Rc<RefCell<dyn Write>>;

/// Writes the step's log.
pub struct Console {
    output: Output,
    names: RefCell<Vec<String>>,
}

impl Console {
    /// A console that writes to `output`.
    pub fn new(output: Output) -> Self {
        Self {
            output,
            names: RefCell::default(),
        }
    }

    /// Writes one line. That nobody reads the log is no reason to fail.
    pub fn line(&self, line: &str) {
        let mut output = self.output.borrow_mut();
        let _ = writeln!(output, "{line}").and_then(|()| output.flush());
    }

    /// Text of our own, as it is.
    pub fn text(&self, text: &str) {
        self.line(text.trim_end());
    }

    /// A warning.
    pub fn warning(&self, text: &str) {
        self.line(&format!("{YELLOW}⚠ {}{RESET}", clean(text)));
    }

    /// A line for those who look for a fault.
    pub fn debug(&self, text: &str) {
        self.line(&format!("{DIM}· {}{RESET}", one_line(text, 2000)));
    }

    /// An error that ends the program, over several lines if need be.
    pub fn error(&self, text: &str) {
        for (index, line) in text.lines().enumerate() {
            let mark = if index == 0 { "✖ " } else { "" };
            self.line(&format!("{RED}{mark}{}{RESET}", keep_indentation(line)));
        }
    }

    /// The build's name before its lines, where there are several.
    fn prefix(&self, position: usize) -> String {
        let names = self.names.borrow();
        match names.get(position) {
            Some(name) if names.len() > 1 => format!("{DIM}{name}:{RESET} "),
            _ => String::new(),
        }
    }

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
        if outcome.builds.len() > 1 {
            self.line("");
            for build in &outcome.builds {
                self.line(&headline(build));
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

    fn finished(&self, position: usize, build: &BuildOutcome) {
        let prefix = self.prefix(position);
        self.line("");
        for line in tree(&build.chain) {
            self.line(&format!("{prefix}{line}"));
        }
        for problem in build
            .problems
            .iter()
            .filter(|problem| !names_tests_only(build, &problem.kind))
            .take(SHOWN_PROBLEMS)
        {
            let within = problem
                .within
                .as_deref()
                .map_or_else(String::new, |within| format!("{}: ", clean(within)));
            self.line(&format!(
                "{prefix}{RED}Problem:{RESET} {within}{}",
                clean(&problem.text)
            ));
        }
        if build.problems.len() > SHOWN_PROBLEMS {
            self.line(&format!(
                "{prefix}… and {} more problems",
                build.problems.len() - SHOWN_PROBLEMS
            ));
        }
        if !build.failed_tests.is_empty() {
            let total = build
                .tests
                .map_or(build.failed_tests.len() as u64, |tests| tests.failed);
            self.line(&format!("{prefix}{RED}Failed tests: {total}{RESET}"));
            for test in build.failed_tests.iter().take(NAMED_TESTS) {
                let new = if test.is_new { " (new)" } else { "" };
                let within = test
                    .within
                    .as_deref()
                    .map_or_else(String::new, |within| format!("{}: ", clean(within)));
                self.line(&format!("{prefix}  {within}{}{new}", clean(&test.name)));
            }
            let rest = total.saturating_sub(NAMED_TESTS as u64);
            if rest > 0 {
                self.line(&format!("{prefix}  … and {rest} more"));
            }
        }
        self.line(&headline(build));
        if let Some(canceled) = &build.canceled {
            let by = canceled
                .by
                .as_deref()
                .map_or_else(|| "TeamCity".to_owned(), clean);
            let comment = canceled
                .comment
                .as_deref()
                .filter(|text| !text.is_empty())
                .map_or_else(String::new, |text| format!(": {}", clean(text)));
            self.line(&format!("  canceled by {by}{comment}"));
        }
        if let Ending::Unknown(why) = &build.ending {
            self.line(&format!(
                "  {}; this is not counted as a success",
                clean(why)
            ));
        }
        if let Some(url) = &build.url {
            self.line(&format!("  {}", clean(url)));
        }
    }
}

/// A problem that says no more than that tests failed, which are listed anyway.
fn names_tests_only(build: &BuildOutcome, kind: &str) -> bool {
    kind == "TC_FAILED_TESTS" && !build.failed_tests.is_empty()
}

fn dependency_line(build: &ChainBuild) -> String {
    let (colour, mark) = marked(&build.ending);
    let number = build
        .number
        .as_deref()
        .map_or_else(String::new, |number| format!(" #{}", clean(number)));
    let mut line = format!(
        "{colour}{mark}{RESET} {}{number}: {}",
        clean(&build.name),
        build.ending.words()
    );
    if build.reused {
        line.push_str(", reused");
    } else if let Some(ran) = build
        .started_at
        .zip(build.finished_at)
        .and_then(|(from, to)| (to - from).to_std().ok())
    {
        _ = write!(line, " {DIM}(ran {}){RESET}", span(ran));
    }
    line
}

/// The chain as a tree: each build below those that wait for it, and once only.
fn tree(chain: &[ChainBuild]) -> Vec<String> {
    fn add(
        chain: &[ChainBuild],
        at: &ChainBuild,
        depth: usize,
        seen: &mut Vec<BuildId>,
        lines: &mut Vec<String>,
    ) {
        if seen.contains(&at.id) {
            return;
        }
        seen.push(at.id);
        lines.push(format!(
            "{}└ {}",
            "  ".repeat(depth.min(20)),
            dependency_line(at)
        ));
        for below in chain
            .iter()
            .filter(|build| at.depends_on.contains(&build.id))
        {
            add(chain, below, depth + 1, seen, lines);
        }
    }
    let mut lines = Vec::new();
    let mut seen = Vec::new();
    let is_top = |build: &&ChainBuild| {
        !chain
            .iter()
            .any(|other| other.depends_on.contains(&build.id))
    };
    for top in chain.iter().filter(is_top).chain(chain) {
        add(chain, top, 0, &mut seen, &mut lines);
    }
    lines
}

fn marked(ending: &Ending) -> (&'static str, &'static str) {
    match ending {
        Ending::Success => (GREEN, "✔"),
        Ending::Queued | Ending::Running => (YELLOW, "…"),
        _ => (RED, "✖"),
    }
}

fn headline(build: &BuildOutcome) -> String {
    let (colour, mark) = marked(&build.ending);
    let number = build
        .number
        .as_deref()
        .map_or_else(String::new, |number| format!(" #{}", clean(number)));
    let project = build
        .project
        .as_deref()
        .map_or_else(String::new, |project| format!("{} / ", clean(project)));
    let mut line = format!(
        "{colour}{mark} {BOLD}{project}{}{number}: {}{RESET}",
        clean(&build.name),
        build.ending.words()
    );
    if let Some(text) = build
        .status_text
        .as_deref()
        .map(clean)
        .filter(|text| !text.is_empty() && !text.eq_ignore_ascii_case("success"))
    {
        _ = write!(line, ": {text}");
    }
    let (waited, ran) = build.durations();
    let times: Vec<String> = [(waited, "queued"), (ran, "ran")]
        .into_iter()
        .filter_map(|(time, what)| Some(format!("{what} {}", span(time?))))
        .chain(
            waited
                .zip(ran)
                .map(|(waited, ran)| format!("{} in all", span(waited + ran))),
        )
        .collect();
    if !times.is_empty() {
        _ = write!(line, " {DIM}({}){RESET}", times.join(", "));
    }
    line
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
                    format!(", with a token that expires on {}", at.format("%Y-%m-%d"))
                });
                self.line(&format!(
                    "TeamCity {} at {} as {user}{expires}",
                    clean(version),
                    clean(server)
                ));
            }
            Event::Note(text) => self.line(&clean(text)),
            Event::Warning(text) => self.warning(text),
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
                    .filter(|time| !time.is_zero())
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
                if let Some(left) = left.filter(|left| !left.is_zero()) {
                    _ = write!(line, ", {} left", span(left));
                }
                self.line(&format!("{line}{RESET}"));
            }
            Event::Failing { build, text } => {
                let text = text
                    .as_deref()
                    .map_or_else(String::new, |text| format!(": {}", clean(text)));
                self.line(&format!(
                    "{}{RED}It is failing, and goes on{text}{RESET}",
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
                    "{}TeamCity merged it with an equal build; following {survivor}",
                    self.prefix(*build)
                ));
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
            Event::Finished { build, outcome } => self.finished(*build, outcome),
            Event::Outage { why, retry_for } => {
                self.warning(&format!(
                    "{why}. Trying again for up to {}; the build goes on meanwhile.",
                    span(*retry_for)
                ));
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
        for line in text.lines() {
            self.line(&format!(
                "{prefix}{within}{DIM}│{RESET} {indent}{colour}{}{reset}",
                log_line(line)
            ));
        }
    }
}

fn clean(text: &str) -> String {
    one_line(text, LONGEST)
}

fn keep_indentation(line: &str) -> String {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    format!("{}{}", " ".repeat(indent.min(8)), one_line(text, 1000))
}
