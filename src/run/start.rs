//! Queues the builds, each exactly once, each at its place.

use std::collections::HashSet;

use futures_util::stream::{self, StreamExt as _};

use super::context::Context;
use super::follow::{Asked, AskedBelow};
use super::ledger::Entry;
use super::pull_request;
use super::queue::{self, Marked, Promoted, id_of};
use super::stop;
use crate::config::Build as BuildSettings;
use crate::identity;
use crate::outcome::{BuildOutcome, Ending, Event, QueuedBuild};
use crate::place::{self, Place, Wanted};
use crate::preflight::rights::{self, Held};
use crate::preflight::{self, AT_ONCE, Findings, Known, Target, cure};
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
    known: &Known,
) -> Result<Vec<Option<Started>>, Diagnostic> {
    let build_types = build_types(context, &settings.build_types).await?;
    pull_request::say(context, settings);
    let target = target(context, settings).await?;
    let target = target.as_ref();
    let started = queue_all(context, settings, known, &build_types, target);
    // Beside it: a run needs no answer to these questions, and waits for none.
    let hints = async {
        tokio::join!(
            rights(context, settings, known, &build_types),
            agents(context, settings, &build_types, target)
        )
    };
    let (mut started, mut hints) = (Box::pin(started), Box::pin(hints));
    let mut hinted = false;
    loop {
        tokio::select! {
            biased;
            ((), ()) = &mut hints, if !hinted => hinted = true,
            started = &mut started => return started,
        }
    }
}

/// Says what the token's user may not do, where it would show too late.
async fn rights(
    context: &Context<'_>,
    settings: &BuildSettings,
    known: &Known,
    build_types: &[BuildType],
) {
    let follow = &context.settings.follow;
    if !follow.wait || !follow.cancel_on_stop {
        return;
    }
    let mut projects = HashSet::new();
    let first = |(_, of): &(&BuildTypeId, &BuildType)| projects.insert(of.project_id.clone());
    let all = settings.build_types.iter().zip(build_types).filter(first);
    let all: Vec<_> = all.collect();
    let all = all.into_iter().map(|(id, build_type)| async move {
        let mut all = Findings::default();
        // What is odd about the answer itself is for `check`.
        let mut unsaid = Findings::default();
        let held = Held::ask(context.client, id, build_type, known.limits(), &mut unsaid).await;
        if let Ok(Some(held)) = held {
            rights::lacks_cancel(id, build_type, &held, &mut all);
        }
        all.warn(context.events);
    });
    let all = stream::iter(all).buffer_unordered(AT_ONCE);
    all.for_each(|()| std::future::ready(())).await;
}

/// Says whether the agent or pool that is asked for can't run a build; it is waited for all the same.
async fn agents(
    context: &Context<'_>,
    settings: &BuildSettings,
    build_types: &[BuildType],
    target: Option<&Target>,
) {
    if target.is_none() {
        return;
    }
    let all = settings.build_types.iter().zip(build_types);
    let all = all.map(|(id, of)| async move {
        let mut all = Findings::default();
        // A question that gets no answer keeps no build.
        _ = preflight::agents(context.client, id, of, target, &mut all).await;
        all.warn(context.events);
    });
    let all = stream::iter(all).buffer_unordered(AT_ONCE);
    all.for_each(|()| std::future::ready(())).await;
}

/// The agent or pool that is asked for.
async fn target(
    context: &Context<'_>,
    settings: &BuildSettings,
) -> Result<Option<Target>, Diagnostic> {
    let Some(choice) = &settings.agent else {
        return Ok(None);
    };
    let mut all = Findings::default();
    let found = preflight::agent(context.client, choice, &mut all).await;
    all.warn(context.events);
    Ok(Some(found?))
}

