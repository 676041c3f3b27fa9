//! `token create`: TeamCity makes a token, which goes straight into Bitbucket.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use super::add::{replaces, stays_valid};
use super::command::Create;
use super::replace::Replacement;
use super::scope::Scope;
use super::server::{self, Known, LIMITED_SINCE};
use super::session::Session;
use super::store::Store;
use crate::clients::Login;
use crate::preflight::cure::{self, token_page};
use crate::preflight::rights::NEEDED;
use crate::teamcity::NewToken;
use crate::teamcity::model::{Restrictions, Tokens};
use crate::types::Diagnostic;

/// The variable that needs no mention in a token's name.
const USUAL: &str = "TEAMCITY_TOKEN";

/// Makes a token, and stores it.
///
/// # Errors
/// When anything stands in the way.
pub async fn create(session: &Session, command: Create) -> Result<(), Diagnostic> {
    let Create {
        server,
        scope,
        variable,
        user,
        name,
        expires_in,
        project,
        yes,
    } = command;
    let server = session.server(server)?;
    if let Some(name) = &name {
        check_name(name)?;
    }
    server::version(session, &server).await?;
    let store = Store::open(session, &scope).await?;
    let stored = store.read(&variable).await?;
    if stored.variable.is_some() {
        session
            .confirm(&replaces(&variable, &scope, &stored), yes)
            .await?;
    }
    let login = login(session, &server, user).await?;
    let known = server::log_in(session, &server, &login).await?;
    let tokens = tokens(&known, &server).await?;
    let wanted = NewToken {
        name: new_name(
            name,
            &scope,
            &variable,
            &tokens,
            &stored_names(&stored),
            &server,
        )?,
        expires: expiry(&known, &server, expires_in, session.now())?,
        limits: limits(session, &known, &server, project.as_deref()).await?,
    };
    let old = stored.info.clone().filter(|_| stored.variable.is_some());
    Replacement {
        session,
        store: &store,
        variable: &variable,
        stored,
        server: &server,
        known: &known,
        wanted,
        retire: None,
    }
    .make()
    .await?;
    session.say(&format!(
        "Pipelines pass it to the pipe with TEAMCITY_TOKEN: ${variable}"
    ));
    if let Some(old) = old.filter(|old| old.token_name.is_some() || old.fingerprint.is_some()) {
        session.say(&stays_valid(&old));
    }
    Ok(())
}

/// Asks for the password of a user, or for a token.
///
/// # Errors
/// When there is neither.
pub async fn login(
    session: &Session,
    server: &Url,
    user: Option<String>,
) -> Result<Login, Diagnostic> {
    if let Some(user) = user {
        let password = session
            .secret(&format!("password of {user} on {server}"))
            .await?;
        return Ok(Login::Password(user, password));
    }
    session.token(server).await.map(Login::Token)
}

/// The user's tokens, without which no name is known to be free.
///
/// # Errors
/// When they can't be listed.
pub async fn tokens(known: &Known, server: &Url) -> Result<Tokens, Diagnostic> {
    known.client.tokens().await.map_err(|error| {
        let trouble = cure::login("listing the user's tokens", &error, server, "the login");
        if error.kind.is_refusal() {
            Diagnostic {
                cure: format!(
                    "Log in with --user, or with a token that is not limited. Or create the token on {}, and use 'token add'.",
                    token_page(server)
                ),
                ..trouble
            }
        } else {
            trouble
        }
    })
}

fn stored_names(stored: &super::store::Stored) -> BTreeSet<String> {
    let info = stored.info.iter();
    info.flat_map(|info| info.leftovers.iter().chain(&info.token_name))
        .cloned()
        .collect()
}

fn check_name(name: &str) -> Result<(), Diagnostic> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    if !name.trim().is_empty() && name.len() <= 100 && name.chars().all(fits) {
        return Ok(());
    }
    Err(Diagnostic::usage(
        "--name is not a valid name for a token",
        "Write at most 100 letters, digits, spaces, '-', '_' and '.'.",
    ))
}

fn new_name(
    given: Option<String>,
    scope: &Scope,
    variable: &str,
    tokens: &Tokens,
    noted: &BTreeSet<String>,
    server: &Url,
) -> Result<String, Diagnostic> {
    let Some(name) = given else {
        return Ok(free_name(&usual_name(scope, variable), tokens, noted));
    };
    if tokens.named(&name).is_some() {
        return Err(Diagnostic::refused(
            format!("the user already has a token \"{name}\""),
            format!(
                "Choose another --name, leave it out, or delete that token on {} if nothing uses it.",
                token_page(server)
            ),
        ));
    }
    Ok(name)
}

