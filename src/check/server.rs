//! The way to TeamCity, the server, and the token.

use chrono::{DateTime, Utc};
use url::Url;

use super::finding::Findings;
use super::network;
use crate::exit::ExitStatus;
use crate::preflight::cure::{self, token_page};
use crate::teamcity::model::{Server, Token, Tokens};
use crate::teamcity::{Client, Error, ErrorKind};
use crate::types::Diagnostic;

/// Access tokens began with 2019.1.
const OLDEST: (u32, u32) = (2019, 1);
/// From how many days before a token expires that is odd.
const WARN_DAYS: i64 = 14;

/// Whether TeamCity is there. It is asked without the token.
pub async fn reach(all: &mut Findings, stranger: &Client, url: &Url, proxy: Option<&str>) -> bool {
    let way = proxy.map_or_else(
        || "directly".to_owned(),
        |proxy| format!("through the proxy {proxy}"),
    );
    match stranger.version_text().await {
        Ok(text) => {
            all.good("network", format!("{url} is reached {way}"));
            match crate::token::release(&text) {
                Some(release) if release < OLDEST => all.bad(
                    "server",
                    format!("the server is TeamCity {text}, which has no access tokens"),
                    "The pipe needs TeamCity 2019.1 or later.",
                    ExitStatus::Refused,
                ),
                Some(_) => all.good("server", format!("it is TeamCity {text}")),
                // Cloud leaves the version out of its name.
                None if text.starts_with("(build") => {
                    all.good("server", format!("it is TeamCity {text}"));
                }
                None => {
                    all.bad(
                        "server",
                        "what answers is not TeamCity: it has no version of TeamCity's",
                        format!("Check TEAMCITY_URL: {url} must be the server's base address, with its context path."),
                        ExitStatus::Unreachable,
                    );
                    return false;
                }
            }
            true
        }
        // A gateway before TeamCity, or a server that hides its version: the token will tell.
        Err(error) if error.kind == ErrorKind::Unauthorized => {
            all.good("network", format!("{url} is reached {way}"));
            true
        }
        Err(error) => {
            trouble(all, "network", "looking for TeamCity", &error, url, proxy);
            false
        }
    }
}

/// Adds what a failed request tells.
pub fn trouble(
    all: &mut Findings,
    check: &'static str,
    doing: &str,
    error: &Error,
    url: &Url,
    proxy: Option<&str>,
) {
    let Diagnostic { what, cure, status } = cure::teamcity(doing, error, url);
    // Whoever answers a request for the version with a refusal is no TeamCity, or none that can be spoken to.
    let status = if check == "network" {
        ExitStatus::Unreachable
    } else {
        status
    };
    let (what, cure) = network::explain(&error.kind, url, proxy).unwrap_or((what, cure));
    all.bad(check, what, cure, status);
}

/// Whether the token is good; the server's release if it is.
pub async fn token(all: &mut Findings, client: &Client, now: DateTime<Utc>) -> Option<(u32, u32)> {
    let url = client.base();
    let server = match client.server().await {
        Ok(server) => server,
        Err(error) => {
            trouble(all, "token", "checking the token", &error, url, None);
            return None;
        }
    };
    let Some(release) = server.release().filter(|release| *release >= OLDEST) else {
        all.bad(
            "server",
            format!(
                "the server is TeamCity {}, which is too old or does not say its version",
                server.described()
            ),
            "The pipe needs TeamCity 2019.1 or later.",
            ExitStatus::Refused,
        );
        return None;
    };
    match client.current_user().await {
        Ok(Some(user)) => {
            all.good(
                "token",
                format!("TeamCity accepts the token, which is {}'s", user.called()),
            );
            let tokens = client.tokens().await.unwrap_or_default();
            kind(all, &server, &tokens, url, now);
        }
        Ok(None) => all.odd(
            "token",
            "TeamCity accepts the token, which is the super user's",
            format!(
                "It works only until the server restarts. Make one of a user on {}.",
                token_page(url)
            ),
        ),
        Err(error) => {
            trouble(all, "token", "reading the token's user", &error, url, None);
            return None;
        }
    }
    Some(release)
}

/// What kind of token it is, and when it expires.
fn kind(all: &mut Findings, server: &Server, tokens: &Tokens, url: &Url, now: DateTime<Utc>) {
    let now = server.current_time.map_or(now, |time| time.to_utc());
    let left = |token: &Token| {
        let expires = token.expiration_time?.to_utc();
        Some((expires, (expires - now).num_days()))
    };
    let page = token_page(url);
    match tokens.token.as_slice() {
        [] => {}
        [only] => {
            let name = only.name.as_deref().unwrap_or("without a name");
            let limits = only.permission_restrictions.as_ref().map_or_else(
                || "may do all that its user may".to_owned(),
                |limits| {
                    let projects: Vec<&str> = limits.projects().into_iter().collect();
                    if projects.is_empty() {
                        "is limited to some permissions".to_owned()
                    } else {
                        format!("is limited to {}", projects.join(", "))
                    }
                },
            );
            match left(only) {
                None => all.good(
                    "expiry",
                    format!("the token \"{name}\" {limits}, and never expires"),
                ),
                Some((expires, days)) if days < WARN_DAYS => all.odd(
                    "expiry",
                    format!(
                        "the token \"{name}\" {limits}, and expires in {days} days, on {}",
                        expires.format("%Y-%m-%d")
                    ),
                    format!("Replace it: 'token rotate', or make a new one on {page}."),
                ),
                Some((expires, days)) => all.good(
                    "expiry",
                    format!(
                        "the token \"{name}\" {limits}, and expires in {days} days, on {}",
                        expires.format("%Y-%m-%d")
                    ),
                ),
            }
        }
        several => {
            let soonest = several
                .iter()
                .filter_map(|token| Some((token, left(token)?)))
                .filter(|(_, (_, days))| *days >= 0)
                .min_by_key(|(_, (expires, _))| *expires);
            let which = format!(
                "the user has {} tokens, and TeamCity does not tell which this is",
                several.len()
            );
            match soonest {
                Some((token, (expires, days))) if days < WARN_DAYS => all.odd(
                    "expiry",
                    format!(
                        "{which}; \"{}\" expires in {days} days, on {}",
                        token.name.as_deref().unwrap_or_default(),
                        expires.format("%Y-%m-%d")
                    ),
                    format!("If it is this one, replace it: make a new one on {page}."),
                ),
                Some((_, (expires, _))) => all.good(
                    "expiry",
                    format!(
                        "{which}; none expires before {}",
                        expires.format("%Y-%m-%d")
                    ),
                ),
                None => all.good("expiry", format!("{which}; none expires")),
            }
        }
    }
}
