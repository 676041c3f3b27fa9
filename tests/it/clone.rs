//! What the pipe leaves in a git clone: nothing that git sees, nothing in place of a file of the repository's, nothing that another
//! user of the step can't read.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use teamcity_simulator::{Artifact, FailedTest, Outcome, Plan, Scenario, Simulator, Tests};

use crate::pipe::{Ran, Step};

/// A build that leaves one of each: tests, artifacts, a page.
fn scenario() -> Scenario {
    let plan = Plan::new()
        .queued_for(Duration::from_secs(1))
        .runs_for(Duration::from_secs(2))
        .outcome(Outcome::Failure)
        .tests(Tests::passed(1).failed([FailedTest::new("com.acme.A.b", "no")]))
        .artifacts([
            Artifact::generated("app.jar", 2_000),
            Artifact::generated("docs/index.html", 30),
        ]);
    Scenario::new().plan("App_Build", plan)
}

fn git(directory: &Path, words: &str) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=A", "-c", "user.email=a@example.com"])
        .args(words.split_whitespace())
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {words}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// A clone with a file, below a folder.
fn clone_in(directory: &Path, files: &[&str]) -> PathBuf {
    let clone = directory.join("clone");
    fs::create_dir(&clone).unwrap();
    git(&clone, "init --quiet");
    for file in ["README.md", "src/main.c"].iter().chain(files) {
        let path = clone.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("of the repository: {file}\n")).unwrap();
    }
    git(&clone, "add .");
    git(&clone, "commit --quiet -m begin");
    clone
}

fn step() -> Step {
    Step::new().set("ARTIFACTS", "**")
}

async fn run_in(step: Step, directory: &Path) -> Ran {
    let simulator = Simulator::start(scenario());
    let ran = step.run_in(&simulator, directory.to_owned()).await;
    ran.ends_with(1);
    ran
}

fn status(directory: &Path) -> String {
    git(directory, "status --porcelain --untracked-files=all")
}

