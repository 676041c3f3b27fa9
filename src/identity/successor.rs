//! The build that TeamCity puts into the queue in the place of one that was broken off: another one, with another, often lower,
//! id (seen in 2026).
//!
//! How it was triggered decides, together with configuration, branch, commit and time: what a person starts anew is no successor.
//! Whether it keeps the tags of the one before is not known, so that they only tell what is another's.

use std::collections::HashSet;

use chrono::{DateTime, FixedOffset, TimeDelta};

use crate::outcome::cause;
use crate::teamcity::model::{Build, Status};
use crate::teamcity::{Client, Error, Locator};
use crate::types::{BuildId, BuildTypeId};

/// What the pipe's own comments begin with: what it cancels has no successor.
const OURS: &str = "teamcity-pipe:";
/// What the tags of every pipe's builds begin with.
const PIPES: &str = "bitbucket-";
/// Most successors that are followed in a row.
const MOST: usize = 20;

/// Whether TeamCity may put another in the place of a build: it ended as canceled, but not by this pipe, or lost its agent.
#[must_use]
pub fn may_have_successor(build: &Build) -> bool {
    if !build.is_finished() {
        return false;
    }
    let text = build.status_text.as_deref().unwrap_or_default();
    match &build.canceled_info {
        Some(info) => !info.text.as_deref().unwrap_or_default().starts_with(OURS),
        None => match build.status {
            Some(Status::Unknown) => true,
            Some(Status::Failure) => cause::lost_its_agent(text),
            _ => false,
        },
    }
}

/// The build that TeamCity has put in the place of one, if it is there; never one of `not`. Asked once.
///
/// # Errors
/// When TeamCity refuses, or stays away for `RETRY_FOR`.
pub async fn successor(
    client: &Client,
    of: &Build,
    not: &[BuildId],
) -> Result<Option<Build>, Error> {
    let found = of_configuration(client, of).await?;
    Ok(pick(of, &found, not).cloned())
}

/// The last of those that TeamCity has put in the place of a build, one after another; the build itself if there is none. For
/// commands that come later.
///
/// # Errors
/// When TeamCity refuses, or stays away for `RETRY_FOR`.
pub async fn latest(client: &Client, build: Build) -> Result<Build, Error> {
    if !may_have_successor(&build) {
        return Ok(build);
    }
    let found = of_configuration(client, &build).await?;
    let mut seen: Vec<BuildId> = Vec::new();
    let mut last = &build;
    while seen.len() < MOST && may_have_successor(last) {
        seen.extend(last.id);
        match pick(last, &found, &seen) {
            Some(next) => last = next,
            None => break,
        }
    }
    Ok(last.clone())
}

/// Of builds that are known, those in whose place another one of them came.
#[must_use]
pub fn broken_off(found: &[Build]) -> HashSet<BuildId> {
    let has_successor = |build: &&Build| {
        let ended = may_have_successor(build);
        ended && pick(build, found, &[]).is_some()
    };
    let broken = found.iter().filter(has_successor);
    broken.filter_map(|build| build.id).collect()
}

/// The build into which TeamCity merged a queued one whose id it has forgotten: before 2024.12 such an id is unknown after a
/// restart and on other nodes (TW-85529).
///
/// # Errors
/// When this one try fails.
pub async fn survivor(
    client: &Client,
    build_type: &BuildTypeId,
    absorbed: BuildId,
) -> Result<Option<Build>, Error> {
    let found = client.find_builds_now(&everywhere(build_type)).await?;
    let names = |build: &Build| build.absorbed().any(|id| id == Some(absorbed));
    Ok(found
        .into_iter()
        .find(|build| build.id.is_some() && names(build)))
}

