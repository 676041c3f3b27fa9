//! Runs the pipe in a pipeline step's environment: in this process on paused time, or as the binary on real time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use teamcity_pipe::http::{
    BoxFuture, Chunks, Request, Response, Transport, TransportError, TransportErrorKind,
};
use teamcity_pipe::world::World;

use crate::desk::Desk;
use teamcity_simulator::bitbucket::Bitbucket;
use teamcity_simulator::{Disconnect, Scenario, Simulator};
use tempfile::TempDir;
use tokio::time::Instant;

/// A step that is about to run the pipe.
pub struct Step {
    pub environment: BTreeMap<String, String>,
    pub arguments: Vec<String>,
    pub directory: TempDir,
    /// Number of a signal, and after how long it comes.
    pub signal: Option<(u8, Duration)>,
    /// After how long it is killed, as by Bitbucket's Stop: nothing of it happens any more.
    pub killed: Option<Duration>,
    /// Bitbucket, if it is in this process too.
    pub bitbucket: Option<Bitbucket>,
    pub random: u64,
    /// Changes what the server answers, in this process.
    pub spoil: Option<Spoil>,
}

/// Given the method and path of a request, may replace the body of its answer.
pub type Spoil = Rc<dyn Fn(&str, &str, Vec<u8>) -> Vec<u8>>;

