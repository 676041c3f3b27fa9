//! `token list`: what is stored, for how long it works, and when it last did.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use serde_json::json;
use url::Url;

use super::entry::{Entry, Place};
use super::info::{self, Expiry, Info};
use super::scope::Scope;
use super::server;
use super::session::Session;
use super::store::{self, Store, Stored};
use super::table;
use crate::bitbucket::model::Variable;
use crate::clients::Login;
use crate::exit::ExitStatus;
use crate::types::Diagnostic;

/// A scope's token, while it is looked at.
struct Found {
    store: usize,
    variable: String,
    stored: Stored,
    warning: Option<String>,
}

/// Shows all tokens of the scopes. One scope that can't be read hides no other.
pub async fn list(session: &Session, scopes: &[Scope], json: bool) -> ExitStatus {
    let mut troubles = Vec::new();
    let mut stores = Vec::new();
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    for scope in scopes.iter().filter(|scope| seen.insert(*scope)) {
        match read(session, scope, stores.len()).await {
            Ok((store, tokens)) => {
                stores.push(store);
                found.extend(tokens);
            }
            // A credential that is missing is missing everywhere.
            Err(trouble) if troubles.contains(&trouble) => {}
            Err(trouble) => troubles.push(trouble),
        }
    }
    authenticate(session, &stores, &mut found).await;
    let now = session.now();
    let entries: Vec<Entry> = found
        .into_iter()
        .filter_map(|found| Some(entry(stores.get(found.store)?, found, now)))
        .collect();
    if json {
        let problems: Vec<String> = troubles.iter().map(ToString::to_string).collect();
        let all = json!({ "tokens": entries, "problems": problems });
        session
            .console
            .text(&serde_json::to_string_pretty(&all).unwrap_or_default());
    } else {
        if entries.is_empty() && troubles.is_empty() {
            session.say("No TeamCity token is stored there. 'token add' stores one.");
        }
        if !entries.is_empty() {
            session.say(&table::draw(&entries, now, session.columns()));
        }
        for trouble in &troubles {
            session.console.error(&trouble.to_string());
        }
    }
    troubles
        .iter()
        .fold(ExitStatus::Success, |status, trouble| {
            status.worst(trouble.status)
        })
}

async fn read(
    session: &Session,
    scope: &Scope,
    store: usize,
) -> Result<(Store, Vec<Found>), Diagnostic> {
    let opened = Store::open(session, scope).await?;
    let all = opened.all().await?;
    let found = variables(&all)
        .into_iter()
        .map(|variable| {
            let stored = store::pick(&all, &variable);
            let warning = oddity(&stored);
            Found {
                store,
                variable,
                stored,
                warning,
            }
        })
        .collect();
    Ok((opened, found))
}

/// The names of variables that hold tokens: those with a note, and those that are called so.
fn variables(all: &[Variable]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for variable in all {
        let noted = info::noted_variable(&variable.key)
            .filter(|_| variable.value.as_deref().and_then(Info::parse).is_some());
        let called = (variable.key.starts_with("TEAMCITY") && variable.key.ends_with("TOKEN"))
            .then_some(variable.key.as_str());
        names.extend(noted.or(called).map(ToOwned::to_owned));
    }
    names.sort();
    names.dedup();
    names
}

