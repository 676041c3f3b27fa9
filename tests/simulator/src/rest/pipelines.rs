//! `/app/rest/pipelines`, since 2025.07: a pipeline is a head configuration, and its jobs are what the head depends on.

use crate::json::Json;
use crate::model::BuildType;

use super::build_json::Seen;
use super::build_types::build_type_json;
use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::locator::Locator;
use super::paging::{Page, list, page};
use super::{Answer, Call, Reply, only, projects};

const KNOWN: [&str; 5] = ["id", "parentProject", "name", "count", "start"];

fn head_name(head: &BuildType) -> &str {
    head.pipeline.as_deref().unwrap_or(&head.name)
}

fn pipeline_json(call: &Call<'_>, head: &BuildType, fields: &Fields) -> Json {
    let mut obj = Obj::new(fields);
    obj.put("id", Level::Short, head.id.as_str())
        .put("name", Level::Short, head_name(head))
        .put(
            "href",
            Level::Short,
            call.href(&format!("pipelines/id:{}", head.id)),
        )
        .put(
            "webUrl",
            Level::Short,
            format!("{}/pipeline/{}", call.state.web_url, head.id),
        );
    obj.nest("parentProject", Level::Long, &Fields::short(), |fields| {
        projects::project_json(call, &head.project, fields)
    });
    obj.nest("headBuildType", Level::Long, &Fields::short(), |fields| {
        build_type_json(call, head, fields)
    });
    obj.nest("jobs", Level::Long, &Fields::long(), |fields| {
        jobs_json(call, head, None, fields)
    });
    obj.done()
}

/// The jobs of a pipeline, each with its build if a run is given.
fn jobs_json(call: &Call<'_>, head: &BuildType, run: Option<&Seen<'_>>, fields: &Fields) -> Json {
    let jobs: Vec<&BuildType> = head
        .dependencies
        .iter()
        .filter_map(|on| call.state.build_type(&on.build_type))
        .collect();
    let mut obj = Obj::new(fields);
    obj.always("count", Level::Short, jobs.len());
    obj.nest("job", Level::Long, &Fields::long(), |fields| {
        let list = jobs.iter().map(|job| {
            let mut obj = Obj::new(fields);
            obj.put("id", Level::Short, job.id.as_str()).put(
                "name",
                Level::Short,
                job.name.as_str(),
            );
            if let Some((build, _)) = run {
                obj.nest("build", Level::Long, &Fields::short(), |fields| {
                    let found = build
                        .dependencies
                        .iter()
                        .filter_map(|id| call.state.visible_build(*id, call.now))
                        .find(|(part, _)| part.build_type == job.id);
                    found.map_or(Json::Null, |seen| {
                        super::build_json::build_json(call, &seen, fields)
                    })
                });
            }
            obj.done()
        });
        list.collect::<Vec<_>>()
    });
    obj.done()
}

/// The `pipelineRun` of a build; nothing if it is none of a pipeline's head.
pub(super) fn run_json(call: &Call<'_>, seen: &Seen<'_>, fields: &Fields) -> Json {
    let Some(head) = call
        .state
        .build_type(&seen.0.build_type)
        .filter(|head| head.pipeline.is_some())
    else {
        return Json::Null;
    };
    let mut obj = Obj::new(fields);
    obj.put("id", Level::Short, seen.0.id)
        .put("number", Level::Short, seen.0.number.to_string());
    obj.nest("pipeline", Level::Short, &Fields::short(), |fields| {
        pipeline_json(call, head, fields)
    });
    obj.nest("jobs", Level::Long, &Fields::long(), |fields| {
        jobs_json(call, head, Some(seen), fields)
    });
    obj.done()
}

pub(super) fn route(call: &mut Call<'_>, path: &[&str]) -> Answer {
    if !call.state.version.at_least(2025, 7, 0) {
        return Err(ApiError::jersey(404));
    }
    only(call, &["GET"])?;
    let visible =
        |of: &&BuildType| of.pipeline.is_some() && call.state.may_view_type(&call.who, &of.id);
    let heads = || call.state.build_types.iter().filter(visible);
    match *path {
        [] => {
            let text = call.query("locator").unwrap_or_default().to_owned();
            let locator = Locator::parse_optional(Some(&text))?;
            locator.help(&KNOWN)?;
            let wanted = Page::usual(&locator)?;
            let id = locator.value("id")?;
            let name = locator.value("name")?;
            let parent = locator
                .raw("parentProject")?
                .map(projects::project_id)
                .transpose()?;
            locator.finish(&KNOWN)?;
            let fits = |head: &&BuildType| {
                id.as_ref().is_none_or(|id| head.id == *id)
                    && name.as_ref().is_none_or(|name| head_name(head) == name)
                    && parent.as_ref().is_none_or(|id| head.project == *id)
            };
            let paged = page(heads(), wanted, fits);
            Ok(Reply::Entity(
                "pipelines",
                list(
                    call,
                    "pipelines",
                    &text,
                    wanted,
                    &paged,
                    "pipeline",
                    |head, fields| pipeline_json(call, head, fields),
                ),
            ))
        }
        [text] => {
            let id = projects::project_id(text)?;
            let head = heads().find(|head| head.id == id).ok_or_else(|| {
                ApiError::not_found(format!("No pipeline found by locator '{text}'."))
            })?;
            Ok(Reply::Entity(
                "pipeline",
                pipeline_json(call, head, &call.fields()),
            ))
        }
        _ => Err(ApiError::jersey(404)),
    }
}
