//! Answers that real servers were seen to give, in our own words: a file each, with its source and version, and the simulator's
//! answer to the same question held against it. Values are made up; what counts is members, kinds, defaults, order, headers, status.

mod record;
mod situation;

use std::path::Path;

use bytes::Bytes;
use serde_json::Value;

use crate::client::{Answer, request, send};
use record::{Record, mismatches};
use situation::Stage;

async fn ask(stage: &Stage, record: &Record) -> Answer {
    let (method, path) = record.ask.split_once(' ').unwrap();
    let mut asking = request(method, &stage.named(path));
    if let Some(kind) = &record.content_type {
        asking = asking.header("content-type", kind.as_str());
    } else if record.send.is_some() {
        asking = asking.header("content-type", "application/json");
    }
    for (name, value) in &record.headers {
        asking = asking.header(name.as_str(), value.as_str());
    }
    let body = match &record.send {
        None => Bytes::new(),
        Some(Value::String(text)) => Bytes::from(stage.named(text)),
        Some(json) => Bytes::from(stage.named(&json.to_string())),
    };
    let mut asking = asking.body(body).unwrap();
    match record.accept.as_deref() {
        None => {}
        Some("nothing") => drop(asking.headers_mut().remove("accept")),
        Some(accept) => drop(
            asking
                .headers_mut()
                .insert("accept", accept.parse().unwrap()),
        ),
    }
    match record.token.as_deref() {
        None => {}
        Some("none") => drop(asking.headers_mut().remove("authorization")),
        Some(other) => drop(asking.headers_mut().insert(
            "authorization",
            if other.contains(' ') {
                other.parse().unwrap()
            } else {
                format!("Bearer {other}").parse().unwrap()
            },
        )),
    }
    send(&stage.simulator, asking).await
}

#[tokio::test(start_paused = true)]
async fn every_answer_on_record_is_given() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/recorded");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "yml"))
        .collect();
    files.sort();
    let mut wrong = Vec::new();
    let mut count = 0;
    for file in &files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(file).unwrap();
        let record: Record =
            serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!record.source.is_empty(), "{name} has no source");
        for version in record.versions() {
            count += 1;
            let stage = situation::stage(&record, &version).await;
            let answer = ask(&stage, &record).await;
            for what in mismatches(&record, &stage, &answer) {
                wrong.push(format!("{name} ({version}): {what}\n    {}", answer.text));
            }
        }
    }
    assert!(count >= 80, "only {count} records");
    assert!(
        wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
