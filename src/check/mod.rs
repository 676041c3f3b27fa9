//! `check`: all that a run needs, looked at in one go. Queues nothing, changes nothing, and waits for nothing.
//!
//! Each part is looked at as far as the others let it: wrong variables hide no unreachable server, and a refused token hides
//! no unwritable file. What `run` asks too is asked through `preflight`, so that both say the same.

mod builds;
mod credential;
mod list;
mod paste;
mod surroundings;

use std::ffi::OsString;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use builds::Builds;

use crate::clients::{Clients, Login, Trace};
use crate::config::{self, Build, Network, Partial, RevisionChoice, What};
use crate::exit::ExitStatus;
use crate::http::Watch;
use crate::identity::Marker;
use crate::preflight::{self, Bad, Findings, Known, Question, Reach};
use crate::report::console::Console;
use crate::results::{Earlier, earlier};
use crate::teamcity::Client;
use crate::types::{BuildId, Diagnostic, ProxyAddress, RepositoryAddress, Secrets};
use crate::world::World;

const VARIABLES: Question = "variables";

/// How long a server that does not answer is retried: a check says how things are now.
const PATIENCE: Duration = Duration::from_secs(15);

/// Hears of no outage: a check says at its end what it found.
struct Unwatched;

impl Watch for Unwatched {
    fn outage(&self, _: &dyn fmt::Display, _: Duration) {}
    fn recovered(&self, _: Duration) {}
}

/// Looks at everything, and says it.
pub async fn run(
    environment: Vec<(OsString, OsString)>,
    world: &World,
    console: &Rc<Console>,
    secrets: &Secrets,
    json: bool,
) -> ExitStatus {
    let mut all = Findings::default();
    let (settings, problems, warnings) = config::read_what_is_right(environment.iter().cloned());
    for problem in &problems {
        let what = format!("{} {}", problem.variable, problem.what);
        all.bad(Bad::new(
            VARIABLES,
            Diagnostic::usage(what, problem.how.clone()),
        ));
    }
    for warning in &warnings {
        all.odd(VARIABLES, warning.to_string(), "");
    }
    if problems.is_empty() && warnings.is_empty() {
        all.good(VARIABLES, "the variables are complete and valid");
    }
    let trace = settings.follow.debug.then(|| -> Trace {
        let console = Rc::clone(console);
        Rc::new(move |line: &str| console.debug(line))
    });
    let network = Network {
        retry_for: settings.network.retry_for.min(PATIENCE),
        ..settings.network.clone()
    };
    let work = Work {
        settings: &settings,
        world,
        clients: Clients::new(&world.connect, network, secrets, trace, Rc::new(Unwatched)),
    };
    work.teamcity(&mut all).await;
    surroundings::bitbucket(&mut all, &settings, &work.clients).await;
    surroundings::files(&mut all, &settings, &world.directory);
    let status = list::status(&all);
    let yaml = match &settings.what {
        Some(What::Queue(build)) if status == ExitStatus::Success => Some(paste::yaml(build)),
        _ => None,
    };
    console.text(&if json {
        list::json(&all, yaml.as_deref())
    } else {
        list::text(&all, yaml.as_deref())
    });
    status
}

struct Work<'a> {
    settings: &'a Partial,
    world: &'a World,
    clients: Clients,
}

impl Work<'_> {
    async fn teamcity(&self, all: &mut Findings) {
        let settings = self.settings;
        let Some(url) = &settings.url else {
            return;
        };
        let proxy = settings.network.proxies.to(url).map(ProxyAddress::shown);
        let client = |question, login: &Login| {
            let client = self.clients.teamcity(url, login);
            client.map_err(|wrong| Bad::new(question, wrong))
        };
        let Some(stranger) = all.keep(client(VARIABLES, &Login::Stranger)) else {
            return;
        };
        let Some(token) = &settings.token else {
            let version = preflight::version(&stranger, proxy.as_deref(), all).await;
            all.keep(version);
            return;
        };
        let Some(client) = all.keep(client("token", &Login::Token(token.clone()))) else {
            return;
        };
        let reach = Reach {
            client: &client,
            stranger: &stranger,
            credential: preflight::TOKEN_VARIABLE,
            proxy: proxy.as_deref(),
        };
        let known = preflight::server(&reach, all).await;
        let Some(known) = all.keep(known) else {
            return;
        };
        preflight::expiry(&known, url, (self.world.now)(), all);
        match &settings.what {
            Some(What::Queue(build)) => self.builds(all, &client, build, &known).await,
            Some(What::Follow(ids)) => follow(all, &client, ids).await,
            Some(What::FollowAuto) => match self.earlier(&client).await {
                Ok(ids) => follow(all, &client, &ids).await,
                Err(wrong) => all.bad(Bad::new("builds", wrong)),
            },
            Some(What::Nothing) | None => {}
        }
    }

    async fn builds(&self, all: &mut Findings, client: &Client, build: &Build, known: &Known) {
        let mut build = build.clone();
        let settings = self.settings;
        let (bitbucket, pipeline) = (settings.bitbucket.as_ref(), &settings.pipeline);
        let (directory, clients) = (&self.world.directory, &self.clients);
        if let Err(wrong) =
            preflight::expand_revision(&mut build, directory, bitbucket, pipeline, clients).await
        {
            all.bad(Bad::new("commit", wrong));
            build.revision = RevisionChoice::Latest { given: false };
        }
        let name = self.settings.pipeline.repository_full_name.as_deref();
        let repository = name.map(RepositoryAddress::on_bitbucket);
        Builds {
            client,
            known,
            build: &build,
            repository: repository.as_ref(),
            cancels: self.settings.follow.cancel_on_stop,
        }
        .check(all)
        .await;
    }

    async fn earlier(&self, client: &Client) -> Result<Vec<BuildId>, Diagnostic> {
        let pipeline = &self.settings.pipeline;
        let marker = Marker::of(pipeline, self.world.random);
        let storage = pipeline.pipe_storage_dir.as_deref();
        let server = client.base().as_str();
        let left = Earlier::read(&self.world.directory, storage, server, &marker);
        earlier::started(client, &marker, &left).await
    }
}

/// Builds that are to be followed.
async fn follow(all: &mut Findings, client: &Client, ids: &[BuildId]) {
    for id in ids {
        let build = preflight::build(client, *id, all).await;
        all.keep(build);
    }
}
