//! Annotations of the Code Insights report: failed tests and build problems, on the line of the repository that their
//! text names, else on the report as a whole.

use std::collections::{HashMap, HashSet};

use super::insights::{self, web};
use super::location::{self, Place, Tree};
use super::summary::{at_a_word, lines};
use super::test_name::TestName;
use super::whose::{note, note_of_test};
use crate::bitbucket::model::{Annotation, AnnotationType, Outcome, Severity};
use crate::outcome::{BuildOutcome, Class, FailedTest, Problem, RunOutcome};
use crate::types::hash;

/// Most annotations of a report.
const MOST: usize = 1_000;
/// Most annotations of one problem: a compiler's later messages follow from its first.
const MOST_OF_PROBLEM: usize = 50;
/// Longest summary, in characters.
const LONGEST_SUMMARY: usize = 450;
/// Longest details, in characters.
const LONGEST_DETAILS: usize = 2_000;
/// What TeamCity says only to sum up the failed tests.
const SUMS_UP_TESTS: &str = "TC_FAILED_TESTS";

/// The names of the files that a run's failures mention: those to look for in the clone.
pub fn file_names(outcome: &RunOutcome) -> HashSet<String> {
    let mut names = HashSet::new();
    for build in &outcome.builds {
        for test in &build.failed_tests {
            location::names(test.details.as_deref().unwrap_or_default(), &mut names);
        }
        for problem in &build.problems {
            location::names(&problem.text, &mut names);
        }
    }
    names
}

/// The annotations: problems, then tests, in the order of their classes; at most a thousand. Within each those on `changed`
/// files come first: a reviewer sees these files.
pub fn all(outcome: &RunOutcome, tree: &Tree, changed: &HashSet<String>) -> Vec<Annotation> {
    let mut made = Made {
        report: insights::id_of(outcome),
        several: outcome.builds.len() > 1,
        tree,
        used: HashMap::new(),
        all: Vec::new(),
    };
    for build in &outcome.builds {
        let tests_are_listed = !build.failed_tests.is_empty();
        let said = |problem: &&Problem| !(tests_are_listed && problem.kind == SUMS_UP_TESTS);
        for problem in build.problems.iter().filter(said) {
            made.problem(build, problem);
        }
    }
    made.put_first(0, changed);
    let tests = outcome
        .builds
        .iter()
        .flat_map(|build| build.failed_tests.iter().map(move |test| (build, test)));
    let mut tests: Vec<_> = tests.collect();
    tests.sort_by_key(|(_, test)| test.class.rank());
    for group in tests.chunk_by(|(_, one), (_, other)| one.class.rank() == other.class.rank()) {
        let begin = made.all.len();
        for (build, test) in group {
            made.test(build, test);
        }
        made.put_first(begin, changed);
    }
    made.all.truncate(MOST);
    made.all
}

struct Made<'a> {
    report: String,
    several: bool,
    tree: &'a Tree,
    used: HashMap<String, u32>,
    all: Vec<Annotation>,
}

