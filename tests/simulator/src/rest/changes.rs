//! Changes (TeamCity's source: ChangeFinder.java).

use crate::json::Json;
use crate::lifecycle::Phase;
use crate::model::Change;
use crate::state::State;

use super::branches::BranchFilter;
use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::locator::Locator;
use super::paging::{Page, list, page};
use super::{Answer, Call, Reply, build_types, only, projects, vcs};

const KNOWN: [&str; 20] = [
    "id",
    "project",
    "affectedProject",
    "buildType",
    "build",
    "vcsRoot",
    "vcsRootInstance",
    "username",
    "user",
    "version",
    "internalVersion",
    "comment",
    "file",
    "pending",
    "sinceChange",
    "branch",
    "personal",
    "count",
    "start",
    "lookupLimit",
];
const LOOKUP_LIMIT: i64 = 15000;

pub(super) fn change_json(call: &Call<'_>, change: &Change, fields: &Fields) -> Json {
    let mut obj = Obj::new(fields);
    obj.put("id", Level::Short, change.id)
        .put("version", Level::Short, change.version.as_str())
        .put("internalVersion", Level::Named, change.version.as_str())
        .put("username", Level::Short, change.username.as_str())
        .put(
            "date",
            Level::Short,
            call.state
                .clock
                .compact(change.known_at.unwrap_or_default()),
        )
        .put(
            "href",
            Level::Short,
            call.href(&format!("changes/id:{}", change.id)),
        )
        .put(
            "webUrl",
            Level::Short,
            format!("{}/change/{}?personal=false", call.state.web_url, change.id),
        )
        .put("comment", Level::Long, change.comment.as_str())
        .nest("vcsRootInstance", Level::Long, &Fields::short(), |fields| {
            call.state
                .root(&change.root)
                .map_or(Json::Null, |root| vcs::instance_json(call, root, fields))
        });
    obj.done()
}

