//! Code Insights: reports and annotations, with their limits.

use std::collections::HashSet;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use super::answer::{Answer, error, page, report_error};
use super::{Report, Repository, Seen};

const MOST_ANNOTATIONS: usize = 1000;
const ANNOTATIONS_A_CALL: usize = 100;
const LONGEST_SUMMARY: usize = 450;
const LONGEST_TITLE: usize = 450;
const LONGEST_DETAILS: usize = 2000;
const MOST_DATA: usize = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReportBody {
    title: String,
    details: String,
    external_id: Option<String>,
    reporter: Option<String>,
    link: Option<String>,
    #[serde(rename = "logo_url")]
    _logo_url: Option<String>,
    #[serde(rename = "remote_link_enabled")]
    _remote_link_enabled: Option<bool>,
    report_type: String,
    result: Option<String>,
    #[serde(default)]
    data: Vec<Data>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    title: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    value: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Annotation {
    external_id: String,
    annotation_type: String,
    summary: String,
    details: Option<String>,
    path: Option<String>,
    line: Option<u32>,
    result: Option<String>,
    severity: Option<String>,
    link: Option<String>,
}

pub(super) fn answer(
    repository: &mut Repository,
    commit: &str,
    seen: &Seen,
    rest: &[&str],
    body: &Bytes,
    now: &str,
) -> Answer {
    match (seen.method.as_str(), rest) {
        ("GET", []) => {
            let of_commit = repository
                .reports
                .iter()
                .filter(|((of, _), _)| of == commit);
            let all: Vec<_> = of_commit.map(|((_, id), report)| report.show(id)).collect();
            page(&all, seen)
        }
        ("PUT", [id]) => put(repository, commit, id, body, now),
        (method, [id, rest @ ..]) => {
            let key = (commit.to_owned(), (*id).to_owned());
            let Some(report) = repository.reports.get_mut(&key) else {
                return error(404, "Report not found");
            };
            match (method, rest) {
                ("GET", []) => Answer::json(200, report.show(id)),
                ("DELETE", []) => {
                    repository.reports.remove(&key);
                    Answer::empty(204)
                }
                ("GET", ["annotations"]) => {
                    let all: Vec<_> = report.annotations.values().cloned().collect();
                    page(&all, seen)
                }
                ("POST", ["annotations"]) => annotate(report, body),
                ("GET", ["annotations", id]) => match report.annotations.get(*id) {
                    Some(annotation) => Answer::json(200, annotation.clone()),
                    None => error(404, "Annotation not found"),
                },
                ("DELETE", ["annotations", id]) => match report.annotations.remove(*id) {
                    Some(_) => Answer::empty(204),
                    None => error(404, "Annotation not found"),
                },
                _ => error(405, "Method not allowed"),
            }
        }
        _ => error(405, "Method not allowed"),
    }
}

impl Report {
    /// As the API gives it.
    pub(super) fn show(&self, id: &str) -> Value {
        let mut shown = self.body.clone();
        shown["type"] = "report".into();
        shown["external_id"] = id.into();
        shown["created_on"] = self.created.clone().into();
        shown["updated_on"] = self.updated.clone().into();
        shown
    }
}

fn put(repository: &mut Repository, commit: &str, id: &str, body: &Bytes, now: &str) -> Answer {
    let (report, json) = match (
        serde_json::from_slice::<ReportBody>(body),
        serde_json::from_slice(body),
    ) {
        (Ok(report), Ok(json)) => (report, json),
        (Err(error), _) | (_, Err(error)) => return report_error(&error.to_string()),
    };
    if let Err(wrong) = check_report(&report, id) {
        return report_error(&wrong);
    }
    let stored: &mut Report = repository
        .reports
        .entry((commit.to_owned(), id.to_owned()))
        .or_default();
    stored.body = json;
    now.clone_into(&mut stored.updated);
    if stored.created.is_empty() {
        now.clone_into(&mut stored.created);
    }
    Answer::json(200, stored.show(id))
}

fn check_report(report: &ReportBody, id: &str) -> Result<(), String> {
    one_of(
        "report_type",
        Some(&report.report_type),
        &["SECURITY", "COVERAGE", "TEST", "BUG"],
    )?;
    one_of(
        "result",
        report.result.as_ref(),
        &["PASSED", "FAILED", "PENDING"],
    )?;
    link(report.link.as_ref())?;
    if report.title.is_empty()
        || report.details.is_empty()
        || report.reporter.as_ref().is_some_and(String::is_empty)
    {
        return Err("The title, details and reporter fields cannot be empty.".to_owned());
    }
    longest("title", Some(&report.title), LONGEST_TITLE)?;
    longest("details", Some(&report.details), LONGEST_DETAILS)?;
    if report.external_id.as_ref().is_some_and(|given| given != id) {
        return Err("The external_id does not match the path.".to_owned());
    }
    if report.data.len() > MOST_DATA {
        return Err("The data field cannot contain more than 10 elements.".to_owned());
    }
    for data in &report.data {
        let good = match data.kind.as_deref() {
            Some("BOOLEAN") => data.value.is_boolean(),
            Some("DATE" | "DURATION" | "NUMBER") => data.value.is_u64(),
            Some("PERCENTAGE") => data
                .value
                .as_f64()
                .is_some_and(|value| (0.0..=100.0).contains(&value)),
            Some("TEXT") => data.value.is_string(),
            Some("LINK") => {
                data.value.get("text").is_some_and(Value::is_string)
                    && data.value.get("href").is_some_and(Value::is_string)
            }
            Some(_) => false,
            None => true,
        };
        if !good || data.title.is_empty() {
            return Err(format!("The data element {:?} is not valid.", data.title));
        }
    }
    Ok(())
}

fn annotate(report: &mut Report, body: &Bytes) -> Answer {
    let (annotations, json) = match (
        serde_json::from_slice::<Vec<Annotation>>(body),
        serde_json::from_slice::<Vec<Value>>(body),
    ) {
        (Ok(annotations), Ok(json)) => (annotations, json),
        (Err(error), _) | (_, Err(error)) => return report_error(&error.to_string()),
    };
    if annotations.is_empty() || annotations.len() > ANNOTATIONS_A_CALL {
        return report_error("The number of annotations must be between 1 and 100.");
    }
    let mut ids = HashSet::new();
    for annotation in &annotations {
        if !ids.insert(&annotation.external_id) {
            return report_error("The external_id of each annotation must be unique.");
        }
        if let Err(wrong) = check_annotation(annotation) {
            return report_error(&wrong);
        }
    }
    let new = ids
        .iter()
        .filter(|id| !report.annotations.contains_key(id.as_str()))
        .count();
    if report.annotations.len() + new > MOST_ANNOTATIONS {
        return report_error("A report cannot have more than 1000 annotations.");
    }
    for (annotation, json) in annotations.into_iter().zip(&json) {
        report
            .annotations
            .insert(annotation.external_id, json.clone());
    }
    Answer::json(200, Value::Array(json))
}

fn check_annotation(annotation: &Annotation) -> Result<(), String> {
    one_of(
        "annotation_type",
        Some(&annotation.annotation_type),
        &["VULNERABILITY", "CODE_SMELL", "BUG"],
    )?;
    one_of(
        "result",
        annotation.result.as_ref(),
        &["PASSED", "FAILED", "SKIPPED", "IGNORED"],
    )?;
    one_of(
        "severity",
        annotation.severity.as_ref(),
        &["CRITICAL", "HIGH", "MEDIUM", "LOW"],
    )?;
    link(annotation.link.as_ref())?;
    if annotation.summary.trim().is_empty() {
        return Err("The summary field cannot be empty.".to_owned());
    }
    longest("summary", Some(&annotation.summary), LONGEST_SUMMARY)?;
    longest("details", annotation.details.as_ref(), LONGEST_DETAILS)?;
    if annotation.external_id.is_empty() || annotation.line == Some(0) {
        return Err("The annotation is not valid.".to_owned());
    }
    if annotation
        .path
        .as_ref()
        .is_some_and(|path| path.is_empty() || path.starts_with('/'))
    {
        return Err("The path must be relative to the repository.".to_owned());
    }
    Ok(())
}

fn longest(field: &str, text: Option<&String>, most: usize) -> Result<(), String> {
    match text {
        Some(text) if text.chars().count() > most => Err(format!(
            "The {field} field cannot contain more than {most} characters."
        )),
        _ => Ok(()),
    }
}

fn one_of(field: &str, value: Option<&String>, known: &[&str]) -> Result<(), String> {
    match value {
        Some(value) if !known.contains(&value.as_str()) => {
            Err(format!("The {field} field cannot be {value}."))
        }
        _ => Ok(()),
    }
}

fn link(value: Option<&String>) -> Result<(), String> {
    match value {
        Some(value) if !(value.starts_with("https://") || value.starts_with("http://")) => {
            Err("The link field must be a URL.".to_owned())
        }
        _ => Ok(()),
    }
}
