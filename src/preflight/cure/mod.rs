//! From a refusal to its cure: which variable, which page, which permission. The one table for all commands.

mod bitbucket;
mod network;

pub use bitbucket::{Access, bitbucket, no_bitbucket_credential};
use std::time::Duration;

use url::Url;

use crate::config::AgentChoice;
use crate::exit::ExitStatus;
use crate::http::Trouble;
use crate::place;
use crate::teamcity::{Error, ErrorKind, Failed};
use crate::types::text::one_line;
use crate::types::{BuildId, BuildTypeId, Diagnostic};

/// An outage that a user may want to sit out.
const LONG: Duration = Duration::from_secs(60);

/// A request to TeamCity failed for good while `doing` something.
pub fn teamcity(doing: &str, error: &Error, base: &Url) -> Diagnostic {
    let status = if error.kind.is_refusal() {
        ExitStatus::Refused
    } else {
        ExitStatus::Unreachable
    };
    let is_outage = matches!(error.kind.trouble(None), Trouble::Outage(_));
    let longer = if is_outage && error.waited >= LONG {
        " For longer maintenance raise RETRY_FOR."
    } else {
        ""
    };
    Diagnostic {
        what: format!("{doing}: {error}"),
        cure: format!("{}{longer}", cure(&error.kind, base)),
        status,
    }
}

/// The credential was refused. `credential` says in a few words what was sent (`the token in TEAMCITY_TOKEN`).
pub fn unauthorized(base: &Url, credential: &str) -> Diagnostic {
    if credential.contains("password") {
        return Diagnostic::refused(
            format!("{base} does not accept {credential}"),
            format!(
                "Check the user name and password on {base}login.html. If users log in through another service or with two factors, use a token instead."
            ),
        );
    }
    let page = token_page(base);
    Diagnostic::refused(
        format!("{base} does not accept {credential}"),
        format!(
            "It is wrong, has expired, or was revoked (TeamCity does not say which). Create a new one on {page}, and store it as a secured variable."
        ),
    )
}

/// A request of somebody who logs in failed for good. `credential` says in a few words what was sent as credential.
pub fn login(doing: &str, error: &Error, base: &Url, credential: &str) -> Diagnostic {
    if error.kind == ErrorKind::Unauthorized {
        return unauthorized(base, credential);
    }
    teamcity(doing, error, base)
}

/// The server is older than access tokens.
pub fn too_old(version: &str) -> Diagnostic {
    Diagnostic::refused(
        format!(
            "the server is TeamCity {}, which has no access tokens",
            one_line(version, 60)
        ),
        "The pipe needs TeamCity 2019.1 or later.",
    )
}

/// What answers is not TeamCity.
pub fn no_teamcity(base: &Url, why: &str) -> Diagnostic {
    Diagnostic::unreachable(
        format!("the server at {base} is not TeamCity: {why}"),
        "Check TEAMCITY_URL: it must be the server's base address, with its context path if it has one.",
    )
}

/// There is no such build configuration.
pub fn no_build_type(id: &BuildTypeId) -> Diagnostic {
    Diagnostic::refused(
        format!(
            "BUILD_TYPE_ID: there is no build configuration {id}, or the token's user may not view it"
        ),
        "The id is at the end of the address of the configuration's page (…/buildConfiguration/<id>). If it is right, give the token's user \
         a role in that project, or add the project to the token's scope.",
    )
}

/// It is a template.
pub fn template(id: &BuildTypeId) -> Diagnostic {
    Diagnostic::refused(
        format!("BUILD_TYPE_ID: {id} is a template, which can't be run"),
        "Use the id of a build configuration that is based on it.",
    )
}

/// There is no such agent, or no such pool.
pub fn no_agent(choice: &AgentChoice) -> Diagnostic {
    let (what, page) = match choice {
        AgentChoice::Name(name) => (format!("agent {}", one_line(name, 100)), "Agents"),
        AgentChoice::Id(id) => (format!("agent with the id {id}"), "Agents"),
        AgentChoice::Pool(name) => (
            format!("agent pool {}", one_line(name, 100)),
            "Agents | Pools",
        ),
    };
    Diagnostic::refused(
        format!("AGENT: there is no {what}, or the token's user may not view it"),
        format!(
            "Write the name exactly as TeamCity's page {page} shows it. The user needs the permission \"View agent details\"."
        ),
    )
}

/// There is no such build to follow.
pub fn no_build(id: BuildId) -> Diagnostic {
    Diagnostic::refused(
        format!("BUILD_ID: there is no build {id}, or the token's user may not view it"),
        "Check BUILD_ID. TeamCity deletes old builds by its clean-up rules.",
    )
}

