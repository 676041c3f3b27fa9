//! What to make of the results.

use std::path::PathBuf;

use super::defaults::{default_text, is_none};
use super::pipelines::Pipeline;
use super::raw::{List, Raw};
use super::reader::Reader;
use super::settings::Results;

/// Longest label, in characters: names of statuses have room for it.
const LONGEST_LABEL: usize = 50;

/// What to make of the results, by a step that waits for them or not.
pub(super) fn results(
    reader: &mut Reader,
    raw: &mut Raw,
    pipeline: &Pipeline,
    has_credential: bool,
    waits: bool,
) -> Results {
    let build_status_given = raw.build_status.is_some();
    let by_default = has_credential && waits;
    let build_status = reader.boolean("BUILD_STATUS", raw.build_status.take(), by_default);
    if build_status_given && build_status && !has_credential {
        reader.problem(
            "BUILD_STATUS",
            "needs a Bitbucket credential, and there is none",
            "Pass ATLASSIAN_ACCOUNT_EMAIL and ATLASSIAN_API_TOKEN, or BITBUCKET_ACCESS_TOKEN.",
        );
    }
    let report_file = raw
        .report_file
        .take()
        .unwrap_or_else(|| default_text("REPORT_FILE").to_owned());
    let artifacts_dir = raw
        .artifacts_dir
        .take()
        .unwrap_or_else(|| default_text("ARTIFACTS_DIR").to_owned());
    Results {
        artifacts: artifacts(reader, raw.artifacts.take()),
        artifacts_required: reader.boolean(
            "ARTIFACTS_REQUIRED",
            raw.artifacts_required.take(),
            false,
        ),
        artifacts_dir: PathBuf::from(artifacts_dir.trim()),
        test_reports: reader.boolean("TEST_REPORTS", raw.test_reports.take(), true),
        // Nobody would end the report of a build that nobody waits for.
        code_insights: reader.boolean("CODE_INSIGHTS", raw.code_insights.take(), true)
            && (waits || build_status),
        build_status,
        build_status_given,
        label: label(reader, raw.label.take(), pipeline),
        report_file: (!is_none(&report_file)).then(|| PathBuf::from(report_file.trim())),
        output_variables: reader.boolean("OUTPUT_VARIABLES", raw.output_variables.take(), false),
    }
}

fn label(reader: &mut Reader, given: Option<String>, pipeline: &Pipeline) -> Option<String> {
    let Some(given) = given else {
        return pipeline.parallel_step.map(|number| number.to_string());
    };
    let label = given.trim();
    if label.contains(char::is_control) || label.chars().count() > LONGEST_LABEL {
        reader.wrong("LABEL", label, "Write at most 50 characters on one line.");
    }
    Some(label.to_owned())
}

fn artifacts(reader: &mut Reader, list: Option<List>) -> Vec<String> {
    let mut patterns = Vec::new();
    for item in list.unwrap_or_default().0 {
        let pattern = item.trim();
        let how = if pattern.contains("=>") {
            Some("Write only the path. ARTIFACTS_DIR sets the target directory.")
        } else if pattern.contains('\\') {
            Some("Write '/' between folders.")
        } else if pattern.starts_with('/') {
            Some("Write the path without '/' at its beginning.")
        } else if pattern.split('/').any(|part| part == "..") {
            Some("Remove '..': the path starts at the root of the artifacts.")
        } else if !is_balanced(pattern) {
            Some("Close each '[' and '{'.")
        } else if pattern.contains(char::is_control) {
            Some("Write one pattern on each line.")
        } else {
            None
        };
        match how {
            Some(how) => reader.wrong("ARTIFACTS", pattern, how),
            None => patterns.push(pattern.to_owned()),
        }
    }
    patterns
}

/// Whether each bracket and brace of a pattern is closed.
fn is_balanced(pattern: &str) -> bool {
    let mut braces = 0_u32;
    let mut in_class = false;
    for character in pattern.chars() {
        match character {
            '[' if !in_class => in_class = true,
            ']' if in_class => in_class = false,
            '{' if !in_class => braces = braces.saturating_add(1),
            '}' if !in_class => match braces.checked_sub(1) {
                Some(left) => braces = left,
                None => return false,
            },
            _ => {}
        }
    }
    braces == 0 && !in_class
}
