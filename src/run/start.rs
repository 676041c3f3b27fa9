//! Queues the builds, each exactly once, each at its place.

use futures_util::stream::{self, StreamExt as _};

use super::context::Context;
use super::follow::Asked;
use super::ledger::Entry;
use super::queue::{self, QueueError, Request, id_of};
use super::stop;
use crate::config::{BranchChoice, Build as BuildSettings};
use crate::identity;
use crate::outcome::{BuildOutcome, Ending, Event, QueuedBuild};
use crate::place::{self, Pin, Place, Wanted};
use crate::preflight::{self, AT_ONCE, cure};
use crate::teamcity::ErrorKind;
use crate::teamcity::model::{Build, BuildType};
use crate::types::{BuildId, BuildTypeId, Diagnostic, RepositoryAddress};

/// A build that was started, and what it was asked to be.
pub struct Started {
    /// Its id.
    pub id: BuildId,
    /// What it must turn out to build.
    pub asked: Asked,
}

/// Queues all builds. A refusal of one does not keep the others; it is in the ledger then.
///
/// # Errors
/// When nothing could be begun, or the server stays away.
pub async fn start(
    context: &Context<'_>,
    settings: &BuildSettings,
    release: (u32, u32),
) -> Result<Vec<Option<Started>>, Diagnostic> {
    let build_types =
        preflight::build_types(context.client, context.events, &settings.build_types).await?;
    for (id, build_type) in settings.build_types.iter().zip(&build_types) {
        context.ledger.add(entry(id, build_type));
    }
    let repository = context
        .settings
        .pipeline
        .repository_full_name
        .as_deref()
        .map(RepositoryAddress::on_bitbucket);
    let wanted = &|build_type| Wanted {
        build_type,
        branch: &settings.branch,
        revision: &settings.revision,
        repository: repository.as_ref(),
        release,
    };
    let all = settings.build_types.iter().map(|id| async move {
        let wanted = wanted(id);
        let place = place::find(context.client, context.events, &wanted).await;
        place.map_err(|trouble| cure::place(trouble, context.client.base()))
    });
    let places: Vec<_> = stream::iter(all).buffered(AT_ONCE).collect().await;
    let places = places
        .into_iter()
        .collect::<Result<Vec<Place>, Diagnostic>>()?;
    let token = context.settings.connection.token.expose();
    let tags: Vec<String> = settings
        .build_types
        .iter()
        .zip(&places)
        .enumerate()
        .map(|(position, (id, place))| {
            let identity = identity(settings, id, place, token);
            context.marker.build_tag(position, &identity)
        })
        .collect();
    let earlier = earlier(context, &settings.build_types, &tags).await?;
    let mut started = Vec::new();
    for (position, (id, mut place)) in settings.build_types.iter().zip(places).enumerate() {
        let (Some(tag), Some(earlier)) = (tags.get(position), earlier.get(position)) else {
            continue;
        };
        context
            .ledger
            .update(position, |entry| entry.tag = Some(tag.clone()));
        let adopted = earlier.iter().find(|build| !build.is_finished()).cloned();
        let mut joined = adopted
            .is_some()
            .then_some("an earlier try of this step had queued it");
        let mut own = true;
        let adopted = match adopted {
            Some(build) => Some(build),
            None => {
                let found = queue::reuse::find(context, settings, id, &place).await?;
                if found.is_some() {
                    // Also one of this pipeline is another step's, which may wait for it.
                    (joined, own) = (Some(queue::reuse::WHY), false);
                }
                found
            }
        };
        context.ledger.update(position, |entry| entry.own = own);
        let queued = match adopted {
            Some(build) => Ok(build),
            None => {
                let marked = Marked {
                    position,
                    tag,
                    earlier,
                };
                queue(context, settings, &wanted(id), &marked, &mut place).await?
            }
        };
        started.push(match queued {
            Ok(build) => Some(begun(context, position, &build, &place, joined)),
            Err(error) => {
                context.events.event(&Event::Warning(error.to_string()));
                // Where the search was refused too, it may exist all the same.
                stop::cancel_one(
                    context,
                    position,
                    "it could not be found again after a lost answer",
                )
                .await;
                context.ledger.update(position, |entry| {
                    entry.ended = true;
                    entry.outcome.ending = Ending::NotQueued;
                    entry.outcome.status_text = Some(error.what.clone());
                });
                None
            }
        });
    }
    let on_a_branch = !matches!(
        settings.branch,
        BranchChoice::Tag(_) | BranchChoice::Unknown
    );
    if settings.supersede && on_a_branch {
        for entry in context
            .ledger
            .entries()
            .iter()
            .filter(|entry| entry.id.is_some())
        {
            queue::supersede(context, entry).await;
        }
    }
    Ok(started)
}

fn entry(id: &BuildTypeId, build_type: &BuildType) -> Entry {
    let mut outcome = BuildOutcome::unknown(id.clone(), Ending::NotQueued);
    if let Some(name) = &build_type.name {
        outcome.name.clone_from(name);
    }
    outcome.project.clone_from(&build_type.project_name);
    Entry {
        build_type: id.clone(),
        tag: None,
        in_flight: false,
        id: None,
        own: true,
        on_default_branch: false,
        outcome,
        ended: false,
    }
}

