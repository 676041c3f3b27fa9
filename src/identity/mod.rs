//! How a build of this pipe is known, and found again: after a lost answer, by a later step, or by another pipeline.

mod find;
mod marker;
mod origin;
mod successor;

pub use find::{
    Facts, alike, finished, living, living_now, of_pipeline, only_tagged, tagged, tagged_now,
};
pub use marker::{Identity, Marker};
pub use origin::{Manner, Origin, StepRun};
pub use successor::{beside, broken_off, latest, may_have_successor, successor, survivor};