impl Made<'_> {
    /// Those on these files come first among all from `begin` on; else the order stays.
    fn put_first(&mut self, begin: usize, files: &HashSet<String>) {
        if let Some(part) = self.all.get_mut(begin..) {
            part.sort_by_key(|one| !one.path.as_ref().is_some_and(|path| files.contains(path)));
        }
    }

    fn test(&mut self, build: &BuildOutcome, test: &FailedTest) {
        let details = test.details.as_deref().unwrap_or_default();
        let name = TestName::parse(&test.name);
        let class = name.class.rsplit('.').next().unwrap_or_default();
        let short = if class.is_empty() {
            name.name.clone()
        } else {
            format!("{class}.{}", name.name)
        };
        let said = details
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default();
        let said = if said.is_empty() { "failed" } else { said };
        let new = if test.class == Class::New {
            "New here: "
        } else {
            ""
        };
        // A long name leaves room for the reason.
        let text = format!("{new}{}: {said}", at_a_word(&short, 200));
        let within = self.within(build, test.within.as_deref());
        let more = format!("{}{within}\n{}\n{details}", test.name, note_of_test(test));
        let severity = severity(&test.class);
        let place = location::first(details, self.tree);
        self.add(
            build,
            ["test", &test.name],
            AnnotationType::Bug,
            severity,
            &text,
            &more,
            place,
        );
    }

    fn problem(&mut self, build: &BuildOutcome, problem: &Problem) {
        let within = self.within(build, problem.within.as_deref());
        let class = problem
            .class
            .as_ref()
            .map_or(String::new(), |class| format!("\n{}", note(class)));
        let more = format!("{}{within}{class}\n{}", problem.kind, problem.text);
        let mut places = HashSet::new();
        for (line, mention) in location::mentions(&problem.text) {
            if places.len() == MOST_OF_PROBLEM {
                break;
            }
            if let Some(place) = self.tree.find(&mention)
                && places.insert((place.path.clone(), place.line))
            {
                let (kind, mut weighs) = weight(line);
                if let Some(class) = &problem.class {
                    // A lower one weighs no less for being unknown.
                    weighs = match class {
                        Class::New | Class::Unknown { .. } => weighs,
                        known => severity(known),
                    };
                }
                self.add(
                    build,
                    ["problem", line],
                    kind,
                    weighs,
                    line,
                    &more,
                    Some(place),
                );
            }
        }
        if places.is_empty() {
            let first = problem
                .text
                .lines()
                .find(|line| !line.trim().is_empty())
                .unwrap_or("Build problem");
            let parts = ["problem", &problem.text];
            self.add(
                build,
                parts,
                AnnotationType::Bug,
                problem.class.as_ref().map_or(Severity::High, severity),
                first,
                &more,
                None,
            );
        }
    }

    fn within(&self, build: &BuildOutcome, within: Option<&str>) -> String {
        match within {
            Some(name) => format!("\nin {name}"),
            None if self.several => format!("\nin {}", build.name),
            None => String::new(),
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one call each for the two kinds above"
    )]
    fn add(
        &mut self,
        build: &BuildOutcome,
        what: [&str; 2],
        annotation_type: AnnotationType,
        severity: Severity,
        summary: &str,
        details: &str,
        place: Option<Place>,
    ) {
        let summary = at_a_word(summary, LONGEST_SUMMARY);
        let base = hash::hex(
            &[&self.report, build.build_type.as_str(), what[0], what[1]],
            24,
        );
        let used = self.used.entry(base.clone()).or_default();
        *used = used.saturating_add(1);
        let (path, line) = place.map_or((None, None), |place| (Some(place.path), Some(place.line)));
        self.all.push(Annotation {
            external_id: format!("teamcity-{base}-{used}"),
            annotation_type,
            summary: if summary.is_empty() {
                "TeamCity reports a problem".to_owned()
            } else {
                summary
            },
            details: Some(lines(details, LONGEST_DETAILS)).filter(|text| !text.is_empty()),
            path,
            line,
            result: Outcome::Failed,
            severity,
            link: build.url.as_deref().and_then(web),
        });
    }
}

/// How much a failure of a class matters.
fn severity(class: &Class) -> Severity {
    match class {
        Class::New => Severity::High,
        Class::Unknown { .. } => Severity::Medium,
        _ => Severity::Low,
    }
}

