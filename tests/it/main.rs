//! What users see, module by module, against the simulator.

mod chains;
mod documents;
mod following;
mod log;
mod pipe;
mod queueing;
mod several;
mod stopping;
mod versions;
mod waiting;
