//! Whether a shop names only what it has.

use std::collections::BTreeSet;

use crate::model::PERMISSIONS;

use super::ShopError;
use super::file::File;

/// Ids of one kind.
struct Ids {
    kind: &'static str,
    known: BTreeSet<String>,
}

impl Ids {
    fn of<'a>(
        kind: &'static str,
        ids: impl IntoIterator<Item = &'a String>,
    ) -> Result<Self, ShopError> {
        let mut known = BTreeSet::new();
        for id in ids {
            if !known.insert(id.clone()) {
                return Err(ShopError::Twice {
                    kind,
                    id: id.clone(),
                });
            }
        }
        Ok(Self { kind, known })
    }

    fn has<'a>(
        &self,
        names: impl IntoIterator<Item = &'a String>,
        place: impl Fn() -> String,
    ) -> Result<(), ShopError> {
        match names.into_iter().find(|name| !self.known.contains(*name)) {
            None => Ok(()),
            Some(name) => Err(ShopError::Unknown {
                place: place(),
                kind: self.kind,
                name: name.clone(),
            }),
        }
    }
}

/// Whether steps lead from a place back to it.
fn circles(from: &str, next: &dyn Fn(&str) -> Vec<String>) -> bool {
    let mut open = next(from);
    let mut seen = BTreeSet::new();
    while let Some(at) = open.pop() {
        if at == from {
            return true;
        }
        if seen.insert(at.clone()) {
            open.extend(next(&at));
        }
    }
    false
}

pub(super) fn check(file: &File) -> Result<(), ShopError> {
    let configurations = || {
        file.projects
            .iter()
            .flat_map(|project| &project.configurations)
    };
    let types = Ids::of("configuration", configurations().map(|of| &of.id))?;
    let roots = Ids::of(
        "VCS root",
        file.projects
            .iter()
            .flat_map(|project| project.roots.iter().map(|root| &root.id)),
    )?;
    let mut projects = Ids::of("project", file.projects.iter().map(|project| &project.id))?;
    projects.known.insert("_Root".to_owned());
    let users = Ids::of("user", file.users.iter().map(|user| &user.username))?;
    let permissions = Ids {
        kind: "permission",
        known: PERMISSIONS.iter().map(|(id, _)| (*id).to_owned()).collect(),
    };
    let mut pools = Ids::of("pool", &[])?;
    pools.known.insert("0".to_owned());
    for pool in &file.pools {
        pools.known.insert(pool.id.to_string());
        projects.has(&pool.projects, || format!("pool {}", pool.name))?;
    }
    for user in &file.users {
        let place = || format!("user {}", user.username);
        permissions.has(&user.permissions, place)?;
        for limit in user.tokens.iter().flat_map(|token| &token.limited_to) {
            permissions.has(limit.iter().map(|limit| &limit.permission), place)?;
            projects.has(
                limit.iter().filter_map(|limit| limit.project.as_ref()),
                place,
            )?;
        }
    }
    for agent in &file.agents {
        let place = || format!("agent {}", agent.name);
        pools.has([&agent.pool.to_string()], place)?;
        types.has(agent.cannot_run.keys(), place)?;
    }
    for project in &file.projects {
        projects.has(&project.parent, || format!("project {}", project.id))?;
    }
    for project in &file.projects {
        let parents = |id: &str| {
            let found = file.projects.iter().find(|known| known.id == id);
            found
                .and_then(|known| known.parent.clone())
                .into_iter()
                .collect()
        };
        if circles(&project.id, &parents) {
            return Err(ShopError::Circle {
                place: format!("project {}", project.id),
                by: "parent",
            });
        }
    }
    for of in configurations() {
        let dependencies = |id: &str| {
            let found = configurations().find(|known| known.id == id);
            found
                .map(|known| known.depends_on.clone())
                .unwrap_or_default()
        };
        if circles(&of.id, &dependencies) {
            return Err(ShopError::Circle {
                place: format!("configuration {}", of.id),
                by: "depends-on",
            });
        }
        let place = || format!("configuration {}", of.id);
        roots.has(&of.roots, place)?;
        types.has(&of.depends_on, place)?;
        types.has(&of.templates, place)?;
        let cancels = of.plans.iter().filter_map(|plan| plan.canceled.as_ref());
        users.has(cancels.map(|canceled| &canceled.by), place)?;
    }
    for build in &file.builds {
        let place = || format!("a build of {}", build.configuration);
        types.has([&build.configuration], || "builds".to_owned())?;
        users.has(&build.user, place)?;
        users.has(
            build.plan.canceled.iter().map(|canceled| &canceled.by),
            place,
        )?;
    }
    Ok(())
}
