//! What users see, module by module, against the simulator.

mod attack;
mod campaign;
mod documents;
mod following;
mod pipe;
mod queueing;
mod results;
mod stopping;
mod versions;
