//! What a TeamCity server knows: plain data and its builders, no HTTP.

mod agent;
mod artifact;
mod build;
mod build_type;
mod earlier;
mod plan;
mod project;
mod results;
mod user;
mod vcs;

pub use agent::{Agent, Pool};
pub(crate) use artifact::Artifacts;
pub use artifact::{Artifact, Content};
pub(crate) use build::{Build, InsteadOf, Tag, Trigger};
pub use build::{Cancellation, Property, Revision, TriggeringOptions};
pub use build_type::{BuildType, BuildTypeKind, Dependency, Feature, OnDependency, Step};
pub use earlier::EarlierBuild;
pub use plan::{Broken, Outcome, Plan, Status};
pub use project::{Project, ProjectFeature};
pub use results::{FailedTest, Problem, Tests};
pub(crate) use user::PERMISSIONS;
pub use user::{Grant, Permission, Token, User};
pub(crate) use vcs::full_ref;
pub(crate) use vcs::{Branch, Change};
pub use vcs::{Discovery, Root};
