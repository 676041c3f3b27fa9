//! What to queue, and what to follow.

use super::*;

#[test]
fn a_yaml_list_keeps_commas_equal_signs_and_line_breaks() {
    let build = build(&[
        ("PARAMETERS_COUNT", "3"),
        ("PARAMETERS_0", "env.LIST=a,b=c"),
        ("PARAMETERS_1", "text=one\ntwo "),
        ("PARAMETERS_2", "empty="),
        ("TAGS", "release\nnight build"),
    ]);
    let parameters: Vec<_> = build
        .parameters
        .iter()
        .map(|p| (p.name.as_str(), p.value.as_str()))
        .collect();
    assert_eq!(
        parameters,
        [("env.LIST", "a,b=c"), ("text", "one\ntwo "), ("empty", "")]
    );
    assert_eq!(build.tags, ["release", "night build"]);
}

#[test]
fn several_build_configurations_come_as_list_lines_or_commas() {
    for pairs in [
        &[
            ("BUILD_TYPE_ID_COUNT", "2"),
            ("BUILD_TYPE_ID_0", "A"),
            ("BUILD_TYPE_ID_1", "B"),
        ][..],
        &[("BUILD_TYPE_ID", "A\nB")],
        &[("BUILD_TYPE_ID", "A, B")],
    ] {
        let (settings, _) = read(os(&[&LEAST[..2], pairs].concat()), CommandKind::Run).unwrap();
        let What::Queue(build) = settings.what else {
            panic!()
        };
        assert_eq!(
            build.build_types,
            [BuildTypeId::from("A"), BuildTypeId::from("B")]
        );
    }
    assert!(
        bad(&[("BUILD_TYPE_ID", "Shop / Build")]).contains("has the invalid value 'Shop / Build'")
    );
}

#[test]
fn a_list_for_a_single_value_and_a_broken_count_are_problems() {
    assert!(bad(&[("BRANCH_COUNT", "1"), ("BRANCH_0", "main")]).contains("takes one value"));
    assert!(bad(&[("TAGS_COUNT", "many"), ("TAGS_0", "x")]).contains("TAGS_COUNT"));
    assert!(bad(&[("TAGS_COUNT", "99999999"), ("TAGS_0", "x")]).contains("TAGS_COUNT"));
}

#[test]
fn parameters_never_show_their_values() {
    let text = bad(&[("PARAMETERS", "a=hidden1\na=hidden2\nhidden3\n=hidden4")]);
    assert!(!text.contains("hidden"), "{text}");
    assert!(
        text.contains("sets 'a' twice") && text.contains("item 3") && text.contains("item 4"),
        "{text}"
    );
}

#[test]
fn the_pipeline_gives_branch_and_commit() {
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let push = build(&[
        ("BITBUCKET_BRANCH", "feature/x"),
        ("BITBUCKET_COMMIT", commit),
    ]);
    assert_eq!(push.branch, BranchChoice::Pipeline("feature/x".into()));
    assert_eq!(push.revision, RevisionChoice::Pipeline(commit.into()));
    let tag = build(&[("BITBUCKET_TAG", "v1"), ("BITBUCKET_COMMIT", commit)]);
    assert_eq!(tag.branch, BranchChoice::Tag("v1".into()));
    let pull_request = build(&[
        ("BITBUCKET_BRANCH", "fix"),
        ("BITBUCKET_PR_ID", "7"),
        ("BITBUCKET_COMMIT", "0123456789ab"),
    ]);
    assert_eq!(
        pull_request.revision,
        RevisionChoice::Pipeline("0123456789ab".into())
    );
    assert!(bad(&[("BITBUCKET_COMMIT", "HEAD")]).contains("BITBUCKET_COMMIT is not a commit"));
}

#[test]
fn what_is_given_beats_the_pipeline() {
    let own = [
        ("BITBUCKET_BRANCH", "main"),
        ("BITBUCKET_COMMIT", "0123456789ab"),
    ];
    let given = build(&[&own[..], &[("BRANCH", "<default>"), ("REVISION", "LATEST")]].concat());
    assert_eq!(given.branch, BranchChoice::Default);
    assert_eq!(given.revision, RevisionChoice::Latest { given: true });
    let given = build(&[&own[..], &[("REVISION", "ABCDEF0")]].concat());
    assert_eq!(given.revision, RevisionChoice::Given("abcdef0".into()));
    for other in ["release", "pull-requests/9"] {
        let given = build(&[&own[..], &[("BRANCH", other)]].concat());
        assert_eq!(given.branch, BranchChoice::Given(other.into()));
        assert_eq!(given.revision, RevisionChoice::Latest { given: false });
    }
    for same in ["main", "refs/heads/main", "<default>"] {
        let given = build(&[&own[..], &[("BRANCH", same)]].concat());
        assert_eq!(
            given.revision,
            RevisionChoice::Pipeline("0123456789ab".into())
        );
    }
    assert!(bad(&[("REVISION", "main")]).contains("REVISION has the invalid value 'main'"));
}