fn excluded(clone: &Path) -> Vec<String> {
    let text = fs::read_to_string(clone.join(".git/info/exclude")).unwrap();
    let rules = text.lines().filter(|line| !line.starts_with('#'));
    rules.map(ToOwned::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn git_sees_nothing_of_the_pipe_however_often_it_runs() {
    let root = tempfile::tempdir().unwrap();
    let clone = clone_in(root.path(), &[]);
    for _ in 0..2 {
        run_in(step(), &clone).await;
        assert_eq!(status(&clone), "");
        let mut rules = excluded(&clone);
        rules.sort();
        let all = [
            ".teamcity-*.part",
            "/teamcity-artifacts/",
            "/teamcity-builds.json",
            "/teamcity-report.html",
            "/teamcity.env",
            "/test-reports/",
        ];
        assert_eq!(rules, all);
    }
    assert!(clone.join("teamcity-artifacts/docs/index.html").is_file());
}

#[tokio::test(start_paused = true)]
async fn in_folders_of_the_repository_each_file_is_named_and_others_stay_seen() {
    let root = tempfile::tempdir().unwrap();
    let odd = "dist/a [b]";
    let clone = clone_in(root.path(), &["dist/a [b]/x.txt", "public/x.html"]);
    let exclude = clone.join(".git/info/exclude");
    fs::write(&exclude, "*.log").unwrap();
    for _ in 0..2 {
        let step = step()
            .set("ARTIFACTS_DIR", odd)
            .set("REPORT_FILE", "public/builds.html");
        run_in(step, &clone).await;
        assert_eq!(status(&clone), "");
    }
    let rules = excluded(&clone);
    for rule in ["*.log", "/public/builds.html", r"/dist/a \[b]/app.jar"] {
        let found = rules.iter().filter(|line| *line == rule).count();
        assert_eq!(found, 1, "{rule} in {rules:?}");
    }
    fs::write(clone.join(odd).join("own.txt"), "").unwrap();
    fs::write(clone.join("public/own.html"), "").unwrap();
    assert_eq!(status(&clone).lines().count(), 2, "{}", status(&clone));
}

#[tokio::test(start_paused = true)]
async fn below_the_clones_root_and_in_a_worktree_it_is_the_same() {
    let root = tempfile::tempdir().unwrap();
    let clone = clone_in(root.path(), &[]);
    run_in(step(), &clone.join("src")).await;
    assert_eq!(status(&clone), "");
    git(&clone, "worktree add --quiet ../second");
    let second = root.path().join("second");
    run_in(step(), &second).await;
    assert_eq!(status(&second), "");
    assert!(!second.join(".git/info").exists());
}

#[tokio::test(start_paused = true)]
async fn without_a_clone_or_outside_it_nothing_is_listed() {
    let root = tempfile::tempdir().unwrap();
    let clone = clone_in(root.path(), &[]);
    let outside = root.path().join("outside");
    fs::create_dir(&outside).unwrap();
    run_in(step(), &outside).await;
    let step = step().set("REPORT_FILE", outside.join("page.html").to_str().unwrap());
    run_in(step, &clone).await;
    assert!(!excluded(&clone).iter().any(|rule| rule.contains("page")));
    // What calls itself a repository and is none.
    let liar = root.path().join("liar");
    fs::create_dir(&liar).unwrap();
    fs::write(liar.join(".git"), "gitdir: ../outside\n").unwrap();
    run_in(self::step(), &liar).await;
    assert!(!outside.join("info").exists());
}

#[tokio::test(start_paused = true)]
async fn a_file_of_the_repositorys_own_stays_as_it_is() {
    let root = tempfile::tempdir().unwrap();
    let names = [
        "teamcity.env",
        "teamcity-builds.json",
        "teamcity-report.html",
    ];
    let clone = clone_in(root.path(), &names);
    for _ in 0..2 {
        let ran = run_in(step(), &clone).await;
        assert_eq!(status(&clone), "");
        for (own, beside) in names.into_iter().zip([
            "teamcity.1.env",
            "teamcity-builds.1.json",
            "teamcity-report.1.html",
        ]) {
            ran.says(&format!("{own} was not written by the pipe"))
                .says(beside);
            assert!(clone.join(beside).is_file(), "{beside}");
        }
        assert!(!clone.join("teamcity.2.env").exists());
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_step_finds_the_file_that_went_beside_one_of_the_repositorys() {
    let root = tempfile::tempdir().unwrap();
    let clone = clone_in(root.path(), &["teamcity-builds.json"]);
    let untagged = scenario().without_permission("ci", "tag_build");
    let simulator = Simulator::start(untagged);
    let first = Step::new().set("WAIT", "false");
    first.run_in(&simulator, clone.clone()).await.ends_with(0);
    let second = Step::new()
        .unset("BUILD_TYPE_ID")
        .set("BUILD_ID", "auto")
        .set(
            "BITBUCKET_STEP_UUID",
            "{7c1d3f57-0000-4000-8000-000000000002}",
        );
    second.run_in(&simulator, clone).await.ends_with(1);
}

#[test]
fn every_user_of_the_step_can_read_the_files_whatever_the_umask() {
    let (_simulator, address) = Simulator::spawn_thread(scenario()).unwrap();
    let step = step().set("TEAMCITY_URL", &format!("http://{address}"));
    let output = Command::new("/bin/sh")
        .args(["-c", "umask 077 && exec \"$0\""])
        .arg(env!("CARGO_BIN_EXE_teamcity-pipe"))
        .env_clear()
        .envs(&step.environment)
        .current_dir(step.directory.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let mut folders = vec![step.directory.path().to_owned()];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
            let wanted = if path.is_dir() { 0o755 } else { 0o644 };
            assert_eq!(mode, wanted, "{}: {mode:o}", path.display());
            seen += 1;
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    assert_eq!(seen, 9);
}

#[tokio::test(start_paused = true)]
async fn a_working_directory_that_takes_no_files_is_warned_of_and_changes_no_result() {
    // No user may make a file there, not even root.
    let ran = run_in(step(), Path::new("/proc/self")).await;
    for what in [
        "teamcity.env is not written",
        "teamcity-builds.json is not written",
        "teamcity-report.html is not written",
        "no artifacts are downloaded",
    ] {
        ran.says(what);
    }
}
