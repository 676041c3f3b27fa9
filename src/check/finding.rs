//! What a check found: a line each, for people and for programs.

use serde::Serialize;
use serde_json::json;

use crate::exit::ExitStatus;
use crate::types::Diagnostic;
use crate::types::text::one_line;

/// Longest text of a line, in characters.
const LONGEST: usize = 600;

/// How good it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// A run needs nothing more here.
    Ok,
    /// A run goes on, but not as well as it could.
    Warning,
    /// A run would fail.
    Problem,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at: a fixed word, for programs.
    pub check: &'static str,
    /// How good it is.
    pub mark: Mark,
    /// What was found.
    pub text: String,
    /// What to do about it.
    pub cure: Option<String>,
    /// How a run would end for it.
    pub status: ExitStatus,
}

/// All that was found, in order.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Something is good.
    pub fn good(&mut self, check: &'static str, text: impl Into<String>) {
        self.add(check, Mark::Ok, text, None, ExitStatus::Success);
    }

    /// Something is odd.
    pub fn odd(&mut self, check: &'static str, text: impl Into<String>, cure: impl Into<String>) {
        self.add(
            check,
            Mark::Warning,
            text,
            Some(cure.into()),
            ExitStatus::Success,
        );
    }

    /// Something is wrong.
    pub fn bad(
        &mut self,
        check: &'static str,
        text: impl Into<String>,
        cure: impl Into<String>,
        status: ExitStatus,
    ) {
        self.add(check, Mark::Problem, text, Some(cure.into()), status);
    }

    /// Something is wrong, as a run would say it.
    pub fn wrong(&mut self, check: &'static str, wrong: Diagnostic) {
        self.bad(check, wrong.what, wrong.cure, wrong.status);
    }

    fn add(
        &mut self,
        check: &'static str,
        mark: Mark,
        text: impl Into<String>,
        cure: Option<String>,
        status: ExitStatus,
    ) {
        self.0.push(Finding {
            check,
            mark,
            text: one_line(&text.into(), LONGEST),
            cure: cure
                .map(|cure| one_line(&cure, LONGEST))
                .filter(|cure| !cure.is_empty()),
            status,
        });
    }

    /// How the program ends.
    pub fn status(&self) -> ExitStatus {
        self.0
            .iter()
            .fold(ExitStatus::Success, |status, one| status.worst(one.status))
    }

    fn count(&self, mark: Mark) -> usize {
        self.0.iter().filter(|one| one.mark == mark).count()
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        for one in &self.0 {
            let mark = match one.mark {
                Mark::Ok => "✔",
                Mark::Warning => "⚠",
                Mark::Problem => "✖",
            };
            lines.push(format!("{mark} {}", one.text));
            lines.extend(one.cure.iter().map(|cure| format!("  → {cure}")));
        }
        let many = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            _ => format!("{count} {what}s"),
        };
        lines.push(String::new());
        lines.push(
            match (self.count(Mark::Problem), self.count(Mark::Warning)) {
                (0, 0) => "A run has all that it needs. Nothing was queued.".to_owned(),
                (0, odd) => format!(
                    "A run has all that it needs, with {}. Nothing was queued.",
                    many(odd, "warning")
                ),
                (bad, 0) => format!("{}. Nothing was queued.", many(bad, "problem")),
                (bad, odd) => format!(
                    "{}, {}. Nothing was queued.",
                    many(bad, "problem"),
                    many(odd, "warning")
                ),
            },
        );
        lines.join("\n")
    }

    /// For programs.
    pub fn json(&self) -> String {
        let checks: Vec<_> = self
            .0
            .iter()
            .map(|one| {
                json!({ "check": one.check, "result": one.mark, "text": one.text, "cure": one.cure })
            })
            .collect();
        let all = json!({
            "status": self.status().code(),
            "problems": self.count(Mark::Problem),
            "warnings": self.count(Mark::Warning),
            "checks": checks,
        });
        serde_json::to_string_pretty(&all).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_the_same_to_people_and_to_programs() {
        let mut all = Findings::default();
        all.good("token", "a token of CI Bot");
        all.odd("agents", "no agent fits", "connect one");
        all.bad("build type", "no such\nthing", "look", ExitStatus::Refused);
        all.bad("variables", "X is missing", "", ExitStatus::Usage);
        assert_eq!(all.status(), ExitStatus::Usage);
        insta::assert_snapshot!(format!("{}\n\n{}", all.text(), all.json()));
    }
}
