//! What a configuration is made of: settings, steps, parameters
//! (TeamCity's source: BuildTypeRequest.java, BuildTypeUtil.java, PropEntityStep.java).

use serde_json::Value;

use crate::json::Json;
use crate::model::{BuildType, Dependency, Property, Step};

use super::build_types::{build_type_json, find, kind_name};
use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::parameters::{self, Holder, Shown, list_json};
use super::posted::{flag, text};
use super::{Answer, Call, Reply, projects, vcs};

/// Settings with TeamCity's defaults. Two more follow from the configuration itself.
const DEFAULTS: [(&str, &str); 14] = [
    ("allowExternalStatus", "false"),
    ("allowPersonalBuildTriggering", "true"),
    ("artifactRules", ""),
    ("buildDefaultBranch", "true"),
    ("buildNumberPattern", "%build.counter%"),
    ("checkoutDirectory", ""),
    ("checkoutMode", "AUTO"),
    ("cleanBuild", "false"),
    ("enableHangingBuildsDetection", "true"),
    ("executionTimeoutMin", "0"),
    ("maximumNumberOfBuilds", "0"),
    ("publishArtifactCondition", "NORMALLY_FINISHED"),
    ("shouldFailBuildIfTestsFailed", "true"),
    ("shouldFailBuildOnBadExitCode", "true"),
];
const COUNTER: &str = "buildNumberCounter";
const KIND: &str = "buildConfigurationType";

/// The settings of a configuration, set or not.
fn settings(call: &Call<'_>, of: &BuildType) -> Vec<Shown> {
    let own = |name: &str| of.settings.iter().find(|(known, _)| known == name);
    let counter = call.state.numbers.get(&of.id).copied().unwrap_or(0) + 1;
    let computed = [
        (KIND, kind_name(of.kind).to_uppercase()),
        (COUNTER, counter.to_string()),
    ];
    let allows = of.allow_personal.to_string();
    let defaults = DEFAULTS.iter().map(|(name, value)| match *name {
        "allowPersonalBuildTriggering" => (*name, allows.clone()),
        _ => (*name, (*value).to_owned()),
    });
    let mut all: Vec<Shown> = defaults
        .chain(computed)
        .map(|(name, value)| {
            let value = own(name).map_or(value, |(_, value)| value.clone());
            Shown::own(&Property::plain(name, value))
        })
        .collect();
    all.sort_by(|a, b| a.property.name.cmp(&b.property.name));
    all
}

pub(super) fn settings_json(call: &Call<'_>, of: &BuildType, fields: &Fields) -> Json {
    let href = call.href(&format!("buildTypes/id:{}/settings", of.id));
    list_json(&settings(call, of), Some(href), fields)
}

pub(super) fn may_edit(call: &Call<'_>, project: &str) -> Result<(), ApiError> {
    projects::needs(call, project, "edit_project", "Edit project")
}

fn change<T>(
    call: &mut Call<'_>,
    id: &str,
    change: impl FnOnce(&mut BuildType) -> T,
) -> Result<T, ApiError> {
    let found = call.state.build_types.iter_mut().find(|of| of.id == id);
    found.map(change).ok_or_else(ApiError::null_pointer)
}

/// The settings of the configuration of that id.
struct Settings(BuildType);

impl Holder for Settings {
    fn shown(&self, call: &Call<'_>) -> Vec<Shown> {
        // As it is by now: settings are set one after another.
        settings(call, call.state.build_type(&self.0.id).unwrap_or(&self.0))
    }
    fn href(&self, call: &Call<'_>) -> String {
        call.href(&format!("buildTypes/id:{}/settings", self.0.id))
    }
    fn may_edit(&self, call: &Call<'_>) -> Result<(), ApiError> {
        may_edit(call, &self.0.project)
    }
    fn set(&self, call: &mut Call<'_>, property: Property) -> Result<(), ApiError> {
        let Property { name, value, kind } = property;
        if kind.is_some() {
            return Err(ApiError::bad_request("Type is not supported for settings."));
        }
        let known = name == COUNTER || name == KIND || DEFAULTS.iter().any(|(it, _)| *it == name);
        if !known {
            let names: Vec<&str> = DEFAULTS.iter().map(|(name, _)| *name).collect();
            return Err(ApiError::bad_request(format!(
                "Cannot set parameter '{name}' to value '{value}': java.lang.IllegalArgumentException: No BuildType setting found for name '{name}'. Supported settings names are: [{}, {KIND}, {COUNTER}]",
                names.join(", ")
            )));
        }
        change(call, &self.0.id, |of| {
            of.settings.retain(|(known, _)| *known != name);
            of.settings.push((name, value));
        })
    }
    fn remove(&self, call: &mut Call<'_>, name: &str) -> Result<(), ApiError> {
        change(call, &self.0.id, |of| {
            of.settings.retain(|(known, _)| known != name);
        })
    }
}

