#![doc = include_str!("../README.md")]

mod agents;
pub mod bitbucket;
mod body;
mod build_log;
mod clock;
mod control;
mod doubts;
mod ends;
mod faults;
mod gateway;
mod history;
mod json;
mod lifecycle;
mod log;
mod log_windows;
mod matcher;
mod model;
mod nodes;
mod pages;
mod queueing;
mod rest;
mod scenario;
mod serve;
mod shop;
mod simulator;
mod spoiling;
mod state;
mod story;
mod succession;
mod vcs;
mod verdict;
mod view;
mod zip;

pub use body::{Body, Disconnect};
pub use clock::Clock;
pub use doubts::Doubts;
pub use faults::{Fault, FaultKind};
pub use lifecycle::{End, Phase, Timeline};
pub use log::{Level, LogScript};
pub use log_windows::LogWindows;
pub use matcher::Matcher;
pub use model::{
    Agent, Artifact, Broken, BuildType, BuildTypeKind, Cancellation, Content, Dependency,
    Discovery, EarlierBuild, FailedTest, Feature, Grant, OnDependency, Outcome, Permission, Plan,
    Pool, Problem, Project, ProjectFeature, Property, Revision, Root, Status, Step, Tests, Token,
    TriggeringOptions, User,
};
pub use nodes::SecondNode;
pub use rest::errors::Generation;
pub use rest::resource::Resource;
pub use scenario::Scenario;
pub use shop::{Shop, ShopError};
pub use simulator::{Mode, Recorded, Simulator};
pub use view::{BuildView, View};
