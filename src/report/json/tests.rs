//! What is written agrees with its schema and reads back.

use serde_json::Value;

use super::*;
use crate::outcome::Ending;
use crate::report::summary::sample;

fn pipeline() -> Pipeline {
    Pipeline {
        number: Some("128".into()),
        commit: Some("0a1b2c3d4e5f60718293a4b5c6d7e8f901234567".into()),
        tag: Some("bb-128".into()),
        step: Some("0a1b2c3d".into()),
    }
}

#[test]
fn what_is_written_reads_back() {
    let mut outcome = sample::failed_run();
    outcome
        .builds
        .push(BuildOutcome::unknown("Never".into(), Ending::NotQueued));
    let text = text(&outcome, &pipeline());
    let earlier = read(&text).unwrap();
    let build = EarlierBuild {
        id: BuildId(4711),
        started: false,
    };
    assert_eq!(earlier.builds, [build]);
    assert_eq!(earlier.pipeline, pipeline());
    assert_eq!(earlier.server_url, "https://tc.example.com");
}

#[test]
fn what_is_no_such_document_is_refused_with_the_reason() {
    assert!(
        read("{}")
            .unwrap_err()
            .starts_with("it can't be read: missing field")
    );
    let newer = r#"{"format":2,"serverUrl":"https://tc","builds":[]}"#;
    assert_eq!(
        read(newer).unwrap_err(),
        "it has format 2, and this version reads 1"
    );
}

/// Checks `value` against the schema's `properties`, `required`, `items` and `type`, which is all that it uses.
fn agrees(value: &Value, schema: &Value, root: &Value, at: &str) {
    let schema = match schema.get("$ref").and_then(Value::as_str) {
        Some(name) => root
            .pointer(name.trim_start_matches('#'))
            .expect("a known $ref"),
        None => schema,
    };
    if let Some(options) = schema.get("anyOf").and_then(Value::as_array) {
        if !value.is_null() {
            agrees(value, &options[0], root, at);
        }
        return;
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => panic!("{at}: no type"),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    assert!(kinds.contains(&kind), "{at}: {kind} is none of {kinds:?}");
    match value {
        Value::Array(items) => {
            for item in items {
                agrees(item, &schema["items"], root, &format!("{at}[]"));
            }
        }
        Value::Object(members) => {
            let known = schema["properties"].as_object().expect("properties");
            let mut written: Vec<_> = members.keys().collect();
            let mut described: Vec<_> = known.keys().collect();
            let mut required: Vec<_> = schema["required"]
                .as_array()
                .unwrap()
                .iter()
                .map(|name| name.as_str().unwrap())
                .collect();
            written.sort();
            described.sort();
            required.sort_unstable();
            assert_eq!(written, described, "{at}");
            assert_eq!(required, described, "{at}: required");
            for (name, member) in members {
                agrees(member, &known[name], root, &format!("{at}.{name}"));
            }
        }
        Value::String(word) => {
            if let Some(words) = schema.get("enum").and_then(Value::as_array) {
                assert!(words.iter().any(|one| one == word), "{at}: {word}");
            }
        }
        _ => {}
    }
}

#[test]
fn the_documented_schema_and_the_document_agree() {
    let schema = std::fs::read_to_string("docs/teamcity-builds.schema.json").unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    for outcome in [sample::failed_run(), sample::canceled_run()] {
        let document: Value = serde_json::from_str(&text(&outcome, &pipeline())).unwrap();
        agrees(&document, &schema, &schema, "document");
    }
}
