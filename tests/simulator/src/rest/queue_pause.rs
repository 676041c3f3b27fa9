//! `/app/rest/buildQueue/pausedState`: since 2026.1 the queue can be paused over REST.

use crate::json::Json;

use super::errors::ApiError;
use super::{Answer, Call, Reply, only};

pub(super) fn route(call: &mut Call<'_>) -> Answer {
    only(call, &["GET", "PUT"])?;
    if call.method == "PUT" {
        if !call.state.may(&call.who, "_Root", "enable_disable_agent") {
            return Err(ApiError::denied(
                "You do not have enough permissions to pause or resume the build queue",
            ));
        }
        let body = call.json()?;
        let paused = super::posted::flag(&body, "paused")?;
        call.state.pause(paused, call.now);
    }
    let paused = call
        .state
        .pauses
        .last()
        .is_some_and(|(_, until)| until.is_none());
    Ok(Reply::Entity(
        "buildQueuePausedState",
        Json::object([("paused", paused.into())]),
    ))
}
