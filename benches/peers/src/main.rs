//! The same build, triggered and followed by three clients at once on one simulated server: what each takes, and what each
//! does when the answer to the queue request is lost and when the server restarts; and the same with the server at several
//! distances. Called by `run.sh`.

mod distance;
#[path = "../../performance/proxy.rs"]
mod proxy;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use teamcity_simulator::{
    BuildType, Fault, FaultKind, LogScript, Matcher, Plan, Recorded, Resource, Scenario, Simulator,
};
use wait4::Wait4 as _;

/// A client: its name here, what its requests call it, its command, and what is set for it.
#[derive(Clone)]
struct Peer {
    name: &'static str,
    agent: &'static str,
    command: String,
    build_type: String,
    set: &'static [(&'static str, &'static str)],
}

/// What one run took, and what came of it.
struct Run {
    status: String,
    builds: usize,
    /// From the start of the process to its first request.
    start: Duration,
    processor: Duration,
    /// The largest of its processes, in bytes.
    memory: u64,
    requests: usize,
    /// From the start of the process to the queue request.
    queued: Duration,
    /// From the end of the last build to the end of the process.
    after: Option<Duration>,
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &str| {
        arguments
            .next()
            .with_context(|| format!("{what} is missing"))
    };
    let rounds: u32 = next("the number of rounds")?.parse()?;
    let mut peers = Vec::new();
    for (name, agent) in [
        ("teamcity-pipe", "teamcity-pipe"),
        ("curl and jq", "curl"),
        ("python-teamcity", "python-requests"),
    ] {
        peers.push(Peer {
            name,
            agent,
            command: next(name)?,
            build_type: format!("App_{}", peers.len()),
            set: &[],
        });
    }
    let far = far(&peers, std::env::args().nth(5));
    if std::env::var("PART").as_deref() == Ok("distance") {
        return distance::table(&far, rounds);
    }
    let peers = &peers[..];

    let mut runs: Vec<Vec<Run>> = peers.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        // Lengths differ, so that nobody's polls meet the end by chance each time.
        let length = Duration::from_millis(12_000 + u64::from(round) * 1_700);
        for (index, run) in run(peers, length, |_| ())?.into_iter().enumerate() {
            let name = peers[index].name;
            ensure!(run.status == "0", "{name} ended with {}", run.status);
            runs[index].push(run);
        }
    }
    let length = Duration::from_secs(20);
    let lost = alone(peers, length, |simulator| {
        let queue = Matcher::resource(Resource::QueueBuild);
        simulator.fault(Fault::new(FaultKind::ResetAfterActing).on(queue));
    })?;
    let restarted = alone(peers, length, |simulator| {
        let simulator = simulator.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(8));
            simulator.restart_for(Duration::from_secs(30));
        });
    })?;

    println!("Median (smallest – largest) of {rounds} rounds:\n");
    row("", peers.iter().map(|peer| peer.name.to_owned()));
    row("---", peers.iter().map(|_| "---:".to_owned()));
    let numbers = |what: &dyn Fn(&Run) -> f64, unit: &'static str, digits: usize| {
        let of = |runs: &Vec<Run>| spread(runs.iter().map(what).collect(), unit, digits);
        runs.iter().map(of).collect::<Vec<_>>()
    };
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    row(
        "start to first request",
        numbers(&|run| milliseconds(run.start), "ms", 1),
    );
    row(
        "processor time",
        numbers(&|run| milliseconds(run.processor), "ms", 0),
    );
    row(
        "peak memory of one process",
        numbers(&|run| run.memory as f64 / 1e6, "MB", 1),
    );
    row("requests", numbers(&|run| run.requests as f64, "", 0));
    let after = |run: &Run| run.after.map_or(f64::NAN, |time| time.as_secs_f64());
    row(
        "end of the build to end of the process",
        numbers(&after, "s", 1),
    );
    println!();
    for (title, ran) in [
        ("The answer to the first queue request is lost:", lost),
        (
            "The server restarts 8 s after the start, for 30 s:",
            restarted,
        ),
    ] {
        println!("{title}\n");
        row("", peers.iter().map(|peer| peer.name.to_owned()));
        row("---", peers.iter().map(|_| "---:".to_owned()));
        row("exit status", ran.iter().map(|run| run.status.clone()));
        row(
            "builds on the server",
            ran.iter().map(|run| run.builds.to_string()),
        );
        let after = |run: &Run| match run.after {
            Some(time) => format!("{:.1} s", time.as_secs_f64()),
            None => "it ended first".to_owned(),
        };
        row(
            "end of the build to end of the process",
            ran.iter().map(after),
        );
        println!();
    }
    distance::table(&far, rounds)
}

/// The clients that are compared at distances: the pipe without and with the log, others at fixed intervals.
fn far(peers: &[Peer], teamcity: Option<String>) -> Vec<Peer> {
    let with = |peer: &Peer, name, set| Peer {
        name,
        set,
        ..peer.clone()
    };
    let mut far = vec![
        with(&peers[0], "teamcity-pipe, `LOG: none`", &[("LOG", "none")]),
        with(&peers[0], "teamcity-pipe, with the log", &[]),
        with(&peers[1], "curl and jq, every 5 s", &[("EVERY", "5")]),
        with(&peers[1], "curl and jq, every 10 s", &[]),
        with(&peers[2], "python-teamcity, every 10 s", &[]),
    ];
    if let Some(command) = teamcity.filter(|command| !command.is_empty()) {
        far.push(Peer {
            name: "teamcity command line, every 5 s",
            agent: "",
            command: format!(
                "{command} run start App_Build --branch main --watch --interval 5 --no-input"
            ),
            build_type: "App_Build".to_owned(),
            set: &[],
        });
    }
    far
}

