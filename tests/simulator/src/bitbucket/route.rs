//! Which resource a request is for, and whether it may.

use bytes::Bytes;
use http::Request;
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::answer::{Answer, error, page};
use super::{Repository, Scope, Seen, State, insights, status, variables};

pub(super) fn answer(state: &mut State, request: &Request<Bytes>, seen: &Seen) -> Answer {
    if !request.uri().path().starts_with("/2.0/") {
        return error(404, "Resource not found");
    }
    let raw: Vec<_> = seen
        .path
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    // An id in braces is only understood in its encoded form.
    if raw.iter().any(|part| part.contains(['{', '}'])) {
        return error(400, "Bad request");
    }
    let parts: Vec<String> = raw
        .iter()
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    if seen.by_proxy {
        let host = request.uri().host().unwrap_or_default();
        // Tests and odd runners have the API elsewhere.
        let known = host == "api.bitbucket.org" || host == "127.0.0.1" || host == "localhost";
        let served = matches!(
            parts.as_slice(),
            ["repositories", _, _, "commit", _, "reports", ..]
        );
        if !known || !served {
            return error(
                403,
                "Your credentials lack one or more required privilege scopes.",
            );
        }
    } else if let Err(refusal) = authorize(state, seen, scope(&seen.method, &parts)) {
        return refusal;
    }
    let body = request.body();
    match parts.as_slice() {
        [
            "workspaces",
            workspace,
            "pipelines-config",
            "variables",
            rest @ ..,
        ] => {
            let mut list = state.workspaces.get(*workspace).cloned();
            let answer = variables::answer(state, list.as_mut(), seen, rest, body, true);
            if let Some(list) = list {
                state.workspaces.insert((*workspace).to_owned(), list);
            }
            answer
        }
        ["repositories", workspace, slug, rest @ ..] => {
            let name = format!("{workspace}/{slug}");
            let Some(mut repository) = state.repositories.remove(&name) else {
                return error(
                    404,
                    &format!(
                        "You may not have access to this repository or it no longer exists in this workspace. {name}"
                    ),
                );
            };
            let answer = of_repository(state, &mut repository, seen, rest, body);
            state.repositories.insert(name, repository);
            answer
        }
        _ => error(404, "Resource not found"),
    }
}

fn of_repository(
    state: &mut State,
    repository: &mut Repository,
    seen: &Seen,
    rest: &[&str],
    body: &Bytes,
) -> Answer {
    match rest {
        ["commit", commit, rest @ ..] => {
            let full = repository
                .commits
                .iter()
                .find(|full| commit.len() >= 7 && full.starts_with(commit));
            let Some(full) = full.cloned() else {
                return error(404, "Commit not found");
            };
            match rest {
                [] if seen.method == "GET" => {
                    Answer::json(200, json!({ "type": "commit", "hash": full }))
                }
                ["reports", rest @ ..] => insights::answer(repository, &full, seen, rest, body),
                ["statuses", "build", rest @ ..] => {
                    status::answer(repository, &full, seen, rest, body)
                }
                _ => error(404, "Resource not found"),
            }
        }
        ["environments"] if seen.method == "GET" => {
            let all: Vec<_> = repository
                .environments
                .iter()
                .map(|environment| json!({ "type": "deployment_environment", "uuid": environment.uuid, "name": environment.name }))
                .collect();
            page(&all, &seen.path, &seen.query)
        }
        ["pipelines_config", "variables", rest @ ..] => variables::answer(
            state,
            Some(&mut repository.variables),
            seen,
            rest,
            body,
            true,
        ),
        [
            "deployments_config",
            "environments",
            uuid,
            "variables",
            rest @ ..,
        ] => {
            let found = repository
                .environments
                .iter_mut()
                .find(|environment| environment.uuid == *uuid);
            variables::answer(
                state,
                found.map(|found| &mut found.variables),
                seen,
                rest,
                body,
                false,
            )
        }
        _ => error(404, "Resource not found"),
    }
}

fn scope(method: &str, parts: &[&str]) -> Scope {
    let about_variables = parts
        .iter()
        .any(|part| part.ends_with("variables") || *part == "environments");
    match (about_variables, method) {
        (false, _) => Scope::Repository,
        (true, "GET") => Scope::Pipeline,
        (true, _) => Scope::PipelineVariable,
    }
}

fn authorize(state: &State, seen: &Seen, needed: Scope) -> Result<(), Answer> {
    let known = seen.authorization.as_ref().and_then(|given| {
        state
            .credentials
            .iter()
            .find(|(credential, _)| credential == given)
    });
    match known {
        None => Err(Answer::empty(401)),
        Some((_, scopes)) if scopes.contains(&needed) => Ok(()),
        Some(_) => Err(error(
            403,
            "Your credentials lack one or more required privilege scopes.",
        )),
    }
}
