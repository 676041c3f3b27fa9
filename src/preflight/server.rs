//! The way to TeamCity, the server, and who logs in.

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use tokio::time::Instant;
use url::Url;

use super::cure::{self, token_page};
use super::finding::{Bad, Findings, Question};
use crate::teamcity::model::{Restrictions, Server, Token, Tokens, User};
use crate::teamcity::{Client, Error, ErrorKind};

/// Access tokens began with 2019.1.
const OLDEST: (u32, u32) = (2019, 1);
/// Tokens that expire began with 2020.2.
pub const TOKENS_EXPIRE_SINCE: (u32, u32) = (2020, 2);
/// From how many days before a token expires the user is warned.
const WARN_DAYS: i64 = 14;

/// Servers tell their time in whole seconds, and the nodes of one may differ a little.
const CLOCK_SLACK: TimeDelta = TimeDelta::seconds(2);

const NETWORK: Question = "network";
const SERVER: Question = "server";
const TOKEN: Question = "token";
const EXPIRY: Question = "expiry";

/// How the credential of `run` and `check` is called.
pub const TOKEN_VARIABLE: &str = "the token in TEAMCITY_TOKEN";

/// How TeamCity is asked.
pub struct Reach<'a> {
    /// As whoever logs in.
    pub client: &'a Client,
    /// As a stranger: a server that knows no tokens tells its version to everybody.
    pub stranger: &'a Client,
    /// What is sent as credential, in a few words: `the token in TEAMCITY_TOKEN`.
    pub credential: &'a str,
    /// The proxy that requests go through, without its credential.
    pub proxy: Option<&'a str>,
}

/// A server that accepted a login.
#[derive(Debug)]
pub struct Known {
    /// Year and month of its version.
    pub release: (u32, u32),
    /// The server.
    pub server: Server,
    /// Who logged in; `None` for the super user.
    pub user: Option<User>,
    /// The user's tokens; none where they can't be listed.
    pub tokens: Tokens,
    /// When the server told its time.
    told: Instant,
}

impl Known {
    /// What the server's clock shows now, at the earliest.
    pub fn server_time(&self) -> Option<DateTime<FixedOffset>> {
        let elapsed = TimeDelta::from_std(self.told.elapsed()).ok()?;
        self.server
            .current_time?
            .checked_add_signed(elapsed.checked_sub(&CLOCK_SLACK).unwrap_or(elapsed))
    }

    /// When the token expires, where it is the user's only one: the server does not say which of several is in use.
    pub fn expires(&self) -> Option<DateTime<FixedOffset>> {
        match self.tokens.token.as_slice() {
            [only] => only.expiration_time,
            _ => None,
        }
    }

    /// What the token is limited to, where it is the user's only one.
    pub fn limits(&self) -> Option<&Restrictions> {
        match self.tokens.token.as_slice() {
            [only] => only.permission_restrictions.as_ref(),
            _ => None,
        }
    }
}

/// Asks for server, user and tokens.
///
/// # Errors
/// When the server is no TeamCity of 2019.1 or later, refuses the credential, or stays away.
pub async fn server(reach: &Reach<'_>, all: &mut Findings) -> Result<Known, Bad> {
    let base = reach.client.base();
    let told = Instant::now();
    let server = match reach.client.server().await {
        Ok(server) => server,
        Err(error) => return Err(unanswered(reach, &error, all).await),
    };
    all.good(NETWORK, reached(base, reach.proxy));
    let Some(release) = server.release() else {
        return Err(Bad::new(
            SERVER,
            cure::no_teamcity(base, "the server does not say its version"),
        ));
    };
    if release < OLDEST {
        return Err(Bad::new(SERVER, cure::too_old(&server.described())));
    }
    all.good(
        SERVER,
        format!("the server is TeamCity {}", server.described()),
    );
    let user = match reach.client.current_user().await {
        Ok(user) => user,
        Err(error) => return Err(Bad::new(TOKEN, failed(reach, &error))),
    };
    match &user {
        Some(user) => all.good(
            TOKEN,
            format!(
                "TeamCity accepts {}, which belongs to {}",
                reach.credential,
                user.called()
            ),
        ),
        None => all.odd(
            TOKEN,
            format!(
                "{} is the super user's, which works only until the server restarts",
                reach.credential
            ),
            format!(
                "Log in to TeamCity as a user, and create a token on {}.",
                token_page(base)
            ),
        ),
    }
    // A limited token may be kept from the list.
    let tokens = if release >= TOKENS_EXPIRE_SINCE && user.is_some() {
        reach.client.tokens().await.unwrap_or_default()
    } else {
        Tokens::default()
    };
    Ok(Known {
        told,
        release,
        server,
        user,
        tokens,
    })
}

/// Why the first request got no good answer. A server before access tokens refuses each of them: its version tells.
async fn unanswered(reach: &Reach<'_>, error: &Error, all: &mut Findings) -> Bad {
    let base = reach.client.base();
    match &error.kind {
        ErrorKind::Unauthorized => {
            all.good(NETWORK, reached(base, reach.proxy));
            if let Ok(text) = reach.stranger.version_text().await {
                if release(&text).is_some_and(|release| release < OLDEST) {
                    return Bad::new(SERVER, cure::too_old(&text));
                }
                all.good(SERVER, format!("the server is TeamCity {text}"));
            }
            Bad::new(TOKEN, cure::unauthorized(base, reach.credential))
        }
        // TeamCity has this resource on every version, and shows it to every user.
        ErrorKind::NotFound(why) => Bad::new(NETWORK, cure::no_teamcity(base, why)),
        _ => Bad::new(NETWORK, failed(reach, error)),
    }
}

