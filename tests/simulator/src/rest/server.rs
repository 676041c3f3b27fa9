//! `/app/rest/server` (TeamCity's source: Server.java, ServerRequest.java).

use crate::json::Json;

use super::errors::ApiError;
use super::fields::{Level, Obj};
use super::{Answer, Call, Reply, only, text_or_406};

/// Build number of every simulated server.
pub(super) const BUILD_NUMBER: &str = "197398";

pub(super) fn version(call: &Call<'_>) -> String {
    format!("{} (build {BUILD_NUMBER})", call.state.version_text)
}

pub(super) fn route(call: &Call<'_>, path: &[&str]) -> Answer {
    only(call, &["GET"])?;
    match path {
        ["server"] => Ok(entity(call)),
        ["version"] => Ok(Reply::Text(200, "2018.1".to_owned())),
        ["apiVersion"] => Ok(Reply::Text(200, "2018.1".to_owned())),
        ["server", "nodes"] => {
            let node = Json::object([
                ("id", "MAIN_SERVER".into()),
                ("url", call.state.web_url.as_str().into()),
                ("online", true.into()),
                ("role", "main_node".into()),
                ("current", true.into()),
            ]);
            Ok(Reply::Entity(
                "nodes",
                Json::object([("count", 1_i64.into()), ("node", Json::List(vec![node]))]),
            ))
        }
        ["server", "version"] => {
            text_or_406(call)?;
            Ok(Reply::Text(200, version(call)))
        }
        ["server", field] => {
            text_or_406(call)?;
            let Reply::Entity(_, Json::Object(members)) = entity(call) else {
                return Err(ApiError::jersey(404));
            };
            match members.into_iter().find(|(name, _)| name == field) {
                Some((_, Json::Str(text))) => Ok(Reply::Text(200, text)),
                Some((_, Json::Int(number))) => Ok(Reply::Text(200, number.to_string())),
                _ => Err(ApiError::not_found(format!(
                    "Field '{field}' is not supported."
                ))),
            }
        }
        _ => Err(ApiError::jersey(404)),
    }
}

fn entity(call: &Call<'_>) -> Reply {
    let fields = call.fields();
    let state = &call.state;
    let mut obj = Obj::new(&fields);
    obj.put("version", Level::Short, version(call))
        .put("versionMajor", Level::Short, i64::from(state.version.major))
        .put("versionMinor", Level::Short, i64::from(state.version.minor))
        .put(
            "startTime",
            Level::Short,
            state.clock.compact(std::time::Duration::ZERO),
        )
        .put("currentTime", Level::Short, state.clock.compact(call.now))
        .put("buildNumber", Level::Short, BUILD_NUMBER)
        .put("buildDate", Level::Short, "20251120T000000+0000")
        .put(
            "internalId",
            Level::Short,
            "4f2a9c01-d3b7-e8f6-a5c4-b3d2e1f00918",
        )
        .put("role", Level::Named, "main_node")
        .put("webUrl", Level::Short, state.web_url.as_str())
        .put("artifactsUrl", Level::Named, "");
    for name in [
        "projects",
        "vcsRoots",
        "builds",
        "users",
        "userGroups",
        "agents",
        "buildQueue",
        "agentPools",
        "investigations",
        "mutes",
        "nodes",
    ] {
        let path = match name {
            "vcsRoots" => "vcs-roots",
            "nodes" => "server/nodes",
            other => other,
        };
        obj.with(name, Level::Long, || {
            Json::object([("href", call.href(path).into())])
        });
    }
    Reply::Entity("server", obj.done())
}
