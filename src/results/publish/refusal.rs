//! Why Bitbucket does not show something, as a warning.

use crate::bitbucket::{Error, ErrorKind};
use crate::report::Warning;

/// The reason, and where to renew a credential that is no longer accepted.
pub(super) fn why(error: &Error) -> Warning {
    match &error.kind {
        ErrorKind::Unauthorized => format!(
            "{error}. Create a new one at https://id.atlassian.com/manage-profile/security/api-tokens, \
             or in the repository's settings under Access tokens"
        ),
        ErrorKind::Forbidden(why) => format!("the credential lacks the scope for it ({why})"),
        _ => error.to_string(),
    }
}
