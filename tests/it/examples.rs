//! The example pipelines run: each step is a shell script as Pipelines makes it, each pipe in it the binary, against a
//! simulated TeamCity and Bitbucket.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use teamcity_simulator::bitbucket::{Bitbucket, Pipeline, Scope};
use teamcity_simulator::{Artifact, BuildType, Outcome, Plan, Scenario, Simulator};
use tempfile::TempDir;

use crate::documents::{IMAGE, VERSION, yaml};
use crate::network::{Certificate, Https};
use crate::pipe::plain;

/// What Pipelines hands to every pipe, as `NAME=value` lines.
const PIPELINES: &str = include_str!("../image/pipelines.env");

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/pipelines")
}

/// A server with the build configurations that the examples name.
fn shop() -> Scenario {
    let seconds = Duration::from_secs;
    let quick = Plan::new().queued_for(seconds(0)).runs_for(seconds(1));
    let mut scenario = Scenario::new();
    for id in [
        "Shop_Build",
        "Shop_Package",
        "Shop_Linux",
        "Shop_Windows",
        "Shop_LongTests",
        "Shop_LoadTests",
    ] {
        scenario = scenario.build_type(BuildType::new(id).roots(["App_Git"]));
        let plan = match id {
            "Shop_Package" => quick.clone().artifacts([
                Artifact::new("dist/linux/shop.zip", "zip"),
                Artifact::new("dist/shop.zip", "zip"),
                Artifact::new("dist/notes.md", "not asked for"),
                Artifact::new("version.txt", "1.4.12\n"),
            ]),
            "Shop_LongTests" => quick.clone().runs_for(seconds(3)),
            "Shop_LoadTests" => quick.clone().runs_for(seconds(3600)),
            _ => quick.clone(),
        };
        scenario = scenario.plan(id, plan);
    }
    scenario
}

/// A pipeline, run to its end.
struct Ran {
    /// Name of each step with its exit status and its log.
    steps: Vec<(String, i32, String)>,
    simulator: Simulator,
    bitbucket: Bitbucket,
}

impl Ran {
    #[track_caller]
    fn all_pass(&self) -> &Self {
        for (name, status, log) in &self.steps {
            assert_eq!(*status, 0, "{name}:\n{log}");
            assert!(!log.contains("warning"), "{name}:\n{log}");
        }
        self
    }

    fn log(&self, step: usize) -> &str {
        &self.steps[step].2
    }
}

