//! Ends what is open on a commit: this pipe's rows and reports, found by the builds that their links name.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use crate::bitbucket::Error as BitbucketError;
use crate::bitbucket::model::{Row, State};
use crate::outcome::{BuildOutcome, Ending};
use crate::report::{open_report, status};
use crate::results::{self, Board};
use crate::teamcity::model::Build;
use crate::teamcity::{Client, page};
use crate::types::{BuildId, BuildTypeId};

/// What became of a build, as far as its row is concerned.
#[derive(Debug, Clone)]
pub struct Fate {
    /// How its row ends.
    pub state: State,
    /// What the row says.
    pub text: String,
}

impl Fate {
    /// Of a build that is over.
    pub fn over(build: &Build) -> Self {
        let build_type = BuildTypeId(build.build_type_id.clone().unwrap_or_default());
        let mut outcome = BuildOutcome::unknown(build_type, Ending::Queued);
        results::read(&mut outcome, build);
        outcome.ending = results::chain::ending(build);
        let (state, text) = status::ended(&outcome, None);
        Self { state, text }
    }

    /// Of a build that nobody follows any more, for this reason.
    pub fn stopped(why: &str) -> Self {
        Self {
            state: State::Stopped,
            text: crate::types::text::one_line(why, 200),
        }
    }
}

/// What became of builds.
pub type Fates = HashMap<BuildId, Fate>;

/// Ends rows and reports.
pub struct Settler<'a> {
    client: &'a Client,
    board: Board,
    /// The server's own address: links lead there.
    linked: OnceCell<Option<String>>,
}

impl<'a> Settler<'a> {
    /// On this board.
    pub fn new(client: &'a Client, board: Board) -> Self {
        Self {
            client,
            board,
            linked: OnceCell::new(),
        }
    }

    /// Ends the open rows and reports of a commit. Builds whose fate is not told are asked for, and left alone if they go on.
    /// Gives what can't be done.
    pub async fn settle(&self, commit: &str, fates: &Fates) -> Vec<String> {
        let mut known = Known {
            fates: fates.clone(),
            going_on: HashSet::new(),
        };
        let mut missing = Vec::new();
        if let Err(error) = self.rows(commit, &mut known).await {
            missing.push(format!(
                "build statuses of {commit} may still be in progress: {error}"
            ));
        }
        if let Err(error) = self.reports(commit, &mut known).await {
            missing.push(format!(
                "Code Insights reports of {commit} may still be pending: {error}"
            ));
        }
        missing
    }

    async fn rows(&self, commit: &str, known: &mut Known) -> Result<(), BitbucketError> {
        let mut rows = self.board.rows(commit).await?;
        rows.retain(Row::is_open);
        for row in rows {
            let Some(page) = status::build_of(&row) else {
                continue;
            };
            if !self.is_ours(&page.server).await {
                continue;
            }
            if let Some(fate) = self.fate(page.build, known).await {
                let url = row.url.clone().unwrap_or_default();
                let ended = row.with(fate.state, fate.text, url);
                self.board.set(commit, &ended).await?;
            }
        }
        Ok(())
    }

    async fn reports(&self, commit: &str, known: &mut Known) -> Result<(), BitbucketError> {
        for report in self.board.reports(commit).await? {
            if !open_report::is_open(&report) {
                continue;
            }
            let mut fates = Vec::new();
            let mut builds = Vec::new();
            for server in self.servers().await {
                builds.extend(open_report::builds_of(&report, &server));
            }
            builds.sort();
            builds.dedup();
            for build in &builds {
                fates.extend(self.fate(*build, known).await);
            }
            // It ends when all of its builds have.
            if !builds.is_empty() && fates.len() == builds.len() {
                let passed = fates.iter().all(|fate| fate.state == State::Successful);
                let text: Vec<_> = fates.iter().map(|fate| fate.text.as_str()).collect();
                let ended = open_report::ended(&report, passed, &text.join("; "));
                self.board.put(commit, &ended).await?;
            }
        }
        Ok(())
    }

    async fn fate(&self, id: BuildId, known: &mut Known) -> Option<Fate> {
        if let Some(fate) = known.fates.get(&id) {
            return Some(fate.clone());
        }
        if known.going_on.contains(&id) {
            return None;
        }
        // Of a merged one this is the survivor, whose end is its end.
        let fate = match self.client.build_now(id).await {
            Ok(build) if build.is_finished() => Some(Fate::over(&build)),
            _ => None,
        };
        match &fate {
            Some(fate) => {
                known.fates.insert(id, fate.clone());
            }
            None => {
                known.going_on.insert(id);
            }
        }
        fate
    }

    async fn is_ours(&self, server: &str) -> bool {
        self.servers().await.iter().any(|known| known == server)
    }

    /// The server as it is reached, and as it calls itself in links.
    async fn servers(&self) -> Vec<String> {
        let reached = page::server(self.client.base().as_str());
        if self.linked.get().is_none() {
            let linked = self.client.root_url().await;
            let linked = linked.ok().flatten().and_then(|url| page::server(&url));
            let _ = self.linked.set(linked);
        }
        let linked = self.linked.get().cloned().flatten();
        let mut servers: Vec<_> = reached.into_iter().chain(linked).collect();
        servers.dedup();
        servers
    }
}

struct Known {
    fates: Fates,
    going_on: HashSet<BuildId>,
}
