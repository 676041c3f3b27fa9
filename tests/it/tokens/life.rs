//! The whole life of tokens: two servers, three scopes, faults in between.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use teamcity_simulator::bitbucket::Fault as BitbucketFault;
use teamcity_simulator::{Fault, FaultKind, Matcher, Resource, Scenario, Token, User};

use crate::desk::Net;
use crate::pipe::Ran;

const A: &str = "https://tc.example.com";
const B: &str = "https://builds.example.org/teamcity";
/// By hand, of bot on the second server.
const BOT: &str = "eyJ0eXAiOiAiVENWMiJ9.Ym90.bWFkZS1ieS1oYW5k";
const PLACES: [(&str, &str, Option<&str>); 3] = [
    ("--workspace acme", "acme", None),
    ("--repository acme/app", "acme/app", None),
    (
        "--repository acme/app --environment production",
        "acme/app",
        Some("production"),
    ),
];

/// A life, and all that was ever said in it.
struct Life {
    net: Net,
    said: Vec<String>,
    secrets: Vec<String>,
}

impl Life {
    fn server(&self, base: &str) -> &teamcity_simulator::Simulator {
        let host = base
            .trim_start_matches("https://")
            .split('/')
            .next()
            .unwrap();
        self.net.server(host)
    }

    /// Each stored token is one that its server takes.
    fn look(&mut self) {
        for simulator in [self.server(A), self.server(B)].map(Clone::clone) {
            let values = simulator.tokens().into_iter().map(|token| token.value);
            self.secrets.extend(values);
        }
        for (_, place, environment) in PLACES {
            let Some(stored) = self.net.stored(place, environment, "TEAMCITY_TOKEN") else {
                continue;
            };
            let note = self.net.note(place, environment, "TEAMCITY_TOKEN");
            let server = self.server(note["server"].as_str().unwrap().trim_end_matches('/'));
            let known = server.tokens().iter().any(|token| token.value == stored);
            assert!(
                known,
                "{place} {environment:?}: the stored token works no longer"
            );
        }
    }

    fn keep(&mut self, ran: Ran) -> Ran {
        self.said.push(ran.output.clone());
        self.look();
        ran
    }

    async fn run(&mut self, words: &str, input: &str, environment: &[(&str, &str)]) -> Ran {
        let mut command = self.net.command(words).input(input);
        for (name, value) in environment {
            command = command.set(name, value);
        }
        let ran = command.run().await;
        self.keep(ran)
    }

    fn value(&self, place: usize) -> String {
        let (_, place, environment) = PLACES[place];
        self.net
            .stored(place, environment, "TEAMCITY_TOKEN")
            .unwrap()
    }
}

/// A token as it might show: plain, and in the encodings that a log could hold.
fn shapes(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let quoted = secret.replace('=', "%3D");
    let mut all = vec![secret.to_owned(), hex, percent, quoted];
    for prefix in ["", ":", "ci:", "bot:", "Bearer "] {
        let text = format!("{prefix}{secret}");
        all.push(STANDARD.encode(&text));
        all.push(URL_SAFE_NO_PAD.encode(&text));
    }
    all.push(secret.chars().rev().collect());
    all
}

