//! Access tokens of a user, and the permissions (TeamCity's source: UserRequest.java, Token.java, PermissionAssignments.java).

use crate::json::Json;
use crate::model::{Grant, PERMISSIONS, Token, User};

use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::locator::Locator;
use super::{Answer, Call, Reply};

fn own(call: &Call<'_>, user: &User) -> Result<(), ApiError> {
    if user.id == call.who.user {
        return Ok(());
    }
    Err(ApiError::denied(
        "You do not have enough permissions to create tokens for this user.",
    ))
}

fn token_json(call: &Call<'_>, token: &Token, with_value: bool, fields: &Fields) -> Json {
    let clock = &call.state.clock;
    let mut obj = Obj::new(fields);
    obj.put("name", Level::Short, token.name.as_str()).put(
        "creationTime",
        Level::Short,
        clock.compact(
            call.state
                .token_dates
                .get(&token.value)
                .copied()
                .unwrap_or_default(),
        ),
    );
    if with_value {
        obj.put("value", Level::Short, token.value.as_str());
    }
    if call.state.version.at_least(2020, 2, 0) {
        obj.put(
            "expirationTime",
            Level::Short,
            token.expires.map(|at| clock.compact(at)),
        );
    }
    if let (Some(limits), true) = (&token.limited_to, call.state.version.at_least(2021, 1, 0)) {
        obj.with("permissionRestrictions", Level::Short, || {
            let restrictions = limits.iter().map(|grant| {
                let mut members =
                    vec![("isGlobalScope".to_owned(), grant.project.is_none().into())];
                if let Some(project) = &grant.project {
                    members.push((
                        "project".to_owned(),
                        Json::object([("id", project.as_str().into())]),
                    ));
                }
                members.push(("permission".to_owned(), permission_json(&grant.permission)));
                Json::Object(members)
            });
            Json::object([
                ("count", limits.len().into()),
                ("permissionRestriction", Json::List(restrictions.collect())),
            ])
        });
    }
    obj.done()
}

fn permission_json(id: &str) -> Json {
    let name = PERMISSIONS
        .iter()
        .find(|(known, _)| *known == id)
        .map_or(id, |(_, name)| *name);
    Json::object([
        ("id", id.into()),
        ("name", name.into()),
        ("global", false.into()),
    ])
}

pub(super) fn tokens(call: &Call<'_>, user: &User) -> Reply {
    let fields = call.fields();
    let own: Vec<&Token> = call
        .state
        .tokens
        .iter()
        .filter(|token| token.user == user.username)
        .collect();
    let mut obj = Obj::new(&fields);
    obj.always("count", Level::Short, own.len());
    obj.nest("token", Level::Long, &Fields::short(), |fields| {
        own.iter()
            .map(|token| token_json(call, token, false, fields))
            .collect::<Vec<_>>()
    });
    Reply::Entity("tokens", obj.done())
}

pub(super) fn create(call: &mut Call<'_>, user: &User, mut token: Token) -> Answer {
    own(call, user)?;
    if token.name.trim().is_empty() {
        return Err(ApiError::bad_request("Token name should not be empty"));
    }
    if call
        .state
        .tokens
        .iter()
        .any(|known| known.user == user.username && known.name == token.name)
    {
        return Err(ApiError::bad_request(format!(
            "Token with name '{}' already exists",
            token.name
        )));
    }
    // Never that of a token that was deleted.
    let requests = call.state.recorded.len();
    token.value = format!(
        "eyJ0eXAiOiAiVENWMiJ9.bmV3LXRva2Vu.{requests:024x}{:08x}",
        call.state.tokens.len() + 1
    );
    call.state.token_dates.insert(token.value.clone(), call.now);
    call.state.tokens.push(token.clone());
    Ok(Reply::Entity(
        "token",
        token_json(call, &token, true, &call.fields()),
    ))
}

