//! The simulator as a program: a TeamCity server to point clients at.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use teamcity_simulator::bitbucket::{Bitbucket, Scope};
use teamcity_simulator::{
    Artifact, BuildType, Dependency, Discovery, FailedTest, LogScript, Outcome, Plan, Problem,
    Scenario, Shop, Simulator, Tests,
};

const USAGE: &str = "teamcity-simulator [--listen ADDRESS] [--port N] [--shop FILE | --scenario NAME] [--context-path P] [--version V] [--bitbucket ADDRESS:PORT]
Without a shop and a scenario it is the small shop that is built in.
scenarios: success, failing, chain, approval, hanging, long, undiscovered";

#[derive(Default)]
struct Options {
    listen: Option<String>,
    port: Option<u16>,
    shop: Option<String>,
    scenario: Option<String>,
    context_path: Option<String>,
    version: Option<String>,
    bitbucket: Option<SocketAddr>,
}

/// The options; `None` if somebody asked for help.
fn options(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Option<Options>> {
    let mut options = Options::default();
    while let Some(argument) = arguments.next() {
        if argument == "--help" || argument == "-h" {
            return Ok(None);
        }
        let value = arguments
            .next()
            .with_context(|| format!("{argument} needs a value\n{USAGE}"))?;
        match argument.as_str() {
            "--listen" => options.listen = Some(value),
            "--port" => options.port = Some(value.parse().context("--port needs a number")?),
            "--shop" => options.shop = Some(value),
            "--scenario" => options.scenario = Some(value),
            "--context-path" => options.context_path = Some(value),
            "--version" => options.version = Some(value),
            "--bitbucket" => {
                options.bitbucket =
                    Some(value.parse().context("--bitbucket needs an ADDRESS:PORT")?);
            }
            other => bail!("{other} is not known\n{USAGE}"),
        }
    }
    if options.shop.is_some() && options.scenario.is_some() {
        bail!("--shop and --scenario can't go together\n{USAGE}");
    }
    Ok(Some(options))
}

/// What a run may do in Bitbucket with the access token that the program prints.
const BITBUCKET_TOKEN: &str = "simulated-access-token";

/// Bitbucket with the repository of the built-in servers, as API and as a step's proxy.
fn bitbucket() -> Bitbucket {
    let scopes = [Scope::Repository, Scope::Pipeline, Scope::PullRequest];
    Bitbucket::new()
        .with_repository("acme/app", &[Scenario::COMMIT])
        .with_credential(&format!("Bearer {BITBUCKET_TOKEN}"), &scopes)
}

/// The server, and its tokens with the names of their users.
fn server(options: &Options) -> anyhow::Result<(Scenario, Vec<(String, String)>)> {
    if let Some(name) = &options.scenario {
        let token = ("ci".to_owned(), Scenario::TOKEN.to_owned());
        return Ok((named(name)?, vec![token]));
    }
    let shop = match &options.shop {
        None => Shop::parse(Shop::SMALL)?,
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("the shop {file} can't be read"))?;
            Shop::parse(&text).with_context(|| format!("{file} is no shop"))?
        }
    };
    let tokens = shop.tokens();
    let tokens = tokens
        .into_iter()
        .map(|(user, value)| (user.to_owned(), value.to_owned()));
    let tokens = tokens.collect();
    // People look at dates: a shop lives today.
    Ok((
        shop.scenario().date(std::time::SystemTime::now().into()),
        tokens,
    ))
}

fn main() -> anyhow::Result<()> {
    let Some(options) = options(std::env::args().skip(1))? else {
        writeln!(std::io::stdout(), "{USAGE}")?;
        return Ok(());
    };
    let (mut scenario, tokens) = server(&options)?;
    let path = options.context_path.clone().unwrap_or_default();
    if let Some(context) = options.context_path {
        scenario = scenario.context_path(context);
    }
    if let Some(version) = options.version {
        scenario = scenario.version(version);
    }
    let served = options
        .bitbucket
        .map(|address| bitbucket().spawn_thread_at(address));
    let served = served.transpose()?;
    let listen = options.listen.unwrap_or_else(|| "127.0.0.1".to_owned());
    let port = options.port.unwrap_or(8111);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::bind((listen.as_str(), port))
            .await
            .with_context(|| format!("port {port} can't be bound"))?;
        let base = format!("http://{}", listener.local_addr()?);
        let simulator = Simulator::start(scenario);
        simulator.set_web_url(&base);
        let mut out = std::io::stdout();
        writeln!(out, "url   {base}{path}")?;
        for (user, token) in tokens {
            writeln!(out, "token {token} {user}")?;
        }
        if let Some(served) = &served {
            writeln!(out, "bitbucket {} {BITBUCKET_TOKEN}", served.api_url())?;
        }
        tokio::select! {
            () = simulator.serve(listener) => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        Ok(())
    })
}

fn named(name: &str) -> anyhow::Result<Scenario> {
    let s = Duration::from_secs;
    let log = LogScript::new()
        .line(s(0), "Collecting changes in 1 VCS root")
        .open(s(1), "Step 1/2: Compile")
        .line(s(1), "compiling")
        .warning(s(3), "unused variable")
        .close(s(5))
        .open(s(5), "Step 2/2: Test")
        .line(s(6), "running 42 tests")
        .close(s(14));
    let plan = Plan::new()
        .queued_for(s(3))
        .runs_for(s(15))
        .stages(["Step 1/2: Compile", "Step 2/2: Test"])
        .log(log)
        .artifacts([
            Artifact::new("app.zip", "not really a zip"),
            Artifact::new("reports/index.html", "<p>fine</p>"),
            Artifact::new(".teamcity/settings/digest.txt", "0"),
        ])
        .tests(Tests::passed(42));
    let failing = plan.clone().outcome(Outcome::Failure).fails_at(s(8)).problems([Problem::exit_code(1, "Test")]).tests(
        Tests::passed(40).failed([
            FailedTest::new("com.example.LoginTest.refusesWrongPassword", "expected: 401\n but was: 200\n\tat com.example.LoginTest.refusesWrongPassword(LoginTest.java:31)").newly(),
            FailedTest::new("com.example.CartTest.addsUp", "expected: 3\n but was: 4"),
        ]),
    );
    let scenario = Scenario::new();
    Ok(match name {
        "success" => scenario.plan("App_Build", plan),
        "failing" => scenario.plan("App_Build", failing),
        "chain" => scenario
            .build_type(
                BuildType::new("App_Test")
                    .name("Test")
                    .roots(["App_Git"])
                    .depends_on(["App_Build"]),
            )
            .build_type(
                BuildType::new("App_All")
                    .name("All")
                    .roots(["App_Git"])
                    .composite()
                    .depends_on([Dependency::on("App_Test")]),
            )
            .plan("App_Build", plan)
            .plan("App_Test", failing),
        "approval" => scenario.plan(
            "App_Build",
            plan.outcome(Outcome::AwaitsApproval {
                then: Box::new(Outcome::Success),
            }),
        ),
        "hanging" => scenario.plan(
            "App_Build",
            plan.outcome(Outcome::Hangs).probably_hanging_from(s(30)),
        ),
        "long" => scenario.plan(
            "App_Build",
            Plan::new().runs_for(s(600)).log(LogScript::new().generated(
                200_000,
                s(0),
                s(590),
                "line",
            )),
        ),
        "undiscovered" => scenario.plan("App_Build", plan).undiscovered(
            "App_Git",
            "feature/new",
            "2222222222222222222222222222222222222222",
            Discovery::OnHook(s(5)),
        ),
        other => bail!("scenario {other} is not known\n{USAGE}"),
    })
}
