//! What TeamCity says of itself and of whoever logs in.

use url::Url;

use super::info::Expiry;
use super::session::Session;
use crate::clients::Login;
use crate::preflight::cure::{self, token_page};
use crate::teamcity::model::{Server, Token, Tokens, User};
use crate::teamcity::{Client, ErrorKind};
use crate::types::Diagnostic;

/// Access tokens began with 2019.1.
const OLDEST: (u32, u32) = (2019, 1);
/// Tokens that expire began with 2020.2.
const EXPIRE_SINCE: (u32, u32) = (2020, 2);
/// Limited tokens, and requests that name an expiry, began with 2021.1.
pub const LIMITED_SINCE: (u32, u32) = (2021, 1);

/// Permissions that the pipe needs, by their ids and by the names in TeamCity's pages.
pub const NEEDED: &[(&str, &str)] = &[
    ("view_project", "View project and all parent projects"),
    ("run_build", "Run build"),
    ("cancel_build", "Stop build / remove from queue"),
    ("customize_build_parameters", "Customize build parameters"),
    ("customize_build_revisions", "Customize build revisions"),
    (
        "view_build_runtime_data",
        "View build runtime parameters and data",
    ),
    (
        "view_build_configuration_settings",
        "View build configuration settings",
    ),
    ("tag_build", "Tag build"),
    ("comment_build", "Comment build"),
];

/// A server that accepted a login.
pub struct Known {
    /// Its client.
    pub client: Client,
    /// Year and month of its version.
    pub release: (u32, u32),
    /// The server.
    pub server: Server,
    /// Who logged in.
    pub user: User,
    /// The user's tokens.
    pub tokens: Tokens,
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
        if self.release < EXPIRE_SINCE {
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
    let credential = login.described();
    let fail = |error| cure::login("logging in to TeamCity", &error, server, &credential);
    let about = client.server().await.map_err(fail)?;
    let Some(release) = about.release() else {
        let error = ErrorKind::Unreadable("it does not say its version".to_owned()).into();
        return Err(fail(error));
    };
    if release < OLDEST {
        return Err(too_old(server, &about.described()));
    }
    let Some(user) = client.current_user().await.map_err(fail)? else {
        return Err(Diagnostic::refused(
            format!("{credential} is the super user's, which works only until the server restarts"),
            format!(
                "Log in to TeamCity as a user, and make a token on {}.",
                token_page(server)
            ),
        ));
    };
    // A limited token may be kept from the list.
    let tokens = client.tokens().await.unwrap_or_default();
    Ok(Known {
        client,
        release,
        server: about,
        user,
        tokens,
    })
}

/// The version that a server tells everybody; nothing if it hides it.
///
/// # Errors
/// When it can't be reached, is none of TeamCity's, or is too old.
pub async fn version(session: &Session, server: &Url) -> Result<Option<(u32, u32)>, Diagnostic> {
    let text = match session
        .teamcity(server, &Login::Stranger)?
        .version_text()
        .await
    {
        Ok(text) => text,
        Err(error) if error.kind == ErrorKind::Unauthorized => return Ok(None),
        Err(error) => {
            return Err(cure::login(
                "looking for TeamCity",
                &error,
                server,
                "strangers",
            ));
        }
    };
    let release = release(&text);
    match release {
        Some(release) if release < OLDEST => Err(too_old(server, &text)),
        _ => Ok(release),
    }
}

/// Year and month out of `2024.12.1 (build 174331)`.
pub fn release(text: &str) -> Option<(u32, u32)> {
    let number = text.split_whitespace().next()?;
    let mut parts = number.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn too_old(server: &Url, version: &str) -> Diagnostic {
    let version = crate::types::text::one_line(version, 60);
    Diagnostic::refused(
        format!("{server} is TeamCity {version}, which has no access tokens"),
        "They began with TeamCity 2019.1.",
    )
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
