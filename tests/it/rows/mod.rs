//! What a merge check sees: build statuses and reports of a commit, from the first start to the last end, whoever ends them.

mod after_script;
mod away;
mod merge_check;
mod open;
mod second_half;
mod sweeping;

use std::time::Duration;

use serde_json::Value;
use teamcity_simulator::bitbucket::{Bitbucket, Pipeline, PipelineResult, PipelineState, Scope};
use teamcity_simulator::{BuildType, Doubts, Outcome, Plan, Scenario, Simulator};

use crate::builds::canceled;
use crate::pipe::Step;

pub const APP: &str = "acme/app";
/// An access token that may do all that rows need.
pub const TOKEN: &str = "bitbucket-access-token";
/// One that may not read pipelines.
pub const NO_PIPELINES: &str = "no-pipelines";
pub const ENDED: PipelineState = PipelineState::Completed(PipelineResult::Stopped);

pub fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A build that runs so long after a while in the queue.
pub fn plan(seconds: u64, outcome: Outcome) -> Plan {
    Plan::new()
        .queued_for(s(5))
        .runs_for(s(seconds))
        .outcome(outcome)
}

/// Both sides: `App_Build` and `App_Test` in TeamCity, `acme/app` with two commits and its pipelines in Bitbucket.
pub struct Sides {
    pub teamcity: Simulator,
    pub bitbucket: Bitbucket,
}

impl Sides {
    pub fn new(plans: impl IntoIterator<Item = Plan>) -> Self {
        Self::with_doubts(plans, Doubts::default())
    }

    /// The same with a TeamCity that does this or that.
    pub fn with_doubts(plans: impl IntoIterator<Item = Plan>, doubts: Doubts) -> Self {
        let scenario = Scenario::new().doubts(doubts);
        let mut scenario = scenario.build_type(BuildType::new("App_Test").roots(["App_Git"]));
        for plan in plans {
            scenario = scenario.plan("App_Build", plan);
        }
        let commits = [Scenario::COMMIT, Scenario::OLDER_COMMIT];
        let bitbucket = Bitbucket::new()
            .with_repository(APP, &commits)
            .with_credential(
                &format!("Bearer {TOKEN}"),
                &[Scope::Repository, Scope::Pipeline],
            )
            .with_credential(&format!("Bearer {NO_PIPELINES}"), &[Scope::Repository]);
        for number in 10..20 {
            let commit = if number < 12 {
                Scenario::OLDER_COMMIT
            } else {
                Scenario::COMMIT
            };
            let uuid = format!("{{8a5a42ac-94a6-4a45-9bff-9d5f7c8c8d{number}}}");
            bitbucket.add_pipeline(APP, Pipeline::new(number, &uuid).on("main", commit));
        }
        Self {
            teamcity: Simulator::start(scenario),
            bitbucket,
        }
    }

    /// A step of pipeline 12, which runs on the newest commit.
    pub fn step(&self) -> Step {
        Step::new().with_bitbucket(&self.bitbucket, Some(TOKEN))
    }

    /// The same step in another pipeline, those before 12 on the older commit.
    pub fn step_of(&self, pipeline: u64) -> Step {
        let step = self
            .step()
            .set("BITBUCKET_BUILD_NUMBER", &pipeline.to_string());
        if pipeline < 12 {
            step.set("BITBUCKET_COMMIT", Scenario::OLDER_COMMIT)
        } else {
            step
        }
    }

    /// Pipelines come to their end.
    pub fn end(&self, pipelines: &[u64]) {
        for number in pipelines {
            self.bitbucket.set_pipeline(APP, &number.to_string(), ENDED);
        }
    }

    /// The states of a commit's rows, in the order in which they were made.
    pub fn states(&self, commit: &str) -> Vec<String> {
        let text = |row: &Value| row["state"].as_str().unwrap().to_owned();
        self.rows(commit).iter().map(text).collect()
    }

    pub fn rows(&self, commit: &str) -> Vec<Value> {
        self.bitbucket.statuses(APP, commit)
    }

    #[track_caller]
    pub fn nothing_is_open(&self) {
        assert_eq!(self.bitbucket.open_statuses(APP), []);
        assert_eq!(self.bitbucket.open_reports(APP), []);
    }

    /// Runs `cancel` in a step.
    pub async fn cancel(&self, step: Step) -> crate::pipe::Ran {
        step.argument("cancel")
            .unset("BUILD_TYPE_ID")
            .run(&self.teamcity)
            .await
    }

    /// Runs `sweep` in pipeline 19.
    pub async fn sweep(&self) -> crate::pipe::Ran {
        self.step_of(19)
            .argument("sweep")
            .unset("BUILD_TYPE_ID")
            .run(&self.teamcity)
            .await
    }

    pub fn canceled(&self) -> Vec<bool> {
        let builds = self.teamcity.builds();
        builds.iter().map(canceled).collect()
    }
}

/// In parallel with others: this one of the group.
pub fn parallel(step: Step, number: u64) -> Step {
    step.set("BITBUCKET_PARALLEL_STEP", &number.to_string())
        .set("BITBUCKET_STEP_UUID", &uuid(number))
}

/// The id of a step.
pub fn uuid(number: u64) -> String {
    format!("{{00000000-9a2b-45ab-93ae-{number:012}}}")
}

/// Follows what earlier steps started.
pub fn auto(step: Step) -> Step {
    step.unset("BUILD_TYPE_ID")
        .set("BUILD_ID", "auto")
        .set("BITBUCKET_STEP_UUID", &uuid(99))
}
