//! Whose the failures are, in the words that all reports share. "New" means the class alone.

use crate::outcome::{BuildOutcome, Class, FailedTest, Often};
use crate::types::text::one_line;

/// Failed tests in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// All that failed, those that are not listed too; without muted ones.
    pub(super) failed: u64,
    /// Those that did not fail on the default branch.
    pub(super) new: u64,
    /// Those of which it is not known, those that are not listed too.
    pub(super) unknown: u64,
    /// Some are not listed.
    pub(super) is_cut: bool,
}

impl Tally {
    /// Of some builds and their chains.
    pub(super) fn of<'a>(builds: impl IntoIterator<Item = &'a BuildOutcome>) -> Self {
        let mut all = Self::default();
        for build in builds {
            let of_class = |is: fn(&Class) -> bool| {
                number(
                    build
                        .failed_tests
                        .iter()
                        .filter(|test| is(&test.class))
                        .count(),
                )
            };
            let failed = failed(build);
            let more = failed.saturating_sub(number(build.failed_tests.len()));
            all.failed = all.failed.saturating_add(failed);
            all.new = all
                .new
                .saturating_add(of_class(|class| *class == Class::New));
            let unknown = of_class(|class| matches!(class, Class::Unknown { .. }));
            all.unknown = all.unknown.saturating_add(unknown).saturating_add(more);
            all.is_cut |= more > 0;
        }
        all
    }

    /// Whether anything is known of any of them.
    pub(super) fn is_known(self) -> bool {
        self.failed > self.unknown
    }

    /// `3 failed tests, 2 new here`; `None`: no test failed.
    pub(super) fn words(self) -> Option<String> {
        if self.failed == 0 {
            return None;
        }
        let s = if self.failed == 1 { "" } else { "s" };
        let mut words = format!("{} failed test{s}", self.failed);
        if self.is_known() {
            if self.new > 0 {
                let least = if self.is_cut { "at least " } else { "" };
                words.push_str(&format!(", {least}{} new here", self.new));
            } else if self.unknown == 0 {
                words.push_str(", none new here");
            }
            if self.unknown > 0 {
                words.push_str(&format!(", {} unknown", self.unknown));
            }
        }
        Some(words)
    }
}

/// How many tests failed in a build and its chain.
///
/// A build's own numbers hold those of its chain only where it is a composite one, and the listed tests may be the
/// first alone.
fn failed(build: &BuildOutcome) -> u64 {
    let counts = build.tests.unwrap_or_default();
    let tests = &build.failed_tests;
    let within = tests.iter().filter(|test| test.within.is_some()).count();
    let listed = tests.len();
    let own = number(listed.saturating_sub(within));
    if own >= counts.failed {
        number(listed)
    } else {
        counts.failed.max(number(listed))
    }
}

/// A class in a few words, on one line.
pub(super) fn note(class: &Class) -> String {
    match class {
        Class::New => "new here".to_owned(),
        Class::Unknown { why } => format!("unknown: {}", one_line(why, 200)),
        Class::Investigated { who: Some(who) } => {
            format!("investigated by {}", one_line(who, 100))
        }
        Class::Investigated { who: None } => "investigated".to_owned(),
        Class::AlsoOnDefault { since: Some(since) } => {
            format!(
                "fails on the default branch too, since {}",
                one_line(&since.name, 100)
            )
        }
        Class::AlsoOnDefault { since: None } => "fails on the default branch too".to_owned(),
        Class::Muted => "muted".to_owned(),
    }
}

/// Whose a failed test is, and how often it failed on the default branch.
pub(super) fn note_of_test(test: &FailedTest) -> String {
    let class = note(&test.class);
    match &test.often {
        Some(often) => format!("{class}; {}", how_often(often)),
        None => class,
    }
}

/// `failed in 4 of the last 12 builds of main that ran it`
pub(super) fn how_often(often: &Often) -> String {
    format!(
        "failed in {} of the last {} builds of {} that ran it",
        often.failed,
        often.ran,
        one_line(&often.branch, 100)
    )
}

/// ` (10 new here, 3 unknown)`: how many of these tests are of which class.
pub(super) fn whose_are<'a>(tests: impl Iterator<Item = &'a FailedTest>) -> Option<String> {
    const WORDS: [&str; 4] = [
        "new here",
        "unknown",
        "investigated",
        "on the default branch too",
    ];
    let mut numbers = [0_u64; WORDS.len()];
    for test in tests {
        if let Some(number) = numbers.get_mut(usize::from(test.class.rank())) {
            *number = number.saturating_add(1);
        }
    }
    let some = numbers.into_iter().zip(WORDS);
    let some = some.filter(|(number, _)| *number > 0);
    let parts: Vec<String> = some
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    (!parts.is_empty()).then(|| format!(" ({})", parts.join(", ")))
}

/// Why nothing is known of any listed test, where that is the same for all.
pub(super) fn why_unknown(build: &BuildOutcome) -> Option<&str> {
    let mut tests = build.failed_tests.iter();
    let Class::Unknown { why } = &tests.next()?.class else {
        return None;
    };
    tests
        .all(|test| matches!(&test.class, Class::Unknown { why: other } if other == why))
        .then_some(why)
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(failed: u64, new: u64, unknown: u64, is_cut: bool) -> Option<String> {
        Tally {
            failed,
            new,
            unknown,
            is_cut,
        }
        .words()
    }

    #[test]
    fn a_number_of_new_ones_is_said_only_where_it_is_known() {
        let said = |text: &str| Some(text.to_owned());
        assert_eq!(words(0, 0, 0, false), None);
        assert_eq!(words(3, 2, 0, false), said("3 failed tests, 2 new here"));
        assert_eq!(words(1, 0, 0, false), said("1 failed test, none new here"));
        assert_eq!(words(3, 0, 2, false), said("3 failed tests, 2 unknown"));
        assert_eq!(words(3, 0, 3, false), said("3 failed tests"));
        assert_eq!(
            words(600, 20, 100, true),
            said("600 failed tests, at least 20 new here, 100 unknown")
        );
    }
}
