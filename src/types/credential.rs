//! A Bitbucket credential.

use super::secret::Secret;

/// Who asks Bitbucket, where the step's own proxy does not say so.
#[derive(Debug, Clone)]
pub enum Credential {
    /// An Atlassian account with an API token.
    Basic {
        /// Its e-mail address.
        email: String,
        /// The API token.
        token: Secret,
    },
    /// An access token of a repository, project or workspace.
    Bearer(Secret),
}
