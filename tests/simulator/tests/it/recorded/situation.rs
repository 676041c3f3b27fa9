//! How the server was when it was asked.

use std::time::Duration;

use serde_json::{Value, json};
use teamcity_simulator::{
    Artifact, Broken, BuildType, Dependency, Doubts, FailedTest, LogScript, Outcome, Plan, Problem,
    Project, Scenario, Simulator, Tests, User,
};

use super::record::Record;
use crate::client::{post, queue, queue_with};

const S: fn(u64) -> Duration = Duration::from_secs;

/// A server, and the builds that a record speaks of.
pub(super) struct Stage {
    pub(super) simulator: Simulator,
    id: u64,
    other: u64,
}

impl Stage {
    /// A text with the builds' numbers in their places.
    pub(super) fn named(&self, text: &str) -> String {
        text.replace("{id}", &self.id.to_string())
            .replace("{other}", &self.other.to_string())
            .replace("{commit}", Scenario::COMMIT)
    }
}

fn log() -> LogScript {
    LogScript::new()
        .prepared(S(0))
        .open(S(1), "Step 1/1: Test (Command Line)")
        .lines(S(1), (1..12).map(|line| format!("line {line}")))
        .warning(S(2), "Process exited with code 1")
        .error(
            S(2),
            "Process exited with code 1 (Step: Test (Command Line))",
        )
        .failure(S(2), "com.example.A.a failed")
        .close(S(2))
        .error(S(2), "Step Test (Command Line) failed")
        .open(S(3), "Publishing internal artifacts")
        .line(S(3), "Publishing 1 file using [WebPublisher]: target/x.zip")
        .close(S(3))
        .open(S(3), "Publishing artifacts")
        .close(S(3))
}

fn red() -> Plan {
    Plan::new()
        .queued_for(S(2))
        .runs_for(S(30))
        .outcome(Outcome::Failure)
        .log(log())
        .tests(
            Tests::passed(0).failed([FailedTest::new("suite: com.example.A.a", "trace").newly()]),
        )
        .problems([
            Problem::exit_code(1, "Test (Command Line)").newly(),
            Problem::new("custom", "synthetic build problem").newly(),
        ])
}

fn chain() -> Scenario {
    Scenario::new()
        .build_type(BuildType::new("App_Test"))
        .build_type(
            BuildType::new("App_All")
                .composite()
                .depends_on([Dependency::on("App_Test")]),
        )
}

async fn after(simulator: Simulator, build_type: &str, seconds: u64) -> Stage {
    let id = queue(&simulator, build_type).await;
    tokio::time::advance(S(seconds)).await;
    Stage {
        simulator,
        id,
        other: 0,
    }
}

