//! What all token commands work with: settings, the person, clients of both servers.

use std::ffi::OsString;
use std::rc::Rc;

use chrono::{DateTime, Utc};
use url::Url;

use super::info::{Info, whole};
use crate::bitbucket;
use crate::clients::{Clients, Login};
use crate::config::{self, TokenSettings, parse_base_url};
use crate::preflight::cure;
use crate::report::console::Console;
use crate::teamcity::Client;
use crate::types::text::plain_line;
use crate::types::{Diagnostic, Secret};
use crate::world::World;

/// What all token commands work with.
pub struct Session {
    /// The variables.
    pub settings: TokenSettings,
    /// Where everything is said.
    pub console: Rc<Console>,
    environment: Vec<(OsString, OsString)>,
    world: World,
    clients: Clients,
}

impl Session {
    /// Puts a session together.
    pub fn new(
        settings: TokenSettings,
        environment: Vec<(OsString, OsString)>,
        world: World,
        console: Rc<Console>,
        clients: Clients,
    ) -> Self {
        Self {
            settings,
            console,
            environment,
            world,
            clients,
        }
    }

    /// Says something.
    pub fn say(&self, text: &str) {
        // Names come from servers and from whoever may write a note.
        for line in text.lines() {
            self.console.line(&plain_line(line));
        }
    }

    /// The time.
    pub fn now(&self) -> DateTime<Utc> {
        whole((self.world.now)())
    }

    /// How wide a table may be; nothing where no terminal cuts it.
    pub fn columns(&self) -> Option<usize> {
        self.world.person.columns()
    }

    /// A variable's value, if it is set.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let (_, value) = self.environment.iter().find(|(known, _)| known == name)?;
        let value = value.to_str()?.trim();
        // A `$NAME` is what Pipelines leaves of a variable that does not exist.
        (!value.is_empty() && !value.starts_with('$')).then_some(value)
    }

    /// A variable's value, as a secret.
    pub fn secret_variable(&self, name: &str) -> Option<Secret> {
        let value = self.variable(name)?;
        config::token_mistake(value)
            .is_none()
            .then(|| Secret::new(value))
    }

    /// A variable's value, if it may be sent to the server that a note names. A note is plain text that others may write: it
    /// counts where it knows the value, or where the caller named the same server.
    pub fn noted_secret(&self, name: &str, info: &Info, named: Option<&Url>) -> Option<Secret> {
        let value = self.secret_variable(name)?;
        let own = self.server_variable().ok().flatten();
        let is_meant = named.or(own.as_ref()).is_some_and(|own| info.is_on(own));
        (info.is_of(&value) || is_meant).then_some(value)
    }

    /// The server: from the argument, or from `TEAMCITY_URL`.
    ///
    /// # Errors
    /// When neither names one.
    pub fn server(&self, argument: Option<Url>) -> Result<Url, Diagnostic> {
        if let Some(url) = argument {
            return Ok(url);
        }
        self.server_variable()?.ok_or_else(|| {
            Diagnostic::usage(
                "no TeamCity server is named",
                "Add --server https://teamcity.example.com, or set TEAMCITY_URL.",
            )
        })
    }

    /// The server that `TEAMCITY_URL` names.
    ///
    /// # Errors
    /// When it is no address.
    pub fn server_variable(&self) -> Result<Option<Url>, Diagnostic> {
        ["TEAMCITY_URL", "TEAMCITY_SERVER"]
            .into_iter()
            .find_map(|name| Some((name, self.variable(name)?)))
            .map(|(name, text)| {
                parse_base_url(text)
                    .map_err(|(what, how)| Diagnostic::usage(format!("{name} {what}"), how))
            })
            .transpose()
    }

    /// Reads a secret: from standard input, or asked for without echo.
    ///
    /// # Errors
    /// When there is none.
    pub async fn secret(&self, what: &str) -> Result<Secret, Diagnostic> {
        let person = &self.world.person;
        let read = if person.can_be_asked() {
            person
                .ask_secretly(&format!("{what} (not shown while you type): "))
                .await
        } else {
            person.standard_input().await
        };
        let text = read.map_err(|error| {
            Diagnostic::usage(
                format!("{what} can't be read: {error}"),
                "Pass it on standard input, or run the command in a terminal.",
            )
        })?;
        let text = text.trim();
        if text.is_empty() {
            return Err(Diagnostic::usage(
                format!("no {what} was given"),
                "Pass it on standard input, or run the command in a terminal. It can't be an argument, because process lists show arguments.",
            ));
        }
        Ok(Secret::new(text))
    }

    /// Reads a token of a server, and looks at its form.
    ///
    /// # Errors
    /// When there is none, or it can't be one.
    pub async fn token(&self, server: &Url) -> Result<Secret, Diagnostic> {
        let token = self.secret(&format!("access token of {server}")).await?;
        match config::token_mistake(token.expose()) {
            None => Ok(token),
            Some((what, how)) => Err(Diagnostic::usage(format!("the given token {what}"), how)),
        }
    }

    /// Asks before something is replaced or deleted.
    ///
    /// # Errors
    /// When the answer is no, or nobody can be asked.
    pub async fn confirm(&self, what: &str, yes: bool) -> Result<(), Diagnostic> {
        if yes {
            return Ok(());
        }
        let person = &self.world.person;
        if !person.can_be_asked() {
            return Err(Diagnostic::usage(
                format!("{what} There is no terminal on which to confirm it"),
                "Add --yes to confirm. Nothing was changed.",
            ));
        }
        let answer = person.ask(&format!("{what} Go on? [y/N] ")).await;
        match answer
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
            .as_str()
        {
            "y" | "yes" => Ok(()),
            _ => Err(Diagnostic::usage(
                "the command was not confirmed",
                "Nothing was changed. Answer 'y', or add --yes.",
            )),
        }
    }

    /// A client of a TeamCity server.
    ///
    /// # Errors
    /// When certificates or the credential can't be used.
    pub fn teamcity(&self, server: &Url, login: &Login) -> Result<Client, Diagnostic> {
        self.clients.teamcity(server, login)
    }

    /// A client of Bitbucket's API.
    ///
    /// # Errors
    /// When there is no credential, or it can't be used.
    pub fn bitbucket(&self) -> Result<bitbucket::Client, Diagnostic> {
        let settings = &self.settings.bitbucket;
        let credential = settings.credential.as_ref();
        let credential = credential.ok_or_else(cure::no_bitbucket_credential)?;
        self.clients.bitbucket(&settings.api_url, credential)
    }
}
