//! Whether the builds below a followed one are of what was asked: branch and commit, wherever the pipeline's repository is.

use crate::outcome::{ChainBuild, Ending, Event, Events, RootAt};
use crate::place::Below;
use crate::run::queue::promoted::Promoted;
use crate::types::short;

/// Most builds that are named in one line.
const MOST_NAMES: usize = 10;

/// What the builds of a chain must be of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AskedBelow {
    /// The configurations that build the pipeline's repository.
    pub below: Vec<Below>,
    /// The logical branch; `None` for the default branch.
    pub branch: Option<String>,
    /// The commit.
    pub revision: Option<String>,
    /// What was queued has no root of the pipeline's repository itself: the builds below alone tell what was built.
    pub alone: bool,
    /// Finished builds that it takes as its dependencies.
    pub promoted: Vec<Promoted>,
    /// So many were said to be right.
    pub said: usize,
}

/// What a look at a chain has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shown {
    /// One is of something else, as said here.
    Wrong(String),
    /// These are as asked, by name; of so many others it is not to be seen, at least not yet.
    Right(Vec<String>, usize),
}

impl AskedBelow {
    /// Whether the chain must be looked at before a success is believed.
    pub fn is_asked(&self) -> bool {
        !self.below.is_empty() || !self.promoted.is_empty()
    }

    /// The chain was seen. Says what of it is not as it was asked for.
    pub fn look(&mut self, chain: &[ChainBuild], events: &dyn Events) -> Option<String> {
        if let Some(wrong) = self.other_than_promoted(chain) {
            return Some(wrong);
        }
        let right = match self.compare(chain) {
            Shown::Wrong(wrong) => return Some(wrong),
            Shown::Right(right, _) => right,
        };
        if let Some(revision) = &self.revision
            && right.len() > self.said
        {
            self.said = right.len();
            let shown = right.get(..MOST_NAMES).unwrap_or(&right).join(", ");
            let more = if right.len() > MOST_NAMES {
                " and more"
            } else {
                ""
            };
            events.event(&Event::Note(format!(
                "Verified at commit {}: {shown}{more}",
                short(revision)
            )));
        }
        None
    }

    /// What a success is worth, by the chain at its end.
    ///
    /// # Errors
    /// What is not as it was asked for.
    pub fn success(&self, chain: &[ChainBuild]) -> Result<Ending, String> {
        if let Some(wrong) = self.other_than_promoted(chain) {
            return Err(wrong);
        }
        let is_missing = |one: &&Promoted| !chain.iter().any(|build| build.id == one.id);
        if let Some(missing) = self.promoted.iter().find(is_missing) {
            return Err(format!(
                "it does not depend on the build {} of {}, which DEPENDENCIES names",
                missing.id, missing.build_type
            ));
        }
        match self.compare(chain) {
            Shown::Wrong(wrong) => Err(wrong),
            Shown::Right(right, open) if open > 0 || (right.is_empty() && self.alone) => {
                Ok(Ending::Unknown(
                    "TeamCity does not say which commit the builds that it depends on have built"
                        .to_owned(),
                ))
            }
            Shown::Right(..) => Ok(Ending::Success),
        }
    }

    /// A dependency that is another build than DEPENDENCIES names.
    fn other_than_promoted(&self, chain: &[ChainBuild]) -> Option<String> {
        self.promoted.iter().find_map(|one| {
            let same = |build: &&ChainBuild| build.build_type == one.build_type;
            let all: Vec<&ChainBuild> = chain.iter().filter(same).collect();
            let other = all.first()?;
            (!all.iter().any(|build| build.id == one.id)).then(|| {
                format!(
                    "it depends on {} (build {}) instead of the build {}, which DEPENDENCIES names",
                    called(other),
                    other.id,
                    one.id
                )
            })
        })
    }

    /// Compares.
    fn compare(&self, chain: &[ChainBuild]) -> Shown {
        let mut right = Vec::new();
        let mut open = 0_usize;
        for build in chain {
            let Some(below) = self
                .below
                .iter()
                .find(|below| below.build_type == build.build_type)
            else {
                continue;
            };
            match self.judge(build, below) {
                Some(Ok(())) => right.push(called(build)),
                Some(Err(wrong)) => return Shown::Wrong(wrong),
                None => open = open.saturating_add(usize::from(has_begun(&build.ending))),
            }
        }
        Shown::Right(right, open)
    }

    fn judge(&self, build: &ChainBuild, below: &Below) -> Option<Result<(), String>> {
        let Some(asked) = self.revision.as_deref() else {
            return self.judge_branch(build);
        };
        let is_own = |at: &&RootAt| {
            let root = at.root.as_deref();
            below.roots.is_empty()
                || root.is_none_or(|root| below.roots.iter().any(|own| own == root))
        };
        let own: Vec<&RootAt> = build.revisions.iter().filter(is_own).collect();
        let named: Vec<&str> = own.iter().filter_map(|at| at.version.as_deref()).collect();
        let other = |version: &&&str| !version.eq_ignore_ascii_case(asked);
        let others = named.iter().filter(other).count();
        // With known roots each must be at the commit; without, one of them must. What is not named yet is not another.
        let (right, wrong) = if below.roots.is_empty() {
            (others < named.len(), others == own.len())
        } else {
            (others == 0 && named.len() == own.len(), others > 0)
        };
        if own.is_empty() || !(right || wrong) {
            return None;
        }
        let first = named.iter().find(other).copied().unwrap_or_default();
        // A build that TeamCity takes again is as good to it, where no later commit touches what its checkout rules take.
        if right || (build.reused && below.rules) {
            return Some(Ok(()));
        }
        Some(Err(format!(
            "{} builds the commit {} instead of {}",
            called(build),
            short(first),
            short(asked)
        )))
    }

    /// With no commit asked for, the branch must be right; a build that is taken again may be another branch's.
    fn judge_branch(&self, build: &ChainBuild) -> Option<Result<(), String>> {
        if build.revisions.is_empty() {
            return None;
        }
        let right = match (&self.branch, &build.branch) {
            (None, None) => true,
            (Some(asked), Some(built)) => asked.eq_ignore_ascii_case(built),
            _ => false,
        };
        if right || build.reused {
            return Some(Ok(()));
        }
        let name =
            |branch: &Option<String>| branch.clone().unwrap_or_else(|| "<default>".to_owned());
        Some(Err(format!(
            "{} builds the branch {} instead of {}",
            called(build),
            name(&build.branch),
            name(&self.branch)
        )))
    }
}

fn called(build: &ChainBuild) -> String {
    match &build.number {
        Some(number) => format!("{} #{number}", build.name),
        None => build.name.clone(),
    }
}

/// Whether it has sources by now, if it ever gets any.
fn has_begun(ending: &Ending) -> bool {
    matches!(ending, Ending::Running | Ending::Success | Ending::Failure)
}
