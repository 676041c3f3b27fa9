//! The build is of the step's commit: branches, tags, repositories and clones of every kind.

use std::process::Command;

use teamcity_simulator::{
    BuildType, Fault, FaultKind, Matcher, Resource, Root, Scenario, Simulator,
};

use crate::builds::{NEW, canceled, long, short};
use crate::pipe::Step;

const BRANCHES: [&str; 10] = [
    "feature/a#1",
    "feature/100%",
    "a+b",
    "x(y)",
    "$HOME",
    "one,two",
    "quo\"te",
    "łódź/日本",
    "a=b&c=d;e",
    "id:1),branch:(default:any",
];

#[tokio::test(start_paused = true)]
async fn branches_of_every_name_are_built() {
    for version in ["2019.1", "2025.11"] {
        for name in BRANCHES {
            let scenario = Scenario::new().version(version).plan("App_Build", short());
            let simulator = Simulator::start(scenario.change("App_Git", name, NEW));
            let ran = Step::new()
                .set("BITBUCKET_BRANCH", name)
                .set("BITBUCKET_COMMIT", NEW)
                .set("REUSE", "success")
                .set("SUPERSEDE", "true")
                .run(&simulator)
                .await;
            ran.ends_with(0);
            let build = &simulator.builds()[0];
            assert_eq!(build.branch.as_deref(), Some(name));
            assert_eq!(build.revisions[0].version, NEW, "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_branch_among_very_many_is_found() {
    let scenario = Scenario::new().plan("App_Build", short());
    let simulator = Simulator::start(scenario.change("App_Git", "feature/x", NEW));
    let many = Fault::new(FaultKind::ManyItems(60_000)).on(Matcher::resource(Resource::Branches));
    simulator.fault(many.always());
    Step::new()
        .set("BITBUCKET_BRANCH", "feature/x")
        .set("BITBUCKET_COMMIT", NEW)
        .run(&simulator)
        .await
        .ends_with(0);
    assert_eq!(simulator.builds()[0].branch.as_deref(), Some("feature/x"));
}

#[tokio::test(start_paused = true)]
async fn a_full_ref_and_a_default_branch_of_another_name_are_understood() {
    for given in ["main", "refs/heads/main"] {
        let root = Root::new("App_Git", "https://bitbucket.org/acme/app")
            .default_branch("refs/heads/main");
        for root in [
            root.clone(),
            root.clone().spec(Vec::<String>::new()),
            root.spec(["+:refs/heads/*"]),
        ] {
            let simulator = Simulator::start(Scenario::new().root(root).plan("App_Build", short()));
            Step::new()
                .set("BRANCH", given)
                .run(&simulator)
                .await
                .ends_with(0);
            assert_eq!(simulator.builds()[0].revisions[0].version, Scenario::COMMIT);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_tag_is_built_at_its_commit() {
    for version in ["2019.1", "2022.04", "2025.11"] {
        let simulator =
            Simulator::start(Scenario::new().version(version).plan("App_Build", short()));
        let ran = Step::new()
            .unset("BITBUCKET_BRANCH")
            .set("BITBUCKET_TAG", "v1.0")
            .set("BITBUCKET_COMMIT", Scenario::OLDER_COMMIT)
            .run(&simulator)
            .await;
        ran.ends_with(0).says("v1.0");
        assert_eq!(
            simulator.builds()[0].revisions[0].version,
            Scenario::OLDER_COMMIT
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_detached_pipeline_builds_its_commit() {
    for version in ["2019.1", "2025.11"] {
        let simulator =
            Simulator::start(Scenario::new().version(version).plan("App_Build", short()));
        let step = Step::new()
            .unset("BITBUCKET_BRANCH")
            .set("BITBUCKET_COMMIT", Scenario::OLDER_COMMIT);
        step.run(&simulator).await.ends_with(0);
        assert_eq!(
            simulator.builds()[0].revisions[0].version,
            Scenario::OLDER_COMMIT
        );
    }
}

#[tokio::test(start_paused = true)]
async fn supersede_without_a_branch_cancels_nothing_of_the_default_branch() {
    let simulator = Simulator::start(Scenario::new().plan("App_Build", long()));
    let older = Step::new()
        .set("WAIT", "false")
        .set("BITBUCKET_BUILD_NUMBER", "11");
    older.run(&simulator).await.ends_with(0);
    let tag = Step::new()
        .unset("BITBUCKET_BRANCH")
        .set("BITBUCKET_TAG", "v1.0");
    let tag = tag
        .set("BITBUCKET_COMMIT", Scenario::OLDER_COMMIT)
        .set("SUPERSEDE", "true");
    tag.set("WAIT", "false").run(&simulator).await.ends_with(0);
    assert!(!canceled(&simulator.builds()[0]));
}

fn git(directory: &std::path::Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.com",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(["-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_pull_requests_short_commit_is_expanded_from_a_real_clone() {
    for shape in ["loose", "packed", "shallow clone", "deeper", "worktree"] {
        let step = Step::new();
        let mut clone = step.directory.path().to_owned();
        git(&clone, &["init", "-q"]);
        for number in 0..40 {
            std::fs::write(clone.join("file"), format!("{number}")).unwrap();
            git(&clone, &["add", "file"]);
            git(&clone, &["commit", "-q", "-m", &format!("commit {number}")]);
        }
        let commit = git(&clone, &["rev-parse", "HEAD"]);
        match shape {
            "packed" => drop(git(&clone, &["gc", "-q", "--prune=now"])),
            "shallow clone" => {
                let source = format!("file://{}", clone.display());
                git(&clone, &["clone", "-q", "--depth", "5", &source, "shallow"]);
                clone = clone.join("shallow");
            }
            "deeper" => {
                clone = clone.join("a/b");
                std::fs::create_dir_all(&clone).unwrap();
            }
            "worktree" => {
                git(&clone, &["worktree", "add", "-q", "tree"]);
                clone = clone.join("tree");
            }
            _ => {}
        }
        let scenario = Scenario::new().plan("App_Build", short());
        let simulator = Simulator::start(scenario.change("App_Git", "feature/pr", &commit));
        let ran = step
            .set("BITBUCKET_BRANCH", "feature/pr")
            .set("BITBUCKET_PR_ID", "7")
            .set("BITBUCKET_COMMIT", &commit[..12])
            .run_in(&simulator, clone)
            .await;
        ran.ends_with(0);
        assert_eq!(
            simulator.builds()[0].revisions[0].version,
            commit,
            "{shape}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_configuration_without_roots_runs_without_a_commit() {
    let scenario = Scenario::new().build_type(BuildType::new("Deploy").roots(Vec::<String>::new()));
    let simulator = Simulator::start(scenario.plan("Deploy", short()));
    let ran = Step::new()
        .set("BUILD_TYPE_ID", "Deploy")
        .run(&simulator)
        .await;
    ran.ends_with(0).says("no VCS root");
    assert_eq!(simulator.builds().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn two_roots_of_the_same_repository_are_both_at_the_commit() {
    for version in ["2019.1", "2022.04", "2025.11"] {
        let scenario = Scenario::new()
            .version(version)
            .root(Root::new("App_Again", "https://bitbucket.org/acme/app.git"))
            .change("App_Again", "main", Scenario::OLDER_COMMIT)
            .change("App_Again", "main", Scenario::COMMIT)
            .build_type(BuildType::new("App_Twice").roots(["App_Git", "App_Again"]))
            .plan("App_Twice", short());
        let simulator = Simulator::start(scenario);
        let ran = Step::new()
            .set("BUILD_TYPE_ID", "App_Twice")
            .run(&simulator)
            .await;
        ran.ends_with(0);
        let revisions = &simulator.builds()[0].revisions;
        assert!(
            revisions
                .iter()
                .all(|revision| revision.version == Scenario::COMMIT),
            "{version}: {revisions:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_repository_is_found_in_every_spelling_and_no_other_is_taken_for_it() {
    for url in [
        "git@bitbucket.org:acme/app.git",
        "ssh://git@bitbucket.org/acme/app",
        "ssh://git@bitbucket.org:22/acme/app.git",
        "ssh://git@altssh.bitbucket.org:443/acme/app.git",
        "https://ci-user@bitbucket.org/Acme/App.git",
        "https://x-token-auth@bitbucket.org/acme/app/",
        "http://bitbucket.org/acme/app",
        "git://bitbucket.org/acme/app.git",
        "bitbucket.org:acme/app",
    ] {
        let scenario = Scenario::new()
            .root(Root::new("App_Git", url))
            .plan("App_Build", short());
        let simulator = Simulator::start(scenario);
        let ran = Step::new()
            .set("REVISION", Scenario::COMMIT)
            .run(&simulator)
            .await;
        ran.ends_with(0);
    }
    for url in [
        "git@bitbucket.org:acme/app-tools.git",
        "git@github.com:acme/app.git",
        "https://bitbucket.org.example.com/acme/app",
        "https://example.com/bitbucket.org/acme/app",
        "git@bitbucket.org:other/app.git",
    ] {
        let scenario = Scenario::new()
            .root(Root::new("App_Git", url))
            .plan("App_Build", short());
        let simulator = Simulator::start(scenario);
        Step::new()
            .set("REVISION", Scenario::COMMIT)
            .run(&simulator)
            .await
            .ends_with(4);
        assert!(simulator.builds().is_empty(), "{url}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_fact_of_pipelines_may_be_missing() {
    let names: Vec<String> = Step::new()
        .environment
        .keys()
        .filter(|name| name.starts_with("BITBUCKET_") || *name == "CI")
        .cloned()
        .collect();
    for name in &names {
        let empty = Step::new().set(name, "");
        for step in [Step::new().unset(name), empty] {
            let simulator = Simulator::start(Scenario::new().plan("App_Build", short()));
            let ran = step.run(&simulator).await;
            assert_eq!(ran.status, 0, "without {name}\n{}", ran.output);
            assert_eq!(
                simulator.builds()[0].revisions[0].version,
                Scenario::COMMIT,
                "without {name}"
            );
        }
    }
    let outside = names
        .iter()
        .fold(Step::new(), |step, name| step.unset(name));
    let simulator = Simulator::start(Scenario::new().plan("App_Build", short()));
    outside.run(&simulator).await.ends_with(0);
}
