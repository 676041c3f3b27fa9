//! What is wrong with the variables: all of it together.

use std::fmt;

/// One mistake in one variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The variable's name.
    pub variable: String,
    /// What is wrong. Never holds a secured variable's value.
    pub what: String,
    /// What to write or do instead.
    pub how: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} {}\n  → {}",
            self.variable, self.what, self.how
        )
    }
}

/// All mistakes of a run, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => formatter.write_str("1 problem with the variables. Nothing was sent.")?,
            count => write!(
                formatter,
                "{count} problems with the variables. Nothing was sent."
            )?,
        }
        for problem in &self.0 {
            write!(formatter, "\n\n{problem}")?;
        }
        Ok(())
    }
}

/// Something odd in one variable that stops nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The variable's name.
    pub variable: String,
    /// What is odd, and what follows from it.
    pub what: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.variable, self.what)
    }
}
