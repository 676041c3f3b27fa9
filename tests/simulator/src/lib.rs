#![doc = include_str!("../README.md")]

pub mod bitbucket;
mod body;
mod build_log;
mod clock;
mod control;
mod doubts;
mod ends;
mod faults;
mod gateway;
mod json;
mod lifecycle;
mod log;
mod log_windows;
mod model;
mod pages;
mod queueing;
mod rest;
mod scenario;
mod serve;
mod simulator;
mod spoiling;
mod state;
mod verdict;
mod view;

pub use body::{Body, Disconnect};
pub use clock::Clock;
pub use doubts::Doubts;
pub use faults::{Fault, FaultKind, Matcher};
pub use lifecycle::{End, Phase, Timeline};
pub use log::{Level, LogScript};
pub use log_windows::LogWindows;
pub use model::{
    Agent, Artifact, BuildType, BuildTypeKind, Cancellation, Content, Dependency, Discovery,
    FailedTest, Grant, OnDependency, Outcome, Permission, Plan, Problem, Project, Property,
    Revision, Root, Status, Tests, Token, TriggeringOptions, User,
};
pub use rest::errors::Generation;
pub use rest::resource::Resource;
pub use scenario::Scenario;
pub use simulator::{Mode, Recorded, Simulator};
pub use view::{BuildView, View};
