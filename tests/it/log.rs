//! The build log as it grows: every line once, in order, to the last one.

use std::time::Duration;

use teamcity_simulator::{
    Fault, FaultKind, LogScript, LogWindows, Matcher, Outcome, Plan, Recorded, Resource, Scenario,
    Simulator,
};

use crate::pipe::{Ran, Step};

const MINUTE: Duration = Duration::from_secs(60);

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn plan(log: LogScript) -> Plan {
    Plan::new().queued_for(s(3)).runs_for(s(120)).log(log)
}

fn scenario(log: LogScript) -> Scenario {
    Scenario::new().plan("App_Build", plan(log))
}

/// The lines of the build log that were shown, without their frame.
fn shown(ran: &Ran) -> Vec<&str> {
    let framed = ran
        .output
        .lines()
        .filter_map(|line| line.strip_prefix("│ "));
    framed.collect()
}

/// What [`shown`] must be: generated lines, part by part, then the server's own last line.
fn expected(parts: &[(u64, &str)]) -> Vec<String> {
    let lines = parts
        .iter()
        .flat_map(|(count, prefix)| (1..=*count).map(move |number| format!("{prefix} {number}")));
    lines
        .chain(std::iter::once("Build finished".to_owned()))
        .collect()
}

#[track_caller]
fn assert_complete(ran: &Ran, parts: &[(u64, &str)]) {
    let (shown, expected) = (shown(ran), expected(parts));
    let wrong = shown
        .iter()
        .zip(&expected)
        .position(|(shown, expected)| shown != expected);
    assert!(
        wrong.is_none() && shown.len() == expected.len(),
        "{} lines instead of {}, wrong from {wrong:?}: {:?}\n{}",
        shown.len(),
        expected.len(),
        wrong.map(|at| &shown[at..shown.len().min(at + 3)]),
        ran.output
            .lines()
            .filter(|line| !line.starts_with('│'))
            .collect::<Vec<_>>()
            .join("\n")
    );
}

fn looks(simulator: &Simulator, resource: Resource) -> usize {
    let is = |request: &&Recorded| request.resource == Some(resource);
    simulator.requests().iter().filter(is).count()
}

/// 200,000 lines, at 50,000 a second and faster.
fn bursts() -> LogScript {
    LogScript::new()
        .burst(s(5), 50_000, "a")
        .generated(100_000, s(20), s(22), "b")
        .generated(49_000, s(60), s(61), "c")
        .generated(1_000, s(70), s(120), "d")
}

const BURSTS: [(u64, &str); 4] = [(50_000, "a"), (100_000, "b"), (49_000, "c"), (1_000, "d")];

#[tokio::test(start_paused = true)]
async fn bursts_lose_no_line_and_show_none_twice() {
    let simulator = Simulator::start(scenario(bursts()));
    let ran = Step::new().run(&simulator).await;
    assert_complete(ran.ends_with(0), &BURSTS);
    // All of it live.
    assert_eq!(looks(&simulator, Resource::TextLog), 0);
}