/// The parameters of the configuration of that id: its own, and those of the projects above.
struct Parameters(BuildType);

impl Holder for Parameters {
    fn shown(&self, call: &Call<'_>) -> Vec<Shown> {
        parameters_of(call, call.state.build_type(&self.0.id).unwrap_or(&self.0))
    }
    fn href(&self, call: &Call<'_>) -> String {
        call.href(&format!("buildTypes/id:{}/parameters", self.0.id))
    }
    fn may_edit(&self, call: &Call<'_>) -> Result<(), ApiError> {
        may_edit(call, &self.0.project)
    }
    fn set(&self, call: &mut Call<'_>, property: Property) -> Result<(), ApiError> {
        change(call, &self.0.id, |of| {
            of.parameters.retain(|known| known.name != property.name);
            of.parameters.push(property);
        })
    }
    fn remove(&self, call: &mut Call<'_>, name: &str) -> Result<(), ApiError> {
        change(call, &self.0.id, |of| {
            of.parameters.retain(|known| known.name != name);
        })
    }
}

/// Its own parameters, then those of its templates and of the projects above that it does not set itself.
pub(super) fn parameters_of(call: &Call<'_>, of: &BuildType) -> Vec<Shown> {
    let mut all: Vec<Shown> = of.parameters.iter().map(Shown::own).collect();
    let templates = of
        .templates
        .iter()
        .filter_map(|id| call.state.build_type(id));
    let mut above: Vec<Shown> = templates
        .flat_map(|template| &template.parameters)
        .map(Shown::own)
        .collect();
    above.extend(projects::parameters_of(call, &of.project));
    for shown in above {
        if !all.iter().any(|it| it.property.name == shown.property.name) {
            all.push(Shown {
                inherited: true,
                ..shown
            });
        }
    }
    all
}

pub(super) fn parameters_json(call: &Call<'_>, of: &BuildType, fields: &Fields) -> Json {
    let href = call.href(&format!("buildTypes/id:{}/parameters", of.id));
    list_json(&parameters_of(call, of), Some(href), fields)
}

fn step_json(step: &Step, inherited: bool, fields: &Fields) -> Json {
    let mut obj = Obj::new(fields);
    let name = Some(step.name.clone()).filter(|name| !name.is_empty());
    obj.put("id", Level::Short, step.id.as_str())
        .put("name", Level::Short, name)
        .put("type", Level::Short, step.kind.as_str())
        .put("disabled", Level::Short, step.disabled)
        .put("inherited", Level::Short, inherited);
    obj.nest("properties", Level::Short, &Fields::long(), |fields| {
        let list: Vec<Shown> = step.properties.iter().map(Shown::own).collect();
        list_json(&list, None, fields)
    });
    obj.done()
}

/// The steps of its templates, then its own.
fn steps_of<'s>(call: &'s Call<'_>, of: &'s BuildType) -> Vec<(&'s Step, bool)> {
    let templates = of
        .templates
        .iter()
        .filter_map(|id| call.state.build_type(id));
    let inherited = templates.flat_map(|template| template.steps.iter().map(|step| (step, true)));
    inherited
        .chain(of.steps.iter().map(|step| (step, false)))
        .collect()
}

pub(super) fn steps_json(call: &Call<'_>, of: &BuildType, fields: &Fields) -> Json {
    let steps = steps_of(call, of);
    let mut obj = Obj::new(fields);
    obj.always("count", Level::Short, steps.len());
    obj.nest("step", Level::Short, &Fields::long(), |fields| {
        steps
            .iter()
            .map(|(step, inherited)| step_json(step, *inherited, fields))
            .collect::<Vec<_>>()
    });
    obj.done()
}

/// The features of its templates, then its own (TeamCity's source: PropEntitiesFeature.java, PropEntityFeature.java).
pub(super) fn features_json(call: &Call<'_>, of: &BuildType, fields: &Fields) -> Json {
    let templates = of
        .templates
        .iter()
        .filter_map(|id| call.state.build_type(id));
    let inherited = templates.flat_map(|template| template.features.iter().map(|it| (it, true)));
    let all: Vec<_> = inherited
        .chain(of.features.iter().map(|it| (it, false)))
        .collect();
    let mut obj = Obj::new(fields);
    obj.always("count", Level::Short, all.len());
    obj.nest("feature", Level::Short, &Fields::long(), |fields| {
        all.iter()
            .map(|(feature, inherited)| {
                let mut obj = Obj::new(fields);
                obj.put("id", Level::Short, feature.id.as_str())
                    .put("type", Level::Short, feature.kind.as_str())
                    .put("disabled", Level::Short, feature.disabled)
                    .put("inherited", Level::Short, *inherited);
                obj.nest("properties", Level::Short, &Fields::long(), |fields| {
                    let list: Vec<Shown> = feature.properties.iter().map(Shown::own).collect();
                    list_json(&list, None, fields)
                });
                obj.done()
            })
            .collect::<Vec<_>>()
    });
    obj.done()
}

