//! The VCS roots of a configuration: which of them are the pipeline's own repository, the only ones that its commit may be
//! pinned on.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt as _};

use crate::teamcity::model::{ChainConfiguration, RootEntries, RootInstance, RootInstances};
use crate::teamcity::{Client, Error, Failed};
use crate::types::{BuildTypeId, RepositoryAddress};

/// A root of the pipeline's repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnRoot {
    /// Its external id.
    pub id: String,
    /// Its default branch, as a ref.
    pub default_ref: Option<String>,
    /// Its branch specification.
    pub specification: Option<String>,
}

/// The roots of a configuration, as far as the token may see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Roots {
    /// It may not.
    Hidden,
    /// Of this repository, and ids of others.
    Known {
        /// This repository's.
        own: Vec<OwnRoot>,
        /// Ids of the others.
        others: Vec<String>,
    },
}

impl Roots {
    /// Whether a root of this repository is among them, or may be.
    pub fn may_be_ours(&self) -> bool {
        match self {
            Self::Hidden => true,
            Self::Known { own, .. } => !own.is_empty(),
        }
    }
}

/// A configuration of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its id.
    pub build_type: BuildTypeId,
    /// Its roots.
    pub roots: Roots,
    /// Whether it takes only some of the files of a root of this repository, so that not each commit changes it.
    pub rules: bool,
}

/// The roots of a configuration and of all that it depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainRoots {
    /// Its own.
    pub top: Roots,
    /// Those of what it depends on.
    pub below: Vec<Part>,
}

/// Configurations whose roots are resolved at once.
const AT_ONCE: usize = 8;

/// Reads them.
///
/// # Errors
/// When the server stays away; a token that may not read them is no error.
pub async fn read(
    client: &Client,
    build_type: &BuildTypeId,
    repository: Option<&RepositoryAddress>,
) -> Result<ChainRoots, Failed> {
    let fail = |error: Error| error.while_doing("reading the VCS roots");
    let found = match client.chain_configurations(build_type).await {
        Ok(found) => found.build_type,
        Err(error) if error.kind.is_refusal() => Vec::new(),
        Err(error) => return Err(fail(error)),
    };
    let is_top = |one: &ChainConfiguration| one.id.as_deref() == Some(build_type.as_str());
    // Outside Pipelines the only root that there is must be meant.
    let ids: BTreeSet<&str> = found.iter().flat_map(root_ids).collect();
    let only = ids.len() == 1;
    let top = match found.iter().find(|one| is_top(one)) {
        Some(top) => top.roots.clone(),
        None => match client.root_entries(build_type).await {
            Ok(entries) => Some(entries),
            Err(error) if error.kind.is_refusal() => None,
            Err(error) => return Err(fail(error)),
        },
    };
    let all = found
        .iter()
        .filter(|one| !is_top(one))
        .filter_map(|one| Some((BuildTypeId(one.id.clone()?), one.roots.as_ref())));
    let below = all.map(|(build_type, entries)| async move {
        let roots = known(client, &build_type, entries, repository, only).await?;
        let rules = entries.is_some_and(|entries| has_rules(entries, &roots));
        Ok(Part {
            build_type,
            roots,
            rules,
        })
    });
    let below: Vec<_> = stream::iter(below).buffered(AT_ONCE).collect().await;
    let only = top
        .as_ref()
        .is_some_and(|top| top.vcs_root_entry.len() == 1);
    Ok(ChainRoots {
        top: known(client, build_type, top.as_ref(), repository, only)
            .await
            .map_err(fail)?,
        below: below.into_iter().collect::<Result<_, _>>().map_err(fail)?,
    })
}

fn root_ids(one: &ChainConfiguration) -> impl Iterator<Item = &str> {
    let entries = one.roots.iter().flat_map(|roots| &roots.vcs_root_entry);
    entries.filter_map(|entry| entry.vcs_root.as_ref()?.id.as_deref())
}

/// Whether a root of this repository is taken in part.
fn has_rules(entries: &RootEntries, roots: &Roots) -> bool {
    let Roots::Known { own, .. } = roots else {
        return true;
    };
    entries.vcs_root_entry.iter().any(|entry| {
        let id = entry.vcs_root.as_ref().and_then(|root| root.id.as_ref());
        let rules = entry.checkout_rules.as_deref().unwrap_or_default();
        !rules.trim().is_empty() && own.iter().any(|own| Some(&own.id) == id)
    })
}

/// The roots of one configuration, with their parameters resolved.
async fn known(
    client: &Client,
    build_type: &BuildTypeId,
    entries: Option<&RootEntries>,
    repository: Option<&RepositoryAddress>,
    only: bool,
) -> Result<Roots, Error> {
    let Some(entries) = entries else {
        return Ok(Roots::Hidden);
    };
    let resolved = |root: &RootInstance| {
        let settings = ["url", "branch", "teamcity:branchSpec"];
        let known = |name| root.property(name).is_none_or(|value| !value.contains('%'));
        root.property("url").is_some() && settings.into_iter().all(known)
    };
    let mut roots = entries.vcs_root_entry.iter();
    let instances = if roots.all(|entry| entry.vcs_root.as_ref().is_some_and(resolved)) {
        RootInstances::default()
    } else {
        match client.root_instances(build_type).await {
            Ok(instances) => instances,
            Err(error) if error.kind.is_refusal() => RootInstances::default(),
            Err(error) => return Err(error),
        }
    };
    Ok(classify(entries, &instances, repository, only))
}

