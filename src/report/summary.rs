//! Words and numbers that several reports say alike.

use std::time::Duration;

use super::whose::Tally;
use crate::outcome::{BuildOutcome, Ending, RunOutcome};
use crate::types::span;
use crate::types::text::one_line;

#[cfg(test)]
#[path = "../../tests/page/samples.rs"]
pub(crate) mod sample;

/// A length of time, down to milliseconds: a test may take less than a second.
pub(super) fn length(time: Duration) -> String {
    match time.as_millis() {
        milliseconds @ 1..1000 => format!("{milliseconds}ms"),
        _ => span(time),
    }
}

/// `1 test`, `2 tests`.
pub(super) fn count(number: u64, thing: &str) -> String {
    if number == 1 {
        format!("1 {thing}")
    } else {
        format!("{number} {thing}s")
    }
}

/// The run in one sentence, its failed tests included.
pub(super) fn headline(outcome: &RunOutcome) -> String {
    let how = how_it_ended(outcome);
    match Tally::of(&outcome.builds).words() {
        Some(tests) => format!("{how}: {tests}"),
        None => how,
    }
}

/// The same without the tests.
pub(super) fn how_it_ended(outcome: &RunOutcome) -> String {
    match outcome.builds.as_slice() {
        [] => "No build was queued".to_owned(),
        [build] => one_build(build),
        builds => {
            let good = builds.iter().filter(|build| is_good(&build.ending)).count();
            let queued = builds
                .iter()
                .filter(|build| build.ending == Ending::Queued)
                .count();
            if queued == builds.len() {
                format!("{queued} builds are queued")
            } else if good == builds.len() {
                format!("All {good} builds succeeded")
            } else {
                format!("{good} of {} builds succeeded", builds.len())
            }
        }
    }
}

fn one_build(build: &BuildOutcome) -> String {
    match &build.ending {
        Ending::Queued => "The build is queued",
        Ending::Running => "The build is still running",
        Ending::Success => "The build succeeded",
        Ending::Failure => "The build failed",
        Ending::Canceled => "The build was canceled",
        Ending::FailedToStart => "The build failed to start",
        Ending::Deleted => "The build was deleted",
        Ending::WrongRevision => "The build used another commit than requested",
        Ending::CommitNotFound => "TeamCity did not find the build's commit",
        Ending::TimedOut => "The build did not end in time",
        Ending::NotQueued => "The build was not queued",
        Ending::Unknown(_) => "The build's result is not known",
    }
    .to_owned()
}

/// Whether a build did what it was to do.
pub(super) fn is_good(ending: &Ending) -> bool {
    *ending == Ending::Success
}

/// Whether nothing is decided yet.
pub(super) fn is_open(ending: &Ending) -> bool {
    matches!(ending, Ending::Queued | Ending::Running)
}

/// A build's name and number in one line.
pub(super) fn title(build: &BuildOutcome, max_chars: usize) -> String {
    match &build.number {
        Some(number) => one_line(&format!("{} #{number}", build.name), max_chars),
        None => one_line(&build.name, max_chars),
    }
}

/// One line of at most `max_chars` characters, cut between words where there are any.
pub(super) fn at_a_word(text: &str, max_chars: usize) -> String {
    let line = one_line(text, max_chars);
    let Some(cut) = line
        .strip_suffix('…')
        .filter(|_| !text.trim_end().ends_with('…'))
    else {
        return line;
    };
    match cut.rsplit_once(' ') {
        // A last word that is most of the text is cut itself.
        Some((kept, word)) if word.len().saturating_mul(3) < cut.len() => {
            format!("{}…", kept.trim_end_matches([',', ';', ':', ' ']))
        }
        _ => line,
    }
}

/// Several lines of plain text of at most `max_chars` characters, cut between lines where that leaves the most of it.
pub(super) fn lines(text: &str, max_chars: usize) -> String {
    let mut kept = String::new();
    let mut left = max_chars;
    for line in text.lines() {
        let clean = crate::types::text::plain_line(line);
        let needed = clean.chars().count().saturating_add(1);
        if needed >= left {
            if kept.is_empty() {
                return one_line(line, max_chars);
            }
            kept.push('…');
            return kept;
        }
        left = left.saturating_sub(needed);
        kept.push_str(&clean);
        kept.push('\n');
    }
    kept.truncate(kept.trim_end().len());
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_may_take_less_than_a_second() {
        let said = [0, 850, 12_000, 245_000].map(|ms| length(Duration::from_millis(ms)));
        assert_eq!(said, ["0s", "850ms", "12s", "4m 5s"]);
    }

    #[test]
    fn a_long_text_is_cut_between_words() {
        assert_eq!(at_a_word("one two three four", 12), "one two…");
        assert_eq!(at_a_word("one two", 12), "one two");
        assert_eq!(at_a_word("onetwothreefour", 8), "onetwot…");
        assert_eq!(at_a_word("already cut…", 40), "already cut…");
    }

    #[test]
    fn lines_keep_their_indentation_and_lose_all_tricks() {
        assert_eq!(lines("a\n  at b\u{1b}[31m\u{202e}\n\n", 40), "a\n  at b");
        assert_eq!(lines("first\nsecond line\nthird", 14), "first\n…");
        assert_eq!(lines("a single long line", 9), "a single…");
    }
}
