//! The VCS roots of a configuration: which of them are the pipeline's own repository, the only ones that its commit may be
//! pinned on.

use crate::teamcity::Failed;
use crate::teamcity::model::{RootEntries, RootInstances};
use crate::teamcity::{Client, Error};
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
pub enum Roots {
    /// It may not.
    Hidden,
    /// Ids of this repository's, with their default branch; and how many others there are.
    Known {
        /// This repository's.
        own: Vec<OwnRoot>,
        /// How many others.
        others: usize,
    },
}

/// Reads them.
///
/// # Errors
/// When the server stays away; a token that may not read them is no error.
pub async fn read(
    client: &Client,
    build_type: &BuildTypeId,
    repository: Option<&RepositoryAddress>,
) -> Result<Roots, Failed> {
    let fail = |error: Error| error.while_doing("reading the VCS roots");
    let entries = match client.root_entries(build_type).await {
        Ok(entries) => entries,
        Err(error) if error.kind.is_refusal() => return Ok(Roots::Hidden),
        Err(error) => return Err(fail(error)),
    };
    let resolved = entries.vcs_root_entry.iter().all(|entry| {
        let url = entry
            .vcs_root
            .as_ref()
            .and_then(|root| root.property("url"));
        url.is_some_and(|url| !url.contains('%'))
    });
    let instances = if resolved {
        RootInstances::default()
    } else {
        match client.root_instances(build_type).await {
            Ok(instances) => instances,
            Err(error) if error.kind.is_refusal() => RootInstances::default(),
            Err(error) => return Err(fail(error)),
        }
    };
    Ok(classify(&entries, &instances, repository))
}

fn classify(
    entries: &RootEntries,
    instances: &RootInstances,
    repository: Option<&RepositoryAddress>,
) -> Roots {
    let mut own = Vec::new();
    let mut others = 0;
    let mut hidden = 0;
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
            (None, _) if roots.len() == 1 => own.push(root_of()),
            (Some(repository), Some(url)) if !url.contains('%') => {
                if RepositoryAddress::parse(url).as_ref() == Some(repository) {
                    own.push(root_of());
                } else {
                    others += 1;
                }
            }
            _ => hidden += 1,
        }
    }
    // Among roots whose address is not to be seen may be this repository's.
    if own.is_empty() && hidden > 0 {
        Roots::Hidden
    } else {
        Roots::Known {
            own,
            others: others + hidden,
        }
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
                Some((own.into_iter().map(|root| root.id).collect(), others))
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
        );
        let Roots::Known { own, others: 0 } = roots else {
            panic!("hidden, or others")
        };
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
            known(classify(&one, &RootInstances::default(), None)),
            Some((vec!["App".to_owned()], 0))
        );
        let two = entries(&[
            ("App", Some("git@example.com:x.git")),
            ("Lib", Some("git@example.com:y.git")),
        ]);
        assert_eq!(known(classify(&two, &RootInstances::default(), None)), None);
    }
}
