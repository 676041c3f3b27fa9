//! The documents say what the code does: names, defaults, versions, exit status, examples.

#![allow(clippy::unwrap_used, reason = "a test that stops is a test that fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use serde_json::Value;
use teamcity_pipe::config::variables::{self, Kind, Variable};
use teamcity_pipe::config::{self, CommandKind};
use teamcity_pipe::{cli, exit};

pub const VERSION: &str = env!("CARGO_PKG_VERSION");
pub const IMAGE: &str = "ghcr.io/teamcity-pipe/teamcity-pipe";

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The texts between "```yaml" and "```".
fn yaml_blocks(markdown: &str) -> Vec<&str> {
    markdown
        .split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

/// Every map with the key `pipe`, at any depth.
fn pipes(value: &Value) -> Vec<&serde_json::Map<String, Value>> {
    match value {
        Value::Object(map) if map.contains_key("pipe") => vec![map],
        Value::Object(map) => map.values().flat_map(pipes).collect(),
        Value::Array(items) => items.iter().flat_map(pipes).collect(),
        _ => Vec::new(),
    }
}

fn section<'a>(markdown: &'a str, heading: &str) -> &'a str {
    let (_, rest) = markdown
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("there is no heading {heading}"));
    // Up to the next heading of its level, or of a higher one.
    let level = heading.split(' ').next().unwrap().len();
    let ends = (1..=level).filter_map(|level| rest.find(&format!("\n{} ", "#".repeat(level))));
    &rest[..ends.min().unwrap_or(rest.len())]
}

#[test]
fn readme_has_the_headings_of_atlassians_pipes() {
    let readme = document("README.md");
    let headings: Vec<_> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    assert_eq!(
        headings,
        [
            "Quick start",
            "When the step fails",
            "YAML Definition",
            "Variables",
            "Details",
            "Prerequisites",
            "Examples",
            "Support",
            "License",
            "For contributors",
        ]
    );
    assert!(readme.starts_with("# Bitbucket Pipelines Pipe: TeamCity\n"));
}

#[test]
fn readme_is_short() {
    let lines = document("README.md").lines().count();
    assert!(lines < 500, "{lines} lines");
}

#[test]
fn readme_definition_lists_every_variable_the_required_ones_first() {
    fn line(variable: &Variable) -> String {
        let placeholder = match variable.kind {
            Kind::Text => "string",
            Kind::List => "string or list",
            Kind::Boolean => "boolean",
            Kind::Duration => "duration",
            Kind::Size => "size",
        };
        let line = format!("{}: '<{placeholder}>'", variable.name);
        if variable.required {
            line
        } else {
            format!("# {line} # Optional")
        }
    }
    let readme = document("README.md");
    let block = yaml_blocks(section(&readme, "## YAML Definition"))[0];
    let written: Vec<_> = block.lines().skip(2).map(str::trim).collect();
    let (required, optional): (Vec<_>, Vec<_>) = variables::ALL
        .iter()
        .partition(|variable| variable.required);
    let expected: Vec<_> = required.into_iter().chain(optional).map(line).collect();
    assert_eq!(written, expected);
}

#[test]
fn readme_exit_status_is_the_codes() {
    let readme = document("README.md");
    let written: Vec<_> = section(&readme, "### Exit status")
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| Status"))
        .collect();
    let expected: Vec<_> = exit::TABLE
        .iter()
        .map(|(status, meaning)| format!("| {status} | {meaning} |"))
        .collect();
    assert_eq!(written, expected);
}

