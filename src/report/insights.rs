//! The Code Insights report on the commit: one a run.

use std::time::Duration;

use super::whose::Tally;
use super::summary::{at_a_word, count, headline, is_good, is_open, title};
use crate::bitbucket::model::{Data, DataValue, Report, ReportResult, ReportType};
use crate::outcome::QueuedBuild;
use crate::outcome::{BuildOutcome, RunOutcome};
use crate::types::hash;
use crate::types::text::one_line;

/// Longest title, in characters.
const LONGEST_TITLE: usize = 120;
/// Longest details, in characters.
const LONGEST_DETAILS: usize = 1_000;

/// The report's id: the same for each run of the same configurations, so that a later one replaces it.
pub fn id<'a>(server_url: &'a str, build_types: impl IntoIterator<Item = &'a str>) -> String {
    let mut parts = vec![server_url];
    parts.extend(build_types);
    format!("teamcity-{}", hash::hex(&parts, 31))
}

/// The report while builds are queued and running.
pub fn pending(server_url: &str, builds: &[QueuedBuild]) -> Report {
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
        title: at_a_word(&format!("TeamCity: {}", names.join(", ")), LONGEST_TITLE),
        details: format!(
            "{} in TeamCity, not finished yet.",
            count(number(builds.len()), "build")
        ),
        external_id: id(
            server_url,
            builds.iter().map(|build| build.build_type.as_str()),
        ),
        reporter: "TeamCity".to_owned(),
        link: builds.iter().find_map(|build| web(build.url.as_deref()?)),
        report_type: ReportType::Test,
        result: ReportResult::Pending,
        data,
    }
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
        .any(|build| !is_good(&build.ending) && !is_open(&build.ending))
        || builds.is_empty()
    {
        ReportResult::Failed
    } else if builds.iter().all(|build| is_good(&build.ending)) {
        ReportResult::Passed
    } else {
        ReportResult::Pending
    };
    // Of several, the one that somebody has to look at.
    let main = builds
        .iter()
        .find(|build| !is_good(&build.ending))
        .or(builds.first());
    Report {
        title: at_a_word(&format!("TeamCity: {}", names.join(", ")), LONGEST_TITLE),
        details: details(outcome),
        external_id: id(
            &outcome.server_url,
            builds.iter().map(|build| build.build_type.as_str()),
        ),
        reporter: "TeamCity".to_owned(),
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
        if text.chars().count() + line.chars().count() >= LONGEST_DETAILS {
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
        let skipped = counts.iter().map(|tests| tests.ignored + tests.muted).sum();
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
    if let Some(time) = longest(|build| build.durations().1) {
        data.push(fact("Duration", DataValue::Duration(milliseconds(time))));
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
        let report = pending("https://tc.example.com", &[queued]);
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