/// What lives beside a build that was canceled just now, and is of the same request: doubles, which carry its tag, and the build
/// that TeamCity had put in its place before. Asked once.
///
/// # Errors
/// When this one try fails.
pub async fn beside(
    client: &Client,
    build_type: &BuildTypeId,
    canceled: BuildId,
    tag: Option<&str>,
    had: &[BuildId],
) -> Result<Vec<Build>, Error> {
    let found = client.find_builds_now(&everywhere(build_type)).await?;
    let broken = found.iter().find(|build| build.id == Some(canceled));
    let heir = broken
        .filter(|build| may_have_successor(build))
        .and_then(|build| pick(build, &found, had))
        .and_then(|heir| heir.id);
    let mut own: Vec<BuildId> = had.to_vec();
    own.push(canceled);
    let lives = |build: &Build| {
        let id = build.id.filter(|id| !own.contains(id));
        let ours = id.is_some() && (id == heir || tag.is_some_and(|tag| build.has_tag(tag)));
        ours && !build.is_finished() && !build.has_absorbed_other_than(&own)
    };
    Ok(found.iter().filter(|build| lives(build)).cloned().collect())
}

async fn of_configuration(client: &Client, build: &Build) -> Result<Vec<Build>, Error> {
    let Some(build_type) = &build.build_type_id else {
        return Ok(Vec::new());
    };
    client
        .find_builds(&everywhere(&BuildTypeId(build_type.clone())))
        .await
}

/// The newest builds of a configuration, in every branch and state.
fn everywhere(build_type: &BuildTypeId) -> Locator {
    Locator::new()
        .nested("buildType", &Locator::new().with("id", build_type))
        .nested("branch", &Locator::new().with("default", "any"))
        .with("state", "any")
        .with("defaultFilter", false)
        .with("count", 100)
}

/// Of several that may be it, one that surely is, and else the first.
fn pick<'a>(of: &Build, found: &'a [Build], not: &[BuildId]) -> Option<&'a Build> {
    let fits = |build: &&Build| {
        let id = build
            .id
            .filter(|id| Some(*id) != of.id && !not.contains(id));
        id.is_some()
            && build.was_put_back()
            && build.build_type_id == of.build_type_id
            && build.personal == of.personal
            && on_same_branch(of, build)
            && of_same_commits(of, build)
            && was_queued_since(of, build)
            && !is_of_another(of, build)
    };
    let kept_tags = |build: &Build| pipe_tags(build).next().is_some();
    found
        .iter()
        .filter(fits)
        .min_by_key(|build| (!kept_tags(build), build.queued_date, build.id))
}

fn on_same_branch(of: &Build, build: &Build) -> bool {
    let name = |build: &Build| build.branch_name.as_deref().map(str::to_lowercase);
    let is_default = |build: &Build| {
        build.default_branch || matches!(build.branch_name.as_deref(), None | Some("<default>"))
    };
    (is_default(of) && is_default(build)) || name(of) == name(build)
}

/// As far as both name them.
fn of_same_commits(of: &Build, build: &Build) -> bool {
    of.commits().all(|(root, commit)| {
        build.commits().all(|(other_root, other)| {
            root != other_root
                || commit
                    .zip(other)
                    .is_none_or(|(one, other)| one.eq_ignore_ascii_case(other))
        })
    })
}

/// Seen: in the same second as the end. The server gives whole seconds.
fn was_queued_since(of: &Build, build: &Build) -> bool {
    let canceled = of.canceled_info.as_ref().and_then(|info| info.timestamp);
    let broken: Option<DateTime<FixedOffset>> = match (canceled, of.finish_date) {
        (Some(canceled), Some(finished)) => Some(canceled.min(finished)),
        (one, other) => one.or(other),
    };
    let Some(since) = broken.or(of.queued_date) else {
        return false;
    };
    build
        .queued_date
        .is_some_and(|queued| since.signed_duration_since(queued) <= TimeDelta::seconds(1))
}

/// Whether it carries a pipe's tag that the one before does not.
fn is_of_another(of: &Build, build: &Build) -> bool {
    pipe_tags(build).any(|tag| !of.has_tag(tag))
}

