//! "Did you mean": names that are nearly ours.
//!
//! A pipe's environment holds what the user passes and what Pipelines adds; outside Pipelines it holds anything. So a
//! name must be close to one of ours before it counts as a mistake.

use super::variables;

/// Names that people write for ours and that no letter count would find.
const HABITS: &[(&str, &str)] = &[
    ("BUILDTYPE", "BUILD_TYPE_ID"),
    ("BUILD_TYPE", "BUILD_TYPE_ID"),
    ("BUILD_TYPES", "BUILD_TYPE_ID"),
    ("BUILD_CONFIGURATION", "BUILD_TYPE_ID"),
    ("BUILD_CONFIGURATION_ID", "BUILD_TYPE_ID"),
    ("BUILD_CONFIG", "BUILD_TYPE_ID"),
    ("BUILD_CONFIG_ID", "BUILD_TYPE_ID"),
    ("TEAMCITY_BUILD_TYPE", "BUILD_TYPE_ID"),
    ("TEAMCITY_BUILD_TYPE_ID", "BUILD_TYPE_ID"),
    ("TEAMCITY_SERVER_URL", "TEAMCITY_URL"),
    ("TEAMCITY_HOST", "TEAMCITY_URL"),
    ("TEAMCITY_ACCESS_TOKEN", "TEAMCITY_TOKEN"),
    ("TEAMCITY_API_TOKEN", "TEAMCITY_TOKEN"),
    ("TEAMCITY_BRANCH", "BRANCH"),
    ("BUILD_PARAMETERS", "PARAMETERS"),
    ("TEAMCITY_PARAMETERS", "PARAMETERS"),
    ("BUILD_TAGS", "TAGS"),
    ("TEAMCITY_CA_CERT", "TEAMCITY_CA_CERTIFICATE"),
];

/// Names that other things set, and that look like ours by chance.
const OTHERS: &[&str] = &["TAG", "LOGS", "COMMIT", "BRANCHES", "TEAMCITY_VERSION"];

/// The variable that this unknown name probably means.
pub(super) fn suggest(name: &str) -> Option<&'static str> {
    let name = without_index(name);
    let upper = name.to_uppercase();
    if OTHERS.contains(&name) || is_ours(&upper) {
        // A proxy in small letters is an old custom, and works.
        return if is_ours(name) || upper.ends_with("_PROXY") || OTHERS.contains(&name) {
            None
        } else {
            ours().find(|known| *known == upper)
        };
    }
    // Names of a few letters, and small letters, belong to anybody.
    if name != upper || name.len() < 4 {
        return None;
    }
    if let Some((_, meant)) = HABITS.iter().find(|(habit, _)| *habit == name) {
        return Some(meant);
    }
    let letters = |name: &str| name.replace(['_', '-'], "");
    ours()
        .filter(|known| letters(known) == letters(name) || is_near(known, name))
        .min_by_key(|known| strsim::damerau_levenshtein(known, name))
}

