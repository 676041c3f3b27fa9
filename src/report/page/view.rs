//! What the template shows: texts made harmless, numbers in words, addresses checked.

use super::comparison::{ComparisonView, comparison};
use super::context::PageContext;
use super::failures::{Group, ProblemView, groups, not_listed, problem};
use super::mood::{Mood, address};
use super::timeline::{Timeline, timeline};
use crate::outcome::{BuildOutcome, Moment, RunOutcome, TestCounts};
use crate::report::summary::{count, headline, how_it_ended, is_good, is_open, length};
use crate::report::whose::Tally;
use crate::types::text::one_line;

/// The run as a whole.
pub(super) struct Run {
    pub(super) title: String,
    pub(super) headline: String,
    pub(super) mood: Mood,
    pub(super) about: Vec<String>,
    pub(super) reason: Vec<String>,
    pub(super) exit_status: u8,
    pub(super) server: String,
    pub(super) server_url: Option<String>,
    pub(super) pipeline: Option<String>,
    pub(super) pipeline_url: Option<String>,
    pub(super) written_at: Option<String>,
    pub(super) version: &'static str,
}

/// A build.
pub(super) struct Build {
    pub(super) anchor: String,
    pub(super) name: String,
    pub(super) number: Option<String>,
    pub(super) project: Option<String>,
    pub(super) mood: Mood,
    pub(super) word: String,
    pub(super) url: Option<String>,
    pub(super) status_text: Option<String>,
    pub(super) facts: Vec<Fact>,
    pub(super) tiles: Vec<Tile>,
    pub(super) test_bar: Vec<Part>,
    pub(super) tests_summary: String,
    pub(super) timeline: Option<Timeline>,
    pub(super) groups: Vec<Group>,
    pub(super) not_listed: Option<String>,
    pub(super) problems: Vec<ProblemView>,
    pub(super) changes: Vec<ChangeView>,
    pub(super) took: String,
    pub(super) comparison: Option<ComparisonView>,
}

/// A name and a value.
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) code: bool,
}

/// A number worth its own box.
pub(super) struct Tile {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) class: &'static str,
}

/// A part of the bar of tests.
pub(super) struct Part {
    pub(super) class: &'static str,
    pub(super) from: String,
    pub(super) width: String,
}

/// A change.
pub(super) struct ChangeView {
    pub(super) version: String,
    pub(super) author: String,
    pub(super) comment: String,
}

pub(super) fn run(outcome: &RunOutcome, context: &PageContext) -> Run {
    let headline = headline(outcome);
    let builds = &outcome.builds;
    let worst = builds
        .iter()
        .find(|build| !is_good(&build.ending) && !is_open(&build.ending));
    let worst = worst
        .or_else(|| builds.iter().find(|build| !is_good(&build.ending)))
        .or(builds.first());
    let mut about = Vec::new();
    if let [build] = builds.as_slice() {
        about.push(crate::report::summary::title(build, 200));
        about.extend(
            build
                .project
                .as_deref()
                .map(|project| one_line(project, 200)),
        );
    }
    about.extend(
        context
            .repository
            .as_deref()
            .map(|name| one_line(name, 200)),
    );
    about.extend(context.pipeline.commit.as_deref().map(short));
    let pipeline = context
        .pipeline
        .number
        .as_deref()
        .map(|number| format!("Pipeline #{}", one_line(number, 20)));
    Run {
        title: match builds.as_slice() {
            [build] => format!(
                "{}: {}",
                how_it_ended(outcome),
                crate::report::summary::title(build, 100)
            ),
            _ => headline.clone(),
        },
        mood: worst.map_or(Mood::Stopped, |build| Mood::of(&build.ending)),
        headline,
        about,
        reason: outcome
            .reason
            .iter()
            .flat_map(|reason| reason.lines())
            .map(|line| one_line(line, 500))
            .filter(|line| !line.is_empty())
            .collect(),
        exit_status: outcome.status.code(),
        server: one_line(&outcome.server_url, 200),
        server_url: address(&outcome.server_url),
        pipeline,
        pipeline_url: context.pipeline_url.as_deref().and_then(address),
        written_at: context.written_at.map(clock),
        version: env!("CARGO_PKG_VERSION"),
    }
}

pub(super) fn builds(outcome: &RunOutcome) -> Vec<Build> {
    outcome
        .builds
        .iter()
        .enumerate()
        .map(|(position, build)| self::build(build, position))
        .collect()
}

