//! Reads all that there is to know of builds that have ended, side by side and under one budget, and writes what comes in files of
//! its own: the Tests tab and artifacts.

use super::artifacts::{ArtifactReport, Downloads, folder_name};
use super::budget::Budget;
use super::details::Details;
use super::files::Folder;
use super::test_reports::{self, TestReports};
use super::told::{Told, telling};
use super::whose::{Subject, Whose, in_order};
use crate::config::Settings;
use crate::outcome::{BuildOutcome, ChainBuild, Class, Ending, Events};
use crate::report::Warning;
use crate::teamcity::Client;
use crate::types::{BuildId, BuildTypeId, Secrets};

/// Collects the results of a run.
pub struct Collecting<'a> {
    budget: &'a Budget,
    details: Details<'a>,
    reports: Option<TestReports<'a>>,
    downloads: Downloads<'a>,
    artifacts_required: bool,
}

impl<'a> Collecting<'a> {
    /// For a run whose files go to a folder; `tell` hears of progress that takes long.
    pub fn new(
        client: &'a Client,
        events: &'a dyn Events,
        budget: &'a Budget,
        settings: &Settings,
        folder: &Folder,
        tell: &'a dyn Fn(String),
    ) -> Self {
        let label = settings.results.label.as_deref();
        let reports = || {
            let folder = folder.sub(test_reports::FOLDER);
            TestReports::new(client, budget, folder, label)
        };
        let settings = &settings.results;
        // Artifacts are the build's own, and stay as they are.
        let root = folder
            .sub(&settings.artifacts_dir)
            .hiding(&Secrets::default());
        Self {
            budget,
            details: Details {
                client,
                events,
                budget,
            },
            reports: settings.test_reports.then(reports),
            downloads: Downloads::new(client, budget, &settings.artifacts, root, tell),
            artifacts_required: settings.artifacts_required,
        }
    }

    /// How much time there is.
    pub fn budget(&self) -> &'a Budget {
        self.budget
    }

    /// The chain of a build that has one.
    pub async fn chain(&self, id: BuildId) -> Vec<ChainBuild> {
        self.details.chain(id).await
    }

    /// Completes the outcome of the build at a place among those of the step; its chain is known.
    pub async fn build(
        &self,
        place: (usize, &[BuildTypeId]),
        outcome: &mut BuildOutcome,
        has_chain: bool,
    ) {
        let Some(id) = outcome.id.filter(|_| outcome.ending != Ending::Deleted) else {
            return;
        };
        let known = outcome.clone();
        let of_chain = Details::culprits(&known.chain).count();
        let whose = Whose::new(self.details.client, self.budget, id, of_chain);
        let (tell, told) = telling();
        let read = async {
            let causes = async {
                if known.ending == Ending::Success {
                    Default::default()
                } else {
                    self.details.causes(&whose, &known.chain).await
                }
            };
            let own = self.details.failures(&whose, id, &known);
            let (causes, (mut problems, mut tests)) = tokio::join!(causes, own);
            let unmuted = tests.iter().filter(|test| test.class != Class::Muted);
            let listed = unmuted.count() as u64;
            if !causes.0.is_empty() || !causes.1.is_empty() {
                problems.retain(|problem| !problem.kind.to_lowercase().contains("snapshot"));
            }
            problems.extend(causes.0);
            tests.extend(causes.1);
            in_order(&mut problems, &mut tests);
            tell.send_replace(Some(Told::of(&problems, &tests)));
            (problems, tests, listed)
        };
        let reports = async {
            if let Some(reports) = &self.reports {
                reports.of_build(&known, has_chain, &told).await;
            }
        };
        let compared = async {
            if known.ending == Ending::Success {
                // Only its numbers are of interest.
                let _ = whose.reference(Subject::top(id, &known)).await;
            }
        };
        let folder = folder_name(place.1, place.0, id);
        let ((problems, tests, listed), (), (), (), changes) = tokio::join!(
            Box::pin(read),
            Box::pin(reports),
            Box::pin(compared),
            Box::pin(self.downloads.of_build(id, folder.as_deref())),
            Box::pin(self.details.changes(id))
        );
        if listed > outcome.tests.map_or(0, |tests| tests.failed) {
            let counts = outcome.tests.get_or_insert_default();
            counts.failed = listed;
            counts.total = counts.total.max(counts.passed.saturating_add(listed));
        }
        outcome.problems = problems;
        (outcome.muted_tests, outcome.failed_tests) = tests
            .into_iter()
            .partition(|test| test.class == Class::Muted);
        outcome.changes = changes;
        outcome.comparison = whose.comparison();
    }

    /// What was downloaded.
    pub fn artifacts(&self) -> ArtifactReport {
        self.downloads.report()
    }

    /// What is missing in the Tests tab.
    pub fn test_warnings(&self) -> Vec<Warning> {
        self.reports
            .as_ref()
            .map(TestReports::warnings)
            .unwrap_or_default()
    }

    /// Whether `ARTIFACTS_REQUIRED` demands what is missing.
    pub fn lacks_artifacts(&self) -> bool {
        self.artifacts_required && !self.downloads.report().warnings.is_empty()
    }
}
