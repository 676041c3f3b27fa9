//! Answers made to hurt, one kind on one resource at a time, through the real process: memory, CPU, requests.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use teamcity_simulator::{
    Artifact, FailedTest, Fault, FaultKind, LogScript, Matcher, Outcome, Plan, Problem, Resource,
    Scenario, Tests,
};

use crate::pipe::Step;

const AT_ONCE: usize = 4;
/// What no run may need more of.
const MEMORY: f64 = 20.0;
const CPU: f64 = 2.0;
/// A run that is still there then is one that does not end.
const PATIENCE: Duration = Duration::from_secs(60);

const RESOURCES: &[Resource] = &[
    Resource::ServerVersion,
    Resource::Server,
    Resource::CurrentUser,
    Resource::Permissions,
    Resource::BuildType,
    Resource::VcsRootEntries,
    Resource::Branches,
    Resource::Changes,
    Resource::QueueBuild,
    Resource::Build,
    Resource::Builds,
    Resource::Tests,
    Resource::Problems,
    Resource::Messages,
    Resource::TextLog,
    Resource::ArtifactsList,
    Resource::Statistics,
    Resource::VcsRoots,
    Resource::VcsRootInstances,
    Resource::Agents,
];

fn kinds() -> Vec<FaultKind> {
    vec![
        FaultKind::NextHrefForEver,
        FaultKind::NextHrefCircle(3),
        FaultKind::ManyItems(200_000),
        FaultKind::DeepJson(1_000_000),
        FaultKind::HugeBody(60 << 20),
        FaultKind::HugeBody(200 << 20),
        FaultKind::Endless {
            per_kilobyte: Duration::from_micros(1),
        },
        FaultKind::LengthTooLong(100),
        FaultKind::LengthTooShort(20),
    ]
}

struct Cost {
    what: String,
    status: Option<i32>,
    took: f64,
    /// In MB.
    peak: f64,
    /// In seconds.
    cpu: f64,
    requests: usize,
}

pub fn run() {
    let mut cases: Vec<(Resource, FaultKind)> = Vec::new();
    for resource in RESOURCES {
        cases.extend(kinds().into_iter().map(|kind| (*resource, kind)));
    }
    let count = cases.len();
    let (cases, costs) = (Mutex::new(cases), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some((resource, kind)) = cases.lock().unwrap().pop() else {
                        return;
                    };
                    let cost = cost(resource, kind);
                    costs.lock().unwrap().push(cost);
                }
            });
        }
    });
    let mut costs = costs.into_inner().unwrap();
    costs.sort_by(|one, other| one.peak.total_cmp(&other.peak).reverse());
    let most = |of: fn(&Cost) -> f64| costs.iter().map(of).fold(0.0, f64::max);
    println!(
        "Answers made to hurt, {count} runs: at most {:.1} MB, {:.1} s of CPU, {} requests, {:.0} s",
        most(|cost| cost.peak),
        most(|cost| cost.cpu),
        most(|cost| cost.requests as f64),
        most(|cost| cost.took),
    );
    for cost in costs {
        if cost.peak > MEMORY || cost.cpu > CPU || cost.status.is_none() {
            println!(
                "  {:60} status {:?}, {:.1} MB, {:.1} s of CPU, {} requests, {:.0} s",
                cost.what, cost.status, cost.peak, cost.cpu, cost.requests, cost.took
            );
        }
    }
}

fn cost(resource: Resource, kind: FaultKind) -> Cost {
    let what = format!("{resource:?}: {kind:?}");
    let plan = Plan::new()
        .runs_for(Duration::from_secs(2))
        .outcome(Outcome::Failure)
        .tests(Tests::passed(40).failed([FailedTest::new("a.B.c", "trace")]))
        .problems([Problem::exit_code(1, "Test")])
        .log(LogScript::new().line(Duration::ZERO, "one"))
        .artifacts([Artifact::new("a/b.txt", "text")]);
    let mut running = Step::new()
        .set("RETRY_FOR", "2s")
        .set("TIMEOUT", "20s")
        .set("ARTIFACTS", "**")
        .spawn(Scenario::new().plan("App_Build", plan), "");
    running
        .simulator
        .fault(Fault::new(kind).on(Matcher::resource(resource)).always());
    let start = Instant::now();
    let output = running.child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut output = output;
        let _ = std::io::copy(&mut output, &mut std::io::sink());
    });
    let (mut peak, mut cpu) = (0.0_f64, 0.0_f64);
    let status = loop {
        if let Some(status) = running.child.try_wait().unwrap() {
            break status.code();
        }
        if start.elapsed() > PATIENCE {
            let _ = running.child.kill();
            let _ = running.child.wait();
            break None;
        }
        let process = running.child.id();
        peak = peak.max(peak_memory(process).unwrap_or(0.0));
        cpu = cpu.max(cpu_time(process).unwrap_or(0.0));
        std::thread::sleep(Duration::from_millis(5));
    };
    let _ = reader.join();
    Cost {
        what,
        status,
        took: start.elapsed().as_secs_f64(),
        peak,
        cpu,
        requests: running.simulator.requests().len(),
    }
}

/// In MB.
fn peak_memory(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

/// In seconds; the kernel counts hundredths.
fn cpu_time(process: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let ticks = |text: Option<&str>| text?.parse::<f64>().ok();
    Some((ticks(fields.next())? + ticks(fields.next())?) / 100.0)
}
