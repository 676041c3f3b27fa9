//! Why a run can't go on, with what to do about it.

use url::Url;

use crate::exit::ExitStatus;
use crate::teamcity::{Error as TeamCityError, ErrorKind};

/// A run that can't go on.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{what}\n  {cure}")]
pub struct RunError {
    /// What is wrong, in the user's words.
    pub what: String,
    /// What to do about it.
    pub cure: String,
    /// How the step ends.
    pub status: ExitStatus,
}

impl RunError {
    /// TeamCity, or what the user asked of it, stands in the way.
    pub fn refused(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            cure: cure.into(),
            status: ExitStatus::Refused,
        }
    }

    /// A request failed for good while `doing` something.
    pub fn teamcity(doing: &str, error: &TeamCityError, base: &Url) -> Self {
        let status = if error.kind.is_refusal() {
            ExitStatus::Refused
        } else {
            ExitStatus::Unreachable
        };
        Self {
            what: format!("{doing}: {error}"),
            cure: cure(&error.kind, base),
            status,
        }
    }
}

/// The page on which a user makes tokens.
pub fn token_page(base: &Url) -> String {
    format!("{base}profile.html?item=accessTokens")
}

fn cure(kind: &ErrorKind, base: &Url) -> String {
    match kind {
        ErrorKind::NotConnected(_) | ErrorKind::Unreachable(_) => format!(
            "Check that {base} (TEAMCITY_URL) is right and can be reached from Bitbucket's network; for long maintenance raise RETRY_FOR."
        ),
        ErrorKind::Starting(_) | ErrorKind::Unavailable(_) => {
            "The server, or a proxy before it, was down for longer than RETRY_FOR. Run the step again when it is back, or raise RETRY_FOR."
                .to_owned()
        }
        ErrorKind::Maintenance(_) => format!("Ask its administrator to open {base} and to finish what it asks for."),
        ErrorKind::Certificate(_) => {
            "If the server uses a private authority, give its certificate (PEM) in TEAMCITY_CA_CERTIFICATE; if its certificate has \
             expired or names another host, it must be renewed."
                .to_owned()
        }
        ErrorKind::Redirected(_) => {
            "Put the address at which TeamCity itself answers into TEAMCITY_URL (https, and its context path if it has one). Redirects \
             are not followed, since the token must not go elsewhere."
                .to_owned()
        }
        ErrorKind::WebPage(_) => {
            "Check TEAMCITY_URL: the base URL of the server, with its context path. A single-sign-on proxy before it needs a way in for \
             programs (TEAMCITY_HEADER_<NAME>)."
                .to_owned()
        }
        ErrorKind::Unreadable(_) | ErrorKind::TooLarge(_) => format!("Check that {base} (TEAMCITY_URL) is TeamCity's base URL and that no proxy changes its answers."),
        ErrorKind::Unauthorized => format!(
            "The token in TEAMCITY_TOKEN is wrong, expired or revoked. Make a new one on {} and store it as a secured variable.",
            token_page(base)
        ),
        ErrorKind::Forbidden(message) => match permission_in(message) {
            Some(permission) => format!(
                "Give the token's user a role with the permission \"{permission}\" in that project (TeamCity: Administration | Users), or \
                 add it to the token's scope."
            ),
            None => "Give the token's user the permission in that project (TeamCity: Administration | Users), or add it to the token's \
                     scope."
                .to_owned(),
        },
        ErrorKind::NotFound(_) => {
            "Check the id, and that the token's user may view that project: TeamCity hides what a user may not see.".to_owned()
        }
        ErrorKind::Rejected { .. } => "Check the variables of this step against what TeamCity says.".to_owned(),
    }
}

/// `You do not have "Run build" permission in project …`
fn permission_in(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once('"')?;
    let (name, after) = rest.split_once('"')?;
    after.trim_start().starts_with("permission").then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_missing_permission() {
        let message =
            "You do not have \"Run build\" permission in project with internal id: 'project12'.";
        assert_eq!(permission_in(message), Some("Run build"));
        assert_eq!(
            permission_in("Not enough permissions to access build with id: 4"),
            None
        );
    }
}
