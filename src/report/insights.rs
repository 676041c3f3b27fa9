//! The Code Insights report on the commit: one a run.

use std::time::Duration;

use super::comparison::facts;
use super::summary::{self, at_a_word, count, headline, is_good, title};
use super::whose::Tally;
use crate::bitbucket::model::{Data, DataValue, Report, ReportResult, ReportType};
use crate::exit::ExitStatus;
use crate::outcome::{BuildOutcome, Quantity, QueuedBuild, RunOutcome, labeled};
use crate::types::hash;
use crate::types::text::one_line;

/// Who reports.
pub(super) const REPORTER: &str = "TeamCity";
/// Longest title, in characters.
const LONGEST_TITLE: usize = 120;
/// Longest details, in characters.
pub(super) const LONGEST_DETAILS: usize = 1_000;

/// Most facts, as Bitbucket has it.
const MOST_DATA: usize = 10;
/// What gives way to others, the first first. The report has a link of its own.
const LEAST: [&str; 3] = ["Time in queue", "Ignored or muted tests", "In TeamCity"];

/// How the ids of this pipe's reports begin.
pub(super) const PREFIX: &str = "teamcity-";
/// Begins the line of details that names the builds of an open report: its data have room for ten.
pub(super) const BUILDS: &str = "Builds: ";

/// The report's id: the same for each run of the same configurations with the same label, so that a later one replaces it.
fn id<'a>(
    server_url: &str,
    label: Option<&str>,
    build_types: impl IntoIterator<Item = &'a str>,
) -> String {
    let mut parts = vec![server_url.to_owned()];
    parts.extend(build_types.into_iter().map(ToOwned::to_owned));
    // Without one it is the id of version 0.1.0.
    parts.extend(label.map(|label| format!("LABEL {label}")));
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    format!("{PREFIX}{}", hash::hex(&parts, 31))
}

/// The id of a run's report.
pub fn id_of(outcome: &RunOutcome) -> String {
    let build_types = outcome.builds.iter().map(|build| build.build_type.as_str());
    id(&outcome.server_url, outcome.label.as_deref(), build_types)
}

/// The report while builds are queued and running.
pub fn pending(server_url: &str, label: Option<&str>, builds: &[QueuedBuild]) -> Report {
    let names: Vec<_> = builds
        .iter()
        .map(|build| one_line(&build.name, 100))
        .collect();
    let mut data = Vec::new();
    for build in builds.iter().take(10) {
        data.extend(link(
            &format!("Build {}", build.id),
            &one_line(&build.name, 80),
            build.url.as_deref(),
        ));
    }
    Report {
        title: headed(&names, label),
        details: at_a_word_of_a_list(&format!(
            "{} in TeamCity, not finished yet.\n{BUILDS}{}",
            count(number(builds.len()), "build"),
            builds
                .iter()
                .map(|build| build.id.to_string())
                .collect::<Vec<_>>()
                .join(",")
        )),
        external_id: id(
            server_url,
            label,
            builds.iter().map(|build| build.build_type.as_str()),
        ),
        reporter: REPORTER.to_owned(),
        link: builds.iter().find_map(|build| web(build.url.as_deref()?)),
        report_type: ReportType::Test,
        result: ReportResult::Pending,
        data,
    }
}

/// The title, in which the label has its place whatever the names are.
fn headed(names: &[String], label: Option<&str>) -> String {
    let label = label.map(|label| one_line(label, 60));
    let room = label.as_ref().map_or(LONGEST_TITLE, |label| {
        LONGEST_TITLE.saturating_sub(label.chars().count().saturating_add(3))
    });
    let names = at_a_word(&format!("TeamCity: {}", names.join(", ")), room);
    labeled(&names, label.as_deref())
}

/// Cut between two ids.
fn at_a_word_of_a_list(text: &str) -> String {
    if text.chars().count() <= LONGEST_DETAILS {
        return text.to_owned();
    }
    let cut: String = text.chars().take(LONGEST_DETAILS).collect();
    cut.rsplit_once(',')
        .map_or(cut.clone(), |(kept, _)| kept.to_owned())
}

/// The report of what came of the run.
pub fn finished(outcome: &RunOutcome) -> Report {
    let builds = &outcome.builds;
    let names: Vec<_> = builds
        .iter()
        .map(|build| one_line(&build.name, 100))
        .collect();
    let result = if builds
        .iter()
        .any(|build| !is_good(&build.ending) && !summary::is_open(&build.ending))
        || builds.is_empty()
    {
        ReportResult::Failed
    } else if builds.iter().all(|build| is_good(&build.ending)) {
        ReportResult::Passed
    } else if outcome.status == ExitStatus::Success {
        ReportResult::Pending
    } else {
        // Nobody who waits for the rest would end it.
        ReportResult::Failed
    };
    // Of several, the one that somebody has to look at.
    let main = builds
        .iter()
        .find(|build| !is_good(&build.ending))
        .or(builds.first());
    Report {
        title: headed(&names, outcome.label.as_deref()),
        details: details(outcome),
        external_id: id_of(outcome),
        reporter: REPORTER.to_owned(),
        link: main.and_then(|build| web(build.url.as_deref()?)),
        report_type: ReportType::Test,
        result,
        data: data(builds, main),
    }
}

fn details(outcome: &RunOutcome) -> String {
    let mut lines = vec![format!("{}.", headline(outcome))];
    lines.extend(outcome.reason.as_ref().map(|reason| at_a_word(reason, 300)));
    for build in outcome.builds.iter().take(10) {
        let text = build
            .status_text
            .as_deref()
            .unwrap_or_else(|| build.ending.words());
        lines.push(format!("{}: {}", title(build, 80), at_a_word(text, 200)));
        let listed = number(build.failed_tests.len());
        let failed = Tally::of([build]).failed;
        if failed > listed && listed > 0 {
            lines.push(format!(
                "Annotations show the first {listed} of {failed} failed tests."
            ));
        }
    }
    let mut text = String::new();
    for line in lines {
        if text.chars().chain(line.chars()).count() >= LONGEST_DETAILS {
            break;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&line);
    }
    text
}

