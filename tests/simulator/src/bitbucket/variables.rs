//! Variables of Pipelines, the same at every level but for one method.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, error, page, pipelines_error};
use super::{Seen, State};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Variable {
    key: String,
    value: String,
    #[serde(default)]
    secured: bool,
}

/// `list` is `None` where the workspace or environment is not known. Variables of environments can't be read alone.
pub(super) fn answer(
    state: &mut State,
    list: Option<&mut Vec<Value>>,
    seen: &Seen,
    rest: &[&str],
    body: &Bytes,
    one_can_be_read: bool,
) -> Answer {
    let Some(list) = list else {
        return pipelines_error(
            404,
            "Not found",
            "The account or environment was not found.",
            "account-service.account.not-found",
        );
    };
    let at = rest
        .first()
        .map(|uuid| list.iter().position(|variable| variable["uuid"] == *uuid));
    match (seen.method.as_str(), at) {
        ("GET", None) => {
            let shown: Vec<_> = list.iter().map(show).collect();
            page(&shown, seen)
        }
        ("POST", None) => match serde_json::from_slice::<Variable>(body) {
            Ok(variable)
                if list
                    .iter()
                    .any(|other| other["key"] == variable.key.as_str()) =>
            {
                let detail = format!("A variable with the key {} exists already.", variable.key);
                pipelines_error(
                    409,
                    "Conflict",
                    &detail,
                    "variable-service.variable.duplicate",
                )
            }
            Ok(variable) => {
                let stored = store(&variable, &state.uuid());
                list.push(stored.clone());
                Answer::json(201, show(&stored))
            }
            Err(wrong) => pipelines_error(400, "Bad request", &wrong.to_string(), "bad-request"),
        },
        (_, Some(None)) => {
            let uuid = rest.first().copied().unwrap_or_default();
            if uuid.starts_with('{') {
                pipelines_error(
                    404,
                    "Not found",
                    "The variable was not found.",
                    "variable-service.variable.not-found",
                )
            } else {
                pipelines_error(
                    400,
                    "Bad request",
                    &format!("The value {uuid} is not a valid UUID."),
                    "bad-request",
                )
            }
        }
        ("GET", Some(Some(at))) if one_can_be_read => Answer::json(200, show(&list[at])),
        ("PUT", Some(Some(at))) => match serde_json::from_slice::<Variable>(body) {
            Ok(variable) => {
                let uuid = list[at]["uuid"].as_str().unwrap_or_default().to_owned();
                list[at] = store(&variable, &uuid);
                Answer::json(200, show(&list[at]))
            }
            Err(wrong) => pipelines_error(400, "Bad request", &wrong.to_string(), "bad-request"),
        },
        ("DELETE", Some(Some(at))) => {
            list.remove(at);
            Answer::empty(204)
        }
        _ => error(405, "Method not allowed"),
    }
}

fn store(variable: &Variable, uuid: &str) -> Value {
    json!({ "type": "pipeline_variable", "uuid": uuid, "key": variable.key, "value": variable.value, "secured": variable.secured })
}

/// A secured value is never given.
fn show(variable: &Value) -> Value {
    let mut shown = variable.clone();
    if let (Value::Object(members), true) = (&mut shown, variable["secured"] == true) {
        members.remove("value");
    }
    shown
}
