//! Attempts to make the pipe start a build twice or never, build another commit, pass for a red build, touch what is
//! somebody else's, or leave something behind.

use std::process::Command;
use std::time::Duration;

use teamcity_simulator::{
    BuildType, BuildView, Discovery, Fault, FaultKind, Grant, Matcher, Mode, Outcome, Plan,
    Project, Resource, Root, Scenario, Simulator, Token,
};

use crate::pipe::{Ran, Step};

const NEW: &str = "9f8e7d6c5b4a39281706f5e4d3c2b1a098765432";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn long() -> Plan {
    Plan::new().queued_for(seconds(90)).runs_for(seconds(3600))
}

fn short() -> Plan {
    Plan::new().queued_for(seconds(2)).runs_for(seconds(5))
}

/// Runs a step while something happens at a time of its run.
async fn while_running(
    step: Step,
    simulator: &Simulator,
    at: Duration,
    what: impl FnOnce(&Simulator),
) -> Ran {
    let happens = async {
        tokio::time::sleep(at).await;
        what(simulator);
    };
    tokio::join!(step.run(simulator), happens).0
}

fn canceled(build: &BuildView) -> bool {
    build.canceled_by.is_some()
}

fn of(simulator: &Simulator, id: u64) -> BuildView {
    simulator.build(id).unwrap()
}

// --- what is somebody else's -------------------------------------------------------------------------

