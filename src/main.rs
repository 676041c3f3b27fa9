//! The pipe's binary: the real network, output and signals.

// Whatever a server, a build or a user sends: nothing here panics. Tests may.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

use std::cell::RefCell;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::SystemTime;

use anyhow::Context as _;
use futures_util::FutureExt as _;
use teamcity_pipe::exit::ExitStatus;
use teamcity_pipe::http::{Transport, connect};
use teamcity_pipe::terminal::{StandardOutput, Terminal};
use teamcity_pipe::world::World;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

fn main() -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no runtime")?;
    let status = runtime.block_on(run());
    // A name server that hangs keeps a thread of its own, which is not waited for.
    runtime.shutdown_background();
    Ok(status?.into())
}

async fn run() -> anyhow::Result<ExitStatus> {
    // As process 1 the pipe ignores signals that it does not handle: so this comes first.
    let mut terminate = signal(SignalKind::terminate()).context("no handler for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("no handler for SIGINT")?;
    let mut hangup = signal(SignalKind::hangup()).context("no handler for SIGHUP")?;
    let stop = async move {
        let signal = tokio::select! {
            _ = terminate.recv() => 15,
            _ = interrupt.recv() => 2,
            _ = hangup.recv() => 1,
        };
        (signal, Instant::now())
    };
    let stop = stop.shared();
    let output = StandardOutput::of_process();
    let world = World {
        connect: Rc::new(|how| Ok(Rc::new(connect(how)?) as Rc<dyn Transport>)),
        output: Rc::new(RefCell::new(output.clone())),
        stop: Box::pin(stop.clone().map(|(signal, _)| signal)),
        // One that is gone takes no files, and changes no result.
        directory: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
        person: Rc::new(Terminal(output.clone())),
        now: Rc::new(|| SystemTime::now().into()),
        random: RandomState::new().build_hasher().finish(),
    };
    let status = teamcity_pipe::run(std::env::args_os(), std::env::vars_os(), world).await;
    Ok(output.finish(status, stop).await)
}
