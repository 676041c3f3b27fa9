//! The words that a run, its results and its reports share: what happens, and what came of the builds. Plain data.

mod builds;
pub mod cause;
mod comparison;
mod event;
pub mod often;
pub mod whose;

pub use builds::{
    BrokenOff, BuildOutcome, BuiltChange, Cancellation, ChainBuild, Ending, FailedTest, Moment,
    Problem, RootAt, RunOutcome, TestCounts, labeled,
};
pub use comparison::{Comparison, Numbers, Quantity, Row};
pub use event::{Event, Events, LogLevel, News, Position, QueuedBuild, Superseded};
pub use often::Often;
pub use whose::Class;