/// Each way in which a step ends early.
fn early_ends() -> Vec<(&'static str, Step)> {
    let step = Step::new;
    vec![
        ("stop", step().stopped_after(seconds(60))),
        ("TIMEOUT", step().set("TIMEOUT", "60s")),
        ("QUEUE_TIMEOUT", step().set("QUEUE_TIMEOUT", "60s")),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_build_that_was_merged_into_anothers_is_left_alone_however_the_step_ends() {
    // At each moment of the poll's rhythm, up to the last one before the end.
    for tenths in [50, 300, 555, 572, 589, 595, 598] {
        for (name, step) in early_ends() {
            let simulator = Simulator::start(Scenario::new().plan("App_Build", long()));
            let mut others = 0;
            while_running(
                step,
                &simulator,
                Duration::from_millis(tenths * 100),
                |simulator| {
                    others = simulator.queue_build("App_Build", "ci", Some("main"));
                    let ours = simulator.builds()[0].id;
                    simulator.merge(ours, others);
                },
            )
            .await;
            assert!(
                !canceled(&of(&simulator, others)),
                "{name}, merged at {tenths} tenths: another's build was canceled"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_build_that_took_in_anothers_request_is_left_alone_however_the_step_ends() {
    for tenths in [50, 555, 595, 598] {
        for (name, step) in early_ends() {
            let simulator = Simulator::start(Scenario::new().plan("App_Build", long()));
            while_running(
                step,
                &simulator,
                Duration::from_millis(tenths * 100),
                |simulator| {
                    let ours = simulator.builds()[0].id;
                    let others = simulator.queue_build("App_Build", "ci", Some("main"));
                    simulator.merge(others, ours);
                },
            )
            .await;
            let ours = &simulator.builds()[0];
            assert!(!canceled(ours), "{name}, merged at {tenths} tenths");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_merged_build_is_left_alone_by_fail_fast_and_by_cancel_and_supersede() {
    let two = |plan: Plan| {
        Scenario::new()
            .build_type(BuildType::new("App_Test").roots(["App_Git"]))
            .plan("App_Build", plan)
            .plan("App_Test", long())
    };
    let fails = Plan::new()
        .queued_for(seconds(1))
        .runs_for(seconds(40))
        .outcome(Outcome::Failure);
    let simulator = Simulator::start(two(fails));
    let step = Step::new()
        .set("BUILD_TYPE_ID", "App_Build,App_Test")
        .set("FAIL_FAST", "true");
    let step = step.set("TIMEOUT", "10m").set("CANCEL_ON_STOP", "false");
    let mut others = 0;
    while_running(step, &simulator, seconds(40), |simulator| {
        others = simulator.queue_build("App_Test", "ci", Some("main"));
        let ours = simulator
            .builds()
            .iter()
            .find(|build| build.build_type == "App_Test")
            .unwrap()
            .id;
        simulator.merge(ours, others);
    })
    .await;
    assert!(!canceled(&of(&simulator, others)), "FAIL_FAST");

    for command in ["cancel", "SUPERSEDE"] {
        let simulator = Simulator::start(Scenario::new().plan("App_Build", long()));
        let older = Step::new()
            .set("WAIT", "false")
            .set("BITBUCKET_COMMIT", Scenario::OLDER_COMMIT);
        older
            .set("BITBUCKET_BUILD_NUMBER", "11")
            .run(&simulator)
            .await
            .ends_with(0);
        let ours = simulator.builds()[0].id;
        let into = simulator.queue_build("App_Build", "ci", Some("main"));
        simulator.merge(ours, into);
        let step = if command == "cancel" {
            Step::new()
                .argument("cancel")
                .set("BITBUCKET_BUILD_NUMBER", "11")
        } else {
            Step::new().set("SUPERSEDE", "true").set("WAIT", "false")
        };
        step.run(&simulator).await.ends_with(0);
        assert!(!canceled(&of(&simulator, into)), "{command}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_merge_at_each_moment_ends_as_the_survivor_does() {
    for at in 1..25 {
        for (outcome, status) in [(Outcome::Success, 0), (Outcome::Failure, 1)] {
            let plan = Plan::new()
                .queued_for(seconds(30))
                .runs_for(seconds(20))
                .outcome(outcome);
            let simulator = Simulator::start(Scenario::new().plan("App_Build", plan));
            let ran = while_running(Step::new(), &simulator, seconds(at), |simulator| {
                let others = simulator.queue_build("App_Build", "ci", Some("main"));
                simulator.merge(simulator.builds()[0].id, others);
            })
            .await;
            ran.ends_with(status);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_survivor_of_another_commit_is_no_success_and_is_not_canceled() {
    let simulator =
        Simulator::start(Scenario::new().plan("App_Build", Plan::new().queued_for(seconds(30))));
    let mut others = 0;
    let ran = while_running(Step::new(), &simulator, seconds(10), |simulator| {
        simulator.add_change("App_Git", "main", NEW);
        others = simulator.queue_build("App_Build", "ci", Some("main"));
        simulator.merge(simulator.builds()[0].id, others);
    })
    .await;
    assert_eq!(of(&simulator, others).revisions[0].version, NEW);
    ran.ends_with(4);
    assert!(!canceled(&of(&simulator, others)));
}

#[tokio::test(start_paused = true)]
async fn others_may_cancel_or_delete_the_build_at_any_moment() {
    for at in [1, 5, 20, 31, 45] {
        for delete in [false, true] {
            let plan = Plan::new().queued_for(seconds(30)).runs_for(seconds(30));
            let simulator = Simulator::start(Scenario::new().plan("App_Build", plan));
            let ran = while_running(Step::new(), &simulator, seconds(at), |simulator| {
                let id = simulator.builds()[0].id;
                if delete {
                    simulator.delete_build(id);
                } else {
                    simulator.cancel_build(id, "ci", "not today");
                }
            })
            .await;
            ran.ends_with(2);
            assert!(ran.took < seconds(at + 60), "{at}: {:?}", ran.took);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn parallel_steps_of_one_pipeline_have_a_build_each_and_stop_their_own() {
    let simulator = Simulator::start(Scenario::new().plan("App_Build", long()));
    let one = Step::new()
        .stopped_after(seconds(40))
        .set("BITBUCKET_PARALLEL_STEP", "0");
    let other = Step::new().set("BITBUCKET_PARALLEL_STEP", "1").set(
        "BITBUCKET_STEP_UUID",
        "{aaaaaaaa-9a2b-45ab-93ae-04b0f5dfd6b5}",
    );
    let (one, other) = tokio::join!(one.run(&simulator), other.run(&simulator));
    one.ends_with(143);
    other.ends_with(0);
    let builds = simulator.builds();
    assert_eq!(builds.len(), 2);
    assert_eq!(builds.iter().filter(|build| canceled(build)).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_build_that_another_step_queued_and_this_one_joined_is_not_this_ones_to_cancel() {
    let simulator = Simulator::start(Scenario::new().plan("App_Build", long()));
    Step::new()
        .set("WAIT", "false")
        .run(&simulator)
        .await
        .ends_with(0);
    simulator.start_build(simulator.builds()[0].id);
    let joins = Step::new()
        .set("REUSE", "running")
        .set(
            "BITBUCKET_STEP_UUID",
            "{aaaaaaaa-9a2b-45ab-93ae-04b0f5dfd6b5}",
        )
        .set("TIMEOUT", "60s");
    joins
        .run(&simulator)
        .await
        .ends_with(124)
        .says("left alone");
    assert_eq!(simulator.builds().len(), 1);
    assert!(!canceled(&simulator.builds()[0]));
}

// --- once, and this one ------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn the_same_request_twice_in_a_step_is_two_builds_also_when_the_second_answer_is_lost() {
    for kind in [
        FaultKind::ResetBeforeRead,
        FaultKind::ResetAfterActing,
        FaultKind::Html502BeforeActing,
        FaultKind::Html502AfterActing,
        FaultKind::Status500,
    ] {
        let simulator = Simulator::start(
            Scenario::new()
                .plan("App_Build", short())
                .plan("App_Build", short().outcome(Outcome::Failure)),
        );
        Step::new().run(&simulator).await.ends_with(0);
        simulator.fault(
            Fault::new(kind.clone())
                .on(Matcher::resource(Resource::QueueBuild))
                .times(1),
        );
        let ran = Step::new().run(&simulator).await;
        assert_eq!(
            ran.status, 1,
            "{kind:?}: green by an earlier build\n{}",
            ran.output
        );
        assert_eq!(simulator.builds().len(), 2, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn requests_that_differ_in_an_option_alone_are_different_builds() {
    for (name, value) in [
        ("AGENT_ID", "1"),
        ("PERSONAL", "true"),
        ("CLEAN_SOURCES", "true"),
        ("REBUILD_DEPENDENCIES", "all"),
        ("TAGS", "nightly"),
        ("COMMENT", "the second"),
        ("SETTINGS", "vcs"),
    ] {
        let simulator = Simulator::start(Scenario::new().plan("App_Build", long()));
        Step::new()
            .set("WAIT", "false")
            .run(&simulator)
            .await
            .ends_with(0);
        let ran = Step::new()
            .set("WAIT", "false")
            .set(name, value)
            .run(&simulator)
            .await;
        ran.ends_with(0);
        assert_eq!(simulator.builds().len(), 2, "{name}: {}", ran.output);
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_that_runs_again_after_a_finished_build_queues_a_new_one() {
    let simulator = Simulator::start(
        Scenario::new()
            .plan("App_Build", short().outcome(Outcome::Failure))
            .plan("App_Build", short()),
    );
    Step::new().run(&simulator).await.ends_with(1);
    Step::new()
        .set("BITBUCKET_STEP_RUN_NUMBER", "2")
        .run(&simulator)
        .await
        .ends_with(0);
    assert_eq!(simulator.builds().len(), 2);
}

fn from_the_second_queue_request_on(simulator: &Simulator, kind: &FaultKind) {
    // Each counts those that the ones before it have let pass: the first request.
    for _ in 0..300 {
        simulator.fault(
            Fault::new(kind.clone())
                .on(Matcher::resource(Resource::QueueBuild))
                .nth(2),
        );
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_builds_the_first_goes_on_when_the_second_is_refused_and_the_step_is_red() {
    for kind in [FaultKind::NotFound404, FaultKind::Unauthorized401] {
        let simulator = Simulator::start(
            Scenario::new()
                .build_type(BuildType::new("App_Test").roots(["App_Git"]))
                .latency(Duration::from_millis(10))
                .plan("App_Build", short()),
        );
        let step = Step::new().set("BUILD_TYPE_ID", "App_Build,App_Test");
        from_the_second_queue_request_on(&simulator, &kind);
        let ran = step.run(&simulator).await;
        ran.ends_with(4);
        assert_eq!(simulator.builds().len(), 1, "{kind:?}");
        assert!(
            simulator
                .builds()
                .iter()
                .all(|build| build.state == "finished")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_builds_the_first_is_canceled_when_the_server_goes_away_before_the_second() {
    let simulator = Simulator::start(
        Scenario::new()
            .build_type(BuildType::new("App_Test").roots(["App_Git"]))
            .latency(Duration::from_millis(10))
            .plan("App_Build", long()),
    );
    let step = Step::new()
        .set("BUILD_TYPE_ID", "App_Build,App_Test")
        .set("RETRY_FOR", "1m");
    from_the_second_queue_request_on(&simulator, &FaultKind::Html502BeforeActing);
    let ran = step.run(&simulator).await;
    ran.ends_with(5);
    assert!(simulator.builds().iter().all(canceled));
}

#[tokio::test(start_paused = true)]
async fn clocks_that_differ_change_nothing() {
    // The server's clock stands in January 2026, whatever ours says.
    let simulator = Simulator::start(Scenario::new().plan("App_Build", short()));
    Step::new()
        .set("SUPERSEDE", "true")
        .set("REUSE", "success")
        .run(&simulator)
        .await
        .ends_with(0);
}

// --- stop --------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn a_stop_while_the_server_is_away_cancels_if_it_comes_back_in_time() {
    for kind in [
        FaultKind::Refused,
        FaultKind::Maintenance503,
        FaultKind::HangBeforeActing,
        FaultKind::Html502BeforeActing,
        FaultKind::ResetBeforeRead,
        FaultKind::Unauthorized401,
        FaultKind::LoginPage200,
    ] {
        // The token is not tried so often that TeamCity would lock it.
        let latest = if kind == FaultKind::Unauthorized401 {
            5
        } else {
            7
        };
        for (queued, back) in [
            (true, 3),
            (true, 5),
            (true, 7),
            (false, 3),
            (false, 5),
            (false, 7),
        ] {
            if back > latest {
                continue;
            }
            let plan = Plan::new()
                .queued_for(seconds(if queued { 90 } else { 5 }))
                .runs_for(seconds(3600));
            let simulator = Simulator::start(Scenario::new().plan("App_Build", plan));
            let step = Step::new().stopped_after(seconds(30));
            let injected = kind.clone();
            // Away from two seconds before the stop on.
            let ran = while_running(step, &simulator, seconds(28), |simulator| {
                let fault = Fault::new(injected).on(Matcher::any());
                simulator.fault(fault.for_duration(seconds(2 + back)));
            })
            .await;
            ran.ends_with(143);
            assert!(ran.took <= seconds(39), "{kind:?}: {:?}", ran.took);
            assert!(
                canceled(&simulator.builds()[0]),
                "{kind:?}, back after {back} s, queued {queued}\n{}",
                ran.output
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_revoked_while_stopping_ends_in_time_and_is_said() {
    let simulator = Simulator::start(Scenario::new().plan("App_Build", long()));
    let step = Step::new().stopped_after(seconds(30));
    let ran = while_running(
        step,
        &simulator,
        Duration::from_millis(29_900),
        |simulator| {
            simulator.revoke_token(Scenario::TOKEN);
        },
    )
    .await;
    ran.ends_with(143).says("Could not cancel");
    assert!(ran.took <= seconds(39));
}

#[tokio::test(start_paused = true)]
async fn a_slow_server_changes_nothing_but_the_time() {
    for latency in [5, 20] {
        let scenario = Scenario::new()
            .plan("App_Build", short())
            .latency(seconds(latency));
        let simulator = Simulator::start(scenario);
        Step::new().run(&simulator).await.ends_with(0);
        assert_eq!(simulator.builds().len(), 1);
    }
    let scenario = Scenario::new()
        .plan("App_Build", long())
        .latency(seconds(3));
    let simulator = Simulator::start(scenario);
    let ran = Step::new().stopped_after(seconds(70)).run(&simulator).await;
    ran.ends_with(143);
    assert!(ran.took <= seconds(79));
    assert!(canceled(&simulator.builds()[0]), "{}", ran.output);
}

#[test]
fn signals_to_the_binary_at_every_moment_even_twice_leave_nothing() {
    std::thread::scope(|scope| {
        for (signal, number) in [("TERM", 143), ("INT", 130)] {
            for requests in 1..=12 {
                scope.spawn(move || {
                    let running = Step::new().spawn(Scenario::new().plan("App_Build", long()), "");
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .build()
                        .unwrap();
                    runtime.block_on(
                        running
                            .simulator
                            .wait_until(|view| view.requests.len() >= requests),
                    );
                    running.signal(signal);
                    // The second may find nobody.
                    let _ = Command::new("kill")
                        .args(["-TERM", &running.child.id().to_string()])
                        .status();
                    let (ran, simulator) = running.wait();
                    assert!(
                        ran.status == number || ran.status == 143,
                        "{} after {requests} requests: {}",
                        ran.status,
                        ran.output
                    );
                    assert!(
                        simulator.builds().iter().all(canceled),
                        "{signal} after {requests} requests: {}",
                        ran.output
                    );
                });
            }
        }
    });
}

#[tokio::test(start_paused = true)]
async fn what_was_started_without_waiting_is_left_alone_by_a_later_stop_but_not_by_cancel() {
    let simulator = Simulator::start(Scenario::new().plan("App_Build", long()));
    Step::new()
        .set("WAIT", "false")
        .run(&simulator)
        .await
        .ends_with(0);
    assert!(!canceled(&simulator.builds()[0]));
    let second = Step::new()
        .unset("BUILD_TYPE_ID")
        .set("BUILD_ID", &simulator.builds()[0].id.to_string());
    second
        .stopped_after(seconds(20))
        .run(&simulator)
        .await
        .ends_with(143);
    assert!(
        canceled(&simulator.builds()[0]),
        "the second half of a start is this pipeline's own"
    );
}

// --- the right commit --------------------------------------------------------------------------------

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

// --- who asks ----------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn a_token_limited_to_a_project_works_in_it_and_is_told_so_outside() {
    let permissions = [
        "view_project",
        "run_build",
        "cancel_build",
        "customize_build_revisions",
    ];
    let grants = |project: &str| {
        permissions
            .map(|name| Grant::in_project(project, name))
            .to_vec()
    };
    for version in ["2021.1", "2025.11"] {
        let limited = Token::new("limited-token-of-one-project", "ci", "limited");
        let scenario = Scenario::new()
            .version(version)
            .plan("App_Build", short())
            .project(Project::new("Other"));
        let simulator = Simulator::start(
            scenario
                .clone()
                .token(limited.clone().limited_to(grants("App"))),
        );
        let ran = Step::new()
            .set("TEAMCITY_TOKEN", "limited-token-of-one-project")
            .run(&simulator)
            .await;
        ran.ends_with(0);
        let simulator = Simulator::start(scenario.token(limited.limited_to(grants("Other"))));
        let ran = Step::new()
            .set("TEAMCITY_TOKEN", "limited-token-of-one-project")
            .run(&simulator)
            .await;
        ran.ends_with(4).says("scope");
        assert!(simulator.builds().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_finish_starting_is_refused_with_what_to_do() {
    let simulator = Simulator::start(Scenario::new());
    simulator.set_mode(Mode::Starting);
    let ran = Step::new().set("RETRY_FOR", "2m").run(&simulator).await;
    ran.ends_with(5).says("RETRY_FOR");
}

#[tokio::test(start_paused = true)]
async fn a_branch_that_is_discovered_while_the_step_is_stopped_is_not_built() {
    let scenario = Scenario::new().undiscovered(
        "App_Git",
        "feature/new",
        NEW,
        Discovery::OnHook(seconds(40)),
    );
    let simulator = Simulator::start(scenario);
    let step = Step::new()
        .set("BITBUCKET_BRANCH", "feature/new")
        .set("BITBUCKET_COMMIT", NEW);
    step.stopped_after(seconds(20))
        .run(&simulator)
        .await
        .ends_with(143);
    tokio::time::sleep(seconds(60)).await;
    assert!(simulator.builds().is_empty());
}
