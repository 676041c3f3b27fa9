//! The one place where everything is put together: settings, clients, the run, reports.

use std::ffi::OsString;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::cancel;
use crate::check;
use crate::cli::{self, Command};
use crate::clients::{Clients, Login, Trace};
use crate::config::{self, CommandKind, Network, RevisionChoice, Settings, What};
use crate::exit::ExitStatus;
use crate::http::Watch;
use crate::identity::{Identity, Marker};
use crate::outcome::{Event, Events, QueuedBuild, RunOutcome};
use crate::place::clone;
use crate::preflight::{Reach, TOKEN_VARIABLE, cure};
use crate::report::console::Console;
use crate::results::{self, Budget, Collecting, Results};
use crate::run::{Context, Ledger};
use crate::teamcity::Client;
use crate::token::{self, Authenticated, Session, TokenCommand};
use crate::types::{Diagnostic, ProxyAddress, Secrets};
use crate::world::{BoxFuture, World, gated};

/// How long a server that does not answer is retried where a person waits for it.
const PATIENCE: Duration = Duration::from_secs(15);

/// Does what arguments and environment say.
pub async fn run(
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    world: World,
) -> ExitStatus {
    let environment: Vec<(OsString, OsString)> = environment.into_iter().collect();
    let secrets = config::secrets(&environment);
    let console = Rc::new(Console::new(gated(world.output.clone(), &secrets)));
    let named = environment
        .iter()
        .find(|(name, _)| name == "COMMAND")
        .and_then(|(_, value)| value.to_str());
    match cli::parse(arguments, named) {
        Err(error) => {
            console.error(&error.to_string());
            error.exit_status()
        }
        Ok(Command::Help(text) | Command::Version(text)) => {
            console.text(&text);
            ExitStatus::Success
        }
        Ok(Command::Run) => run_builds(environment, world, console, secrets).await,
        Ok(Command::Cancel) => cancel_builds(environment, world, console, secrets).await,
        Ok(Command::Check { json }) => check_all(environment, world, console, secrets, json).await,
        Ok(Command::Token(command)) => {
            keep_token(environment, world, console, secrets, command).await
        }
    }
}

