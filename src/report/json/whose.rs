//! Whose failures are.

use serde::Serialize;

use crate::outcome::{Class, Often};

/// How often it failed.
#[derive(Serialize)]
pub(super) struct Frequency<'a> {
    failed: usize,
    ran: usize,
    branch: &'a str,
}

/// Whose a failure is, and what is told of that.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Classed<'a> {
    class: Option<&'static str>,
    unknown_why: Option<&'a str>,
    investigator: Option<&'a str>,
    since: Option<Since<'a>>,
}

#[derive(Serialize)]
pub(super) struct Since<'a> {
    name: &'a str,
    url: Option<&'a str>,
}

impl<'a> From<Option<&'a Class>> for Classed<'a> {
    fn from(class: Option<&'a Class>) -> Self {
        let mut classed = Self {
            class: class.map(Class::word),
            unknown_why: None,
            investigator: None,
            since: None,
        };
        match class {
            Some(Class::Unknown { why }) => classed.unknown_why = Some(why),
            Some(Class::Investigated { who }) => classed.investigator = who.as_deref(),
            Some(Class::AlsoOnDefault { since: Some(since) }) => {
                classed.since = Some(Since {
                    name: &since.name,
                    url: since.url.as_deref(),
                });
            }
            _ => {}
        }
        classed
    }
}

impl<'a> From<&'a Often> for Frequency<'a> {
    fn from(often: &'a Often) -> Self {
        Self {
            failed: often.failed,
            ran: often.ran,
            branch: &often.branch,
        }
    }
}
