//! Whose failure it is: this build's alone, or the default branch's too.
//!
//! The default branch's last finished build of the same configuration is the measure. What it does not tell is unknown, and says why.

use std::collections::HashMap;

use crate::types::BuildId;

/// Whose a failure is. The order is that in which failures are shown: what is most likely one's own comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The default branch's last finished build ran it, and it did not fail there.
    New,
    /// It can't be said.
    Unknown {
        /// Why (`not run on main #41`).
        why: String,
    },
    /// Somebody is at it now.
    Investigated {
        /// Who, if TeamCity says it.
        who: Option<String>,
    },
    /// The default branch's last finished build failed it too.
    AlsoOnDefault {
        /// Since which build it fails there; `None`: not known.
        since: Option<Told>,
    },
    /// Its failure is muted: it fails no build.
    Muted,
}

impl Class {
    /// Nothing was asked.
    pub fn not_asked() -> Self {
        Self::unknown("not compared")
    }

    /// Not known, and why.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown { why: why.into() }
    }

    /// Its place in the order of classes.
    pub fn rank(&self) -> u8 {
        match self {
            Self::New => 0,
            Self::Unknown { .. } => 1,
            Self::Investigated { .. } => 2,
            Self::AlsoOnDefault { .. } => 3,
            Self::Muted => 4,
        }
    }

    /// The word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Unknown { .. } => "unknown",
            Self::Investigated { .. } => "investigated",
            Self::AlsoOnDefault { .. } => "also-on-default",
            Self::Muted => "muted",
        }
    }
}

/// A build, as it is told of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// Its branch and number (`main #41`).
    pub name: String,
    /// Its page.
    pub url: Option<String>,
}

/// What is known of one of our failed tests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failed {
    /// The number that TeamCity gives the test, the same in all builds.
    pub test: Option<String>,
    /// The build that ran it: of a composite one, its part.
    pub build: Option<BuildId>,
    /// Its failure is muted.
    pub muted: bool,
    /// Somebody is at it; who, if that is known.
    pub investigated: Option<Option<String>>,
}

/// The default branch's last finished build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Which one.
    pub build: Told,
    /// Identities of its build problems, muted ones too.
    pub problems: Vec<String>,
    /// How our failed tests went there; why they can't be read.
    pub tests: Result<There, String>,
}

/// Tests of the reference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct There {
    /// Each time that one of them ran; a test may run more than once.
    pub ran: Vec<Ran>,
    /// All that there were are among them.
    pub complete: bool,
}

/// A test in the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// The test's number.
    pub test: String,
    /// How it went.
    pub result: Result<(), Failure>,
}

/// It failed there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// The build in which that began, if it is known.
    pub since: Option<Told>,
}

/// The classes of our failed tests, in their order. A reference that is not there says why.
pub fn tests(ours: &[Failed], reference: Result<&Reference, &str>) -> Vec<Class> {
    let mut ran: HashMap<&str, &Result<(), Failure>> = HashMap::new();
    let there = reference.ok().and_then(|it| it.tests.as_ref().ok());
    for one in there.iter().flat_map(|there| &there.ran) {
        let known = ran.entry(&one.test).or_insert(&one.result);
        // Once failed is failed.
        if known.is_ok() {
            *known = &one.result;
        }
    }
    let by_history = |test: &str| {
        let reference = match reference {
            Ok(reference) => reference,
            Err(why) => return Class::unknown(why),
        };
        let name = &reference.build.name;
        match (&reference.tests, ran.get(test)) {
            (Err(why), _) => Class::unknown(why),
            (_, Some(Ok(()))) => Class::New,
            (_, Some(Err(failure))) => Class::AlsoOnDefault {
                since: failure.since.clone(),
            },
            (Ok(there), None) if there.complete => Class::unknown(format!("not run on {name}")),
            (Ok(_), None) => Class::unknown(format!("{name} has too many tests to find it")),
        }
    };
    ours.iter()
        .map(|test| match (&test.investigated, &test.test) {
            _ if test.muted => Class::Muted,
            (Some(who), _) => Class::Investigated { who: who.clone() },
            (None, Some(id)) => by_history(id),
            (None, None) => Class::unknown("TeamCity gives it no number"),
        })
        .collect()
}

/// The class of a build problem; `None` for one that only sums up failed tests, which have classes of their own.
pub fn problem(
    kind: &str,
    identity: Option<&str>,
    reference: Result<&Reference, &str>,
) -> Option<Class> {
    if sums_up_tests(kind) {
        return None;
    }
    let reference = match reference {
        Ok(reference) => reference,
        Err(why) => return Some(Class::unknown(why)),
    };
    let Some(identity) = identity else {
        return Some(Class::unknown(
            "TeamCity does not say what distinguishes it",
        ));
    };
    let name = &reference.build.name;
    let is_other = |known: &&String| !sums_up_tests(known);
    Some(
        if reference.problems.iter().any(|known| known == identity) {
            Class::AlsoOnDefault { since: None }
        } else if reference.problems.iter().any(|known| is_other(&known)) {
            // It may not have come as far as this.
            Class::unknown(format!("{name} failed in another way"))
        } else {
            Class::New
        },
    )
}

