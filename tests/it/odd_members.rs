//! Answers whose members have another kind than they should: what is only shown, or may be missing, decides nothing.

use std::time::Duration;

use teamcity_simulator::{
    FailedTest, Fault, FaultKind, Matcher, Outcome, Plan, Problem, Scenario, Simulator, Tests,
};

use crate::pipe::Step;

const MEMBERS: &[&str] = &[
    "statusText",
    "webUrl",
    "buildType.name",
    "agent.name",
    "projectName",
    "number",
    "agent",
    "queuedDate",
    "startDate",
    "finishDate",
    "startEstimate",
    "waitReason",
    "running-info",
    "percentageComplete",
    "elapsedSeconds",
    "estimatedTotalSeconds",
    "currentStageText",
    "tags",
    "comment",
    "triggered",
    "testOccurrences",
    "passed",
    "ignored",
    "muted",
    "newFailed",
    "duration",
    "details",
    "level",
    "blockType",
    "verbose",
    "composite",
    "personal",
    "expirationTime",
    "username",
    "email",
    "currentTime",
    "canceledInfo",
];

const VALUES: &[&str] = &[
    "null",
    "-1",
    "0.5",
    "1e999",
    "99999999999999999999",
    "\"7\"",
    "\"\"",
    "true",
    "[]",
    "{}",
    "[[{}]]",
];

mod campaign {
    use super::*;
    use crate::campaign::sample;

    #[tokio::test(start_paused = true)]
    async fn no_odd_value_of_what_is_only_shown_changes_the_end() {
        let cases = MEMBERS
            .iter()
            .flat_map(|name| VALUES.iter().map(move |value| (*name, *value)));
        let mut wrong = Vec::new();
        for (name, value) in sample(cases, 13) {
            for (outcome, status) in [(Outcome::Success, 0), (Outcome::Failure, 1)] {
                let fails = status == 1;
                let mut plan = Plan::new()
                    .runs_for(Duration::from_secs(20))
                    .outcome(outcome);
                if fails {
                    let tests = Tests::passed(3).failed([FailedTest::new("a.B.c", "trace")]);
                    plan = plan.tests(tests).problems([Problem::exit_code(1, "Test")]);
                }
                let simulator = Simulator::start(Scenario::new().plan("App_Build", plan));
                simulator.fault(
                    Fault::new(FaultKind::member(name, value))
                        .on(Matcher::any())
                        .always(),
                );
                let step = Step::new().set("RETRY_FOR", "20s").set("TIMEOUT", "5m");
                let ran = step.run(&simulator).await;
                if ran.status != status {
                    wrong.push(format!(
                        "{name}: {value} of {status} ends with {}\n{}",
                        ran.status, ran.output
                    ));
                }
            }
        }
        assert!(
            wrong.is_empty(),
            "{} end wrong:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
    }
}