/// Changes that fit, newest first.
pub(super) fn find_all<'s>(
    call: &'s Call<'_>,
    locator: &Locator,
) -> Result<Vec<&'s Change>, ApiError> {
    locator.help(&KNOWN)?;
    let state: &State = call.state;
    let mut roots: Option<Vec<String>> = None;
    let mut refs: Option<Vec<(String, String)>> = None;
    let branch = locator.raw("branch")?;
    if let Some(text) = locator.raw("buildType")? {
        let types = build_types::find_all(call, &Locator::parse(text)?)?;
        if types.is_empty() {
            return Err(ApiError::not_found(format!(
                "No build types found by locator '{text}'."
            )));
        }
        roots = Some(
            types
                .iter()
                .flat_map(|t| t.roots.iter().map(|(id, _)| id.clone()))
                .collect(),
        );
        if let Some(branch) = branch {
            let filter = BranchFilter::parse(branch)?;
            refs = Some(
                types
                    .iter()
                    .flat_map(|t| state.branches_of(t, call.now))
                    .filter(|known| filter.fits(Some(&known.name), known.default))
                    .flat_map(|known| known.refs)
                    .collect(),
            );
        }
    } else if branch.is_some() {
        return Err(ApiError::bad_request(
            "Filtering changes by branch is only supported when buildType is specified.",
        ));
    }
    if let Some(text) = locator.raw("vcsRoot")? {
        roots = Some(vec![projects::project_id(text)?]);
    }
    if let Some(text) = locator.raw("vcsRootInstance")? {
        let id = projects::project_id(text)?;
        roots = Some(
            state
                .roots
                .iter()
                .filter(|root| state.instance_id(&root.id).to_string() == id)
                .map(|root| root.id.clone())
                .collect(),
        );
    }
    let mut of_build: Option<Vec<u64>> = None;
    if let Some(text) = locator.raw("build")? {
        let (build, course) = super::builds::find_one(call, text)?;
        let found = if course.phase(call.now) == Phase::Queued && !build.pinned_revisions {
            Vec::new()
        } else {
            state
                .changes
                .iter()
                .filter(|change| {
                    build
                        .revisions
                        .iter()
                        .any(|r| r.root == change.root && r.version == change.version)
                })
                .map(|change| change.id)
                .collect()
        };
        of_build = Some(found);
    }
    let project = locator
        .raw("project")?
        .map(projects::project_id)
        .transpose()?;
    let affected = locator
        .raw("affectedProject")?
        .map(projects::project_id)
        .transpose()?;
    let id = locator.number("id")?;
    let single = locator.single().map(str::to_owned);
    let version = locator
        .value("version")?
        .or(locator.value("internalVersion")?);
    let username = locator.value("username")?;
    let since = locator
        .raw("sinceChange")?
        .map(projects::project_id)
        .transpose()?
        .and_then(|id| id.parse::<u64>().ok());
    let pending = locator.boolean("pending")?;
    locator.boolean("personal")?;
    for name in ["user", "comment", "file", "count", "start", "lookupLimit"] {
        locator.all(name);
    }
    locator.finish(&KNOWN)?;
    let mut found: Vec<&Change> = state
        .changes
        .iter()
        .filter(|change| State::knows_change(change, call.now))
        .filter(|change| {
            let root_project = state
                .root(&change.root)
                .map_or("_Root", |root| root.project.as_str());
            single
                .as_ref()
                .is_none_or(|single| change.id.to_string() == *single)
                && id.is_none_or(|id| i64::try_from(change.id) == Ok(id))
                && version
                    .as_ref()
                    .is_none_or(|version| change.version == *version)
                && username
                    .as_ref()
                    .is_none_or(|name| change.username == *name)
                && roots
                    .as_ref()
                    .is_none_or(|roots| roots.contains(&change.root))
                && refs.as_ref().is_none_or(|refs| {
                    refs.iter()
                        .any(|(root, name)| *root == change.root && change.refs.contains(name))
                })
                && of_build.as_ref().is_none_or(|ids| ids.contains(&change.id))
                && since.is_none_or(|since| change.id > since)
                && project
                    .as_ref()
                    .is_none_or(|project| project == root_project)
                && affected
                    .as_ref()
                    .is_none_or(|project| state.lineage(root_project).contains(project))
                && pending.is_none_or(|pending| pending != is_built(state, change))
                && state.may(&call.who, root_project, "view_project")
        })
        .collect();
    found.sort_by_key(|change| std::cmp::Reverse(change.id));
    Ok(found)
}

fn is_built(state: &State, change: &Change) -> bool {
    state.builds.values().any(|build| {
        build
            .revisions
            .iter()
            .any(|r| r.root == change.root && r.version == change.version)
    })
}

/// The change of a locator where one is needed.
pub(super) fn find_one<'s>(call: &'s Call<'_>, text: &str) -> Result<&'s Change, ApiError> {
    let locator = Locator::parse(text)?;
    let found = find_all(call, &locator)?;
    if let Some(change) = found.first() {
        return Ok(change);
    }
    if let Some(id) = locator
        .value("id")?
        .or_else(|| locator.single().map(str::to_owned))
    {
        return Err(ApiError::not_found(format!(
            "No change can be found by id '{id}' (searching non-personal changes)."
        )));
    }
    Err(ApiError::not_found(format!(
        "Nothing is found by locator 'count:1,{text}'."
    )))
}

pub(super) fn route(call: &Call<'_>, path: &[&str]) -> Answer {
    only(call, &["GET"])?;
    match *path {
        [] => {
            let text = call.query("locator").unwrap_or_default().to_owned();
            let locator = Locator::parse_optional(Some(&text))?;
            let wanted = Page::read(&locator, Some(100), Some(LOOKUP_LIMIT))?;
            let paged = page(find_all(call, &locator)?, wanted, |_| true);
            Ok(Reply::Entity(
                "changes",
                list(
                    call,
                    "changes",
                    &text,
                    wanted,
                    &paged,
                    "change",
                    |change, fields| change_json(call, change, fields),
                ),
            ))
        }
        [text] => {
            let change = find_one(call, text)?;
            Ok(Reply::Entity(
                "change",
                change_json(call, change, &call.fields()),
            ))
        }
        _ => Err(ApiError::jersey(404)),
    }
}
