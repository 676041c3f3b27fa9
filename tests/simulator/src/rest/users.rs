//! `/app/rest/users` (TeamCity's source: UserRequest.java).

use std::time::Duration;

use crate::json::Json;
use crate::model::{Token, User};

use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::locator::Locator;
use super::paging::{Page, list, page};
use super::posted::{items, text};
use super::{Answer, Call, Reply, only, tokens};

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
                Ok(tokens::tokens(call, &user))
            } else {
                tokens::create_posted(call, &user)
            }
        }
        [locator, "tokens", name] => {
            only(call, &["POST", "DELETE"])?;
            let user = find(call, locator)?;
            if call.method == "POST" {
                tokens::create(call, &user, Token::new("", &user.username, name))
            } else {
                tokens::delete(call, &user, name)
            }
        }
        [locator, "permissions"] => {
            only(call, &["GET"])?;
            let user = find(call, locator)?;
            tokens::permissions(call, &user)
        }
        _ => Err(ApiError::jersey(404)),
    }
}
