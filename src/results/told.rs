//! What is known of a build's failures once all is read, for those who write beside the reading.

use std::collections::HashMap;

use tokio::sync::watch;

use crate::outcome::{FailedTest, Problem};

/// Its problems, and the classes of its failed tests.
#[derive(Debug, Default)]
pub struct Told {
    problems: Vec<Problem>,
    /// By the tests' names: the configuration in which it failed, and the word for its class.
    classes: HashMap<String, Vec<(Option<String>, &'static str)>>,
}

impl Told {
    /// Of these.
    pub fn of(problems: &[Problem], tests: &[FailedTest]) -> Self {
        let mut classes: HashMap<_, Vec<_>> = HashMap::new();
        for test in tests {
            let one = (test.within.clone(), test.class.word());
            classes.entry(test.name.clone()).or_default().push(one);
        }
        Self {
            problems: problems.to_vec(),
            classes,
        }
    }

    /// Its problems.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The class of a test in a build of the chain (`None`: in the build itself), if there is only one that it can be. A composite
    /// build lists the tests of its parts as its own.
    pub fn class(&self, within: Option<&str>, test: &str) -> Option<&'static str> {
        let all = self.classes.get(test)?;
        let of = |part: Option<&str>| {
            let mut words = all.iter().filter(|(one, _)| one.as_deref() == part);
            let (_, word) = words.next()?;
            words.all(|(_, other)| other == word).then_some(*word)
        };
        let is_known = all.iter().any(|(one, _)| one.as_deref() == within);
        of(if is_known { within } else { None })
    }
}

/// Where it is told.
pub type Teller = watch::Sender<Option<Told>>;

/// Where it is heard, whenever that is.
#[derive(Debug, Clone)]
pub struct Hearing(watch::Receiver<Option<Told>>);

/// Both ends.
pub fn telling() -> (Teller, Hearing) {
    let (tell, hear) = watch::channel(None);
    (tell, Hearing(hear))
}

impl Hearing {
    /// Waits until it is told. Who never tells has nothing to tell.
    pub async fn wait<T>(&self, take: impl FnOnce(&Told) -> T) -> T {
        let mut hear = self.0.clone();
        let told = hear.wait_for(Option::is_some).await;
        match told.ok().as_deref() {
            Some(Some(told)) => take(told),
            _ => take(&Told::default()),
        }
    }
}

#[cfg(test)]
mod unit_tests {
    use super::*;
    use crate::outcome::Class;

    #[test]
    fn a_class_that_is_not_sure_is_none() {
        let test = |name: &str, within: Option<&str>, class: Class| FailedTest {
            name: name.into(),
            details: None,
            new_failure: false,
            class,
            often: None,
            duration: None,
            within: within.map(Into::into),
        };
        let told = Told::of(
            &[],
            &[
                test("a", None, Class::New),
                test("a", Some("Unit"), Class::Muted),
                test("b", None, Class::New),
                test("c", None, Class::New),
                test("c", None, Class::unknown("late")),
            ],
        );
        assert_eq!(told.class(None, "a"), Some("new"));
        assert_eq!(told.class(Some("Unit"), "a"), Some("muted"));
        assert_eq!(told.class(Some("Unit"), "b"), Some("new"));
        assert_eq!(told.class(None, "c"), None);
        assert_eq!(told.class(None, "d"), None);
    }
}
