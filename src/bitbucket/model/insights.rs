//! Code Insights: a report on a commit, and its annotations.

use serde::{Deserialize, Serialize};

/// A report.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Report {
    /// Headline.
    pub title: String,
    /// What it says.
    pub details: String,
    /// The caller's own id, unique on the commit; also in the path.
    pub external_id: String,
    /// Who reports.
    #[serde(default)]
    pub reporter: String,
    /// Where to read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Of what it is.
    pub report_type: ReportType,
    /// What came of it.
    pub result: ReportResult,
    /// At most ten numbers and facts.
    #[serde(default)]
    pub data: Vec<Data>,
}

/// Of what a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReportType {
    /// Tests.
    Test,
}

/// What came of what a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReportResult {
    /// Good.
    Passed,
    /// Bad.
    Failed,
    /// Not known yet.
    Pending,
}

/// A number or fact of a report.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Data {
    /// What it is.
    pub title: String,
    /// The value, with its type.
    #[serde(flatten)]
    pub value: DataValue,
}

/// A value, with its type.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(tag = "type", content = "value", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DataValue {
    /// A number.
    Number(u64),
    /// A length of time in milliseconds.
    Duration(u64),
    /// A link.
    Link {
        /// Its text.
        text: String,
        /// Where to.
        href: String,
    },
    /// Words.
    Text(String),
}

/// An annotation of a report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Annotation {
    /// The caller's own id, unique in the report.
    pub external_id: String,
    /// Of what it is.
    pub annotation_type: AnnotationType,
    /// One line of at most 450 characters; never empty.
    pub summary: String,
    /// More.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// A file of the repository; shown with the report alone where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// A line of the file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What came of it.
    pub result: Outcome,
    /// How bad.
    pub severity: Severity,
    /// Where to read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// Of what an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AnnotationType {
    /// A fault.
    Bug,
    /// Something that could be better.
    CodeSmell,
}

/// What came of what an annotation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// Bad.
    Failed,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Severity {
    /// Bad, and new.
    High,
    /// Bad.
    Medium,
    /// Worth a look.
    Low,
}
