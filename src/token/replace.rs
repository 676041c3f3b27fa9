//! A new token takes the place of whatever is stored: the one path of `create` and `rotate`.
//!
//! The order, and what a crash leaves behind at each point:
//!
//! | step | stored value | in TeamCity | the note says |
//! |---|---|---|---|
//! | 1. the new name goes into the note's `leftovers` | old | old | old, leftovers: new |
//! | 2. TeamCity makes the new token | old | old, new | the same |
//! | 3. TeamCity accepts it | old | old, new | the same |
//! | 4. Bitbucket stores it | new | old, new | the same |
//! | 5. it is there, and TeamCity still accepts it | new | old, new | the same |
//! | 6. the note is replaced | new | old, new | new, leftovers: old |
//! | 7. leftovers are deleted in TeamCity | new | new | the same |
//! | 8. the note is replaced | new | new | new |
//!
//! So the stored value works in each row. From outside, rows 2 to 5 can't be told apart, since a secured value can't be
//! read back: a repetition makes one more token, and deletes all leftovers only when that one is known to be stored. Step 1
//! also shows whether the Bitbucket credential may write, before anything is made.

use std::collections::BTreeSet;

use url::Url;

use super::info::{Info, fingerprint};
use super::server::Known;
use super::session::Session;
use super::store::{Store, Stored};
use crate::clients::Login;
use crate::exit::ExitStatus;
use crate::preflight::cure::{self, token_page};
use crate::teamcity::model::Token;
use crate::teamcity::{Client, ErrorKind, NewToken};
use crate::types::Diagnostic;
use crate::types::Secret;

/// Since when a request that makes a token has a body.
use super::server::LIMITED_SINCE as BODY_SINCE;

/// A replacement that is about to be made.
pub struct Replacement<'a> {
    /// The session.
    pub session: &'a Session,
    /// Where it is stored.
    pub store: &'a Store,
    /// Under which name.
    pub variable: &'a str,
    /// What is stored there.
    pub stored: Stored,
    /// The server's address.
    pub server: &'a Url,
    /// Who logged in, and so whose token it will be.
    pub known: &'a Known,
    /// The token to be made.
    pub wanted: NewToken,
    /// The name of the token that is to be deleted at the end.
    pub retire: Option<String>,
}

