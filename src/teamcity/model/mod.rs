//! What TeamCity's answers hold, as far as the pipe reads them.
//!
//! TeamCity leaves out members that have their default value, and servers differ by version: so nearly everything is
//! optional, unknown members are ignored, and closed sets of the server keep an arm for what is not known yet.

mod artifact;
mod build;
mod build_type;
mod counts;
mod feature;
pub(super) mod lenient;
pub(super) mod log;
mod occurrence;
mod problem;
mod revision;
mod server;
mod statistics;
#[cfg(test)]
mod tests;
mod vcs;

pub use artifact::{ArtifactFile, ArtifactFiles};
pub use build::{
    Agent, ApprovalInfo, Build, BuildTypeRef, Builds, CanceledInfo, Comment, RunningInfo, State,
    Status, Tag, UserRef,
};
pub use build_type::{AgentInfo, AgentNames, AgentState, BuildType, Obstacles, Permissions, Pool};
pub use counts::Counts;
pub use feature::{Configured, Feature, Features};
pub use log::{LogMessage, LogMessages};
pub use occurrence::{TestOccurrence, TestOccurrences};
pub use problem::{ProblemOccurrence, ProblemOccurrences};
pub use revision::{Revision, Revisions, RootInstanceRef};
pub use server::{Reference, Restriction, Restrictions, Server, Token, Tokens, User};
pub use vcs::{
    Branch, Branches, ChainConfiguration, ChainConfigurations, Change, Changes, RootEntries,
    RootEntry, RootInstance, RootInstances, RootProperties,
};
