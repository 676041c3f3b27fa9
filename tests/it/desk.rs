//! A person, or a pipeline, that runs commands against several TeamCity servers and Bitbucket, all in this process.

#![allow(clippy::unwrap_used, reason = "a test that stops is a test that fails")]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::io;
use std::rc::Rc;

use chrono::{DateTime, Utc};
use secrecy::zeroize::Zeroizing;
use teamcity_pipe::http::{
    BoxFuture, Request, Response, Transport, TransportError, TransportErrorKind,
};
use teamcity_pipe::world::{Clock, Person, World};
use teamcity_simulator::bitbucket::Bitbucket;
use teamcity_simulator::{Scenario, Simulator};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::pipe::{InProcess, Ran, Stamped, ask_bitbucket};

/// Bitbucket's credential with all scopes.
pub const ADMIN: &str = "ATCTT3xFfGF0-admin";
/// One that may only read variables.
pub const READER: &str = "ATCTT3xFfGF0-reader";

/// Whoever is asked. By default nobody, with an empty standard input.
#[derive(Default)]
pub struct Desk {
    /// Answers to questions, secret ones too; with none, nobody is there.
    pub answers: RefCell<VecDeque<String>>,
    /// Whether somebody is there, even with no answer.
    pub somebody: bool,
    /// What standard input holds.
    pub input: String,
    /// The terminal's width.
    pub columns: Option<usize>,
    /// All questions that were asked.
    pub asked: Rc<RefCell<Vec<String>>>,
}

impl Desk {
    fn answer(&self, question: &str) -> io::Result<String> {
        self.asked.borrow_mut().push(question.to_owned());
        let answer = self.answers.borrow_mut().pop_front();
        answer.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

impl Person for Desk {
    fn can_be_asked(&self) -> bool {
        self.somebody
    }

    fn ask<'a>(&'a self, question: &'a str) -> BoxFuture<'a, io::Result<String>> {
        Box::pin(async move { self.answer(question) })
    }

    fn ask_secretly<'a>(
        &'a self,
        question: &'a str,
    ) -> BoxFuture<'a, io::Result<Zeroizing<String>>> {
        Box::pin(async move { self.answer(question).map(Zeroizing::new) })
    }

    fn standard_input(&self) -> BoxFuture<'_, io::Result<Zeroizing<String>>> {
        Box::pin(async { Ok(Zeroizing::new(self.input.clone())) })
    }

    fn columns(&self) -> Option<usize> {
        self.columns
    }
}

/// When simulated servers start.
fn epoch() -> DateTime<Utc> {
    DateTime::from_timestamp(1_768_471_200, 0).unwrap()
}

/// A clock that goes with tokio's.
pub fn clock() -> Clock {
    clock_from(epoch(), Instant::now())
}

fn clock_from(base: DateTime<Utc>, start: Instant) -> Clock {
    Rc::new(move || base + start.elapsed())
}

/// All servers.
#[derive(Clone)]
pub struct Net {
    pub servers: Vec<(&'static str, Simulator)>,
    pub bitbucket: Bitbucket,
    base: DateTime<Utc>,
    start: Instant,
    /// Requests that are still answered; the next one never is.
    left: Rc<Cell<Option<usize>>>,
    /// Whether that next one is acted on.
    acts: Rc<Cell<bool>>,
    crashed: Rc<tokio::sync::Notify>,
}

impl Net {
    /// `https://tc.example.com` with this scenario, and Bitbucket with `acme/app` and its environment `production`.
    pub fn new(scenario: Scenario) -> Self {
        use teamcity_simulator::bitbucket::Scope;
        let bitbucket = Bitbucket::new()
            .with_repository("acme/app", &[Scenario::COMMIT])
            .with_repository("acme/lib", &[])
            .with_credential(
                &format!("Bearer {ADMIN}"),
                &[Scope::Repository, Scope::Pipeline, Scope::PipelineVariable],
            )
            .with_credential(&format!("Bearer {READER}"), &[Scope::Pipeline]);
        bitbucket.add_environment("acme/app", "production");
        Self {
            servers: vec![("tc.example.com", Simulator::start(scenario))],
            bitbucket,
            base: epoch(),
            start: Instant::now(),
            left: Rc::default(),
            acts: Rc::default(),
            crashed: Rc::default(),
        }
    }

    /// Another server.
    pub fn with(mut self, host: &'static str, scenario: Scenario) -> Self {
        self.servers.push((host, Simulator::start(scenario)));
        self
    }

    pub fn server(&self, host: &str) -> &Simulator {
        let found = self.servers.iter().find(|(known, _)| *known == host);
        &found.unwrap().1
    }