fn posted_step(body: &Value, id: String) -> Result<Step, ApiError> {
    let kind = text(body, "type")?.unwrap_or_default();
    if kind.is_empty() {
        return Err(ApiError::bad_request(
            "Created step cannot have empty 'type'.",
        ));
    }
    Ok(Step {
        id,
        name: text(body, "name")?.unwrap_or_default().to_owned(),
        kind: kind.to_owned(),
        disabled: flag(body, "disabled")?,
        properties: parameters::posted_list(body)?,
    })
}

fn steps(call: &mut Call<'_>, of: &BuildType, path: &[&str]) -> Answer {
    let missing = |id: &str| {
        ApiError::not_found(format!(
            "No step with id '{id}' is found  in the build configuration."
        ))
    };
    match (path, call.method) {
        ([], "GET" | "HEAD") => Ok(Reply::Entity("steps", steps_json(call, of, &call.fields()))),
        ([], "POST") => {
            may_edit(call, &of.project)?;
            let body = call.json()?;
            // Never a number that was used, so that a deleted step stays gone.
            let next = of.steps.iter().filter_map(|step| {
                step.id
                    .strip_prefix("RUNNER_")
                    .and_then(|number| number.parse::<u64>().ok())
            });
            let step = posted_step(&body, format!("RUNNER_{}", next.max().unwrap_or(0) + 1))?;
            let json = step_json(&step, false, &call.fields());
            change(call, &of.id, |of| of.steps.push(step))?;
            Ok(Reply::Entity("step", json))
        }
        ([id], "GET" | "HEAD") => {
            let steps = steps_of(call, of);
            let found = steps.iter().find(|(step, _)| step.id == *id);
            let (step, inherited) = found.ok_or_else(|| missing(id))?;
            Ok(Reply::Entity(
                "step",
                step_json(step, *inherited, &call.fields()),
            ))
        }
        ([id], "DELETE") => {
            may_edit(call, &of.project)?;
            if !of.steps.iter().any(|step| step.id == *id) {
                return Err(missing(id));
            }
            change(call, &of.id, |of| of.steps.retain(|step| step.id != *id))?;
            Ok(Reply::Empty(204))
        }
        ([_] | [], _) => Err(ApiError::jersey(405)),
        _ => Err(ApiError::jersey(404)),
    }
}

pub(super) fn dependency_json(call: &Call<'_>, on: &Dependency, fields: &Fields) -> Json {
    let mut obj = Obj::new(fields);
    obj.put("id", Level::Short, on.build_type.as_str()).put(
        "type",
        Level::Short,
        "snapshot_dependency",
    );
    obj.nest(
        "source-buildType",
        Level::Short,
        &Fields::short(),
        |fields| {
            call.state
                .build_type(&on.build_type)
                .map_or(Json::Null, |of| build_type_json(call, of, fields))
        },
    );
    obj.done()
}

pub(super) fn dependencies_json(call: &Call<'_>, of: &BuildType, fields: &Fields) -> Json {
    let mut obj = Obj::new(fields);
    obj.always("count", Level::Short, of.dependencies.len());
    obj.nest(
        "snapshot-dependency",
        Level::Short,
        &Fields::long(),
        |fields| {
            of.dependencies
                .iter()
                .map(|on| dependency_json(call, on, fields))
                .collect::<Vec<_>>()
        },
    );
    obj.done()
}

/// What lies under `/buildTypes/{locator}` and is a setting of any kind; `None` if it is not.
pub(super) fn route(call: &mut Call<'_>, locator: &str, path: &[&str]) -> Option<Answer> {
    let [first, rest @ ..] = path else {
        return None;
    };
    if !matches!(*first, "settings" | "parameters" | "steps") {
        return None;
    }
    let of = match find(call, locator) {
        Ok(of) => of.clone(),
        Err(error) => return Some(Err(error)),
    };
    if let Err(error) = vcs::may_view_settings(call, &of.project) {
        return Some(Err(error));
    }
    Some(match *first {
        "settings" => parameters::route(call, &Settings(of), rest),
        "parameters" => parameters::route(call, &Parameters(of), rest),
        _ => steps(call, &of, rest),
    })
}
