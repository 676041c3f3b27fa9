//! Chains by what they hold: this repository's roots may be anywhere in them.

use std::time::Duration;

use teamcity_simulator::{
    BuildType, BuildView, Dependency, Discovery, Doubts, Outcome, Plan, Root, Scenario, Simulator,
};

use crate::builds::NEW;
use crate::pipe::Step;

const LIB_OLD: &str = "3333333333333333333333333333333333333331";
const LIB: &str = "3333333333333333333333333333333333333332";
const LIB_FEATURE: &str = "3333333333333333333333333333333333333333";
/// The newest commit of `main`, which no test asks for.
const HEAD: &str = "5555555555555555555555555555555555555555";

fn plan() -> Plan {
    Plan::new()
        .queued_for(Duration::from_secs(2))
        .runs_for(Duration::from_secs(40))
}

/// `Top` has no root, and needs `Test`, which needs `Compile`; both have this repository's.
fn tops() -> Vec<BuildType> {
    let top = || BuildType::new("Top").depends_on(["Test"]);
    vec![top().composite(), top().deployment(), top()]
}

fn scenario(top: BuildType) -> Scenario {
    let of = |id: &str| BuildType::new(id).roots(["App_Git"]);
    Scenario::new()
        .change("App_Git", "feature/y", NEW)
        .change("App_Git", "main", HEAD)
        .build_type(of("Compile"))
        .build_type(of("Test").depends_on(["Compile"]))
        .build_type(top)
        .plan("Compile", plan())
        .plan("Test", plan())
        .plan("Top", plan())
}

/// The library of another repository, with a root in `Compile` or wherever.
fn with_library(scenario: Scenario) -> Scenario {
    scenario
        .root(Root::new("Lib_Git", "git@bitbucket.org:acme/lib.git"))
        .change("Lib_Git", "main", LIB_OLD)
        .change("Lib_Git", "main", LIB)
}

fn top() -> Step {
    Step::new().set("BUILD_TYPE_ID", "Top")
}

fn on_feature() -> Step {
    top()
        .set("BITBUCKET_BRANCH", "feature/y")
        .set("BITBUCKET_COMMIT", NEW)
}

#[track_caller]
fn built(simulator: &Simulator, build_type: &str) -> BuildView {
    let all = simulator.builds();
    let found = all.iter().find(|build| build.build_type == build_type);
    found.unwrap_or_else(|| panic!("no {build_type}")).clone()
}

#[track_caller]
fn is_at(simulator: &Simulator, build_type: &str, root: &str, version: &str) {
    let build = built(simulator, build_type);
    let at = build.revisions.iter().find(|at| at.root == root);
    assert_eq!(at.unwrap().version, version, "{build_type}, {root}");
}