#[test]
fn pipe_yml_has_every_variable_once_with_its_default() {
    let pipe = yaml(&document("pipe.yml"));
    let written: Vec<(String, Option<String>)> = pipe["variables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let default = entry
                .get("default")
                .map(|default| default.as_str().unwrap().to_owned());
            (entry["name"].as_str().unwrap().to_owned(), default)
        })
        .collect();
    // Taken from the step: what names the server, and what is secret.
    let from_step = |variable: &Variable| {
        variable.secured
            || matches!(
                variable.name,
                "TEAMCITY_URL" | "TEAMCITY_CA_CERTIFICATE" | "ATLASSIAN_ACCOUNT_EMAIL"
            )
    };
    let expected: Vec<_> = variables::ALL
        .iter()
        .filter(|variable| !variable.is_pattern())
        .map(|variable| {
            let default = if from_step(variable) {
                Some(format!("${{{}}}", variable.name))
            } else {
                variable.default.map(str::to_owned)
            };
            (variable.name.to_owned(), default)
        })
        .collect();
    assert_eq!(written, expected);
}

#[test]
fn pipe_yml_has_what_atlassians_list_asks_for() {
    let pipe = yaml(&document("pipe.yml"));
    for key in ["name", "description", "category", "repository"] {
        assert!(
            pipe[key].as_str().is_some_and(|text| !text.is_empty()),
            "{key}"
        );
    }
    for key in ["vendor", "maintainer"] {
        assert!(
            pipe[key]["name"].is_string() && pipe[key]["website"].is_string(),
            "{key}"
        );
    }
    assert!(pipe["tags"].as_array().is_some_and(|tags| !tags.is_empty()));
    let readme = document("README.md");
    let description = pipe["description"].as_str().unwrap();
    assert_eq!(readme.lines().nth(2), Some(description));
    let repository = pipe["repository"].as_str().unwrap();
    let logo = pipe["icon"].as_str().unwrap();
    let logo = logo
        .strip_prefix(&format!("{repository}/raw/main/"))
        .unwrap();
    assert!(document(logo).starts_with("<svg "));
    assert!(document("LICENSE").contains("Apache License"));
    assert!(section(&readme, "## License").contains("Apache License 2.0"));
    let changelog = document("CHANGELOG.md");
    assert!(changelog.contains("versions 0.x.y a minor version may change behaviour"));
    let support = section(&readme, "## Support");
    for asked in [
        "version of the pipe",
        "`DEBUG: 'true'`",
        "log",
        "steps to reproduce",
    ] {
        assert!(support.contains(asked), "{asked}");
    }
}

#[test]
fn all_documents_name_this_version() {
    let image = format!("{IMAGE}:{VERSION}");
    // A released version has a digest after it.
    let pipe = yaml(&document("pipe.yml"));
    let named = pipe["image"].as_str().unwrap();
    assert_eq!(named.split('@').next(), Some(image.as_str()));
    let readme = document("README.md");
    assert_eq!(
        readme.matches(IMAGE).count(),
        readme.matches(&image).count()
    );
    assert!(document("CHANGELOG.md").contains(&format!("\n## [{VERSION}]")));
    assert!(document("Dockerfile").contains(&format!("image.version=\"{VERSION}\"")));
}

#[test]
fn examples_use_known_variables_and_would_run() {
    let texts = [
        "README.md",
        "docs/bitbucket.md",
        "docs/tokens.md",
        "docs/variables.md",
    ]
    .map(document);
    let mut examples = 0;
    for block in texts.iter().flat_map(|text| yaml_blocks(text)) {
        for pipe in pipes(&yaml(block)) {
            assert_eq!(pipe["pipe"], format!("docker://{IMAGE}:{VERSION}").as_str());
            let values = passed(&pipe["variables"], block);
            if values.values().all(|value| value.starts_with('<')) {
                continue;
            }
            examples += 1;
            would_run(values, block);
        }
    }
    assert!(examples >= 5, "{examples}");
}

