//! JUnit XML for the step's Tests tab, written page by page, so that memory does not grow with the number of tests.
//!
//! Pipelines shows the first 100 failed tests and 2,000 characters of each field: the caller gives failures first, new
//! ones before older ones, and the reason of a failure comes before its output.
//!
//! Tests of a page that have a suite in common make one `testsuite`, with its own counts; a suite that goes on over
//! pages appears again, which readers of the format add up. Muted failures fail no build, so they are skipped ones
//! here. Build problems become failed tests of a suite of their own where a failed build has no failed test, since
//! Pipelines shows no Tests tab without one.
//!
//! A test's `classname` and `name` are the same in each run: Bitbucket keeps its history, its flaky mark and its
//! quarantine under them. So neither holds a build's number; a test without class and suite has its configuration's id.

use std::io::{self, Write};
use std::time::Duration;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::summary::{at_a_word, lines};
use super::test_name::TestName;
use crate::outcome::{Problem, labeled};
use crate::types::text::one_line;

/// Longest message, in characters: what Pipelines shows of a field.
const LONGEST_MESSAGE: usize = 2_000;
/// Longest details, in characters. Pipelines shows fewer; other readers of the file may show all.
const LONGEST_DETAILS: usize = 20_000;

/// By this the pipe knows its own files again.
const SIGN: &str = " by teamcity-pipe ";

/// Whether the pipe wrote this document.
pub fn wrote(text: &str) -> bool {
    text.lines().take(2).any(|line| line.contains(SIGN))
}

/// A test, as a report needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestCase {
    /// TeamCity's full name.
    pub name: String,
    /// What came of it.
    pub result: TestResult,
    /// How long it took.
    pub duration: Option<Duration>,
}

/// What came of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestResult {
    /// It passed.
    Passed,
    /// It failed.
    Failed {
        /// Whose failure it is, in the word for programs; `None`: not compared.
        class: Option<&'static str>,
        /// Stack trace and output.
        details: Option<String>,
    },
    /// It failed, but is muted.
    Muted {
        /// Stack trace and output.
        details: Option<String>,
    },
    /// It was not run.
    Ignored {
        /// Why.
        reason: Option<String>,
    },
}

/// How many tests were written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// All.
    pub tests: u64,
    /// Failed ones among them.
    pub failures: u64,
    /// Skipped ones among them.
    pub skipped: u64,
}

/// Writes one document.
pub struct JUnitWriter<W: Write> {
    xml: Writer<W>,
    build_type: String,
    label: Option<String>,
    written: Written,
}

impl<W: Write> JUnitWriter<W> {
    /// Begins a document about the build of this name, of the configuration with this id.
    ///
    /// # Errors
    /// Those of the writer, as in each method.
    pub fn new(write: W, build: &str, build_type: &str) -> io::Result<Self> {
        let mut xml = Writer::new_with_indent(write, b' ', 1);
        let build = one_line(build, 200);
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        xml.write_event(Event::Comment(BytesText::new(SIGN)))?;
        let head = BytesStart::new("testsuites").with_attributes([("name", build.as_str())]);
        xml.write_event(Event::Start(head))?;
        Ok(Self {
            xml,
            build_type: one_line(build_type, 250),
            label: None,
            written: Written::default(),
        })
    }

    /// The suites bear this label. Classes do not: a test's history hangs on their names.
    #[must_use]
    pub fn labeled(mut self, label: Option<&str>) -> Self {
        self.label = label.map(|label| one_line(label, 60));
        self
    }

    /// What was written so far.
    pub fn written(&self) -> Written {
        self.written
    }

    /// Writes a page of tests.
    ///
    /// # Errors
    /// See [`Self::new`].
    pub fn page(&mut self, tests: &[TestCase]) -> io::Result<()> {
        let named: Vec<_> = tests
            .iter()
            .map(|test| (TestName::parse(&test.name), test))
            .collect();
        let mut suites: Vec<&str> = Vec::new();
        for (name, _) in &named {
            if !suites.contains(&name.suite.as_str()) {
                suites.push(&name.suite);
            }
        }
        for suite in suites {
            let of_suite: Vec<_> = named
                .iter()
                .filter(|(name, _)| name.suite == suite)
                .collect();
            self.suite(suite, &of_suite)?;
        }
        Ok(())
    }

    /// Writes build problems as failed tests.
    ///
    /// # Errors
    /// See [`Self::new`].
    pub fn problems(&mut self, problems: &[Problem]) -> io::Result<()> {
        let count = u64::try_from(problems.len()).unwrap_or(u64::MAX);
        self.open_suite("Build problems", count, count, 0, Duration::ZERO)?;
        for problem in problems {
            let first = at_a_word(problem.text.lines().next().unwrap_or_default(), 200);
            let name = if first.is_empty() {
                "Build problem"
            } else {
                first.as_str()
            };
            let class = problem.within.as_deref().unwrap_or(&self.build_type);
            let case = BytesStart::new("testcase").with_attributes([
                ("classname", one_line(class, 200).as_str()),
                ("name", name),
                ("time", "0.000"),
            ]);
            self.xml.write_event(Event::Start(case))?;
            self.failure(&one_line(&problem.kind, 100), Some(&problem.text))?;
            self.xml
                .write_event(Event::End(BytesEnd::new("testcase")))?;
        }
        self.xml
            .write_event(Event::End(BytesEnd::new("testsuite")))?;
        self.written.tests = self.written.tests.saturating_add(count);
        self.written.failures = self.written.failures.saturating_add(count);
        Ok(())
    }

