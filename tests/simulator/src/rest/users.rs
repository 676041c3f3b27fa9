//! `/app/rest/users`: the current user, access tokens, permissions (TeamCity's source: UserRequest.java).

use std::time::Duration;

use crate::json::Json;
use crate::model::{Grant, PERMISSIONS, Token, User};

use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::locator::Locator;
use super::paging::{Page, list, page};
use super::posted::{items, text};
use super::{Answer, Call, Reply, only};

/// A user as entities refer to it.
pub(super) fn user_json(call: &Call<'_>, user: &User, fields: &Fields) -> Json {
    let mut obj = Obj::new(fields);
    obj.put("username", Level::Short, user.username.as_str())
        .put("name", Level::Short, user.name.as_str())
        .put("id", Level::Short, user.id)
        .put("email", Level::Long, user.email.clone())
        .put(
            "lastLogin",
            Level::Long,
            call.state.clock.compact(Duration::ZERO),
        )
        .put(
            "href",
            Level::Short,
            call.href(&format!("users/id:{}", user.id)),
        )
        .with("properties", Level::Long, || {
            Json::object([(
                "href",
                call.href(&format!("users/id:{}/properties", user.id))
                    .into(),
            )])
        });
    obj.nest("roles", Level::Long, &Fields::long(), |_| {
        Json::object([(
            "role",
            Json::List(vec![Json::object([
                ("roleId", user.role.into()),
                ("scope", "g".into()),
            ])]),
        )])
    });
    obj.nest("groups", Level::Long, &Fields::long(), |_| {
        let group = Json::object([
            ("key", "ALL_USERS_GROUP".into()),
            ("name", "All Users".into()),
            ("href", call.href("userGroups/key:ALL_USERS_GROUP").into()),
        ]);
        Json::object([("count", 1_i64.into()), ("group", Json::List(vec![group]))])
    });
    obj.done()
}

/// The user of a number, in the short form; nothing if there is none.
pub(super) fn reference(call: &Call<'_>, id: u64, fields: &Fields) -> Json {
    call.state
        .user(id)
        .map_or(Json::Null, |user| user_json(call, user, fields))
}

fn find(call: &Call<'_>, locator: &str) -> Result<User, ApiError> {
    let parsed = Locator::parse(locator)?;
    let found = if locator == "current" || parsed.boolean("current").ok().flatten() == Some(true) {
        return call
            .state
            .user(call.who.user)
            .cloned()
            .ok_or_else(|| ApiError::not_found("No current user."));
    } else if let Some(name) = parsed.single() {
        call.state.user_named(name)
    } else if let Some(id) = parsed.number("id")? {
        call.state.user(u64::try_from(id).unwrap_or(0))
    } else if let Some(name) = parsed.value("username")? {
        call.state.user_named(&name)
    } else {
        parsed.finish(&["id", "username", "current"])?;
        None
    };
    found
        .cloned()
        .ok_or_else(|| ApiError::not_found(format!("No user can be found by locator '{locator}'.")))
}

/// The users that the caller may see: himself, or all.
fn users_json(call: &Call<'_>) -> Answer {
    const KNOWN: [&str; 6] = ["id", "username", "name", "email", "count", "start"];
    super::projects::needs(call, "_Root", "view_user_profile", "View user profile")?;
    let locator = Locator::parse_optional(call.query("locator"))?;
    locator.help(&KNOWN)?;
    let id = locator.number("id")?;
    let username = locator.value("username")?;
    let name = locator.value("name")?;
    let email = locator.value("email")?;
    let wanted = Page::read(&locator, None, None)?;
    locator.finish(&KNOWN)?;
    let paged = page(&call.state.users, wanted, |user| {
        id.is_none_or(|id| u64::try_from(id) == Ok(user.id))
            && username.as_ref().is_none_or(|it| user.username == *it)
            && name.as_ref().is_none_or(|it| user.name == *it)
            && email
                .as_ref()
                .is_none_or(|it| user.email.as_ref() == Some(it))
    });
    let text = locator.text().to_owned();
    let json = list(
        call,
        "users",
        &text,
        wanted,
        &paged,
        "user",
        |user, fields| user_json(call, user, fields),
    );
    Ok(Reply::Entity("users", json))
}

/// `POST /users`: a new user; of roles only that of the system administrator is known.
fn create_user(call: &mut Call<'_>) -> Answer {
    super::projects::needs(call, "_Root", "create_user", "Create user account")?;
    let body = call.json()?;
    let username = text(&body, "username")?.unwrap_or_default();
    if username.is_empty() {
        return Err(ApiError::bad_request(
            "Username must not be empty when creating user.",
        ));
    }
    if call.state.user_named(username).is_some() {
        return Err(ApiError::bad_request(format!(
            "Cannot create user as user with the same username already exists: {username}"
        )));
    }
    let mut user = User::new(username);
    for role in items(&body, "roles", "role")? {
        if text(role, "roleId")? == Some("SYSTEM_ADMIN") {
            user = user.administrator();
        }
    }
    if let Some(name) = text(&body, "name")? {
        user = user.name(name);
    }
    if let Some(email) = text(&body, "email")? {
        user = user.email(email);
    }
    if let Some(password) = text(&body, "password")? {
        user = user.password(password);
    }
    user.id = call.state.users.iter().map(|it| it.id).max().unwrap_or(0) + 1;
    let json = user_json(call, &user, &call.fields());
    call.state.users.push(user);
    Ok(Reply::Entity("user", json))
}

pub(super) fn route(call: &mut Call<'_>, path: &[&str]) -> Answer {
    match *path {
        [] if call.method == "POST" => create_user(call),
        [] => {
            only(call, &["GET", "POST"])?;
            users_json(call)
        }
        [locator] => {
            only(call, &["GET"])?;
            let user = find(call, locator)?;
            Ok(Reply::Entity(
                "user",
                user_json(call, &user, &call.fields()),
            ))
        }
        [locator, "tokens"] => {
            only(call, &["GET", "POST"])?;
            let user = find(call, locator)?;
            if call.method == "GET" {
                Ok(tokens(call, &user))
            } else {
                create_posted(call, &user)
            }
        }
        [locator, "tokens", name] => {
            only(call, &["POST", "DELETE"])?;
            let user = find(call, locator)?;
            if call.method == "POST" {
                create(call, &user, Token::new("", &user.username, name))
            } else {
                delete(call, &user, name)
            }
        }
        [locator, "permissions"] => {
            only(call, &["GET"])?;
            let user = find(call, locator)?;
            permissions(call, &user)
        }
        _ => Err(ApiError::jersey(404)),
    }
}

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

fn tokens(call: &Call<'_>, user: &User) -> Reply {
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

fn create(call: &mut Call<'_>, user: &User, mut token: Token) -> Answer {
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

fn create_posted(call: &mut Call<'_>, user: &User) -> Answer {
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

fn delete(call: &mut Call<'_>, user: &User, name: &str) -> Answer {
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
fn permissions(call: &Call<'_>, user: &User) -> Answer {
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
