//! Numbers of a build beside those of the default branch's last finished build. No verdicts.

use std::time::Duration;

use super::whose::Told;

/// Numbers that a build has.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Numbers {
    /// How long its work took, without what TeamCity does around it (`BuildDurationNetTime`).
    pub duration: Option<Duration>,
    /// How much of the lines, of the statements and of the blocks tests cover, in percent.
    pub coverage: [Option<f64>; 3],
    /// How many tests it has.
    pub tests: Option<u64>,
    /// How large its artifacts are without hidden ones, and with them, in bytes.
    pub artifacts: [Option<u64>; 2],
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// In milliseconds.
    Duration,
    /// Coverage of lines, in hundredths of a percent.
    Lines,
    /// Of statements.
    Statements,
    /// Of blocks.
    Blocks,
    /// A number of tests.
    Tests,
    /// The size of all artifacts, in bytes.
    Artifacts,
}

/// One number of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub of: Quantity,
    /// The build's.
    pub here: u64,
    /// The other's.
    pub there: u64,
}

/// What both builds have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The default branch's last finished build.
    pub with: Told,
    /// Its branch.
    pub branch: String,
    /// At least one.
    pub rows: Vec<Row>,
}

impl Comparison {
    /// What both have; `None` where that is nothing.
    pub fn between(here: &Numbers, there: &Numbers, with: Told, branch: String) -> Option<Self> {
        let milliseconds = |time: Option<Duration>| u64::try_from(time?.as_millis()).ok();
        let kinds = [Quantity::Lines, Quantity::Statements, Quantity::Blocks];
        // The same kind on both sides, and the finest of these.
        let coverage = kinds.into_iter().zip(here.coverage).zip(there.coverage);
        let coverage = coverage
            .filter_map(|((of, here), there)| row(of, hundredths(here?), hundredths(there?)))
            .next();
        let artifacts = here.artifacts.into_iter().zip(there.artifacts);
        let artifacts = artifacts
            .filter_map(|(here, there)| row(Quantity::Artifacts, here, there))
            .next();
        let (ours, theirs) = (milliseconds(here.duration), milliseconds(there.duration));
        let rows = [
            row(Quantity::Duration, ours, theirs),
            coverage,
            row(Quantity::Tests, here.tests, there.tests),
            artifacts,
        ];
        let rows: Vec<Row> = rows.into_iter().flatten().collect();
        (!rows.is_empty()).then_some(Self { with, branch, rows })
    }

    /// One of its rows.
    pub fn row(&self, of: Quantity) -> Option<Row> {
        self.rows.iter().copied().find(|row| row.of == of)
    }
}

fn row(of: Quantity, here: Option<u64>, there: Option<u64>) -> Option<Row> {
    let (here, there) = here.zip(there)?;
    Some(Row { of, here, there })
}

/// Of a share in percent; `None` where it is none.
fn hundredths(percent: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 10,000"
    )]
    (0.0..=100.0)
        .contains(&percent)
        .then(|| (percent * 100.0).round() as u64)
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    fn compared(here: &Numbers, there: &Numbers) -> Option<Vec<Row>> {
        let with = Told {
            name: "main #41".into(),
            url: None,
        };
        Comparison::between(here, there, with, "main".into()).map(|told| told.rows)
    }

    #[test]
    fn only_what_both_have_is_compared() {
        let all = Numbers {
            duration: Some(Duration::from_millis(1_500)),
            coverage: [Some(81.256), Some(50.0), None],
            tests: Some(7),
            artifacts: [None, Some(12)],
        };
        let few = Numbers {
            coverage: [None, Some(49.5), Some(10.0)],
            artifacts: [Some(3), Some(13)],
            ..Numbers::default()
        };
        let row = |of, here, there| Row { of, here, there };
        assert_eq!(
            compared(&all, &few),
            Some(vec![
                row(Quantity::Statements, 5_000, 4_950),
                row(Quantity::Artifacts, 12, 13),
            ])
        );
        assert_eq!(
            compared(&all, &all).unwrap()[..2],
            [
                row(Quantity::Duration, 1_500, 1_500),
                row(Quantity::Lines, 8_126, 8_126)
            ]
        );
        assert_eq!(compared(&all, &Numbers::default()), None);
    }

    #[test]
    fn a_share_that_is_none_is_left_out() {
        for odd in [f64::NAN, f64::INFINITY, -0.5, 100.1] {
            let numbers = Numbers {
                coverage: [Some(odd), None, None],
                ..Numbers::default()
            };
            assert_eq!(compared(&numbers, &numbers), None, "{odd}");
        }
    }
}
