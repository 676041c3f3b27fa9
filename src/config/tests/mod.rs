//! Behaviour of the whole: pairs in, settings or problems out.

mod agent;
mod build;
mod connection;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::time::Duration;

use super::*;
use crate::types::{BuildId, BuildTypeId};

const TOKEN: &str = "eyJ0eXAiOiAiVENWMiJ9.secret.part";

/// The least that a run needs.
const LEAST: &[(&str, &str)] = &[
    ("TEAMCITY_URL", "https://tc.example.com/ci"),
    ("TEAMCITY_TOKEN", TOKEN),
    ("BUILD_TYPE_ID", "Shop_Build"),
];

fn os(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}

fn with(more: &[(&str, &str)]) -> Result<(Settings, Vec<Warning>), Problems> {
    read(os(&[LEAST, more].concat()), CommandKind::Run)
}

fn good(more: &[(&str, &str)]) -> Settings {
    let (settings, warnings) = with(more).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(warnings, []);
    settings
}

fn bad(more: &[(&str, &str)]) -> String {
    with(more)
        .map(|(settings, _)| settings)
        .unwrap_err()
        .to_string()
}

fn warned(more: &[(&str, &str)]) -> String {
    let (_, warnings) = with(more).unwrap_or_else(|problems| panic!("{problems}"));
    warnings
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

fn build(more: &[(&str, &str)]) -> Build {
    match good(more).what {
        What::Queue(build) => build,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_least_gives_the_documented_defaults() {
    let settings = good(&[]);
    assert_eq!(
        settings.connection.url.as_str(),
        "https://tc.example.com/ci/"
    );
    assert_eq!(settings.connection.token.expose(), TOKEN);
    assert_eq!(
        settings.connection.network.retry_for,
        Duration::from_secs(600)
    );
    assert_eq!(settings.follow.timeout, Duration::from_secs(110 * 60));
    assert_eq!(settings.follow.queue_timeout, None);
    assert_eq!(settings.follow.log_limit, 40_000_000);
    assert!(settings.follow.wait && settings.follow.cancel_on_stop && !settings.follow.fail_fast);
    assert!(settings.results.test_reports && settings.results.code_insights);
    assert!(!settings.results.build_status && !settings.results.output_variables);
    assert_eq!(
        settings.results.report_file.unwrap().to_str(),
        Some("teamcity-report.html")
    );
    assert_eq!(
        settings.results.artifacts_dir.to_str(),
        Some("teamcity-artifacts")
    );
    assert_eq!(
        settings.bitbucket.api_url.as_str(),
        "https://api.bitbucket.org/2.0/"
    );
    let What::Queue(build) = settings.what else {
        panic!()
    };
    assert_eq!(build.build_types, [BuildTypeId::from("Shop_Build")]);
    assert_eq!(build.branch, BranchChoice::Unknown);
    assert_eq!(build.revision, RevisionChoice::Latest { given: false });
    assert_eq!(build.reuse, Reuse::Never);
}

#[test]
fn defaults_in_the_table_are_the_defaults_in_effect() {
    let explicit: Vec<(&str, &str)> = variables::ALL
        .iter()
        .filter_map(|variable| Some((variable.name, variable.default?)))
        .collect();
    assert_eq!(format!("{:?}", good(&explicit)), format!("{:?}", good(&[])));
}

#[test]
fn nothing_at_all_names_each_required_variable_once() {
    let problems = read(Vec::new(), CommandKind::Run).map(drop).unwrap_err();
    let names: Vec<_> = problems
        .0
        .iter()
        .map(|problem| problem.variable.as_str())
        .collect();
    assert_eq!(names, ["TEAMCITY_URL", "TEAMCITY_TOKEN", "BUILD_TYPE_ID"]);
    insta::assert_snapshot!(problems, @r"
    3 problems with the variables. Nothing was sent.

    TEAMCITY_URL is missing
      → Set it to the server's address, such as 'https://teamcity.example.com'.

    TEAMCITY_TOKEN is missing
      → Create an access token in TeamCity (your profile, Access Tokens), and store it in a secured variable of that name.

    BUILD_TYPE_ID is missing
      → Write the id of the build configuration: the address of its page ends in /buildConfiguration/<id>.
    ");
}

#[test]
fn all_mistakes_are_told_together() {
    let problems = read(
        os(&[
            ("TEAMCITY_URL", "tc.example.com"),
            ("TEAMCITY_TOKN", "topsecret"),
            ("BUILD_TYPE", "Shop_Build"),
            ("BRANCH", "$TEAM_BRANCH"),
            ("TIMEOUT", "90"),
            ("WAIT", "maybe"),
            ("LOG", "all"),
            ("LOG_LIMIT", "40"),
            ("PARAMETER", "a=b"),
        ]),
        CommandKind::Run,
    )
    .map(drop)
    .unwrap_err();
    assert!(!problems.to_string().contains("topsecret"));
    insta::assert_snapshot!(problems, @r"
    9 problems with the variables. Nothing was sent.

    TEAMCITY_URL does not begin with 'https://'
      → Write 'https://tc.example.com'.

    TEAMCITY_TOKEN is missing
      → TEAMCITY_TOKN is not a variable of this pipe. Did you mean TEAMCITY_TOKEN?

    BUILD_TYPE_ID is missing
      → BUILD_TYPE is not a variable of this pipe. Did you mean BUILD_TYPE_ID?

    BRANCH is literally $TEAM_BRANCH: Bitbucket has no variable TEAM_BRANCH for this step
      → Define that variable in Bitbucket (repository, deployment or workspace), or remove this one.

    WAIT has the invalid value 'maybe'
      → Write 'true' or 'false'.

    TIMEOUT has the invalid value '90'
      → Add a unit: '90s', '90m' or '90h'.

    LOG has the invalid value 'all'
      → Write one of 'stream', 'failed', 'none'.

    LOG_LIMIT has the invalid value '40'
      → Write a size such as '512KB' or '40MB'.

    PARAMETER is not a variable of this pipe
      → Did you mean PARAMETERS?
    ");
}

#[test]
fn an_empty_value_is_an_absent_one() {
    let settings = good(&[
        ("TIMEOUT", ""),
        ("BRANCH", " "),
        ("PARAMETERS", ""),
        ("TEAMCITY_HEADER_X", ""),
        ("BITBUCKET_COMMIT", ""),
    ]);
    assert_eq!(settings.follow.timeout, Duration::from_secs(6600));
    let problems = read(
        os(&[&LEAST[..2], &[("BUILD_TYPE_ID", "")]].concat()),
        CommandKind::Run,
    );
    assert!(problems.map(drop).unwrap_err().0[0].what.contains("empty"));
}

#[test]
fn bytes_that_are_no_text_are_ignored_or_told() {
    let mut pairs = os(LEAST);
    pairs.push(("OTHER".into(), OsString::from_vec(vec![0xff])));
    pairs.push((OsString::from_vec(vec![0xff]), "x".into()));
    assert!(read(pairs.clone(), CommandKind::Run).is_ok());
    pairs.push(("BRANCH".into(), OsString::from_vec(vec![0xff])));
    assert_eq!(
        read(pairs, CommandKind::Run).map(drop).unwrap_err().0[0].variable,
        "BRANCH"
    );
}

#[test]
fn a_default_that_names_itself_is_an_absent_value() {
    let settings = good(&[
        ("TEAMCITY_CA_CERTIFICATE", "${TEAMCITY_CA_CERTIFICATE}"),
        ("ATLASSIAN_API_TOKEN", "$ATLASSIAN_API_TOKEN"),
    ]);
    assert!(
        settings.connection.network.ca_certificate.is_none()
            && settings.bitbucket.credential.is_none()
    );
    let pairs = os(&[LEAST[0], ("TEAMCITY_TOKEN", "${TEAMCITY_TOKEN}"), LEAST[2]]);
    let problems = read(pairs, CommandKind::Run).map(drop).unwrap_err();
    assert!(problems.0[0].what.contains("empty"), "{problems}");
}

#[test]
fn a_name_that_nobody_replaced_is_told_by_name_unless_secret() {
    assert!(bad(&[("TAGS_COUNT", "1"), ("TAGS_0", "${RELEASE}")]).contains("no variable RELEASE"));
    let text = bad(&[("TEAMCITY_HEADER_X", "$ACCESS")]);
    assert!(
        !text.contains("ACCESS:") && text.contains("TEAMCITY_HEADER_X"),
        "{text}"
    );
    assert_eq!(
        build(&[("COMMENT", "costs $5")]).comment.as_deref(),
        Some("costs $5")
    );
}

#[test]
fn booleans_times_and_sizes_are_read_as_documented() {
    for (text, expected) in [
        ("True", true),
        ("YES", true),
        ("on", true),
        ("1", true),
        ("False", false),
        ("no", false),
        ("Off", false),
        ("0", false),
    ] {
        assert_eq!(good(&[("WAIT", text)]).follow.wait, expected, "{text}");
    }
    for (text, seconds) in [("90s", 90), ("45m", 2700), ("1h30m", 5400)] {
        assert_eq!(good(&[("TIMEOUT", text)]).follow.timeout.as_secs(), seconds);
    }
    for (text, bytes) in [("512KB", 512_000), ("1 mb", 1_000_000), ("1MiB", 1 << 20)] {
        assert_eq!(good(&[("LOG_LIMIT", text)]).follow.log_limit, bytes);
    }
    for (name, wrong) in [
        ("TIMEOUT", "0s"),
        ("QUEUE_TIMEOUT", "0m"),
        ("TIMEOUT", "1000000days"),
        ("TIMEOUT", "-5m"),
        ("LOG_LIMIT", "99999999999999999GB"),
        ("LOG_LIMIT", "-1MB"),
        ("AGENT", "id:0"),
        ("AGENT", "id:x"),
        ("AGENT", "pool: "),
    ] {
        assert!(
            bad(&[(name, wrong)]).contains(&format!("{name} has the invalid value")),
            "{name} {wrong}"
        );
    }
    assert!(warned(&[("LOG_LIMIT", "60MB")]).contains("50 MB"));
    assert_eq!(good(&[("REPORT_FILE", "None")]).results.report_file, None);
}

#[test]
fn cancel_needs_server_token_and_pipeline() {
    let read_cancel =
        |more: &[(&str, &str)]| read(os(&[&LEAST[..2], more].concat()), CommandKind::Cancel);
    let (settings, _) =
        read_cancel(&[("BITBUCKET_PIPELINE_UUID", "{1}"), ("BUILD_TYPE", "x")]).unwrap();
    assert_eq!(settings.what, What::Nothing);
    assert!(settings.pipeline.is_pipelines());
    assert!(
        read_cancel(&[])
            .map(drop)
            .unwrap_err()
            .to_string()
            .contains("BITBUCKET_PIPELINE_UUID")
    );
}

#[test]
fn the_token_commands_require_nothing() {
    let (settings, warnings) =
        read_for_tokens(os(&[("BUILD_TYPE", "x"), ("BITBUCKET_ACCESS_TOKEN", "t")])).unwrap();
    assert!(matches!(
        settings.bitbucket.credential,
        Some(crate::types::Credential::Bearer(_))
    ));
    assert_eq!(warnings, []);
    assert!(read_for_tokens(os(&[("RETRY_FOR", "5")])).is_err());
}

#[test]
fn a_secret_in_the_wrong_place_is_not_shown() {
    for name in [
        "BUILD_TYPE_ID",
        "AGENT",
        "AGENT_ID",
        "TIMEOUT",
        "REVISION",
        "ARTIFACTS",
        "WAIT",
        "LOG",
        "BUILD_ID",
        "ATLASSIAN_ACCOUNT_EMAIL",
        "TEAMCITY_URL",
        "BITBUCKET_API_URL",
    ] {
        for value in [TOKEN, "prefix plain-s3cret", "eyJother"] {
            let text = bad(&[
                (name, value),
                ("BITBUCKET_ACCESS_TOKEN", "plain-s3cret"),
                ("BUILD_STATUS", "x"),
            ]);
            assert!(
                !text.contains("eyJ") && !text.contains("s3cret"),
                "{name}: {text}"
            );
        }
    }
}

#[test]
fn debug_output_of_settings_holds_no_secret() {
    let settings = good(&[
        ("BITBUCKET_ACCESS_TOKEN", "s3cret1"),
        ("TEAMCITY_HEADER_X", "s3cret2"),
    ]);
    let text = format!("{settings:?}");
    assert!(!text.contains("s3cret") && !text.contains(TOKEN), "{text}");
}

proptest::proptest! {
    #[test]
    fn any_values_at_all_end_in_settings_or_problems(values in proptest::collection::vec((0..variables::ALL.len(), ".{0,30}"), 0..12)) {
        let pairs: Vec<_> = values.iter().map(|(index, value)| (variables::ALL[*index].name, value.as_str())).collect();
        for command in [CommandKind::Run, CommandKind::Check, CommandKind::Cancel] {
            if let Err(problems) = read(os(&pairs), command) {
                assert!(!problems.0.is_empty());
            }
        }
    }
}
