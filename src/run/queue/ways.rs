//! In which way a build is queued: with which marks, and how its commit is pinned. TeamCity may refuse one way, and take another.

use super::once::{self, KnownBy, QueueError, Request};
use super::promoted::Promoted;
use super::request::{self, Marks};
use crate::config::Build as BuildSettings;
use crate::identity::{Facts, Manner};
use crate::outcome::Event;
use crate::place::{self, Pin, Place, Wanted};
use crate::preflight::rights::{self, Extra};
use crate::preflight::{Known, Target, cure};
use crate::run::context::Context;
use crate::teamcity::ErrorKind;
use crate::teamcity::model::Build;
use crate::types::{BuildId, BuildTypeId, Diagnostic};

/// Where a build stands among those of the step, and how it is found again.
pub struct Marked<'a> {
    /// Its place in the ledger.
    pub position: usize,
    /// Its own tag.
    pub tag: &'a str,
    /// Builds that carry it already: an earlier try of this step asked for the same, and they are over.
    pub earlier: &'a [Build],
    /// The project of its configuration.
    pub project: Option<&'a str>,
    /// The server, and who queues it.
    pub known: &'a Known,
    /// Where it is to run.
    pub target: Option<&'a Target>,
    /// Finished builds that it takes as its dependencies.
    pub promoted: &'a [Promoted],
}

impl Marked<'_> {
    /// What is known of a build that has no tag.
    fn facts<'a>(
        &self,
        build_type: &'a BuildTypeId,
        place: &'a Place,
        comment: Option<&'a str>,
    ) -> Option<Facts<'a>> {
        Some(Facts {
            build_type,
            branch: place.branch.as_deref(),
            revision: place.revision.as_deref(),
            user: self.known.user.as_ref()?.id?,
            since: self.known.server_time()?,
            comment,
        })
    }
}

/// Queues one; the outer error ends the run, the inner one only this build.
///
/// # Errors
/// When the server stays away.
pub async fn in_some_way(
    context: &Context<'_>,
    settings: &BuildSettings,
    wanted: &Wanted<'_>,
    marked: &Marked<'_>,
    place: &mut Place,
) -> Result<Result<Build, Diagnostic>, Diagnostic> {
    let comment = settings
        .comment
        .clone()
        .unwrap_or_else(|| request::comment(&context.settings.pipeline));
    let follow = &context.settings.follow;
    let manner = context.marker.manner_tag(Manner {
        waits: follow.wait,
        cancels: follow.cancel_on_stop,
    });
    let tags = [context.marker.pipeline_tag(), &manner, marked.tag];
    let earlier: Vec<BuildId> = marked.earlier.iter().filter_map(|build| build.id).collect();
    let mut marks = Marks {
        target: marked.target,
        promoted: marked.promoted,
        comment: Some(&comment),
        tags: Some(&tags),
    };
    let mut ways_left = 2_u8;
    loop {
        let body = request::request(settings, wanted.build_type, place, &marks);
        let known_by = match marks.tags {
            Some(_) => KnownBy::Tag(marked.tag),
            None => KnownBy::Facts(marked.facts(wanted.build_type, place, marks.comment)),
        };
        let asked = Request {
            position: marked.position,
            build_type: wanted.build_type,
            known_by,
            earlier: &earlier,
            body: &body,
        };
        match once::queue(context.client, context.events, context.ledger, &asked).await {
            Ok(build) => return Ok(Ok(build)),
            Err(QueueError::Unreachable(error)) => return Err(error),
            Err(QueueError::Refused(kind))
                if drop_extra(context, wanted, marked, &mut marks, &kind) => {}
            Err(QueueError::Refused(kind)) if ways_left > 0 && other_way(&kind, place) => {
                ways_left = ways_left.saturating_sub(1);
                let fail = |trouble| cure::place(trouble, context.client.base());
                if place.pin == Pin::Change {
                    place::wait_for_change(context.client, context.events, wanted, place)
                        .await
                        .map_err(fail)?;
                } else if place.cover(context.client).await.map_err(fail)?.is_err() {
                    place.pin = Pin::Change;
                    if let Some(wrong) = place::refused(&kind, wanted, place) {
                        return Ok(Err(wrong));
                    }
                }
            }
            Err(QueueError::Refused(kind)) => {
                let named = match &kind {
                    ErrorKind::Forbidden(words) => {
                        rights::refused(wanted.build_type, marked.project, words)
                    }
                    _ => place::refused(&kind, wanted, place),
                };
                return Ok(Err(named.unwrap_or_else(|| {
                    let doing = format!("queueing {}", wanted.build_type);
                    cure::teamcity(&doing, &kind.into(), context.client.base())
                })));
            }
        }
    }
}

/// Extras are never worth a build: whether the refusal is about a comment or tags, which are then left out, and that is said.
fn drop_extra(
    context: &Context<'_>,
    wanted: &Wanted<'_>,
    marked: &Marked<'_>,
    marks: &mut Marks<'_>,
    kind: &ErrorKind,
) -> bool {
    let ErrorKind::Forbidden(words) = kind else {
        return false;
    };
    let Some(extra) = rights::extra_in(words) else {
        return false;
    };
    let dropped = match extra {
        Extra::Comment => marks.comment.take().is_some(),
        Extra::Tags => marks.tags.take().is_some(),
    };
    if dropped {
        let (what, cure) = rights::without(extra, wanted.build_type, marked.project);
        context.events.event(&Event::Odd { what, cure });
        if extra == Extra::Tags {
            context
                .ledger
                .update(marked.position, |entry| entry.tag = None);
        }
    }
    dropped
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
            if message.contains("Change Log")
                && place.git_ref.is_some()
                && place.revisions_open =>
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