fn classify(
    entries: &RootEntries,
    instances: &RootInstances,
    repository: Option<&RepositoryAddress>,
    only: bool,
) -> Roots {
    let mut own = Vec::new();
    let mut others = Vec::new();
    let mut hidden = Vec::new();
    let roots: Vec<_> = entries
        .vcs_root_entry
        .iter()
        .filter_map(|entry| entry.vcs_root.as_ref())
        .collect();
    for root in &roots {
        let Some(id) = &root.id else { continue };
        let instance = instances
            .vcs_root_instance
            .iter()
            .find(|instance| instance.vcs_root_id.as_ref() == Some(id));
        let property = |name| {
            instance
                .and_then(|instance| instance.property(name))
                .or_else(|| root.property(name))
        };
        let known = |name| {
            property(name)
                .filter(|value| !value.contains('%'))
                .map(ToOwned::to_owned)
        };
        let root_of = || OwnRoot {
            id: id.clone(),
            default_ref: known("branch"),
            specification: known("teamcity:branchSpec"),
        };
        match (repository, property("url")) {
            (None, _) if only => own.push(root_of()),
            (Some(repository), Some(url)) if !url.contains('%') => {
                if RepositoryAddress::parse(url).as_ref() == Some(repository) {
                    own.push(root_of());
                } else {
                    others.push(id.clone());
                }
            }
            _ => hidden.push(id.clone()),
        }
    }
    // Among roots whose address is not to be seen may be this repository's.
    if own.is_empty() && !hidden.is_empty() {
        Roots::Hidden
    } else {
        others.extend(hidden);
        Roots::Known { own, others }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entries(urls: &[(&str, Option<&str>)]) -> RootEntries {
        let entries: Vec<_> = urls
            .iter()
            .map(|(id, url)| {
                let properties: Vec<_> = url.iter().map(|url| json!({ "name": "url", "value": url })).collect();
                json!({ "id": id, "vcs-root": { "id": id, "properties": { "property": properties } } })
            })
            .collect();
        serde_json::from_value(json!({ "vcs-root-entry": entries })).unwrap()
    }

    fn known(roots: Roots) -> Option<(Vec<String>, usize)> {
        match roots {
            Roots::Hidden => None,
            Roots::Known { own, others } => {
                Some((own.into_iter().map(|root| root.id).collect(), others.len()))
            }
        }
    }

    #[test]
    fn only_roots_of_this_repository_are_its_own() {
        let own = RepositoryAddress::on_bitbucket("acme/app");
        let found = |urls: &[(&str, Option<&str>)]| {
            known(classify(
                &entries(urls),
                &RootInstances::default(),
                Some(&own),
                false,
            ))
        };
        let app = ("App", Some("git@bitbucket.org:acme/app.git"));
        let lib = ("Lib", Some("https://bitbucket.org/acme/lib"));
        assert_eq!(found(&[app, lib]), Some((vec!["App".to_owned()], 1)));
        assert_eq!(found(&[lib]), Some((vec![], 1)));
        assert_eq!(found(&[]), Some((vec![], 0)));
        assert_eq!(
            found(&[("Secret", None)]),
            None,
            "it may be this repository's"
        );
        assert_eq!(found(&[lib, ("Param", Some("%url%"))]), None);
    }

    #[test]
    fn addresses_with_parameters_are_read_from_the_instances() {
        let own = RepositoryAddress::on_bitbucket("acme/app");
        let instance = json!({ "id": "3", "vcs-root-id": "Param",
            "properties": { "property": [{ "name": "url", "value": "ssh://git@bitbucket.org/acme/app" }, { "name": "branch", "value": "refs/heads/main" }] } });
        let instances = serde_json::from_value(json!({ "vcs-root-instance": [instance] })).unwrap();
        let roots = classify(
            &entries(&[("Param", Some("%url%"))]),
            &instances,
            Some(&own),
            false,
        );
        let Roots::Known { own, others } = roots else {
            panic!("hidden")
        };
        assert!(others.is_empty());
        let expected = OwnRoot {
            id: "Param".to_owned(),
            default_ref: Some("refs/heads/main".to_owned()),
            specification: None,
        };
        assert_eq!(own, [expected]);
    }

    #[test]
    fn outside_pipelines_the_only_root_is_meant() {
        let one = entries(&[("App", Some("git@example.com:x.git"))]);
        assert_eq!(
            known(classify(&one, &RootInstances::default(), None, true)),
            Some((vec!["App".to_owned()], 0))
        );
        let two = entries(&[
            ("App", Some("git@example.com:x.git")),
            ("Lib", Some("git@example.com:y.git")),
        ]);
        assert_eq!(
            known(classify(&two, &RootInstances::default(), None, false)),
            None
        );
    }
}