impl Replacement<'_> {
    /// Makes it.
    ///
    /// # Errors
    /// When anything stands in the way. What is stored works all the same.
    pub async fn make(mut self) -> Result<(), Diagnostic> {
        let (session, store, variable) = (self.session, self.store, self.variable);
        let name = self.wanted.name.clone();
        self.announce().await?;
        let made = match self
            .known
            .client
            .create_token(&self.wanted, self.known.release < BODY_SINCE)
            .await
        {
            Ok(made) => made,
            Err(error) => return Err(self.not_made(&error)),
        };
        let expires = self.known.expiry(Some(&made));
        session.say(&format!(
            "✔ Created the token \"{name}\" of {}; {expires}",
            self.known.user.called()
        ));
        let Some(value) = made.value.clone() else {
            return Err(self.useless(&made).await);
        };
        let new = match session.teamcity(self.server, &Login::Token(value.clone())) {
            Ok(new) => new,
            Err(_) => return Err(self.useless(&made).await),
        };
        if let Err(trouble) = self.accepts(&new).await {
            self.take_back(&name).await;
            return Err(trouble);
        }
        if let Err(trouble) = store
            .put_token(variable, self.stored.variable.as_ref(), &value)
            .await
        {
            return Err(self.not_stored(trouble, &name).await);
        }
        self.verify(&new).await?;
        session.say(&format!(
            "✔ Stored it as the secured variable {variable} of {}; TeamCity accepts it",
            store.scope
        ));
        let info = self.note(&value, &made, expires);
        store
            .put_note(variable, self.stored.note.as_ref(), &info)
            .await
            .map_err(|trouble| Diagnostic {
                what: format!(
                    "the new token is stored, but its note is not, so the old token was not deleted: {}",
                    trouble.what
                ),
                cure: format!("{} Then run the command again.", trouble.cure),
                ..trouble
            })?;
        self.clean(&new, info).await
    }

    /// Step 1.
    async fn announce(&mut self) -> Result<(), Diagnostic> {
        let mut info = match &self.stored.info {
            Some(info) if self.is_same(info) => info.clone(),
            // Of another server or user: it stays as it is until its token is replaced.
            Some(info) => {
                let info = info.clone();
                return self
                    .store
                    .put_note(self.variable, self.stored.note.as_ref(), &info)
                    .await;
            }
            None => Info {
                server: self.server.to_string(),
                user: Some(self.known.login_name()),
                ..Info::default()
            },
        };
        if !info.leftovers.contains(&self.wanted.name) {
            info.leftovers.push(self.wanted.name.clone());
        }
        self.store
            .put_note(self.variable, self.stored.note.as_ref(), &info)
            .await
    }

    fn is_same(&self, info: &Info) -> bool {
        info.is_on(self.server) && info.user.as_deref() == Some(&self.known.login_name())
    }

    /// The note about the new token, with all that is to be deleted.
    fn note(&self, value: &Secret, made: &Token, expires: super::info::Expiry) -> Info {
        let now = self.session.now();
        let name = made.name.as_ref().unwrap_or(&self.wanted.name);
        let before = self.stored.info.iter().filter(|info| self.is_same(info));
        let leftovers = before
            .flat_map(|info| &info.leftovers)
            .chain(&self.retire)
            .filter(|leftover| *leftover != name);
        let mut seen = BTreeSet::new();
        Info {
            server: self.server.to_string(),
            user: Some(self.known.login_name()),
            date_added: Some(now),
            expires,
            last_authenticated: Some(now),
            token_name: Some(name.clone()),
            fingerprint: Some(fingerprint(value)),
            leftovers: leftovers
                .filter(|leftover| seen.insert(*leftover))
                .cloned()
                .collect(),
        }
    }

    /// Whether the new token works, and is this user's.
    async fn accepts(&self, new: &Client) -> Result<(), Diagnostic> {
        let user = new.current_user().await.map_err(|error| {
            cure::login(
                "checking the new token",
                &error,
                self.server,
                "the new token",
            )
        })?;
        let called = user.and_then(|user| user.username).unwrap_or_default();
        if called == self.known.login_name() {
            return Ok(());
        }
        Err(Diagnostic::refused(
            "the new token belongs to another user",
            "Nothing was replaced. Check whether a proxy in front of TeamCity changes its answers.",
        ))
    }

    /// Step 5.
    async fn verify(&self, new: &Client) -> Result<(), Diagnostic> {
        let again = |trouble: Diagnostic| Diagnostic {
            what: format!(
                "the new token was stored, but could not be verified, so the old token was not deleted: {}",
                trouble.what
            ),
            cure: format!("{} Then run the command again.", trouble.cure),
            ..trouble
        };
        let stored = self.store.read(self.variable).await.map_err(again)?;
        match stored.variable {
            Some(variable) if variable.secured => {}
            Some(_) => {
                return Err(Diagnostic::refused(
                    format!(
                        "Bitbucket stored {} as a plain variable, which everybody can read",
                        self.variable
                    ),
                    format!(
                        "Delete that variable in Bitbucket's settings, delete the token \"{}\" on {}, and run the command again.",
                        self.wanted.name,
                        token_page(self.server)
                    ),
                ));
            }
            None => {
                return Err(again(Diagnostic::refused(
                    format!("Bitbucket does not list {}", self.variable),
                    "Check the variables in Bitbucket's settings.",
                )));
            }
        }
        self.accepts(new).await.map_err(again)
    }

    /// Steps 7 and 8.
    async fn clean(&self, new: &Client, mut info: Info) -> Result<(), Diagnostic> {
        if info.leftovers.is_empty() {
            return Ok(());
        }
        let mut trouble = None;
        let mut left = Vec::new();
        for name in std::mem::take(&mut info.leftovers) {
            // By the new token first: the login may be by one of those that are deleted.
            let result = match new.delete_token(&name).await {
                Err(error) if error.kind.is_refusal() => {
                    self.known.client.delete_token(&name).await
                }
                result => result,
            };
            match result {
                Ok(true) => self
                    .session
                    .say(&format!("✔ Deleted the token \"{name}\" in TeamCity")),
                Ok(false) => {}
                Err(error) => {
                    trouble = Some(self.not_deleted(&name, &error));
                    left.push(name);
                }
            }
        }
        info.leftovers = left;
        let noted = self.store.read(self.variable).await?;
        self.store
            .put_note(self.variable, noted.note.as_ref(), &info)
            .await?;
        trouble.map_or(Ok(()), Err)
    }

    fn not_deleted(&self, name: &str, error: &crate::teamcity::Error) -> Diagnostic {
        let trouble = cure::login("deleting it", error, self.server, "the login");
        Diagnostic {
            what: format!(
                "the new token is stored and works, but the old one \"{name}\" is still valid in TeamCity: {}",
                trouble.what
            ),
            cure: format!(
                "Delete it on {}, or run the command again with --user.",
                token_page(self.server)
            ),
            ..trouble
        }
    }

    fn not_made(&self, error: &crate::teamcity::Error) -> Diagnostic {
        let trouble = cure::login("making a token", error, self.server, "the login");
        match &error.kind {
            ErrorKind::Forbidden(_) => Diagnostic {
                cure: "A token that is limited to a project may not make tokens. Log in with --user, or with a token that is not limited."
                    .to_owned(),
                ..trouble
            },
            kind if kind.is_refusal() => Diagnostic {
                cure: "Nothing was stored. Compare --project, --expires-in and --name with TeamCity's message.".to_owned(),
                ..trouble
            },
            _ => Diagnostic {
                cure: format!("{} The previous token is still stored.", trouble.cure),
                ..trouble
            },
        }
    }

    /// TeamCity's new token can't be one.
    async fn useless(&self, made: &Token) -> Diagnostic {
        self.take_back(made.name.as_deref().unwrap_or(&self.wanted.name))
            .await;
        Diagnostic::refused(
            "TeamCity's answer contains no valid token",
            "Nothing was stored. Create one on TeamCity's page, and use 'token add'.",
        )
    }

    async fn not_stored(&self, trouble: Diagnostic, name: &str) -> Diagnostic {
        if trouble.status == ExitStatus::Unreachable {
            return Diagnostic {
                cure: format!(
                    "The new token may be stored nevertheless, and both tokens are valid. Run the command again to clean up. {}",
                    trouble.cure
                ),
                ..trouble
            };
        }
        self.take_back(name).await;
        trouble
    }

    /// Deletes the new token, which is certainly not stored, and the note if it was made for it.
    async fn take_back(&self, name: &str) {
        match self.known.client.delete_token(name).await {
            Ok(_) => self
                .session
                .say("The new token was deleted in TeamCity again."),
            Err(_) => self.session.console.warning(&format!(
                "The new token \"{name}\" could not be deleted in TeamCity again. Delete it on {}.",
                token_page(self.server)
            )),
        }
        let Ok(now) = self.store.read(self.variable).await else {
            return;
        };
        // What can't be put back is put right by the next try.
        let _ = match (&self.stored.info, &now.note) {
            (Some(before), note) => {
                self.store
                    .put_note(self.variable, note.as_ref(), before)
                    .await
            }
            (None, Some(note)) => self.store.delete(note).await,
            (None, None) => Ok(()),
        };
    }
}