/// Brings a server into the situation of a record.
pub(super) async fn stage(record: &Record, version: &str) -> Stage {
    let start = |scenario: Scenario| Simulator::start(scenario.version(version));
    let plan = |plan: Plan| start(Scenario::new().plan("App_Build", plan));
    let none = |simulator: Simulator| Stage {
        simulator,
        id: 0,
        other: 0,
    };
    match record.situation.as_str() {
        "nothing" => none(start(Scenario::new())),
        "queued" => after(plan(Plan::new().queued_for(S(1000))), "App_Build", 0).await,
        "running" => after(plan(Plan::new().log(log())), "App_Build", 20).await,
        "finished" => {
            let files = [Artifact::new("logs/out.txt", "0123456789")];
            after(
                plan(Plan::new().log(log()).artifacts(files)),
                "App_Build",
                100,
            )
            .await
        }
        "on a cloud" => after(start(Scenario::new().cloud()), "App_Build", 100).await,
        "on its own root url" => {
            let scenario = Scenario::new().root_url("https://ci.example.org");
            after(start(scenario), "App_Build", 100).await
        }
        "failed" => after(plan(red()), "App_Build", 100).await,
        "with an exit code" => {
            let problem = Problem::exit_code(1, "Test (Command Line)").newly();
            let failing = Plan::new().outcome(Outcome::Failure).problems([problem]);
            after(plan(failing), "App_Build", 100).await
        }
        "a password parameter" => {
            let simulator = plan(Plan::new().queued_for(S(1000)));
            let property = json!([{"name": "env.SECRET", "value": "x", "type": {"rawValue": "password display='hidden'"}}]);
            let id = queue_with(
                &simulator,
                "App_Build",
                json!({"properties": {"property": property}}),
            )
            .await;
            Stage {
                simulator,
                id,
                other: 0,
            }
        }
        "on a feature branch" => {
            let simulator = plan(Plan::new());
            let id = queue_with(&simulator, "App_Build", json!({"branchName": "feature/x"})).await;
            Stage {
                simulator,
                id,
                other: 0,
            }
        }
        "without vcs" => {
            let scenario = Scenario::new().build_type(BuildType::new("App_Build"));
            after(start(scenario), "App_Build", 10).await
        }
        "chain" => after(start(chain()), "App_All", 100).await,
        "broken chain" => {
            let scenario = chain().plan("App_Test", Plan::new().outcome(Outcome::FailedToStart));
            after(start(scenario), "App_All", 100).await
        }
        "retried dependency" => {
            let then = Box::new(Plan::new());
            let retried = Plan::new().outcome(Outcome::Retried { at: S(10), then });
            after(start(chain().plan("App_Test", retried)), "App_All", 20).await
        }
        "never started" => {
            let failing = Plan::new()
                .outcome(Outcome::FailedToStart)
                .status_text("Unable to collect changes");
            after(plan(failing), "App_Build", 100).await
        }
        "canceled in the queue" => {
            let stage = after(plan(Plan::new().queued_for(S(1000))), "App_Build", 5).await;
            stage.simulator.cancel_build(stage.id, "ci", "not needed");
            tokio::time::advance(S(5)).await;
            stage
        }
        "canceled" => {
            let stage = after(plan(Plan::new()), "App_Build", 10).await;
            stage.simulator.cancel_build(stage.id, "ci", "not needed");
            tokio::time::advance(S(10)).await;
            stage
        }
        "commit gone" => {
            let scenario = Scenario::new().doubts(Doubts::default().lost_commit_cancels());
            let simulator = start(scenario);
            let revision = json!([{"version": "9".repeat(40), "vcsBranchName": "refs/heads/main",
                "vcs-root-instance": {"vcs-root-id": "App_Git"}}]);
            let id = queue_with(
                &simulator,
                "App_Build",
                json!({"revisions": {"revision": revision}}),
            )
            .await;
            tokio::time::advance(S(100)).await;
            Stage {
                simulator,
                id,
                other: 0,
            }
        }
        "dependency broke" => {
            let dependency =
                Dependency::on("App_Test").on_failure(teamcity_simulator::OnDependency::Cancel);
            let scenario = Scenario::new()
                .build_type(BuildType::new("App_Test").name("Test"))
                .build_type(BuildType::new("App_Deploy").depends_on([dependency]))
                .plan("App_Test", Plan::new().outcome(Outcome::Failure));
            after(start(scenario), "App_Deploy", 100).await
        }
        "over the limit of its branch" => {
            let of = BuildType::new("App_Build")
                .roots(["App_Git"])
                .most_in_branch(1);
            let stage = after(start(Scenario::new().build_type(of)), "App_Build", 10).await;
            queue(&stage.simulator, "App_Build").await;
            tokio::time::advance(S(10)).await;
            stage
        }
        "re-added" => {
            let then = Box::new(Plan::new().runs_for(S(100)));
            let broken = Broken::Stopped;
            let outcome = Outcome::ReAdded {
                broken,
                at: S(20),
                then,
            };
            let stage = after(
                plan(Plan::new().runs_for(S(100)).outcome(outcome)),
                "App_Build",
                30,
            )
            .await;
            let builds = stage.simulator.builds();
            let other = builds.iter().map(|build| build.id).min().unwrap();
            Stage { other, ..stage }
        }
        "three finished" => {
            let simulator = plan(Plan::new());
            for _ in 0..2 {
                queue(&simulator, "App_Build").await;
            }
            after(simulator, "App_Build", 100).await
        }
        "a late start" => {
            let scenario = Scenario::new()
                .plan("App_Build", Plan::new().queued_for(S(50)))
                .plan("App_Build", Plan::new().queued_for(S(1)));
            let simulator = start(scenario);
            let id = queue(&simulator, "App_Build").await;
            let other = queue(&simulator, "App_Build").await;
            tokio::time::advance(S(100)).await;
            Stage {
                simulator,
                id,
                other,
            }
        }
        "builds of every kind" => {
            let scenario = Scenario::new()
                .plan("App_Build", Plan::new())
                .plan("App_Build", Plan::new())
                .plan("App_Build", Plan::new().outcome(Outcome::FailedToStart))
                .plan("App_Build", Plan::new());
            let simulator = start(scenario);
            let id = queue(&simulator, "App_Build").await;
            queue_with(&simulator, "App_Build", json!({"branchName": "feature/x"})).await;
            queue(&simulator, "App_Build").await;
            queue_with(&simulator, "App_Build", json!({"personal": true})).await;
            let canceled = queue(&simulator, "App_Build").await;
            simulator.cancel_build(canceled, "ci", "");
            tokio::time::advance(S(100)).await;
            Stage {
                simulator,
                id,
                other: 0,
            }
        }
        "hidden" => {
            let scenario = Scenario::new()
                .project(Project::new("Secret"))
                .build_type(BuildType::new("Secret_Build").project("Secret"))
                .user(User::new("ci").no_permissions())
                .permission("ci", "App", "view_project");
            let simulator = start(scenario);
            let id = simulator.trigger_build("Secret_Build");
            Stage {
                simulator,
                id,
                other: 0,
            }
        }
        "an administrator" => {
            let person = User::new("ci").administrator();
            let admin = User::new("admin").administrator().password("admin123");
            none(start(Scenario::new().user(person).user(admin)))
        }
        "may not run" => none(start(Scenario::new().without_permission("ci", "run_build"))),
        "may not run, told in XML" => {
            let scenario = Scenario::new().doubts(Doubts::default().xml_denials());
            none(start(scenario.without_permission("ci", "run_build")))
        }
        "may not choose revisions" => {
            let scenario = Scenario::new();
            none(start(
                scenario.without_permission("ci", "customize_build_revisions"),
            ))
        }
        "paused" => none(start(Scenario::new().queue_paused(true))),
        "a token named mine" => {
            let simulator = start(Scenario::new());
            let made: Value = post(&simulator, "/app/rest/users/current/tokens/mine", json!({}))
                .await
                .json();
            assert!(made["value"].is_string(), "{made}");
            none(simulator)
        }
        other => panic!("no such situation: {other}"),
    }
}
