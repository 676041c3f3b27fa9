//! No secret is in anything that a run shows, writes or sends elsewhere, in no encoding.

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use teamcity_simulator::bitbucket::{Bitbucket, Scope};
use teamcity_simulator::{
    Artifact, FailedTest, Fault, FaultKind, Matcher, Outcome, Plan, Problem, Resource, Scenario,
    Simulator, Tests,
};

use crate::pipe::Step;

const BITBUCKET: &str = "bbat-Zq81kVx0Lw3TnE7yRu2P";
const HEADER: &str = "cf-access-9hJ2kQm4Xw8Zt6";
const PARAMETER: &str = "parameter-pA55w0rd/+&=%3";

/// Each run of twelve characters of a secret, and of its encodings.
fn forms(secret: &str) -> Vec<String> {
    let mut whole = vec![
        secret.to_owned(),
        secret.chars().rev().collect(),
        secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
        secret.bytes().map(|byte| format!("{byte:02X}")).collect(),
        secret.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        serde_json::to_string(secret)
            .unwrap()
            .trim_matches('"')
            .to_owned(),
    ];
    for before in ["", "x", "xx"] {
        // The first and last four depend on what is around.
        for encoded in [
            STANDARD.encode(format!("{before}{secret}")),
            URL_SAFE_NO_PAD.encode(format!("{before}{secret}")),
        ] {
            whole.push(encoded[4..encoded.len() - 4].to_owned());
        }
    }
    let parts = |text: &String| -> Vec<String> {
        let characters: Vec<char> = text.chars().collect();
        characters
            .windows(12)
            .map(|part| part.iter().collect())
            .collect()
    };
    whole.iter().flat_map(parts).collect()
}

#[track_caller]
fn holds_none(where_: &str, text: &str, secrets: &[&str]) {
    for secret in secrets {
        for form in forms(secret) {
            assert!(
                !text.contains(&form),
                "{where_} holds {form:?} of {secret:?}"
            );
        }
    }
}

fn each_file(folder: &Path, look: &mut dyn FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            each_file(&path, look);
        } else {
            look(&path, &String::from_utf8_lossy(&fs::read(&path).unwrap()));
        }
    }
}

fn failing() -> Scenario {
    let tests = Tests::passed(4).failed([FailedTest::new("a.B.c", "trace")]);
    let plan = Plan::new()
        .queued_for(Duration::from_millis(300))
        .runs_for(Duration::from_secs(1));
    let plan = plan
        .outcome(Outcome::Failure)
        .tests(tests)
        .problems([Problem::exit_code(1, "Test")]);
    Scenario::new().plan(
        "App_Build",
        plan.artifacts([Artifact::new("a.txt", "text")]),
    )
}

const SECRETS: [&str; 4] = [Scenario::TOKEN, BITBUCKET, HEADER, PARAMETER];

fn step() -> Step {
    Step::new()
        .set("DEBUG", "true")
        .set("BITBUCKET_ACCESS_TOKEN", BITBUCKET)
        .set("TEAMCITY_HEADER_CF_ACCESS", HEADER)
        .set("PARAMETERS", &format!("env.PASSWORD={PARAMETER}"))
        .set("ARTIFACTS", "**")
}

#[test]
fn a_whole_failing_run_with_debug_shows_and_leaves_none() {
    let bitbucket = Bitbucket::new()
        .with_repository("acme/app", &[Scenario::COMMIT])
        .with_credential(&format!("Bearer {BITBUCKET}"), &[Scope::Repository]);
    let served = bitbucket.spawn_thread().unwrap();
    let storage = tempfile::tempdir().unwrap();
    let step = step()
        .set("CODE_INSIGHTS", "true")
        .set("BITBUCKET_PROXY_URL", &served.proxy_url())
        .set("BITBUCKET_API_URL", &served.api_url())
        .set(
            "BITBUCKET_PIPE_STORAGE_DIR",
            storage.path().to_str().unwrap(),
        );
    let (ran, teamcity) = step.spawn(failing(), "").wait();
    ran.ends_with(1);
    holds_none("the output", &ran.output, &SECRETS);
    for folder in [ran.directory.path(), storage.path()] {
        each_file(folder, &mut |path, text| {
            holds_none(&path.display().to_string(), text, &SECRETS)
        });
    }
    assert!(!bitbucket.requests().is_empty());
    for request in bitbucket.requests() {
        let text = format!("{} {} {}", request.path, request.query, request.body);
        holds_none("a request to Bitbucket", &text, &SECRETS);
        let authorization = request.authorization.unwrap_or_default();
        holds_none(
            "its credential",
            &authorization,
            &[Scenario::TOKEN, HEADER, PARAMETER],
        );
    }
    for request in teamcity.requests() {
        let text = format!("{} {:?}", request.path, request.query);
        holds_none("an address", &text, &SECRETS);
        holds_none(
            "a header",
            &format!("{:?}", request.headers),
            &[BITBUCKET, PARAMETER],
        );
        assert_eq!(
            request.headers["authorization"],
            format!("Bearer {}", Scenario::TOKEN).as_str()
        );
        // Of what is sent, only the parameter's own value.
        holds_none(
            "a body",
            &String::from_utf8_lossy(&request.body),
            &[Scenario::TOKEN, BITBUCKET, HEADER],
        );
        assert!(
            request.resource == Some(Resource::QueueBuild)
                || !String::from_utf8_lossy(&request.body).contains(PARAMETER)
        );
    }
}

