//! From a refusal to its cure: which variable, which page, which permission. The one table for all commands.

mod bitbucket;

pub use bitbucket::{Access, bitbucket, no_bitbucket_credential};
use url::Url;

use crate::exit::ExitStatus;
use crate::place;
use crate::teamcity::{Error, ErrorKind, Failed};
use crate::types::Diagnostic;

/// A request to TeamCity failed for good while `doing` something.
pub fn teamcity(doing: &str, error: &Error, base: &Url) -> Diagnostic {
    let status = if error.kind.is_refusal() {
        ExitStatus::Refused
    } else {
        ExitStatus::Unreachable
    };
    Diagnostic {
        what: format!("{doing}: {error}"),
        cure: cure(&error.kind, base),
        status,
    }
}

/// A request of somebody who logs in failed for good. `credential` says in a few words what was sent as credential.
pub fn login(doing: &str, error: &Error, base: &Url, credential: &str) -> Diagnostic {
    if error.kind == ErrorKind::Unauthorized {
        let cure = if credential.contains("password") {
            format!(
                "Check user and password on {base}login.html. Where users log in through another service, or by two factors, use a \
                 token instead."
            )
        } else {
            format!(
                "It is wrong, expired or revoked: TeamCity does not tell which. {} lists the tokens that are valid.",
                token_page(base)
            )
        };
        return Diagnostic::refused(
            format!("{doing}: {base} does not accept {credential}"),
            cure,
        );
    }
    teamcity(doing, error, base)
}

/// The same, where what was being done is known.
pub fn failed(failed: &Failed, base: &Url) -> Diagnostic {
    teamcity(&failed.doing, &failed.error, base)
}

/// No place was found for a build.
pub fn place(trouble: place::Trouble, base: &Url) -> Diagnostic {
    match trouble {
        place::Trouble::Wrong(wrong) => wrong,
        place::Trouble::Failed(error) => failed(&error, base),
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
