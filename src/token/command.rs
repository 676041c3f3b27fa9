//! What the `token` commands can be asked to do.

use std::time::Duration;

use url::Url;

use super::scope::Scope;

/// What to do with a token. A token itself is never an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenCommand {
    /// Check a token, and store it in Bitbucket.
    Add {
        /// The TeamCity server; without it, `TEAMCITY_URL`.
        server: Option<Url>,
        /// Where to store it.
        scope: Scope,
        /// The variable to store it in.
        variable: String,
        /// Replace without asking.
        yes: bool,
    },
    /// Make a token on the server, and store it in Bitbucket.
    Create(Create),
    /// Replace a token by a new one.
    Rotate(Rotate),
    /// Show what is stored.
    List {
        /// Where to look, at least one place.
        scopes: Vec<Scope>,
        /// As JSON.
        json: bool,
    },
    /// Delete a token from Bitbucket.
    Remove {
        /// Where it is stored.
        scope: Scope,
        /// The variable that holds it.
        variable: String,
        /// Delete it in TeamCity too.
        revoke: bool,
        /// Delete without asking.
        yes: bool,
    },
}

/// How to make a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Create {
    /// The TeamCity server; without it, `TEAMCITY_URL`.
    pub server: Option<Url>,
    /// Where to store it.
    pub scope: Scope,
    /// The variable to store it in.
    pub variable: String,
    /// Log in as this user, with a password; without it, with a token.
    pub user: Option<String>,
    /// The token's name in TeamCity; without it, one made from the scope.
    pub name: Option<String>,
    /// How long the token is valid; without it, for ever.
    pub expires_in: Option<Duration>,
    /// Limit the token to this project, and to the permissions that the pipe needs.
    pub project: Option<String>,
    /// Replace without asking.
    pub yes: bool,
}

/// How to replace a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotate {
    /// The TeamCity server; without it, the one that is noted beside the token.
    pub server: Option<Url>,
    /// Where it is stored.
    pub scope: Scope,
    /// The variable that holds it.
    pub variable: String,
    /// Log in as this user, with a password; without it, with the token itself.
    pub user: Option<String>,
    /// How long the new token is valid; without it, as long as the old one was.
    pub expires_in: Option<Duration>,
    /// Replace without asking.
    pub yes: bool,
}