fn failed(reach: &Reach<'_>, error: &Error) -> crate::types::Diagnostic {
    match error.kind {
        ErrorKind::Unauthorized => cure::unauthorized(reach.client.base(), reach.credential),
        _ => cure::teamcity("connecting to TeamCity", error, reach.client.base()),
    }
}

fn reached(base: &Url, proxy: Option<&str>) -> String {
    match proxy {
        None => format!("{base} is reached directly"),
        Some(proxy) => format!("{base} is reached through the proxy {proxy}"),
    }
}

/// Asks as a stranger, for those who have no token yet: the version, if the server tells it.
///
/// # Errors
/// When the server is no TeamCity of 2019.1 or later, or stays away.
pub async fn version(
    stranger: &Client,
    proxy: Option<&str>,
    all: &mut Findings,
) -> Result<Option<(u32, u32)>, Bad> {
    let base = stranger.base();
    let text = match stranger.version_text().await {
        Ok(text) => text,
        // It hides its version, or a gateway before it wants a credential.
        Err(error) if error.kind == ErrorKind::Unauthorized => {
            all.good(NETWORK, reached(base, proxy));
            return Ok(None);
        }
        Err(error) => {
            let wrong = match &error.kind {
                ErrorKind::NotFound(why) => cure::no_teamcity(base, why),
                _ => cure::teamcity("connecting to TeamCity", &error, base),
            };
            return Err(Bad::new(NETWORK, wrong));
        }
    };
    all.good(NETWORK, reached(base, proxy));
    let release = release(&text);
    match release {
        Some(release) if release < OLDEST => Err(Bad::new(SERVER, cure::too_old(&text))),
        // Cloud leaves the version out of its name.
        None if !text.starts_with("(build") => Err(Bad::new(
            SERVER,
            cure::no_teamcity(base, "it has no TeamCity version"),
        )),
        release => {
            all.good(SERVER, format!("the server is TeamCity {text}"));
            Ok(release)
        }
    }
}

/// Year and month out of `2024.12.1 (build 174331)`.
fn release(text: &str) -> Option<(u32, u32)> {
    let number = text.split_whitespace().next()?;
    let mut parts = number.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// What kind of token it is, and when it expires. `now` counts where the server does not tell its time.
pub fn expiry(known: &Known, base: &Url, now: DateTime<Utc>, all: &mut Findings) {
    let now = known.server.current_time.map_or(now, |time| time.to_utc());
    let left = |token: &Token| {
        let expires = token.expiration_time?.to_utc();
        Some((expires, expires.signed_duration_since(now).num_days()))
    };
    let page = token_page(base);
    match known.tokens.token.as_slice() {
        [] => {}
        [only] => {
            let name = only.name.as_deref().unwrap_or("without a name");
            let limits = only.permission_restrictions.as_ref().map_or_else(
                || "has all permissions of its user".to_owned(),
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
                    EXPIRY,
                    format!("the token \"{name}\" {limits}, and never expires"),
                ),
                Some((expires, days)) if days < WARN_DAYS => {
                    let date = expires.format("%Y-%m-%d");
                    all.odd(
                        EXPIRY,
                        format!("the token \"{name}\" {limits}, and expires in {days} days, on {date} (UTC)"),
                        format!("Create a new one on {page}, and store it as a secured variable. 'token rotate' does both."),
                    );
                }
                Some((expires, days)) => {
                    let date = expires.format("%Y-%m-%d");
                    all.good(
                        EXPIRY,
                        format!(
                            "the token \"{name}\" {limits}, and expires in {days} days, on {date} (UTC)"
                        ),
                    );
                }
            }
        }
        several => {
            let soonest = several
                .iter()
                .filter_map(|token| Some((token, left(token)?)))
                .filter(|(_, (expires, _))| *expires > now)
                .min_by_key(|(_, (expires, _))| *expires);
            let which = format!(
                "the user has {} tokens, and TeamCity does not say which one is in use",
                several.len()
            );
            match soonest {
                Some((token, (expires, days))) if days < WARN_DAYS => {
                    let date = expires.format("%Y-%m-%d");
                    let name = token.name.as_deref().unwrap_or("without a name");
                    all.odd(
                        EXPIRY,
                        format!("{which}; \"{name}\" expires in {days} days, on {date} (UTC)"),
                        format!("If it is the one in use, create a new one on {page}, and store it as a secured variable. 'token rotate' does both."),
                    );
                }
                Some((_, (expires, _))) => all.good(
                    EXPIRY,
                    format!(
                        "{which}; none expires before {} (UTC)",
                        expires.format("%Y-%m-%d")
                    ),
                ),
                None => all.good(EXPIRY, format!("{which}; none expires")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_its_text() {
        assert_eq!(release("2024.12.1 (build 174331)"), Some((2024, 12)));
        assert_eq!(release("10.0.5 (build 42677)"), Some((10, 0)));
        assert_eq!(release("(build 197398)"), None);
        assert_eq!(release(""), None);
    }
}