#[tokio::test(start_paused = true)]
async fn a_whole_life_loses_and_shows_no_token() {
    let second = Scenario::new()
        .version("2023.05")
        .context_path("/teamcity")
        .user(User::new("bot").name("Bot"))
        .token(Token::new(BOT, "bot", "by hand"));
    let net = Net::new(Scenario::new()).with("builds.example.org", second);
    let mut life = Life {
        net,
        said: Vec::new(),
        secrets: vec![
            BOT.to_owned(),
            Scenario::TOKEN.to_owned(),
            crate::desk::ADMIN.to_owned(),
        ],
    };

    // Create: on both servers, in all scopes; the first try meets a Bitbucket that is down.
    life.net
        .bitbucket
        .break_down("variables", BitbucketFault::Refuse);
    let create = format!(
        "token create --server {A} {} --project App --expires-in 60days",
        PLACES[0].0
    );
    life.run(&create, Scenario::TOKEN, &[]).await.ends_with(5);
    life.net.bitbucket.repair();
    let lost = Fault::new(FaultKind::ResetAfterActing)
        .on(Matcher::resource(Resource::Tokens).and(Matcher::method("POST")))
        .times(1);
    life.server(A).fault(lost.clone());
    life.run(&create, Scenario::TOKEN, &[]).await.ends_with(0);
    for place in [1, 2] {
        let create = format!(
            "token create --server {B} {} --expires-in 20days",
            PLACES[place].0
        );
        life.run(&create, BOT, &[]).await.ends_with(0);
    }
    // Add: a wrong one changes nothing, a right one replaces.
    let add = format!("token add --server {B} {} --yes", PLACES[1].0);
    life.run(&add, "eyJwrong", &[]).await.ends_with(4);
    life.run(&add, Scenario::TOKEN, &[]).await.ends_with(0);
    let create = format!(
        "token create --server {B} {} --expires-in 20days --yes",
        PLACES[1].0
    );
    life.run(&create, BOT, &[]).await.ends_with(0);

    // List: all in one table, one authenticated.
    tokio::time::advance(Duration::from_secs(10 * 24 * 60 * 60)).await;
    let list = format!("token list {} {} {}", PLACES[0].0, PLACES[1].0, PLACES[2].0);
    let first = life.value(0);
    let ran = life.run(&list, "", &[("TEAMCITY_TOKEN", &first)]).await;
    ran.ends_with(0).says("in 49 days").says("⚠");
    insta::assert_snapshot!(ran.output);

    // Check, with each.
    for (place, server) in [(0, A), (1, B), (2, B)] {
        let value = life.value(place);
        let environment = [
            ("TEAMCITY_URL", server),
            ("TEAMCITY_TOKEN", value.as_str()),
            ("BUILD_TYPE_ID", "App_Build"),
        ];
        life.run("check", "", &environment).await.ends_with(0);
        life.run("check --json", "", &environment)
            .await
            .ends_with(0);
    }

    // Rotate: through outages and lost answers of both servers.
    for (place, server) in [(0, A), (1, B), (2, B)] {
        let before = life.value(place);
        // The first server's token is limited, and the second's are not.
        let login = if place == 0 { "--user ci" } else { "" };
        let rotate = format!("token rotate {} --yes {login}", PLACES[place].0);
        life.net
            .bitbucket
            .break_down("variables", BitbucketFault::Status(500));
        let environment = [
            ("TEAMCITY_URL", server),
            ("TEAMCITY_TOKEN", before.as_str()),
        ];
        life.run(&rotate, Scenario::TOKEN, &environment)
            .await
            .ends_with(5);
        life.net.bitbucket.repair();
        for fault in [
            lost.clone(),
            Fault::new(FaultKind::Html502AfterActing)
                .on(Matcher::resource(Resource::Tokens).and(Matcher::method("DELETE")))
                .times(1),
            Fault::new(FaultKind::Maintenance503).nth(2).times(1),
        ] {
            life.server(server).fault(fault);
        }
        life.run(&rotate, Scenario::TOKEN, &environment)
            .await
            .ends_with(0);
        assert_ne!(life.value(place), before);
        assert!(
            !life
                .server(server)
                .tokens()
                .iter()
                .any(|token| token.value == before)
        );
    }

    // Remove: the first stays valid, the others are revoked.
    let kept = life.value(0);
    life.run(&format!("token remove {} --yes", PLACES[0].0), "", &[])
        .await
        .ends_with(0)
        .says("is still valid in TeamCity");
    assert!(
        life.server(A)
            .tokens()
            .iter()
            .any(|token| token.value == kept)
    );
    for place in [1, 2] {
        let value = life.value(place);
        let remove = format!("token remove {} --revoke --yes", PLACES[place].0);
        life.run(&remove, "", &[("TEAMCITY_TOKEN", &value)])
            .await
            .ends_with(0);
        assert!(
            !life
                .server(B)
                .tokens()
                .iter()
                .any(|token| token.value == value),
            "{}",
            life.said.join("\n---\n")
        );
    }
    let ran = life.run(&list, "", &[]).await;
    ran.ends_with(0).says("No TeamCity token is stored there");

    for server in [A, B] {
        assert_eq!(life.server(server).violations(), Vec::<String>::new());
    }
    let said = life.said.join("\n");
    for secret in &life.secrets {
        for shape in shapes(secret) {
            assert!(!said.contains(&shape), "{shape} is shown");
        }
    }
}