/// At most ten facts: what failed comes first.
fn data(builds: &[BuildOutcome], main: Option<&BuildOutcome>) -> Vec<Data> {
    let fact = |title: &str, value: DataValue| Data {
        title: title.to_owned(),
        value,
    };
    let mut data = Vec::new();
    if builds.len() > 1 {
        let good = builds.iter().filter(|build| is_good(&build.ending)).count();
        data.push(fact(
            "Builds",
            DataValue::Text(format!("{good} of {} succeeded", builds.len())),
        ));
    }
    let counts: Vec<_> = builds.iter().filter_map(|build| build.tests).collect();
    let tally = Tally::of(builds);
    if !counts.is_empty() || tally.failed > 0 {
        let skipped = counts
            .iter()
            .map(|tests| tests.ignored.saturating_add(tests.muted))
            .fold(0, u64::saturating_add);
        data.push(fact("Failed tests", DataValue::Number(tally.failed)));
        if tally.is_known() {
            data.push(fact("New here", DataValue::Number(tally.new)));
        }
        data.push(fact(
            "Passed tests",
            DataValue::Number(counts.iter().map(|tests| tests.passed).sum()),
        ));
        if skipped > 0 {
            data.push(fact("Ignored or muted tests", DataValue::Number(skipped)));
        }
    }
    let problems = number(builds.iter().map(|build| build.problems.len()).sum());
    if problems > 0 {
        data.push(fact("Build problems", DataValue::Number(problems)));
    }
    // Builds run side by side: what the user waits for is the longest.
    let longest =
        |pick: fn(&BuildOutcome) -> Option<Duration>| builds.iter().filter_map(pick).max();
    // Of several, each has another build beside it.
    let compared = match builds {
        [build] => build.comparison.as_ref(),
        _ => None,
    };
    let duration = compared.and_then(|all| all.row(Quantity::Duration));
    if let (None, Some(time)) = (duration, longest(|build| build.durations().1)) {
        data.push(fact("Duration", DataValue::Duration(milliseconds(time))));
    }
    for (title, text) in compared.map(facts).unwrap_or_default() {
        data.push(fact(title, DataValue::Text(text)));
    }
    if let Some(time) = longest(|build| build.durations().0) {
        data.push(fact(
            "Time in queue",
            DataValue::Duration(milliseconds(time)),
        ));
    }
    if let Some(build) = main {
        data.extend(link("In TeamCity", &title(build, 80), build.url.as_deref()));
    }
    if let Some(with) = compared.map(|all| &all.with) {
        let name = one_line(&with.name, 80);
        data.extend(link("Compared with", &name, with.url.as_deref()));
    }
    for title in LEAST {
        if data.len() > MOST_DATA {
            data.retain(|one| one.title != title);
        }
    }
    data
}

fn link(title: &str, text: &str, url: Option<&str>) -> Option<Data> {
    let href = web(url?)?;
    let value = DataValue::Link {
        text: text.to_owned(),
        href,
    };
    Some(Data {
        title: title.to_owned(),
        value,
    })
}

/// The address, if a browser may be sent there.
pub(super) fn web(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let good =
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty();
    good.then(|| url.to_string())
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Ending;
    use crate::report::summary::sample;
    use crate::types::BuildId;

    fn json(report: &Report) -> String {
        serde_json::to_string_pretty(report).unwrap()
    }

    #[test]
    fn a_failed_run() {
        insta::assert_snapshot!(json(&finished(&sample::failed_run())));
    }

    #[test]
    fn a_good_run_of_two_builds() {
        insta::assert_snapshot!(json(&finished(&sample::good_run())));
    }

    #[test]
    fn while_the_build_is_queued() {
        let queued = QueuedBuild {
            build: 0,
            of: 1,
            id: BuildId(4711),
            build_type: "Shop_Deploy".into(),
            name: "Shop / Deploy to staging".into(),
            url: Some("https://tc.example.com/buildConfiguration/Shop_Deploy/4711".into()),
            branch: None,
            revision: None,
            joined: None,
        };
        let report = pending("https://tc.example.com", None, &[queued]);
        assert_eq!(
            report.external_id,
            finished(&sample::failed_run()).external_id
        );
        insta::assert_snapshot!(json(&report));
    }

    #[test]
    fn keeps_the_limits_whatever_the_builds_are() {
        let mut outcome = sample::hostile_run();
        let build = outcome.builds[0].clone();
        outcome.builds = vec![build; 40];
        let report = finished(&outcome);
        assert!(report.data.len() <= 10);
        assert!(report.title.chars().count() <= LONGEST_TITLE);
        assert!(report.details.chars().count() <= LONGEST_DETAILS);
        assert_eq!(report.link, None);
    }

    #[test]
    fn is_pending_only_while_all_may_still_be_well() {
        let result = |endings: &[Ending]| {
            let mut outcome = sample::good_run();
            outcome.builds = endings
                .iter()
                .map(|ending| sample::build("A", ending.clone()))
                .collect();
            finished(&outcome).result
        };
        assert_eq!(
            result(&[Ending::Success, Ending::Queued]),
            ReportResult::Pending
        );
        assert_eq!(
            result(&[Ending::Failure, Ending::Queued]),
            ReportResult::Failed
        );
        assert_eq!(result(&[Ending::Canceled]), ReportResult::Failed);
        assert_eq!(result(&[]), ReportResult::Failed);
    }
}