/// The most memory that a living process has had, in KB.
fn peak_memory(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn the_binary_shows_200_000_lines() {
    let log = LogScript::new()
        .burst(s(1), 50_000, "a")
        .generated(149_000, s(2), s(5), "b")
        .generated(1_000, s(5), s(6), "c");
    let plan = Plan::new().queued_for(s(1)).runs_for(s(7)).log(log);
    let running = Step::new().spawn(
        Scenario::new()
            .context_path("/teamcity")
            .plan("App_Build", plan),
        "/teamcity",
    );
    let status = format!("/proc/{}/status", running.child.id());
    let memory = std::thread::spawn(move || {
        let mut peak = 0;
        while let Some(now) = peak_memory(&status) {
            peak = peak.max(now);
            std::thread::sleep(Duration::from_millis(20));
        }
        peak
    });
    let (ran, simulator) = running.wait();
    let peak = memory.join().unwrap();
    // The optimized binary stays under 15 MB (docs/performance.md); this one's code takes more. A log that is kept would
    // take far more.
    assert!((1_000..24_000).contains(&peak), "{peak} KB");
    assert_complete(
        ran.ends_with(0),
        &[(50_000, "a"), (149_000, "b"), (1_000, "c")],
    );
    assert_eq!(simulator.violations(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_line_is_shown_within_10_seconds() {
    let log = (0..600).fold(LogScript::new(), |log, number| {
        log.line(s(number * 3), format!("at {}", number * 3))
    });
    let plan = Plan::new().queued_for(s(3)).runs_for(30 * MINUTE).log(log);
    let simulator = Simulator::start(
        Scenario::new()
            .plan("App_Build", plan)
            .latency(Duration::from_millis(150)),
    );
    let ran = Step::new().run(&simulator).await;
    ran.ends_with(0);
    let started = simulator.builds()[0].started_at.unwrap();
    // Times of lines count from the first output, which comes a moment after the server's start.
    let first_output = ran.took - ran.lines.last().unwrap().0;
    let mut count = 0;
    for (at, line) in &ran.lines {
        let Some(written) = line.strip_prefix("│ at ") else {
            continue;
        };
        count += 1;
        let written = started + s(written.parse().unwrap());
        let late = (*at + first_output).saturating_sub(written);
        assert!(late <= s(10), "{line} came {late:?} late");
    }
    assert_eq!(count, 600);
    let requests = simulator.requests().len();
    assert!(requests <= 300, "{requests}");
}

#[tokio::test(start_paused = true)]
async fn a_server_without_messages_gives_its_log_at_the_end() {
    for kind in [
        FaultKind::NotFound404,
        FaultKind::LoginPage200,
        FaultKind::Status500,
        FaultKind::EmptyBody,
        FaultKind::RedirectToLogin,
        FaultKind::WrongJsonTypes,
        FaultKind::HangAfterActing,
    ] {
        let simulator = Simulator::start(scenario(LogScript::new().burst(s(20), 700, "a")));
        simulator.fault(
            Fault::new(kind.clone())
                .on(Matcher::resource(Resource::Messages))
                .always(),
        );
        let ran = Step::new().run(&simulator).await;
        assert_complete(ran.ends_with(0), &[(700, "a")]);
        assert!(ran.took < s(240), "{kind:?} took {:?}", ran.took);
        assert!(looks(&simulator, Resource::Messages) <= 20, "{kind:?}");
    }
}

mod campaign {
    use super::*;
    use crate::campaign::sample;

    #[tokio::test(start_paused = true)]
    async fn no_fault_in_the_middle_loses_a_line() {
        let cases = FaultKind::all().into_iter().flat_map(|kind| {
            [Resource::Messages, Resource::TextLog].map(move |on| (kind.clone(), on))
        });
        for (kind, on) in sample(cases, 11) {
            let log = LogScript::new()
                .generated(3_000, s(0), s(60), "a")
                .burst(s(62), 9_000, "b")
                .generated(2_000, s(70), s(120), "c");
            let simulator = Simulator::start(scenario(log));
            if on == Resource::TextLog {
                // So that the text log is needed at all.
                let messages = Matcher::resource(Resource::Messages);
                simulator.fault(Fault::new(FaultKind::NotFound404).on(messages).always());
            }
            let faulty = simulator.clone();
            let run = Step::new().run(&simulator);
            let kind_of_fault = kind.clone();
            let fault = async {
                tokio::time::sleep(s(40)).await;
                let times = if on == Resource::Messages { 3 } else { 1 };
                let fault = Fault::new(kind_of_fault).on(Matcher::resource(on));
                faulty.fault(fault.times(times));
            };
            let (ran, ()) = tokio::join!(run, fault);
            eprintln!("{kind:?} on {on:?}");
            assert_complete(
                ran.ends_with(0),
                &[(3_000, "a"), (9_000, "b"), (2_000, "c")],
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_that_can_not_be_had_is_said() {
    let simulator = Simulator::start(scenario(LogScript::new().line(s(1), "a")));
    for resource in [Resource::Messages, Resource::TextLog] {
        let fault = Fault::new(FaultKind::NotFound404).on(Matcher::resource(resource));
        simulator.fault(fault.always());
    }
    let ran = Step::new().run(&simulator).await;
    ran.ends_with(0).says("can't be shown");
}

#[tokio::test(start_paused = true)]
async fn a_restart_of_minutes_loses_no_line() {
    // In the middle, and over the end of the build.
    for at in [60, 590] {
        let log = LogScript::new().generated(60_000, s(0), s(600), "a");
        let plan = Plan::new().queued_for(s(3)).runs_for(s(600)).log(log);
        let simulator = Simulator::start(Scenario::new().plan("App_Build", plan));
        let restarting = simulator.clone();
        let run = Step::new().run(&simulator);
        let restart = async {
            tokio::time::sleep(s(at)).await;
            restarting.restart_for(5 * MINUTE);
        };
        let (ran, ()) = tokio::join!(run, restart);
        assert_complete(ran.ends_with(0), &[(60_000, "a")]);
    }
}

#[tokio::test(start_paused = true)]
async fn servers_may_understand_windows_otherwise() {
    let quirks = [
        LogWindows::default().tail_only(),
        LogWindows::default().tail_only().at_most(100),
        LogWindows::default().after_the_message(),
        LogWindows::default().every_third_index_hidden(),
        LogWindows::default()
            .every_third_index_hidden()
            .after_the_message(),
        LogWindows::default().every_third_index_hidden().tail_only(),
        LogWindows::default().at_most(100),
        LogWindows::default().first_index(1),
        LogWindows::default().first_index(7),
    ];
    for quirk in quirks {
        let log = LogScript::new()
            .generated(300, s(0), s(50), "a")
            .burst(s(52), 9_000, "b")
            .generated(2_000, s(70), s(120), "c");
        let simulator = Simulator::start(scenario(log).log_windows(quirk.clone()));
        let ran = Step::new().run(&simulator).await;
        eprintln!("{quirk:?}");
        assert_complete(ran.ends_with(0), &[(300, "a"), (9_000, "b"), (2_000, "c")]);
        let looks = looks(&simulator, Resource::Messages);
        assert!(looks < 200, "{quirk:?}: {looks}");
    }
}

#[tokio::test(start_paused = true)]
async fn windows_of_any_size_are_read() {
    // 3,000 lines of 4 KB are more than any answer may hold; each comes whole.
    let long = "x".repeat(4_000);
    let log = LogScript::new()
        .burst(s(10), 3_000, &*long)
        .generated(1_000, s(20), s(120), "a");
    let simulator = Simulator::start(scenario(log));
    let ran = Step::new().run(&simulator).await;
    assert_complete(ran.ends_with(0), &[(3_000, &long), (1_000, "a")]);
    assert_eq!(looks(&simulator, Resource::TextLog), 0);
}

#[tokio::test(start_paused = true)]
async fn of_a_huge_line_the_beginning_is_shown() {
    for forward in [true, false] {
        for size in [1_000_000, 6_000_000] {
            let log = LogScript::new()
                .generated(10, s(0), s(5), "a")
                .line(s(10), "y".repeat(size))
                .generated(10, s(20), s(25), "b");
            let mut windows = LogWindows::default();
            if !forward {
                windows = windows.tail_only();
            }
            let simulator = Simulator::start(scenario(log).log_windows(windows));
            let ran = Step::new().run(&simulator).await;
            ran.ends_with(0);
            let shown = shown(&ran);
            assert_eq!(shown.len(), 22);
            assert_eq!(shown[9], "a 10");
            assert!(shown[10].starts_with("yyyyyyyy") && shown[10].len() < 70_000);
            assert!(
                shown[10].ends_with('…'),
                "{}",
                &shown[10][shown[10].len() - 40..]
            );
            assert_eq!(shown[11], "b 1");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn verbose_lines_are_left_out_live_and_at_the_end() {
    for live in [true, false] {
        let log = (0..50).fold(LogScript::new(), |log, number| {
            log.line(s(number), format!("line {number}"))
                .verbose(s(number), format!("verbose {number}\nof two lines"))
        });
        let simulator = Simulator::start(scenario(log));
        if !live {
            let messages = Matcher::resource(Resource::Messages);
            simulator.fault(Fault::new(FaultKind::NotFound404).on(messages).always());
        }
        let ran = Step::new().run(&simulator).await;
        ran.ends_with(0).says_not("verbose");
        assert_eq!(shown(&ran).len(), 51);
    }
}

/// A log with all that may be in one.
fn colourful() -> LogScript {
    LogScript::new()
        .line(s(1), "plain")
        .open(s(2), "Step 1/1: Maven")
        .line(s(3), "\u{1b}[32mgreen\u{1b}[0m and not")
        .warning(s(4), "careful")
        .error(s(5), "broken")
        .line(s(6), "##teamcity[buildStatus status='SUCCESS']")
        .line(s(7), "\u{1b}[2J\u{1b}]0;title\u{7}wiped")
        .line(s(8), "10 %\r100 %")
        .line(s(9), "one\ntwo\n\tthree")
        .line(s(10), "")
        .failure(s(11), "failed\nat Foo.java:1")
        .close(s(12))
        .line(s(13), "after")
}

#[tokio::test(start_paused = true)]
async fn a_log_looks_the_same_live_and_at_the_end() {
    let mut outputs = Vec::new();
    for live in [true, false] {
        let simulator = Simulator::start(scenario(colourful()));
        if !live {
            let messages = Matcher::resource(Resource::Messages);
            simulator.fault(Fault::new(FaultKind::NotFound404).on(messages).always());
        }
        let ran = Step::new().run(&simulator).await;
        ran.ends_with(0);
        outputs.push(shown(&ran).join("\n"));
    }
    insta::assert_snapshot!(outputs[0]);
    // A block's head has its duration by then.
    assert_eq!(outputs[1].replace(" (10s)", ""), outputs[0]);
}

#[test]
fn colours_are_kept_and_nothing_else_is_obeyed() {
    let plan = Plan::new()
        .queued_for(s(1))
        .runs_for(s(14))
        .log(colourful());
    let running = Step::new().spawn(Scenario::new().plan("App_Build", plan), "");
    let output = running.child.wait_with_output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    for wanted in [
        "\u{1b}[32mgreen\u{1b}[0m and not",
        "\u{1b}[33mcareful\u{1b}[0m",
        "\u{1b}[31mbroken\u{1b}[0m",
        "wiped",
    ] {
        assert!(output.contains(wanted), "{wanted:?} is not in\n{output}");
    }
    for unwanted in ["##teamcity[", "\u{1b}[2J", "\u{1b}]0", "\u{7}", "\r"] {
        assert!(!output.contains(unwanted), "{unwanted:?} is in\n{output}");
    }
}

#[tokio::test(start_paused = true)]
async fn at_its_limit_the_log_ends_with_a_link_and_a_failed_one_shows_its_end() {
    let log = LogScript::new().generated(50_000, s(0), s(100), "line of a long log");
    for (outcome, status) in [(Outcome::Success, 0), (Outcome::Failure, 1)] {
        let plan = plan(log.clone()).outcome(outcome);
        let simulator = Simulator::start(Scenario::new().plan("App_Build", plan));
        let ran = Step::new().set("LOG_LIMIT", "200KB").run(&simulator).await;
        ran.ends_with(status).says("LOG_LIMIT");
        let said = ran
            .lines
            .iter()
            .filter(|(_, line)| line.contains("LOG_LIMIT"));
        let said: Vec<_> = said.collect();
        assert_eq!(said.len(), 1);
        assert!(
            said[0].1.contains("https://teamcity.example.com/"),
            "{}",
            said[0].1
        );
        let size: usize = ran.lines.iter().map(|(_, line)| line.len() + 1).sum();
        assert!(size < 230_000, "{size}");
        if status == 0 {
            ran.says_not("Build finished");
        } else {
            ran.says("line of a long log 50000").says("Build finished");
        }
        // No more is read than shown.
        assert!(looks(&simulator, Resource::Messages) < 20);
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_wanted_on_failure_shows_its_end_and_its_first_error() {
    let log = LogScript::new()
        .generated(5_000, s(0), s(50), "before")
        .error(s(51), "the first error")
        .generated(5_000, s(52), s(100), "after");
    for kind in [
        None,
        Some(FaultKind::CutAnswer),
        Some(FaultKind::Html502BeforeActing),
    ] {
        let plan = plan(log.clone()).outcome(Outcome::Failure);
        let simulator = Simulator::start(Scenario::new().plan("App_Build", plan));
        if let Some(kind) = kind {
            let text = Matcher::resource(Resource::TextLog);
            simulator.fault(Fault::new(kind).on(text).times(1));
        }
        let ran = Step::new().set("LOG", "failed").run(&simulator).await;
        ran.ends_with(1);
        let shown = shown(&ran);
        assert_eq!(shown.len(), 10 + 1 + 20 + 200);
        assert_eq!(shown[10], "the first error");
        assert_eq!((shown[0], shown[30]), ("before 4991", "after 20"));
        assert_eq!(shown[31], "after 4802");
        assert_eq!(shown[230], "Build finished");
        assert_eq!(looks(&simulator, Resource::Messages), 0);
    }
    let simulator = Simulator::start(scenario(log));
    let ran = Step::new().set("LOG", "failed").run(&simulator).await;
    assert!(shown(ran.ends_with(0)).is_empty());
    assert_eq!(looks(&simulator, Resource::TextLog), 0);
}

#[tokio::test(start_paused = true)]
async fn no_log_is_no_log() {
    let log = LogScript::new().error(s(1), "the error");
    let plan = plan(log).outcome(Outcome::Failure);
    let simulator = Simulator::start(Scenario::new().plan("App_Build", plan));
    let ran = Step::new().set("LOG", "none").run(&simulator).await;
    ran.ends_with(1).says_not("the error");
    assert_eq!(
        looks(&simulator, Resource::Messages) + looks(&simulator, Resource::TextLog),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn a_canceled_build_shows_its_log_to_the_end() {
    let simulator = Simulator::start(scenario(LogScript::new().generated(
        9_000,
        s(0),
        s(110),
        "a",
    )));
    let canceling = simulator.clone();
    let run = Step::new().run(&simulator);
    let cancel = async {
        tokio::time::sleep(s(64)).await;
        canceling.cancel_build(canceling.builds()[0].id, "ci", "not now");
    };
    let (ran, ()) = tokio::join!(run, cancel);
    ran.ends_with(2).says("The build was canceled: not now");
    assert_eq!(shown(&ran).last(), Some(&"Build finished"));
}

#[tokio::test(start_paused = true)]
async fn a_last_line_that_is_none_loses_nothing() {
    let log = LogScript::new()
        .line(s(5), "Build finished")
        .generated(500, s(6), s(110), "a");
    let simulator = Simulator::start(scenario(log));
    let faulty = simulator.clone();
    let run = Step::new().run(&simulator);
    let fault = async {
        tokio::time::sleep(s(40)).await;
        let messages = Matcher::resource(Resource::Messages);
        faulty.fault(Fault::new(FaultKind::NotFound404).on(messages).always());
    };
    let (ran, ()) = tokio::join!(run, fault);
    let shown = shown(ran.ends_with(0));
    assert_eq!(shown.len(), 502);
    assert_eq!(shown[501], "Build finished");
}

#[tokio::test(start_paused = true)]
async fn a_joined_build_shows_its_log_from_the_beginning() {
    let simulator = Simulator::start(scenario(LogScript::new().generated(
        9_000,
        s(0),
        s(110),
        "a",
    )));
    Step::new()
        .set("WAIT", "false")
        .run(&simulator)
        .await
        .ends_with(0);
    tokio::time::sleep(s(90)).await;
    let ran = Step::new().run(&simulator).await;
    assert_complete(ran.ends_with(0), &[(9_000, "a")]);
}

#[tokio::test(start_paused = true)]
async fn the_end_is_noticed_within_3_seconds_while_the_log_is_shown_too() {
    for random in (0..1000).step_by(97) {
        for end in [575, 600, 608] {
            let plan = Plan::new()
                .queued_for(s(5))
                .runs_for(s(end))
                .estimate(s(600))
                // No line at the end that would tell of it soon.
                .log(LogScript::new().generated(60, s(0), s(300), "a"));
            let simulator = Simulator::start(Scenario::new().plan("App_Build", plan));
            let mut step = Step::new();
            step.random = random;
            step.run(&simulator).await.ends_with(0);
            let finished = simulator.builds()[0].finished_at.unwrap();
            let is_look = |request: &&Recorded| {
                request.resource == Some(Resource::Build) && request.at >= finished
            };
            let seen = simulator.requests().iter().find(is_look).unwrap().at;
            let late = seen - finished;
            assert!(late <= s(3), "{late:?} after an end at {end} s, {random}");
        }
    }
}
