//! Before anything is queued: is this TeamCity, does it take the token, may the token's user run these configurations?

use std::collections::HashSet;

use futures_util::stream::{self, StreamExt as _};

use super::error::RunError;
use super::event::{Event, Events};
use super::outcome::Moment;
use super::start::AT_ONCE;
use crate::teamcity::model::{BuildType, Server, Tokens};
use crate::teamcity::{Client, ErrorKind};
use crate::types::BuildTypeId;

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
pub async fn connect(client: &Client, events: &dyn Events) -> Result<(u32, u32), RunError> {
    let fail =
        |error| RunError::teamcity("checking the server and the token", &error, client.base());
    let server = client.server().await.map_err(fail)?;
    let Some(release) = server.release() else {
        return Err(RunError::teamcity(
            "checking the server",
            &ErrorKind::Unreadable("it does not say its version".to_owned()).into(),
            client.base(),
        ));
    };
    if release < OLDEST {
        return Err(RunError::refused(
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
        super::error::token_page(base)
    ))
}

/// Reads the build configurations, and says everything that is wrong with them at once.
///
/// # Errors
/// When one can't be run, or the server stays away.
pub async fn build_types(
    client: &Client,
    events: &dyn Events,
    ids: &[BuildTypeId],
) -> Result<Vec<BuildType>, RunError> {
    let mut found = Vec::new();
    let mut wrong = Vec::new();
    let all = ids
        .iter()
        .map(|id| async move { (id, client.build_type(id).await) });
    let answers: Vec<_> = stream::iter(all).buffered(AT_ONCE).collect().await;
    for (id, answer) in answers {
        match answer {
            Ok(build_type) if build_type.template_flag => {
                wrong.push(format!("{id} is a template, which can't be run"))
            }
            Ok(build_type) => {
                if build_type.paused {
                    events.event(&Event::Warning(format!("{id} is paused in TeamCity, which keeps its triggers quiet; this step runs it all the same.")));
                }
                found.push(build_type);
            }
            Err(error)
                if matches!(error.kind, ErrorKind::NotFound(_) | ErrorKind::Forbidden(_)) =>
            {
                wrong.push(format!(
                    "there is no build configuration {id}, or the token's user may not view it"
                ));
            }
            Err(error) => {
                return Err(RunError::teamcity(
                    "reading the build configuration",
                    &error,
                    client.base(),
                ));
            }
        }
    }
    if !wrong.is_empty() {
        return Err(RunError::refused(
            format!("BUILD_TYPE_ID: {}", wrong.join("; ")),
            "The id stands in the address of a configuration's page (…/buildConfiguration/<id>). If it is right, give the token's user the role \
             to view and run builds in that project, or add the project to the token's scope.",
        ));
    }
    warn_of_permissions(client, events, &found).await;
    Ok(found)
}

/// A friendly word before the refusal: what the server says of permissions is not always the whole truth.
async fn warn_of_permissions(client: &Client, events: &dyn Events, build_types: &[BuildType]) {
    let projects: HashSet<&str> = build_types
        .iter()
        .filter_map(|build_type| build_type.project_id.as_deref())
        .collect();
    for project in projects {
        let Ok(held) = client.permissions(project).await else {
            continue;
        };
        if !held.permission_assignment.is_empty() && !held.has("run_build") {
            events.event(&Event::Warning(format!(
                "The token's user seems to lack the permission \"Run build\" in the project {project}."
            )));
        }
    }
}
