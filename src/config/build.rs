//! What to queue, or which builds to follow.

use std::collections::BTreeSet;

use super::build_ids;
use super::pipelines::Pipeline;
use super::raw::{List, Raw};
use super::reader::Reader;
use super::secret_parameters;
use super::settings::{
    AgentChoice, BranchChoice, Build, Dependencies, Parameter, RebuildDependencies, Reuse,
    RevisionChoice, SettingsSource, What,
};
use super::variables;
use crate::types::BuildTypeId;
use crate::types::text::one_line;

/// TeamCity's own limit.
const LONGEST_ID: usize = 225;
/// Variables that say what to queue, and say nothing about a build that exists.
const ONLY_FOR_QUEUEING: &[&str] = &[
    "BRANCH",
    "REVISION",
    "PARAMETERS",
    "SECRET_PARAMETERS",
    "DEPENDENCIES",
    "COMMENT",
    "TAGS",
    "PERSONAL",
    "CLEAN_SOURCES",
    "QUEUE_AT_TOP",
    "REBUILD_DEPENDENCIES",
    "AGENT",
    "SETTINGS",
    "REUSE",
    "SUPERSEDE",
];

/// What to do, as `BUILD_ID` and `BUILD_TYPE_ID` tell.
pub(super) fn what(
    reader: &mut Reader,
    raw: &mut Raw,
    pipeline: &Pipeline,
    given: &dyn Fn(&str) -> Option<String>,
) -> Option<What> {
    let build_types = raw.build_type_id.take();
    let Some(ids) = raw.build_id.take() else {
        if reader.empty.contains("BUILD_ID") && build_types.is_some() {
            reader.warn("BUILD_ID", "is set, but empty: a new build is queued");
        }
        let build_types = self::build_types(reader, build_types);
        let build = build(reader, raw, pipeline);
        return Some(What::Queue(Build {
            build_types,
            ..build
        }));
    };
    if build_types.is_some() {
        reader.problem(
            "BUILD_ID",
            "is set together with BUILD_TYPE_ID",
            "Keep BUILD_TYPE_ID to queue a build, or BUILD_ID to follow an existing one.",
        );
    }
    // Read for its mistakes alone.
    let _ = build(reader, raw, pipeline);
    let idle: Vec<&str> = ONLY_FOR_QUEUEING
        .iter()
        .copied()
        .filter(|name| {
            let default = variables::find(name).and_then(|variable| variable.default);
            given(name).is_some_and(|value| Some(value.as_str()) != default)
        })
        .collect();
    if !idle.is_empty() {
        reader.warn(
            "BUILD_ID",
            format!(
                "queues nothing, so these variables have no effect: {}",
                idle.join(", ")
            ),
        );
    }
    build_ids(reader, &ids)
}

fn build_ids(reader: &mut Reader, list: &List) -> Option<What> {
    match build_ids::read(reader, "BUILD_ID", list) {
        Dependencies::None => None,
        Dependencies::Auto => Some(What::FollowAuto),
        Dependencies::Ids(ids) => Some(What::Follow(ids)),
    }
}

fn build_types(reader: &mut Reader, list: Option<List>) -> Vec<BuildTypeId> {
    const BUILD_TYPE: &str = "Write the id of the build configuration: the address of its page ends in /buildConfiguration/<id>.";
    let list = list.unwrap_or_default();
    let mut found: Vec<BuildTypeId> = Vec::new();
    let mut any = false;
    for id in build_ids::ids(&list) {
        any = true;
        let begins = id.starts_with(|c: char| c.is_ascii_alphabetic());
        if !begins
            || id.len() > LONGEST_ID
            || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            reader.wrong("BUILD_TYPE_ID", id, BUILD_TYPE);
        } else if found.iter().any(|known| known.as_str() == id) {
            reader.warn(
                "BUILD_TYPE_ID",
                format!("names {id} twice: it is queued once"),
            );
        } else {
            found.push(BuildTypeId::from(id));
        }
    }
    if !any {
        reader.missing("BUILD_TYPE_ID", BUILD_TYPE);
    }
    found
}