/// How much a line of a compiler or an inspection matters.
fn weight(line: &str) -> (AnnotationType, Severity) {
    let line = line.to_ascii_lowercase();
    if line.contains("error") || !(line.contains("warning") || line.contains("inspection")) {
        (AnnotationType::Bug, Severity::High)
    } else {
        (AnnotationType::CodeSmell, Severity::Low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::summary::sample;

    fn tree() -> Tree {
        Tree::of([
            "src/main/java/com/acme/shop/Cart.java",
            "src/test/java/com/acme/shop/CheckoutTest.java",
            "src/test/kotlin/shop/CartTest.kt",
        ])
    }

    #[test]
    fn tests_and_problems_are_on_the_lines_that_they_name() {
        let all = all(&sample::failed_run(), &tree(), &HashSet::new());
        insta::assert_snapshot!(serde_json::to_string_pretty(&all).unwrap());
    }

    #[test]
    fn keeps_the_limits_of_the_api() {
        let mut outcome = sample::hostile_run();
        let mut build = sample::many_failed().builds.remove(0);
        for test in &mut build.failed_tests {
            test.details = Some("word ".repeat(1_000));
        }
        build.failed_tests.push(FailedTest {
            name: "\u{202e}".into(),
            details: Some("\n\n".into()),
            new_failure: true,
            often: None,
            class: Class::New,
            duration: None,
            within: None,
        });
        outcome.builds.extend([build.clone(), build]);
        let all = all(&outcome, &Tree::default(), &HashSet::new());
        assert_eq!(all.len(), 1_000);
        let ids: HashSet<_> = all.iter().map(|one| &one.external_id).collect();
        assert_eq!(ids.len(), all.len());
        for one in &all {
            assert!(!one.summary.trim().is_empty());
            assert!(one.summary.chars().count() <= LONGEST_SUMMARY);
            assert!(
                one.details
                    .as_ref()
                    .is_none_or(|text| text.chars().count() <= LONGEST_DETAILS)
            );
            assert!(
                one.link
                    .as_ref()
                    .is_none_or(|link| link.starts_with("https://"))
            );
        }
        let first_test = all
            .iter()
            .position(|one| one.summary.starts_with("New here: "));
        assert_eq!(first_test, Some(6));
    }

    #[test]
    fn those_on_files_of_the_diff_come_first_within_their_class() {
        let mut outcome = sample::failed_run();
        let build = &mut outcome.builds[0];
        build.problems.clear();
        let failed = |name: &str, file: &str, is_new| FailedTest {
            name: name.into(),
            details: Some(format!("at {file}:3")),
            new_failure: is_new,
            class: if is_new {
                Class::New
            } else {
                Class::AlsoOnDefault { since: None }
            },
            often: None,
            duration: None,
            within: None,
        };
        let (cart, checkout) = (
            "src/main/java/com/acme/shop/Cart.java",
            "src/test/java/com/acme/shop/CheckoutTest.java",
        );
        build.failed_tests = vec![
            failed("old.elsewhere", cart, false),
            failed("new.elsewhere", cart, true),
            failed("old.here", checkout, false),
            failed("new.here", checkout, true),
        ];
        let changed = HashSet::from([checkout.to_owned()]);
        let names: Vec<_> = all(&outcome, &tree(), &changed)
            .into_iter()
            .map(|one| one.details.unwrap().lines().next().unwrap().to_owned())
            .collect();
        assert_eq!(
            names,
            ["new.here", "new.elsewhere", "old.here", "old.elsewhere"]
        );
    }

    #[test]
    fn ids_stay_the_same_from_run_to_run() {
        let ids = || {
            all(&sample::failed_run(), &tree(), &HashSet::new())
                .into_iter()
                .map(|one| one.external_id)
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(), ids());
    }

    #[test]
    fn a_problem_that_sums_up_listed_tests_is_not_said_twice() {
        let mut outcome = sample::failed_run();
        let build = &mut outcome.builds[0];
        build.problems = vec![Problem {
            kind: SUMS_UP_TESTS.into(),
            text: "Failed tests detected".into(),
            class: None,
            within: None,
        }];
        assert_eq!(all(&outcome, &Tree::default(), &HashSet::new()).len(), 3);
        outcome.builds[0].failed_tests.clear();
        assert_eq!(all(&outcome, &Tree::default(), &HashSet::new()).len(), 1);
    }

    #[test]
    fn a_warning_weighs_less_than_an_error() {
        let mut outcome = sample::failed_run();
        outcome.builds[0].failed_tests.clear();
        outcome.builds[0].problems = vec![Problem {
            kind: "x".into(),
            text: "src/main/java/com/acme/shop/Cart.java:3: warning: old\nsrc/main/java/com/acme/shop/Cart.java:4: error: bad".into(),
            class: Some(Class::New),
            within: None,
        }];
        let all = all(&outcome, &tree(), &HashSet::new());
        assert_eq!(all[0].severity, Severity::Low);
        assert_eq!((all[1].severity, all[1].line), (Severity::High, Some(4)));
        assert_eq!(
            file_names(&outcome),
            HashSet::from(["Cart.java".to_owned()])
        );
    }
}
