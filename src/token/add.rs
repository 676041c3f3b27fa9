//! `token add`: a token that a person made in TeamCity is checked, then stored.

use url::Url;

use super::info::{Expiry, Info, fingerprint};
use super::scope::Scope;
use super::server::{self, Known, LIMITED_SINCE};
use super::session::Session;
use super::store::{Store, Stored};
use crate::clients::Login;
use crate::preflight::cure::token_page;
use crate::preflight::rights::NEEDED;
use crate::types::Diagnostic;

/// From how many days before a token expires that is said as a warning.
pub const WARN_DAYS: i64 = 14;

/// Adds a token.
///
/// # Errors
/// When anything stands in the way. A token that the server refuses is never stored.
pub async fn add(
    session: &Session,
    server: Option<Url>,
    scope: &Scope,
    variable: &str,
    yes: bool,
) -> Result<(), Diagnostic> {
    let server = session.server(server)?;
    let release = server::version(session, &server).await?;
    session.say(&guide(&server, release));
    let store = Store::open(session, scope).await?;
    let stored = store.read(variable).await?;
    let token = session.token(&server).await?;
    let login = Login::Token(token);
    let known = server::log_in(session, &server, &login).await?;
    let Login::Token(token) = login else {
        return Ok(());
    };
    let ours = known.only_token();
    let now = session.now();
    let expires = known.expiry(ours);
    let info = Info {
        server: server.to_string(),
        user: Some(known.login_name()),
        date_added: Some(now),
        expires,
        last_authenticated: Some(now),
        token_name: ours.and_then(|token| token.name.clone()),
        fingerprint: Some(fingerprint(&token)),
        leftovers: kept_leftovers(&stored, &server, &known),
    };
    introduce(session, &known, expires);
    if stored.variable.is_some() {
        session
            .confirm(&replaces(variable, scope, &stored), yes)
            .await?;
    }
    store
        .put_token(variable, stored.variable.as_ref(), &token)
        .await?;
    store
        .put_note(variable, stored.note.as_ref(), &info)
        .await
        .map_err(|trouble| Diagnostic {
            what: format!("the token is stored, but its note is not: {}", trouble.what),
            ..trouble
        })?;
    session.say(&format!(
        "✔ Stored as the secured variable {variable} of {scope}. Pipelines pass it to the pipe with TEAMCITY_TOKEN: ${variable}"
    ));
    if let Some(old) = stored
        .info
        .filter(|old| old.fingerprint != info.fingerprint)
    {
        session.say(&stays_valid(&old));
    }
    Ok(())
}

/// Where a token is made on that very server, and what it needs.
fn guide(server: &Url, release: Option<(u32, u32)>) -> String {
    let names: Vec<String> = NEEDED
        .iter()
        .map(|right| format!("  - {}", right.name))
        .collect();
    let limit = match release {
        Some(release) if release < LIMITED_SINCE => {
            "A token of this version of TeamCity has all permissions of its user. Create a user for pipelines, with a role in the projects whose builds they run."
        }
        Some(_) => {
            "Limit it there: choose \"Limit per project\" as permission scope, the project whose builds the pipelines run, and the permissions above."
        }
        None => {
            "From TeamCity 2021.1 on, limit it there: choose \"Limit per project\" as permission scope, the project whose builds the pipelines \
             run, and the permissions above."
        }
    };
    format!(
        "Create an access token on {}\nIts user needs these permissions in the projects of the build configurations:\n{}\n{limit}\n",
        token_page(server),
        names.join("\n")
    )
}

/// Says whose token it is, and what is odd about it.
fn introduce(session: &Session, known: &Known, expires: Expiry) {
    session.say(&format!(
        "✔ TeamCity {} accepts it: a token of {}; {expires}",
        known.server.described(),
        known.user.called()
    ));
    let now = known
        .server
        .current_time
        .map_or_else(|| session.now(), |time| time.to_utc());
    if expires.days(now).is_some_and(|days| days < WARN_DAYS) {
        session
            .console
            .warning("It expires soon. 'token rotate' replaces it.");
    }
    if expires == Expiry::Unknown && !known.tokens.token.is_empty() {
        session.console.warning(&format!(
            "The user has {} tokens, and TeamCity does not say which one this is. Its expiry is unknown, and 'token rotate' and 'token remove --revoke' can't find it. 'token create' creates one that they can find.",
            known.tokens.token.len()
        ));
    }
    let Some(limits) = known
        .only_token()
        .and_then(|token| token.permission_restrictions.as_ref())
    else {
        return;
    };
    let projects: Vec<&str> = limits.projects().into_iter().collect();
    if !projects.is_empty() {
        session.say(&format!("  It is limited to {}", projects.join(", ")));
    }
    let lacking: Vec<&str> = NEEDED
        .iter()
        .filter(|right| !limits.names(right.id))
        .map(|right| right.name)
        .collect();
    if !lacking.is_empty() {
        session.console.warning(&format!(
            "The token is limited, and lacks permissions that the pipe may need: {}",
            lacking.join(", ")
        ));
    }
}

/// The question before a token is replaced.
pub fn replaces(variable: &str, scope: &Scope, stored: &Stored) -> String {
    let what = stored.info.as_ref().map_or_else(
        || "it has no note".to_owned(),
        |info| {
            let user = info.user.as_deref().unwrap_or("an unknown user");
            format!("a token of {user} on {}", info.server)
        },
    );
    format!("{variable} of {scope} already exists ({what}) and would be replaced.")
}

/// What is said of a token that is no longer stored.
pub fn stays_valid(old: &Info) -> String {
    let page = Url::parse(&old.server).map_or_else(|_| old.server.clone(), |url| token_page(&url));
    let which = old
        .token_name
        .as_deref()
        .map_or_else(String::new, |name| format!(" \"{name}\""));
    format!(
        "The token{which} that was stored before is still valid in TeamCity. Delete it on {page} if nothing else uses it."
    )
}

/// Names that an unfinished `create` or `rotate` left, if they are of the same server and user.
fn kept_leftovers(stored: &Stored, server: &Url, known: &Known) -> Vec<String> {
    stored
        .info
        .as_ref()
        .filter(|info| info.is_on(server) && info.user.as_deref() == Some(&known.login_name()))
        .map(|info| info.leftovers.clone())
        .unwrap_or_default()
}
