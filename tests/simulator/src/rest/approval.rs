//! Approval of queued builds (TeamCity's source: BuildQueueRequest.java, ApprovalInfo.java).

use crate::json::Json;

use super::build_json::Seen;
use super::builds::find_one;
use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::queue::{project_of, queued};
use super::{Answer, Call, Reply};

pub(super) fn no_approval() -> ApiError {
    ApiError::bad_request(
        "Trying to access approval status for a queued build that does not have approval configuration",
    )
}

fn approval_status(seen: &Seen<'_>, now: std::time::Duration) -> &'static str {
    let (_, course) = seen;
    match (course.approval.flatten(), course.canceled(now)) {
        (Some(_), _) => "approved",
        (None, Some(cancellation)) if cancellation.user.is_none() => "timedOut",
        (None, Some(_)) => "canceled",
        (None, None) => "waitingForApproval",
    }
}

pub(super) fn approval_json(call: &Call<'_>, seen: &Seen<'_>, fields: &Fields) -> Json {
    let (build, _) = seen;
    let state = &call.state;
    let status = approval_status(seen, call.now);
    let mut obj = Obj::new(fields);
    obj.put("status", Level::Short, status)
        .put(
            "timeoutTimestamp",
            Level::Short,
            state
                .clock
                .compact(build.queued_at + build.plan.approval_timeout),
        )
        .put("configurationValid", Level::Short, true)
        .put(
            "canBeApprovedByCurrentUser",
            Level::Short,
            status == "waitingForApproval" && can_approve(call, build),
        );
    obj.nest("userApprovals", Level::Long, &Fields::long(), |_| {
        let by = build
            .approved
            .and_then(|(at, user)| Some((at, state.user(user)?)));
        let list: Vec<Json> = by
            .iter()
            .map(|(at, user)| {
                Json::object([
                    (
                        "user",
                        Json::object([
                            ("id", user.id.into()),
                            ("username", user.username.as_str().into()),
                        ]),
                    ),
                    ("approved", true.into()),
                    ("timestamp", state.clock.compact(*at).into()),
                ])
            })
            .collect();
        Json::object([
            ("count", list.len().into()),
            ("userApproval", Json::List(list)),
        ])
    });
    obj.done()
}

fn can_approve(call: &Call<'_>, build: &crate::model::Build) -> bool {
    call.state.may(
        &call.who,
        &project_of(call, &build.build_type),
        "approve_build",
    )
}

pub(super) fn approve(call: &mut Call<'_>, text: &str) -> Answer {
    // An id of no build at all is told in other words than a build that has started.
    find_one(call, text)?;
    let seen = queued(call, text)?;
    if seen.1.approval.is_none() {
        return Err(no_approval());
    }
    let status = approval_status(&seen, call.now);
    if status != "waitingForApproval" {
        return Err(ApiError::bad_request(format!(
            "This build cannot be approved, approval status is: {status}"
        )));
    }
    if !can_approve(call, seen.0) {
        return Err(ApiError::denied(
            "You do not have enough permissions to approve the build",
        ));
    }
    let id = seen.0.id;
    let (now, user) = (call.now, call.who.user);
    if let Some(build) = call.state.builds.get_mut(&id) {
        build.approved = Some((now, user));
    }
    let seen = call
        .state
        .visible_build(id, now)
        .ok_or_else(ApiError::null_pointer)?;
    Ok(Reply::Entity(
        "approvalInfo",
        approval_json(call, &seen, &call.fields()),
    ))
}
