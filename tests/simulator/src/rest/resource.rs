//! Names for the endpoints, for faults and statistics.

/// An endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    /// `GET /app/rest/server/version` and its aliases.
    ServerVersion,
    /// `GET /app/rest/server`.
    Server,
    /// `GET /app/rest/users/current`.
    CurrentUser,
    /// `/app/rest/users/…/tokens`.
    Tokens,
    /// `GET /app/rest/users/…/permissions`.
    Permissions,
    /// `GET /app/rest/projects…`.
    Projects,
    /// `GET /app/rest/buildTypes` and one of them.
    BuildType,
    /// `GET /app/rest/buildTypes/…/vcs-root-entries`.
    VcsRootEntries,
    /// `GET /app/rest/vcs-roots…`.
    VcsRoots,
    /// `GET /app/rest/vcs-root-instances…`.
    VcsRootInstances,
    /// `GET /app/rest/buildTypes/…/branches`.
    Branches,
    /// `GET /app/rest/changes…`.
    Changes,
    /// `POST /app/rest/vcs-root-instances/commitHookNotification`.
    CommitHook,
    /// `POST /app/rest/vcs-root-instances/checkingForChangesQueue`.
    CheckingForChanges,
    /// `POST /app/rest/buildQueue`.
    QueueBuild,
    /// `GET /app/rest/buildQueue…`.
    BuildQueue,
    /// `GET /app/rest/builds/{locator}`.
    Build,
    /// `GET /app/rest/builds`.
    Builds,
    /// `POST /app/rest/builds/{locator}`, `POST` and `DELETE /app/rest/buildQueue/{locator}`.
    CancelBuild,
    /// `GET /app/rest/testOccurrences`.
    Tests,
    /// `GET /app/rest/problemOccurrences`.
    Problems,
    /// `GET /app/messages`.
    Messages,
    /// `GET /downloadBuildLog.html`.
    TextLog,
    /// `GET …/artifacts/children` and `metadata`.
    ArtifactsList,
    /// `GET …/artifacts/content`, `files` and `archived`.
    ArtifactContent,
    /// `…/tags`.
    Tags,
    /// `…/comment`.
    Comment,
    /// `…/pinInfo`.
    Pin,
    /// `…/statistics`.
    Statistics,
    /// `…/approvalInfo` and `…/approve`.
    Approval,
    /// `GET /app/rest/agents…`.
    Agents,
}

impl Resource {
    /// Every endpoint, for campaigns.
    pub const ALL: [Self; 31] = [
        Self::ServerVersion,
        Self::Server,
        Self::CurrentUser,
        Self::Tokens,
        Self::Permissions,
        Self::Projects,
        Self::BuildType,
        Self::VcsRootEntries,
        Self::VcsRoots,
        Self::VcsRootInstances,
        Self::Branches,
        Self::Changes,
        Self::CommitHook,
        Self::CheckingForChanges,
        Self::QueueBuild,
        Self::BuildQueue,
        Self::Build,
        Self::Builds,
        Self::CancelBuild,
        Self::Tests,
        Self::Problems,
        Self::Messages,
        Self::TextLog,
        Self::ArtifactsList,
        Self::ArtifactContent,
        Self::Tags,
        Self::Comment,
        Self::Pin,
        Self::Statistics,
        Self::Approval,
        Self::Agents,
    ];

    /// The endpoint of a request whose path has no context path.
    pub fn of(method: &str, path: &str) -> Option<Self> {
        let path = path.split('?').next().unwrap_or_default();
        let path = path
            .strip_prefix("/httpAuth")
            .or_else(|| path.strip_prefix("/guestAuth"))
            .unwrap_or(path);
        match path {
            "/app/messages" => return Some(Self::Messages),
            "/downloadBuildLog.html" => return Some(Self::TextLog),
            "/app/rest/version" | "/app/rest/apiVersion" => return Some(Self::ServerVersion),
            _ => {}
        }
        let rest = path.strip_prefix("/app/rest/")?;
        let segments: Vec<&str> = rest
            .split('/')
            .filter(|segment| !segment.is_empty())
            .collect();
        let first = segments.first().copied()?;
        let (first, segments) = if super::is_api_version(first) {
            (
                segments.get(1).copied()?,
                segments.get(2..).unwrap_or_default(),
            )
        } else {
            (first, segments.get(1..).unwrap_or_default())
        };
        let second = segments.get(1).copied();
        let third = segments.get(2).copied();
        Some(match (first, second) {
            ("server", None) if segments.first() == Some(&"version") => Self::ServerVersion,
            ("server", _) => Self::Server,
            ("users", Some("tokens")) => Self::Tokens,
            ("users", Some("permissions")) => Self::Permissions,
            ("users", _) => Self::CurrentUser,
            ("projects", _) => Self::Projects,
            ("buildTypes", Some("vcs-root-entries")) => Self::VcsRootEntries,
            ("buildTypes", Some("branches")) => Self::Branches,
            ("buildTypes", _) => Self::BuildType,
            ("vcs-roots", _) => Self::VcsRoots,
            ("vcs-root-instances", _) => match segments.first() {
                Some(&"commitHookNotification") => Self::CommitHook,
                Some(&"checkingForChangesQueue") => Self::CheckingForChanges,
                _ => Self::VcsRootInstances,
            },
            ("changes", _) => Self::Changes,
            ("testOccurrences", _) | ("builds", Some("testOccurrences")) => Self::Tests,
            ("problemOccurrences", _) | ("builds", Some("problemOccurrences")) => Self::Problems,
            ("agents", _) => Self::Agents,
            ("builds" | "buildQueue", Some("tags")) => Self::Tags,
            ("builds", Some("comment")) => Self::Comment,
            ("builds", Some("pinInfo" | "pin")) => Self::Pin,
            ("builds", Some("statistics")) => Self::Statistics,
            ("buildQueue", Some("approvalInfo" | "approve")) => Self::Approval,
            ("builds", Some("artifacts")) if matches!(third, Some("children" | "metadata")) => {
                Self::ArtifactsList
            }
            ("builds", Some("artifacts")) => Self::ArtifactContent,
            ("builds", None) if segments.is_empty() => Self::Builds,
            ("builds", _) if method == "GET" => Self::Build,
            ("builds", _) => Self::CancelBuild,
            ("buildQueue", None) if segments.is_empty() && method == "POST" => Self::QueueBuild,
            ("buildQueue", _) if method == "GET" => Self::BuildQueue,
            ("buildQueue", _) => Self::CancelBuild,
            _ => return None,
        })
    }

    /// Whether its answer is a list that can be long, so that a careful client says which members it wants.
    pub fn is_list(self) -> bool {
        matches!(
            self,
            Self::VcsRootEntries
                | Self::VcsRoots
                | Self::VcsRootInstances
                | Self::Branches
                | Self::Changes
                | Self::Builds
                | Self::Tests
                | Self::Problems
                | Self::ArtifactsList
        )
    }
}
