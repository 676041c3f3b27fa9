//! What tests see: builds as they are now, and what a strict administrator would frown at.

use std::time::Duration;

use crate::lifecycle::End;
use crate::model::{Property, Revision, Status, TriggeringOptions};
use crate::rest::resource::Resource;
use crate::simulator::Recorded;
use crate::state::State;
use crate::verdict;

/// A build as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildView {
    /// Number.
    pub id: u64,
    /// The configuration's id.
    pub build_type: String,
    /// Logical branch.
    pub branch: Option<String>,
    /// `queued`, `running`, `finished` or `deleted`.
    pub state: &'static str,
    /// `SUCCESS`, `FAILURE`, `ERROR` or `UNKNOWN`; `None` while queued.
    pub status: Option<&'static str>,
    /// Login name of who canceled it; empty for the server itself.
    pub canceled_by: Option<String>,
    /// With which comment.
    pub cancel_comment: Option<String>,
    /// Comment.
    pub comment: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Custom parameters.
    pub properties: Vec<Property>,
    /// Revisions.
    pub revisions: Vec<Revision>,
    /// Whether it is personal.
    pub personal: bool,
    /// Options.
    pub options: TriggeringOptions,
    /// The build that absorbed it.
    pub merged_into: Option<u64>,
    /// Builds that it depends on.
    pub dependencies: Vec<u64>,
    /// When it was queued.
    pub queued_at: Duration,
    /// When it started, if it has.
    pub started_at: Option<Duration>,
    /// When it finished, if it has.
    pub finished_at: Option<Duration>,
}

/// Everything that a waiting test may look at.
#[derive(Debug, Clone)]
pub struct View {
    /// Time since the server's start.
    pub now: Duration,
    /// All builds.
    pub builds: Vec<BuildView>,
    /// All requests.
    pub requests: Vec<Recorded>,
}

pub(crate) fn view(state: &State) -> View {
    View {
        now: state.clock.now(),
        builds: builds(state),
        requests: state.recorded.clone(),
    }
}

pub(crate) fn builds(state: &State) -> Vec<BuildView> {
    let now = state.clock.now();
    state
        .existing(now)
        .filter_map(|build| {
            let course = state.timeline(build.id)?;
            let phase = course.phase(now);
            let survivor = state.survivor(build.id, now);
            let canceled = course.canceled(now);
            Some(BuildView {
                id: build.id,
                build_type: build.build_type.clone(),
                branch: build.branch.clone(),
                state: phase.as_str(),
                status: verdict::status(build, &course, now).map(Status::as_str),
                canceled_by: canceled.map(|c| {
                    c.user
                        .and_then(|id| state.user(id))
                        .map_or_else(String::new, |user| user.username.clone())
                }),
                cancel_comment: canceled.map(|c| c.comment.clone()),
                comment: build.comment.as_ref().map(|(text, _, _)| text.clone()),
                tags: build.tags.iter().map(|tag| tag.name.clone()).collect(),
                properties: build.properties.clone(),
                revisions: build.revisions.clone(),
                personal: build.personal.is_some(),
                options: build.options.clone(),
                merged_into: (survivor != build.id).then_some(survivor),
                dependencies: state.dependencies_of(build, now),
                queued_at: build.queued_at,
                started_at: course.start.filter(|at| *at <= now),
                finished_at: course.finish.filter(|at| *at <= now),
            })
        })
        .collect()
}

pub(crate) fn final_status(end: &End) -> Status {
    match end {
        End::Status(status) => *status,
        End::FailedToStart(_) => Status::Failure,
        End::Canceled(_) => Status::Unknown,
    }
}

/// This many refusals within [`HAMMERING_WINDOW`] are hammering.
const HAMMERING: usize = 5;
const HAMMERING_WINDOW: Duration = Duration::from_secs(60);

pub(crate) fn violations(state: &State) -> Vec<String> {
    let mut found = Vec::new();
    let mut refusals: Vec<Duration> = Vec::new();
    for request in &state.recorded {
        let line = format!("{} {}", request.method, request.path);
        let mut frown = |what: &str| found.push(format!("{line}: {what}"));
        let url = format!(
            "{}?{}",
            request.path,
            request.query.as_deref().unwrap_or_default()
        );
        if state.tokens.iter().any(|token| url.contains(&token.value)) {
            frown("a token in the URL");
        }
        if request.headers.contains_key("cookie") {
            frown("a cookie");
        }
        if !request.headers.contains_key("authorization")
            && request.resource != Some(Resource::ServerVersion)
        {
            frown("no Authorization");
        }
        match request
            .headers
            .get("user-agent")
            .map(|agent| agent.to_str().unwrap_or_default())
        {
            None | Some("") => frown("no User-Agent"),
            Some(agent) if agent.starts_with("Mozilla") => frown("a browser's User-Agent"),
            Some(_) => {}
        }
        let listed = request.resource.is_some_and(Resource::is_list) && request.method == "GET";
        if listed
            && !request
                .query
                .as_deref()
                .is_some_and(|query| query.contains("fields="))
        {
            frown("a list without fields");
        }
        if request.status == Some(401) {
            // What left together with a refused request was sent before anybody could know.
            if refusals.last() != Some(&request.at) {
                refusals.push(request.at);
            }
            let recent = refusals
                .iter()
                .filter(|at| **at + HAMMERING_WINDOW > request.at)
                .count();
            if recent == HAMMERING {
                frown("keeps asking after 401");
            }
        }
    }
    found
}
