//! What users see, module by module, against the simulator.

mod campaign;
mod documents;
mod following;
mod pipe;
mod queueing;
mod stopping;
mod versions;