async fn run_builds(
    environment: Vec<(OsString, OsString)>,
    world: World,
    console: Rc<Console>,
    secrets: Secrets,
) -> ExitStatus {
    let Some(mut settings) = settings(environment, CommandKind::Run, &console) else {
        return ExitStatus::Usage;
    };
    let connection = &settings.connection;
    let proxy = connection
        .network
        .proxies
        .to(&connection.url)
        .map(ProxyAddress::shown);
    if let Err(wrong) = expand_revision(&mut settings, &world) {
        console.error(&wrong.to_string());
        return wrong.status;
    }
    let clients = clients(
        &settings.connection.network,
        settings.follow.debug,
        &world,
        &console,
        &secrets,
    );
    let (Some(client), Some(stranger)) = (
        teamcity(&settings, &clients, &console),
        logged_in(&settings, &Login::Stranger, &clients, &console),
    ) else {
        return ExitStatus::Usage;
    };
    let reach = Reach {
        client: &client,
        stranger: &stranger,
        credential: TOKEN_VARIABLE,
        proxy: proxy.as_deref(),
    };
    let storage = settings.pipeline.pipe_storage_dir.as_deref();
    let earlier = match settings.what {
        What::FollowAuto => results::earlier(&world.directory, storage),
        _ => Ok(Vec::new()),
    };
    let earlier = match earlier {
        Ok(earlier) => earlier,
        Err(why) => {
            console.error(&why);
            return ExitStatus::Usage;
        }
    };
    let marker = marker(&settings, world.random);
    let results = Results::new(
        &settings,
        &world.directory,
        &clients,
        &console,
        marker.pipeline_tag(),
    );
    #[expect(clippy::cast_precision_loss, reason = "a spread needs no precision")]
    let phase = (world.random % 1000) as f64 / 1000.0;
    let tell = |queued: &[QueuedBuild]| -> BoxFuture<'_, ()> {
        let queued = queued.to_vec();
        let results = &results;
        Box::pin(async move { results.started(&queued).await })
    };
    let begun = Instant::now();
    let timeout = begun.checked_add(settings.follow.timeout).unwrap_or(begun);
    let budget = Budget::new(timeout);
    let say = |line: String| console.text(&line);
    let collecting = Collecting::new(
        &client,
        &*console,
        &budget,
        &settings.results,
        &world.directory,
        &secrets,
        &say,
    );
    let stopped = |outcome: RunOutcome, until: Instant| -> BoxFuture<'_, ()> {
        let results = &results;
        Box::pin(async move { results.stopped(&outcome, until).await })
    };
    let context = Context {
        client: &client,
        reach: &reach,
        now: &world.now,
        events: &*console,
        settings: &settings,
        marker: &marker,
        phase,
        earlier: &earlier,
        keep: &|outcome| results.keep(outcome),
        tell: &tell,
        results: &collecting,
        stopped: &stopped,
        ledger: &Ledger::default(),
    };
    let mut stop = world.stop;
    let mut outcome = crate::run::run(&context, &mut stop).await;
    if outcome.status == ExitStatus::Success && settings.follow.wait && collecting.lacks_artifacts()
    {
        outcome.status = ExitStatus::ArtifactMissing;
        outcome.reason =
            Some("ARTIFACTS_REQUIRED is true, and not all artifacts are there".to_owned());
    }
    let mut status = outcome.status;
    let leave = async {
        results.leave(&outcome, &collecting).await;
        if !matches!(status, ExitStatus::Signal(_)) && !outcome.builds.is_empty() {
            let this = Authenticated {
                bitbucket: &settings.bitbucket,
                pipeline: &settings.pipeline,
                server: &settings.connection.url,
                token: &settings.connection.token,
            };
            let record = token::record_authenticated(&this, &clients, (world.now)());
            let _ = tokio::time::timeout_at(budget.last_words(), record).await;
        }
    };
    if matches!(status, ExitStatus::Signal(_)) {
        leave.await;
    } else {
        // The builds are over, but the signal counts all the same.
        tokio::select! {
            biased;
            signal = stop => status = ExitStatus::Signal(signal),
            () = leave => {}
        }
    }
    console.summary(&outcome);
    status
}

async fn cancel_builds(
    environment: Vec<(OsString, OsString)>,
    world: World,
    console: Rc<Console>,
    secrets: Secrets,
) -> ExitStatus {
    let Some(settings) = settings(environment, CommandKind::Cancel, &console) else {
        return ExitStatus::Usage;
    };
    let clients = clients(
        &settings.connection.network,
        settings.follow.debug,
        &world,
        &console,
        &secrets,
    );
    let Some(client) = teamcity(&settings, &clients, &console) else {
        return ExitStatus::Usage;
    };
    let marker = marker(&settings, world.random);
    let why = settings.pipeline.link().map_or_else(
        || "canceled by the pipeline".to_owned(),
        |link| format!("canceled by the pipeline {link}"),
    );
    tokio::select! {
        biased;
        signal = world.stop => ExitStatus::Signal(signal),
        status = cancel::cancel(&client, &*console, &marker, &why) => status,
    }
}

async fn check_all(
    environment: Vec<(OsString, OsString)>,
    mut world: World,
    console: Rc<Console>,
    secrets: Secrets,
    json: bool,
) -> ExitStatus {
    let stop = std::mem::replace(&mut world.stop, Box::pin(std::future::pending()));
    tokio::select! {
        biased;
        signal = stop => ExitStatus::Signal(signal),
        status = check::run(environment, &world, &console, &secrets, json) => status,
    }
}

