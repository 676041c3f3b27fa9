//! What users see, module by module, against the simulator.

mod campaign;
mod check;
mod desk;
mod documents;
mod following;
mod pipe;
mod queueing;
mod results;
mod stopping;
mod tokens;
mod versions;