fn oddity(stored: &Stored) -> Option<String> {
    let text = match (&stored.variable, &stored.info) {
        (None, _) => "only its note is there. Finish with 'token create' or 'token remove'",
        (Some(variable), _) if !variable.secured => {
            "it is not secured, so everybody with access can read it. Replace it with 'token create'"
        }
        (Some(_), None) => "it has no note. 'token add' and 'token create' write one",
        (Some(_), Some(info)) if !info.leftovers.is_empty() => {
            "an unfinished command left tokens in TeamCity. 'token rotate' or 'token create' deletes them"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

/// Authenticates the tokens whose values are in the environment, and records when.
async fn authenticate(session: &Session, stores: &[Store], found: &mut [Found]) {
    for one in found {
        let Some(info) = one.stored.info.clone() else {
            continue;
        };
        // Of a value that the note does not know nothing can be recorded, unless it knows none.
        let Some(value) = session
            .noted_secret(&one.variable, &info, None)
            .filter(|value| info.fingerprint.is_none() || info.is_of(value))
        else {
            continue;
        };
        let Ok(server) = crate::config::parse_base_url(&info.server) else {
            continue;
        };
        match accepted(session, &server, value).await {
            Ok(known) => {
                if let Some(store) = stores.get(one.store) {
                    record(session, store, one, info, &known).await;
                }
            }
            Err(trouble) => one.warning = Some(trouble.what),
        }
    }
}

async fn accepted(
    session: &Session,
    server: &Url,
    value: crate::types::Secret,
) -> Result<server::Known, Diagnostic> {
    server::log_in(session, server, &Login::Token(value)).await
}

async fn record(
    session: &Session,
    store: &Store,
    one: &mut Found,
    mut info: Info,
    known: &server::Known,
) {
    let named = info
        .token_name
        .as_deref()
        .and_then(|name| known.tokens.named(name));
    let expires = known.expiry(named.or(known.only_token()));
    if expires != Expiry::Unknown {
        info.expires = expires;
    }
    info.last_authenticated = Some(session.now());
    // To look is allowed without the scope to write; then it is shown, and not recorded.
    let written = store
        .put_note(&one.variable, one.stored.note.as_ref(), &info)
        .await;
    if let Err(trouble) = written {
        let what = format!("not recorded: {}", trouble.what);
        one.warning.get_or_insert(what);
    }
    one.stored.info = Some(info);
}

fn entry(store: &Store, found: Found, now: DateTime<Utc>) -> Entry {
    let info = found.stored.info;
    let expires = info.as_ref().map_or(Expiry::Unknown, |info| info.expires);
    Entry {
        server: info.as_ref().map(|info| info.server.clone()),
        variable: found.variable,
        scope: Place::from(&store.scope),
        user: info.as_ref().and_then(|info| info.user.clone()),
        date_added: info.as_ref().and_then(|info| info.date_added),
        last_authenticated: info.as_ref().and_then(|info| info.last_authenticated),
        expires,
        expires_in_days: expires.days(now),
        token_name: info.and_then(|info| info.token_name),
        warning: found.warning,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(key: &str, value: Option<&str>) -> Variable {
        Variable {
            uuid: format!("{{{key}}}"),
            key: key.to_owned(),
            value: value.map(ToOwned::to_owned),
            secured: value.is_none(),
        }
    }

    #[test]
    fn tokens_are_found_by_their_notes_and_by_their_names() {
        let note = r#"{"server":"https://tc/"}"#;
        let all = [
            variable("TC", None),
            variable("TC_INFO", Some(note)),
            variable("BUILD_INFO", Some("v1")),
            variable("TEAMCITY_TOKEN", None),
            variable("OTHER_TOKEN", None),
            variable("GONE_INFO", Some(note)),
        ];
        assert_eq!(variables(&all), ["GONE", "TC", "TEAMCITY_TOKEN"]);
    }

    #[test]
    fn what_is_odd_is_said() {
        let note = variable("T_INFO", Some(r#"{"server":"https://tc/"}"#));
        let all = [note.clone()];
        assert!(
            oddity(&store::pick(&all, "T"))
                .unwrap()
                .contains("only its note")
        );
        let all = [variable("T", Some("v4lue")), note.clone()];
        assert!(
            oddity(&store::pick(&all, "T"))
                .unwrap()
                .contains("not secured")
        );
        let all = [variable("T", None)];
        assert!(
            oddity(&store::pick(&all, "T"))
                .unwrap()
                .contains("has no note")
        );
        let all = [variable("T", None), note];
        assert_eq!(oddity(&store::pick(&all, "T")), None);
    }
}