fn build(build: &BuildOutcome, position: usize) -> Build {
    let (waited, ran) = build.durations();
    Build {
        anchor: format!("build-{}", position.saturating_add(1)),
        name: one_line(&build.name, 200),
        number: build.number.as_deref().map(|number| one_line(number, 60)),
        project: build
            .project
            .as_deref()
            .map(|project| one_line(project, 200)),
        mood: Mood::of(&build.ending),
        word: build.ending.words().to_owned(),
        url: build.url.as_deref().and_then(address),
        status_text: build.status_text.as_deref().map(|text| one_line(text, 500)),
        facts: facts(build),
        tiles: tiles(build, waited.map(length), ran.map(length)),
        test_bar: build.tests.map(test_bar).unwrap_or_default(),
        tests_summary: build.tests.map(tests_summary).unwrap_or_default(),
        timeline: timeline(build),
        groups: groups(build),
        not_listed: not_listed(build),
        problems: build.problems.iter().map(problem).collect(),
        changes: build
            .changes
            .iter()
            .map(|change| ChangeView {
                version: short(&change.version),
                author: one_line(change.author.as_deref().unwrap_or("unknown"), 100),
                comment: one_line(change.comment.as_deref().unwrap_or_default(), 300),
            })
            .collect(),
        took: ran.map(length).unwrap_or_else(|| "–".to_owned()),
        comparison: comparison(build),
    }
}

fn facts(build: &BuildOutcome) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut fact = |name, value: Option<String>, code| {
        facts.extend(value.map(|value| Fact { name, value, code }));
    };
    fact(
        "Branch",
        build.branch.as_deref().map(|branch| one_line(branch, 200)),
        true,
    );
    fact("Commit", build.revision.as_deref().map(short), true);
    fact(
        "Configuration",
        Some(one_line(build.build_type.as_str(), 200)),
        true,
    );
    fact("Build id", build.id.map(|id| id.to_string()), true);
    fact(
        "Agent",
        build.agent.as_deref().map(|agent| one_line(agent, 100)),
        false,
    );
    fact("Queued", build.queued_at.map(clock), false);
    fact("Finished", build.finished_at.map(clock), false);
    if let Some(canceled) = &build.canceled {
        let by = one_line(canceled.by.as_deref().unwrap_or("TeamCity"), 100);
        let text = match canceled
            .comment
            .as_deref()
            .map(|text| one_line(text, 300))
            .filter(|text| !text.is_empty())
        {
            Some(comment) => format!("by {by}: {comment}"),
            None => format!("by {by}"),
        };
        fact("Canceled", Some(text), false);
    }
    for broken in &build.broken_off {
        let said = broken.said.as_deref().map(|said| one_line(said, 200));
        let said = said.map_or_else(String::new, |said| format!(" ({said})"));
        let text = format!(
            "by TeamCity, in the place of build {}, which was broken off{said}",
            broken.id
        );
        fact("Put back", Some(text), false);
    }
    if build.joined {
        fact(
            "Note",
            Some("not queued by this run, but joined".to_owned()),
            false,
        );
    }
    facts
}

fn tiles(build: &BuildOutcome, waited: Option<String>, ran: Option<String>) -> Vec<Tile> {
    let mut tiles = Vec::new();
    let mut tile = |value: String, label: &str, class| {
        tiles.push(Tile {
            value,
            label: label.to_owned(),
            class,
        })
    };
    if let Some(tests) = build.tests {
        let tally = Tally::of([build]);
        if tally.failed > 0 {
            let label = if tally.is_known() && tally.new > 0 {
                let least = if tally.is_cut { "at least " } else { "" };
                format!("failed, {least}{} new here", tally.new)
            } else {
                "failed".to_owned()
            };
            tile(tally.failed.to_string(), &label, "bad");
        }
        tile(tests.passed.to_string(), "passed", "good");
    }
    if !build.problems.is_empty() {
        let number = build.problems.len();
        tile(
            number.to_string(),
            if number == 1 { "problem" } else { "problems" },
            "bad",
        );
    }
    if let Some(ran) = ran {
        tile(ran, "running", "plain");
    }
    if let Some(waited) = waited {
        tile(waited, "in queue", "plain");
    }
    tiles
}

fn test_bar(tests: TestCounts) -> Vec<Part> {
    let all = [
        ("bad", tests.failed),
        ("muted", tests.muted),
        ("ignored", tests.ignored),
        ("good", tests.passed),
    ];
    let total: u64 = all.iter().map(|(_, number)| number).sum();
    let mut from = 0;
    let mut parts = Vec::new();
    for (class, number) in all {
        if number == 0 || total == 0 {
            continue;
        }
        // A single failure among thousands must still be seen.
        let width = u128::from(number)
            .saturating_mul(10_000)
            .checked_div(u128::from(total))
            .unwrap_or_default()
            .max(80)
            .min(10_000_u128.saturating_sub(from));
        parts.push(Part {
            class,
            from: hundredths(from),
            width: hundredths(width),
        });
        from = from.saturating_add(width);
    }
    parts
}

fn hundredths(number: u128) -> String {
    format!("{}.{:02}%", number / 100, number % 100)
}

fn tests_summary(tests: TestCounts) -> String {
    let mut parts = vec![count(tests.total, "test")];
    for (number, word) in [
        (tests.failed, "failed"),
        (tests.muted, "failed but muted"),
        (tests.ignored, "ignored"),
        (tests.passed, "passed"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    format!("{}: {}", parts.remove(0), parts.join(", "))
}

/// A commit in short; what is none stays as it is.
fn short(version: &str) -> String {
    match version.split_at_checked(12) {
        Some((short, _)) if version.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            short.to_owned()
        }
        _ => one_line(version, 60),
    }
}

fn clock(moment: Moment) -> String {
    moment.to_utc().format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
