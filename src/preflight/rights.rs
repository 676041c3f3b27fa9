//! What the token's user needs the right to do, what for, and what a run does without it.

use super::cure;
use super::finding::{Bad, Findings, Question};
use crate::config::{Build, RevisionChoice};
use crate::teamcity::Client;
use crate::teamcity::model::{BuildType, Permissions, Restrictions};
use crate::types::{BuildTypeId, Diagnostic};

const QUESTION: Question = "permission";

/// A permission of TeamCity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    /// Its id.
    pub id: &'static str,
    /// Its name in TeamCity's pages and refusals.
    pub name: &'static str,
    /// What it allows: after "may" and "may not".
    allows: &'static str,
    /// What a run loses without it; nothing: it can't run.
    lost: Option<&'static str>,
}

const VIEW: Right = Right {
    id: "view_project",
    name: "View project and all parent projects",
    allows: "view the project",
    lost: None,
};
const RUN: Right = Right {
    id: "run_build",
    name: "Run build",
    allows: "run builds",
    lost: None,
};
const CANCEL: Right = Right {
    id: "cancel_build",
    name: "Stop build / remove from queue",
    allows: "cancel builds",
    lost: Some("Builds go on when the step is stopped, times out or gives up."),
};
const PARAMETERS: Right = Right {
    id: "customize_build_parameters",
    name: "Customize build parameters",
    allows: "set parameters",
    lost: None,
};
const REVISIONS: Right = Right {
    id: "customize_build_revisions",
    name: "Customize build revisions",
    allows: "set revisions",
    lost: Some("A run must first wait until TeamCity has found the commit."),
};
const RUNTIME: Right = Right {
    id: "view_build_runtime_data",
    name: "View build runtime parameters and data",
    allows: "view parameters of builds",
    lost: Some("A run does not need it."),
};
const SETTINGS: Right = Right {
    id: "view_build_configuration_settings",
    name: "View build configuration settings",
    allows: "view VCS roots",
    lost: Some("A run sets the commit on all VCS roots, including those of other repositories."),
};
const TAG: Right = Right {
    id: "tag_build",
    name: "Tag build",
    allows: "tag builds",
    lost: Some(
        "If the answer to the queue request is lost, the build is found only by configuration, branch, commit, user and time, and is never canceled. TAGS has no effect. 'cancel', 'sweep' and SUPERSEDE find no builds.",
    ),
};
const COMMENT: Right = Right {
    id: "comment_build",
    name: "Comment build",
    allows: "comment builds",
    lost: Some("Builds do not show which pipeline started them."),
};
const TOP: Right = Right {
    id: "reorder_build_queue",
    name: "Reorder builds in queue",
    allows: "put builds at the top of the queue",
    lost: None,
};
/// What the details of an agent need.
pub const AGENTS: Right = Right {
    id: "view_agent_details",
    name: "View agent details",
    allows: "view agents",
    lost: Some("A run can't check beforehand whether an agent can run the build."),
};

/// All of them.
pub const ALL: [Right; 11] = [
    VIEW, RUN, CANCEL, PARAMETERS, REVISIONS, RUNTIME, SETTINGS, TAG, COMMENT, TOP, AGENTS,
];
/// What a token for the pipe is limited to.
pub const NEEDED: [Right; 9] = [
    VIEW, RUN, CANCEL, PARAMETERS, REVISIONS, RUNTIME, SETTINGS, TAG, COMMENT,
];

/// Something that a queue request asks for beside the build, and that TeamCity may refuse to this user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extra {
    /// The comment.
    Comment,
    /// The tags.
    Tags,
}

/// Which extra a refusal of the queue request is about, if it names one.
pub fn extra_in(refusal: &str) -> Option<Extra> {
    match cure::permission_in(refusal)? {
        name if name.eq_ignore_ascii_case(COMMENT.name) => Some(Extra::Comment),
        name if name.eq_ignore_ascii_case(TAG.name) => Some(Extra::Tags),
        _ => None,
    }
}

/// What is said where an extra was refused.
pub fn without(extra: Extra, id: &BuildTypeId, project: Option<&str>) -> (String, String) {
    let right = match extra {
        Extra::Comment => COMMENT,
        Extra::Tags => TAG,
    };
    (right.lacking(id), right.advice(project))
}

/// TeamCity refused a queue request. Where it names a permission, that is said as `check` says it.
pub fn refused(id: &BuildTypeId, project: Option<&str>, refusal: &str) -> Option<Diagnostic> {
    let name = cure::permission_in(refusal)?;
    let right = ALL
        .into_iter()
        .find(|right| right.name.eq_ignore_ascii_case(name))?;
    Some(Diagnostic::refused(
        right.lacking(id),
        Right {
            lost: None,
            ..right
        }
        .advice(project),
    ))
}

impl Right {
    /// How a run ends without it, if it is needed.
    pub fn end(&self) -> &'static str {
        match self.lost {
            None => "4",
            Some(_) => "–",
        }
    }

    /// That it is not there.
    pub fn lacking(&self, id: &BuildTypeId) -> String {
        format!("{id}: the token's user may not {}", self.allows)
    }

    /// What is lost without it, and how to give it.
    pub fn advice(&self, project: Option<&str>) -> String {
        let place = project.map_or_else(
            || "its project".to_owned(),
            |project| format!("the project {project}"),
        );
        let give = format!(
            "Give the user a role with the permission \"{}\" in {place}, or add it to the token's scope.",
            self.name
        );
        match self.lost {
            None => give,
            Some(lost) => format!("{lost} {give}"),
        }
    }
}