mod campaign {
    use super::*;
    use crate::campaign::sample;

    #[tokio::test(start_paused = true)]
    async fn no_fault_makes_one_show() {
        let cases = FaultKind::all().into_iter().flat_map(|kind| {
            [
                Resource::Server,
                Resource::QueueBuild,
                Resource::Build,
                Resource::CancelBuild,
            ]
            .map(move |resource| (kind.clone(), resource))
        });
        for (kind, resource) in sample(cases, 11) {
            let simulator = Simulator::start(failing());
            simulator.fault(
                Fault::new(kind.clone())
                    .on(Matcher::resource(resource))
                    .always(),
            );
            let step = step().set("RETRY_FOR", "5s").set("TIMEOUT", "2m");
            let ran = step
                .stopped_after(Duration::from_secs(90))
                .run(&simulator)
                .await;
            holds_none(&format!("{kind:?} of {resource:?}"), &ran.output, &SECRETS);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_server_echoes_is_not_repeated() {
    // A proxy that shows what it was sent, as debugging ones do.
    let echo = format!("Bad Authorization: Bearer {} / {HEADER}", Scenario::TOKEN);
    for part in ["/buildQueue", "/server", "/builds/"] {
        let echo = echo.clone();
        let spoil = move |_: &str, path: &str, body: Vec<u8>| {
            if !path.contains(part) {
                return body;
            }
            let Ok(mut json) = serde_json::from_slice::<serde_json::Value>(&body) else {
                return echo.clone().into_bytes();
            };
            for name in ["statusText", "waitReason", "version", "state"] {
                if json.get(name).is_some() {
                    json[name] = echo.clone().into();
                }
            }
            serde_json::to_vec(&json).unwrap()
        };
        let step = step()
            .set("RETRY_FOR", "5s")
            .set("TIMEOUT", "2m")
            .spoiled(spoil);
        let ran = step.run(&Simulator::start(failing())).await;
        holds_none(part, &ran.output, &[Scenario::TOKEN, HEADER]);
        each_file(ran.directory.path(), &mut |path, text| {
            holds_none(
                &path.display().to_string(),
                text,
                &[Scenario::TOKEN, HEADER],
            );
        });
    }
}

/// A text with each character as JSON may escape it.
fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| format!("\\u{:04x}", u32::from(c)))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn what_a_server_echoes_in_escapes_and_other_forms_is_not_repeated() {
    let proxy = "http://jane:pr0xy-w0rd@proxy.example.com:3128";
    let pair = STANDARD.encode("bot@example.com:ATATT-Zq81kVx0Lw3TnE");
    let echo = format!(
        "{} {HEADER} {pair} pr0xy-w0rd ATATT-Zq81kVx0Lw3TnE {}",
        escaped(Scenario::TOKEN),
        escaped(HEADER)
    );
    let secrets = [Scenario::TOKEN, HEADER, &pair, "ATATT-Zq81kVx0Lw3TnE"];
    for form in ["plain", "long"] {
        // Long enough to be cut where the secret stands.
        let before = "x".repeat(if form == "long" { 280 } else { 1 });
        let echo = format!("{before}{echo}");
        let spoil = move |_: &str, _: &str, body: Vec<u8>| {
            let text = String::from_utf8_lossy(&body).into_owned();
            if !text.starts_with('{') {
                return text.into_bytes();
            }
            let mut text = text;
            for member in [
                "statusText",
                "details",
                "waitReason",
                "projectName",
                "text",
                "comment",
            ] {
                let member = format!("\"{member}\":\"");
                text = text.replace(&member, &format!("{member}{echo} "));
            }
            text.into_bytes()
        };
        let step = step()
            .set("HTTPS_PROXY", proxy)
            .set("ATLASSIAN_ACCOUNT_EMAIL", "bot@example.com")
            .set("ATLASSIAN_API_TOKEN", "ATATT-Zq81kVx0Lw3TnE")
            .unset("BITBUCKET_ACCESS_TOKEN")
            .set("TIMEOUT", "2m")
            .spoiled(spoil);
        let ran = step.run(&Simulator::start(failing())).await;
        ran.ends_with(1);
        holds_none(form, &ran.output, &secrets);
        ran.says_not("pr0xy-w0rd");
        each_file(ran.directory.path(), &mut |path, text| {
            holds_none(&format!("{form}: {}", path.display()), text, &secrets);
            assert!(!text.contains("pr0xy-w0rd"), "{form}: {}", path.display());
        });
    }
}
