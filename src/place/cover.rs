//! A revision for each root of a chain: `revisions` in a queue request must leave out none
//! (TeamCity's source: `Build.java`).

use super::search::Found;
use super::search::Search;
use super::specification::Specification;
use super::wanted::{Place, RootRevision, Trouble};
use crate::teamcity::Client;
use crate::types::{BuildTypeId, Diagnostic};

impl Place {
    /// Whether it can be queued for a commit that the server has not seen yet.
    pub fn takes_new_commits(&self) -> bool {
        self.revisions_open
            && self.git_ref.is_some()
            && self.others.is_empty()
            && !self.own_roots().is_empty()
    }

    /// It is on this branch; a chain has one name for it.
    pub fn is_on(&mut self, found: Found, search: &Search<'_>, first: bool) -> Result<(), Trouble> {
        if first {
            self.is_default = found.name.is_none();
            self.branch = found.name;
            return Ok(());
        }
        if self.branch == found.name {
            return Ok(());
        }
        let called = |name: &Option<String>| name.clone().unwrap_or_else(|| "<default>".to_owned());
        Err(Trouble::Wrong(Diagnostic::refused(
            format!(
                "the branch is called {} in {}, but {} elsewhere in the chain, so TeamCity would build a default branch there",
                called(&found.name),
                search.at,
                called(&self.branch)
            ),
            "Give the VCS roots of this repository the same branch specification and the same default branch in TeamCity.",
        )))
    }

    /// Sets what each root of the chain is to be at: the commit for those of the pipeline's repository, for others the newest
    /// revision of their branch that the server knows. The inner error says what can't be covered.
    pub async fn cover(&mut self, client: &Client) -> Result<Result<(), String>, Trouble> {
        let Some(revision) = &self.revision else {
            return Ok(Ok(()));
        };
        let own = self.own_roots().into_iter().map(|root| RootRevision {
            root: root.to_owned(),
            version: revision.clone(),
            git_ref: self.git_ref.clone(),
        });
        let mut all: Vec<RootRevision> = own.collect();
        let branch = self.branch.as_deref();
        for (at, root) in &self.others {
            if all.iter().any(|known| known.root == *root) {
                continue;
            }
            // Each configuration is asked once for all of its roots.
            for found in newest(client, at, branch).await? {
                let is_wanted = self.others.iter().any(|(_, root)| *root == found.root);
                if is_wanted && all.iter().all(|known| known.root != found.root) {
                    all.push(found);
                }
            }
            if all.iter().all(|known| known.root != *root) {
                return Ok(Err(format!(
                    "TeamCity knows no revision of the VCS root {root}"
                )));
            }
        }
        self.revisions = all;
        Ok(Ok(()))
    }
}

/// The newest revisions of a configuration's roots on a branch, or on their default branch where they have no such.
async fn newest(
    client: &Client,
    at: &BuildTypeId,
    branch: Option<&str>,
) -> Result<Vec<RootRevision>, Trouble> {
    let fail = |error: crate::teamcity::Error| {
        Trouble::Failed(error.while_doing("reading the revisions of other VCS roots"))
    };
    let instances = match client.root_versions(at).await {
        Ok(instances) => instances.vcs_root_instance,
        Err(error) if error.kind.is_refusal() => Vec::new(),
        Err(error) => return Err(fail(error)),
    };
    let mut found = Vec::new();
    for instance in instances {
        let Some(root) = instance.vcs_root_id.clone() else {
            continue;
        };
        let last = instance.last_version.clone();
        let mut on_branch = None;
        if let Some(branch) = branch {
            let changes = match client.newest_change(at, &root, branch).await {
                Ok(changes) => changes.change,
                Err(error) if error.kind.is_refusal() => Vec::new(),
                Err(error) => return Err(fail(error)),
            };
            let newest = changes.into_iter().next().and_then(|change| change.version);
            // Where the root has no such branch it is the default branch's.
            on_branch = newest
                .filter(|newest| Some(newest) != last.as_ref())
                .map(|version| {
                    let rules = instance.property("teamcity:branchSpec").unwrap_or_default();
                    let git_ref = Specification::parse(rules).refs_called(branch).next();
                    (version, git_ref)
                });
        }
        let of_default = || Some((last?, instance.property("branch").map(str::to_owned)));
        if let Some((version, git_ref)) = on_branch.or_else(of_default) {
            found.push(RootRevision {
                root,
                version,
                git_ref,
            });
        }
    }
    Ok(found)
}