pub(super) fn create_posted(call: &mut Call<'_>, user: &User) -> Answer {
    if !call.state.version.at_least(2021, 1, 0) {
        return Err(ApiError::jersey(405));
    }
    let body = call.json()?;
    let name = body
        .get("name")
        .and_then(|name| name.as_str())
        .unwrap_or_default();
    let mut token = Token::new("", &user.username, name);
    if let Some(date) = body.get("expirationTime").and_then(|date| date.as_str()) {
        let at = call
            .state
            .clock
            .parse(date)
            .ok_or_else(|| ApiError::bad_request(format!("Cannot parse date '{date}'")))?;
        if at <= call.now {
            return Err(ApiError::bad_request(
                "expirationDate should be after the current date",
            ));
        }
        token.expires = Some(at);
    }
    let restrictions = body
        .pointer("/permissionRestrictions/permissionRestriction")
        .and_then(|list| list.as_array());
    if let Some(restrictions) = restrictions {
        let mut limits = Vec::new();
        for restriction in restrictions {
            let id = restriction
                .pointer("/permission/id")
                .and_then(|id| id.as_str())
                .unwrap_or_default();
            let permission = known_permission(id)?;
            let project = restriction
                .pointer("/project/id")
                .and_then(|id| id.as_str())
                .map(str::to_owned);
            limits.push(Grant {
                project,
                permission,
            });
        }
        token.limited_to = Some(limits);
    }
    create(call, user, token)
}

pub(super) fn delete(call: &mut Call<'_>, user: &User, name: &str) -> Answer {
    own(call, user)?;
    let before = call.state.tokens.len();
    call.state
        .tokens
        .retain(|token| token.user != user.username || token.name != name);
    if call.state.tokens.len() == before {
        return Err(ApiError::not_found(format!(
            "Token with name '{name}' does not exist"
        )));
    }
    Ok(Reply::Empty(204))
}

fn known_permission(id: &str) -> Result<String, ApiError> {
    let id = id.to_ascii_lowercase();
    if PERMISSIONS.iter().any(|(known, _)| *known == id) {
        return Ok(id);
    }
    Err(ApiError::bad_request(format!(
        "Cannot find permission by id '{id}'"
    )))
}

/// Computed from the user, whatever the token is limited to.
pub(super) fn permissions(call: &Call<'_>, user: &User) -> Answer {
    const KNOWN: [&str; 3] = ["permission", "project", "global"];
    let locator = Locator::parse_optional(call.query("locator"))?;
    locator.help(&KNOWN)?;
    let permission = match locator.value("permission")? {
        Some(id) => Some(known_permission(id.strip_prefix("id:").unwrap_or(&id))?),
        None => None,
    };
    let project = match locator.raw("project")? {
        Some(project) => {
            let inner = Locator::parse(project)?;
            let id = inner
                .value("id")?
                .or_else(|| inner.single().map(str::to_owned))
                .unwrap_or_default();
            if call.state.project(&id).is_none() {
                return Err(ApiError::locator(format!(
                    "Error processing locator '{}': No project found by locator '{project}'.",
                    locator.text()
                )));
            }
            Some(id)
        }
        None => None,
    };
    locator.finish(&KNOWN)?;
    let line = project
        .as_deref()
        .map(|project| call.state.lineage(project));
    let fields = call.fields();
    let mut seen: Vec<&Grant> = Vec::new();
    for grant in &user.grants {
        let fits = permission.as_ref().is_none_or(|id| *id == grant.permission)
            && line
                .as_ref()
                .is_none_or(|line| grant.project.as_ref().is_none_or(|own| line.contains(own)));
        if fits && !seen.contains(&grant) {
            seen.push(grant);
        }
    }
    let mut obj = Obj::new(&fields);
    obj.always("count", Level::Short, seen.len());
    obj.nest(
        "permissionAssignment",
        Level::Long,
        &Fields::long(),
        |fields| {
            seen.iter()
                .map(|grant| {
                    let mut obj = Obj::new(fields);
                    obj.always("isGlobalScope", Level::Short, grant.project.is_none());
                    obj.nest("permission", Level::Short, &Fields::long(), |_| {
                        permission_json(&grant.permission)
                    });
                    if let Some(project) = project
                        .as_ref()
                        .filter(|_| grant.project.is_some())
                        .or(grant.project.as_ref())
                    {
                        obj.nest("project", Level::Short, &Fields::short(), |fields| {
                            super::projects::project_json(call, project, fields)
                        });
                    }
                    obj.done()
                })
                .collect::<Vec<_>>()
        },
    );
    Ok(Reply::Entity("permissionAssignments", obj.done()))
}
