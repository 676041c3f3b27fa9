//! Credentials: what they are, what they may do, and how Bitbucket refuses them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, header};

use super::answer::{Answer, error, lacks_scope};

/// What a credential may do. None contains another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Read a repository; also set build statuses and reports.
    Repository,
    /// Write to a repository. Needed for statuses and reports only where [`super::Bitbucket::writing_needs_write`] says so.
    RepositoryWrite,
    /// Read pull requests.
    PullRequest,
    /// Read pipelines and their variables.
    Pipeline,
    /// Write variables.
    PipelineVariable,
}

impl Scope {
    /// Its name for access tokens.
    #[must_use]
    pub fn classic(self) -> &'static str {
        match self {
            Self::Repository => "repository",
            Self::RepositoryWrite => "repository:write",
            Self::PullRequest => "pullrequest",
            Self::Pipeline => "pipeline",
            Self::PipelineVariable => "pipeline:variable",
        }
    }

    /// Its name for API tokens.
    #[must_use]
    pub fn granular(self) -> &'static str {
        match self {
            Self::Repository => "read:repository:bitbucket",
            Self::RepositoryWrite => "write:repository:bitbucket",
            Self::PullRequest => "read:pullrequest:bitbucket",
            Self::Pipeline => "read:pipeline:bitbucket",
            Self::PipelineVariable => "admin:pipeline:bitbucket",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Good,
    /// Its day has come, or somebody revoked it.
    Expired,
    /// App passwords, since 28 July 2026.
    Ended,
}

/// A credential that Bitbucket knows.
#[derive(Debug, Clone)]
pub struct Credential {
    authorization: String,
    scopes: Vec<Scope>,
    life: Life,
}

impl Credential {
    /// An access token of a repository, project or workspace: `Bearer`.
    #[must_use]
    pub fn access_token(token: &str, scopes: &[Scope]) -> Self {
        Self::of(&format!("Bearer {token}"), scopes)
    }

    /// A person's API token: `Basic` with the e-mail.
    #[must_use]
    pub fn api_token(email: &str, token: &str, scopes: &[Scope]) -> Self {
        let pair = STANDARD.encode(format!("{email}:{token}"));
        Self::of(&format!("Basic {pair}"), scopes)
    }

    /// An app password: refused, whatever it might once do.
    #[must_use]
    pub fn app_password(user: &str, password: &str) -> Self {
        Self {
            life: Life::Ended,
            ..Self::api_token(user, password, &[])
        }
    }

    /// By its value of `Authorization`.
    #[must_use]
    pub fn of(authorization: &str, scopes: &[Scope]) -> Self {
        Self {
            authorization: authorization.to_owned(),
            scopes: scopes.to_vec(),
            life: Life::Good,
        }
    }

    /// Its day has come.
    #[must_use]
    pub fn expired(mut self) -> Self {
        self.life = Life::Expired;
        self
    }

    /// Its value of `Authorization`.
    #[must_use]
    pub fn authorization(&self) -> &str {
        &self.authorization
    }

    /// Names of scopes as its kind has them.
    fn names(&self, scopes: &[Scope]) -> Vec<&'static str> {
        let bearer = self.authorization.starts_with("Bearer ");
        let name = |scope: &Scope| {
            if bearer {
                scope.classic()
            } else {
                scope.granular()
            }
        };
        scopes.iter().map(name).collect()
    }

    /// Whether it may do what needs these scopes.
    pub(super) fn allow(&self, needed: &[Scope]) -> Result<(), Answer> {
        match self.life {
            Life::Good => {}
            Life::Expired => return Err(unknown(&self.authorization)),
            Life::Ended => {
                return Err(Answer::empty(401).with(
                    header::WWW_AUTHENTICATE,
                    r#"Basic realm="Bitbucket.org HTTP""#,
                ));
            }
        }
        if needed.iter().all(|scope| self.scopes.contains(scope)) {
            return Ok(());
        }
        Err(lacks_scope(&self.names(needed), &self.names(&self.scopes)))
    }

    /// What it has and what the call takes, as headers of the answer.
    pub(super) fn scope_headers(&self, needed: &[Scope]) -> [(HeaderName, String); 2] {
        [
            (
                HeaderName::from_static("x-oauth-scopes"),
                self.names(&self.scopes).join(", "),
            ),
            (
                HeaderName::from_static("x-accepted-oauth-scopes"),
                self.names(needed).join(", "),
            ),
        ]
    }
}

/// The refusal of a credential that Bitbucket does not know, or no longer knows. Observed with API tokens, spring 2026.
pub(super) fn unknown(authorization: &str) -> Answer {
    let answer = error(
        401,
        "Token is invalid, expired, or not supported for this endpoint.",
    );
    if authorization.starts_with("Basic ") {
        answer.with(
            header::WWW_AUTHENTICATE,
            r#"Basic realm="Bitbucket.org HTTP""#,
        )
    } else {
        answer
    }
}

/// The refusal of a request without a credential.
pub(super) fn missing() -> Answer {
    Answer::empty(401).with(
        header::WWW_AUTHENTICATE,
        r#"Basic realm="Bitbucket.org HTTP""#,
    )
}
