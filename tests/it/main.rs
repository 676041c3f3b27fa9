//! What users see, module by module, against the simulator.

mod documents;
mod following;
mod log;
mod pipe;
mod queueing;
mod stopping;
mod versions;
