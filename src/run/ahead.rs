//! What is asked while nobody knows yet whether server and token are good: it leaves with the first request, so that a far server is
//! waited for once. Whoever needs an answer asks the same question, and finds it answered.

use std::cell::Cell;

use futures_util::stream::{self, StreamExt as _};
use tokio::join;

use crate::config::{AgentChoice, BranchChoice, Build, RevisionChoice};
use crate::teamcity::{Client, ErrorKind, Locator};
use crate::types::BuildTypeId;

/// Configurations that are asked about at once. Few: a wrong token must not hammer the server, which locks out who does.
const AT_ONCE: usize = 4;

/// Asks what a run needs to know of its configurations and of its agent.
pub async fn ask(client: &Client, build: &Build) {
    let ahead = &client.ahead();
    let refused = &Cell::new(false);
    let all = build.build_types.iter().map(|id| async move {
        if !refused.get() {
            Box::pin(of_build_type(ahead, build, id, refused)).await;
        }
    });
    let all = stream::iter(all).buffer_unordered(AT_ONCE);
    _ = join!(
        ahead.current_user(),
        ahead.tokens(),
        all.for_each(|()| std::future::ready(())),
        of_agent(ahead, build)
    );
}

async fn of_build_type(ahead: &Client, build: &Build, id: &BuildTypeId, refused: &Cell<bool>) {
    let branches = async {
        if !matches!(build.branch, BranchChoice::Default | BranchChoice::Unknown) {
            _ = ahead.branches(id, &|_| false).await;
        }
    };
    let changes = async {
        if let RevisionChoice::Given(revision) | RevisionChoice::Pipeline(revision) =
            &build.revision
        {
            _ = ahead.changes_of_version(id, revision).await;
        }
    };
    let (build_type, ..) = join!(
        ahead.build_type(id),
        ahead.chain_configurations(id),
        branches,
        changes
    );
    if build_type.is_err_and(|error| error.kind == ErrorKind::Unauthorized) {
        refused.set(true);
    }
}

async fn of_agent(ahead: &Client, build: &Build) {
    match &build.agent {
        None => {}
        Some(AgentChoice::Name(name)) => {
            _ = ahead.agent(&Locator::new().with("name", name)).await;
        }
        Some(AgentChoice::Id(id)) => _ = ahead.agent(&Locator::new().with("id", id)).await,
        Some(AgentChoice::Pool(name)) => _ = ahead.pool(name).await,
    }
}
