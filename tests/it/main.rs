//! What users see, module by module, against the simulator.

mod campaign;
mod check;
mod desk;
mod documents;
mod following;
mod pipe;
mod queueing;
mod stopping;
mod tokens;
mod tokens_binary;
mod tokens_crash;
mod tokens_life;
mod versions;
