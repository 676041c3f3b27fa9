//! Collects what is wrong, and reads single values.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::problems::{Problem, Problems, Warning};
use super::variables;
use crate::types::text::one_line;

/// Longer times are a mistake, and would overflow a clock.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Names that nobody knows and that are told of, at most.
const MOST_STRANGERS: usize = 10;
/// How much of a wrong value is shown.
const SHOWN: usize = 60;

/// Reads values, and remembers each mistake.
#[derive(Default)]
pub(super) struct Reader {
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
    /// Variables of ours that were passed without a value.
    pub(super) empty: BTreeSet<&'static str>,
    /// What was probably meant, and what was written.
    pub(super) misspelt: BTreeMap<&'static str, String>,
    /// Names in a step that nobody knows.
    pub(super) strangers: Vec<String>,
    /// Values of secured variables, which no problem may show, wherever they stand by mistake.
    pub(super) secrets: Vec<String>,
}

impl Reader {
    pub(super) fn problem(
        &mut self,
        variable: &str,
        what: impl Into<String>,
        how: impl Into<String>,
    ) {
        self.problems.push(Problem {
            variable: variable.to_owned(),
            what: what.into(),
            how: how.into(),
        });
    }

    pub(super) fn warn(&mut self, variable: &str, what: impl Into<String>) {
        self.warnings.push(Warning {
            variable: variable.to_owned(),
            what: what.into(),
        });
    }

    /// The end: what was read if nothing was wrong.
    pub(super) fn finish<T>(mut self, read: Option<T>) -> Result<(T, Vec<Warning>), Problems> {
        for (meant, written) in std::mem::take(&mut self.misspelt) {
            let written = one_line(&written, SHOWN);
            if self.problems.is_empty() {
                let what = format!(
                    "is not a variable of this pipe, and is ignored. Did you mean {meant}?"
                );
                self.warn(&written, what);
            } else {
                let how = format!("Did you mean {meant}?");
                self.problem(&written, "is not a variable of this pipe", how);
            }
        }
        for stranger in std::mem::take(&mut self.strangers)
            .iter()
            .take(MOST_STRANGERS)
        {
            self.warn(
                &one_line(stranger, SHOWN),
                "is not a variable of this pipe, and is ignored",
            );
        }
        // In the order of the documents.
        self.problems.sort_by_key(|problem| {
            let place = variables::ALL
                .iter()
                .position(|known| known.name == problem.variable);
            place.unwrap_or(usize::MAX)
        });
        match read {
            Some(read) if self.problems.is_empty() => Ok((read, self.warnings)),
            _ => Err(Problems(self.problems)),
        }
    }

    /// A required variable is absent. Says why, as far as that can be told. Once: not if something is wrong with it already.
    pub(super) fn missing(&mut self, variable: &'static str, how: &str) {
        if self
            .problems
            .iter()
            .any(|problem| problem.variable == variable)
        {
            return;
        }
        if let Some(written) = self.misspelt.remove(variable) {
            let written = one_line(&written, SHOWN);
            self.problem(
                variable,
                "is missing",
                format!("{written} is not a variable of this pipe. Did you mean {variable}?"),
            );
        } else if self.empty.contains(variable) {
            self.problem(
                variable,
                "is set, but empty",
                format!("Check that the variable that it takes its value from is set for this step. {how}"),
            );
        } else {
            self.problem(variable, "is missing", how);
        }
    }

