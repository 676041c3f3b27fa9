//! What to paste into `bitbucket-pipelines.yml`, once all is well.

use crate::config::Build;

const IMAGE: &str = concat!(
    "ghcr.io/teamcity-pipe/teamcity-pipe:",
    env!("CARGO_PKG_VERSION")
);

/// The item of a step's `script` that runs these builds. Server and token stay in Bitbucket's variables.
pub fn yaml(build: &Build) -> String {
    let quoted = |id: &dyn std::fmt::Display| format!("'{}'", id.to_string().replace('\'', "''"));
    let ids = match build.build_types.as_slice() {
        [one] => format!(" {}", quoted(one)),
        several => several
            .iter()
            .map(|id| format!("\n      - {}", quoted(id)))
            .collect(),
    };
    format!(
        "- pipe: docker://{IMAGE}\n  variables:\n    TEAMCITY_URL: $TEAMCITY_URL\n    TEAMCITY_TOKEN: $TEAMCITY_TOKEN\n    BUILD_TYPE_ID:{ids}"
    )
}
