//! All findings as a list: a line each, for people and for programs.

use serde_json::json;

use crate::exit::ExitStatus;
use crate::preflight::{Finding, Findings};
use crate::types::text::under;

/// What a list of findings needs of one of them.
struct Line<'a> {
    question: &'static str,
    result: &'static str,
    mark: &'static str,
    text: &'a str,
    cure: Option<&'a str>,
}

impl<'a> From<&'a Finding> for Line<'a> {
    fn from(finding: &'a Finding) -> Self {
        let (question, result, mark, text, cure) = match finding {
            Finding::Good { question, what } => (*question, "ok", "✔", what, ""),
            Finding::Odd {
                question,
                what,
                cure,
            } => (*question, "warning", "⚠", what, cure.as_str()),
            Finding::Bad(bad) => {
                let wrong = &bad.wrong;
                (
                    bad.question,
                    "problem",
                    "✖",
                    &wrong.what,
                    wrong.cure.as_str(),
                )
            }
        };
        Self {
            question,
            result,
            mark,
            text,
            cure: (!cure.is_empty()).then_some(cure),
        }
    }
}

/// How the program ends: as a run would.
pub fn status(all: &Findings) -> ExitStatus {
    all.iter()
        .fold(ExitStatus::Success, |status, finding| match finding {
            Finding::Bad(bad) => status.worst(bad.wrong.status),
            Finding::Good { .. } | Finding::Odd { .. } => status,
        })
}

fn count(all: &Findings) -> (usize, usize) {
    let of = |result: &str| {
        all.iter()
            .filter(|finding| Line::from(*finding).result == result)
            .count()
    };
    (of("problem"), of("warning"))
}

/// For people, with the lines of YAML to paste.
pub fn text(all: &Findings, yaml: Option<&str>) -> String {
    let mut lines = Vec::new();
    for line in all.iter().map(Line::from) {
        lines.push(format!("{} {}", line.mark, line.text));
        lines.extend(line.cure.into_iter().flat_map(|cure| under("  → ", cure)));
    }
    let many = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    };
    lines.push(String::new());
    lines.push(match count(all) {
        (0, 0) => "A run has everything that it needs. Nothing was queued.".to_owned(),
        (0, odd) => format!(
            "A run has everything that it needs, with {}. Nothing was queued.",
            many(odd, "warning")
        ),
        (bad, 0) => format!("{}. Nothing was queued.", many(bad, "problem")),
        (bad, odd) => format!(
            "{}, {}. Nothing was queued.",
            many(bad, "problem"),
            many(odd, "warning")
        ),
    });
    if let Some(yaml) = yaml {
        lines.push(String::new());
        lines.push("To run it, add this to the script of a step:".to_owned());
        lines.push(String::new());
        lines.push(yaml.to_owned());
    }
    lines.join("\n")
}

/// For programs.
pub fn json(all: &Findings, yaml: Option<&str>) -> String {
    let checks: Vec<_> = all
        .iter()
        .map(Line::from)
        .map(|line| {
            json!({ "check": line.question, "result": line.result, "text": line.text, "cure": line.cure })
        })
        .collect();
    let (problems, warnings) = count(all);
    let all = json!({
        "status": status(all).code(),
        "problems": problems,
        "warnings": warnings,
        "checks": checks,
        "yaml": yaml,
    });
    serde_json::to_string_pretty(&all).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::Bad;
    use crate::types::Diagnostic;

    #[test]
    fn says_the_same_to_people_and_to_programs() {
        let mut all = Findings::default();
        all.good("token", "a token of CI Bot");
        all.odd("agents", "no agent fits", "connect one");
        all.bad(Bad::new(
            "build type",
            Diagnostic::refused("no such\nthing", "look"),
        ));
        all.bad(Bad::new("variables", Diagnostic::usage("X is missing", "")));
        assert_eq!(status(&all), ExitStatus::Usage);
        insta::assert_snapshot!(format!("{}\n\n{}", text(&all, None), json(&all, None)));
    }
}