/// Runs an example in a repository with these variables beside TeamCity's address and token.
fn run(name: &str, scenario: Scenario, variables: &[(&str, &str)], files: &[(&str, &str)]) -> Ran {
    let (simulator, address) = Simulator::spawn_thread(scenario).unwrap();
    let bitbucket = Bitbucket::new()
        .with_repository("acme/app", &[Scenario::COMMIT])
        .with_credential(
            "Bearer bitbucket-access-token",
            &[Scope::Repository, Scope::Pipeline],
        );
    bitbucket.add_pipeline(
        "acme/app",
        Pipeline::new(12, "{8a5a42ac-94a6-4a45-9bff-9d5f7c8c8d10}"),
    );
    let served = bitbucket.spawn_thread().unwrap();
    let url = format!("http://{address}");
    let mut environment: BTreeMap<&str, &str> = PIPELINES
        .lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(name, _)| !name.starts_with('#'))
        .collect();
    let mut names: Vec<&str> = environment.keys().copied().collect();
    // The storage directories are in the clone, and a new step has a new clone.
    names.retain(|name| !name.contains("STORAGE_DIR"));
    environment.insert("TEAMCITY_URL", &url);
    environment.insert("TEAMCITY_TOKEN", Scenario::TOKEN);
    environment.insert("BITBUCKET_ACCESS_TOKEN", "bitbucket-access-token");
    environment.insert("PATH", "/usr/local/bin:/usr/bin:/bin");
    environment.extend(variables.iter().copied());

    let text = fs::read_to_string(folder().join(name)).unwrap();
    let parsed = yaml(&text);
    let mut artifacts: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
    let mut ran = Vec::new();
    let (proxy, api) = (served.proxy_url(), served.api_url());
    let beside = [
        ("BITBUCKET_PROXY_URL", proxy.as_str()),
        ("BITBUCKET_API_URL", api.as_str()),
    ];
    let mut outputs: BTreeMap<String, String> = BTreeMap::new();
    let mut waiting: VecDeque<(Option<usize>, &Value)> = steps(&parsed).into();
    let mut index = 0;
    while let Some((parallel, step)) = waiting.pop_front() {
        index += 1;
        let name = step["name"].as_str().unwrap().to_owned();
        if step["type"] == "pipeline" {
            let inputs = step["input-variables"].as_object().unwrap();
            let value = |text: &str| match text.strip_prefix('$') {
                Some(variable) => outputs[variable].clone(),
                None => text.to_owned(),
            };
            // The child knows what it is handed, and is a pipeline of its own.
            outputs = inputs
                .iter()
                .map(|(name, text)| (name.clone(), value(text.as_str().unwrap())))
                .collect();
            environment.insert("BITBUCKET_PIPELINE_UUID", CHILD);
            environment.insert("BITBUCKET_BUILD_NUMBER", "4711");
            artifacts.clear();
            let child = &parsed["pipelines"]["custom"][step["custom"].as_str().unwrap()];
            for step in steps_in(child).into_iter().rev() {
                waiting.push_front(step);
            }
            continue;
        }
        if let Some(state) = step["condition"]["state"].as_str()
            && !holds(state, &outputs)
        {
            ran.push((name, 0, "skipped".to_owned()));
            continue;
        }
        let clone = clone(files, &artifacts);
        let collected = tempfile::NamedTempFile::new().unwrap();
        let uuid = format!("{{e3c9bb5f-9a2b-45ab-93ae-{index:012}}}");
        let parallel = parallel.map_or_else(String::new, |number| number.to_string());
        let shell = |items: &Value, exit_code: &str| {
            let script = script(items, &names, &beside);
            let output = Command::new("sh")
                .args(["-e", "-c", &script])
                .env_clear()
                .envs(&environment)
                .envs(&outputs)
                .env("BITBUCKET_STEP_UUID", &uuid)
                .env("BITBUCKET_PARALLEL_STEP", &parallel)
                .env("BITBUCKET_EXIT_CODE", exit_code)
                .env("BITBUCKET_PIPELINES_VARIABLES_PATH", collected.path())
                .current_dir(clone.path())
                .output()
                .unwrap();
            let log = String::from_utf8(output.stdout).unwrap()
                + &String::from_utf8(output.stderr).unwrap();
            (output.status.code().unwrap(), plain(&log))
        };
        let (status, mut log) = shell(&step["script"], "");
        if step["after-script"].is_array() {
            let (after, text) = shell(&step["after-script"], &status.to_string());
            assert_eq!(after, 0, "{text}");
            log += &text;
        }
        ran.push((name, status, log));
        for (name, value) in fs::read_to_string(collected.path())
            .unwrap()
            .lines()
            .map(|line| line.split_once('=').unwrap())
        {
            let listed = step["output-variables"].as_array().unwrap();
            assert!(listed.iter().any(|known| known == name), "{name}");
            outputs.insert(name.to_owned(), value.to_owned());
        }
        for upload in step["artifacts"]["upload"].as_array().into_iter().flatten() {
            if status == 0 || upload["capture-on"] == "always" {
                keep(&upload["paths"], clone.path(), &mut artifacts);
            }
        }
        if status == 0 {
            keep(&step["artifacts"], clone.path(), &mut artifacts);
        } else if step["on-fail"]["strategy"] != "ignore" {
            break;
        }
    }
    Ran {
        steps: ran,
        simulator,
        bitbucket,
    }
}

/// Another pipeline's identity.
const CHILD: &str = "{0b9f1a52-5d55-4f0e-9c37-0d2f1c1d2e3f}";