#[test]
fn build_id_follows_and_needs_no_configuration() {
    let follow = |pairs: &[(&str, &str)]| {
        read(os(&[&LEAST[..2], pairs].concat()), CommandKind::Run)
            .map(|(settings, _)| settings.what)
    };
    assert_eq!(
        follow(&[("BUILD_ID", "12,13")]),
        Ok(What::Follow(vec![BuildId(12), BuildId(13)]))
    );
    assert_eq!(follow(&[("BUILD_ID", "Auto")]), Ok(What::FollowAuto));
    assert!(follow(&[("BUILD_ID", "auto\n12")]).is_err());
    assert!(
        follow(&[("BUILD_ID", "#12")])
            .unwrap_err()
            .to_string()
            .contains("'#12'")
    );
    assert!(bad(&[("BUILD_ID", "12")]).contains("together with BUILD_TYPE_ID"));
    assert!(warned(&[("BUILD_ID", "")]).contains("a new build is queued"));
}

#[test]
fn following_warns_of_what_has_no_effect_but_not_of_defaults() {
    let pairs = [
        &LEAST[..2],
        &[
            ("BUILD_ID", "12"),
            ("PERSONAL", "false"),
            ("TAGS", "x"),
            ("BITBUCKET_BRANCH", "b"),
        ],
    ]
    .concat();
    let (_, warnings) = read(os(&pairs), CommandKind::Run).unwrap();
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].what.ends_with("have no effect: TAGS"),
        "{}",
        warnings[0]
    );
}

#[test]
fn artifact_patterns_stay_inside() {
    let settings = good(&[("ARTIFACTS", "dist/{a,b}/*.zip\nlogs/**")]);
    assert_eq!(settings.results.artifacts, ["dist/{a,b}/*.zip", "logs/**"]);
    for wrong in [
        "/etc/passwd",
        "../x",
        "a/../b",
        "a\\b",
        "a => b",
        "a/{b",
        "a]b[",
        "x}",
    ] {
        assert!(
            bad(&[("ARTIFACTS", wrong)]).contains("ARTIFACTS has the invalid value"),
            "{wrong}"
        );
    }
}

#[test]
fn a_lone_percent_is_doubled_and_a_reference_goes_as_it_is() {
    for (value, sent) in [
        ("100% of 5% done", "100%% of 5%% done"),
        ("%build.number%", "%build.number%"),
        ("%%done%%", "%%done%%"),
        ("a%b", "a%%b"),
        ("50%%name%", "50%%name%%"),
        ("%env.X-1% and %", "%env.X-1% and %%"),
        ("%1x%", "%%1x%%"),
        ("%é%", "%%é%%"),
    ] {
        let item = format!("a={value}");
        let pairs = [("PARAMETERS", item.as_str())];
        let (settings, warnings) = with(&pairs).unwrap();
        let What::Queue(build) = settings.what else {
            panic!()
        };
        assert_eq!(build.parameters[0].value, sent, "{value}");
        let told = warnings
            .iter()
            .any(|warning| warning.what.contains("is sent as '%%'"));
        assert_eq!(told, value != sent, "{value}");
    }
}

#[test]
fn one_item_is_one_parameter_and_the_log_says_so() {
    let pairs = [("PARAMETERS", "a=1,b=2\nc=1,2,3\nd=x,y z=1")];
    let (settings, _) = with(&pairs).unwrap();
    let What::Queue(build) = settings.what else {
        panic!()
    };
    assert_eq!(build.parameters[0].value, "1,b=2");
    let warned = warned(&pairs);
    assert!(warned.contains("'a'") && warned.contains(",b="), "{warned}");
    assert!(
        !warned.contains("'c'") && !warned.contains("'d'"),
        "{warned}"
    );
}

#[test]
fn a_list_with_a_hole_or_an_empty_item_names_the_item() {
    let hole = [("TAGS_COUNT", "3"), ("TAGS_0", "a"), ("TAGS_2", "c")];
    assert!(bad(&hole).contains("item TAGS_1 is missing"));
    assert!(
        bad(&[("TAGS_COUNT", "2"), ("TAGS_0", "a"), ("TAGS_1", " ")])
            .contains("item TAGS_1 is empty")
    );
    assert!(
        bad(&[("TAGS_COUNT", "2"), ("TAGS_0", "a")])
            .contains("item TAGS_1 is missing: TAGS_COUNT is 2")
    );
    assert!(bad(&[("TAGS_COUNT", "1")]).contains("item TAGS_0 is missing"));
    assert!(bad(&[("TAGS_0", "a"), ("TAGS_2", "c")]).contains("item TAGS_1 is missing"));
    assert_eq!(build(&[("TAGS_0", "a"), ("TAGS_1", "b")]).tags, ["a", "b"]);
    let more = warned(&[("TAGS_COUNT", "1"), ("TAGS_0", "a"), ("TAGS_1", "b")]);
    assert!(more.contains("TAGS_1 that is ignored"), "{more}");
    assert!(build(&[("TAGS_COUNT", "0")]).tags.is_empty());
}

#[test]
fn an_unknown_name_is_warned_of_in_a_step_with_the_probable_one() {
    let step = ("BITBUCKET_PIPELINE_UUID", "{1}");
    let told = warned(&[
        step,
        ("PARAMETER", "a=1"),
        ("DEPLOY_TO", "x"),
        ("PATH", "/bin"),
        ("LC_ALL", "C"),
    ]);
    assert!(
        told.contains(
            "PARAMETER is not a variable of this pipe, and is ignored. Did you mean PARAMETERS?"
        ),
        "{told}"
    );
    assert!(told.contains("DEPLOY_TO is not a variable"), "{told}");
    assert_eq!(told.lines().count(), 2, "{told}");
    assert_eq!(warned(&[("DEPLOY_TO", "x")]), "");
}