/// The answer to a queue request was lost, and without its tag the build is not to be told from others. `found`: how many fit.
pub fn lost_without_tag(
    id: &BuildTypeId,
    found: usize,
    lost: &ErrorKind,
    base: &Url,
) -> Diagnostic {
    let why = match found {
        0 => "no matching build was found".to_owned(),
        found => {
            format!("{found} builds match, and the pipe can't tell which one belongs to this step")
        }
    };
    Diagnostic::unreachable(
        format!(
            "the answer to the queue request for {id} was lost ({lost}): a build may have been started, but {why}"
        ),
        format!(
            "Check the latest builds of {id} on {base}, cancel those that you do not want, and run the step again. With the permission \"Tag build\" the pipe always finds such a build."
        ),
    )
}

/// A commit is abbreviated, and nothing here tells the rest.
pub fn short_commit(commit: &str) -> Diagnostic {
    Diagnostic::usage(
        format!(
            "the commit {commit} is abbreviated, and neither the clone in the working directory nor Bitbucket knows all 40 digits"
        ),
        "Keep the step's clone enabled and deep enough, pass a Bitbucket credential that may read the repository (scope repository, \
         or read:repository:bitbucket), or set REVISION to all 40 digits.",
    )
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

/// TeamCity took the build, and broke it off since it cannot find the commit.
pub fn lost_commit(commit: Option<&str>) -> Diagnostic {
    let commit = commit.map_or_else(String::new, |commit| format!(" {commit}"));
    Diagnostic::refused(
        format!("TeamCity cannot find the commit{commit} in the repository any more"),
        "It was probably replaced by a forced push, or its branch was deleted. Run a pipeline of the branch's newest commit, or set \
         REVISION: 'latest'. If Bitbucket still shows the commit, check in TeamCity that the VCS root fetches this repository and this \
         branch (its branch specification)."
            .to_owned(),
    )
}

/// The page on which a user makes tokens.
pub fn token_page(base: &Url) -> String {
    format!("{base}profile.html?item=accessTokens")
}

fn cure(kind: &ErrorKind, base: &Url) -> String {
    match kind {
        ErrorKind::NotConnected(_) | ErrorKind::Unreachable(_) => format!(
            "Check that {base} (TEAMCITY_URL) is right and can be reached from Bitbucket's network. Allow its addresses (https://ip-ranges.atlassian.com) in your firewall, or use a self-hosted runner or a proxy (HTTPS_PROXY)."
        ),
        ErrorKind::UnknownName(_) | ErrorKind::Certificate(..) | ErrorKind::Protocol(..) | ErrorKind::Proxy(..) => network::cure(kind, base),
        ErrorKind::Starting(_) | ErrorKind::Unavailable(_) => {
            "The server, or a proxy in front of it, was down for longer than RETRY_FOR. Run the step again when it is back.".to_owned()
        }
        ErrorKind::SignOn(_) => {
            "A single sign-on or access proxy must let programs through. Most accept a header with a key: pass it with TEAMCITY_HEADER_<NAME> (TEAMCITY_HEADER_CF_ACCESS_CLIENT_ID for CF-Access-Client-Id). If the server has moved, set TEAMCITY_URL to its new address."
                .to_owned()
        }
        ErrorKind::Maintenance(_) => format!("Ask TeamCity's administrator to open {base} and finish the maintenance there."),
        ErrorKind::Redirected(_) => {
            "Set TEAMCITY_URL to the address of TeamCity itself (https, with its context path if it has one). The pipe does not follow redirects, so that the token goes nowhere else."
                .to_owned()
        }
        ErrorKind::WebPage(_) => {
            "Check TEAMCITY_URL: it must be the server's base address, with its context path if it has one. A single sign-on proxy in front of it must let programs through (TEAMCITY_HEADER_<NAME>)."
                .to_owned()
        }
        ErrorKind::Unreadable(_) | ErrorKind::TooLarge(_) | ErrorKind::TooMany(_) => format!("Check that {base} (TEAMCITY_URL) is TeamCity's base address, and that no proxy changes its answers."),
        ErrorKind::Unauthorized => format!(
            "It is wrong, has expired, or was revoked (TeamCity does not say which). Create a new one on {}, and store it as a secured variable.",
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
            "Check the id, and that the token's user may view the project. TeamCity hides what a user may not view.".to_owned()
        }
        ErrorKind::Rejected { .. } => "Compare the step's variables with TeamCity's message.".to_owned(),
    }
}

/// The permission that a refusal names: `You do not have "Run build" permission in project …`, or
/// `User ci does not have permission Customize build revisions in project …`.
pub fn permission_in(message: &str) -> Option<&str> {
    if let Some((_, rest)) = message.split_once("does not have permission ") {
        return rest.split_once(" in project").map(|(name, _)| name);
    }
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
        let other = "User ci does not have permission Customize build revisions in project with internal id: 'project1'";
        assert_eq!(permission_in(other), Some("Customize build revisions"));
        assert_eq!(
            permission_in("Not enough permissions to access build with id: 4"),
            None
        );
    }
}
