//! Why a build ended decides how the step ends.

use std::time::Duration;

use teamcity_simulator::{
    BuildType, Dependency, Doubts, FailedTest, OnDependency, Outcome, Plan, Problem, Resource,
    Scenario, Simulator, Tests,
};

use crate::pipe::Step;

const LOST: &str = "2222222222222222222222222222222222222222";

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn plan() -> Plan {
    Plan::new().queued_for(s(2)).runs_for(s(20))
}

fn server(plan: Plan) -> Simulator {
    Simulator::start(Scenario::new().plan("App_Build", plan))
}

fn canceled_by_server(reason: &str) -> Outcome {
    Outcome::CanceledByServer {
        reason: reason.to_owned(),
        at: s(10),
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_teamcity_cannot_find_is_4_however_it_says_so() {
    for reason in [
        "Build revision not found",
        "Error while applying patch: cannot find commit 4f2a9c01d3b7",
    ] {
        let simulator = server(plan().outcome(canceled_by_server(reason)));
        let ran = Step::new().run(&simulator).await;
        ran.ends_with(4)
            .says("cannot find the commit")
            .says("REVISION: 'latest'")
            .says(reason);
        assert!(ran.took < s(25), "{:?}", ran.took);
    }
    let words = "Failed to perform checkout on agent: cannot find the revision in the repository";
    let failing = plan().outcome(Outcome::Failure).status_text(words);
    let ran = Step::new().run(&server(failing)).await;
    ran.ends_with(4).says("cannot find the commit").says(words);
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_is_gone_when_it_is_fetched_is_4() {
    for doubts in [Doubts::default(), Doubts::default().lost_commit_cancels()] {
        // TeamCity has the branch, and another commit in it.
        let scenario = Scenario::new().doubts(doubts).plan("App_Build", plan());
        let simulator = Simulator::start(scenario);
        let ran = Step::new()
            .set("BITBUCKET_COMMIT", LOST)
            .set("RETRY_FOR", "5s")
            .run(&simulator)
            .await;
        ran.ends_with(4);
    }
}

#[tokio::test(start_paused = true)]
async fn what_teamcity_cancels_for_other_reasons_is_2_with_its_words() {
    for reason in [
        "No idle agents for 10 minutes",
        "The limit of builds in the branch is reached",
    ] {
        let simulator = server(plan().outcome(canceled_by_server(reason)));
        let ran = Step::new().run(&simulator).await;
        ran.ends_with(2).says(reason);
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_builds_in_a_branch_that_cancels_ours_is_2_with_its_words() {
    let build_type = BuildType::new("App_Build").roots(["App_Git"]);
    let scenario = Scenario::new()
        .build_type(build_type.most_in_branch(1))
        .plan("App_Build", plan().runs_for(s(300)));
    let simulator = Simulator::start(scenario);
    let other = simulator.clone();
    let newer = async {
        tokio::time::sleep(s(60)).await;
        other.queue_build("App_Build", "ci", Some("main"));
    };
    let (ran, ()) = tokio::join!(Step::new().run(&simulator), newer);
    ran.ends_with(2)
        .says("limit of running builds in the branch");
}

/// `Top` needs `Part`, with these rules.
fn chain(
    top: BuildType,
    part: Plan,
    on_failure: OnDependency,
    on_cancel: OnDependency,
) -> Simulator {
    let depends = Dependency::on("Part")
        .on_failure(on_failure)
        .on_cancel(on_cancel);
    let scenario = Scenario::new()
        .build_type(BuildType::new("Part").roots(["App_Git"]))
        .build_type(top.roots(["App_Git"]).depends_on([depends]))
        .plan("Part", part)
        .plan("Top", plan());
    Simulator::start(scenario)
}

async fn top(simulator: &Simulator) -> crate::pipe::Ran {
    Step::new().set("BUILD_TYPE_ID", "Top").run(simulator).await
}

#[tokio::test(start_paused = true)]
async fn a_chain_ends_as_the_build_that_broke_it_did() {
    let failed = || {
        plan()
            .outcome(Outcome::Failure)
            .problems([Problem::exit_code(1, "Gradle")])
    };
    let canceled = || plan().outcome(canceled_by_server("No idle agents for 10 minutes"));
    let tops: [fn() -> BuildType; 2] = [
        || BuildType::new("Top"),
        || BuildType::new("Top").composite(),
    ];
    for rule in [
        OnDependency::RunAddProblem,
        OnDependency::FailToStart,
        OnDependency::Cancel,
    ] {
        for top_type in tops {
            let simulator = chain(top_type(), failed(), rule, rule);
            let ran = top(&simulator).await;
            ran.ends_with(1)
                .says("Problem: Part: Process exited with code 1 (Step: Gradle)");
            let simulator = chain(top_type(), canceled(), rule, rule);
            let ran = top(&simulator).await;
            ran.ends_with(2)
                .says("Problem: Part: canceled: No idle agents");
            let starts_not = plan()
                .outcome(Outcome::FailedToStart)
                .status_text("No such image");
            let ran = top(&chain(top_type(), starts_not, rule, rule)).await;
            ran.ends_with(2).says("No such image");
            let lost = plan().outcome(canceled_by_server("Build revision not found"));
            let ran = top(&chain(top_type(), lost, rule, rule)).await;
            ran.ends_with(4).says("cannot find the commit");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn failed_tests_anywhere_in_a_chain_are_1() {
    let tested = || {
        plan()
            .outcome(Outcome::Failure)
            .runs_for(s(40))
            .tests(Tests::passed(3).failed([FailedTest::new("app.SumTest.adds", "3 is not 4")]))
    };
    let starts_not = plan().outcome(Outcome::FailedToStart);
    for composite in [false, true] {
        let top_type = BuildType::new("Top").roots(["App_Git"]);
        let top_type = if composite {
            top_type.composite()
        } else {
            top_type
        };
        let on = |id: &str| {
            Dependency::on(id)
                .on_failure(OnDependency::FailToStart)
                .on_cancel(OnDependency::FailToStart)
        };
        let scenario = Scenario::new()
            .build_type(BuildType::new("Early").roots(["App_Git"]))
            .build_type(BuildType::new("Part").roots(["App_Git"]))
            .build_type(top_type.depends_on([on("Early"), on("Part")]))
            .plan("Early", starts_not.clone())
            .plan("Part", tested())
            .plan("Top", plan());
        let ran = top(&Simulator::start(scenario)).await;
        ran.ends_with(1).says("app.SumTest.adds");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dependency_that_is_retried_in_place_is_no_failure() {
    let retried = plan().outcome(Outcome::Retried {
        at: s(12),
        then: Box::new(plan()),
    });
    for composite in [false, true] {
        let top_type = BuildType::new("Top");
        let top_type = if composite {
            top_type.composite()
        } else {
            top_type
        };
        let rule = OnDependency::FailToStart;
        let ran = top(&chain(top_type, retried.clone(), rule, rule)).await;
        ran.ends_with(0).says_not("Problem:");
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_is_named_late_is_waited_for_and_counts_when_it_is_right() {
    for late in [
        plan().revisions_unknown_for(s(2)),
        plan().revisions_late(s(2)),
        plan().revisions_unknown_for(s(30)),
        plan().revisions_late(s(30)),
    ] {
        let simulator = server(late);
        let ran = Step::new().run(&simulator).await;
        ran.ends_with(0);
        assert!(simulator.builds()[0].canceled_by.is_none());
    }
    let wrong = plan()
        .revisions_unknown_for(s(25))
        .outcome(Outcome::BuildsOtherRevision(
            Scenario::OLDER_COMMIT.to_owned(),
        ));
    Step::new()
        .run(&server(wrong))
        .await
        .ends_with(4)
        .says("instead of");
}

#[tokio::test(start_paused = true)]
async fn a_green_build_whose_commit_is_never_named_is_5_and_says_why() {
    for silent in [
        plan().revisions_unknown_for(s(9999)),
        plan().revisions_late(s(9999)),
    ] {
        let simulator = server(silent.clone());
        let ran = Step::new().run(&simulator).await;
        ran.ends_with(5)
            .says("does not say which commit")
            .says("does not say yet which commit")
            .says_not("N/A");
        assert!(ran.took < s(70), "{:?}", ran.took);
        // Nothing was asked for that could be another.
        let simulator = server(silent);
        let step = Step::new()
            .set("REVISION", "latest")
            .unset("BITBUCKET_COMMIT");
        let ran = step.run(&simulator).await;
        assert!(matches!(ran.status, 0 | 5), "{}", ran.output);
    }
}

#[tokio::test(start_paused = true)]
async fn problems_and_tests_that_come_after_their_counters_are_shown() {
    let late = plan()
        .outcome(Outcome::Failure)
        .lists_late(Duration::from_millis(1500))
        .problems([Problem::new("App_Push", "The image can't be pushed")])
        .tests(Tests::passed(3).failed([FailedTest::new("app.SumTest.adds", "3 is not 4")]));
    let ran = Step::new().run(&server(late)).await;
    ran.ends_with(1)
        .says("Problem: The image can't be pushed")
        .says("app.SumTest.adds");
}

#[tokio::test(start_paused = true)]
async fn lists_that_never_come_are_waited_for_two_seconds_each_at_most() {
    let never = plan()
        .outcome(Outcome::Failure)
        .lists_late(s(9999))
        .tests(Tests::passed(3).failed([FailedTest::new("app.SumTest.adds", "3 is not 4")]));
    let simulator = server(never);
    let ran = Step::new().run(&simulator).await;
    ran.ends_with(1);
    let end = simulator.builds()[0].finished_at.unwrap();
    let asked = |request: &&teamcity_simulator::Recorded| {
        request.resource == Some(Resource::Problems) && request.at >= end
    };
    assert!(simulator.requests().iter().filter(asked).count() <= 4);
    assert!(ran.took < s(2 + 20 + 3 + 6), "{:?}", ran.took);
}

#[tokio::test(start_paused = true)]
async fn a_counter_that_says_less_than_its_list_hides_nothing() {
    for short in [1, 2, 100] {
        let counted = plan()
            .outcome(Outcome::Failure)
            .counters_short(short)
            .problems([Problem::new("App_Push", "The image can't be pushed")])
            .tests(Tests::passed(3).failed([
                FailedTest::new("app.SumTest.adds", "3 is not 4"),
                FailedTest::new("app.SumTest.subtracts", "3 is not 4"),
            ]));
        let ran = Step::new().run(&server(counted)).await;
        ran.ends_with(1)
            .says("2 failed tests")
            .says("app.SumTest.adds")
            .says("app.SumTest.subtracts")
            .says("The image can't be pushed");
    }
}