/// What makes a request the same as an earlier one, beside the step that makes it: all that is asked for. The hash of it
/// is public, and parameters may be secret: the token in it keeps anybody from trying out values.
fn identity(settings: &BuildSettings, id: &BuildTypeId, place: &Place, token: &str) -> String {
    let mut identity = format!("{id}\n{:?}\n{:?}\n{token}", place.branch, place.revision);
    for parameter in &settings.parameters {
        identity.push_str(&format!("\n{}={}", parameter.name, parameter.value));
    }
    let options = (
        &settings.comment,
        &settings.tags,
        [
            settings.personal,
            settings.clean_sources,
            settings.queue_at_top,
        ],
        settings.agent_id,
        settings.rebuild_dependencies,
        settings.settings_source,
    );
    identity.push_str(&format!("\n{options:?}"));
    identity
}

/// Builds that carry these tags already: an earlier try of this step queued them.
async fn earlier(
    context: &Context<'_>,
    build_types: &[BuildTypeId],
    tags: &[String],
) -> Result<Vec<Vec<Build>>, Diagnostic> {
    if !context.marker.is_stable() {
        return Ok(vec![Vec::new(); tags.len()]);
    }
    let all = build_types
        .iter()
        .zip(tags)
        .map(|(id, tag)| identity::tagged(context.client, id, tag));
    let all: Vec<_> = stream::iter(all).buffered(AT_ONCE).collect().await;
    let all: Result<Vec<_>, _> = all.into_iter().collect();
    all.map_err(|error| {
        cure::teamcity(
            "looking for builds of an earlier try",
            &error,
            context.client.base(),
        )
    })
}

/// Where a build stands among those of the step, and how it is found again.
struct Marked<'a> {
    position: usize,
    tag: &'a str,
    earlier: &'a [Build],
}

/// Queues one; the outer error ends the run, the inner one only this build.
async fn queue(
    context: &Context<'_>,
    settings: &BuildSettings,
    wanted: &Wanted<'_>,
    marked: &Marked<'_>,
    place: &mut Place,
) -> Result<Result<Build, Diagnostic>, Diagnostic> {
    let comment = settings
        .comment
        .clone()
        .unwrap_or_else(|| queue::comment(&context.settings.pipeline));
    let tags = [context.marker.pipeline_tag(), marked.tag];
    let earlier: Vec<BuildId> = marked.earlier.iter().filter_map(|build| build.id).collect();
    let mut ways_left = 2;
    loop {
        let body = queue::request(settings, wanted.build_type, place, &comment, &tags);
        let request = Request {
            position: marked.position,
            build_type: wanted.build_type,
            tag: marked.tag,
            earlier: &earlier,
            body: &body,
        };
        match queue::queue(context.client, context.events, context.ledger, &request).await {
            Ok(build) => return Ok(Ok(build)),
            Err(QueueError::Unreachable(error)) => return Err(error),
            Err(QueueError::Refused(kind)) if ways_left > 0 && other_way(&kind, place) => {
                ways_left -= 1;
                if place.pin == Pin::Change {
                    place::wait_for_change(context.client, context.events, wanted, place)
                        .await
                        .map_err(|trouble| cure::place(trouble, context.client.base()))?;
                }
            }
            Err(QueueError::Refused(kind)) => {
                let doing = format!("queueing {}", wanted.build_type);
                return Ok(Err(cure::teamcity(
                    &doing,
                    &kind.into(),
                    context.client.base(),
                )));
            }
        }
    }
}

/// Whether the commit can be pinned in another way than the one that was refused; sets that way.
fn other_way(kind: &ErrorKind, place: &mut Place) -> bool {
    match (kind, place.pin) {
        // A chain with roots of other repositories; or a token that may not customize revisions.
        (ErrorKind::Rejected { message, .. }, Pin::Revisions)
            if message.contains("Missing revisions") =>
        {
            place.pin = Pin::Change
        }
        (ErrorKind::Forbidden(message), Pin::Revisions)
            if message.to_lowercase().contains("revision") =>
        {
            place.pin = Pin::Change
        }
        // The commit is known, but the branch has not been read since.
        (ErrorKind::Rejected { message, .. }, Pin::Change)
            if message.contains("Change Log") && place.git_ref.is_some() =>
        {
            place.pin = Pin::Revisions;
        }
        // One node of the server knows the change, the one that was asked does not yet.
        (ErrorKind::NotFound(message), Pin::Change)
            if message.contains("version:") || message.contains("change") => {}
        _ => return false,
    }
    true
}

fn begun(
    context: &Context<'_>,
    position: usize,
    build: &Build,
    place: &Place,
    joined: Option<&'static str>,
) -> Started {
    let id = id_of(build);
    context.ledger.update(position, |entry| {
        entry.id = Some(id);
        entry.in_flight = false;
        entry.on_default_branch = place.is_default;
        entry.outcome.id = Some(id);
        entry.outcome.ending = Ending::Queued;
        entry.outcome.url.clone_from(&build.web_url);
        entry.outcome.branch = build.branch_name.clone().or_else(|| place.branch.clone());
        entry.outcome.revision.clone_from(&place.revision);
        entry.outcome.joined = joined.is_some();
    });
    if let Some(entry) = context.ledger.entry(position) {
        context.events.event(&Event::Queued(QueuedBuild {
            build: position,
            of: context.ledger.entries().len(),
            id,
            build_type: entry.build_type,
            name: entry.outcome.full_name(),
            url: build.web_url.clone(),
            branch: build.branch_name.clone().or_else(|| place.branch.clone()),
            revision: place.revision.clone(),
            joined,
        }));
    }
    let checked = !place.roots.is_empty() || place.revision.is_some();
    Started {
        id,
        asked: Asked {
            queued_here: joined.is_none(),
            branch: place.branch.clone(),
            checked,
            revision: place.revision.clone(),
            roots: place.roots.clone(),
        },
    }
}
