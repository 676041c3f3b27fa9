//! One method a request that the pipe makes.

use http::Method;
use serde_json::Value;

use super::error::{Error, ErrorKind};
use super::fields;
use super::locator::Locator;
use super::model::{
    Build, BuildType, Builds, Changes, Permissions, RootEntries, RootInstances, Server, User,
};
use super::request::{Need, Requests};
use crate::http::Failure;
use crate::types::{BuildId, BuildTypeId};

/// Longest chain of pages that is followed: an endless one must end somewhere.
const MOST_PAGES: usize = 20;
/// Most builds of a list: no chain is that long, and memory stays small whatever the server says.
const MOST_BUILDS: usize = 5000;

/// TeamCity, as one token sees it.
pub struct Client {
    pub(super) requests: Requests,
}

impl Client {
    /// A client.
    pub fn new(requests: Requests) -> Self {
        Self { requests }
    }

    /// The same server, for what is asked ahead, while nobody knows yet whether it is good: each question is sent once, and its answer
    /// is kept for whoever asks the same next.
    #[must_use]
    pub fn ahead(&self) -> Self {
        Self::new(self.requests.ahead())
    }

    /// The server's base URL, for people.
    pub fn base(&self) -> &url::Url {
        self.requests.base()
    }

    /// How long an unreachable server is retried.
    pub fn retry_for(&self) -> std::time::Duration {
        self.requests.retry_for()
    }

    pub(super) fn rest(&self, segments: &[&str], query: &[(&str, &str)]) -> url::Url {
        self.requests.url(
            ["app", "rest"].into_iter().chain(segments.iter().copied()),
            query,
        )
    }

    /// The server. Needs a good token, and so tells whether it is one.
    ///
    /// # Errors
    /// Like every method here: when TeamCity refuses, or does not answer sensibly for `RETRY_FOR`.
    pub async fn server(&self) -> Result<Server, Error> {
        self.requests
            .get(
                self.rest(&["server"], &[("fields", fields::SERVER)]),
                Need::Must,
            )
            .await
    }

    /// The token's user; `None` for the super user, who is no user.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn current_user(&self) -> Result<Option<User>, Error> {
        let answer = self
            .requests
            .get(
                self.rest(&["users", "current"], &[("fields", fields::USER)]),
                Need::Must,
            )
            .await;
        match answer {
            Ok(user) => Ok(Some(user)),
            Err(Error {
                kind: ErrorKind::NotFound(_),
                ..
            }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What the token's user may do in a project. A hint only: it is not settled whether a limited token's limits show
    /// here, and the refusal of the request itself is the truth.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn permissions(&self, project: &str) -> Result<Permissions, Error> {
        let locator = Locator::new().nested("project", &Locator::new().with("id", project));
        let query = [
            ("locator", locator.as_str()),
            ("fields", fields::PERMISSIONS),
        ];
        self.requests
            .get(
                self.rest(&["users", "current", "permissions"], &query),
                Need::May,
            )
            .await
    }

    /// A build configuration.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn build_type(&self, id: &BuildTypeId) -> Result<BuildType, Error> {
        let locator = Locator::new().with("id", id);
        self.requests
            .get(
                self.rest(
                    &["buildTypes", locator.as_str()],
                    &[("fields", fields::BUILD_TYPE)],
                ),
                Need::Must,
            )
            .await
    }

