//! The end of a build, as the log shows it: its chain, what went wrong, and how it ended.

use std::fmt::Write as _;

use super::lines::{BOLD, Console, DIM, GREEN, RED, RESET, YELLOW, clean};
use crate::outcome::{BuildOutcome, ChainBuild, Class, Ending, Problem};
use crate::report::summary::count;
use crate::report::whose::{Tally, how_often, note, note_of_test, whose_are, why_unknown};
use crate::types::{BuildId, span};

/// Most failed tests that are named.
const NAMED_TESTS: usize = 10;
/// Most problems that are shown.
const SHOWN_PROBLEMS: usize = 10;

impl Console {
    /// All that there is to say of a build that ended.
    pub(super) fn finished(&self, position: usize, build: &BuildOutcome) {
        let prefix = self.prefix(position);
        self.line("");
        for line in tree(&build.chain) {
            self.line(&format!("{prefix}{line}"));
        }
        for problem in build
            .problems
            .iter()
            .filter(|problem| !says_no_more(build, problem))
            .take(SHOWN_PROBLEMS)
        {
            let within = problem
                .within
                .as_deref()
                .map_or_else(String::new, |within| format!("{}: ", clean(within)));
            let class = match &problem.class {
                Some(Class::Unknown { .. }) | None => String::new(),
                Some(class) => format!(" ({})", clean(&note(class))),
            };
            self.line(&format!(
                "{prefix}{RED}Problem:{RESET} {within}{}{class}",
                clean(&problem.text)
            ));
        }
        if build.problems.len() > SHOWN_PROBLEMS {
            let more = build.problems.len().saturating_sub(SHOWN_PROBLEMS);
            self.line(&format!("{prefix}… and {more} more problems"));
        }
        let tally = Tally::of([build]);
        if let Some(words) = tally.words().filter(|_| !build.failed_tests.is_empty()) {
            self.line(&format!("{prefix}{RED}{words}{RESET}"));
            let unknown = why_unknown(build);
            if let Some(why) = unknown {
                self.line(&format!(
                    "{prefix}  {DIM}Whether they fail on the default branch too is unknown: {}{RESET}",
                    clean(why)
                ));
            }
            for test in build.failed_tests.iter().take(NAMED_TESTS) {
                let said = match (unknown, &test.often) {
                    (Some(_), None) => None,
                    (Some(_), Some(often)) => Some(how_often(often)),
                    (None, _) => Some(note_of_test(test)),
                };
                let class = said.map_or_else(String::new, |said| format!(" ({})", clean(&said)));
                let within = test
                    .within
                    .as_deref()
                    .map_or_else(String::new, |within| format!("{}: ", clean(within)));
                self.line(&format!("{prefix}  {within}{}{class}", clean(&test.name)));
            }
            let named = build.failed_tests.len().min(NAMED_TESTS) as u64;
            let rest = tally.failed.saturating_sub(named);
            if rest > 0 {
                let unnamed = build.failed_tests.iter().skip(NAMED_TESTS);
                let whose = unknown.is_none().then(|| whose_are(unnamed));
                let whose = whose.flatten().unwrap_or_default();
                self.line(&format!("{prefix}  … and {rest} more{whose}"));
            }
        }
        if !build.muted_tests.is_empty() {
            let muted = count(build.muted_tests.len() as u64, "muted failure");
            self.line(&format!("{prefix}{DIM}and {muted}{RESET}"));
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

/// A problem that says no more than that tests failed, which are listed anyway; or the exit code of the step in which they failed,
/// which TeamCity's own summary has too.
fn says_no_more(build: &BuildOutcome, problem: &Problem) -> bool {
    let summary = build.status_text.as_deref().unwrap_or_default();
    let is_told = match problem.kind.as_str() {
        "TC_FAILED_TESTS" => true,
        "TC_EXIT_CODE" => problem.within.is_none() && summary.to_lowercase().contains("exit code"),
        _ => false,
    };
    is_told && !build.failed_tests.is_empty()
}

/// A build of a chain, on one line.
pub(super) fn dependency_line(build: &ChainBuild) -> String {
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
        .and_then(|(from, to)| to.signed_duration_since(from).to_std().ok())
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
            add(chain, below, depth.saturating_add(1), seen, lines);
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

/// How a build ended, on one line.
pub(super) fn headline(build: &BuildOutcome) -> String {
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
                .map(|(waited, ran)| format!("{} in all", span(waited.saturating_add(ran)))),
        )
        .collect();
    if !times.is_empty() {
        _ = write!(line, " {DIM}({}){RESET}", times.join(", "));
    }
    line
}
