//! The life of a token through the binary, over real connections, by a token on standard input.

use std::io::Write as _;
use std::process::{Command, Stdio};

use teamcity_simulator::bitbucket::{Bitbucket, Fault as BitbucketFault, Scope, Served};
use teamcity_simulator::{Fault, FaultKind, Matcher, Resource, Scenario, Simulator};
use tempfile::TempDir;

use crate::desk::ADMIN;

struct Machine {
    servers: Vec<(Simulator, String)>,
    bitbucket: Bitbucket,
    served: Served,
    directory: TempDir,
    said: String,
}

const PLACES: [(&str, &str, Option<&str>); 3] = [
    ("--workspace acme", "acme", None),
    ("--repository acme/app", "acme/app", None),
    (
        "--repository acme/app --environment production",
        "acme/app",
        Some("production"),
    ),
];

impl Machine {
    fn new() -> Self {
        let servers = ["2021.1", "2025.11"]
            .map(|version| {
                let scenario = Scenario::new().version(version).context_path("/tc");
                let (simulator, address) = Simulator::spawn_thread(scenario).unwrap();
                (simulator, format!("http://{address}/tc/"))
            })
            .into();
        let all = [Scope::Repository, Scope::Pipeline, Scope::PipelineVariable];
        let bitbucket = Bitbucket::new()
            .with_repository("acme/app", &[Scenario::COMMIT])
            .with_credential(&format!("Bearer {ADMIN}"), &all);
        bitbucket.add_environment("acme/app", "production");
        Self {
            servers,
            served: bitbucket.spawn_thread().unwrap(),
            bitbucket,
            directory: TempDir::new().unwrap(),
            said: String::new(),
        }
    }

    /// Runs the binary: its status, and what it said.
    #[track_caller]
    fn run(&mut self, words: &str, input: &str, environment: &[(&str, &str)]) -> (i32, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_teamcity-pipe"))
            .args(words.split_whitespace())
            .env_clear()
            .env("BITBUCKET_API_URL", self.served.api_url())
            .env("BITBUCKET_ACCESS_TOKEN", ADMIN)
            .env("RETRY_FOR", "30s")
            .envs(environment.iter().copied())
            .current_dir(self.directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It need not be read.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text =
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        self.said.push_str(&text);
        (output.status.code().unwrap(), text)
    }

    #[track_caller]
    fn succeeds(&mut self, words: &str, input: &str, environment: &[(&str, &str)]) -> String {
        let (status, text) = self.run(words, input, environment);
        assert_eq!(status, 0, "{words}\n{text}");
        self.all_work();
        text
    }

    fn value(&self, place: usize) -> Option<String> {
        let (_, place, environment) = PLACES[place];
        let variable = self
            .bitbucket
            .variable(place, environment, "TEAMCITY_TOKEN")?;
        Some(variable["value"].as_str().unwrap().to_owned())
    }

    #[track_caller]
    fn all_work(&self) {
        for (place, (options, ..)) in PLACES.into_iter().enumerate() {
            let Some(value) = self.value(place) else {
                continue;
            };
            let works = self
                .servers
                .iter()
                .any(|(server, _)| server.tokens().iter().any(|token| token.value == value));
            assert!(works, "{options}");
        }
    }
}

#[test]
fn a_token_is_created_listed_checked_rotated_and_revoked_on_two_servers_and_in_three_scopes() {
    let mut machine = Machine::new();
    let mut secrets = vec![Scenario::TOKEN.to_owned()];
    let lost = Fault::new(FaultKind::ResetAfterActing)
        .on(Matcher::resource(Resource::Tokens).and(Matcher::method("POST")))
        .times(1);
    let on = |place: usize| usize::from(place > 0);
    for (place, (options, ..)) in PLACES.into_iter().enumerate() {
        let (server, url) = machine.servers[on(place)].clone();
        let create = format!(
            "token create --server {url} {options} --project App --expires-in 30days --yes"
        );
        if place == 1 {
            server.fault(lost.clone());
        }
        machine.succeeds(&create, &format!("{}\n", Scenario::TOKEN), &[]);
        secrets.extend(machine.value(place));
    }
    let list = PLACES.map(|(options, ..)| options).join(" ");
    let text = machine.succeeds(&format!("token list {list}"), "", &[]);
    // The heads, a row each, and a line below an empty one.
    assert_eq!(text.lines().count(), 6, "{text}");
    for (place, (options, ..)) in PLACES.into_iter().enumerate() {
        let (server, url) = machine.servers[on(place)].clone();
        let value = machine.value(place).unwrap();
        let own = [
            ("TEAMCITY_URL", url.as_str()),
            ("TEAMCITY_TOKEN", value.as_str()),
            ("BUILD_TYPE_ID", "App_Build"),
            ("DEBUG", "true"),
        ];
        machine.succeeds("check", "", &own);

        machine
            .bitbucket
            .break_down("variables", BitbucketFault::Status(403));
        let rotate = format!("token rotate {options} --user ci --yes");
        let (status, text) = machine.run(&rotate, Scenario::TOKEN, &own);
        assert_eq!(status, 4, "{text}");
        machine.bitbucket.repair();
        machine.all_work();
        server.fault(lost.clone());
        machine.succeeds(&rotate, Scenario::TOKEN, &own);
        let new = machine.value(place).unwrap();
        assert!(!server.tokens().iter().any(|token| token.value == value));
        secrets.push(new);
    }
    let add = format!(
        "token add --server {} --workspace acme",
        machine.servers[0].1
    );
    let (status, text) = machine.run(&add, Scenario::TOKEN, &[]);
    assert_eq!(status, 3, "{text}");
    machine.succeeds(&format!("{add} --yes"), Scenario::TOKEN, &[]);
    let (status, _) = machine.run("token add --workspace acme eyJs3cret", "", &[]);
    assert_eq!(status, 3);
    for (options, ..) in PLACES {
        let remove = format!("token remove {options} --revoke --yes");
        // The first was added by hand and is one of several, so that TeamCity's page is the place to delete it.
        let (status, text) = machine.run(&remove, Scenario::TOKEN, &[]);
        let is_known = options != PLACES[0].0;
        assert_eq!(status, if is_known { 0 } else { 4 }, "{text}");
        if !is_known {
            machine.succeeds(&format!("token remove {options} --yes"), "", &[]);
        }
    }
    assert!((0..3).all(|place| machine.value(place).is_none()));
    for secret in &secrets {
        assert!(!machine.said.contains(secret.as_str()), "{}", machine.said);
    }
    assert!(!machine.said.contains(ADMIN) && !machine.said.contains("s3cret"));
}