fn pipe_tags(build: &Build) -> impl Iterator<Item = &str> {
    let tags = build.tags.iter().flat_map(|tags| &tags.tag);
    tags.map(|tag| tag.name.as_str())
        .filter(|tag| tag.starts_with(PIPES))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn build(json: Value) -> Build {
        serde_json::from_value(json).unwrap()
    }

    fn of(commit: &str) -> Value {
        json!({ "revision": [{ "version": commit, "vcs-root-instance": { "vcs-root-id": "App_Git" } }] })
    }

    fn broken() -> Build {
        build(
            json!({ "id": 4711, "buildTypeId": "App_Build", "state": "finished", "status": "UNKNOWN", "branchName": "main",
            "defaultBranch": true, "queuedDate": "20260115T100000+0000", "finishDate": "20260115T100020+0000",
            "canceledInfo": { "text": "", "timestamp": "20260115T100020+0000" },
            "tags": { "tag": [{ "name": "bitbucket-1-12" }] }, "revisions": of("4f2a") }),
        )
    }

    fn heir() -> Value {
        json!({ "id": 4700, "buildTypeId": "App_Build", "state": "queued", "branchName": "<default>", "defaultBranch": true,
            "queuedDate": "20260115T100020+0000", "triggered": { "type": "reAddedOnStop" } })
    }

    fn with(member: &str, value: Value) -> Value {
        let mut changed = heir();
        changed[member] = value;
        changed
    }

    #[test]
    fn what_teamcity_puts_in_its_place_is_the_successor() {
        let tags = json!({ "tag": [{ "name": "bitbucket-1-12" }] });
        let states = [
            heir(),
            with("triggered", json!({ "type": "restarted" })),
            with("revisions", of("4F2A")),
            with("revisions", of("N/A")),
            with("tags", tags),
            with("id", json!(4800)),
        ];
        for state in states {
            let found = [broken(), build(state.clone())];
            assert!(pick(&broken(), &found, &[]).is_some(), "{state}");
            let id = found[1].id.unwrap();
            assert!(pick(&broken(), &found, &[id]).is_none());
        }
    }

    #[test]
    fn nothing_else_is() {
        let tags = json!({ "tag": [{ "name": "bitbucket-2-7" }] });
        let others = [
            with("triggered", json!({ "type": "user" })),
            with("triggered", Value::Null),
            with("buildTypeId", json!("App_Test")),
            with("personal", json!(true)),
            with("revisions", of("0000")),
            with("queuedDate", json!("20260115T100010+0000")),
            with("tags", tags),
            json!({ "id": 4700, "buildTypeId": "App_Build", "state": "queued", "branchName": "feature/x",
                "queuedDate": "20260115T100020+0000", "triggered": { "type": "reAddedOnStop" } }),
        ];
        for other in others {
            let found = [build(other.clone())];
            assert!(pick(&broken(), &found, &[]).is_none(), "{other}");
        }
    }

    #[test]
    fn a_tag_that_was_kept_tells_more_than_the_time() {
        let kept = json!({ "tag": [{ "name": "bitbucket-1-12" }] });
        let mut late = with("tags", kept);
        late["id"] = json!(4699);
        late["queuedDate"] = json!("20260115T100022+0000");
        let found = [build(heir()), build(late)];
        assert_eq!(
            pick(&broken(), &found, &[]).unwrap().id,
            Some(BuildId(4699))
        );
    }

    #[test]
    fn what_the_pipe_canceled_or_what_failed_by_itself_has_none() {
        let ended = |info: Value, status: &str, text: &str| {
            let mut json =
                json!({ "id": 1, "state": "finished", "status": status, "statusText": text });
            if !info.is_null() {
                json["canceledInfo"] = info;
            }
            may_have_successor(&build(json))
        };
        assert!(ended(json!({ "text": "not now" }), "UNKNOWN", "Canceled"));
        assert!(ended(Value::Null, "FAILURE", "The agent was lost"));
        assert!(!ended(
            json!({ "text": "teamcity-pipe: FAIL_FAST" }),
            "UNKNOWN",
            "Canceled"
        ));
        assert!(!ended(Value::Null, "FAILURE", "Exit code 1"));
        assert!(!ended(Value::Null, "SUCCESS", "Success"));
    }
}
