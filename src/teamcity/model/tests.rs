//! Members of any kind, in every model.

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::*;

/// The names of all members that the models read, as servers write them.
fn names() -> Vec<String> {
    let sources = [
        include_str!("artifact.rs"),
        include_str!("build.rs"),
        include_str!("build_type.rs"),
        include_str!("counts.rs"),
        include_str!("feature.rs"),
        include_str!("log.rs"),
        include_str!("occurrence.rs"),
        include_str!("revision.rs"),
        include_str!("server.rs"),
        include_str!("vcs.rs"),
    ];
    let mut names = Vec::new();
    for line in sources.iter().flat_map(|source| source.lines()) {
        if let Some((_, rest)) = line.split_once("rename = \"") {
            names.push(rest.split('"').next().unwrap().to_owned());
        }
        let field = line
            .trim()
            .strip_prefix("pub ")
            .and_then(|rest| rest.split_once(": "));
        if let Some((field, _)) = field
            && field
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        {
            let mut words = field.split('_');
            let mut name = words.next().unwrap().to_owned();
            for word in words {
                name += &word[..1].to_uppercase();
                name += &word[1..];
            }
            names.push(name);
        }
    }
    assert!(names.len() > 100);
    names
}

/// What servers have been known to write in a member's place, and worse.
fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!(-1)),
        Just(json!(0.5)),
        Just(json!(-3.9e300)),
        Just(json!(u64::MAX)),
        Just(json!(i64::MIN)),
        Just(json!("7")),
        Just(json!("")),
        Just(json!("20250710T080607+0000")),
        Just(json!(true)),
        Just(json!([])),
        Just(json!({})),
        Just(json!([null, 1, "x", [[]], {}])),
        any::<i64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ]
}

fn member() -> impl Strategy<Value = (String, Value)> {
    let inner = || proptest::collection::vec((proptest::sample::select(names()), odd()), 0..6);
    let value = prop_oneof![
        4 => odd(),
        1 => inner().prop_map(|members| Value::Object(members.into_iter().collect())),
        1 => inner().prop_map(|members| json!([Map::from_iter(members)])),
    ];
    (proptest::sample::select(names()), value)
}

fn read<T: DeserializeOwned>(value: &Value) {
    if let Err(error) = serde_json::from_str::<T>(&value.to_string()) {
        panic!("{error}: {value}");
    }
}

fn read_all(value: &Value) {
    read::<Build>(value);
    read::<BuildType>(value);
    read::<Configured>(value);
    read::<AgentNames>(value);
    read::<AgentState>(value);
    read::<Obstacles>(value);
    read::<Permissions>(value);
    read::<Pool>(value);
    read::<LogMessages>(value);
    read::<TestOccurrences>(value);
    read::<ProblemOccurrences>(value);
    read::<Revisions>(value);
    read::<Server>(value);
    read::<User>(value);
    read::<Tokens>(value);
    read::<ArtifactFiles>(value);
    read::<Branches>(value);
    read::<Changes>(value);
    read::<RootEntries>(value);
    read::<RootInstances>(value);
}

/// The lists of builds and the version are read strictly, since that there is none may decide.
fn is_strict(name: &str) -> bool {
    matches!(
        name,
        "build"
            | "snapshot-dependencies"
            | "snapshotDependencies"
            | "versionMajor"
            | "versionMinor"
    )
}

proptest! {
    #[test]
    fn a_member_of_an_odd_kind_decides_nothing(members in proptest::collection::vec(member(), 0..10)) {
        let members = members.into_iter().filter(|(name, _)| !is_strict(name));
        read_all(&Value::Object(members.collect()));
    }
}

#[test]
fn a_list_without_an_end_is_an_error_before_it_fills_the_memory() {
    let endless = format!("[{}{{}}]", "{},".repeat(1_000_000));
    for name in ["build", "testOccurrence", "branch", "messages", "file"] {
        let json = format!("{{\"{name}\":{endless}}}");
        let errors = [
            serde_json::from_str::<Builds>(&json)
                .err()
                .map(|error| error.to_string()),
            serde_json::from_str::<TestOccurrences>(&json)
                .err()
                .map(|error| error.to_string()),
            serde_json::from_str::<Branches>(&json)
                .err()
                .map(|error| error.to_string()),
            serde_json::from_str::<LogMessages>(&json)
                .err()
                .map(|error| error.to_string()),
            serde_json::from_str::<ArtifactFiles>(&json)
                .err()
                .map(|error| error.to_string()),
        ];
        let ended = errors
            .iter()
            .flatten()
            .filter(|error| error.contains("no end"))
            .count();
        assert_eq!(ended, 1, "{name}: {errors:?}");
    }
}

#[test]
fn what_was_meant_is_read() {
    let build: Build = serde_json::from_value(json!({
        "id": "12", "number": 7, "status": "SUCCESS", "state": null, "composite": "true",
        "running-info": {"percentageComplete": 41.7, "elapsedSeconds": -1, "estimatedTotalSeconds": "90"},
        "testOccurrences": {"count": 1e300, "failed": "2"}, "tags": {"tag": [null, {"name": "x"}]},
        "startDate": 20250710, "revisions": [],
    }))
    .unwrap();
    assert_eq!(build.id.unwrap().0, 12);
    assert_eq!(
        (build.number.as_deref(), build.composite),
        (Some("7"), true)
    );
    assert_eq!(
        (build.status.clone(), build.state.clone()),
        (Some(Status::Success), None)
    );
    let running = build.running_info.unwrap();
    assert_eq!(
        (
            running.percentage_complete,
            running.elapsed_seconds,
            running.estimated_total_seconds
        ),
        (Some(41), None, Some(90))
    );
    let counts = build.test_occurrences.unwrap();
    assert_eq!((counts.count, counts.failed), (1 << 50, 2));
    assert_eq!(build.tags.unwrap().tag.len(), 1);
    assert!(build.start_date.is_none() && build.revisions.is_none());
}
