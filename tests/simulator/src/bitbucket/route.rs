//! Which resource a request is for, and whether it may.

use bytes::Bytes;
use http::Request;
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::answer::{Answer, error, lacks_scope, page};
use super::credential::{missing, unknown};
use super::faults::{rate_headers, too_many};
use super::{
    Call, Credential, RateLimit, Repository, Scope, Seen, State, insights, pipeline, pull_request,
    status, variables,
};

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
    let Some(call) = Call::of(&parts) else {
        return error(404, "Resource not found");
    };
    let needed = call.scopes(&seen.method, &parts, state.writing_needs_write);
    if seen.by_proxy {
        if let Err(refusal) = by_proxy(state, request, call, &needed) {
            return refusal;
        }
        return at(state, request, seen, &parts);
    }
    let (credential, used) = match authorize(state, seen, &needed) {
        Ok(found) => found,
        Err(refusal) => return refusal,
    };
    let mut answer = at(state, request, seen, &parts);
    if !state.no_scopes_header {
        for (name, value) in credential.scope_headers(&needed) {
            answer = answer.with(name, value);
        }
    }
    if let Some(RateLimit { limit, .. }) = state.rate_limit {
        for (name, value) in rate_headers(limit, used * 5 > limit * 4) {
            answer = answer.with(name, value);
        }
    }
    answer
}

/// The step's proxy: for the API alone, and for some of its calls.
fn by_proxy(
    state: &State,
    request: &Request<Bytes>,
    call: Call,
    needed: &[Scope],
) -> Result<(), Answer> {
    let host = request.uri().host().unwrap_or_default();
    // Tests and odd runners have the API elsewhere.
    let known = host == "api.bitbucket.org" || host == "127.0.0.1" || host == "localhost";
    let served = match &state.proxy_serves {
        Some(calls) => calls.contains(&call),
        None => matches!(call, Call::Reports | Call::Annotations),
    };
    if known && served {
        return Ok(());
    }
    let names: Vec<_> = needed.iter().map(|scope| scope.classic()).collect();
    Err(lacks_scope(&names, &[]))
}

/// What the resource answers to one that may.
fn at(state: &mut State, request: &Request<Bytes>, seen: &Seen, parts: &[&str]) -> Answer {
    let body = request.body();
    match parts {
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
            if let (Some((_, hash)), []) = (
                repository.wrong_commits.iter().find(|(of, _)| of == commit),
                rest,
            ) {
                return Answer::json(200, json!({ "type": "commit", "hash": hash }));
            }
            let mut found = repository
                .commits
                .iter()
                .filter(|full| commit.len() >= 7 && full.starts_with(commit));
            // Of two that begin so, neither.
            let (Some(full), None) = (found.next().cloned(), found.next()) else {
                return error(404, "Commit not found");
            };
            let now = state.tick();
            match rest {
                [] if seen.method == "GET" => {
                    Answer::json(200, json!({ "type": "commit", "hash": full }))
                }
                ["reports", rest @ ..] => {
                    insights::answer(repository, &full, seen, rest, body, &now)
                }
                ["statuses"] => status::list(repository, &full, seen),
                ["statuses", "build", rest @ ..] => {
                    status::answer(repository, &full, seen, rest, body, &now)
                }
                _ => error(404, "Resource not found"),
            }
        }
        [] if seen.method == "GET" => Answer::json(
            200,
            json!({ "type": "repository", "full_name": repository.name, "mainbranch": { "type": "branch", "name": "main" } }),
        ),
        ["pipelines", rest @ ..] => pipeline::answer(repository, seen, rest),
        ["pullrequests", rest @ ..] => pull_request::answer(repository, seen, rest),
        ["diffstat", rest @ ..] => pull_request::diffstat(repository, seen, &rest.join("/")),
        ["environments"] if seen.method == "GET" => {
            let all: Vec<_> = repository
                .environments
                .iter()
                .map(|environment| json!({ "type": "deployment_environment", "uuid": environment.uuid, "name": environment.name }))
                .collect();
            page(&all, seen)
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

/// The credential of a request, and how many requests of it came so far.
fn authorize(state: &State, seen: &Seen, needed: &[Scope]) -> Result<(Credential, usize), Answer> {
    let Some(given) = &seen.authorization else {
        return Err(missing());
    };
    let known = state
        .credentials
        .iter()
        .find(|credential| credential.authorization() == given);
    let Some(credential) = known else {
        return Err(unknown(given));
    };
    credential.allow(needed)?;
    let used = state
        .seen
        .iter()
        .filter(|seen| seen.authorization.as_ref() == Some(given))
        .count();
    match state.rate_limit {
        Some(RateLimit { limit, retry_after }) if used > limit => Err(too_many(limit, retry_after)),
        _ => Ok((credential.clone(), used)),
    }
}
