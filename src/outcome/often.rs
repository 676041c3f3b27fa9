//! How a test went in the default branch's last builds: how often it failed, as a number and never as a verdict, and since when.

use std::collections::{BTreeMap, HashMap};

use super::whose::Told;
use crate::types::BuildId;

/// Fewer builds that ran it say nothing.
const FEWEST: usize = 5;

/// How often a test failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Often {
    /// In so many builds.
    pub failed: usize,
    /// Of so many that ran it; at least five.
    pub ran: usize,
    /// Of this branch.
    pub branch: String,
}

/// A test in one of the default branch's last finished builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The test's number.
    pub test: String,
    /// The build.
    pub build: BuildId,
    /// As it is told of.
    pub told: Told,
    /// How it went.
    pub went: Went,
}

/// How it went, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Went {
    /// It passed.
    Passed,
    /// It failed, but that was muted.
    Muted,
    /// It failed.
    Failed {
        /// The failure began there, as TeamCity says.
        began: bool,
    },
}

/// How often each test failed. A build whose failure was muted is counted neither as failed nor as one that ran it.
pub fn often(past: &[Past], branch: &str) -> HashMap<String, Often> {
    let mut worst: BTreeMap<(&str, BuildId), Went> = BTreeMap::new();
    for one in past {
        // A test may run more than once in a build.
        let known = worst.entry((&one.test, one.build)).or_insert(one.went);
        *known = one.went.max(*known);
    }
    let mut counted: HashMap<String, Often> = HashMap::new();
    for ((test, _), went) in worst {
        if went == Went::Muted {
            continue;
        }
        let often = counted.entry(test.to_owned()).or_insert_with(|| Often {
            failed: 0,
            ran: 0,
            branch: branch.to_owned(),
        });
        often.ran = often.ran.saturating_add(1);
        let failed = usize::from(went != Went::Passed);
        often.failed = often.failed.saturating_add(failed);
    }
    counted.retain(|_, often| often.ran >= FEWEST);
    counted
}

/// The build in which the newest failure of a test began, if these builds, the newest first, tell.
pub fn began<'a>(past: &'a [Past], test: &str) -> Option<&'a Told> {
    let mut oldest = None;
    for one in past.iter().filter(|one| one.test == test) {
        match one.went {
            Went::Failed { began: true } => return Some(&one.told),
            Went::Failed { .. } | Went::Muted => oldest = Some(&one.told),
            Went::Passed => return oldest,
        }
    }
    None
}

#[cfg(test)]
mod unit_tests {
    use proptest::prelude::*;

    use super::*;

    fn past(build: u64, test: &str, went: Went) -> Past {
        Past {
            test: test.into(),
            build: BuildId(build),
            told: Told {
                name: format!("main #{build}"),
                url: None,
            },
            went,
        }
    }

    const FAILED: Went = Went::Failed { began: false };

    #[test]
    fn fewer_than_five_builds_that_ran_it_say_nothing() {
        let list = |number: u64| -> Vec<Past> {
            let went = |at| if at % 2 == 0 { FAILED } else { Went::Passed };
            (0..number).map(|at| past(at, "1", went(at))).collect()
        };
        assert_eq!(often(&list(4), "main").get("1"), None);
        let five = often(&list(5), "main");
        assert_eq!((five["1"].failed, five["1"].ran), (3, 5));
    }

    #[test]
    fn a_muted_failure_counts_neither_way() {
        let mut list: Vec<Past> = (0..4).map(|at| past(at, "1", Went::Passed)).collect();
        list.push(past(4, "1", Went::Muted));
        list.push(past(4, "1", Went::Passed));
        assert_eq!(often(&list, "main").get("1"), None);
        list.push(past(5, "1", FAILED));
        let told = &often(&list, "main")["1"];
        assert_eq!((told.failed, told.ran), (1, 5));
    }

    #[test]
    fn a_failure_began_after_the_last_build_that_passed() {
        let name = |list: &[Past]| began(list, "1").map(|told| told.name.clone());
        let newest = [past(9, "1", FAILED), past(8, "2", Went::Passed)];
        assert_eq!(name(&newest), None);
        let mut list = newest.to_vec();
        list.extend([past(7, "1", Went::Muted), past(6, "1", Went::Passed)]);
        assert_eq!(name(&list), Some("main #7".into()));
        let began = past(5, "1", Went::Failed { began: true });
        list = newest.into_iter().chain([began]).collect();
        assert_eq!(name(&list), Some("main #5".into()));
    }

    proptest! {
        /// The same, counted build by build.
        #[test]
        fn numbers_are_those_of_a_slow_count(
            runs in proptest::collection::vec((0..8_u64, 0..3_u8, 0..4_u8), 0..80),
        ) {
            let past: Vec<Past> = runs
                .iter()
                .map(|&(build, test, went)| {
                    let went = [Went::Passed, Went::Passed, FAILED, Went::Muted][usize::from(went)];
                    past(build, &test.to_string(), went)
                })
                .collect();
            let often = often(&past, "main");
            for test in ["0", "1", "2"] {
                let (mut failed, mut ran) = (0, 0);
                for build in 0..8 {
                    let here: Vec<Went> = past
                        .iter()
                        .filter(|one| one.test == test && one.build == BuildId(build))
                        .map(|one| one.went)
                        .collect();
                    if here.contains(&FAILED) {
                        (failed, ran) = (failed + 1, ran + 1);
                    } else if !here.is_empty() && !here.contains(&Went::Muted) {
                        ran += 1;
                    }
                }
                let said = often.get(test).map(|told| (told.failed, told.ran));
                prop_assert_eq!(said, (ran >= 5).then_some((failed, ran)));
            }
        }
    }
}
