//! `/uploadDiffChanges.html`: a patch to build with (TeamCity's documentation: personal-build.md).

use crate::json::Json;
use crate::state::PersonalChange;

use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::users::reference;
use super::{Answer, Call, Reply, only, projects};

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

/// A personal change as a build names it. It has no version: it is in no repository.
pub(super) fn change_json(call: &Call<'_>, change: &PersonalChange, fields: &Fields) -> Json {
    let state = &call.state;
    let username = state.user(change.user).map(|user| user.username.clone());
    let href = call.href(&format!("changes/id:{},personal:true", change.id));
    let mut obj = Obj::new(fields);
    obj.put("id", Level::Short, change.id)
        .put("username", Level::Short, username)
        .put("date", Level::Short, state.clock.compact(change.at))
        .put("personal", Level::Short, true)
        .put("href", Level::Short, href)
        .put("comment", Level::Long, change.description.as_str());
    obj.nest("user", Level::Long, &Fields::short(), |fields| {
        reference(call, change.user, fields)
    });
    obj.nest("files", Level::Long, &Fields::long(), |fields| {
        // Which files a patch touches, by its `+++` lines.
        let touched: Vec<&str> = change
            .patch
            .lines()
            .filter_map(|line| line.strip_prefix("+++ ")?.split('\t').next())
            .map(|path| path.strip_prefix("b/").unwrap_or(path))
            .collect();
        let mut obj = Obj::new(fields);
        obj.always("count", Level::Short, touched.len());
        obj.nest("file", Level::Short, &Fields::long(), |fields| {
            let list = touched.iter().map(|path| {
                let mut obj = Obj::new(fields);
                obj.put("changeType", Level::Short, "edited")
                    .put("file", Level::Short, *path)
                    .put("relative-file", Level::Short, *path)
                    .done()
            });
            list.collect::<Vec<_>>()
        });
        obj.done()
    });
    obj.done()
}