    /// The changes with this commit that the server knows in a configuration.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn changes_of_version(
        &self,
        id: &BuildTypeId,
        version: &str,
    ) -> Result<Changes, Error> {
        let locator = Locator::new()
            .with("version", version)
            .nested("buildType", &Locator::new().with("id", id));
        let query = [("locator", locator.as_str()), ("fields", fields::CHANGES)];
        self.requests
            .get(self.rest(&["changes"], &query), Need::Must)
            .await
    }

    /// The changes that a build is the first to contain.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn changes_of_build(&self, id: BuildId, count: usize) -> Result<Changes, Error> {
        let locator = Locator::new()
            .nested("build", &Locator::new().with("id", id))
            .with("count", count);
        let query = [("locator", locator.as_str()), ("fields", fields::CHANGES)];
        self.requests
            .get(self.rest(&["changes"], &query), Need::May)
            .await
    }

    /// The VCS roots attached to a configuration. Needs the permission to view its settings.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn root_entries(&self, id: &BuildTypeId) -> Result<RootEntries, Error> {
        let of = Locator::new().with("id", id);
        let url = self.rest(
            &["buildTypes", of.as_str(), "vcs-root-entries"],
            &[("fields", fields::ROOT_ENTRIES)],
        );
        self.requests.get(url, Need::May).await
    }

    /// The same roots with their parameters resolved.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn root_instances(&self, id: &BuildTypeId) -> Result<RootInstances, Error> {
        let locator = Locator::new().nested("buildType", &Locator::new().with("id", id));
        let query = [
            ("locator", locator.as_str()),
            ("fields", fields::ROOT_INSTANCES),
        ];
        self.requests
            .get(self.rest(&["vcs-root-instances"], &query), Need::May)
            .await
    }

    /// Tells the server that there are new commits, so that it looks at a configuration's repositories now.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn notify_of_commit(&self, id: &BuildTypeId) -> Result<(), Error> {
        let locator = Locator::new().nested("buildType", &Locator::new().with("id", id));
        let query = [("locator", locator.as_str()), ("okOnNothingFound", "true")];
        let url = self.rest(&["vcs-root-instances", "commitHookNotification"], &query);
        self.requests
            .send(Method::POST, url, "text/plain, */*;q=0.5", None, Need::May)
            .await
            .map(drop)
    }

    /// Puts a build into the queue. Tried once: a second try might queue a second build, and so is the caller's.
    ///
    /// # Errors
    /// What went wrong, and what it tells; after anything but a refusal the build may be there.
    pub async fn queue(&self, build: &Value, attempt: u32) -> Result<Build, Failure<ErrorKind>> {
        let build: Build = self
            .requests
            .post_once(self.rest(&["buildQueue"], &[]), build, attempt)
            .await?;
        if build.id.is_none() {
            // What a full queue answers is not known; without an id it is no build.
            let error = ErrorKind::Unreadable("it names no build".to_owned());
            let trouble = error.trouble(None);
            return Err(Failure { error, trouble });
        }
        Ok(build)
    }

    /// Builds found by a locator, over pages.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn find_builds(&self, locator: &Locator) -> Result<Vec<Build>, Error> {
        self.list(locator.as_str(), fields::FOUND, Need::Must).await
    }

    /// The same, each page asked for once.
    ///
    /// # Errors
    /// When this one try fails.
    pub async fn find_builds_now(&self, locator: &Locator) -> Result<Vec<Build>, Error> {
        self.list(locator.as_str(), fields::FOUND, Need::Now).await
    }

    /// The builds of a chain: this one and all that it depends on.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn chain(&self, id: BuildId, need: Need) -> Result<Vec<Build>, Error> {
        self.chain_with(id, fields::CHAIN, need).await
    }

    pub(super) async fn chain_with(
        &self,
        id: BuildId,
        fields: &str,
        need: Need,
    ) -> Result<Vec<Build>, Error> {
        let to = Locator::new()
            .nested("to", &Locator::new().with("id", id))
            .with("includeInitial", true);
        let locator = Locator::new()
            .nested("snapshotDependency", &to)
            .with("defaultFilter", false)
            .with("state", "any")
            .with("count", 1000);
        self.list(locator.as_str(), fields, need).await
    }

    pub(super) async fn list(
        &self,
        locator: &str,
        fields: &str,
        need: Need,
    ) -> Result<Vec<Build>, Error> {
        let mut url = self.rest(&["builds"], &[("locator", locator), ("fields", fields)]);
        let mut found = Vec::new();
        for _ in 0..MOST_PAGES {
            let page: Builds = self.requests.get(url.clone(), need).await?;
            found.extend(page.build);
            if found.len() >= MOST_BUILDS {
                break;
            }
            // An empty page may still have a next one: the server looks through so many builds at a time.
            match page.next_href.and_then(|href| self.requests.link(&href)) {
                Some(next) if next != url => url = next,
                _ => break,
            }
        }
        Ok(found)
    }

    /// One build, in whatever state. A merged one answers with its survivor, whose id differs.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn build(&self, id: BuildId) -> Result<Build, Error> {
        self.build_with(id, Need::Must).await
    }

    /// The same; a refusal is taken at once.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn build_if_there(&self, id: BuildId) -> Result<Build, Error> {
        self.build_with(id, Need::May).await
    }

    /// The same, asked once.
    ///
    /// # Errors
    /// When this one try fails.
    pub async fn build_now(&self, id: BuildId) -> Result<Build, Error> {
        self.build_with(id, Need::Now).await
    }

    async fn build_with(&self, id: BuildId, need: Need) -> Result<Build, Error> {
        let locator = Locator::new().with("id", id);
        let url = self.rest(&["builds", locator.as_str()], &[("fields", fields::BUILD)]);
        self.requests.get(url, need).await
    }

    /// Several builds with one request. Those that the server does not find are left out.
    ///
    /// The dimension `item` is an OR of locators, in TeamCity's finders since before 2019.1 though in no document
    /// (TeamCity's source: `FinderImpl.java`).
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn builds(&self, ids: &[BuildId]) -> Result<Vec<Build>, Error> {
        let each = ids.iter().fold(Locator::new(), |all, id| {
            all.nested("item", &Locator::new().with("id", id))
        });
        // Beside it other conditions are unused, and refused as such; an id finds a build in any state.
        let locator = each.with("count", ids.len());
        let fields = format!("build({})", fields::BUILD);
        let query = [("locator", locator.as_str()), ("fields", fields.as_str())];
        let builds: Builds = self
            .requests
            .get(self.rest(&["builds"], &query), Need::May)
            .await?;
        Ok(builds.build)
    }
}
