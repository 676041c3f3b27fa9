//! Exactly one build, of exactly the step's commit.

use std::time::Duration;

use teamcity_simulator::{
    BuildType, Discovery, Fault, FaultKind, Matcher, Plan, Resource, Root, Scenario, Simulator,
};

use crate::builds::NEW;
use crate::pipe::Step;

#[tokio::test(start_paused = true)]
async fn the_steps_commit_and_branch_are_built() {
    let simulator = Simulator::start(Scenario::new());
    Step::new()
        .set("BITBUCKET_BRANCH", "feature/x")
        .run(&simulator)
        .await
        .ends_with(0);
    let build = &simulator.builds()[0];
    assert_eq!(build.branch.as_deref(), Some("feature/x"));
    assert_eq!(build.revisions[0].version, Scenario::COMMIT);
    assert!(build.comment.as_deref().unwrap().contains("acme/app #12"));
}

#[tokio::test(start_paused = true)]
async fn an_older_commit_is_built_if_it_is_the_steps() {
    let simulator = Simulator::start(Scenario::new());
    Step::new()
        .set("BITBUCKET_COMMIT", Scenario::OLDER_COMMIT)
        .run(&simulator)
        .await
        .ends_with(0);
    assert_eq!(
        simulator.builds()[0].revisions[0].version,
        Scenario::OLDER_COMMIT
    );
}