impl Step {
    /// What Pipelines gives a step on the branch `main`, with the least that a user writes.
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let environment = [
            ("TEAMCITY_URL", "http://localhost:8111"),
            ("TEAMCITY_TOKEN", Scenario::TOKEN),
            ("BUILD_TYPE_ID", "App_Build"),
            ("CI", "true"),
            ("BITBUCKET_BUILD_NUMBER", "12"),
            (
                "BITBUCKET_PIPELINE_UUID",
                "{8a5a42ac-94a6-4a45-9bff-9d5f7c8c8d10}",
            ),
            (
                "BITBUCKET_STEP_UUID",
                "{e3c9bb5f-9a2b-45ab-93ae-04b0f5dfd6b5}",
            ),
            ("BITBUCKET_STEP_RUN_NUMBER", "1"),
            ("BITBUCKET_WORKSPACE", "acme"),
            ("BITBUCKET_REPO_SLUG", "app"),
            ("BITBUCKET_REPO_FULL_NAME", "acme/app"),
            (
                "BITBUCKET_REPO_UUID",
                "{0f2a7a3c-8d0a-4a8d-8b9a-b4a6d8a0c111}",
            ),
            ("BITBUCKET_BRANCH", "main"),
            ("BITBUCKET_COMMIT", Scenario::COMMIT),
            ("BITBUCKET_GIT_HTTP_ORIGIN", "http://bitbucket.org/acme/app"),
            ("BITBUCKET_GIT_SSH_ORIGIN", "git@bitbucket.org:acme/app.git"),
            ("CODE_INSIGHTS", "false"),
        ];
        let environment = environment
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        Self {
            environment,
            arguments: Vec::new(),
            directory,
            signal: None,
            killed: None,
            bitbucket: None,
            random: 421,
            spoil: None,
        }
    }

    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn unset(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    pub fn spoiled(mut self, spoil: impl Fn(&str, &str, Vec<u8>) -> Vec<u8> + 'static) -> Self {
        self.spoil = Some(Rc::new(spoil));
        self
    }

    pub fn stopped_after(mut self, time: Duration) -> Self {
        self.signal = Some((15, time));
        self
    }

    /// Killed after a time (SIGKILL): ends with 137.
    pub fn killed_after(mut self, time: Duration) -> Self {
        self.killed = Some(time);
        self
    }

    /// With this Bitbucket, by the step's proxy, and with this access token if there is one.
    pub fn with_bitbucket(mut self, bitbucket: &Bitbucket, access_token: Option<&str>) -> Self {
        self.bitbucket = Some(bitbucket.clone());
        self = self.unset("CODE_INSIGHTS");
        match access_token {
            Some(token) => self.set("BITBUCKET_ACCESS_TOKEN", token),
            None => self,
        }
    }

    /// Runs in this process. Time is paused, so that hours take no time.
    pub async fn run(self, simulator: &Simulator) -> Ran {
        let directory = self.directory.path().to_owned();
        self.run_in(simulator, directory).await
    }

    /// The same in another working directory.
    pub async fn run_in(self, simulator: &Simulator, directory: PathBuf) -> Ran {
        let output = Rc::new(RefCell::new(Stamped::default()));
        let inner = simulator.clone();
        let signal = self.signal;
        let spoil = self.spoil.clone();
        let bitbucket = self.bitbucket.clone();
        let world = World {
            connect: Rc::new(move |_| {
                let server = InProcess(inner.clone());
                let server = match &spoil {
                    Some(spoil) => Rc::new(Spoiled(server, Rc::clone(spoil))) as Rc<dyn Transport>,
                    None => Rc::new(server),
                };
                Ok(match &bitbucket {
                    Some(bitbucket) => Rc::new(Sides(server, bitbucket.clone())),
                    None => server,
                })
            }),
            output: output.clone(),
            stop: Box::pin(async move {
                match signal {
                    Some((number, after)) => {
                        tokio::time::sleep(after).await;
                        number
                    }
                    None => std::future::pending().await,
                }
            }),
            directory,
            random: self.random,
            person: Rc::new(Desk::default()),
            now: crate::desk::clock(),
        };
        let start = Instant::now();
        let arguments = std::iter::once("teamcity-pipe".to_owned())
            .chain(self.arguments.iter().cloned())
            .map(OsString::from);
        let environment = self
            .environment
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let killed = async {
            match self.killed {
                Some(after) => tokio::time::sleep(after).await,
                None => std::future::pending().await,
            }
        };
        let status = tokio::select! {
            biased;
            () = killed => 137,
            status = teamcity_pipe::run(arguments, environment.collect::<Vec<_>>(), world) => status.code(),
        };
        let stamped = output.take();
        Ran {
            status,
            output: stamped.text(),
            lines: stamped.lines,
            took: start.elapsed(),
            directory: self.directory,
        }
    }

    /// Runs the binary against a server of its own.
    pub fn spawn(self, scenario: Scenario, context_path: &str) -> Running {
        let (simulator, address) = Simulator::spawn_thread(scenario).unwrap();
        self.spawn_at(simulator, &format!("http://{address}{context_path}"))
    }

    /// Runs the binary against a server that is reached at this address.
    pub fn spawn_at(mut self, simulator: Simulator, url: &str) -> Running {
        self.environment
            .insert("TEAMCITY_URL".to_owned(), url.to_owned());
        // Measurements may be of the image's binary.
        let binary = std::env::var_os("MEASURED_BINARY")
            .unwrap_or_else(|| env!("CARGO_BIN_EXE_teamcity-pipe").into());
        let child = std::process::Command::new(binary)
            .args(&self.arguments)
            .env_clear()
            .envs(&self.environment)
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Running {
            simulator,
            child,
            directory: self.directory,
        }
    }
}

/// The binary, running.
pub struct Running {
    pub simulator: Simulator,
    pub child: std::process::Child,
    pub directory: TempDir,
}

impl Running {
    pub fn signal(&self, name: &str) {
        let status = std::process::Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(status.unwrap().success());
    }

    pub fn wait(self) -> (Ran, Simulator) {
        let start = std::time::Instant::now();
        let output = self.child.wait_with_output().unwrap();
        let text =
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        let status = output
            .status
            .code()
            .map_or(255, |code| u8::try_from(code).unwrap());
        (
            Ran {
                status,
                output: plain(&text),
                lines: Vec::new(),
                took: start.elapsed(),
                directory: self.directory,
            },
            self.simulator,
        )
    }
}

/// What came of it.
pub struct Ran {
    pub status: u8,
    /// Without colours.
    pub output: String,
    /// Each line with when it was written.
    pub lines: Vec<(Duration, String)>,
    pub took: Duration,
    pub directory: TempDir,
}

