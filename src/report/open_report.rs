//! A report that waits for its end: which builds it is about, and how it ends without the step that opened it.

use super::insights::{BUILDS, LONGEST_DETAILS, PREFIX, REPORTER};
use super::summary::at_a_word;
use crate::bitbucket::model::{DataValue, Report, ReportResult};
use crate::teamcity::page::BuildPage;
use crate::types::BuildId;

/// Whether a report is this pipe's.
pub fn is_ours(report: &Report) -> bool {
    report.external_id.starts_with(PREFIX) && report.reporter == REPORTER
}

/// Whether a report waits for its end.
pub fn is_open(report: &Report) -> bool {
    report.result == ReportResult::Pending
}

/// The builds that an open report waits for, on the server that is called so.
pub fn builds_of(report: &Report, server: &str) -> Vec<BuildId> {
    let mut found = Vec::new();
    for data in &report.data {
        if let DataValue::Link { href, .. } = &data.value
            && let Some(page) = BuildPage::of(href).filter(|page| page.server == server)
            && !found.contains(&page.build)
        {
            found.push(page.build);
        }
    }
    // The server is that of the links: a report has builds of one.
    let line = report
        .details
        .lines()
        .find_map(|line| line.strip_prefix(BUILDS));
    for id in line.iter().flat_map(|line| line.split(',')) {
        match id.parse() {
            Ok(id) if !found.is_empty() && !found.contains(&id) => found.push(id),
            _ => {}
        }
    }
    found
}

/// An open report, as it ends without the step that opened it.
pub fn ended(open: &Report, passed: bool, text: &str) -> Report {
    Report {
        details: at_a_word(text, LONGEST_DETAILS),
        result: if passed {
            ReportResult::Passed
        } else {
            ReportResult::Failed
        },
        ..open.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::super::insights::pending;
    use super::*;
    use crate::outcome::QueuedBuild;

    #[test]
    fn an_open_report_names_all_its_builds_and_ends_as_they_do() {
        let queued: Vec<_> = (1..=30)
            .map(|number| QueuedBuild {
                build: 0,
                of: 30,
                id: BuildId(number),
                build_type: "A".into(),
                name: "A".into(),
                url: Some(format!(
                    "https://tc.example.com/viewQueued.html?itemId={number}"
                )),
                branch: None,
                revision: None,
                joined: None,
            })
            .collect();
        let server = "tc.example.com:443/";
        let report = pending("https://tc.example.com", Some("2"), &queued);
        assert!(
            is_ours(&report) && report.title.ends_with("(2)"),
            "{report:?}"
        );
        let mut named = builds_of(&report, server);
        named.sort();
        assert_eq!(named, (1..=30).map(BuildId).collect::<Vec<_>>());
        assert!(builds_of(&report, "other.example.com:443/").is_empty());
        let read: Report = serde_json::from_value(serde_json::to_value(&report).unwrap()).unwrap();
        assert_eq!(read, report);
        let end = ended(&report, false, "canceled");
        assert_eq!(
            (end.result, end.external_id),
            (ReportResult::Failed, report.external_id)
        );
    }
}
