//! The same build, with the server at several distances: every client has a server and a proxy of its own, and all run side by
//! side.

use std::time::Duration;

use teamcity_simulator::{LogScript, Plan, Resource, Scenario, Simulator};

use crate::{Peer, Run, one, proxy, spread};

/// Round trips, in milliseconds.
const DISTANCES: [u64; 4] = [0, 20, 100, 300];

/// A client's runs at one distance.
struct Row<'a> {
    peer: &'a Peer,
    distance: u64,
    runs: Vec<Run>,
}

/// Runs and prints. The first peer is what the others are compared with.
pub fn table(peers: &[Peer], rounds: u32) -> anyhow::Result<()> {
    let mut rows: Vec<Row> = DISTANCES
        .into_iter()
        .flat_map(|distance| peers.iter().map(move |peer| (distance, peer)))
        .map(|(distance, peer)| Row {
            peer,
            distance,
            runs: Vec::new(),
        })
        .collect();
    for round in 0..rounds {
        // Over ten seconds in all, so that nobody's polls meet the end by chance each time.
        let length = Duration::from_millis(15_000 + u64::from(round) * 10_000 / u64::from(rounds));
        let runs = std::thread::scope(|scope| {
            let threads: Vec<_> = (0_u32..)
                .zip(&rows)
                .map(|(turn, row)| {
                    let (peer, distance) = (row.peer, Duration::from_millis(row.distance));
                    scope.spawn(move || {
                        // One after another, so that their starts don't compete.
                        std::thread::sleep(Duration::from_millis(400) * turn);
                        at(peer, distance, length)
                    })
                })
                .collect();
            let joined = threads
                .into_iter()
                .map(|thread| thread.join().expect("no panic"));
            joined.collect::<anyhow::Result<Vec<Run>>>()
        })?;
        for (row, run) in rows.iter_mut().zip(runs) {
            anyhow::ensure!(
                run.status == "0",
                "{} ended with {}",
                row.peer.name,
                run.status
            );
            row.runs.push(run);
        }
    }
    println!(
        "Builds of 15 to 25 s with a right estimate, {rounds} each; a round trip to the server takes as long as said:\n"
    );
    println!(
        "| ms | client | round trips to the queue request | end to end, s | as a share of the first's | requests | processor, ms |"
    );
    println!("|---:|---|---:|---:|---:|---:|---:|");
    let mut first = f64::NAN;
    for row in &rows {
        let numbers =
            |what: &dyn Fn(&Run) -> f64| -> Vec<f64> { row.runs.iter().map(what).collect() };
        let late = numbers(&|run| run.after.map_or(f64::NAN, |time| time.as_secs_f64()));
        let mean = late.iter().sum::<f64>() / late.len() as f64;
        if row.peer.name == peers[0].name {
            first = mean;
        }
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let distance = row.distance as f64 / 1000.0;
        let queued = |run: &Run| run.queued.as_secs_f64();
        let trips = if row.distance == 0 {
            "–".to_owned()
        } else {
            spread(numbers(&|run| queued(run) / distance), "", 1)
        };
        println!(
            "| {} | {} | {trips} | {} | {:.2} | {} | {} |",
            row.distance,
            row.peer.name,
            spread(late, "", 2),
            mean / first,
            spread(numbers(&|run| run.requests as f64), "", 0),
            spread(numbers(&|run| run.processor.as_secs_f64() * 1000.0), "", 0),
        );
    }
    println!();
    Ok(())
}

fn at(peer: &Peer, distance: Duration, length: Duration) -> anyhow::Result<Run> {
    let plan = Plan::new()
        .queued_for(Duration::from_secs(1))
        .runs_for(length)
        .log(LogScript::new().generated(200, Duration::ZERO, length, "a line of the build log"));
    let scenario = Scenario::new().plan("App_Build", plan);
    let (simulator, address) = Simulator::spawn_thread(scenario)?;
    let far = proxy::far(address, distance)?;
    let mut peer = peer.clone();
    peer.build_type = "App_Build".to_owned();
    one(&peer, &simulator, far)
}

/// When the queue request was at the server.
pub fn queued_at(simulator: &Simulator) -> Option<Duration> {
    let requests = simulator.requests();
    let mut queued = requests
        .iter()
        .filter(|request| request.resource == Some(Resource::QueueBuild));
    queued.next().map(|request| request.at)
}
