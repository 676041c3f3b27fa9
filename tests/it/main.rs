//! What users see, module by module, against the simulator.

mod attack;
mod campaign;
mod chains;
mod check;
mod desk;
mod documents;
mod following;
mod log;
mod pipe;
mod queueing;
mod results;
mod several;
mod stopping;
mod tokens;
mod versions;
mod waiting;
