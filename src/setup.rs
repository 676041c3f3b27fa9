//! The one place where everything is put together: settings, clients, the run, reports.

mod watched;

use std::convert::Infallible;
use std::ffi::OsString;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use watched::clients;

use crate::cancel::{self, Fate, Fates, Settler};
use crate::check;
use crate::cli::{self, Command};
use crate::clients::{Clients, Login};
use crate::config::{self, CommandKind, Settings, What};
use crate::exit::ExitStatus;
use crate::identity::Marker;
use crate::outcome::{News, Superseded};
use crate::place::Tree;
use crate::preflight::{Reach, TOKEN_VARIABLE, expand_revision};
use crate::report::console::Console;
use crate::results::files::Folder;
use crate::results::{Board, Budget, Collecting, Earlier, Results};
use crate::run::{Context, Ledger};
use crate::teamcity::Client;
use crate::token::{self, Authenticated, Session, TokenCommand};
use crate::types::{ProxyAddress, Secrets};
use crate::world::{BoxFuture, World, gated};
use tokio::sync::Notify;

/// How long a server that does not answer is retried where a person waits for it.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long ending an older build's row may take.
const BESIDE: Duration = Duration::from_secs(8);

/// Does what arguments and environment say.
pub async fn run(
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    world: World,
) -> ExitStatus {
    let environment: Vec<(OsString, OsString)> = environment.into_iter().collect();
    let no_color = environment
        .iter()
        .any(|(name, value)| name == "NO_COLOR" && !value.is_empty());
    let secrets = config::secrets(&environment);
    let console = Console::new(gated(world.output.clone(), &secrets)).plain(no_color);
    let console = Rc::new(console);
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
        Ok(Command::Cancel) => {
            settle(environment, world, console, secrets, CommandKind::Cancel).await
        }
        Ok(Command::Sweep) => {
            settle(environment, world, console, secrets, CommandKind::Sweep).await
        }
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
    let clients = clients(
        &settings.connection.network,
        settings.follow.debug,
        &world,
        &console,
        &secrets,
    )
    .for_a_step();
    let (bitbucket, pipeline) = (Some(&settings.bitbucket), &settings.pipeline);
    if let What::Queue(build) = &mut settings.what
        && let Err(wrong) =
            expand_revision(build, &world.directory, bitbucket, pipeline, &clients).await
    {
        console.error(&wrong.to_string());
        return wrong.status;
    }
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
    let marker = Marker::of(&settings.pipeline, world.random);
    let earlier = match settings.what {
        What::FollowAuto => earlier(&settings, &world, &marker),
        _ => Earlier::default(),
    };
    let board = Board::of(&settings, &clients);
    let tree = Tree::around(&world.directory).map(Rc::new);
    let folder = Folder::new(&world.directory)
        .hiding(clients.secrets())
        .in_clone(tree.as_ref());
    let results = Results::new(
        &settings,
        folder.clone(),
        board.as_ref(),
        &console,
        &marker,
        clients.secrets(),
    );
    #[expect(clippy::cast_precision_loss, reason = "a spread needs no precision")]
    let phase = (world.random % 1000) as f64 / 1000.0;
    let begun = Notify::new();
    let tell = |news: News| -> BoxFuture<'_, ()> {
        let (results, client, board, begun) = (&results, &client, board.as_ref(), &begun);
        Box::pin(async move {
            match news {
                News::Begun(queued) => {
                    begun.notify_one();
                    results.started(client, &queued).await;
                }
                News::Stopped(outcome) => results.stopped(&outcome).await,
                News::Superseded(older) => superseded(client, board, &older).await,
            }
        })
    };
    let now = Instant::now();
    let timeout = now.checked_add(settings.follow.timeout).unwrap_or(now);
    let budget = Budget::new(timeout);
    let say = |line: String| console.text(&line);
    let collecting = Collecting::new(&client, &*console, &budget, &settings, &folder, &say);
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
        ledger: &Ledger::default(),
    };
    let mut stop = world.stop;
    // By then TeamCity was found good. It delays nothing, and ends with the run.
    let sweeps = async {
        begun.notified().await;
        let left_behind = cancel::Context {
            client: &client,
            events: &*console,
            marker: &marker,
            pipeline: &settings.pipeline,
            board: board.clone(),
            earlier: &earlier,
        };
        cancel::beside(&left_behind).await;
        std::future::pending::<Infallible>().await
    };
    let mut outcome = tokio::select! {
        biased;
        outcome = crate::run::run(&context, &mut stop) => outcome,
        never = sweeps => match never {},
    };
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
            signal = stop => {
                status = ExitStatus::Signal(signal);
                results.stopped(&outcome).await;
            }
            () = leave => {}
        }
    }
    console.summary(&outcome);
    status
}

/// Ends the row of an older build, on the older build's own commit.
async fn superseded(client: &Client, board: Option<&Board>, older: &Superseded) {
    let Some(board) = board else { return };
    let fate = Fate::stopped("superseded by a newer commit of the branch");
    let fates = Fates::from([(older.id, fate)]);
    let settler = Settler::new(client, board.clone());
    for commit in &older.commits {
        // What stays open is settled by a later sweep.
        let _ = tokio::time::timeout(BESIDE, settler.settle(commit, &fates)).await;
    }
}

fn earlier(settings: &Settings, world: &World, marker: &Marker) -> Earlier {
    let storage = settings.pipeline.pipe_storage_dir.as_deref();
    let server = settings.connection.url.as_str();
    Earlier::read(&world.directory, storage, server, marker)
}

/// `cancel` and `sweep`.
async fn settle(
    environment: Vec<(OsString, OsString)>,
    world: World,
    console: Rc<Console>,
    secrets: Secrets,
    kind: CommandKind,
) -> ExitStatus {
    let Some(settings) = settings(environment, kind, &console) else {
        return ExitStatus::Usage;
    };
    let clients = clients(
        &settings.connection.network,
        settings.follow.debug,
        &world,
        &console,
        &secrets,
    )
    .for_a_step();
    let Some(client) = teamcity(&settings, &clients, &console) else {
        return ExitStatus::Usage;
    };
    let marker = Marker::of(&settings.pipeline, world.random);
    let why = settings.pipeline.link().map_or_else(
        || "canceled by the pipeline".to_owned(),
        |link| format!("canceled by the pipeline {link}"),
    );
    let context = cancel::Context {
        client: &client,
        events: &*console,
        marker: &marker,
        pipeline: &settings.pipeline,
        board: Board::of(&settings, &clients),
        earlier: &earlier(&settings, &world, &marker),
    };
    let now = (world.now)();
    let work = async {
        match kind {
            CommandKind::Sweep => cancel::sweep(&context, now).await,
            _ => cancel::cancel(&context, &why).await,
        }
    };
    tokio::select! {
        biased;
        signal = world.stop => ExitStatus::Signal(signal),
        status = work => status,
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