fn build(reader: &mut Reader, raw: &mut Raw, pipeline: &Pipeline) -> Build {
    let branch = branch(reader, raw.branch.take(), pipeline);
    let revision = match revision(reader, raw.revision.take(), pipeline) {
        // The pipeline's commit is none of another branch's.
        RevisionChoice::Pipeline(_) if names_another(&branch, pipeline) => {
            RevisionChoice::Latest { given: false }
        }
        revision => revision,
    };
    let mut parameters = parameters(reader, raw.parameters.take());
    let secret = secret_parameters::read(reader, raw.secret_parameters.take(), &parameters);
    parameters.extend(secret);
    Build {
        build_types: Vec::new(),
        branch,
        revision,
        parameters,
        dependencies: raw.dependencies.take().map_or(Dependencies::None, |list| {
            build_ids::read(reader, "DEPENDENCIES", &list)
        }),
        comment: raw.comment.take().map(|comment| comment.trim().to_owned()),
        tags: raw
            .tags
            .take()
            .unwrap_or_default()
            .0
            .iter()
            .map(|tag| tag.trim().to_owned())
            .collect(),
        personal: reader.boolean("PERSONAL", raw.personal.take(), false),
        clean_sources: reader.boolean("CLEAN_SOURCES", raw.clean_sources.take(), false),
        queue_at_top: reader.boolean("QUEUE_AT_TOP", raw.queue_at_top.take(), false),
        rebuild_dependencies: reader.choice(
            "REBUILD_DEPENDENCIES",
            raw.rebuild_dependencies.take(),
            RebuildDependencies::None,
            &[
                ("none", RebuildDependencies::None),
                ("failed", RebuildDependencies::Failed),
                ("all", RebuildDependencies::All),
            ],
        ),
        agent: agent(reader, raw.agent.take()),
        settings_source: reader.choice(
            "SETTINGS",
            raw.settings.take(),
            SettingsSource::Own,
            &[
                ("vcs", SettingsSource::Vcs),
                ("server", SettingsSource::Server),
            ],
        ),
        reuse: reader.choice(
            "REUSE",
            raw.reuse.take(),
            Reuse::Never,
            &[
                ("never", Reuse::Never),
                ("running", Reuse::Running),
                ("success", Reuse::Success),
            ],
        ),
        supersede: reader.boolean("SUPERSEDE", raw.supersede.take(), false),
    }
}

fn branch(reader: &mut Reader, given: Option<String>, pipeline: &Pipeline) -> BranchChoice {
    if let Some(given) = given {
        let given = given.trim();
        if given.contains(char::is_control) {
            reader.wrong("BRANCH", given, "Write the branch name on one line.");
        }
        return if given == "<default>" {
            BranchChoice::Default
        } else {
            BranchChoice::Given(given.to_owned())
        };
    }
    // Pipelines sets one of the two. If both are there, the tag is what was pushed.
    match (&pipeline.tag, &pipeline.branch) {
        (Some(tag), _) => BranchChoice::Tag(tag.clone()),
        (None, Some(branch)) => BranchChoice::Pipeline(branch.clone()),
        (None, None) => BranchChoice::Unknown,
    }
}

/// Whether `BRANCH` names another branch than the pipeline's. Nothing here tells which one `<default>` is.
fn names_another(branch: &BranchChoice, pipeline: &Pipeline) -> bool {
    let (BranchChoice::Given(given), Some(own)) = (branch, &pipeline.branch) else {
        return false;
    };
    given.trim_start_matches("refs/heads/") != own.trim_start_matches("refs/heads/")
}

