//! The simulator: handles requests, tells what happened, and lets tests change the world.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

use crate::body::{Body, Disconnect};
use crate::ends::reached;
use crate::faults::{ActiveFault, Fault, FaultKind, pick};
use crate::gateway;
use crate::rest::resource::Resource;
use crate::scenario::Scenario;
use crate::spoiling;
use crate::state::State;
use crate::view::{self, BuildView, View};

/// How the server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// It works.
    Ready,
    /// It starts: every URL answers with the maintenance page.
    Starting,
    /// A node that may not write.
    ReadOnlyNode,
    /// A login gateway stands before it.
    SsoGateway {
        /// Whether it redirects, rather than answer with its page.
        redirect: bool,
    },
    /// A proxy answers with this status and a page of its own.
    ProxyError(u16),
}

/// A request that came.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// When, from the server's start.
    pub at: Duration,
    /// Method.
    pub method: String,
    /// Path as sent, without the query.
    pub path: String,
    /// Query as sent.
    pub query: Option<String>,
    /// Headers.
    pub headers: http::HeaderMap,
    /// Body.
    pub body: Bytes,
    /// Which endpoint it asked for.
    pub resource: Option<Resource>,
    /// Status of the answer; `None` if there was none (yet).
    pub status: Option<u16>,
    /// The fault that hit it.
    pub fault: Option<FaultKind>,
}

/// A TeamCity server in memory. Clones are the same server.
#[derive(Debug, Clone)]
pub struct Simulator {
    pub(crate) state: Arc<Mutex<State>>,
    pub(crate) changed: Arc<Notify>,
}

impl Simulator {
    /// Starts a server.
    pub fn start(scenario: Scenario) -> Self {
        Self {
            state: Arc::new(Mutex::new(scenario.into_state())),
            changed: Arc::new(Notify::new()),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Handles a request, as a connection would.
    ///
    /// # Errors
    /// When a fault ends the connection without an answer.
    pub async fn handle(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, Disconnect> {
        let (index, fault, latency) = self.record(&request);
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let answer = self.answer(request, fault).await;
        {
            let mut state = self.lock();
            if let Some(recorded) = state.recorded.get_mut(index) {
                recorded.status = answer.as_ref().ok().map(|answer| answer.status().as_u16());
            }
        }
        self.changed.notify_waiters();
        answer
    }

    fn record(&self, request: &http::Request<Bytes>) -> (usize, Option<FaultKind>, Duration) {
        let mut state = self.lock();
        let now = state.clock.now();
        let path = request.uri().path();
        let inner = path
            .strip_prefix(state.context_path.as_str())
            .unwrap_or(path)
            .to_owned();
        let method = request.method().as_str();
        let begun: Vec<bool> = state
            .faults
            .iter()
            .map(|fault| reached(&state, fault.since(), now))
            .collect();
        let query = request.uri().query().unwrap_or_default();
        let asked = (method, inner.as_str(), query);
        let fault = pick(&mut state.faults, &begun, asked, now);
        let fault = match state.restarting {
            Some((from, until)) if now < until && now < from + (until - from) / 3 => {
                Some(FaultKind::Refused)
            }
            _ => fault,
        };
        state.recorded.push(Recorded {
            at: now,
            method: method.to_owned(),
            path: path.to_owned(),
            query: request.uri().query().map(str::to_owned),
            headers: request.headers().clone(),
            body: request.body().clone(),
            resource: Resource::of(method, &inner),
            status: None,
            fault: fault.clone(),
        });
        (state.recorded.len() - 1, fault, state.latency)
    }

    async fn answer(
        &self,
        request: http::Request<Bytes>,
        fault: Option<FaultKind>,
    ) -> Result<http::Response<Body>, Disconnect> {
        match &fault {
            Some(FaultKind::Refused) => return Err(Disconnect::Refused),
            Some(FaultKind::ResetBeforeRead) => return Err(Disconnect::ResetBeforeRead),
            Some(FaultKind::HangBeforeActing) => std::future::pending::<()>().await,
            Some(fault) if !fault.acts() => {
                return Ok(spoiling::instead(&self.lock(), fault, &request));
            }
            _ => {}
        }
        let path = request.uri().clone();
        if fault == Some(FaultKind::ActsTwice) {
            drop(gateway::respond(&mut self.lock(), request.clone()));
        }
        let answer = gateway::respond(&mut self.lock(), request);
        match fault {
            None => Ok(answer),
            Some(FaultKind::ResetAfterActing) => Err(Disconnect::ResetAfter),
            Some(FaultKind::HangAfterActing) => {
                self.changed.notify_waiters();
                std::future::pending().await
            }
            Some(fault) => Ok(spoiling::spoil(answer, &fault, &path)),
        }
    }

    /// Whether a connection would be refused at once.
    pub(crate) fn refuses_connections(&self) -> bool {
        let state = self.lock();
        let now = state.clock.now();
        state
            .restarting
            .is_some_and(|(from, until)| now < until && now < from + (until - from) / 3)
    }

    // --- what happened ----------------------------------------------------------------------

    /// Time since the server's start.
    pub fn now(&self) -> Duration {
        self.lock().clock.now()
    }
    /// The requests so far.
    pub fn requests(&self) -> Vec<Recorded> {
        self.lock().recorded.clone()
    }
    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.lock().recorded.clear();
    }
    /// All builds, merged and deleted ones too.
    pub fn builds(&self) -> Vec<BuildView> {
        view::builds(&self.lock())
    }
    /// One build.
    pub fn build(&self, id: u64) -> Option<BuildView> {
        self.builds().into_iter().find(|build| build.id == id)
    }
    /// What a strict administrator would frown at.
    pub fn violations(&self) -> Vec<String> {
        view::violations(&self.lock())
    }
    /// Waits until something is so. Looked at after every request and every change by a test, not as time passes.
    pub async fn wait_until(&self, is_so: impl Fn(&View) -> bool) {
        loop {
            let notified = self.changed.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            let view = view::view(&self.lock());
            if is_so(&view) {
                return;
            }
            notified.await;
        }
    }

    // --- faults -----------------------------------------------------------------------------

    /// Injects a fault.
    pub fn fault(&self, fault: Fault) {
        let mut state = self.lock();
        let now = state.clock.now();
        state.faults.push(ActiveFault::new(fault, now));
    }
    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
    }
}