    /// Ends the document.
    ///
    /// # Errors
    /// See [`Self::new`].
    pub fn finish(mut self) -> io::Result<(Written, W)> {
        self.xml
            .write_event(Event::End(BytesEnd::new("testsuites")))?;
        let mut write = self.xml.into_inner();
        write.write_all(b"\n")?;
        write.flush()?;
        Ok((self.written, write))
    }

    fn open_suite(
        &mut self,
        name: &str,
        tests: u64,
        failures: u64,
        skipped: u64,
        time: Duration,
    ) -> io::Result<()> {
        let name = labeled(name, self.label.as_deref());
        let head = BytesStart::new("testsuite").with_attributes([
            ("name", name.as_str()),
            ("tests", tests.to_string().as_str()),
            ("failures", failures.to_string().as_str()),
            ("errors", "0"),
            ("skipped", skipped.to_string().as_str()),
            ("time", seconds(time).as_str()),
        ]);
        self.xml.write_event(Event::Start(head))
    }

    fn suite(&mut self, suite: &str, tests: &[&(TestName, &TestCase)]) -> io::Result<()> {
        let number = |matches: fn(&TestResult) -> bool| {
            let count = tests
                .iter()
                .filter(|(_, test)| matches(&test.result))
                .count();
            u64::try_from(count).unwrap_or(u64::MAX)
        };
        let all = number(|_| true);
        let failures = number(|result| matches!(result, TestResult::Failed { .. }));
        let skipped = number(|result| {
            matches!(
                result,
                TestResult::Muted { .. } | TestResult::Ignored { .. }
            )
        });
        let time = tests.iter().filter_map(|(_, test)| test.duration).sum();
        let own = self.build_type.clone();
        let name = if suite.is_empty() { &own } else { suite };
        self.open_suite(name, all, failures, skipped, time)?;
        for (name, test) in tests {
            self.case(name, test)?;
        }
        self.xml
            .write_event(Event::End(BytesEnd::new("testsuite")))?;
        self.written.tests = self.written.tests.saturating_add(all);
        self.written.failures = self.written.failures.saturating_add(failures);
        self.written.skipped = self.written.skipped.saturating_add(skipped);
        Ok(())
    }

    fn case(&mut self, name: &TestName, test: &TestCase) -> io::Result<()> {
        let mut class = name.class.as_str();
        if class.is_empty() {
            class = if name.suite.is_empty() {
                &self.build_type
            } else {
                &name.suite
            };
        }
        let time = seconds(test.duration.unwrap_or_default());
        let case = BytesStart::new("testcase").with_attributes([
            ("classname", class),
            ("name", name.name.as_str()),
            ("time", time.as_str()),
        ]);
        match &test.result {
            TestResult::Passed => return self.xml.write_event(Event::Empty(case)),
            TestResult::Failed { class, details } => {
                self.xml.write_event(Event::Start(case))?;
                if let Some(class) = class {
                    self.property("teamcity.class", class)?;
                }
                self.failure("failure", details.as_deref())?;
            }
            TestResult::Muted { details } => {
                self.xml.write_event(Event::Start(case))?;
                self.skipped(
                    "muted in TeamCity, though it failed",
                    details.as_deref().map(reason),
                )?;
            }
            TestResult::Ignored { reason } => {
                self.xml.write_event(Event::Start(case))?;
                self.skipped(
                    "ignored",
                    reason
                        .as_deref()
                        .map(|text| at_a_word(text, LONGEST_MESSAGE)),
                )?;
            }
        }
        self.xml.write_event(Event::End(BytesEnd::new("testcase")))
    }

    fn property(&mut self, name: &str, value: &str) -> io::Result<()> {
        let property =
            BytesStart::new("property").with_attributes([("name", name), ("value", value)]);
        self.xml
            .write_event(Event::Start(BytesStart::new("properties")))?;
        self.xml.write_event(Event::Empty(property))?;
        self.xml
            .write_event(Event::End(BytesEnd::new("properties")))
    }

    fn failure(&mut self, kind: &str, details: Option<&str>) -> io::Result<()> {
        let mut message = details.map(reason).unwrap_or_default();
        if message.is_empty() {
            message = "failed without details".to_owned();
        }
        let failure = BytesStart::new("failure")
            .with_attributes([("message", message.as_str()), ("type", kind)]);
        let text = lines(details.unwrap_or_default(), LONGEST_DETAILS);
        if text.is_empty() {
            return self.xml.write_event(Event::Empty(failure));
        }
        self.xml.write_event(Event::Start(failure))?;
        self.xml.write_event(Event::Text(BytesText::new(&text)))?;
        self.xml.write_event(Event::End(BytesEnd::new("failure")))
    }

    fn skipped(&mut self, why: &str, more: Option<String>) -> io::Result<()> {
        let message = match more.filter(|more| !more.is_empty()) {
            Some(more) => format!("{why}: {more}"),
            None => why.to_owned(),
        };
        let skipped = BytesStart::new("skipped").with_attributes([("message", message.as_str())]);
        self.xml.write_event(Event::Empty(skipped))
    }
}

/// The first line that says something.
fn reason(details: &str) -> String {
    let line = details.lines().find(|line| !line.trim().is_empty());
    at_a_word(line.unwrap_or_default(), LONGEST_MESSAGE)
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

#[cfg(test)]
mod tests;