/// Names that every environment may have, beside those in small letters.
const ORDINARY: &[&str] = &[
    "ALL_PROXY",
    "CI",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLORTERM",
    "COLUMNS",
    "DEBIAN_FRONTEND",
    "DISPLAY",
    "EDITOR",
    "FORCE_COLOR",
    "GID",
    "HOME",
    "HOST",
    "HOSTNAME",
    "HOSTTYPE",
    "IFS",
    "INIT_CWD",
    "LANG",
    "LANGUAGE",
    "LINES",
    "LOGNAME",
    "MACHTYPE",
    "MAIL",
    "NO_COLOR",
    "OLDPWD",
    "OSTYPE",
    "PAGER",
    "PATH",
    "PPID",
    "PS1",
    "PS2",
    "PS4",
    "PWD",
    "RANDOM",
    "SHELL",
    "SHLVL",
    "TEMP",
    "TERM",
    "TMP",
    "TMPDIR",
    "TZ",
    "UID",
    "USER",
    "USERNAME",
    "VISUAL",
    "_",
    // What this pipe leaves behind, read back by a later step.
    "TEAMCITY_BUILD_ID",
    "TEAMCITY_BUILD_NUMBER",
    "TEAMCITY_BUILD_STATUS",
    "TEAMCITY_BUILD_URL",
];
/// Beginnings of names that belong to others.
const ORDINARY_BEGINNINGS: &[&str] = &[
    "BASH_",
    "BITBUCKET_",
    "BUILDKIT_",
    "CARGO_",
    "DBUS_",
    "DOCKER_",
    "GIT_",
    "GPG_",
    "JAVA_",
    "KUBERNETES_",
    "LC_",
    "LD_",
    "LESS",
    "LLVM_",
    "MALLOC_",
    "NODE_",
    "NPM_",
    "NVM_",
    "PIPELINES_",
    "PYTHON",
    "RUST",
    "SSH_",
    "SSL_",
    "SYSTEMD_",
    "XDG_",
    "__",
];

/// Whether nobody knows this name: neither the pipe, nor Pipelines, nor an ordinary environment.
pub(super) fn is_strange(name: &str) -> bool {
    let stem = without_index(name);
    let is_small = name.chars().any(char::is_lowercase);
    !is_small
        && !is_ours(stem)
        && !is_ours(name)
        && !name.starts_with(variables::HEADER_PREFIX)
        && !OTHERS.contains(&stem)
        && !ORDINARY.contains(&name)
        && !name.ends_with("_PROXY")
        && !ORDINARY_BEGINNINGS
            .iter()
            .any(|begin| name.starts_with(begin))
}

fn is_near(known: &str, name: &str) -> bool {
    let allowed = allowed(known, name);
    // The distance is never less than what the lengths differ by, and far more work.
    known.len().abs_diff(name.chars().count()) <= allowed
        && strsim::damerau_levenshtein(known, name) <= allowed
}

fn allowed(known: &str, name: &str) -> usize {
    match known.len().min(name.len()) {
        0..=4 => 0,
        5..=9 => 1,
        _ => 2,
    }
}

fn ours() -> impl Iterator<Item = &'static str> {
    let names = variables::ALL
        .iter()
        .filter(|variable| !variable.is_pattern())
        .map(|variable| variable.name);
    names.chain(variables::ALIASES.iter().map(|(alias, _)| *alias))
}

fn is_ours(name: &str) -> bool {
    ours().any(|known| known == name)
}

