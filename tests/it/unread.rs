//! A step whose log nobody reads, or nobody reads in time: its pipe is full, closed, or leads to a full disk.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use teamcity_simulator::{LogScript, Outcome, Plan, Scenario, Simulator, View};

use crate::network::{HungNameServer, at_once, silence};
use crate::pipe::{Step, plain};

/// Far more than any of these takes; whatever blocks for ever ends here.
const FOR_EVER: Duration = Duration::from_secs(60);
/// More than a pipe holds (64 KB).
const LINES: u64 = 3_000;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A build with a long log, of which there is a lot from its first second on.
fn talkative(runs_for: Duration) -> Scenario {
    let long = "x".repeat(200);
    let log = LogScript::new().burst(s(1), LINES, format!("{long} line"));
    let plan = Plan::new()
        .queued_for(s(1))
        .runs_for(runs_for)
        .outcome(Outcome::Failure)
        .log(log);
    Scenario::new().plan("App_Build", plan)
}

const PIPE: &str = env!("CARGO_BIN_EXE_teamcity-pipe");

fn spawn(step: &Step, scenario: Scenario, stdout: Stdio) -> (Simulator, Child) {
    spawn_by(Command::new(PIPE), step, scenario, stdout)
}

fn spawn_by(
    mut command: Command,
    step: &Step,
    scenario: Scenario,
    stdout: Stdio,
) -> (Simulator, Child) {
    let (simulator, address) = Simulator::spawn_thread(scenario).unwrap();
    let child = command
        .env_clear()
        .envs(&step.environment)
        .env("TEAMCITY_URL", format!("http://{address}"))
        .current_dir(step.directory.path())
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    (simulator, child)
}

fn wait_until(simulator: &Simulator, child: &mut Child, is_so: impl Fn(&View) -> bool) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let waited = runtime
        .block_on(async { tokio::time::timeout(FOR_EVER, simulator.wait_until(is_so)).await });
    if waited.is_err() {
        child.kill().unwrap();
        panic!("the pipe stands still");
    }
}

/// So many looks at the log: the pipe goes on.
fn looks(view: &View) -> usize {
    let looks = view.requests.iter();
    looks.filter(|one| one.path.ends_with("/messages")).count()
}

fn signal(child: &Child, name: &str) {
    signal_to(child.id(), name);
}

fn signal_to(process: u32, name: &str) {
    let kill = Command::new("kill")
        .args([format!("-{name}"), process.to_string()])
        .status();
    assert!(kill.unwrap().success());
}

/// Its exit status. What never ends fails.
fn end_of(mut child: Child) -> Option<i32> {
    let (tell, told) = mpsc::channel::<()>();
    let id = child.id().to_string();
    let watch = std::thread::spawn(move || {
        if told.recv_timeout(FOR_EVER) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = Command::new("kill").args(["-KILL", &id]).status();
        }
    });
    let status = child.wait().unwrap();
    drop(tell);
    watch.join().unwrap();
    status.code()
}

#[test]
fn a_stop_is_obeyed_though_nobody_reads_the_log() {
    std::thread::scope(|scope| {
        for (name, status) in [("TERM", 143), ("HUP", 129)] {
            scope.spawn(move || {
                let (simulator, mut child) = spawn(&Step::new(), talkative(s(600)), Stdio::piped());
                wait_until(&simulator, &mut child, |view| looks(view) >= 4);
                signal(&child, name);
                let unread = child.stdout.take();
                assert_eq!(end_of(child), Some(status));
                assert!(simulator.builds()[0].canceled_by.is_some());
                drop(unread);
            });
        }
    });
}

/// The kernel hands process 1 no signal that it does not handle, and ends nothing on its behalf.
#[test]
fn as_process_1_a_stop_is_obeyed_too() {
    let mut alone = Command::new("/usr/bin/unshare");
    alone.args(["--pid", "--fork"]);
    let tried = Command::new("/usr/bin/unshare")
        .args(["--pid", "--fork", "/bin/true"])
        .status();
    if !tried.is_ok_and(|status| status.success()) {
        println!("not as this user: a process 1 of one's own takes root");
        return;
    }
    alone.arg(PIPE);
    let (simulator, mut child) = spawn_by(alone, &Step::new(), talkative(s(600)), Stdio::piped());
    wait_until(&simulator, &mut child, |view| looks(view) >= 4);
    let of = child.id();
    let children = std::fs::read_to_string(format!("/proc/{of}/task/{of}/children")).unwrap();
    signal_to(children.trim().parse().unwrap(), "TERM");
    let unread = child.stdout.take();
    assert_eq!(end_of(child), Some(143));
    assert!(simulator.builds()[0].canceled_by.is_some());
    drop(unread);
}

#[test]
fn a_reader_that_stalls_while_the_build_runs_loses_no_line() {
    let (simulator, mut child) = spawn(&Step::new(), talkative(s(4)), Stdio::piped());
    wait_until(&simulator, &mut child, |view| {
        view.requests
            .iter()
            .any(|one| one.path.contains("testOccurrences"))
            || view.builds.iter().any(|build| build.state == "finished")
    });
    let mut text = String::new();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_to_string(&mut text).unwrap();
    assert_eq!(end_of(child), Some(1));
    let text = plain(&text);
    let shown = text.lines().filter_map(|line| line.split_once("xx line "));
    let shown: Vec<u64> = shown.map(|(_, number)| number.parse().unwrap()).collect();
    assert_eq!(shown, (1..=LINES).collect::<Vec<_>>());
    assert!(text.contains("✖"), "the last words are there too");
}

#[test]
fn a_log_that_is_closed_or_on_a_full_disk_changes_no_result() {
    let full = || {
        let device = std::fs::OpenOptions::new().write(true).open("/dev/full");
        Stdio::from(device.unwrap())
    };
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    at_once([full(), closed()], |stdout| {
        let (_simulator, child) = spawn(&Step::new(), talkative(s(2)), stdout);
        assert_eq!(end_of(child), Some(1));
    });
    at_once([full(), closed()], |stdout| {
        let (simulator, mut child) = spawn(&Step::new(), talkative(s(600)), stdout);
        wait_until(&simulator, &mut child, |view| looks(view) >= 2);
        signal(&child, "TERM");
        assert_eq!(end_of(child), Some(143));
        assert!(simulator.builds()[0].canceled_by.is_some());
    });
}

#[test]
fn a_stop_is_obeyed_while_a_name_server_or_a_handshake_hangs() {
    let step = |url: &str| {
        let step = Step::new().set("TEAMCITY_URL", url);
        step.set("RETRY_FOR", "10m")
    };
    let stopped = |mut command: Command, step: &Step, wait: &dyn Fn()| {
        let child = command
            .env_clear()
            .envs(&step.environment)
            .current_dir(step.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait();
        signal(&child, "TERM");
        assert_eq!(end_of(child), Some(143));
    };
    let (place, connected) = silence::hung_handshake_that_tells();
    let at = step(&place.url());
    stopped(Command::new(PIPE), &at, &|| connected.recv().unwrap());
    let Some(server) = HungNameServer::new() else {
        println!("not as this user: a name server takes root");
        return;
    };
    let at = step("https://teamcity.example.com");
    stopped(server.command(PIPE), &at, &|| server.wait_for_a_question());
}
