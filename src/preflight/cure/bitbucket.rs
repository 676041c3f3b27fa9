//! The same for Bitbucket: which variable, which scope.

use crate::bitbucket::{Error, ErrorKind};
use crate::exit::ExitStatus;
use crate::types::{Credential, Diagnostic};

/// What is done in Bitbucket: each needs a scope of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Variables are listed.
    Read,
    /// They are stored or deleted.
    Write,
    /// No variables, but a repository's commits and their build statuses.
    Status,
    /// Whether pipelines have ended.
    Pipelines,
    /// Which files a pull request changes.
    ChangedFiles,
}

/// A request to Bitbucket failed for good.
pub fn bitbucket(
    doing: &str,
    error: &Error,
    credential: Option<&Credential>,
    access: Access,
) -> Diagnostic {
    let status = match error.kind {
        ErrorKind::Unreachable(_) | ErrorKind::Unavailable(_) | ErrorKind::Unreadable(_) => {
            ExitStatus::Unreachable
        }
        _ => ExitStatus::Refused,
    };
    let names = names(credential);
    let (what, cure) = match &error.kind {
        ErrorKind::Unauthorized => (
            format!("Bitbucket does not accept the credential in {names}"),
            match credential {
                Some(Credential::Bearer(_)) => {
                    "It has expired, was revoked, or is wrong. Create a new one in the settings of the repository, project or workspace, under Access tokens."
                        .to_owned()
                }
                _ => "The API token has expired (after a year at most), was revoked, or is wrong, or ATLASSIAN_ACCOUNT_EMAIL is not the account's e-mail address. Create a new API token with scopes at https://id.atlassian.com/manage-profile/security/api-tokens."
                    .to_owned(),
            },
        ),
        ErrorKind::Forbidden(words) => (
            format!("the credential in {names} lacks a scope ({words})"),
            needs(credential, access),
        ),
        ErrorKind::NotFound(words) => (
            format!("Bitbucket cannot find it, or hides it from the credential in {names} ({words})"),
            format!(
                "Check the names of workspace and repository, and that the credential's account is an administrator there. {}",
                needs(credential, access)
            ),
        ),
        ErrorKind::Unreachable(_) | ErrorKind::Unavailable(_) => (
            error.to_string(),
            "Try again later. https://bitbucket.status.atlassian.com shows outages.".to_owned(),
        ),
        ErrorKind::Unreadable(_) => (
            error.to_string(),
            "Check that BITBUCKET_API_URL, if it is set, is the address of Bitbucket's API.".to_owned(),
        ),
        ErrorKind::Conflict(_) | ErrorKind::Rejected { .. } => (
            error.to_string(),
            "Check the name of the variable, and the variables in Bitbucket's settings.".to_owned(),
        ),
    };
    Diagnostic {
        what: format!("{doing}: {what}"),
        cure,
        status,
    }
}

/// There is no Bitbucket credential at all.
pub fn no_bitbucket_credential() -> Diagnostic {
    Diagnostic::usage(
        "there is no Bitbucket credential",
        format!(
            "Set ATLASSIAN_ACCOUNT_EMAIL and ATLASSIAN_API_TOKEN, or BITBUCKET_ACCESS_TOKEN. {}",
            needs(None, Access::Write)
        ),
    )
}

/// The variables that hold the credential.
fn names(credential: Option<&Credential>) -> &'static str {
    match credential {
        Some(Credential::Bearer(_)) => "BITBUCKET_ACCESS_TOKEN",
        _ => "ATLASSIAN_ACCOUNT_EMAIL and ATLASSIAN_API_TOKEN",
    }
}

fn needs(credential: Option<&Credential>, access: Access) -> String {
    let (api, classic, for_what) = match access {
        Access::Read => (
            "the scope read:pipeline:bitbucket",
            "pipeline",
            "read variables",
        ),
        Access::Write => (
            "the scopes read:pipeline:bitbucket and admin:pipeline:bitbucket",
            "pipeline:variable",
            "store and delete variables",
        ),
        Access::Status => (
            "the scope read:repository:bitbucket",
            "repository",
            "set build statuses",
        ),
        Access::Pipelines => (
            "the scope read:pipeline:bitbucket",
            "pipeline",
            "read pipelines",
        ),
        Access::ChangedFiles => (
            "the scope read:pullrequest:bitbucket",
            "pullrequest",
            "read pull requests",
        ),
    };
    match credential {
        Some(Credential::Bearer(_)) => {
            format!("To {for_what}, an access token needs the scope {classic}.")
        }
        Some(Credential::Basic { .. }) => {
            format!("To {for_what}, an API token needs {api}.")
        }
        None => format!(
            "To {for_what}, an API token needs {api}, and an access token the scope {classic}."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitbucket::ErrorKind;
    use crate::types::Secret;

    fn of(kind: ErrorKind, credential: &Credential, access: Access) -> String {
        bitbucket("storing X", &kind.into(), Some(credential), access).to_string()
    }

    #[test]
    fn each_refusal_of_bitbucket_names_the_variables_and_the_scope() {
        let basic = Credential::Basic {
            email: "a@example.com".to_owned(),
            token: Secret::new("s3cr3t"),
        };
        let bearer = Credential::Bearer(Secret::new("s3cr3t"));
        let words = || "words".to_owned();
        let all = [
            of(ErrorKind::Unauthorized, &basic, Access::Read),
            of(ErrorKind::Unauthorized, &bearer, Access::Read),
            of(ErrorKind::Forbidden(words()), &basic, Access::Write),
            of(ErrorKind::Forbidden(words()), &bearer, Access::Write),
            of(ErrorKind::Forbidden(words()), &basic, Access::Read),
            of(ErrorKind::NotFound(words()), &bearer, Access::Read),
            of(ErrorKind::Unavailable(words()), &bearer, Access::Read),
            no_bitbucket_credential().to_string(),
        ];
        insta::assert_snapshot!(all.join("\n\n"));
    }
}