/// The variables as Pipelines would pass them.
fn passed(variables: &Value, block: &str) -> BTreeMap<String, String> {
    let mut passed = BTreeMap::new();
    for (name, value) in variables.as_object().unwrap() {
        assert!(
            variables::find(name).is_some() || name.starts_with("TEAMCITY_HEADER_"),
            "{name} is unknown in\n{block}"
        );
        match value {
            Value::String(text) => {
                passed.insert(name.clone(), text.clone());
            }
            Value::Array(items) => {
                assert!(
                    variables::find(name).unwrap().is_list(),
                    "{name} takes no list"
                );
                passed.insert(format!("{name}_COUNT"), items.len().to_string());
                for (index, item) in items.iter().enumerate() {
                    passed.insert(format!("{name}_{index}"), item.as_str().unwrap().to_owned());
                }
            }
            other => panic!("{name}: {other} is not quoted in\n{block}"),
        }
    }
    passed
}

fn would_run(mut values: BTreeMap<String, String>, block: &str) {
    for (name, value) in &mut values {
        if value.starts_with('$') {
            *value = match name.as_str() {
                "TEAMCITY_URL" => "https://teamcity.example.com".to_owned(),
                _ => "sample".to_owned(),
            };
        }
    }
    // The file is the user's own.
    values.remove("TEAMCITY_CA_CERTIFICATE");
    let command = values.get("COMMAND").cloned();
    let command = cli::parse(["pipe".into()], command.as_deref()).unwrap();
    values.insert("BITBUCKET_PIPELINE_UUID".to_owned(), "{1}".to_owned());
    values.insert(
        "BITBUCKET_REPO_FULL_NAME".to_owned(),
        "acme/shop".to_owned(),
    );
    let pairs = values
        .into_iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let (_, warnings) = config::read(pairs, command.kind().unwrap_or(CommandKind::Run))
        .unwrap_or_else(|problems| panic!("{problems}\n\nin\n{block}"));
    assert_eq!(warnings, [], "in\n{block}");
}

#[test]
fn both_maps_name_each_room_and_no_other() {
    let (readme, contributing) = (document("README.md"), document("CONTRIBUTING.md"));
    let table = section(&readme, "## For contributors");
    let in_table: BTreeSet<String> = table
        .split("`src/")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('`')?.0.to_owned()))
        .filter(|path| !path.contains('/'))
        .collect();
    let drawn = section(&contributing, "## The rooms");
    let drawn = drawn.split("```").nth(1).unwrap();
    let drawn: BTreeSet<String> = drawn
        .lines()
        // The names are before two spaces.
        .filter_map(|line| line.split("  ").next())
        .flat_map(|names| names.split(", "))
        .map(|name| name.trim_end_matches('/').to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let there: BTreeSet<String> = fs::read_dir(sources)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "lib.rs")
        .collect();
    assert_eq!(in_table, there, "README.md");
    assert_eq!(drawn, there, "CONTRIBUTING.md");
}

/// The words after a command wherever a document names it.
fn named(document: &str, command: &str) -> Vec<String> {
    let commands = document.split(command).skip(1);
    commands
        .filter_map(|rest| rest.split(['`', '\n', ' ']).next())
        .map(str::to_owned)
        .collect()
}

fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn commands_that_documents_name_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    sources(&root.join("src"), &mut code);
    sources(&root.join("tests"), &mut code);
    let mut checked = 0;
    for name in ["SECURITY.md", "CONTRIBUTING.md", "RELEASING.md"] {
        let document = document(name);
        for filter in named(&document, "cargo test ") {
            if !filter.starts_with('-') {
                let there = code.lines().any(|line| {
                    line.trim_start()
                        .trim_start_matches("pub ")
                        .starts_with(['f', 'a', 'm'])
                        && (line.contains("fn ") || line.contains("mod "))
                        && line.contains(&filter)
                });
                assert!(there, "{name}: no test is called {filter}");
                checked += 1;
            }
        }
        for folder in ["release/", "tests/image/", "fuzz/", "benches/peers/"] {
            for rest in named(&document, &format!("`{folder}")) {
                assert!(
                    root.join(folder).join(&rest).exists(),
                    "{name}: {folder}{rest}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 15, "{checked}");
}
