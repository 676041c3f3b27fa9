//! How to follow builds, what to make of their results, and how to reach Bitbucket for that.

use std::path::PathBuf;
use std::time::Duration;

use super::connection::base_url;
use super::raw::{List, Raw};
use super::reader::Reader;
use super::settings::{Bitbucket, Follow, LogMode, Results};
use super::variables;
use crate::types::Credential;
use crate::types::Secret;

/// Pipelines cuts a step's log here.
const PIPELINES_LOG: u64 = 50_000_000;

fn default_text(variable: &'static str) -> &'static str {
    variables::find(variable)
        .and_then(|known| known.default)
        .unwrap_or_default()
}

fn duration(reader: &mut Reader, variable: &'static str, value: Option<String>) -> Duration {
    let value = value.unwrap_or_else(|| default_text(variable).to_owned());
    reader.duration(variable, &value).unwrap_or_default()
}

/// How long an unreachable server is retried.
pub(super) fn retry_for(reader: &mut Reader, raw: &mut Raw) -> Duration {
    duration(reader, "RETRY_FOR", raw.retry_for.take())
}

/// Whether each request is shown.
pub(super) fn debug(reader: &mut Reader, raw: &mut Raw) -> bool {
    reader.boolean("DEBUG", raw.debug.take(), false)
}

/// How to follow builds.
pub(super) fn follow(reader: &mut Reader, raw: &mut Raw) -> Follow {
    let zero = "write a time such as '45m'";
    let timeout_given = raw.timeout.clone();
    let timeout = duration(reader, "TIMEOUT", raw.timeout.take());
    if let (true, Some(text)) = (is_zero(timeout_given.as_deref()), &timeout_given) {
        reader.wrong("TIMEOUT", text, zero);
    }
    let queue_timeout = raw.queue_timeout.take().filter(|text| !is_none(text));
    if let (true, Some(text)) = (is_zero(queue_timeout.as_deref()), &queue_timeout) {
        reader.wrong("QUEUE_TIMEOUT", text, zero);
    }
    let limit = raw
        .log_limit
        .take()
        .unwrap_or_else(|| default_text("LOG_LIMIT").to_owned());
    let log_limit = reader.size("LOG_LIMIT", &limit).unwrap_or_default();
    if log_limit > PIPELINES_LOG {
        reader.warn(
            "LOG_LIMIT",
            "is more than the 50 MB at which Pipelines cuts a step's log",
        );
    }
    Follow {
        wait: reader.boolean("WAIT", raw.wait.take(), true),
        timeout,
        queue_timeout: queue_timeout.and_then(|text| reader.duration("QUEUE_TIMEOUT", &text)),
        fail_fast: reader.boolean("FAIL_FAST", raw.fail_fast.take(), false),
        cancel_on_stop: reader.boolean("CANCEL_ON_STOP", raw.cancel_on_stop.take(), true),
        log: reader.choice(
            "LOG",
            raw.log.take(),
            LogMode::Stream,
            &[
                ("stream", LogMode::Stream),
                ("failed", LogMode::Failed),
                ("none", LogMode::None),
            ],
        ),
        log_limit,
        debug: debug(reader, raw),
    }
}

fn is_zero(text: Option<&str>) -> bool {
    text.and_then(|text| humantime::parse_duration(text.trim()).ok())
        .is_some_and(|duration| duration.is_zero())
}

fn is_none(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("none")
}

/// What to make of the results.
pub(super) fn results(reader: &mut Reader, raw: &mut Raw, has_credential: bool) -> Results {
    let build_status_given = raw.build_status.is_some();
    let build_status = reader.boolean("BUILD_STATUS", raw.build_status.take(), has_credential);
    if build_status_given && build_status && !has_credential {
        reader.problem(
            "BUILD_STATUS",
            "is asked for, and there is no Bitbucket credential",
            "pass ATLASSIAN_ACCOUNT_EMAIL and ATLASSIAN_API_TOKEN, or BITBUCKET_ACCESS_TOKEN",
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
        artifacts_dir: PathBuf::from(artifacts_dir.trim()),
        test_reports: reader.boolean("TEST_REPORTS", raw.test_reports.take(), true),
        code_insights: reader.boolean("CODE_INSIGHTS", raw.code_insights.take(), true),
        build_status,
        report_file: (!is_none(&report_file)).then(|| PathBuf::from(report_file.trim())),
        output_variables: reader.boolean("OUTPUT_VARIABLES", raw.output_variables.take(), false),
    }
}

fn artifacts(reader: &mut Reader, list: Option<List>) -> Vec<String> {
    let mut patterns = Vec::new();
    for item in list.unwrap_or_default().0 {
        let pattern = item.trim();
        let how = if pattern.contains("=>") {
            Some("write the path alone: a target is given by ARTIFACTS_DIR")
        } else if pattern.contains('\\') {
            Some("write '/' between folders")
        } else if pattern.starts_with('/') {
            Some("write the path from the artifacts' root, without '/' at its beginning")
        } else if pattern.split('/').any(|part| part == "..") {
            Some("leave out '..': the path starts at the artifacts' root")
        } else if !is_balanced(pattern) {
            Some("close each '[' and '{'")
        } else if pattern.contains(char::is_control) {
            Some("write one pattern on each line")
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
            '{' if !in_class => braces += 1,
            '}' if !in_class => match braces.checked_sub(1) {
                Some(left) => braces = left,
                None => return false,
            },
            _ => {}
        }
    }
    braces == 0 && !in_class
}

/// How to reach Bitbucket.
pub(super) fn bitbucket(reader: &mut Reader, raw: &mut Raw) -> Option<Bitbucket> {
    let credential = credential(reader, raw);
    let mut url = |variable: &'static str, value: Option<String>| {
        let value = value.unwrap_or_else(|| default_text(variable).to_owned());
        base_url(reader, variable, &value)
    };
    let api_url = url("BITBUCKET_API_URL", raw.bitbucket_api_url.take());
    let proxy_url = url("BITBUCKET_PROXY_URL", raw.bitbucket_proxy_url.take());
    Some(Bitbucket {
        credential,
        api_url: api_url?,
        proxy_url: proxy_url?,
    })
}

fn credential(reader: &mut Reader, raw: &mut Raw) -> Option<Credential> {
    const EMAIL: &str = "ATLASSIAN_ACCOUNT_EMAIL";
    const API_TOKEN: &str = "ATLASSIAN_API_TOKEN";
    let mut secret = |variable: &str, value: Option<String>| {
        let value = value?;
        let value = value.trim();
        if value.contains(char::is_whitespace) || !value.is_ascii() {
            reader.problem(
                variable,
                "holds a space or a line break",
                "store the token's text alone",
            );
            return None;
        }
        Some(Secret::new(value))
    };
    let (has_email, has_token) = (
        raw.atlassian_account_email.is_some(),
        raw.atlassian_api_token.is_some(),
    );
    let api_token = secret(API_TOKEN, raw.atlassian_api_token.take());
    let bearer = secret("BITBUCKET_ACCESS_TOKEN", raw.bitbucket_access_token.take());
    let email = raw.atlassian_account_email.take();
    if bearer.is_none() && has_email != has_token {
        let (given, lacking) = if has_email {
            (EMAIL, API_TOKEN)
        } else {
            (API_TOKEN, EMAIL)
        };
        reader.problem(
            lacking,
            format!("is missing beside {given}"),
            "pass both, or neither",
        );
    }
    // Not shown: a token may stand here by mistake.
    let is_address =
        |text: &String| text.contains('@') && !text.trim().contains(char::is_whitespace);
    if email.as_ref().is_some_and(|text| !is_address(text)) {
        reader.problem(
            EMAIL,
            "is no e-mail address",
            "write the account's e-mail address",
        );
    }
    match (email, api_token, bearer) {
        (Some(email), Some(token), _) => Some(Credential::Basic {
            email: email.trim().to_owned(),
            token,
        }),
        (_, _, Some(token)) => Some(Credential::Bearer(token)),
        _ => None,
    }
}