/// A name that tells where the token is.
fn usual_name(scope: &Scope, variable: &str) -> String {
    let place = match scope {
        Scope::Workspace(workspace) => workspace.clone(),
        Scope::Repository(workspace, slug) => format!("{workspace}-{slug}"),
        Scope::Environment(workspace, slug, name) => format!("{workspace}-{slug}-{name}"),
    };
    let variable = if variable == USUAL {
        String::new()
    } else {
        format!("-{variable}")
    };
    let name = format!("bitbucket-{place}{variable}");
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
            c
        } else {
            '-'
        }
    };
    name.chars().map(plain).take(90).collect()
}

/// The first of `base`, `base-2`, `base-3` … that no token has or ever had here.
pub fn free_name(base: &str, tokens: &Tokens, noted: &BTreeSet<String>) -> String {
    let free = |name: &String| tokens.named(name).is_none() && !noted.contains(name);
    let mut names = (1_u32..).map(|number| match number {
        1 => base.to_owned(),
        _ => format!("{base}-{number}"),
    });
    names.find(free).unwrap_or_else(|| base.to_owned())
}

/// When the new token is to expire.
///
/// # Errors
/// When the server can't make one that does.
pub fn expiry(
    known: &Known,
    server: &Url,
    valid: Option<Duration>,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, Diagnostic> {
    let Some(valid) = valid else {
        return Ok(None);
    };
    if known.release < LIMITED_SINCE {
        return Err(Diagnostic::refused(
            format!(
                "TeamCity {} can't create tokens that expire through its REST API",
                known.server.described()
            ),
            format!(
                "Leave out --expires-in, or create the token on {} and use 'token add'.",
                token_page(server)
            ),
        ));
    }
    let now = known.server.current_time.map_or(now, |time| time.to_utc());
    TimeDelta::from_std(valid)
        .ok()
        .and_then(|valid| now.checked_add_signed(valid))
        .map(Some)
        .ok_or_else(|| {
            Diagnostic::usage(
                "--expires-in is too long",
                "Leave it out for a token that never expires.",
            )
        })
}

async fn limits(
    session: &Session,
    known: &Known,
    server: &Url,
    project: Option<&str>,
) -> Result<Option<Restrictions>, Diagnostic> {
    let Some(project) = project else {
        if known.release >= LIMITED_SINCE {
            session.say("The new token has all permissions of its user. --project limits it to the permissions that the pipe needs there.");
        }
        return Ok(None);
    };
    if known.release < LIMITED_SINCE {
        return Err(Diagnostic::refused(
            format!(
                "TeamCity {} can't limit a token to a project",
                known.server.described()
            ),
            "Leave out --project, and log in as a user who has only the permissions that pipelines need.",
        ));
    }
    match known.client.permissions(project).await {
        Ok(held) => {
            let lacking: Vec<&str> = NEEDED
                .iter()
                .filter(|right| !held.has(right.id))
                .map(|right| right.name)
                .collect();
            if !lacking.is_empty() {
                session.console.warning(&format!(
                    "{} seems to lack permissions in the project {project}, and so will the token: {}",
                    known.user.called(),
                    lacking.join(", ")
                ));
            }
        }
        Err(error) if error.kind.is_refusal() => {
            return Err(Diagnostic::refused(
                format!(
                    "there is no project {project} on {server}, or {} may not view it ({error})",
                    known.user.called()
                ),
                "Check the id: the address of the project's page ends in /project/<id>.",
            ));
        }
        Err(error) => {
            return Err(cure::login(
                "reading the user's permissions",
                &error,
                server,
                "the login",
            ));
        }
    }
    let permissions: Vec<&str> = NEEDED.iter().map(|right| right.id).collect();
    Ok(Some(Restrictions::in_project(project, &permissions)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::teamcity::model::Token;

    #[test]
    fn a_name_tells_the_place_and_is_never_taken() {
        let scope = Scope::Environment("acme".into(), "web.app".into(), "Production EU/1".into());
        let base = usual_name(&scope, USUAL);
        assert_eq!(base, "bitbucket-acme-web.app-Production-EU-1");
        assert_eq!(
            usual_name(&Scope::Workspace("acme".into()), "TC_B"),
            "bitbucket-acme-TC_B"
        );
        let tokens = Tokens {
            token: vec![Token {
                name: Some(base.clone()),
                ..Token::default()
            }],
        };
        let noted = [format!("{base}-2")].into();
        assert_eq!(free_name(&base, &tokens, &noted), format!("{base}-3"));
    }

    #[test]
    fn a_name_that_no_address_could_carry_is_refused() {
        assert!(check_name("Bitbucket acme.app_1").is_ok());
        for name in ["", " ", "a/b", "ü", &"x".repeat(101)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
