//! Branches of a configuration, and branch locators (TeamCity's source: BranchFinder.java).

use crate::json::Json;
use crate::model::BuildType;

use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::locator::Locator;
use super::{Answer, Call, Reply};

const KNOWN: [&str; 7] = [
    "name",
    "default",
    "unspecified",
    "buildType",
    "build",
    "policy",
    "changesFromDependencies",
];
const POLICIES: [&str; 6] = [
    "VCS_BRANCHES",
    "ACTIVE_VCS_BRANCHES",
    "HISTORY_BRANCHES",
    "ACTIVE_HISTORY_BRANCHES",
    "ACTIVE_HISTORY_AND_ACTIVE_VCS_BRANCHES",
    "ALL_BRANCHES",
];

/// What a branch locator asks of a branch.
#[derive(Debug, Default)]
pub(super) struct BranchFilter {
    name: Option<Condition>,
    /// Whether the name may also be the internal one, `<default>`.
    either_name: bool,
    default: Option<bool>,
    branched: Option<bool>,
}

impl BranchFilter {
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        let locator = Locator::parse(text)?;
        let filter = Self::read(&locator)?;
        locator.finish(&KNOWN)?;
        Ok(filter)
    }

    fn read(locator: &Locator) -> Result<Self, ApiError> {
        locator.help(&KNOWN)?;
        if let Some(single) = locator.single() {
            if single == "<any>" {
                return Ok(Self::default());
            }
            let name = Some(Condition {
                value: single.to_owned(),
                kind: Match::Equals,
                ignore_case: true,
            });
            return Ok(Self {
                name,
                either_name: true,
                ..Self::default()
            });
        }
        let mut filter = Self {
            default: locator.boolean("default")?,
            branched: locator.boolean("branched")?,
            ..Self::default()
        };
        locator.boolean("unspecified")?;
        if let Some(name) = locator.raw("name")?.filter(|name| *name != "<any>") {
            let mut condition = Condition::parse(name)?;
            filter.either_name = condition.value == super::locator::plain(name)?;
            if filter.either_name {
                condition.ignore_case = true;
            }
            filter.name = Some(condition);
        }
        Ok(filter)
    }

    /// Whether a branch fits; no name means that there are no branches.
    pub(super) fn fits(&self, name: Option<&str>, default: bool) -> bool {
        let shown = name.unwrap_or("<default>");
        let by_name = self.name.as_ref().is_none_or(|condition| {
            condition.fits(shown) || (self.either_name && default && condition.fits("<default>"))
        });
        by_name
            && self.default.is_none_or(|wanted| wanted == default)
            && self.branched.is_none_or(|wanted| wanted == name.is_some())
    }
}

#[derive(Debug, Clone, Copy)]
enum Match {
    Equals,
    DoesNotEqual,
    Contains,
    DoesNotContain,
    StartsWith,
    EndsWith,
    Exists,
    Any,
}

/// `value:V,matchType:M,ignoreCase:B`, or just a value (TeamCity's source: ParameterCondition.java).
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) value: String,
    kind: Match,
    ignore_case: bool,
}

impl Condition {
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        let locator = Locator::parse(text)?;
        if let Some(single) = locator.single() {
            return Ok(Self {
                value: single.to_owned(),
                kind: Match::Equals,
                ignore_case: false,
            });
        }
        let condition = Self::read(&locator)?;
        locator.finish(&["value", "matchType", "ignoreCase"])?;
        Ok(condition)
    }

    pub(super) fn read(locator: &Locator) -> Result<Self, ApiError> {
        let value = locator.value("value")?;
        let kind = match locator.value("matchType")?.as_deref() {
            None if value.is_some() => Match::Equals,
            None | Some("exists") => Match::Exists,
            Some("equals") => Match::Equals,
            Some("does-not-equal") => Match::DoesNotEqual,
            Some("contains") => Match::Contains,
            Some("does-not-contain") => Match::DoesNotContain,
            Some("starts-with") => Match::StartsWith,
            Some("ends-with") => Match::EndsWith,
            Some("any") => Match::Any,
            Some(other) => {
                return Err(ApiError::bad_request(format!(
                    "Unsupported value match type '{other}'. Supported are: [exists, not-exists, equals, does-not-equal, starts-with, contains, does-not-contain, ends-with, any, matches, does-not-match, more-than, no-more-than, less-than, no-less-than, ver-more-than, ver-no-more-than, ver-less-than, ver-no-less-than]"
                )));
            }
        };
        Ok(Self {
            value: value.unwrap_or_default(),
            kind,
            ignore_case: locator.boolean("ignoreCase")? == Some(true),
        })
    }

    pub(super) fn fits(&self, text: &str) -> bool {
        let (text, value) = if self.ignore_case {
            (text.to_lowercase(), self.value.to_lowercase())
        } else {
            (text.to_owned(), self.value.clone())
        };
        match self.kind {
            Match::Equals => text == value,
            Match::DoesNotEqual => text != value,
            Match::Contains => text.contains(&value),
            Match::DoesNotContain => !text.contains(&value),
            Match::StartsWith => text.starts_with(&value),
            Match::EndsWith => text.ends_with(&value),
            Match::Exists | Match::Any => true,
        }
    }
}