impl Ran {
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    #[track_caller]
    pub fn ends_with(&self, status: u8) -> &Self {
        assert_eq!(self.status, status, "{}", self.output);
        self
    }

    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        assert!(
            self.output.contains(text),
            "{text:?} is not in\n{}",
            self.output
        );
        self
    }

    #[track_caller]
    pub fn says_not(&self, text: &str) -> &Self {
        assert!(
            !self.output.contains(text),
            "{text:?} is in\n{}",
            self.output
        );
        self
    }
}

/// Without colours.
pub fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        plain.push_str(&rest[..at]);
        let end = rest[at..].find('m').map_or(rest.len(), |end| at + end + 1);
        rest = &rest[end..];
    }
    plain + rest
}

/// Remembers when each line was written.
#[derive(Default)]
pub struct Stamped {
    start: Option<Instant>,
    partial: Vec<u8>,
    lines: Vec<(Duration, String)>,
}

impl Stamped {
    pub fn text(&self) -> String {
        self.lines
            .iter()
            .map(|(_, line)| format!("{line}\n"))
            .collect()
    }
}

impl Write for Stamped {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let start = *self.start.get_or_insert_with(Instant::now);
        for byte in bytes {
            if *byte == b'\n' {
                let line = String::from_utf8(std::mem::take(&mut self.partial)).unwrap();
                self.lines.push((start.elapsed(), plain(&line)));
            } else {
                self.partial.push(*byte);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The simulator as a transport.
pub struct InProcess(pub Simulator);

impl Transport for InProcess {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let mut sent = http::Request::builder()
                .method(request.method)
                .uri(request.url.as_str())
                .body(request.body.unwrap_or_default())
                .unwrap();
            *sent.headers_mut() = request.headers;
            sent.headers_mut()
                .insert("user-agent", "teamcity-pipe/test".parse().unwrap());
            let (head, body) = self.0.handle(sent).await.map_err(broken)?.into_parts();
            Ok(Response {
                status: head.status.as_u16(),
                headers: head.headers,
                body: Box::new(InProcessBody(body)),
            })
        })
    }
}

/// TeamCity, and Bitbucket under its own name.
struct Sides(Rc<dyn Transport>, Bitbucket);

impl Transport for Sides {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        if request.url.host_str() == Some("api.bitbucket.org") {
            Box::pin(ask_bitbucket(&self.1, request))
        } else {
            self.0.send(request)
        }
    }
}

/// Sends a request to Bitbucket.
pub async fn ask_bitbucket(
    bitbucket: &Bitbucket,
    request: Request,
) -> Result<Response, TransportError> {
    let mut sent = http::Request::builder()
        .method(request.method)
        .uri(request.url.as_str())
        .body(request.body.unwrap_or_default())
        .unwrap();
    *sent.headers_mut() = request.headers;
    let answer = bitbucket.respond(sent).await;
    let (head, body) = answer
        .map_err(|closed| TransportError {
            kind: TransportErrorKind::Interrupted,
            detail: closed.to_string(),
        })?
        .into_parts();
    Ok(Response {
        status: head.status.as_u16(),
        headers: head.headers,
        body: Box::new(InProcessBody(body)),
    })
}

/// A server whose answers are tampered with.
struct Spoiled(InProcess, Spoil);

impl Transport for Spoiled {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let (method, path) = (request.method.to_string(), request.url.path().to_owned());
            let mut answer = self.0.send(request).await?;
            let mut body = Vec::new();
            while let Some(piece) = answer.body.chunk().await? {
                body.extend_from_slice(&piece);
            }
            let body = (self.1)(&method, &path, body);
            answer.body = Box::new(InProcessBody(teamcity_simulator::Body::whole(body)));
            Ok(answer)
        })
    }
}

pub struct InProcessBody(teamcity_simulator::Body);

impl Chunks for InProcessBody {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>> {
        Box::pin(async { self.0.chunk().await.map_err(broken) })
    }
}

pub fn broken(disconnect: Disconnect) -> TransportError {
    let kind = match disconnect {
        Disconnect::Refused => TransportErrorKind::Connect,
        Disconnect::ResetBeforeRead | Disconnect::ResetAfter => TransportErrorKind::Interrupted,
    };
    TransportError {
        kind,
        detail: disconnect.to_string(),
    }
}
