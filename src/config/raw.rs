//! The variables as text, read by `envy`. Everything is optional here; checking comes later.

use serde::{Deserialize, Deserializer};

/// Stands before each item of a list while it travels through `envy`, which knows only text.
const ITEM: char = '\u{1e}';

/// Packs a list into one text.
pub(super) fn pack(items: &[String]) -> String {
    items
        .iter()
        .flat_map(|item| [ITEM.to_string(), item.replace(ITEM, "")])
        .collect()
}

/// A list's items: a YAML list's items as they are, or the lines of a single value. Empty ones are left out.
#[derive(Debug, Clone, Default)]
pub(super) struct List(
    pub(super) Vec<String>,
    /// Whether they are the lines of a single value.
    pub(super) bool,
);

impl From<&str> for List {
    fn from(text: &str) -> Self {
        let packed = text.strip_prefix(ITEM);
        let items: Vec<String> = match packed {
            Some(packed) => packed.split(ITEM).map(str::to_owned).collect(),
            None => text.lines().map(|line| line.trim().to_owned()).collect(),
        };
        Self(
            items
                .into_iter()
                .filter(|item| !item.trim().is_empty())
                .collect(),
            packed.is_none(),
        )
    }
}

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::from(text.as_str()))
    }
}

/// All variables of the table that have one fixed name.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) teamcity_url: Option<String>,
    pub(super) teamcity_token: Option<String>,
    pub(super) teamcity_ca_certificate: Option<String>,
    pub(super) retry_for: Option<String>,
    pub(super) build_type_id: Option<List>,
    pub(super) branch: Option<String>,
    pub(super) revision: Option<String>,
    pub(super) parameters: Option<List>,
    pub(super) secret_parameters: Option<List>,
    pub(super) dependencies: Option<List>,
    pub(super) comment: Option<String>,
    pub(super) tags: Option<List>,
    pub(super) personal: Option<String>,
    pub(super) clean_sources: Option<String>,
    pub(super) queue_at_top: Option<String>,
    pub(super) rebuild_dependencies: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) settings: Option<String>,
    pub(super) reuse: Option<String>,
    pub(super) supersede: Option<String>,
    pub(super) build_id: Option<List>,
    pub(super) wait: Option<String>,
    pub(super) timeout: Option<String>,
    pub(super) queue_timeout: Option<String>,
    pub(super) fail_fast: Option<String>,
    pub(super) cancel_on_stop: Option<String>,
    pub(super) log: Option<String>,
    pub(super) log_limit: Option<String>,
    pub(super) debug: Option<String>,
    pub(super) artifacts: Option<List>,
    pub(super) artifacts_required: Option<String>,
    pub(super) artifacts_dir: Option<String>,
    pub(super) test_reports: Option<String>,
    pub(super) code_insights: Option<String>,
    pub(super) build_status: Option<String>,
    pub(super) label: Option<String>,
    pub(super) report_file: Option<String>,
    pub(super) output_variables: Option<String>,
    pub(super) atlassian_account_email: Option<String>,
    pub(super) atlassian_api_token: Option<String>,
    pub(super) bitbucket_access_token: Option<String>,
    pub(super) bitbucket_api_url: Option<String>,
    pub(super) bitbucket_proxy_url: Option<String>,
    pub(super) https_proxy: Option<String>,
    pub(super) http_proxy: Option<String>,
    pub(super) no_proxy: Option<String>,
    // Read elsewhere: by the arguments.
    #[serde(rename = "command")]
    _command: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::super::variables;
    use super::*;

    #[test]
    fn has_a_field_for_each_variable_of_the_table() {
        let pairs = variables::ALL
            .iter()
            .filter(|variable| !variable.is_pattern())
            .map(|variable| (variable.name.to_owned(), "x".to_owned()));
        envy::from_iter::<_, Raw>(pairs).map(drop).unwrap();
    }

    #[test]
    fn a_list_is_what_it_was_before_it_was_packed() {
        let items = ["a,b".to_owned(), " two\nlines ".to_owned(), String::new()];
        assert_eq!(List::from(pack(&items).as_str()).0, ["a,b", " two\nlines "]);
        assert_eq!(List::from("a\r\n\n  b,c \n").0, ["a", "b,c"]);
    }
}