/// Whether a run needs a right at all; without a word on that it does.
fn unused(right: &Right, build: &Build) -> Option<&'static str> {
    let no = |unused: bool, why| unused.then_some(why);
    match *right {
        PARAMETERS => no(build.parameters.is_empty(), "PARAMETERS is not set"),
        REVISIONS => no(
            matches!(build.revision, RevisionChoice::Latest { .. }),
            "no commit is asked for",
        ),
        TOP => no(!build.queue_at_top, "QUEUE_AT_TOP is not set"),
        AGENTS => no(build.agent.is_none(), "AGENT is not set"),
        _ => None,
    }
}

/// What TeamCity tells of the user's permissions in a project, with the limits of the only token.
///
/// It is computed from the user, and whether a limited token's limits show in it is not settled: so a right that is there
/// may still be refused, and the refusal of the request itself is the truth.
pub struct Held {
    of_user: Permissions,
    limits: Option<Restrictions>,
}

impl Held {
    /// Asks. Nothing where TeamCity does not tell, which is said.
    ///
    /// # Errors
    /// When the server stays away.
    pub async fn ask(
        client: &Client,
        id: &BuildTypeId,
        build_type: &BuildType,
        limits: Option<&Restrictions>,
        all: &mut Findings,
    ) -> Result<Option<Self>, Bad> {
        let Some(project) = &build_type.project_id else {
            return Ok(None);
        };
        match client.permissions(project).await {
            Ok(of_user) if !of_user.permission_assignment.is_empty() => Ok(Some(Self {
                of_user,
                limits: limits.cloned(),
            })),
            Ok(_) => {
                all.odd(
                    QUESTION,
                    format!("{id}: TeamCity does not list the permissions of the token's user in the project {project}"),
                    "This happens with some limited tokens. Continuing without the list. If a permission is missing, TeamCity refuses the request that needs it.",
                );
                Ok(None)
            }
            Err(error) if error.kind.is_refusal() => {
                all.odd(
                    QUESTION,
                    format!("{id}: the permissions of the token's user can't be read ({error})"),
                    "Continuing without them. If a permission is missing, TeamCity refuses the request that needs it.",
                );
                Ok(None)
            }
            Err(error) => Err(Bad::new(
                QUESTION,
                cure::teamcity("reading the user's permissions", &error, client.base()),
            )),
        }
    }

    /// Whether a right is there, as far as is known.
    pub fn has(&self, right: &Right) -> bool {
        self.of_user.has(right.id)
            && self
                .limits
                .as_ref()
                .is_none_or(|limits| limits.names(right.id))
    }
}

/// Each right that a run needs: whether it is there, and what is lost without it. `cancels`: builds are to be canceled with
/// the step.
pub fn rights(
    id: &BuildTypeId,
    build_type: &BuildType,
    build: &Build,
    cancels: bool,
    held: &Held,
    all: &mut Findings,
) {
    let project = build_type.project_id.as_deref();
    for right in [
        RUN, CANCEL, PARAMETERS, REVISIONS, SETTINGS, TAG, COMMENT, TOP, AGENTS,
    ] {
        let may = format!("{id}: the token's user may {}", right.allows);
        let unused = match right {
            CANCEL if !cancels => Some("CANCEL_ON_STOP is false"),
            _ => unused(&right, build),
        };
        match (held.has(&right), unused, right.lost) {
            // What hardly anybody asks for is no line worth.
            (_, Some(_), _) if right == TOP || right == AGENTS => {}
            (true, ..) => all.good(QUESTION, may),
            (_, Some(why), _) => all.good(
                QUESTION,
                format!("{}, which is not needed: {why}", right.lacking(id)),
            ),
            (_, None, Some(_)) => all.odd(QUESTION, right.lacking(id), right.advice(project)),
            (_, None, None) => all.bad(Bad::new(
                QUESTION,
                Diagnostic::refused(right.lacking(id), right.advice(project)),
            )),
        }
    }
}

/// What a run says of rights that it lacks: that of canceling alone. The others are met when they are needed.
pub fn lacks_cancel(id: &BuildTypeId, build_type: &BuildType, held: &Held, all: &mut Findings) {
    if !held.has(&CANCEL) {
        let project = build_type.project_id.as_deref();
        all.odd(QUESTION, CANCEL.lacking(id), CANCEL.advice(project));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_tells_which_extra_it_is_about() {
        let lacks = |name: &str| {
            format!("You do not have \"{name}\" permission in project with internal id: project1")
        };
        assert_eq!(extra_in(&lacks("Tag build")), Some(Extra::Tags));
        assert_eq!(extra_in(&lacks("Comment build")), Some(Extra::Comment));
        assert_eq!(extra_in(&lacks("Run build")), None);
        assert_eq!(
            extra_in(
                "User ci does not have permission Tag build in project with internal id: 'project1'"
            ),
            Some(Extra::Tags)
        );
        assert_eq!(extra_in("Access denied"), None);
    }
}