    /// The only server.
    pub fn teamcity(&self) -> &Simulator {
        &self.servers[0].1
    }

    /// After so many requests, the next is never answered, and the program is killed.
    pub fn crash_after(&self, requests: usize, acts: bool) {
        self.left.set(Some(requests));
        self.acts.set(acts);
    }

    pub fn no_crash(&self) {
        self.left.set(None);
    }

    /// A command of a person at a terminal, or of a pipeline.
    pub fn command(&self, words: &str) -> Command<'_> {
        let environment = [("BITBUCKET_ACCESS_TOKEN", ADMIN)];
        Command {
            net: self,
            arguments: words.split_whitespace().map(ToOwned::to_owned).collect(),
            environment: environment
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            desk: Desk::default(),
        }
    }

    /// What a note says.
    pub fn note(
        &self,
        place: &str,
        environment: Option<&str>,
        variable: &str,
    ) -> serde_json::Value {
        let key = format!("{variable}_INFO");
        let variable = self.bitbucket.variable(place, environment, &key);
        variable.map_or(serde_json::Value::Null, |variable| {
            serde_json::from_str(variable["value"].as_str().unwrap()).unwrap()
        })
    }

    /// The stored token's value.
    pub fn stored(&self, place: &str, environment: Option<&str>, variable: &str) -> Option<String> {
        let variable = self.bitbucket.variable(place, environment, variable)?;
        Some(variable["value"].as_str().unwrap().to_owned())
    }
}

/// A command that is about to run.
pub struct Command<'a> {
    net: &'a Net,
    pub arguments: Vec<String>,
    pub environment: BTreeMap<String, String>,
    desk: Desk,
}

impl Command<'_> {
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn unset(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    /// Somebody gives these answers.
    pub fn answers(mut self, answers: &[&str]) -> Self {
        self.desk.somebody = true;
        self.desk.answers = RefCell::new(answers.iter().map(ToString::to_string).collect());
        self
    }

    /// Standard input holds this.
    pub fn input(mut self, text: &str) -> Self {
        self.desk.input = text.to_owned();
        self
    }

    pub fn columns(mut self, columns: usize) -> Self {
        self.desk.columns = Some(columns);
        self
    }

    /// Runs it, and gives what came of it and what was asked. `None`: it was killed.
    pub async fn try_run(self) -> Option<(Ran, Vec<String>)> {
        let output = Rc::new(RefCell::new(Stamped::default()));
        let directory = TempDir::new().unwrap();
        let asked = Rc::clone(&self.desk.asked);
        let net = self.net.clone();
        let world = World {
            connect: Rc::new(move |_| Ok(Rc::new(net.clone()) as Rc<dyn Transport>)),
            output: output.clone(),
            stop: Box::pin(std::future::pending()),
            directory: directory.path().to_owned(),
            random: 7,
            person: Rc::new(self.desk),
            now: clock_from(self.net.base, self.net.start),
        };
        let start = Instant::now();
        let arguments: Vec<OsString> = std::iter::once("teamcity-pipe".to_owned())
            .chain(self.arguments)
            .map(OsString::from)
            .collect();
        let environment: Vec<(OsString, OsString)> = self
            .environment
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let status = tokio::select! {
            biased;
            () = self.net.crashed.notified() => return None,
            status = teamcity_pipe::run(arguments, environment, world) => status.code(),
        };
        let stamped = output.take();
        let ran = Ran {
            status,
            output: stamped.text(),
            lines: Vec::new(),
            took: start.elapsed(),
            directory,
        };
        let asked = asked.borrow().clone();
        Some((ran, asked))
    }

    pub async fn run(self) -> Ran {
        self.try_run().await.unwrap().0
    }
}

impl Transport for Net {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let dies = match self.left.get() {
                Some(0) => true,
                Some(left) => {
                    self.left.set(Some(left - 1));
                    false
                }
                None => false,
            };
            if dies && !self.acts.get() {
                return self.die().await;
            }
            let answer = self.answer(request).await;
            if dies {
                return self.die().await;
            }
            answer
        })
    }
}

impl Net {
    async fn die(&self) -> Result<Response, TransportError> {
        self.crashed.notify_one();
        std::future::pending().await
    }

    async fn answer(&self, request: Request) -> Result<Response, TransportError> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        if let Some((_, server)) = self.servers.iter().find(|(known, _)| *known == host) {
            return InProcess(server.clone()).send(request).await;
        }
        if host != "api.bitbucket.org" {
            return Err(TransportError {
                kind: TransportErrorKind::Name,
                detail: format!("the name {host} can't be resolved"),
            });
        }
        ask_bitbucket(&self.bitbucket, request).await
    }
}
