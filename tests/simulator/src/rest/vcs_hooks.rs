//! Telling the server that repositories changed (TeamCity's source: VcsRootInstanceRequest.java).

use super::errors::ApiError;
use super::locator::Locator;
use super::paging::{Page, list, page};
use super::vcs::{instance_json, matching, visible};
use super::{Answer, Call, Reply, only, text_or_406};

/// `POST commitHookNotification`: schedules a check for changes, nothing else.
pub(super) fn hook(call: &mut Call<'_>) -> Answer {
    only(call, &["POST"])?;
    text_or_406(call)?;
    let text = call.query("locator").unwrap_or_default().to_owned();
    if text.is_empty() {
        return Err(ApiError::bad_request(
            "No 'locator' query parameter provided, should be not empty VCS root instances locator",
        ));
    }
    let found = visible(call, &matching(call, &Locator::parse(&text)?, true)?);
    if found.is_empty() {
        let user = call
            .state
            .user(call.who.user)
            .map_or_else(String::new, |user| user.username.clone());
        let status = if call.query("okOnNothingFound") == Some("true") {
            200
        } else {
            404
        };
        return Ok(Reply::Text(
            status,
            format!(
                "No VCS roots are found for locator '{text}' with current user '{user}'. Check locator and permissions using '{}/app/rest/vcs-root-instances?locator=$help' URL.",
                call.state.context_path
            ),
        ));
    }
    let ids: Vec<String> = found.iter().map(|root| root.id.clone()).collect();
    let now = call.now;
    call.state.hook(&ids, now);
    let time = call.state.clock.compact_millis(now);
    Ok(Reply::Text(
        202,
        format!(
            "Scheduled checking for changes for {} VCS {}. (Server time: {time})",
            ids.len(),
            if ids.len() == 1 { "root" } else { "roots" }
        ),
    ))
}

/// `POST checkingForChangesQueue`: the same, with a list of instances for an answer.
pub(super) fn checking(call: &mut Call<'_>) -> Answer {
    only(call, &["POST"])?;
    let text = call.query("locator").unwrap_or_default().to_owned();
    if text.is_empty() {
        return Err(ApiError::bad_request(
            "No 'locator' query parameter provided, should be not empty VCS root instances locator",
        ));
    }
    let found = visible(call, &matching(call, &Locator::parse(&text)?, true)?);
    let ids: Vec<String> = found.iter().map(|root| root.id.clone()).collect();
    let now = call.now;
    call.state.hook(&ids, now);
    let wanted = Page {
        start: 0,
        count: None,
        lookup_limit: None,
    };
    let paged = page(found, wanted, |_| true);
    Ok(Reply::Entity(
        "vcs-root-instances",
        list(
            call,
            "vcs-root-instances",
            "",
            wanted,
            &paged,
            "vcs-root-instance",
            |root, fields| instance_json(call, root, fields),
        ),
    ))
}
