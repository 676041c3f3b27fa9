//! `/uploadDiffChanges.html`: a patch to build with (TeamCity's documentation: personal-build.md).

use super::errors::ApiError;
use super::{Answer, Call, Reply, only, projects};
use crate::state::PersonalChange;

/// Personal changes have numbers of their own; they start high, so that nobody takes them for a commit's.
const FIRST: u64 = 900_001;

/// Takes a patch and answers with the number of its change.
pub(super) fn upload(call: &mut Call<'_>) -> Answer {
    only(call, &["POST"])?;
    let name = "Change build source code with a custom patch";
    projects::needs(call, "_Root", "patch_build_sources", name)?;
    let description = call.query("description").unwrap_or_default().to_owned();
    let patch = String::from_utf8_lossy(call.body).into_owned();
    if patch.trim().is_empty() {
        return Err(ApiError::bad_request("The patch is empty"));
    }
    let id = FIRST + call.state.personal_changes.len() as u64;
    call.state.personal_changes.push(PersonalChange {
        id,
        user: call.who.user,
        description,
        patch,
        at: call.now,
    });
    Ok(Reply::Text(200, id.to_string()))
}