/// Whether a type or identity only sums up the failed tests.
fn sums_up_tests(kind: &str) -> bool {
    kind.starts_with("TC_FAILED_TESTS")
}

#[cfg(test)]
mod unit_tests {
    use proptest::prelude::*;

    use super::*;

    fn told(name: &str) -> Told {
        Told {
            name: name.into(),
            url: None,
        }
    }

    fn reference() -> Reference {
        let ran = |test: &str, result| Ran {
            test: test.into(),
            result,
        };
        let since = Some(told("main #38"));
        Reference {
            build: told("main #41"),
            problems: vec!["step_1".into(), "TC_FAILED_TESTS_bt1".into()],
            tests: Ok(There {
                ran: vec![
                    ran("1", Ok(())),
                    ran("2", Err(Failure { since })),
                    ran("3", Ok(())),
                    ran("3", Err(Failure::default())),
                ],
                complete: true,
            }),
        }
    }

    fn failed(test: &str) -> Failed {
        Failed {
            test: Some(test.into()),
            ..Failed::default()
        }
    }

    #[test]
    fn the_first_that_is_true_counts() {
        let ours = [
            Failed {
                muted: true,
                investigated: Some(None),
                ..failed("1")
            },
            Failed {
                investigated: Some(Some("Ada".into())),
                ..failed("2")
            },
            failed("2"),
            failed("3"),
            failed("1"),
            failed("4"),
        ];
        assert_eq!(
            tests(&ours, Ok(&reference())),
            [
                Class::Muted,
                Class::Investigated {
                    who: Some("Ada".into())
                },
                Class::AlsoOnDefault {
                    since: Some(told("main #38"))
                },
                Class::AlsoOnDefault { since: None },
                Class::New,
                Class::unknown("not run on main #41"),
            ]
        );
    }

    #[test]
    fn a_problem_is_known_by_its_identity() {
        let mut reference = reference();
        fn class(identity: Option<&str>, reference: Result<&Reference, &str>) -> Option<Class> {
            problem("TC_EXIT_CODE", identity, reference)
        }
        assert_eq!(
            class(Some("step_1"), Ok(&reference)),
            Some(Class::AlsoOnDefault { since: None })
        );
        assert_eq!(
            class(Some("step_2"), Ok(&reference)),
            Some(Class::unknown("main #41 failed in another way"))
        );
        reference.problems.remove(0);
        assert_eq!(class(Some("step_2"), Ok(&reference)), Some(Class::New));
        assert_eq!(
            class(Some("step_2"), Err("late")),
            Some(Class::unknown("late"))
        );
        assert_eq!(problem("TC_FAILED_TESTS", Some("x"), Ok(&reference)), None);
    }

    fn some_test() -> impl Strategy<Value = String> {
        (0..6_u8).prop_map(|number| number.to_string())
    }

    prop_compose! {
        fn some_failed()(
            test in proptest::option::weighted(0.9, some_test()),
            muted in proptest::bool::weighted(0.1),
            investigated in proptest::option::weighted(0.1, proptest::option::of("[a-z]")),
        ) -> Failed {
            Failed { test, build: None, muted, investigated }
        }
    }

    prop_compose! {
        fn some_reference()(
            ran in proptest::collection::vec((some_test(), proptest::bool::ANY), 0..8),
            complete in proptest::bool::weighted(0.8),
            is_read in proptest::bool::weighted(0.9),
        ) -> Reference {
            let ran = ran.into_iter().map(|(test, good)| Ran {
                test,
                result: if good { Ok(()) } else { Err(Failure::default()) },
            });
            let there = There { ran: ran.collect(), complete };
            Reference {
                build: told("main #1"),
                problems: Vec::new(),
                tests: if is_read { Ok(there) } else { Err("refused".into()) },
            }
        }
    }

    /// The same in the slow words of the interface.
    fn slowly(test: &Failed, reference: Option<&Reference>) -> &'static str {
        if test.muted {
            return "muted";
        }
        if test.investigated.is_some() {
            return "investigated";
        }
        let times = |failed: bool| {
            let mut number = 0;
            if let Some(Reference {
                tests: Ok(there), ..
            }) = reference
            {
                for one in &there.ran {
                    if Some(&one.test) == test.test.as_ref() && one.result.is_err() == failed {
                        number += 1;
                    }
                }
            }
            number
        };
        match (times(true), times(false)) {
            (0, 0) => "unknown",
            (0, _) => "new",
            _ => "also-on-default",
        }
    }

    proptest! {
        #[test]
        fn nothing_is_claimed_that_the_history_does_not_tell(
            ours in proptest::collection::vec(some_failed(), 0..8),
            reference in proptest::option::weighted(0.9, some_reference()),
        ) {
            let classes = tests(&ours, reference.as_ref().ok_or("no such build"));
            prop_assert_eq!(classes.len(), ours.len());
            for (test, class) in ours.iter().zip(&classes) {
                prop_assert_eq!(class.word(), slowly(test, reference.as_ref()));
                if let Class::Unknown { why } = class {
                    prop_assert!(!why.is_empty());
                }
            }
        }
    }
}
