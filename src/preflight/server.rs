//! Before anything is queued: is this TeamCity, does it take the token, may the token's user run these configurations?

use super::cure;
use crate::outcome::{Event, Events, Moment};
use crate::teamcity::model::{Server, Tokens};
use crate::teamcity::{Client, ErrorKind};
use crate::types::Diagnostic;

/// Access tokens began with 2019.1.
const OLDEST: (u32, u32) = (2019, 1);
/// Tokens that expire began with 2020.2.
const TOKENS_EXPIRE_SINCE: (u32, u32) = (2020, 2);
/// From how many days before a token expires the user is warned.
const WARN_DAYS: i64 = 14;

/// Checks server and token, and says who runs what where.
///
/// # Errors
/// When the server is no TeamCity of 2019.1 or later, refuses the token, or stays away.
pub async fn connect(client: &Client, events: &dyn Events) -> Result<(u32, u32), Diagnostic> {
    let fail = |error| cure::teamcity("checking the server and the token", &error, client.base());
    let server = client.server().await.map_err(fail)?;
    let Some(release) = server.release() else {
        return Err(cure::teamcity(
            "checking the server",
            &ErrorKind::Unreadable("it does not say its version".to_owned()).into(),
            client.base(),
        ));
    };
    if release < OLDEST {
        return Err(Diagnostic::refused(
            format!(
                "the server is TeamCity {}, which has no access tokens",
                server.described()
            ),
            "teamcity-pipe needs TeamCity 2019.1 or later.",
        ));
    }
    let user = client.current_user().await.map_err(fail)?;
    let tokens = if release >= TOKENS_EXPIRE_SINCE && user.is_some() {
        client.tokens().await.unwrap_or_default()
    } else {
        Tokens::default()
    };
    events.event(&Event::Connected {
        server: client.base().to_string(),
        version: server.described(),
        user: user.map(|user| user.called()),
        expires: expiry(&tokens),
    });
    if let Some(warning) = expiry_warning(&server, &tokens, client.base()) {
        events.event(&Event::Warning(warning));
    }
    Ok(release)
}

/// When the token expires, if the user has no other: the server does not say which of several is in use.
fn expiry(tokens: &Tokens) -> Option<Moment> {
    match tokens.token.as_slice() {
        [only] => only.expiration_time,
        _ => None,
    }
}

fn expiry_warning(server: &Server, tokens: &Tokens, base: &url::Url) -> Option<String> {
    let now = server.current_time?;
    let soonest = tokens
        .token
        .iter()
        .filter(|token| token.expiration_time.is_some_and(|time| time > now))
        .min_by_key(|token| token.expiration_time)?;
    let expires = soonest.expiration_time?;
    let days = (expires - now).num_days();
    if days >= WARN_DAYS {
        return None;
    }
    let which = if tokens.token.len() == 1 {
        "The token"
    } else {
        "A token of this user"
    };
    Some(format!(
        "{which} (\"{}\") expires in {days} days, on {}. Make a new one on {} and put it into the variable TEAMCITY_TOKEN.",
        soonest.name.as_deref().unwrap_or("without a name"),
        expires.format("%Y-%m-%d"),
        super::cure::token_page(base)
    ))
}