    /// Whether a value is a `$NAME` that nobody replaced. Notes the problem, except for a variable that names itself:
    /// that is the default from `pipe.yml`, and means that there is none.
    pub(super) fn is_reference(&mut self, variable: &str, value: &str, secured: bool) -> bool {
        let value = value.trim();
        let Some(name) = value
            .strip_prefix('$')
            .map(|rest| {
                rest.strip_prefix('{')
                    .and_then(|rest| rest.strip_suffix('}'))
                    .unwrap_or(rest)
            })
            .filter(|name| {
                name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                    && name
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || c == '_')
                    // A secret may begin with a dollar sign; names of variables are mostly in capitals.
                    && (!secured || **name == name.to_ascii_uppercase())
            })
        else {
            return false;
        };
        if name == variable {
            if let Some(known) = variables::find(variable) {
                self.empty.insert(known.name);
            }
            return true;
        }
        // A secret might look like a name.
        let shown = if secured {
            "a $NAME".to_owned()
        } else {
            one_line(value, SHOWN)
        };
        let name = if secured {
            "of that name".to_owned()
        } else {
            one_line(name, SHOWN)
        };
        self.problem(
            variable,
            format!("is literally {shown}: Bitbucket has no variable {name} for this step"),
            "Define that variable in Bitbucket (repository, deployment or workspace), or remove this one.",
        );
        true
    }

    /// `true`, `yes`, `on`, `1`, and their opposites, in any case.
    pub(super) fn boolean(
        &mut self,
        variable: &'static str,
        value: Option<String>,
        default: bool,
    ) -> bool {
        let Some(value) = value else { return default };
        match value.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => true,
            "false" | "no" | "off" | "0" => false,
            _ => {
                self.wrong(variable, &value, "Write 'true' or 'false'.");
                default
            }
        }
    }

    /// One of a few words, in any case.
    pub(super) fn choice<T: Copy>(
        &mut self,
        variable: &'static str,
        value: Option<String>,
        default: T,
        choices: &[(&str, T)],
    ) -> T {
        let Some(value) = value else { return default };
        let wanted = value.trim().to_ascii_lowercase();
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == wanted) {
            return *choice;
        }
        let words: Vec<String> = choices
            .iter()
            .map(|(word, _)| format!("'{word}'"))
            .collect();
        self.wrong(
            variable,
            &value,
            format!("Write one of {}.", words.join(", ")),
        );
        default
    }

    /// A time with its unit.
    pub(super) fn duration(&mut self, variable: &'static str, value: &str) -> Option<Duration> {
        let text = value.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let digits = one_line(text, 12);
            self.wrong(
                variable,
                value,
                format!("Add a unit: '{digits}s', '{digits}m' or '{digits}h'."),
            );
            return None;
        }
        match humantime::parse_duration(text) {
            Ok(duration) if duration <= LONGEST => Some(duration),
            Ok(_) => {
                self.wrong(variable, value, "Write at most '30days'.");
                None
            }
            Err(_) => {
                self.wrong(
                    variable,
                    value,
                    "Write a duration such as '90s', '45m' or '1h30m'.",
                );
                None
            }
        }
    }

    /// An amount of data, in bytes. Units are of 1000; `KiB` and `MiB` are of 1024.
    pub(super) fn size(&mut self, variable: &'static str, value: &str) -> Option<u64> {
        let text = value.trim();
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
        let unit = text.strip_prefix(digits).unwrap_or_default();
        let unit: u64 = match unit.trim().to_ascii_lowercase().as_str() {
            "b" => 1,
            "kb" | "k" => 1_000,
            "mb" | "m" => 1_000_000,
            "gb" | "g" => 1_000_000_000,
            "kib" => 1 << 10,
            "mib" => 1 << 20,
            "gib" => 1 << 30,
            _ => 0,
        };
        let bytes = digits
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(unit));
        if unit == 0 || bytes.is_none() {
            self.wrong(variable, value, "Write a size such as '512KB' or '40MB'.");
            return None;
        }
        bytes
    }

    /// The value is wrong. Shows it, shortened, unless it is a secret.
    pub(super) fn wrong(&mut self, variable: &str, value: &str, how: impl Into<String>) {
        let secured = variables::find(variable).is_none_or(|known| known.secured);
        let what = match self.shown(value).filter(|_| !secured) {
            Some(shown) => format!("has the invalid value '{shown}'"),
            None => "has an invalid value".to_owned(),
        };
        self.problem(variable, what, how);
    }

    /// A value as it may be shown: shortened, and not at all if it holds a secret or looks like a token.
    pub(super) fn shown(&self, value: &str) -> Option<String> {
        let holds_secret = self
            .secrets
            .iter()
            .any(|secret| value.contains(secret.as_str()));
        (!holds_secret && !looks_like_token(value)).then(|| one_line(value, SHOWN))
    }
}

/// Tokens of TeamCity begin like this, and so do many others.
pub(super) fn looks_like_token(value: &str) -> bool {
    value.contains("eyJ")
}