fn revision(reader: &mut Reader, given: Option<String>, pipeline: &Pipeline) -> RevisionChoice {
    let commit = |text: &str| {
        let digits =
            (7..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits.then(|| text.to_ascii_lowercase())
    };
    if let Some(given) = given {
        let text = given.trim();
        if text.eq_ignore_ascii_case("latest") {
            return RevisionChoice::Latest { given: true };
        }
        return commit(text).map_or_else(
            || {
                reader.wrong(
                    "REVISION",
                    &given,
                    "Write a commit of 7 to 40 hexadecimal digits, or 'latest'.",
                );
                RevisionChoice::Latest { given: true }
            },
            RevisionChoice::Given,
        );
    }
    let Some(own) = &pipeline.commit else {
        return RevisionChoice::Latest { given: false };
    };
    commit(own.trim()).map_or_else(
        || {
            // Building something else than the commit would be worse than stopping.
            reader.problem(
                "BITBUCKET_COMMIT",
                format!("is not a commit: '{}'", one_line(own, 60)),
                "Set REVISION to a commit, or to 'latest'.",
            );
            RevisionChoice::Latest { given: false }
        },
        RevisionChoice::Pipeline,
    )
}

fn parameters(reader: &mut Reader, list: Option<List>) -> Vec<Parameter> {
    let mut parameters: Vec<Parameter> = Vec::new();
    let mut seen = BTreeSet::new();
    let List(items, are_lines) = list.unwrap_or_default();
    for (index, item) in items.iter().enumerate() {
        let number = index.saturating_add(1);
        // The value may be a secret: problems show the name at most.
        let Some((name, value)) = item.split_once('=') else {
            reader.problem(
                "PARAMETERS",
                format!("has no '=' in item {number}"),
                "Write each item as 'name=value'. A value with several lines needs a YAML list.",
            );
            continue;
        };
        let name = name.trim();
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control()) {
            reader.problem(
                "PARAMETERS",
                format!("has no valid name before the '=' in item {number}"),
                "Write each item as 'name=value', without spaces in the name.",
            );
        } else if seen.insert(name.to_owned()) {
            if let Some(second) = second(value).filter(|_| are_lines) {
                reader.warn(
                    "PARAMETERS",
                    format!(
                        "sets '{}' to everything that follows, including ',{second}='. One item is one parameter: write each parameter on its own line",
                        one_line(name, 60)
                    ),
                );
            }
            let sent = percents_doubled(value);
            if sent != value {
                reader.warn(
                    "PARAMETERS",
                    format!(
                        "has a '%' in the value of '{}'. It is sent as '%%', because TeamCity reads '%name%' as a parameter reference",
                        one_line(name, 60)
                    ),
                );
            }
            parameters.push(Parameter {
                name: name.to_owned(),
                value: sent,
                secret: false,
            });
        } else {
            reader.problem(
                "PARAMETERS",
                format!("sets '{}' twice", one_line(name, 60)),
                "Keep one of them.",
            );
        }
    }
    parameters
}

/// What looks like another parameter behind a comma.
fn second(value: &str) -> Option<&str> {
    value.split(',').skip(1).find_map(|part| {
        let (name, _) = part.trim_start().split_once('=')?;
        let is_name =
            name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_in_name);
        is_name.then_some(name)
    })
}

fn is_in_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_.-".contains(character)
}

/// The value as TeamCity has to be given it: references (`%name%`) and pairs (`%%`) as they are, any other `%` doubled.
fn percents_doubled(value: &str) -> String {
    let mut sent = String::new();
    let mut rest = value;
    while let Some(at) = rest.find('%') {
        let (before, from) = rest.split_at(at);
        let behind = from.get(1..).unwrap_or_default();
        let reference = behind.find('%').filter(|end| {
            let name = behind.get(..*end).unwrap_or_default();
            name.is_empty()
                || name.starts_with(|c: char| c.is_ascii_alphabetic())
                    && name.chars().all(is_in_name)
        });
        sent.push_str(before);
        match reference {
            // With an empty name it is a pair.
            Some(end) => {
                let (whole, behind) = from.split_at(end.saturating_add(2));
                sent.push_str(whole);
                rest = behind;
            }
            None => {
                sent.push_str("%%");
                rest = behind;
            }
        }
    }
    sent + rest
}

fn agent(reader: &mut Reader, value: Option<String>) -> Option<AgentChoice> {
    const AGENT_FORM: &str = "Write the agent's name, 'id:<number>', or 'pool:<name>'.";
    let value = value?;
    let text = value.trim();
    if text.contains(char::is_control) {
        reader.wrong("AGENT", text, AGENT_FORM);
        return None;
    }
    let choice = if let Some(id) = text.strip_prefix("id:") {
        let id = id.trim().parse().ok().filter(|id| *id > 0);
        id.map(AgentChoice::Id)
    } else if let Some(pool) = text.strip_prefix("pool:") {
        let pool = pool.trim();
        (!pool.is_empty()).then(|| AgentChoice::Pool(pool.to_owned()))
    } else {
        Some(AgentChoice::Name(text.to_owned()))
    };
    if choice.is_none() {
        reader.wrong("AGENT", text, AGENT_FORM);
    }
    choice
}
