//! What the queue says of a build that waits.

use std::time::Duration;

use crate::teamcity::model::Build;

/// What somebody has to do, where a wait will not end by itself. The reasons are free text, so that this is a guess at
/// the words that servers are known to use.
pub fn hint(reason: &str) -> Option<&'static str> {
    let reason = reason.to_lowercase();
    if reason.contains("queue is paused") {
        Some("the build queue is paused: an administrator has to resume it (TeamCity: Queue)")
    } else if reason.contains("no compatible agents")
        || (reason.contains("no") && reason.contains("compatible") && !reason.contains("idle"))
    {
        Some(
            "no agent can run it: connect, enable or authorize one that meets its agent requirements (its page, tab Compatible Agents)",
        )
    } else {
        None
    }
}

/// From the queue to the estimated start.
pub fn whole_wait(build: &Build) -> Option<Duration> {
    // Both dates are the server's, so that its clock needs not be ours; without the queue date the estimate says nothing.
    let (estimate, queued) = (build.start_estimate?, build.queued_date?);
    estimate.signed_duration_since(queued).to_std().ok()
}

/// What to say of a build that waits for an approval.
pub fn approval(build: &Build) -> Option<String> {
    let info = build.approval_info.as_ref()?;
    if info.status.as_deref() != Some("waitingForApproval") {
        return None;
    }
    let link = build.web_url.as_deref().unwrap_or("its page in TeamCity");
    let who = if info.can_be_approved_by_current_user {
        "the token's user may approve it"
    } else {
        "somebody who may approve it has to"
    };
    Some(format!(
        "it waits for an approval: {who}, on {link}. Without one TeamCity cancels it after a while (6 hours by default)"
    ))
}
