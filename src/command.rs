//! The one place where everything is put together: settings, clients, the run, reports.

use std::ffi::OsString;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use crate::clone;
use crate::config::{self, CommandKind, RevisionChoice, Settings, What};
use crate::exit::ExitStatus;
use crate::http::{Connection, Retry, Traced, Transport, Watch};
use crate::report::console::Console;
use crate::run::event::{Event, Events};
use crate::run::{Identity, Marker};
use crate::teamcity::{Client, Requests};
use crate::world::World;

/// Does what arguments and environment say.
pub async fn run(
    _arguments: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    world: World,
) -> ExitStatus {
    let console = Rc::new(Console::new(world.output.clone()));
    let (mut settings, warnings) = match config::read(environment, CommandKind::Run) {
        Ok(read) => read,
        Err(problems) => {
            console.error(&problems.to_string());
            return ExitStatus::Usage;
        }
    };
    for warning in warnings {
        console.warning(&warning.to_string());
    }
    if let Err(short) = expand_revision(&mut settings, &world) {
        console.error(&format!(
            "the commit {short} is abbreviated, and the clone in the working directory does not know it\nKeep the step's clone enabled and \
             deep enough, or give all 40 digits in REVISION."
        ));
        return ExitStatus::Usage;
    }
    let client = match client(&settings, &world, &console) {
        Ok(client) => client,
        Err(why) => {
            console.error(&why);
            return ExitStatus::Usage;
        }
    };
    let marker = marker(&settings, world.random);
    #[expect(clippy::cast_precision_loss, reason = "a spread needs no precision")]
    let phase = (world.random % 1000) as f64 / 1000.0;
    let outcome = crate::run::run(
        &client,
        &*console,
        &settings,
        &marker,
        phase,
        &[],
        world.stop,
    )
    .await;
    console.summary(&outcome);
    outcome.status
}

fn client(settings: &Settings, world: &World, console: &Rc<Console>) -> Result<Client, String> {
    let connection = &settings.connection;
    let how = Connection {
        extra_roots: connection.ca_certificate.clone(),
        ..Connection::default()
    };
    let mut transport: Rc<dyn Transport> = (world.connect)(&how)
        .map_err(|error| format!("TEAMCITY_CA_CERTIFICATE can't be used: {error}"))?;
    if settings.follow.debug {
        let console = Rc::clone(console);
        transport = Rc::new(Traced::new(transport, move |line| console.debug(line)));
    }
    let watch = Rc::new(Outages(console.clone()));
    let requests = Requests::new(
        transport,
        connection.url.clone(),
        &connection.token,
        &connection.headers,
        Retry::new(connection.retry_for),
        watch,
    );
    requests
        .map(Client::new)
        .map_err(|_| "TEAMCITY_TOKEN holds characters that no token has".to_owned())
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
fn expand_revision(settings: &mut Settings, world: &World) -> Result<(), String> {
    let What::Queue(build) = &mut settings.what else {
        return Ok(());
    };
    let (RevisionChoice::Given(revision) | RevisionChoice::Pipeline(revision)) =
        &mut build.revision
    else {
        return Ok(());
    };
    if revision.len() < 40 {
        *revision = clone::expand(&world.directory, revision).ok_or_else(|| revision.clone())?;
    }
    Ok(())
}
