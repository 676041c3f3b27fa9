//! Each build configuration: whether a run could queue it, of this commit, and whether an agent could run it.

use crate::config::{BranchChoice, Build, RevisionChoice};
use crate::place::{self, Survey, Wanted, survey};
use crate::preflight::rights::{self, Held};
use crate::preflight::{self, Bad, Findings, Known, Question, cure};
use crate::teamcity::Client;
use crate::types::{BuildTypeId, RepositoryAddress, short};

const ROOTS: Question = "VCS roots";

/// What to look at.
pub struct Builds<'a> {
    /// TeamCity.
    pub client: &'a Client,
    /// Its version, and whose token it is.
    pub known: &'a Known,
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
        let limits = self.known.limits();
        let target = match &self.build.agent {
            None => None,
            Some(choice) => {
                let found = preflight::agent(self.client, choice, all).await;
                all.keep(found)
            }
        };
        for id in &self.build.build_types {
            let found = preflight::build_type(self.client, id, all).await;
            let Some(build_type) = all.keep(found) else {
                continue;
            };
            let held = Held::ask(self.client, id, &build_type, limits, all).await;
            if let Some(Some(held)) = all.keep(held) {
                rights::rights(id, &build_type, self.build, self.cancels, &held, all);
            }
            self.sources(all, id).await;
            let agents =
                preflight::agents(self.client, id, &build_type, target.as_ref(), all).await;
            all.keep(agents);
        }
    }

    async fn sources(&self, all: &mut Findings, id: &BuildTypeId) {
        let wanted = Wanted {
            build_type: id,
            branch: &self.build.branch,
            revision: &self.build.revision,
            repository: self.repository,
            release: self.known.release,
        };
        let survey = match survey(self.client, &wanted).await {
            Ok(survey) => survey,
            Err(trouble) => {
                all.bad(Bad::new(ROOTS, cure::place(trouble, self.client.base())));
                return;
            }
        };
        if self.roots(all, &wanted, &survey) {
            self.commit(all, id, &survey);
            self.branch(all, id, &survey);
        }
    }

    /// Whether there is one to look further at.
    fn roots(&self, all: &mut Findings, wanted: &Wanted<'_>, survey: &Survey) -> bool {
        let id = wanted.build_type;
        match survey.roots {
            None => all.odd(
                ROOTS,
                format!("{id}: the token's user may not view its VCS roots"),
                "A run sets the commit on all of them. To limit it to this repository, give the user the permission \"View build configuration settings\" in the project.",
            ),
            Some((0, _)) => {
                match place::without_root(wanted) {
                    Ok((what, follows)) => all.odd(ROOTS, what, follows),
                    Err(wrong) => all.bad(Bad::new(ROOTS, wrong)),
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
                let has = survey.below.as_ref().map_or_else(
                    || format!("{id} has"),
                    |below| format!("{below}, on which {id} depends, has"),
                );
                all.good(ROOTS, format!("{has} {own} of this repository{others}"));
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
                "A run tells TeamCity about the push and waits for up to RETRY_FOR. If the commit does not appear, check the branch specification of the VCS root.",
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
                "A run tells TeamCity about the push and waits for up to RETRY_FOR. If the branch does not appear, add it to the branch specification of the VCS root, or set BRANCH.",
            ),
            None => {}
        }
    }
}
