//! What a question found: good, odd or bad, in the words that `run` and `check` both use.

use crate::outcome::{Event, Events};
use crate::types::Diagnostic;
use crate::types::text::one_line;

/// Longest text of a finding, in characters.
const LONGEST: usize = 600;

/// What was asked: a fixed word, for programs.
pub type Question = &'static str;

/// What is wrong, with the question that found it. It ends a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    /// What was asked.
    pub question: Question,
    /// What is wrong.
    pub wrong: Diagnostic,
}

impl Bad {
    /// Something is wrong.
    pub fn new(question: Question, wrong: Diagnostic) -> Self {
        Self { question, wrong }
    }
}

impl From<Bad> for Diagnostic {
    fn from(bad: Bad) -> Self {
        bad.wrong
    }
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A run needs nothing more here.
    Good {
        /// What was asked.
        question: Question,
        /// What was found.
        what: String,
    },
    /// A run goes on, but not as well as it could.
    Odd {
        /// What was asked.
        question: Question,
        /// What was found.
        what: String,
        /// What follows from it, and what to do about it.
        cure: String,
    },
    /// A run ends here.
    Bad(Bad),
}

/// Answers, in order.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Something is good.
    pub fn good(&mut self, question: Question, what: impl Into<String>) {
        let what = one_line(&what.into(), LONGEST);
        self.0.push(Finding::Good { question, what });
    }

    /// Something is odd.
    pub fn odd(&mut self, question: Question, what: impl Into<String>, cure: impl Into<String>) {
        self.0.push(Finding::Odd {
            question,
            what: one_line(&what.into(), LONGEST),
            cure: one_line(&cure.into(), LONGEST),
        });
    }

    /// Something is wrong.
    pub fn bad(&mut self, bad: Bad) {
        let wrong = Diagnostic {
            what: one_line(&bad.wrong.what, LONGEST),
            cure: one_line(&bad.wrong.cure, LONGEST),
            ..bad.wrong
        };
        self.0.push(Finding::Bad(Bad { wrong, ..bad }));
    }

    /// Keeps what is wrong, and goes on with what there is.
    pub fn keep<T>(&mut self, answer: Result<T, Bad>) -> Option<T> {
        answer.map_err(|bad| self.bad(bad)).ok()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter()
    }

    /// Adds what another question found.
    pub fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Tells a run's user what is odd.
    pub fn warn(&self, events: &dyn Events) {
        for finding in &self.0 {
            if let Finding::Odd { what, cure, .. } = finding {
                events.event(&Event::Odd {
                    what: what.clone(),
                    cure: cure.clone(),
                });
            }
        }
    }
}
