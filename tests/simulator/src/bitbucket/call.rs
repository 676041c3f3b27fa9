//! The calls of the API, as faults, the step's proxy and scopes tell them apart.

use super::credential::Scope;

/// A call, whatever its method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `…/repositories/{workspace}/{slug}`.
    Repository,
    /// `…/commit/{hash}`.
    Commit,
    /// `…/commit/{hash}/reports…`, without annotations.
    Reports,
    /// `…/reports/{id}/annotations…`.
    Annotations,
    /// `…/commit/{hash}/statuses…`.
    Statuses,
    /// `…/pipelines…`.
    Pipelines,
    /// `…/pullrequests/{number}`.
    PullRequests,
    /// `…/pullrequests/{number}/diffstat`, and the diffstat that it leads to.
    Diffstat,
    /// Variables of Pipelines, at each level.
    Variables,
    /// `…/environments`.
    Environments,
}

impl Call {
    /// Each of them.
    pub const ALL: [Self; 10] = [
        Self::Repository,
        Self::Commit,
        Self::Reports,
        Self::Annotations,
        Self::Statuses,
        Self::Pipelines,
        Self::PullRequests,
        Self::Diffstat,
        Self::Variables,
        Self::Environments,
    ];

    /// By the path's parts.
    pub(super) fn of(parts: &[&str]) -> Option<Self> {
        Some(match parts {
            ["workspaces", _, "pipelines-config", "variables", ..] => Self::Variables,
            ["repositories", _, _, rest @ ..] => match rest {
                [] => Self::Repository,
                ["commit", _] => Self::Commit,
                ["commit", _, "reports", _, "annotations", ..] => Self::Annotations,
                ["commit", _, "reports", ..] => Self::Reports,
                ["commit", _, "statuses", ..] => Self::Statuses,
                ["pipelines", ..] => Self::Pipelines,
                ["pullrequests", _, "diffstat"] | ["diffstat", ..] => Self::Diffstat,
                ["pullrequests", ..] => Self::PullRequests,
                ["pipelines_config", "variables", ..]
                | ["deployments_config", "environments", _, "variables", ..] => Self::Variables,
                ["environments", ..] => Self::Environments,
                _ => return None,
            },
            _ => return None,
        })
    }

    /// The scopes that it takes.
    pub(super) fn scopes(self, method: &str, parts: &[&str], write_needed: bool) -> Vec<Scope> {
        match self {
            Self::Reports | Self::Annotations | Self::Statuses
                if write_needed && method != "GET" =>
            {
                vec![Scope::Repository, Scope::RepositoryWrite]
            }
            Self::Variables if method != "GET" => vec![Scope::PipelineVariable],
            Self::Variables | Self::Environments | Self::Pipelines => vec![Scope::Pipeline],
            Self::PullRequests => vec![Scope::PullRequest],
            Self::Diffstat if parts.get(3) == Some(&"pullrequests") => vec![Scope::PullRequest],
            _ => vec![Scope::Repository],
        }
    }
}
