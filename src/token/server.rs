//! What TeamCity says of itself and of whoever logs in.

use std::ops::Deref;

use url::Url;

use super::info::Expiry;
use super::session::Session;
use crate::clients::Login;
use crate::preflight::cure::token_page;
use crate::preflight::{self, Findings, Reach, TOKENS_EXPIRE_SINCE};
use crate::teamcity::Client;
use crate::teamcity::model::{Token, User};
use crate::types::Diagnostic;

/// Limited tokens, and requests that name an expiry, began with 2021.1.
pub const LIMITED_SINCE: (u32, u32) = (2021, 1);

/// A server that accepted a login.
pub struct Known {
    /// Its client.
    pub client: Client,
    /// Who logged in.
    pub user: User,
    about: preflight::Known,
}

impl Deref for Known {
    type Target = preflight::Known;

    fn deref(&self) -> &Self::Target {
        &self.about
    }
}

impl Known {
    /// The user's login name.
    pub fn login_name(&self) -> String {
        self.user.username.clone().unwrap_or_default()
    }

    /// The only token of the user, which then must be the one in use.
    pub fn only_token(&self) -> Option<&Token> {
        match self.tokens.token.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// When a token expires.
    pub fn expiry(&self, token: Option<&Token>) -> Expiry {
        if self.release < TOKENS_EXPIRE_SINCE {
            return Expiry::Never;
        }
        match token {
            None => Expiry::Unknown,
            Some(token) => token
                .expiration_time
                .map_or(Expiry::Never, |time| Expiry::At(time.to_utc())),
        }
    }
}

/// Logs in, and learns who that is.
///
/// # Errors
/// When the server is none of TeamCity's, is too old, refuses, or stays away.
pub async fn log_in(session: &Session, server: &Url, login: &Login) -> Result<Known, Diagnostic> {
    let client = session.teamcity(server, login)?;
    let reach = Reach {
        client: &client,
        stranger: &session.teamcity(server, &Login::Stranger)?,
        credential: &login.described(),
        proxy: None,
    };
    let mut about = preflight::server(&reach, &mut Findings::default()).await?;
    let Some(user) = about.user.take() else {
        return Err(Diagnostic::refused(
            format!(
                "{} is the super user's, which works only until the server restarts",
                reach.credential
            ),
            format!(
                "Log in to TeamCity as a user, and create a token on {}.",
                token_page(server)
            ),
        ));
    };
    Ok(Known {
        client,
        user,
        about,
    })
}

/// The version that a server tells everybody; nothing if it hides it.
///
/// # Errors
/// When it can't be reached, is none of TeamCity's, or is too old.
pub async fn version(session: &Session, server: &Url) -> Result<Option<(u32, u32)>, Diagnostic> {
    let stranger = session.teamcity(server, &Login::Stranger)?;
    let version = preflight::version(&stranger, None, &mut Findings::default()).await?;
    Ok(version)
}