/// Whether a condition on variables holds: one comparison, as the examples write it.
fn holds(state: &str, variables: &BTreeMap<String, String>) -> bool {
    let (name, value) = state.split_once(" == ").unwrap();
    variables.get(name).is_some_and(|known| known == value)
}

/// The steps of the pipeline in a file, in order; child pipelines have theirs when they are called.
fn steps(parsed: &Value) -> Vec<(Option<usize>, &Value)> {
    let kinds = parsed["pipelines"].as_object().unwrap();
    let starts = |kind: &&String| kinds.len() == 1 || *kind != "custom";
    let first = kinds.keys().find(starts).unwrap();
    steps_in(&kinds[first])
}

/// The steps of a pipeline, with their numbers where they run side by side.
fn steps_in(pipeline: &Value) -> Vec<(Option<usize>, &Value)> {
    fn collect<'a>(value: &'a Value, steps: &mut Vec<(Option<usize>, &'a Value)>) {
        match value {
            Value::Object(map) => {
                if let Some(step) = map.get("step") {
                    steps.push((None, step));
                } else if let Some(parallel) = map.get("parallel") {
                    let first = steps.len();
                    collect(parallel, steps);
                    for (number, (place, _)) in steps.iter_mut().skip(first).enumerate() {
                        *place = Some(number);
                    }
                } else {
                    map.values().for_each(|inner| collect(inner, steps));
                }
            }
            Value::Array(items) => items.iter().for_each(|inner| collect(inner, steps)),
            _ => {}
        }
    }
    let mut steps = Vec::new();
    collect(pipeline, &mut steps);
    assert!(!steps.is_empty());
    steps
}

/// The step's shell script: commands as they are, and each pipe as one command with an environment of its own, in which
/// every value stands between double quotes.
fn script(items: &Value, names: &[&str], beside: &[(&str, &str)]) -> String {
    fn variable(command: &mut String, name: &str, value: &str) {
        let value = value.replace('"', "\\\"");
        write!(command, " {name}=\"{value}\"").unwrap();
    }
    let mut script = String::new();
    for item in items.as_array().unwrap() {
        if let Some(command) = item.as_str() {
            writeln!(script, "{command}").unwrap();
            continue;
        }
        assert_eq!(item["pipe"], format!("docker://{IMAGE}:{VERSION}").as_str());
        let mut command = "env -i".to_owned();
        for name in names {
            variable(&mut command, name, &format!("${name}"));
        }
        for (name, value) in item["variables"].as_object().unwrap() {
            match value {
                Value::String(text) => variable(&mut command, name, text),
                Value::Array(items) => {
                    variable(
                        &mut command,
                        &format!("{name}_COUNT"),
                        &items.len().to_string(),
                    );
                    for (index, item) in items.iter().enumerate() {
                        variable(
                            &mut command,
                            &format!("{name}_{index}"),
                            item.as_str().unwrap(),
                        );
                    }
                }
                other => panic!("{name}: {other} is neither text nor a list"),
            }
        }
        for (name, value) in beside {
            variable(&mut command, name, value);
        }
        writeln!(script, "{command} {}", env!("CARGO_BIN_EXE_teamcity-pipe")).unwrap();
    }
    script
}

/// A clone that knows the commit, with the repository's files and what earlier steps kept.
fn clone(files: &[(&str, &str)], artifacts: &BTreeMap<PathBuf, Vec<u8>>) -> TempDir {
    let clone = tempfile::tempdir().unwrap();
    let (first, rest) = Scenario::COMMIT.split_at(2);
    let object = PathBuf::from(".git/objects").join(first).join(rest);
    let files = files
        .iter()
        .map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec()));
    let all = files.chain(artifacts.clone()).chain([(object, Vec::new())]);
    for (path, bytes) in all {
        let path = clone.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    clone
}

