//! `token rotate`: a new token like the old one, which is deleted once nothing needs it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::command::Rotate;
use super::create::{expiry, free_name, login, tokens};
use super::info::{Expiry, Info};
use super::replace::Replacement;
use super::server::{self, Known};
use super::session::Session;
use super::store::Store;
use crate::clients::Login;
use crate::preflight::cure::token_page;
use crate::teamcity::NewToken;
use crate::teamcity::model::Token;
use crate::types::Diagnostic;

/// Replaces a token by a new one.
///
/// # Errors
/// When anything stands in the way. What is stored works all the same.
pub async fn rotate(session: &Session, command: Rotate) -> Result<(), Diagnostic> {
    let Rotate {
        server,
        scope,
        variable,
        user,
        expires_in,
        yes,
    } = command;
    let store = Store::open(session, &scope).await?;
    let stored = store.read(&variable).await?;
    let (Some(_), Some(info)) = (&stored.variable, stored.info.clone()) else {
        return Err(Diagnostic::refused(
            match &stored.variable {
                None => format!("there is no variable {variable} in {scope}"),
                Some(_) => format!(
                    "{variable} of {scope} has no note, so its token can't be found in TeamCity"
                ),
            },
            "'token create' creates a token, stores it, and writes the note that 'token rotate' needs.",
        ));
    };
    let own = session.noted_secret(&variable, &info, server.as_ref());
    let server = noted_server(&info, server)?;
    let Some(old) = info.token_name.clone() else {
        return Err(Diagnostic::refused(
            format!(
                "TeamCity does not say which of {}'s tokens is in {variable}",
                info.user.as_deref().unwrap_or("its user")
            ),
            format!(
                "Replace it with 'token create', and delete the old one on {}.",
                token_page(&server)
            ),
        ));
    };
    session
        .confirm(
            &format!(
                "{variable} of {scope} would get a new token, and the old one, \"{old}\", would be deleted in TeamCity. Everything else that uses it stops working, including runs that have already started."
            ),
            yes,
        )
        .await?;
    let login = match (user, own) {
        (None, Some(token)) => Login::Token(token),
        (user, _) => login(session, &server, user).await?,
    };
    let known = server::log_in(session, &server, &login).await?;
    if info
        .user
        .as_deref()
        .is_some_and(|user| user != known.login_name())
    {
        return Err(Diagnostic::refused(
            format!(
                "the login belongs to {}, but the token in {variable} belongs to {}",
                known.login_name(),
                info.user.unwrap_or_default()
            ),
            "Log in as that user (--user), or use 'token create' to replace it with a token of another user.",
        ));
    }
    let all = tokens(&known, &server).await?;
    let Some(before) = all.named(&old) else {
        return Err(Diagnostic::refused(
            format!(
                "{} no longer has a token \"{old}\" in TeamCity",
                known.user.called()
            ),
            "Its limits are unknown, so it can't be rotated. Replace it with 'token create'.",
        ));
    };
    let noted: BTreeSet<String> = info.leftovers.iter().cloned().collect();
    let wanted = NewToken {
        name: free_name(stem(&old), &all, &noted),
        expires: expiry(
            &known,
            &server,
            expires_in.or_else(|| validity(&known, before, &info)),
            session.now(),
        )?,
        limits: before.permission_restrictions.clone(),
    };
    Replacement {
        session,
        store: &store,
        variable: &variable,
        stored,
        server: &server,
        known: &known,
        wanted,
        retire: Some(old),
    }
    .make()
    .await
}

/// The server that the note names; an argument must agree.
pub fn noted_server(info: &Info, argument: Option<url::Url>) -> Result<url::Url, Diagnostic> {
    let noted = crate::config::parse_base_url(&info.server).map_err(|(what, _)| {
        Diagnostic::refused(
            format!("the server's address in the token's note {what}"),
            "Use 'token add' or 'token create', which replace the token and its note.",
        )
    })?;
    match argument {
        Some(server) if !info.is_on(&server) => Err(Diagnostic::usage(
            format!("the stored token belongs to {noted}, not to {server}"),
            "Leave out --server, or use that address.",
        )),
        _ => Ok(noted),
    }
}

/// A name without the number that an earlier rotation gave it.
fn stem(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((stem, number))
            if !stem.is_empty()
                && (1..4).contains(&number.len())
                && number.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            stem
        }
        _ => name,
    }
}

/// How long the old token was valid in all; nothing if for ever.
fn validity(known: &Known, old: &Token, info: &Info) -> Option<Duration> {
    let Expiry::At(end) = known.expiry(Some(old)) else {
        return None;
    };
    let start = old
        .creation_time
        .map(|time| time.to_utc())
        .or(info.date_added)?;
    end.signed_duration_since(start).to_std().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_an_earlier_rotation_does_not_pile_up() {
        assert_eq!(stem("bitbucket-acme-app-12"), "bitbucket-acme-app");
        assert_eq!(stem("bitbucket-acme-2026"), "bitbucket-acme-2026");
        assert_eq!(stem("ci"), "ci");
        assert_eq!(stem("-2"), "-2");
    }
}
