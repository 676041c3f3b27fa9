//! The main job, start to end: the real pipe against a simulated TeamCity, in a plausible step of Bitbucket Pipelines.
//!
//! `cargo run --example demo` shows a success, `-- failing` a failure, `-- restart` a server that restarts in between.

mod scene;

use std::cell::RefCell;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use teamcity_pipe::http::{Transport, connect};
use teamcity_pipe::terminal::{StandardOutput, Terminal};
use teamcity_pipe::world::World;
use teamcity_simulator::bitbucket::Bitbucket;
use teamcity_simulator::{Scenario, Simulator};

fn main() -> anyhow::Result<ExitCode> {
    let scene = std::env::args().nth(1).unwrap_or_default();
    let (simulator, address) = Simulator::spawn_thread(scene::of(&scene, 1))?;
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
    let output = StandardOutput::of_process();
    let world = World {
        connect: Rc::new(|how| Ok(Rc::new(connect(how)?) as Rc<dyn Transport>)),
        output: Rc::new(RefCell::new(output.clone())),
        stop: Box::pin(std::future::pending()),
        directory: directory.clone(),
        random: std::process::id().into(),
        person: Rc::new(Terminal(output.clone())),
        now: Rc::new(|| SystemTime::now().into()),
    };
    let environment =
        environment.map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let status = runtime.block_on(async {
        let arguments = [OsString::from("teamcity-pipe")];
        let status = teamcity_pipe::run(arguments, environment, world).await;
        output.finish(status, std::future::pending()).await
    });
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
