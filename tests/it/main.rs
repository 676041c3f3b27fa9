//! What users see, module by module, against the simulator.

mod campaign;
mod documents;
mod examples;
mod following;
mod pipe;
mod queueing;
mod stopping;
mod tls;
mod versions;