/// Keeps what the step's `artifacts` name.
fn keep(patterns: &Value, clone: &Path, artifacts: &mut BTreeMap<PathBuf, Vec<u8>>) {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else {
                found.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(clone, &mut files);
    for pattern in patterns.as_array().into_iter().flatten() {
        let pattern = pattern.as_str().unwrap();
        let mut any = false;
        for file in &files {
            let path = file.strip_prefix(clone).unwrap();
            if fast_glob::glob_match(pattern, path.to_str().unwrap()) {
                artifacts.insert(path.to_owned(), fs::read(file).unwrap());
                any = true;
            }
        }
        assert!(any, "nothing is left for the artifacts {pattern}");
    }
}

#[test]
fn every_example_has_a_test() {
    let mut names: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let tests = include_str!("examples.rs");
    for name in &names {
        assert!(tests.contains(&format!("\"{name}\"")), "{name}");
    }
    assert_eq!(names.len(), 14);
}

#[test]
fn basic() {
    let ran = run("basic.yml", shop(), &[], &[]);
    ran.all_pass();
    let builds = ran.simulator.builds();
    assert_eq!(builds.len(), 1);
    assert_eq!(builds[0].revisions[0].version, Scenario::COMMIT);
    assert!(
        !ran.bitbucket
            .reports("acme/app", Scenario::COMMIT)
            .is_empty()
    );
    assert_eq!(ran.simulator.violations(), [""; 0]);
}

#[test]
fn parameters() {
    let ran = run("parameters.yml", shop(), &[], &[]);
    ran.all_pass();
    let build = &ran.simulator.builds()[0];
    let value = |name: &str| {
        let found = build.properties.iter().find(|found| found.name == name);
        found.map(|found| found.value.as_str())
    };
    assert_eq!(value("env.DEPLOY_TO"), Some("staging"));
    assert_eq!(value("system.version"), Some("1.4.12"));
    assert_eq!(
        value("release.notes"),
        Some("from app, 5 $ a seat, \"quoted\"")
    );
    assert_eq!(value("reverse.dep.*.env.LEVEL"), Some("full"));
    for tag in ["bitbucket", "main"] {
        assert!(build.tags.iter().any(|found| found == tag), "{tag}");
    }
    assert_eq!(build.comment.as_deref(), Some("Release candidate 12"));
}

#[test]
fn several_builds() {
    let ran = run("several-builds.yml", shop(), &[], &[]);
    ran.all_pass();
    assert_eq!(ran.simulator.builds().len(), 2);
    assert!(
        ran.log(0).contains("Builds 1,1 ended with SUCCESS,SUCCESS"),
        "{}",
        ran.log(0)
    );
}

#[test]
fn start_and_wait_later() {
    let ran = run("start-and-wait-later.yml", shop(), &[], &[]);
    ran.all_pass();
    let builds = ran.simulator.builds();
    assert_eq!(builds.len(), 2);
    for name in ["✔ App / Shop_LongTests", "✔ App / Shop_Package"] {
        assert!(ran.log(3).contains(name), "{}", ran.log(3));
    }
}

#[test]
fn output_variables() {
    let ran = run("output-variables.yml", shop(), &[], &[]);
    ran.all_pass();
    let said = "deploys 1 of http://";
    assert!(ran.log(1).contains(said), "{}", ran.log(1));
    assert!(!holds("A == B", &BTreeMap::new()));
}

#[test]
fn goes_on_after_failure() {
    let plan = Plan::new()
        .queued_for(Duration::ZERO)
        .runs_for(Duration::from_secs(1))
        .outcome(Outcome::Failure);
    let nightly = BuildType::new("Shop_NightlyTests").roots(["App_Git"]);
    let scenario = shop().build_type(nightly).plan("Shop_NightlyTests", plan);
    let ran = run("goes-on-after-failure.yml", scenario, &[], &[]);
    assert_eq!(ran.steps[0].1, 1, "{}", ran.log(0));
    assert_eq!(ran.steps[1].1, 0, "{}", ran.log(1));
    let said = "The nightly tests ended with FAILURE, see http://";
    assert!(ran.log(1).contains(said), "{}", ran.log(1));
}

#[test]
fn parent_and_child() {
    let ran = run("parent-and-child.yml", shop(), &[], &[]);
    ran.all_pass();
    assert_eq!(ran.simulator.builds().len(), 1);
    assert_eq!(ran.steps.len(), 2);
    assert!(ran.log(1).contains("success"), "{}", ran.log(1));
}

#[test]
fn pull_requests() {
    let ran = run(
        "pull-requests.yml",
        shop(),
        &[
            ("BITBUCKET_COMMIT", &Scenario::COMMIT[..12]),
            ("BITBUCKET_BRANCH", "feature/x"),
            ("BITBUCKET_PR_ID", "7"),
            ("BITBUCKET_PR_DESTINATION_BRANCH", "main"),
            ("BITBUCKET_PR_DESTINATION_COMMIT", "111111111111"),
        ],
        &[],
    );
    ran.all_pass();
    let build = &ran.simulator.builds()[0];
    assert_eq!(build.revisions[0].version, Scenario::COMMIT);
    assert_eq!(build.branch.as_deref(), Some("feature/x"));
    assert_eq!(build.comment.as_deref(), Some("Pull request 7 into main"));
}

#[test]
fn artifacts() {
    let ran = run("artifacts.yml", shop(), &[], &[]);
    ran.all_pass();
    assert!(ran.log(1).contains("1.4.12"));
    assert!(ran.log(1).contains("dist/shop.zip"));
}

#[test]
fn cancel() {
    let ran = run("cancel.yml", shop(), &[], &[]);
    ran.all_pass();
    let builds = ran.simulator.builds();
    assert_eq!(builds.len(), 2);
    assert!(builds[0].canceled_by.is_some());
    assert!(builds[1].canceled_by.is_none());
}

#[test]
fn matrix() {
    let ran = run("matrix.yml", shop(), &[], &[]);
    ran.all_pass();
    assert_eq!(ran.simulator.builds().len(), 3);
    let rows = ran.bitbucket.statuses("acme/app", Scenario::COMMIT);
    let names: Vec<_> = rows
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    for (name, label) in names.iter().zip(["Linux", "Windows", "macOS"]) {
        assert!(name.ends_with(&format!("({label})")), "{names:?}");
    }
    let check = ran.bitbucket.merge_check("acme/app", Scenario::COMMIT);
    assert!(check.passes(3));
}

#[test]
fn merge_check() {
    let ran = run("merge-check.yml", shop(), &[], &[]);
    ran.all_pass();
    let check = ran.bitbucket.merge_check("acme/app", Scenario::COMMIT);
    assert!(check.passes(2), "{check:?}");
}

#[test]
fn sweep() {
    let ran = run("sweep.yml", shop(), &[], &[]);
    ran.all_pass();
    assert!(ran.log(0).contains("left behind"), "{}", ran.log(0));
    let asked = ran.bitbucket.requests();
    assert!(asked.iter().any(|seen| seen.path.contains("/pipelines/")));
}

#[test]
fn private_ca() {
    let (simulator, address) = Simulator::spawn_thread(shop()).unwrap();
    let certificate = Certificate::good();
    let authority = certificate.authority().to_owned();
    let front = Https::new(certificate).before(address);
    let url = front.url();
    let variables = [("TEAMCITY_URL", url.as_str())];
    let with = [("ci/company-ca.pem", authority.as_str())];
    run("private-ca.yml", shop(), &variables, &with).all_pass();
    assert_eq!(simulator.builds().len(), 1);

    // Another authority is none.
    let other = Certificate::good();
    let with = [("ci/company-ca.pem", other.authority())];
    let ran = run("private-ca.yml", shop(), &variables, &with);
    assert_eq!(ran.steps[0].1, 5, "{}", ran.log(0));
    assert!(ran.log(0).contains("certificate"), "{}", ran.log(0));
    assert_eq!(simulator.builds().len(), 1);
}
