//! `DEPENDENCIES`: finished builds that a build takes as its dependencies, so that a deployment deploys the very build that was tested.

use super::promoted::Promoted;
use crate::config::Dependencies;
use crate::outcome::Event;
use crate::place::{Pin, Place};
use crate::preflight::cure;
use crate::run::context::Context;
use crate::teamcity::model::{Build, State, Status};
use crate::teamcity::{ErrorKind, Locator};
use crate::types::{BuildId, BuildTypeId, Diagnostic};

/// Finds what each of the configurations takes.
///
/// # Errors
/// When a build is not there, has not finished, or belongs to nothing that they depend on; when TeamCity stays away.
pub async fn find(
    context: &Context<'_>,
    dependencies: &Dependencies,
    build_types: &[BuildTypeId],
    places: &mut [Place],
) -> Result<Vec<Vec<Promoted>>, Diagnostic> {
    let (given, auto) = match dependencies {
        Dependencies::None => return Ok(vec![Vec::new(); places.len()]),
        Dependencies::Ids(ids) => {
            let mut found = Vec::new();
            for id in ids {
                found.push(finished(context, *id).await?);
            }
            (found, false)
        }
        Dependencies::Auto => (of_this_pipeline(context).await?, true),
    };
    let below = |place: &Place, one: &Promoted| place.chain.contains(&one.build_type);
    for one in given.iter().filter(|_| !auto) {
        if !places.iter().any(|place| below(place, one)) {
            let tops: Vec<&str> = build_types.iter().map(BuildTypeId::as_str).collect();
            return Err(Diagnostic::refused(
                format!(
                    "DEPENDENCIES: the build {} is of {}, on which {} does not depend",
                    one.id,
                    one.build_type,
                    tops.join(", ")
                ),
                "Use builds of its snapshot dependencies, or add the dependency in TeamCity (page Dependencies of the configuration).",
            ));
        }
    }
    let mut all = Vec::new();
    for (id, place) in build_types.iter().zip(places) {
        let taken: Vec<Promoted> = given
            .iter()
            .filter(|one| below(place, one))
            .cloned()
            .collect();
        if taken.is_empty() && auto {
            return Err(Diagnostic::usage(
                format!(
                    "DEPENDENCIES is 'auto', but this pipeline has no successful build of anything on which {id} depends"
                ),
                "Build one of them in an earlier step of this pipeline, or list the builds by their ids.",
            ));
        }
        if !taken.is_empty() {
            say(context, id, &taken);
            // They tell what is built below; nothing of it is built again.
            place.below.clear();
            if !place.at_top {
                place.pin = Pin::None;
            }
        }
        all.push(taken);
    }
    Ok(all)
}

fn say(context: &Context<'_>, id: &BuildTypeId, taken: &[Promoted]) {
    let taken: Vec<String> = taken
        .iter()
        .map(|one| format!("{} of {}", one.id, one.build_type))
        .collect();
    context.events.event(&Event::Note(format!(
        "{id} uses these builds as its dependencies: {}",
        taken.join(", ")
    )));
}

async fn finished(context: &Context<'_>, id: BuildId) -> Result<Promoted, Diagnostic> {
    let gone = || {
        Diagnostic::refused(
            format!("DEPENDENCIES: there is no build {id}, or the token's user may not view it"),
            "Check DEPENDENCIES. TeamCity deletes old builds by its clean-up rules.",
        )
    };
    let build = match context.client.build(id).await {
        Ok(build) => build,
        Err(error) if matches!(error.kind, ErrorKind::NotFound(_) | ErrorKind::Forbidden(_)) => {
            return Err(gone());
        }
        Err(error) => {
            let doing = format!("reading the build {id} (DEPENDENCIES)");
            return Err(cure::teamcity(&doing, &error, context.client.base()));
        }
    };
    if build.state != Some(State::Finished) {
        return Err(Diagnostic::refused(
            format!("DEPENDENCIES: the build {id} has not finished"),
            "Wait for it first, for example in a step with BUILD_ID.",
        ));
    }
    promoted(build).ok_or_else(gone)
}

fn promoted(build: Build) -> Option<Promoted> {
    Some(Promoted {
        id: build.id?,
        build_type: BuildTypeId(build.build_type_id?),
    })
}

/// The newest successful build of each configuration that this pipeline has built.
async fn of_this_pipeline(context: &Context<'_>) -> Result<Vec<Promoted>, Diagnostic> {
    let tag = context.marker.pipeline_tag();
    let locator = Locator::new()
        .with("tag", tag)
        .with("state", "finished")
        .with("defaultFilter", false)
        .with("count", 100);
    let found = context.client.find_builds(&locator).await;
    let mut found = found.map_err(|error| {
        let doing = "looking for the builds of this pipeline (DEPENDENCIES)";
        cure::teamcity(doing, &error, context.client.base())
    })?;
    found.retain(|build| build.has_tag(tag) && build.status == Some(Status::Success));
    found.sort_by_key(|build| std::cmp::Reverse(build.id));
    let mut newest: Vec<Promoted> = Vec::new();
    for one in found.into_iter().filter_map(promoted) {
        if newest
            .iter()
            .all(|known| known.build_type != one.build_type)
        {
            newest.push(one);
        }
    }
    Ok(newest)
}
