//! Failed tests and build problems, as the page shows them.

use super::mood::address;
use crate::outcome::{BuildOutcome, Class, FailedTest, Problem};
use crate::report::summary::{at_a_word, count, length, lines};
use crate::report::test_name::TestName;
use crate::report::whose::{how_often, note};
use crate::types::text::one_line;

/// Longest details of a test, in characters: the page stays light with hundreds of them.
const LONGEST_DETAILS: usize = 8_000;
/// So many tests of a group are shown at once; the others are folded.
const AT_ONCE: usize = 50;

/// Of groups, by the ranks of classes.
const TITLES: [&str; 5] = [
    "New here",
    "Unknown whether on the default branch too",
    "Investigated",
    "On the default branch too",
    "Muted",
];

/// Failed tests that have something in common.
pub(super) struct Group {
    pub(super) title: String,
    pub(super) shown: Vec<TestView>,
    pub(super) folded: Vec<TestView>,
}

/// A failed test.
pub(super) struct TestView {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) reason: String,
    pub(super) details: String,
    pub(super) time: Option<String>,
    pub(super) within: Option<String>,
    pub(super) badge: String,
    pub(super) badge_class: &'static str,
    pub(super) since: Option<String>,
    pub(super) often: Option<String>,
}

/// A build problem.
pub(super) struct ProblemView {
    pub(super) kind: String,
    pub(super) first: String,
    pub(super) rest: String,
    pub(super) badge: Option<String>,
    pub(super) within: Option<String>,
}

pub(super) fn groups(build: &BuildOutcome) -> Vec<Group> {
    TITLES
        .into_iter()
        .enumerate()
        .filter_map(|(rank, title)| {
            let tests = build
                .failed_tests
                .iter()
                .chain(&build.muted_tests)
                .filter(|test| usize::from(test.class.rank()) == rank);
            let mut shown: Vec<_> = tests.map(self::test).collect();
            let folded = shown.split_off(shown.len().min(AT_ONCE));
            let number = shown.len().saturating_add(folded.len());
            (number > 0).then(|| Group {
                title: format!("{title} ({number})"),
                shown,
                folded,
            })
        })
        .collect()
}

pub(super) fn not_listed(build: &BuildOutcome) -> Option<String> {
    let own = build
        .failed_tests
        .iter()
        .filter(|test| test.within.is_none())
        .count();
    let all = build.tests.map_or(0, |tests| tests.failed);
    let listed = u64::try_from(build.failed_tests.len()).unwrap_or(u64::MAX);
    let more = all
        .checked_sub(listed)
        .filter(|more| *more > 0 && own > 0)?;
    Some(format!(
        "{} can be seen in TeamCity.",
        count(more, "more failed test")
    ))
}

fn test(test: &FailedTest) -> TestView {
    let name = TestName::parse(&test.name);
    let details = lines(test.details.as_deref().unwrap_or_default(), LONGEST_DETAILS);
    let reason = details
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let path: Vec<_> = [name.suite.as_str(), name.class.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    TestView {
        path: path.join(" › "),
        name: name.name,
        reason: at_a_word(reason, 240),
        time: test.duration.map(length),
        within: test.within.as_deref().map(|within| one_line(within, 100)),
        badge: note(&test.class),
        badge_class: match test.class {
            Class::New => "bad",
            Class::Unknown { .. } => "open",
            _ => "plain",
        },
        since: match &test.class {
            Class::AlsoOnDefault { since: Some(since) } => since.url.as_deref().and_then(address),
            _ => None,
        },
        often: test.often.as_ref().map(how_often),
        details,
    }
}

pub(super) fn problem(problem: &Problem) -> ProblemView {
    let text = lines(&problem.text, LONGEST_DETAILS);
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    ProblemView {
        kind: one_line(&problem.kind, 100),
        first: if first.trim().is_empty() {
            "A problem without a description".to_owned()
        } else {
            first.to_owned()
        },
        rest: rest.to_owned(),
        badge: problem.class.as_ref().map(note),
        within: problem
            .within
            .as_deref()
            .map(|within| one_line(within, 100)),
    }
}
