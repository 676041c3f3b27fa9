//! Values that TeamCity keeps of a build, and those that its script reports (TeamCity's source: BuildRequest.java, Build.java).

use crate::json::Json;
use crate::lifecycle::Phase;
use crate::verdict;

use super::build_json::Seen;
use super::builds::find_one;
use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::{Answer, Call, Reply, only};

/// Names and values, such as a build has by now.
fn values(call: &Call<'_>, (build, course): &Seen<'_>) -> Vec<(String, String)> {
    let mut values: Vec<(&str, u128)> = Vec::new();
    let mut reported: &[(String, String)] = &[];
    if let Some(start) = course.start.filter(|start| *start <= call.now) {
        let waited = start.saturating_sub(build.queued_at);
        values.push(("TimeSpentInQueue", waited.as_millis()));
        if let Some(finish) = course.finish.filter(|finish| *finish <= call.now) {
            let millis = (finish - start).as_millis();
            values.push(("BuildDuration", millis));
            values.push(("BuildDurationNetTime", millis));
            let sizes = build.plan.artifacts.iter().map(|file| file.content.len());
            let size = u128::from(sizes.sum::<u64>());
            if size > 0 {
                values.push(("ArtifactsSize", size));
                values.push(("VisibleArtifactsSize", size));
            }
            reported = &build.plan.statistics;
        }
    }
    let tests = verdict::tests(build, course, call.now);
    if tests.count() > 0 {
        values.push(("PassedTestCount", tests.passed as u128));
        values.push(("FailedTestCount", tests.failures() as u128));
        values.push(("TotalTestCount", tests.count() as u128));
    }
    let own = values
        .iter()
        .filter(|(name, _)| !reported.iter().any(|(known, _)| known == name))
        .map(|(name, value)| ((*name).to_owned(), value.to_string()));
    own.chain(reported.iter().cloned()).collect()
}

fn json(values: &[(String, String)], href: Option<String>, fields: &Fields) -> Json {
    let mut obj = Obj::new(fields);
    obj.always("count", Level::Long, values.len())
        .put("href", Level::Short, href);
    obj.nest("property", Level::Long, &Fields::long(), |fields| {
        let one = |(name, value): &(String, String)| {
            let mut obj = Obj::new(fields);
            obj.put("name", Level::Short, name.as_str())
                .put("value", Level::Short, value.as_str());
            obj.done()
        };
        values.iter().map(one).collect::<Vec<_>>()
    });
    obj.done()
}

/// The member of a build, which has only an address unless more is asked for.
pub(super) fn of_build(call: &Call<'_>, seen: &Seen<'_>, fields: &Fields) -> Json {
    let href = call.href(&format!("builds/id:{}/statistics", seen.0.id));
    json(&values(call, seen), Some(href), fields)
}

/// `/builds/{build}/statistics[/{name}]`.
pub(super) fn statistics(call: &Call<'_>, text: &str, rest: &[&str]) -> Answer {
    only(call, &["GET"])?;
    let seen = find_one(call, text)?;
    let id = seen.0.id;
    if seen.1.phase(call.now) == Phase::Queued {
        return Err(ApiError::not_found(format!(
            "No started build found for id '{id}'."
        )));
    }
    let values = values(call, &seen);
    let [name] = rest else {
        return Ok(Reply::Entity(
            "properties",
            json(&values, None, &call.fields()),
        ));
    };
    let value = values.iter().find(|(known, _)| known == name);
    value
        .map(|(_, value)| Reply::Text(200, value.clone()))
        .ok_or_else(|| {
            ApiError::not_found(format!(
                "No statistics data for key: {name}' in build with id {id}"
            ))
        })
}
