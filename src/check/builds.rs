//! Each build configuration: whether a run could queue it, of this commit, and whether an agent could run it.

use super::finding::Findings;
use super::server::trouble;
use crate::config::{BranchChoice, Build, RevisionChoice};
use crate::exit::ExitStatus;
use crate::place::{Survey, Wanted, survey};
use crate::preflight::cure;
use crate::teamcity::model::{BuildType, Permissions};
use crate::teamcity::{Client, ErrorKind};
use crate::types::{BuildTypeId, Diagnostic, RepositoryAddress, short};

/// What to look at.
pub struct Builds<'a> {
    /// TeamCity.
    pub client: &'a Client,
    /// Year and month of its version.
    pub release: (u32, u32),
    /// What would be queued.
    pub build: &'a Build,
    /// The pipeline's repository, if this runs in one.
    pub repository: Option<&'a RepositoryAddress>,
    /// Whether builds are to be canceled with the step.
    pub cancels: bool,
}

impl Builds<'_> {
    /// Looks at all.
    pub async fn check(&self, all: &mut Findings) {
        for id in &self.build.build_types {
            if let Some(build_type) = self.exists(all, id).await {
                self.permissions(all, id, &build_type).await;
                self.sources(all, id).await;
                self.agents(all, id, &build_type).await;
            }
        }
    }

    async fn exists(&self, all: &mut Findings, id: &BuildTypeId) -> Option<BuildType> {
        const CHECK: &str = "build configuration";
        let build_type = match self.client.build_type(id).await {
            Ok(build_type) => build_type,
            Err(error)
                if matches!(error.kind, ErrorKind::NotFound(_) | ErrorKind::Forbidden(_)) =>
            {
                all.bad(
                    CHECK,
                    format!("{id} is not there, or the token's user may not view it"),
                    "The id stands in the address of a configuration's page (…/buildConfiguration/<id>). If it is right, give the token's user a \
                     role in that project, or add the project to the token's scope.",
                    ExitStatus::Refused,
                );
                return None;
            }
            Err(error) => {
                trouble(
                    all,
                    CHECK,
                    &format!("reading {id}"),
                    &error,
                    self.client.base(),
                    None,
                );
                return None;
            }
        };
        if build_type.template_flag {
            all.bad(
                CHECK,
                format!("{id} is a template, which can't be run"),
                "Name a configuration that is based on it.",
                ExitStatus::Refused,
            );
            return None;
        }
        let name = match (&build_type.project_name, &build_type.name) {
            (Some(project), Some(name)) => format!("{project} / {name}"),
            (_, Some(name)) => name.clone(),
            _ => "without a name".to_owned(),
        };
        if build_type.paused {
            all.odd(
                CHECK,
                format!("{id} is {name}, and is paused, which keeps its triggers quiet"),
                "A run queues it all the same.",
            );
        } else {
            all.good(CHECK, format!("{id} is {name}"));
        }
        Some(build_type)
    }

    async fn permissions(&self, all: &mut Findings, id: &BuildTypeId, build_type: &BuildType) {
        const CHECK: &str = "permission";
        let Some(project) = &build_type.project_id else {
            return;
        };
        let held = match self.client.permissions(project).await {
            Ok(held) if !held.permission_assignment.is_empty() => held,
            Ok(_) => {
                all.odd(
                    CHECK,
                    format!(
                        "{id}: TeamCity does not tell what the token's user may do in {project}"
                    ),
                    "It does not for some limited tokens. A run will show.",
                );
                return;
            }
            Err(error) if error.kind.is_refusal() => {
                all.odd(
                    CHECK,
                    format!("{id}: the permissions of the token's user can't be read ({error})"),
                    "A run will show.",
                );
                return;
            }
            Err(error) => {
                trouble(
                    all,
                    CHECK,
                    "reading permissions",
                    &error,
                    self.client.base(),
                    None,
                );
                return;
            }
        };
        for need in self.needs() {
            need.judge(all, CHECK, id, project, &held);
        }
    }

    fn needs(&self) -> Vec<Needed> {
        let parameters = !self.build.parameters.is_empty();
        let pinned = !matches!(self.build.revision, RevisionChoice::Latest { .. });
        vec![
            Needed {
                permission: ("run_build", "Run build"),
                verb: "run builds",
                without: None,
            },
            Needed {
                permission: ("cancel_build", "Stop build / remove from queue"),
                verb: "cancel builds",
                without: Some(if self.cancels {
                    "Builds then go on when the step is stopped or times out"
                } else {
                    "CANCEL_ON_STOP is false, so that a run does without"
                }),
            },
            Needed {
                permission: ("customize_build_parameters", "Customize build parameters"),
                verb: "set parameters",
                without: (!parameters)
                    .then_some("PARAMETERS is not set, so that a run does without"),
            },
            Needed {
                permission: ("customize_build_revisions", "Customize build revisions"),
                verb: "set revisions",
                without: Some(if pinned {
                    "A run then waits until TeamCity knows a commit, where it could name it at once"
                } else {
                    "No commit is asked for, so that a run does without"
                }),
            },
        ]
    }

    async fn sources(&self, all: &mut Findings, id: &BuildTypeId) {
        let wanted = Wanted {
            build_type: id,
            branch: &self.build.branch,
            revision: &self.build.revision,
            repository: self.repository,
            release: self.release,
        };
        let survey = match survey(self.client, &wanted).await {
            Ok(survey) => survey,
            Err(trouble) => {
                let Diagnostic { what, cure, status } = cure::place(trouble, self.client.base());
                all.bad("VCS roots", format!("{id}: {what}"), cure, status);
                return;
            }
        };
        if self.roots(all, id, &survey) {
            self.commit(all, id, &survey);
            self.branch(all, id, &survey);
        }
    }

    /// Whether there is one to look further at.
    fn roots(&self, all: &mut Findings, id: &BuildTypeId, survey: &Survey) -> bool {
        const CHECK: &str = "VCS roots";
        match survey.roots {
            None => all.odd(
                CHECK,
                format!("{id}: the token may not see whose repositories it builds"),
                "A run sets the commit on all of them. The permission \"View build configuration settings\" would let it choose.",
            ),
            Some((0, others)) => {
                let given = match (&self.build.revision, &self.build.branch) {
                    (RevisionChoice::Given(_) | RevisionChoice::Latest { given: true }, _) => Some("REVISION"),
                    (_, BranchChoice::Given(_)) => Some("BRANCH"),
                    _ => None,
                };
                let what = format!("{id} has no VCS root of this repository ({others} of others)");
                match given {
                    Some(variable) => all.bad(
                        CHECK,
                        what,
                        format!("Attach one in TeamCity, or leave {variable} out to run it on its default branch."),
                        ExitStatus::Refused,
                    ),
                    None => all.odd(CHECK, what, "A run queues it on its default branch, without a commit."),
                }
                return false;
            }
            Some((own, others)) => {
                let own = if own == 1 {
                    "a VCS root".to_owned()
                } else {
                    format!("{own} VCS roots")
                };
                let others = match others {
                    0 => String::new(),
                    others => format!(", and {others} of others"),
                };
                all.good(CHECK, format!("{id} has {own} of this repository{others}"));
            }
        }
        true
    }

    fn commit(&self, all: &mut Findings, id: &BuildTypeId, survey: &Survey) {
        let (RevisionChoice::Given(revision) | RevisionChoice::Pipeline(revision)) =
            &self.build.revision
        else {
            return;
        };
        match survey.change {
            Some(true) => all.good("commit", format!("{id} knows the commit {}", short(revision))),
            Some(false) => all.odd(
                "commit",
                format!("{id} does not know the commit {} yet", short(revision)),
                "A run tells TeamCity of the push and waits for up to RETRY_FOR. If it never comes, check the branch specification of the VCS root.",
            ),
            None => {}
        }
    }

    fn branch(&self, all: &mut Findings, id: &BuildTypeId, survey: &Survey) {
        let name = match &self.build.branch {
            BranchChoice::Given(name) | BranchChoice::Pipeline(name) => {
                format!("the branch {name}")
            }
            BranchChoice::Tag(name) => format!("the tag {name}"),
            BranchChoice::Default | BranchChoice::Unknown => return,
        };
        match survey.branch {
            Some(true) => all.good("branch", format!("{id} knows {name}")),
            Some(false) => all.odd(
                "branch",
                format!("{id} does not know {name} yet"),
                "A run tells TeamCity of the push and waits. If it never comes, add it to the branch specification of the VCS root, or set BRANCH.",
            ),
            None => {}
        }
    }

    async fn agents(&self, all: &mut Findings, id: &BuildTypeId, build_type: &BuildType) {
        const CHECK: &str = "agents";
        if build_type.kind.as_deref() == Some("composite") {
            all.good(CHECK, format!("{id} is composite, and needs no agent"));
            return;
        }
        match self.client.compatible_agents(id).await {
            Ok(found) if found.agent.is_empty() => all.odd(
                CHECK,
                format!("{id}: no connected agent that the token may see can run it"),
                "A build would wait in the queue: connect an agent, or look at the page \"Compatible Agents\" of the configuration. QUEUE_TIMEOUT limits \
                 the wait.",
            ),
            Ok(found) => {
                let count = match found.agent.len() {
                    1 => "1 connected agent".to_owned(),
                    count => format!("{count} connected agents"),
                };
                all.good(CHECK, format!("{id}: {count} can run it"));
            }
            Err(error) if error.kind.is_refusal() => all.odd(
                CHECK,
                format!("{id}: which agents could run it is not to be seen ({error})"),
                "A run does without knowing.",
            ),
            Err(error) => trouble(all, CHECK, "looking for agents", &error, self.client.base(), None),
        }
    }
}

/// A permission, and what happens without it; without a word on that a run fails.
struct Needed {
    permission: (&'static str, &'static str),
    verb: &'static str,
    without: Option<&'static str>,
}

impl Needed {
    fn judge(
        &self,
        all: &mut Findings,
        check: &'static str,
        id: &BuildTypeId,
        project: &str,
        held: &Permissions,
    ) {
        let (permission, name) = self.permission;
        if held.has(permission) {
            all.good(check, format!("{id}: the token's user may {}", self.verb));
            return;
        }
        let what = format!("{id}: the token's user may not {}", self.verb);
        let cure = format!(
            "give the user a role with the permission \"{name}\" in {project}, or add it to the token's scope"
        );
        match self.without {
            None => all.bad(check, what, capitalized(&cure), ExitStatus::Refused),
            Some(without) => all.odd(check, what, format!("{without}; or {cure}.")),
        }
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), chars.as_str())
    })
}
