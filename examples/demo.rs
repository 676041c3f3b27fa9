//! The main job, start to end: the real pipe against a simulated TeamCity, in a plausible step of Bitbucket Pipelines.
//!
//! `cargo run --example demo` shows a success, `-- failing` a failure, `-- restart` a server that restarts in between.

use std::cell::RefCell;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use teamcity_pipe::http::{Transport, connect};
use teamcity_pipe::terminal::Terminal;
use teamcity_pipe::world::World;
use teamcity_simulator::bitbucket::Bitbucket;
use teamcity_simulator::{
    EarlierBuild, FailedTest, LogScript, Outcome, Plan, Problem, Scenario, Simulator, Tests,
};

fn main() -> anyhow::Result<ExitCode> {
    let scene = std::env::args().nth(1).unwrap_or_default();
    let (simulator, address) =
        Simulator::spawn_thread(with_history(&scene).plan("App_Build", plan(&scene)))?;
    if scene == "restart" {
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(4));
            simulator.restart_for(Duration::from_secs(8));
        });
    }
    let bitbucket = Bitbucket::new().with_repository("acme/app", &[Scenario::COMMIT]);
    let proxy = bitbucket.spawn_thread()?;
    let directory = std::env::temp_dir().join(format!("teamcity-pipe-demo-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let url = format!("http://{address}");
    let environment = [
        ("TEAMCITY_URL", url.as_str()),
        ("TEAMCITY_TOKEN", Scenario::TOKEN),
        ("BUILD_TYPE_ID", "App_Build"),
        ("BITBUCKET_BUILD_NUMBER", "12"),
        (
            "BITBUCKET_PIPELINE_UUID",
            "{8a5a42ac-94a6-4a45-9bff-9d5f7c8c8d10}",
        ),
        (
            "BITBUCKET_STEP_UUID",
            "{e3c9bb5f-9a2b-45ab-93ae-04b0f5dfd6b5}",
        ),
        ("BITBUCKET_WORKSPACE", "acme"),
        ("BITBUCKET_REPO_SLUG", "app"),
        ("BITBUCKET_REPO_FULL_NAME", "acme/app"),
        ("BITBUCKET_BRANCH", "feature/x"),
        ("BITBUCKET_COMMIT", Scenario::COMMIT),
        ("BITBUCKET_PROXY_URL", &proxy.proxy_url()),
    ];
    let world = World {
        connect: Rc::new(|how| Ok(Rc::new(connect(how)?) as Rc<dyn Transport>)),
        output: Rc::new(RefCell::new(std::io::stdout())),
        stop: Box::pin(std::future::pending()),
        directory: directory.clone(),
        random: std::process::id().into(),
        person: Rc::new(Terminal),
        now: Rc::new(|| SystemTime::now().into()),
    };
    let environment =
        environment.map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let status = runtime.block_on(teamcity_pipe::run(
        [OsString::from("teamcity-pipe")],
        environment,
        world,
    ));
    show_what_is_left(&directory, &bitbucket, status.code())?;
    // The demo itself has gone well if the build ended as its scene says.
    let expected = if scene == "failing" { 1 } else { 0 };
    Ok(if status.code() == expected {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[expect(clippy::print_stdout, reason = "this is what it is for")]
fn show_what_is_left(directory: &Path, bitbucket: &Bitbucket, status: u8) -> anyhow::Result<()> {
    println!(
        "\nThe step ends with {status}. It leaves in {}:",
        directory.display()
    );
    let mut files: Vec<_> = std::fs::read_dir(directory)?
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    files.sort();
    for file in files {
        println!("  {}", file.to_string_lossy());
    }
    for (id, report) in bitbucket.reports("acme/app", Scenario::COMMIT) {
        println!(
            "and on the commit the report {}: {}",
            report["title"], report["result"]
        );
        for note in bitbucket.annotations("acme/app", Scenario::COMMIT, &id) {
            println!("  annotation: {}", note["summary"]);
        }
    }
    Ok(())
}

/// A default branch on which one of the tests, and the step, fail since yesterday.
fn with_history(scene: &str) -> Scenario {
    let scenario = Scenario::new().branch("App_Git", "feature/x");
    if scene != "failing" {
        return scenario;
    }
    let rounding = FailedTest::new(
        "checkout: com.acme.CartTest.rounding",
        "java.lang.AssertionError\n\tat com.acme.CartTest.rounding(CartTest.java:57)",
    );
    let taken = "checkout: com.acme.CartTest.discounts";
    let there = Tests::passed(38)
        .passing(["checkout: com.acme.CartTest.totals", taken])
        .failed([rounding]);
    let hour = Duration::from_secs(3600);
    [hour * 20, hour * 3]
        .into_iter()
        .fold(scenario, |scenario, ago| {
            let plan = Plan::new()
                .outcome(Outcome::Failure)
                .tests(there.clone())
                .problems([Problem::exit_code(1, "Test")]);
            scenario.earlier(EarlierBuild::new("App_Build", ago, plan))
        })
}

fn plan(scene: &str) -> Plan {
    let failing = scene == "failing";
    let seconds = Duration::from_secs;
    let log = LogScript::new()
        .line(seconds(0), "Collecting changes in 1 VCS root")
        .line(seconds(1), "Compiling 214 source files")
        .warning(seconds(2), "warning: unused variable: `retries`")
        .line(seconds(3), "Running 42 tests");
    let plan = Plan::new()
        .queued_for(seconds(2))
        .runs_for(seconds(if scene == "restart" { 12 } else { 6 }))
        .estimate(seconds(7))
        .stages(["Step 1/2: Compile", "Step 2/2: Test"]);
    if failing {
        plan.outcome(Outcome::Failure)
            .fails_at(seconds(4))
            .log(log.error(seconds(5), "Process exited with code 1 (Step: Test)"))
            .status_text("Tests failed: 4 (2 new), passed: 38, muted: 1; exit code 1 (Step: Test)")
            .tests(Tests::passed(38).failed([
                FailedTest::new(
                    "checkout: com.acme.CartTest.totals",
                    "expected:<12.00> but was:<11.99>\n\tat com.acme.CartTest.totals(CartTest.java:42)",
                )
                .newly(),
                FailedTest::new(
                    "checkout: com.acme.CartTest.rounding",
                    "java.lang.AssertionError\n\tat com.acme.CartTest.rounding(CartTest.java:57)",
                ),
                FailedTest::new("checkout: com.acme.CartTest.discounts", "no discount")
                    .investigated("jane", "TAKEN"),
                FailedTest::new("checkout: com.acme.CartTest.vouchers", "no voucher").newly(),
                FailedTest::new("checkout: com.acme.CartTest.slow", "took 3 s").muted(),
            ]))
            .problems([Problem::exit_code(1, "Test")])
    } else {
        plan.outcome(Outcome::Success)
            .log(log.line(seconds(5), "All tests passed"))
            .status_text("Tests passed: 42")
            .tests(Tests::passed(42))
    }
}
