//! Clients that are watched: their outages are events, and so is each request if asked.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use crate::clients::{Clients, Trace};
use crate::config::Network;
use crate::http::Watch;
use crate::outcome::{Event, Events};
use crate::report::console::Console;
use crate::types::Secrets;
use crate::world::World;

/// The clients of a command, which tells of outages and, if asked, of each request.
pub(super) fn clients(
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