fn branch_json(name: &str, default: bool, fields: &Fields) -> Json {
    let mut obj = Obj::new(fields);
    obj.put("name", Level::Short, name)
        .put(
            "internalName",
            Level::Named,
            if default { "<default>" } else { name },
        )
        .put("default", Level::Short, default)
        .put("unspecified", Level::Short, false)
        .put("active", Level::Named, true);
    obj.done()
}

fn matching(
    call: &Call<'_>,
    build_type: &BuildType,
    text: Option<&str>,
) -> Result<Vec<(String, bool)>, ApiError> {
    let locator = Locator::parse_optional(text)?;
    let filter = BranchFilter::read(&locator)?;
    if let Some(policy) = locator.value("policy")?
        && !POLICIES.contains(&policy.to_uppercase().as_str())
    {
        return Err(ApiError::bad_request(format!(
            "Invalid value '{policy}' for 'policy' dimension. Supported values are: [{}]",
            POLICIES.join(", ")
        )));
    }
    let history_only = locator
        .value("policy")?
        .is_some_and(|policy| policy.to_uppercase().ends_with("HISTORY_BRANCHES"));
    for name in [
        "buildType",
        "changesFromDependencies",
        "computeLastActivity",
        "count",
        "start",
        "lookupLimit",
    ] {
        locator.all(name);
    }
    locator.finish(&KNOWN)?;
    let mut branches: Vec<(String, bool)> = call
        .state
        .branches_of(build_type, call.now)
        .into_iter()
        .map(|branch| (branch.name, branch.default))
        .collect();
    if branches.is_empty() {
        branches.push(("<default>".to_owned(), true));
    }
    branches.retain(|(name, default)| {
        let built = !history_only
            || *default
            || call.state.builds.values().any(|build| {
                build.build_type == build_type.id && build.branch.as_ref() == Some(name)
            });
        built && filter.fits(Some(name), *default)
    });
    Ok(branches)
}

fn container(branches: &[(String, bool)], href: Option<String>, fields: &Fields) -> Json {
    let mut obj = Obj::new(fields);
    obj.always("count", Level::Short, branches.len())
        .put("href", Level::Short, href);
    obj.nest("branch", Level::Long, &Fields::short(), |fields| {
        branches
            .iter()
            .map(|(name, default)| branch_json(name, *default, fields))
            .collect::<Vec<_>>()
    });
    obj.done()
}

pub(super) fn branches_json(call: &Call<'_>, build_type: &BuildType, fields: &Fields) -> Json {
    matching(call, build_type, fields.locator())
        .map_or(Json::Null, |branches| container(&branches, None, fields))
}

pub(super) fn list_of(call: &Call<'_>, build_type: &BuildType) -> Answer {
    let branches = matching(call, build_type, call.query("locator"))?;
    let href = call.href(&format!("buildTypes/id:{}/branches", build_type.id));
    Ok(Reply::Entity(
        "branches",
        container(&branches, Some(href), &call.fields()),
    ))
}

pub(super) fn exists(call: &Call<'_>, build_type: &BuildType, branch: &str) -> Answer {
    super::text_or_406(call)?;
    let found = !matching(call, build_type, Some(branch))?.is_empty();
    Ok(Reply::Text(200, found.to_string()))
}
