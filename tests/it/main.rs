//! What users see, module by module, against the simulator.

mod campaign;
mod chains;
mod documents;
mod following;
mod log;
mod pipe;
mod queueing;
mod results;
mod several;
mod stopping;
mod versions;
mod waiting;