fn row(title: &str, cells: impl IntoIterator<Item = String>) {
    let cells: Vec<String> = cells.into_iter().collect();
    println!("| {title} | {} |", cells.join(" | "));
}

fn spread(mut values: Vec<f64>, unit: &str, digits: usize) -> String {
    values.sort_by(f64::total_cmp);
    let (first, last) = (values[0], values[values.len() - 1]);
    let median = values[values.len() / 2];
    let text = if first == last {
        format!("{median:.digits$}")
    } else {
        format!("{median:.digits$} ({first:.digits$} – {last:.digits$})")
    };
    format!("{text} {unit}").trim_end().to_owned()
}

/// Each client on a server of its own, all at once.
fn alone(
    peers: &[Peer],
    length: Duration,
    prepare: impl Fn(&Simulator) + Sync,
) -> anyhow::Result<Vec<Run>> {
    std::thread::scope(|scope| {
        let prepare = &prepare;
        let threads: Vec<_> = peers
            .iter()
            .map(|peer| scope.spawn(move || run(std::slice::from_ref(peer), length, prepare)))
            .collect();
        let mut runs = Vec::new();
        for thread in threads {
            runs.extend(thread.join().expect("no panic")?);
        }
        Ok(runs)
    })
}

/// The clients together on one server, on which each has a build configuration of its own that does the same.
fn run(peers: &[Peer], length: Duration, prepare: impl Fn(&Simulator)) -> anyhow::Result<Vec<Run>> {
    let plan = Plan::new()
        .queued_for(Duration::from_secs(1))
        .runs_for(length)
        .log(LogScript::new().generated(200, Duration::ZERO, length, "a line of the build log"));
    let mut scenario = Scenario::new();
    for peer in peers {
        let id = peer.build_type.as_str();
        let build_type = BuildType::new(id).roots(["App_Git"]);
        scenario = scenario.build_type(build_type).plan(id, plan.clone());
    }
    let (simulator, address) = Simulator::spawn_thread(scenario)?;
    prepare(&simulator);
    std::thread::scope(|scope| {
        let threads: Vec<_> = peers
            .iter()
            .enumerate()
            .map(|(index, peer)| {
                let simulator = &simulator;
                scope.spawn(move || {
                    // One after another, so that their starts don't compete.
                    std::thread::sleep(Duration::from_millis(1_200) * u32::try_from(index)?);
                    one(peer, simulator, address)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect()
    })
}

fn one(peer: &Peer, simulator: &Simulator, address: SocketAddr) -> anyhow::Result<Run> {
    let directory = tempfile::tempdir()?;
    let mut environment: BTreeMap<&str, String> =
        include_str!("../../../tests/image/pipelines.env")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name, value.to_owned()))
            .collect();
    environment.extend([
        ("PATH", std::env::var("PATH")?),
        ("TEAMCITY_URL", format!("http://{address}")),
        ("TEAMCITY_TOKEN", Scenario::TOKEN.to_owned()),
        ("BUILD_TYPE_ID", peer.build_type.clone()),
        ("CODE_INSIGHTS", "false".to_owned()),
    ]);
    let home = directory.path().display().to_string();
    environment.extend([
        ("HOME", home),
        ("XDG_CONFIG_HOME", directory.path().display().to_string()),
    ]);
    environment.extend(
        peer.set
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned())),
    );
    let mut words = peer.command.split(' ');
    let started = simulator.now();
    let child = Command::new(words.next().unwrap_or_default())
        .args(words)
        .env_clear()
        .envs(environment)
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| peer.command.clone())?;
    let used = child.wait4()?;
    let ended = simulator.now();
    let requests: Vec<Recorded> = simulator
        .requests()
        .into_iter()
        .filter(|request| {
            let agent = request.headers.get("user-agent");
            agent.is_some_and(|agent| agent.as_bytes().starts_with(peer.agent.as_bytes()))
        })
        .collect();
    let builds: Vec<_> = simulator
        .builds()
        .into_iter()
        .filter(|build| build.build_type == peer.build_type)
        .collect();
    let finished: Option<Vec<Duration>> = builds.iter().map(|build| build.finished_at).collect();
    let first = requests.first().context("there was no request")?.at;
    Ok(Run {
        status: used
            .status
            .code()
            .map_or_else(|| "by a signal".to_owned(), |code| code.to_string()),
        builds: builds.len(),
        start: first.saturating_sub(started),
        processor: used.rusage.utime + used.rusage.stime,
        memory: used.rusage.maxrss,
        requests: requests.len(),
        queued: distance::queued_at(simulator)
            .context("nothing was queued")?
            .saturating_sub(started),
        after: finished
            .and_then(|times| times.into_iter().max())
            .and_then(|end| ended.checked_sub(end)),
    })
}