/// `NAME` of `NAME_COUNT` and `NAME_0`.
fn without_index(name: &str) -> &str {
    match name.rsplit_once('_') {
        Some((stem, "COUNT")) => stem,
        Some((stem, index)) if !index.is_empty() && index.bytes().all(|b| b.is_ascii_digit()) => {
            stem
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        for (wrong, right) in [
            ("BUILD_TYPE", "BUILD_TYPE_ID"),
            ("BUILD_TYPEID", "BUILD_TYPE_ID"),
            ("BUILDTYPE_ID", "BUILD_TYPE_ID"),
            ("BUILD_TYPE_IDS", "BUILD_TYPE_ID"),
            ("BUILD_TYPE_IDS_COUNT", "BUILD_TYPE_ID"),
            ("BUILD_TYPE_IDS_0", "BUILD_TYPE_ID"),
            ("build_type_id", "BUILD_TYPE_ID"),
            ("TEAMCITY_TOKN", "TEAMCITY_TOKEN"),
            ("TEAMCITY_SERVER_URL", "TEAMCITY_URL"),
            ("TEAMCITY_SEVER", "TEAMCITY_SERVER"),
            ("PARAMETER", "PARAMETERS"),
            ("PARAMETER_0", "PARAMETERS"),
            ("ARTIFACT", "ARTIFACTS"),
            ("TIMEOUTS", "TIMEOUT"),
            ("TIME_OUT", "TIMEOUT"),
            ("FAILFAST", "FAIL_FAST"),
            ("BITBUCKET_ACCESS_TOKN", "BITBUCKET_ACCESS_TOKEN"),
        ] {
            assert_eq!(suggest(wrong), Some(right), "{wrong}");
        }
    }

    #[test]
    fn what_nobody_knows_is_strange() {
        for name in ["DEPLOY_TO", "ARTEFACTS_PATH", "MY_LIST_0"] {
            assert!(is_strange(name), "{name}");
        }
        for name in [
            "TAGS_0",
            "TAGS_COUNT",
            "TEAMCITY_SERVER",
            "TEAMCITY_HEADER_X",
            "HTTP_PROXY",
            "LC_ALL",
            "COMMAND",
        ] {
            assert!(!is_strange(name), "{name}");
        }
    }

    #[test]
    fn leaves_what_others_set_alone() {
        for name in [
            "CI",
            "PATH",
            "HOME",
            "HOSTNAME",
            "PWD",
            "LANG",
            "TERM",
            "USER",
            "LOGNAME",
            "TAG",
            "LOGS",
            "DOCKER_HOST",
            "PIPELINES_JWT_TOKEN",
            "https_proxy",
            "no_proxy",
            "debug_port",
            "COMMIT",
            "TEAMCITY_VERSION",
            "TEAMCITY_BUILD_ID",
            "TEAMCITY_BUILD_STATUS",
            "BUILD_NUMBER",
            "BUILD_DIR",
            "BUILD_URL",
            "USER_ID",
            "GIT_BRANCH",
            "BITBUCKET_BRANCH",
            "BITBUCKET_TAG",
            "BITBUCKET_BUILD_NUMBER",
            "BITBUCKET_COMMIT",
            "BITBUCKET_PIPELINE_UUID",
            "BITBUCKET_STEP_UUID",
            "BITBUCKET_STEP_RUN_NUMBER",
            "BITBUCKET_STEP_TRIGGERER_UUID",
            "BITBUCKET_WORKSPACE",
            "BITBUCKET_REPO_SLUG",
            "BITBUCKET_REPO_FULL_NAME",
            "BITBUCKET_REPO_UUID",
            "BITBUCKET_REPO_OWNER",
            "BITBUCKET_REPO_OWNER_UUID",
            "BITBUCKET_REPO_IS_PRIVATE",
            "BITBUCKET_PROJECT_KEY",
            "BITBUCKET_PROJECT_UUID",
            "BITBUCKET_BOOKMARK",
            "BITBUCKET_PR_ID",
            "BITBUCKET_PR_DESTINATION_BRANCH",
            "BITBUCKET_PR_DESTINATION_COMMIT",
            "BITBUCKET_PARALLEL_STEP",
            "BITBUCKET_PARALLEL_STEP_COUNT",
            "BITBUCKET_DEPLOYMENT_ENVIRONMENT",
            "BITBUCKET_EXIT_CODE",
            "BITBUCKET_CLONE_DIR",
            "BITBUCKET_GIT_HTTP_ORIGIN",
            "BITBUCKET_GIT_SSH_ORIGIN",
            "BITBUCKET_STEP_OIDC_TOKEN",
            "BITBUCKET_SSH_KEY_FILE",
            "BITBUCKET_DOCKER_HOST_INTERNAL",
            "BITBUCKET_PIPELINES_VARIABLES_PATH",
            "BITBUCKET_PIPE_STORAGE_DIR",
            "BITBUCKET_PIPE_SHARED_STORAGE_DIR",
            "BITBUCKET_TEST_METADATA_FILE_PATH",
            "BITBUCKET_USERNAME",
        ] {
            assert_eq!(suggest(name), None, "{name}");
            let is_build_servers = name.starts_with("BUILD_") || name == "USER_ID";
            assert!(!is_strange(name) || is_build_servers, "{name}");
        }
    }
}