async fn keep_token(
    environment: Vec<(OsString, OsString)>,
    mut world: World,
    console: Rc<Console>,
    secrets: Secrets,
    command: TokenCommand,
) -> ExitStatus {
    let settings = match config::read_for_tokens(environment.iter().cloned()) {
        Ok((settings, _)) => settings,
        Err(problems) => {
            console.error(&problems.to_string());
            return ExitStatus::Usage;
        }
    };
    let mut network = settings.network.clone();
    if world.person.can_be_asked() {
        network.retry_for = network.retry_for.min(PATIENCE);
    }
    let clients = clients(&network, settings.debug, &world, &console, &secrets);
    let stop = std::mem::replace(&mut world.stop, Box::pin(std::future::pending()));
    let session = Session::new(settings, environment, world, console, clients);
    tokio::select! {
        biased;
        signal = stop => ExitStatus::Signal(signal),
        status = token::run(&session, command) => status,
    }
}

/// The settings, or all that is wrong with them, said.
fn settings(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    kind: CommandKind,
    console: &Console,
) -> Option<Settings> {
    match config::read(environment, kind) {
        Ok((settings, warnings)) => {
            for warning in warnings {
                console.warning(&warning.to_string());
            }
            Some(settings)
        }
        Err(problems) => {
            console.error(&problems.to_string());
            None
        }
    }
}

/// The clients of a command, which tells of outages and, if asked, of each request.
fn clients(
    network: &Network,
    debug: bool,
    world: &World,
    console: &Rc<Console>,
    secrets: &Secrets,
) -> Clients {
    let trace = debug.then(|| -> Trace {
        let console = Rc::clone(console);
        Rc::new(move |line: &str| console.debug(line))
    });
    let watch = Rc::new(Outages(Rc::clone(console) as Rc<dyn Events>));
    Clients::new(&world.connect, network.clone(), secrets, trace, watch)
}

/// TeamCity, as the token's user; or nothing, with the reason said.
fn teamcity(settings: &Settings, clients: &Clients, console: &Console) -> Option<Client> {
    let login = Login::Token(settings.connection.token.clone());
    logged_in(settings, &login, clients, console)
}

fn logged_in(
    settings: &Settings,
    login: &Login,
    clients: &Clients,
    console: &Console,
) -> Option<Client> {
    match clients.teamcity(&settings.connection.url, login) {
        Ok(client) => Some(client),
        Err(wrong) => {
            console.error(&wrong.to_string());
            None
        }
    }
}

/// What the HTTP layer has to tell becomes an event like any other.
struct Outages(Rc<dyn Events>);

impl Watch for Outages {
    fn outage(&self, why: &dyn fmt::Display, retry_for: Duration) {
        self.0.event(&Event::Outage {
            why: why.to_string(),
            retry_for,
        });
    }

    fn recovered(&self, after: Duration) {
        self.0.event(&Event::Recovered { after });
    }
}

fn marker(settings: &Settings, random: u64) -> Marker {
    let pipeline = &settings.pipeline;
    let text = |number: Option<u64>| number.map(|number| number.to_string());
    let (number, run) = (text(pipeline.build_number), text(pipeline.step_run_number));
    Marker::new(&Identity {
        repository: pipeline
            .repository_uuid
            .as_deref()
            .or(pipeline.repository_full_name.as_deref()),
        pipeline: number.as_deref(),
        step: pipeline.step_uuid.as_deref(),
        run: run.as_deref(),
        random,
    })
}

/// Expands an abbreviated commit, from the clone.
fn expand_revision(settings: &mut Settings, world: &World) -> Result<(), Diagnostic> {
    let What::Queue(build) = &mut settings.what else {
        return Ok(());
    };
    let (RevisionChoice::Given(revision) | RevisionChoice::Pipeline(revision)) =
        &mut build.revision
    else {
        return Ok(());
    };
    if revision.len() < 40 {
        *revision = clone::expand(&world.directory, revision)
            .ok_or_else(|| cure::short_commit(revision))?;
    }
    Ok(())
}
