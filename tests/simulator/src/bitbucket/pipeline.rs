//! Pipelines of a repository: which there are, and whether they have ended.

use serde_json::{Value, json};

use super::answer::{Answer, error, page, pipelines_error};
use super::{Repository, Seen};

/// Where a pipeline is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PipelineState {
    /// It waits for its first step.
    Pending,
    /// A step runs.
    Running,
    /// It waits for a manual step. Told as a stage of `IN_PROGRESS`.
    Paused,
    /// It is out of minutes, or the like. Told as a stage of `IN_PROGRESS`.
    Halted,
    /// [`Self::Paused`] where the state itself has that name.
    PausedByName,
    /// [`Self::Halted`] where the state itself has that name.
    HaltedByName,
    /// It has ended.
    Completed(PipelineResult),
    /// A state of this name, which nobody knows yet.
    Other(&'static str),
}

/// How a pipeline ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PipelineResult {
    /// All steps passed.
    Successful,
    /// A step failed.
    Failed,
    /// Pipelines itself failed.
    Error,
    /// Somebody stopped it.
    Stopped,
    /// It waited too long.
    Expired,
}

/// A pipeline.
#[derive(Debug, Clone)]
pub struct Pipeline {
    number: u64,
    uuid: String,
    branch: String,
    commit: String,
    state: PipelineState,
    pub(super) created: String,
}

impl Pipeline {
    /// A pipeline that runs on `main`. Its id is in braces.
    #[must_use]
    pub fn new(number: u64, uuid: &str) -> Self {
        Self {
            number,
            uuid: uuid.to_owned(),
            branch: "main".to_owned(),
            commit: String::new(),
            state: PipelineState::Running,
            created: String::new(),
        }
    }
    /// Its branch and commit.
    #[must_use]
    pub fn on(mut self, branch: &str, commit: &str) -> Self {
        branch.clone_into(&mut self.branch);
        commit.clone_into(&mut self.commit);
        self
    }
    /// Where it is.
    #[must_use]
    pub fn state(mut self, state: PipelineState) -> Self {
        self.state = state;
        self
    }

    pub(super) fn is(&self, uuid_or_number: &str) -> bool {
        self.uuid == uuid_or_number || self.number.to_string() == uuid_or_number
    }

    pub(super) fn set(&mut self, state: PipelineState) {
        self.state = state;
    }

    fn show(&self, repository: &str) -> Value {
        json!({
            "type": "pipeline", "uuid": self.uuid, "build_number": self.number,
            "repository": { "type": "repository", "full_name": repository },
            "target": {
                "type": "pipeline_ref_target", "ref_type": "branch", "ref_name": self.branch,
                "commit": { "type": "commit", "hash": self.commit },
            },
            "created_on": self.created,
            "state": state(self.state),
        })
    }
}

fn state(state: PipelineState) -> Value {
    let in_progress = |stage: &str| {
        json!({ "name": "IN_PROGRESS", "type": "pipeline_state_in_progress",
            "stage": { "name": stage, "type": format!("pipeline_state_in_progress_{}", stage.to_lowercase()) } })
    };
    let named = |name: &str| json!({ "name": name, "type": format!("pipeline_state_{}", name.to_lowercase()) });
    match state {
        PipelineState::Pending => named("PENDING"),
        PipelineState::Running => in_progress("RUNNING"),
        PipelineState::Paused => in_progress("PAUSED"),
        PipelineState::Halted => in_progress("HALTED"),
        PipelineState::PausedByName => named("PAUSED"),
        PipelineState::HaltedByName => named("HALTED"),
        PipelineState::Other(name) => named(name),
        PipelineState::Completed(result) => {
            let result = match result {
                PipelineResult::Successful => "SUCCESSFUL",
                PipelineResult::Failed => "FAILED",
                PipelineResult::Error => "ERROR",
                PipelineResult::Stopped => "STOPPED",
                PipelineResult::Expired => "EXPIRED",
            };
            let mut completed = named("COMPLETED");
            completed["result"] = json!({
                "name": result, "type": format!("pipeline_state_completed_{}", result.to_lowercase()),
            });
            completed
        }
    }
}

/// `…/pipelines` and `…/pipelines/{uuid or number}`.
pub(super) fn answer(repository: &Repository, seen: &Seen, rest: &[&str]) -> Answer {
    if seen.method != "GET" {
        return error(405, "Method not allowed");
    }
    match rest {
        [] => {
            let mut all: Vec<Value> = repository
                .pipelines
                .iter()
                .map(|pipeline| pipeline.show(&repository.name))
                .collect();
            match seen.query("sort").as_deref() {
                None | Some("created_on") => {}
                Some("-created_on") => all.reverse(),
                Some(_) => return error(400, "Invalid sort"),
            }
            page(&all, seen)
        }
        [id] if !id.starts_with('{') && id.parse::<u64>().is_err() => pipelines_error(
            400,
            "Bad request",
            &format!("The value {id} is not a valid UUID."),
            "bad-request",
        ),
        [id] => match repository.pipelines.iter().find(|one| one.is(id)) {
            Some(pipeline) => Answer::json(200, pipeline.show(&repository.name)),
            None => pipelines_error(
                404,
                "Not found",
                "The pipeline was not found.",
                "result-service.pipeline.not-found",
            ),
        },
        _ => error(404, "Resource not found"),
    }
}