async fn queue_all(
    context: &Context<'_>,
    settings: &BuildSettings,
    known: &Known,
    build_types: &[BuildType],
    target: Option<&Target>,
) -> Result<Vec<Option<Started>>, Diagnostic> {
    for (id, build_type) in settings.build_types.iter().zip(build_types) {
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
        release: known.release,
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
    let mut places = places;
    let (ids, dependencies) = (&settings.build_types, &settings.dependencies);
    let promoted = queue::promote::find(context, dependencies, ids, &mut places).await?;
    let token = context.settings.connection.token.expose();
    let tags: Vec<String> = settings
        .build_types
        .iter()
        .zip(&places)
        .enumerate()
        .map(|(position, (id, place))| {
            let mut identity = identity(settings, id, place, token);
            let taken = promoted.get(position).into_iter().flatten();
            identity.extend(taken.map(|one| format!("\n{}", one.id)));
            context.marker.build_tag(position, &identity)
        })
        .collect();
    let earlier = earlier(context, &settings.build_types, &tags).await?;
    let mut started = Vec::new();
    for (position, (id, mut place)) in settings.build_types.iter().zip(places).enumerate() {
        let (Some(tag), Some(earlier)) = (tags.get(position), earlier.get(position)) else {
            continue;
        };
        let promoted = promoted.get(position).map_or(&[] as &[_], Vec::as_slice);
        context
            .ledger
            .update(position, |entry| entry.tag = Some(tag.clone()));
        let adopted = earlier.iter().find(|build| !build.is_finished()).cloned();
        let mut joined = adopted
            .is_some()
            .then_some("an earlier attempt of this step queued it");
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
                    project: build_types
                        .get(position)
                        .and_then(|of| of.project_id.as_deref()),
                    known,
                    target,
                    promoted,
                };
                queue::in_some_way(context, settings, &wanted(id), &marked, &mut place).await?
            }
        };
        started.push(match queued {
            Ok(build) => Some(begun(context, position, &build, &place, promoted, joined)),
            Err(error) => {
                context.events.event(&Event::Failed(error.to_string()));
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
    Ok(started)
}

/// Asks for all configurations, and says everything that is wrong with them at once.
async fn build_types(
    context: &Context<'_>,
    ids: &[BuildTypeId],
) -> Result<Vec<BuildType>, Diagnostic> {
    let all = ids.iter().map(|id| async move {
        let mut all = Findings::default();
        let found = preflight::build_type(context.client, id, &mut all).await;
        (found, all)
    });
    let answers: Vec<_> = stream::iter(all).buffered(AT_ONCE).collect().await;
    let mut found = Vec::new();
    let mut wrong = Vec::new();
    for (build_type, all) in answers {
        all.warn(context.events);
        match build_type {
            Ok(build_type) => found.push(build_type),
            Err(bad) => wrong.push(Diagnostic::from(bad)),
        }
    }
    // The last one is the reason of the run's end, which is shown at its end.
    let Some(last) = wrong.pop() else {
        return Ok(found);
    };
    for other in wrong {
        context.events.event(&Event::Failed(other.to_string()));
    }
    Err(last)
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
        had: Vec::new(),
        own: true,
        on_default_branch: false,
        asked: Asked::default(),
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
        &settings.agent,
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
            "looking for builds of an earlier attempt",
            &error,
            context.client.base(),
        )
    })
}

fn begun(
    context: &Context<'_>,
    position: usize,
    build: &Build,
    place: &Place,
    promoted: &[Promoted],
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
    let checked = place.at_top && (!place.roots.is_empty() || place.revision.is_some());
    let asked = Asked {
        queued_here: joined.is_none(),
        branch: place.branch.clone(),
        checked,
        revision: place.revision.clone(),
        roots: place.roots.clone(),
        below: AskedBelow {
            below: place.below.clone(),
            branch: place.branch.clone(),
            revision: place.revision.clone(),
            alone: !place.at_top && !place.below.is_empty(),
            said: 0,
            promoted: promoted.to_vec(),
        },
    };
    context
        .ledger
        .update(position, |entry| entry.asked = asked.clone());
    Started { id, asked }
}
