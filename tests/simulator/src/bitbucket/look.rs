//! What tests see of Bitbucket.

use std::collections::BTreeMap;

use serde_json::Value;

use super::status::{MergeCheck, merge_check};
use super::{Bitbucket, Repository, Seen};

impl Bitbucket {
    fn of_repository<T: Default>(&self, name: &str, look: impl FnOnce(&Repository) -> T) -> T {
        let state = self.state();
        state.repositories.get(name).map(look).unwrap_or_default()
    }

    /// All requests so far, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    /// A report as it stands.
    #[must_use]
    pub fn report(&self, repository: &str, commit: &str, id: &str) -> Option<Value> {
        self.reports(repository, commit).remove(id)
    }

    /// All reports of a commit, by id.
    #[must_use]
    pub fn reports(&self, repository: &str, commit: &str) -> BTreeMap<String, Value> {
        self.of_repository(repository, |repository| {
            repository
                .reports
                .iter()
                .filter(|((of, _), _)| of == commit)
                .map(|((_, id), report)| (id.clone(), report.body.clone()))
                .collect()
        })
    }

    /// Reports of all commits that are still PENDING: the commit, the id, the report.
    #[must_use]
    pub fn open_reports(&self, repository: &str) -> Vec<(String, String, Value)> {
        self.of_repository(repository, |repository| {
            repository
                .reports
                .iter()
                .filter(|(_, report)| report.body["result"] == "PENDING")
                .map(|((commit, id), report)| (commit.clone(), id.clone(), report.body.clone()))
                .collect()
        })
    }

    /// The annotations of a report.
    #[must_use]
    pub fn annotations(&self, repository: &str, commit: &str, id: &str) -> Vec<Value> {
        self.of_repository(repository, |repository| {
            repository
                .reports
                .get(&(commit.to_owned(), id.to_owned()))
                .map(|report| report.annotations.values().cloned().collect())
                .unwrap_or_default()
        })
    }

    /// The build statuses of a commit, as its list gives them, in the order in which they were made.
    #[must_use]
    pub fn statuses(&self, repository: &str, commit: &str) -> Vec<Value> {
        self.of_repository(repository, |repository| {
            repository
                .rows_of(commit)
                .map(|row| row.show(&repository.name))
                .collect()
        })
    }

    /// The build statuses of a commit as a merge check counts them.
    #[must_use]
    pub fn merge_check(&self, repository: &str, commit: &str) -> MergeCheck {
        merge_check(self.statuses(repository, commit))
    }

    /// Build statuses of all commits that are still INPROGRESS: the commit and the row.
    #[must_use]
    pub fn open_statuses(&self, repository: &str) -> Vec<(String, Value)> {
        self.of_repository(repository, |repository| {
            repository
                .rows
                .iter()
                .map(|row| (row.commit.clone(), row.show(&repository.name)))
                .filter(|(_, row)| row["state"] == "INPROGRESS")
                .collect()
        })
    }

    /// A variable as it is stored, its value too if it is secured: of a workspace (`acme`), a repository (`acme/app`),
    /// or an environment of a repository.
    #[must_use]
    pub fn variable(&self, place: &str, environment: Option<&str>, key: &str) -> Option<Value> {
        let mut state = self.state();
        let list = state.variables(place, environment)?;
        list.iter().find(|variable| variable["key"] == key).cloned()
    }
}
