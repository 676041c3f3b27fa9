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

use crate::clone;
use crate::config::{self, Build, Partial, RevisionChoice, What};
use crate::exit::ExitStatus;
use crate::http::{Connection, Retry, Traced, Transport, Watch};
use crate::report::console::Console;
use crate::results;
use crate::teamcity::{Client, ErrorKind, Requests};
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
    let work = Work {
        settings: &settings,
        world,
        console,
        watch: Rc::new(Unwatched),
    };
    work.teamcity(&mut all, &variable).await;
    surroundings::bitbucket(&mut all, &settings, &world.connect).await;
    surroundings::files(&mut all, &settings, &world.directory);
    console.text(&if json { all.json() } else { all.text() });
    all.status()
}

struct Work<'a> {
    settings: &'a Partial,
    world: &'a World,
    console: &'a Rc<Console>,
    watch: Rc<dyn Watch>,
}

impl Work<'_> {
    async fn teamcity(&self, all: &mut Findings, variable: &dyn Fn(&str) -> Option<String>) {
        let settings = self.settings;
        let Some(url) = &settings.url else {
            return;
        };
        let how = Connection {
            extra_roots: settings.ca_certificate.clone(),
            ..Connection::default()
        };
        let mut transport: Rc<dyn Transport> = match (self.world.connect)(&how) {
            Ok(transport) => transport,
            Err(error) => {
                all.bad(
                    "variables",
                    format!("TEAMCITY_CA_CERTIFICATE can't be used: {error}"),
                    "Give PEM text, base64 of it, or the path of a PEM file.",
                    ExitStatus::Usage,
                );
                return;
            }
        };
        if settings.follow.debug {
            let console = Rc::clone(self.console);
            transport = Rc::new(Traced::new(transport, move |line| console.debug(line)));
        }
        let retry = || Retry::new(settings.retry_for.min(PATIENCE));
        let proxy = network::proxy(url, variable);
        let stranger = Client::new(Requests::anonymous(
            Rc::clone(&transport),
            url.clone(),
            &settings.headers,
            retry(),
            Rc::clone(&self.watch),
        ));
        if !server::reach(all, &stranger, url, proxy.as_deref()).await {
            return;
        }
        let Some(token) = &settings.token else {
            return;
        };
        let requests = Requests::new(
            transport,
            url.clone(),
            token,
            &settings.headers,
            retry(),
            Rc::clone(&self.watch),
        );
        let Ok(requests) = requests else {
            all.bad(
                "token",
                "TEAMCITY_TOKEN holds characters that no token has",
                "Store the token's text alone, as TeamCity showed it.",
                ExitStatus::Usage,
            );
            return;
        };
        let client = Client::new(requests);
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
