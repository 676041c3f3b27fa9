//! `token remove`: out of Bitbucket, and with `--revoke` out of TeamCity.
//!
//! With `--revoke` the variable goes first, then the token in TeamCity, then the note, which knows the token's name: a
//! repetition after a crash goes on where the first try ended.

use url::Url;

use super::create::login;
use super::info::Info;
use super::rotate::noted_server;
use super::scope::Scope;
use super::server::{self, Known};
use super::session::Session;
use super::store::Store;
use crate::clients::Login;
use crate::preflight::cure::{self, token_page};
use crate::teamcity::ErrorKind;
use crate::types::Diagnostic;

/// Removes a token.
///
/// # Errors
/// When anything stands in the way.
pub async fn remove(
    session: &Session,
    scope: &Scope,
    variable: &str,
    revoke: bool,
    yes: bool,
) -> Result<(), Diagnostic> {
    let store = Store::open(session, scope).await?;
    let stored = store.read(variable).await?;
    if stored.variable.is_none() && stored.note.is_none() {
        return Err(Diagnostic::refused(
            format!("there is no variable {variable} in {scope}"),
            "'token list' shows the stored tokens.",
        ));
    }
    let what = if revoke {
        format!(
            "{variable} would be deleted from {scope}, and its token in TeamCity. Everything else that uses the token stops working."
        )
    } else {
        format!("{variable} would be deleted from {scope}.")
    };
    session.confirm(&what, yes).await?;
    let revocation = match (revoke, &stored.info) {
        (false, _) => None,
        (true, Some(info)) => Some(Revocation::prepare(session, info, variable).await?),
        (true, None) => {
            return Err(Diagnostic::refused(
                format!(
                    "{variable} of {scope} has no note, so its token can't be found in TeamCity"
                ),
                "Leave out --revoke, and delete the token on its user's page in TeamCity. Nothing was changed.",
            ));
        }
    };
    if let Some(known) = &stored.variable {
        store.delete(known).await?;
        session.say(&format!("✔ Deleted {variable} from {scope}"));
    }
    match (&revocation, &stored.info) {
        (Some(revocation), _) => revocation.carry_out(session).await?,
        (None, Some(info)) => session.say(&still_valid(info)),
        (None, None) => session.say(
            "The token is still valid in TeamCity. Delete it on its user's page there (profile, Access Tokens), unless something else uses it.",
        ),
    }
    if let Some(note) = &stored.note {
        store.delete(note).await?;
    }
    Ok(())
}

fn still_valid(info: &Info) -> String {
    let page =
        Url::parse(&info.server).map_or_else(|_| info.server.clone(), |url| token_page(&url));
    let which = match (&info.token_name, &info.user) {
        (Some(name), Some(user)) => format!(" \"{name}\" of {user}"),
        (None, Some(user)) => format!(" of {user}"),
        _ => String::new(),
    };
    format!(
        "The token{which} is still valid in TeamCity. Delete it on {page} unless something else uses it. --revoke does this as well."
    )
}

/// A token that is about to be deleted in TeamCity.
enum Revocation {
    /// Its server accepts it no longer.
    Over(String),
    /// It, and what was left over beside it, by this login.
    Names(Box<Names>),
}

struct Names {
    known: Known,
    server: Url,
    /// The login is by the token itself.
    by_itself: bool,
    names: Vec<String>,
}

impl Revocation {
    /// Makes sure that it can be done, before anything is.
    async fn prepare(session: &Session, info: &Info, variable: &str) -> Result<Self, Diagnostic> {
        let server = noted_server(info, None)?;
        let own = session.secret_variable(variable);
        let login = match own {
            // The environment may hold a token of another server.
            Some(token) if info.is_of(&token) => Login::Token(token),
            _ => login(session, &server, None).await?,
        };
        let by_itself = matches!(&login, Login::Token(token) if info.is_of(token));
        let known = match server::log_in(session, &server, &login).await {
            Ok(known) => known,
            Err(trouble) => {
                if by_itself && trouble.what.ends_with("does not accept the token") {
                    return Ok(Self::Over(server.to_string()));
                }
                return Err(trouble);
            }
        };
        if info
            .user
            .as_deref()
            .is_some_and(|user| user != known.login_name())
        {
            return Err(Diagnostic::refused(
                format!(
                    "the login belongs to {}, but the token in {variable} belongs to {}, who alone may delete it",
                    known.login_name(),
                    info.user.as_deref().unwrap_or_default()
                ),
                "Log in as that user, or leave out --revoke. Nothing was changed.",
            ));
        }
        let only = known.only_token().and_then(|token| token.name.clone());
        let Some(name) = info.token_name.clone().or(only) else {
            return Err(Diagnostic::refused(
                format!(
                    "TeamCity does not say which of {}'s tokens is in {variable}",
                    known.login_name()
                ),
                format!(
                    "Leave out --revoke, and delete the token on {}. Nothing was changed.",
                    token_page(&server)
                ),
            ));
        };
        // What logs in goes last.
        let mut names = info.leftovers.clone();
        names.push(name);
        Ok(Self::Names(Box::new(Names {
            known,
            server,
            by_itself,
            names,
        })))
    }

    async fn carry_out(&self, session: &Session) -> Result<(), Diagnostic> {
        let all = match self {
            Self::Over(server) => {
                session.say(&format!(
                    "✔ {server} no longer accepts the token: it has expired, or was deleted there before"
                ));
                return Ok(());
            }
            Self::Names(all) => all,
        };
        for name in &all.names {
            match all.known.client.delete_token(name).await {
                // A first try whose answer was lost took the login away.
                Err(error) if all.by_itself && error.kind == ErrorKind::Unauthorized => {
                    session.say(&format!("✔ Deleted the token \"{name}\" in TeamCity"));
                }
                Ok(true) => session.say(&format!("✔ Deleted the token \"{name}\" in TeamCity")),
                Ok(false) => session.say(&format!(
                    "✔ The token \"{name}\" was already deleted in TeamCity"
                )),
                Err(error) => {
                    let trouble = cure::login("deleting it", &error, &all.server, "the login");
                    return Err(Diagnostic {
                        what: format!(
                            "the token \"{name}\" is still valid in TeamCity: {}",
                            trouble.what
                        ),
                        cure: format!(
                            "Run the command again, or delete it on {}.",
                            token_page(&all.server)
                        ),
                        ..trouble
                    });
                }
            }
        }
        Ok(())
    }
}
