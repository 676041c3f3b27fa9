//! The pipe's main job: queue builds of the step's commit, follow them, and say what came of it.

pub mod artifacts;
pub mod event;
pub mod outcome;
pub mod publish;
pub mod test_reports;
