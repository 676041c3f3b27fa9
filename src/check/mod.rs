//! `check`: all that a run needs, looked at in one go. Queues nothing, changes nothing, and waits for nothing.
//!
//! Each part is looked at as far as the others let it: wrong variables hide no unreachable server, and a refused token hides
//! no unwritable file.

mod builds;
mod finding;
mod network;
mod server;
mod surroundings;

use std::ffi::OsString;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use builds::Builds;
use finding::Findings;

use crate::clients::{Clients, Login, Trace};
use crate::config::{self, Build, Network, Partial, RevisionChoice, What};
use crate::exit::ExitStatus;
use crate::http::Watch;
use crate::place::clone;
use crate::report::console::Console;
use crate::results;
use crate::teamcity::{Client, ErrorKind};
use crate::types::{BuildId, RepositoryAddress};
use crate::world::World;

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
    json: bool,
) -> ExitStatus {
    let variable = |name: &str| {
        let (_, value) = environment.iter().find(|(known, _)| known == name)?;
        value.to_str().map(ToOwned::to_owned)
    };
    let mut all = Findings::default();
    let (settings, problems, warnings) = config::read_what_is_right(environment.iter().cloned());
    for problem in &problems {
        all.bad(
            "variables",
            format!("{} {}", problem.variable, problem.what),
            problem.how.clone(),
            ExitStatus::Usage,
        );
    }
    for warning in &warnings {
        all.odd("variables", warning.to_string(), "");
    }
    if problems.is_empty() && warnings.is_empty() {
        all.good("variables", "the variables are complete and make sense");
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
        clients: Clients::new(&world.connect, network, trace, Rc::new(Unwatched)),
    };
    work.teamcity(&mut all, &variable).await;
    surroundings::bitbucket(&mut all, &settings, &work.clients).await;
    surroundings::files(&mut all, &settings, &world.directory);
    console.text(&if json { all.json() } else { all.text() });
    all.status()
}

struct Work<'a> {
    settings: &'a Partial,
    world: &'a World,
    clients: Clients,
}

impl Work<'_> {
    async fn teamcity(&self, all: &mut Findings, variable: &dyn Fn(&str) -> Option<String>) {
        let settings = self.settings;
        let Some(url) = &settings.url else {
            return;
        };
        let proxy = network::proxy(url, variable);
        let stranger = match self.clients.teamcity(url, &Login::Stranger) {
            Ok(stranger) => stranger,
            Err(wrong) => return all.wrong("variables", wrong),
        };
        if !server::reach(all, &stranger, url, proxy.as_deref()).await {
            return;
        }
        let Some(token) = &settings.token else {
            return;
        };
        let client = match self.clients.teamcity(url, &Login::Token(token.clone())) {
            Ok(client) => client,
            Err(wrong) => return all.wrong("token", wrong),
        };
        let Some(release) = server::token(all, &client, (self.world.now)()).await else {
            return;
        };
        match &settings.what {
            Some(What::Queue(build)) => self.builds(all, &client, build, release).await,
            Some(What::Follow(ids)) => follow(all, &client, ids).await,
            Some(What::FollowAuto) => match self.earlier() {
                Ok(ids) => follow(all, &client, &ids).await,
                Err(why) => all.bad("builds", why, "", ExitStatus::Usage),
            },
            Some(What::Nothing) | None => {}
        }
    }

    async fn builds(
        &self,
        all: &mut Findings,
        client: &Client,
        build: &Build,
        release: (u32, u32),
    ) {
        let mut build = build.clone();
        if let RevisionChoice::Given(revision) | RevisionChoice::Pipeline(revision) =
            &mut build.revision
            && revision.len() < 40
        {
            match clone::expand(&self.world.directory, revision) {
                Some(full) => *revision = full,
                None => {
                    all.bad(
                        "commit",
                        format!("the commit {revision} is abbreviated, and the clone in the working directory does not know it"),
                        "Keep the step's clone enabled and deep enough, or give all 40 digits in REVISION.",
                        ExitStatus::Usage,
                    );
                    build.revision = RevisionChoice::Latest { given: false };
                }
            }
        }
        let name = self.settings.pipeline.repository_full_name.as_deref();
        let repository = name.map(RepositoryAddress::on_bitbucket);
        Builds {
            client,
            release,
            build: &build,
            repository: repository.as_ref(),
            cancels: self.settings.follow.cancel_on_stop,
        }
        .check(all)
        .await;
    }

    fn earlier(&self) -> Result<Vec<BuildId>, String> {
        let storage = self.settings.pipeline.pipe_storage_dir.as_deref();
        results::earlier(&self.world.directory, storage)
    }
}

/// Builds that are to be followed: whether they are there.
async fn follow(all: &mut Findings, client: &Client, ids: &[BuildId]) {
    for id in ids {
        match client.build(*id).await {
            Ok(build) => {
                let of = build.build_type_id.unwrap_or_default();
                all.good("builds", format!("the build {id} is there, of {of}"));
            }
            Err(error)
                if matches!(error.kind, ErrorKind::NotFound(_) | ErrorKind::Forbidden(_)) =>
            {
                all.bad(
                    "builds",
                    format!("the build {id} is not there, or the token's user may not view it"),
                    "Check BUILD_ID. TeamCity deletes old builds by its clean-up rules.",
                    ExitStatus::Refused,
                )
            }
            Err(error) => server::trouble(
                all,
                "builds",
                &format!("reading the build {id}"),
                &error,
                client.base(),
                None,
            ),
        }
    }
}