#[tokio::test(start_paused = true)]
async fn an_unknown_branch_is_waited_for_and_never_built_as_another() {
    for version in ["2019.1", "2025.11"] {
        let discovery = Discovery::OnHook(Duration::from_secs(40));
        let simulator = Simulator::start(Scenario::new().version(version).undiscovered(
            "App_Git",
            "feature/new",
            NEW,
            discovery,
        ));
        let ran = Step::new()
            .set("BITBUCKET_BRANCH", "feature/new")
            .set("BITBUCKET_COMMIT", NEW)
            .run(&simulator)
            .await;
        ran.ends_with(0)
            .says("does not know the branch feature/new");
        assert_eq!(simulator.builds()[0].revisions[0].version, NEW);
        assert_eq!(simulator.builds()[0].branch.as_deref(), Some("feature/new"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_branch_that_never_comes_is_refused() {
    let simulator = Simulator::start(Scenario::new().undiscovered(
        "App_Git",
        "feature/new",
        NEW,
        Discovery::Never,
    ));
    let step = Step::new()
        .set("BITBUCKET_BRANCH", "feature/new")
        .set("BITBUCKET_COMMIT", NEW)
        .set("RETRY_FOR", "2m");
    step.run(&simulator)
        .await
        .ends_with(4)
        .says("branch specification");
    assert!(simulator.builds().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_new_commit_on_a_known_branch_is_pinned_at_once_or_waited_for() {
    for version in ["2019.1", "2022.04", "2025.11"] {
        let discovery = Discovery::OnHook(Duration::from_secs(20));
        let simulator = Simulator::start(
            Scenario::new()
                .version(version)
                .undiscovered("App_Git", "main", NEW, discovery),
        );
        Step::new()
            .set("BITBUCKET_COMMIT", NEW)
            .run(&simulator)
            .await
            .ends_with(0);
        assert_eq!(simulator.builds()[0].revisions[0].version, NEW, "{version}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_root_is_left_alone() {
    let scenario = Scenario::new()
        .root(Root::new("Lib_Git", "https://bitbucket.org/acme/lib.git"))
        .change(
            "Lib_Git",
            "main",
            "2222222222222222222222222222222222222222",
        )
        .build_type(BuildType::new("App_Both").roots(["App_Git", "Lib_Git"]));
    for version in ["2019.1", "2022.04", "2025.11"] {
        let simulator = Simulator::start(scenario.clone().version(version));
        Step::new()
            .set("BUILD_TYPE_ID", "App_Both")
            .run(&simulator)
            .await
            .ends_with(0);
        let revisions = &simulator.builds()[0].revisions;
        assert!(
            revisions
                .iter()
                .any(|revision| revision.root == "App_Git" && revision.version == Scenario::COMMIT)
        );
        assert!(
            revisions
                .iter()
                .all(|revision| revision.root == "App_Git" || revision.version != Scenario::COMMIT)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_configuration_of_another_repository_is_queued_without_a_commit() {
    let scenario = Scenario::new()
        .root(Root::new("Ops_Git", "git@bitbucket.org:acme/ops.git"))
        .change(
            "Ops_Git",
            "main",
            "3333333333333333333333333333333333333333",
        )
        .build_type(BuildType::new("Deploy").roots(["Ops_Git"]).deployment());
    let simulator = Simulator::start(scenario.clone());
    let ran = Step::new()
        .set("BUILD_TYPE_ID", "Deploy")
        .run(&simulator)
        .await;
    ran.ends_with(0).says("no VCS root of this repository");
    let simulator = Simulator::start(scenario);
    let ran = Step::new()
        .set("BUILD_TYPE_ID", "Deploy")
        .set("REVISION", Scenario::COMMIT)
        .run(&simulator)
        .await;
    ran.ends_with(4).says("REVISION");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_may_not_read_roots_works_too() {
    let simulator = Simulator::start(
        Scenario::new().without_permission("ci", "view_build_configuration_settings"),
    );
    Step::new().run(&simulator).await.ends_with(0);
    assert_eq!(simulator.builds()[0].revisions[0].version, Scenario::COMMIT);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_queues_nothing_twice() {
    for kind in [
        FaultKind::ResetAfterActing,
        FaultKind::Html502AfterActing,
        FaultKind::CutAnswer,
        FaultKind::HangAfterActing,
        FaultKind::ResetBeforeRead,
        FaultKind::Status500,
    ] {
        let simulator = Simulator::start(Scenario::new());
        simulator.fault(
            Fault::new(kind.clone())
                .on(Matcher::resource(Resource::QueueBuild))
                .times(1),
        );
        Step::new().run(&simulator).await.ends_with(0);
        assert_eq!(simulator.builds().len(), 1, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_that_runs_again_finds_its_living_build() {
    let simulator = Simulator::start(
        Scenario::new().plan("App_Build", Plan::new().runs_for(Duration::from_secs(600))),
    );
    Step::new()
        .set("WAIT", "false")
        .run(&simulator)
        .await
        .ends_with(0);
    let ran = Step::new().run(&simulator).await;
    ran.ends_with(0).says("Following");
    assert_eq!(simulator.builds().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn refusals_end_at_once_with_cause_and_cure() {
    let simulator = Simulator::start(Scenario::new());
    Step::new()
        .set("BUILD_TYPE_ID", "Nope")
        .run(&simulator)
        .await
        .ends_with(4)
        .says("BUILD_TYPE_ID");
    Step::new()
        .set("TEAMCITY_TOKEN", "wrong")
        .run(&simulator)
        .await
        .ends_with(4)
        .says("accessTokens");
    let simulator = Simulator::start(Scenario::new().without_permission("ci", "run_build"));
    let ran = Step::new().run(&simulator).await;
    ran.ends_with(4).says("Run build");
    assert!(ran.took < Duration::from_secs(20), "{:?}", ran.took);
    assert!(simulator.builds().is_empty());
}

#[tokio::test(start_paused = true)]
async fn options_reach_the_build() {
    let simulator = Simulator::start(Scenario::new());
    let step = Step::new()
        .set("PARAMETERS_COUNT", "2")
        .set("PARAMETERS_0", "env.X=a=b")
        .set("PARAMETERS_1", "plain=c, d")
        .set("TAGS", "nightly")
        .set("PERSONAL", "yes")
        .set("CLEAN_SOURCES", "on")
        .set("REBUILD_DEPENDENCIES", "all")
        .set("COMMENT", "by hand")
        .set("WAIT", "no");
    step.run(&simulator).await.ends_with(0);
    let build = &simulator.builds()[0];
    let properties: Vec<_> = build
        .properties
        .iter()
        .map(|one| (one.name.as_str(), one.value.as_str()))
        .collect();
    assert_eq!(properties, [("env.X", "a=b"), ("plain", "c, d")]);
    assert!(build.tags.iter().any(|tag| tag == "nightly"));
    assert!(
        build.personal && build.options.clean_sources && build.options.rebuild_all_dependencies
    );
    assert_eq!(build.comment.as_deref(), Some("by hand"));
}

#[tokio::test(start_paused = true)]
async fn a_branch_has_the_name_that_its_specification_gives_it() {
    let root =
        Root::new("Rel_Git", "git@bitbucket.org:acme/app.git").spec(["+:refs/heads/release/*"]);
    let scenario = Scenario::new()
        .root(root)
        .change("Rel_Git", "release/1.0", NEW)
        .build_type(BuildType::new("Release").roots(["Rel_Git"]));
    let simulator = Simulator::start(scenario);
    let step = Step::new()
        .set("BUILD_TYPE_ID", "Release")
        .set("BITBUCKET_BRANCH", "release/1.0");
    step.set("BITBUCKET_COMMIT", NEW)
        .run(&simulator)
        .await
        .ends_with(0);
    assert_eq!(simulator.builds()[0].branch.as_deref(), Some("1.0"));
}
