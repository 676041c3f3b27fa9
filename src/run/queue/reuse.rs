//! `REUSE`: an existing build of the same configuration, branch and commit, instead of another one.

use crate::config::{Build as BuildSettings, Dependencies, Reuse};
use crate::outcome::Event;
use crate::place::Place;
use crate::preflight::cure;
use crate::run::context::Context;
use crate::teamcity::Locator;
use crate::teamcity::model::{Build, State, Status};
use crate::types::BuildTypeId;
use crate::types::Diagnostic;

/// Why a build was joined.
pub const WHY: &str = "it builds the same commit (REUSE)";

/// Finds one that will do. Only a build that is known to build this very commit does.
///
/// # Errors
/// When TeamCity refuses or stays away.
pub async fn find(
    context: &Context<'_>,
    settings: &BuildSettings,
    id: &BuildTypeId,
    place: &Place,
) -> Result<Option<Build>, Diagnostic> {
    if settings.reuse == Reuse::Never {
        return Ok(None);
    }
    let Some(revision) = &place.revision else {
        context.events.event(&Event::Note(format!(
            "REUSE needs a commit, and there is none for {id}. A new build is queued"
        )));
        return Ok(None);
    };
    if settings.dependencies != Dependencies::None {
        context.events.event(&Event::Note(
            "REUSE does not apply to builds with DEPENDENCIES. A new build is queued".to_owned(),
        ));
        return Ok(None);
    }
    if !settings.parameters.is_empty() || settings.personal {
        context.events.event(&Event::Note("REUSE does not apply to builds with PARAMETERS or to PERSONAL builds. A new build is queued".to_owned()));
        return Ok(None);
    }
    let branch = match &place.branch {
        Some(name) => Locator::new().with("name", name),
        None => Locator::new().with("default", true),
    };
    let mut states = Locator::new().with("queued", true).with("running", true);
    if settings.reuse == Reuse::Success {
        states = states.with("finished", true);
    }
    let locator = Locator::new()
        .nested("buildType", &Locator::new().with("id", id))
        .nested("branch", &branch)
        .nested("state", &states)
        .with("personal", false)
        .with("defaultFilter", false)
        .with("count", 100);
    let found = context.client.find_builds(&locator).await;
    let found = found.map_err(|error| {
        cure::teamcity(
            "looking for a build to reuse",
            &error,
            context.client.base(),
        )
    })?;
    Ok(found
        .into_iter()
        .filter(|build| will_do(build, revision, &place.roots))
        .max_by_key(|build| build.id))
}

fn will_do(build: &Build, revision: &str, roots: &[String]) -> bool {
    let alive = matches!(build.state, Some(State::Queued | State::Running))
        && build.status != Some(Status::Failure);
    let good = build.state == Some(State::Finished) && build.status == Some(Status::Success);
    let revisions = build
        .revisions
        .iter()
        .flat_map(|revisions| &revisions.revision);
    let same = revisions.into_iter().any(|built| {
        let root = built
            .vcs_root_instance
            .as_ref()
            .and_then(|root| root.vcs_root_id.as_ref());
        let own = roots.is_empty() || root.is_some_and(|root| roots.contains(root));
        own && built.version.as_deref() == Some(revision)
    });
    (alive || good) && same && build.id.is_some()
}