#[tokio::test(start_paused = true)]
async fn a_top_without_a_root_hands_branch_and_commit_to_its_chain() {
    for version in ["2022.10", "2025.11", "2026.2"] {
        for doubts in [
            Doubts::default(),
            Doubts::default().tops_take_branches(),
            Doubts::default().tops_take_branches().tops_take_changes(),
        ] {
            for top in tops() {
                let scenario = scenario(top).version(version).doubts(doubts.clone());
                let simulator = Simulator::start(scenario);
                let ran = on_feature().run(&simulator).await;
                ran.ends_with(0)
                    .says("Branch and commit apply to")
                    .says("Verified at commit 9f8e7d6c5b4a: ")
                    .says("✔ Compile #1: success");
                for part in ["Compile", "Test"] {
                    is_at(&simulator, part, "App_Git", NEW);
                    assert_eq!(built(&simulator, part).branch.as_deref(), Some("feature/y"));
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_old_server_takes_the_commit_of_a_dependency_or_nothing_is_queued() {
    for top in tops() {
        let scenario = scenario(top).version("2019.1");
        let takes = Doubts::default().tops_take_changes();
        let simulator = Simulator::start(scenario.clone().doubts(takes));
        on_feature().run(&simulator).await.ends_with(0);
        is_at(&simulator, "Compile", "App_Git", NEW);
        let simulator = Simulator::start(scenario);
        let ran = on_feature().run(&simulator).await;
        ran.ends_with(4)
            .says("does not accept the commit 9f8e7d6c5b4a for Top")
            .says("Attach a VCS root of this repository");
        assert!(simulator.builds().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_is_not_known_yet_is_waited_for_in_the_chain() {
    for version in ["2019.1", "2025.11"] {
        let pushed = "7777777777777777777777777777777777777777";
        let after = Discovery::OnHook(Duration::from_secs(20));
        let scenario = scenario(tops().remove(0))
            .version(version)
            .doubts(Doubts::default().tops_take_changes())
            .undiscovered("App_Git", "feature/new", pushed, after);
        let simulator = Simulator::start(scenario);
        let step = top().set("BITBUCKET_BRANCH", "feature/new");
        let ran = step.set("BITBUCKET_COMMIT", pushed).run(&simulator).await;
        ran.ends_with(0);
        is_at(&simulator, "Test", "App_Git", pushed);
    }
}

#[tokio::test(start_paused = true)]
async fn other_repositories_in_the_chain_are_at_their_newest_revision() {
    for doubts in [Doubts::default(), Doubts::default().tops_take_changes()] {
        let compile = BuildType::new("Compile").roots(["App_Git", "Lib_Git"]);
        let package = BuildType::new("Package").roots(["Lib_Git"]);
        let scenario = with_library(scenario(
            BuildType::new("Top")
                .roots(["Lib_Git"])
                .depends_on(["Test", "Package"]),
        ))
        .build_type(compile)
        .build_type(package)
        .doubts(doubts);
        let simulator = Simulator::start(scenario.clone());
        on_feature().run(&simulator).await.ends_with(0);
        is_at(&simulator, "Compile", "App_Git", NEW);
        for part in ["Compile", "Package", "Top"] {
            is_at(&simulator, part, "Lib_Git", LIB);
        }
        // The library may have a branch of that name too.
        let scenario = scenario.change("Lib_Git", "feature/y", LIB_FEATURE);
        let simulator = Simulator::start(scenario);
        on_feature().run(&simulator).await.ends_with(0);
        is_at(&simulator, "Compile", "App_Git", NEW);
        is_at(&simulator, "Compile", "Lib_Git", LIB_FEATURE);
    }
}

#[tokio::test(start_paused = true)]
async fn a_top_with_a_root_of_its_own_has_its_dependencies_verified() {
    let build_types = || {
        BuildType::new("Top")
            .roots(["App_Git"])
            .depends_on(["Test"])
    };
    let simulator = Simulator::start(scenario(build_types()));
    let ran = on_feature().run(&simulator).await;
    ran.ends_with(0).says("Verified at commit 9f8e7d6c5b4a: ");
    let astray = plan().outcome(Outcome::BuildsOtherRevision(HEAD.to_owned()));
    let simulator = Simulator::start(scenario(build_types()));
    simulator.set_plans("Compile", [astray]);
    let ran = on_feature().run(&simulator).await;
    ran.ends_with(4)
        .says("This is not the requested build: Compile #1 builds the commit 555555555555 instead of 9f8e7d6c5b4a");
    assert!(built(&simulator, "Top").canceled_by.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_chain_that_builds_something_else_is_canceled() {
    for top in tops() {
        let quick = Plan::new().runs_for(Duration::from_secs(1));
        for plan in [plan(), quick] {
            let simulator = Simulator::start(scenario(top.clone()));
            let astray = plan.outcome(Outcome::BuildsOtherRevision(HEAD.to_owned()));
            simulator.set_plans("Compile", [astray]);
            let ran = on_feature().run(&simulator).await;
            ran.ends_with(4)
                .says("Compile #1 builds the commit 555555555555");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_newest_change_of_a_chains_branch_is_verified_by_its_branch() {
    let latest = || on_feature().set("REVISION", "latest");
    let simulator = Simulator::start(scenario(tops().remove(0)));
    latest().run(&simulator).await.ends_with(0);
    is_at(&simulator, "Test", "App_Git", NEW);
    let simulator = Simulator::start(scenario(tops().remove(0)));
    let astray = plan().outcome(Outcome::BuildsOtherBranch("main".to_owned()));
    simulator.set_plans("Compile", [astray]);
    let ran = latest().run(&simulator).await;
    ran.ends_with(4).says("Compile #1 builds the branch ");
}

#[tokio::test(start_paused = true)]
async fn nothing_of_this_repository_in_the_chain_is_said_and_built_without_a_commit() {
    let of = |id: &str| BuildType::new(id).roots(["Lib_Git"]);
    let scenario = || {
        with_library(scenario(BuildType::new("Top").depends_on(["Test"])))
            .build_type(of("Compile"))
            .build_type(of("Test").depends_on(["Compile"]))
    };
    let simulator = Simulator::start(scenario());
    let ran = on_feature().run(&simulator).await;
    ran.ends_with(0)
        .says("Top has no VCS root of this repository. A run starts it on its default branch");
    is_at(&simulator, "Compile", "Lib_Git", LIB);
    for (name, value) in [
        ("REVISION", NEW),
        ("REVISION", "latest"),
        ("BRANCH", "main"),
    ] {
        let simulator = Simulator::start(scenario());
        let ran = top().set(name, value).run(&simulator).await;
        ran.ends_with(4)
            .says(&format!("so {name} does not apply to it"));
        assert!(simulator.builds().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_repository_by_two_roots_is_at_one_commit() {
    for url in [
        "https://bitbucket.org/acme/app",
        "https://x-token-auth@bitbucket.org/Acme/App.git",
        "ssh://git@altssh.bitbucket.org:443/acme/app.git",
    ] {
        // The second root learned of the commit after the first, and has a newer one by now.
        let scenario = scenario(BuildType::new("Top").depends_on(["Test"]))
            .root(Root::new("App_Again", url))
            .change("App_Again", "main", Scenario::OLDER_COMMIT)
            .change("App_Again", "feature/y", NEW)
            .change("App_Again", "feature/y", HEAD)
            .build_type(BuildType::new("Compile").root_with_rules("App_Again", "+:src"));
        let simulator = Simulator::start(scenario);
        on_feature().run(&simulator).await.ends_with(0);
        is_at(&simulator, "Test", "App_Git", NEW);
        is_at(&simulator, "Compile", "App_Again", NEW);
    }
}

#[tokio::test(start_paused = true)]
async fn roots_that_call_the_branch_differently_are_refused_before_anything_is_queued() {
    let again = Root::new("App_Again", "https://bitbucket.org/acme/app").spec(["+:refs/(heads/*)"]);
    let scenario = scenario(BuildType::new("Top").depends_on(["Test"]))
        .root(again)
        .change("App_Again", "feature/y", NEW)
        .build_type(BuildType::new("Compile").roots(["App_Again"]));
    let simulator = Simulator::start(scenario);
    let ran = on_feature().run(&simulator).await;
    ran.ends_with(4)
        .says("the branch is called")
        .says("heads/feature/y")
        .says("the same branch specification");
    assert!(simulator.builds().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_token_that_may_not_choose_revisions_uses_the_change() {
    let scenario =
        || scenario(tops().remove(0)).without_permission("ci", "customize_build_revisions");
    let simulator = Simulator::start(scenario());
    let ran = on_feature().run(&simulator).await;
    ran.ends_with(4);
    assert!(simulator.builds().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_token_that_may_not_see_the_chain_is_told_so() {
    let scenario = scenario(
        BuildType::new("Top")
            .project("Other")
            .depends_on([Dependency::on("Test")]),
    )
    .project(teamcity_simulator::Project::new("Other"))
    .without_permission("ci", "view_build_configuration_settings")
    .permission("ci", "Other", "view_build_configuration_settings");
    let pushed = "7777777777777777777777777777777777777777";
    let simulator = Simulator::start(scenario.clone());
    let ran = top().set("BITBUCKET_COMMIT", pushed).run(&simulator).await;
    ran.ends_with(4)
        .says("\"View build configuration settings\"");
    assert!(simulator.builds().is_empty());
    let takes = Doubts::default().tops_take_changes();
    let simulator = Simulator::start(scenario.doubts(takes));
    on_feature().run(&simulator).await.ends_with(0);
    is_at(&simulator, "Compile", "App_Git", NEW);
}

#[tokio::test(start_paused = true)]
async fn check_says_where_in_the_chain_the_repository_is() {
    let simulator = Simulator::start(scenario(tops().remove(0)));
    let ran = on_feature().argument("check").run(&simulator).await;
    ran.ends_with(0)
        .says("on which Top depends, has a VCS root of this repository")
        .says("knows the commit 9f8e7d6c5b4a")
        .says("knows the branch feature/y");
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_only_another_branch_has_names_the_variable_branch() {
    let scenario = || {
        Scenario::new()
            .change("App_Git", "release/1.0", NEW)
            .plan("App_Build", plan())
    };
    for version in ["2019.1", "2025.11"] {
        let tag = Step::new()
            .unset("BITBUCKET_BRANCH")
            .set("BITBUCKET_TAG", "v1.0");
        let custom = Step::new().unset("BITBUCKET_BRANCH");
        for step in [tag, custom] {
            let simulator = Simulator::start(scenario().version(version));
            let ran = step.set("BITBUCKET_COMMIT", NEW).run(&simulator).await;
            ran.ends_with(4)
                .says("is not on the default branch of App_Build")
                .says("Set BRANCH to the branch that contains it");
            assert!(simulator.builds().is_empty());
        }
        let simulator = Simulator::start(scenario().version(version));
        let step = Step::new()
            .unset("BITBUCKET_BRANCH")
            .set("BITBUCKET_TAG", "v1.0");
        let step = step
            .set("BITBUCKET_COMMIT", NEW)
            .set("BRANCH", "release/1.0");
        step.run(&simulator).await.ends_with(0);
        is_at(&simulator, "App_Build", "App_Git", NEW);
    }
}

#[tokio::test(start_paused = true)]
async fn another_branch_is_built_at_its_newest_change() {
    let scenario = || scenario(BuildType::new("Top").roots(["App_Git"]));
    for given in ["feature/y", "refs/heads/feature/y"] {
        let simulator = Simulator::start(scenario());
        top()
            .set("BRANCH", given)
            .run(&simulator)
            .await
            .ends_with(0);
        is_at(&simulator, "Top", "App_Git", NEW);
    }
    // Its own branch, and a commit that is asked for, stay.
    let simulator = Simulator::start(scenario());
    top()
        .set("BRANCH", "refs/heads/main")
        .run(&simulator)
        .await
        .ends_with(0);
    is_at(&simulator, "Top", "App_Git", Scenario::COMMIT);
}
