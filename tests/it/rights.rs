//! Tokens with few rights: what a run does without, and what it never risks.

use std::time::Duration;

use teamcity_simulator::{Doubts, Fault, FaultKind, Matcher, Plan, Resource, Scenario, Simulator};

use crate::pipe::Step;

/// A server that takes comments and tags only from those who may comment and tag, which this token's user may not.
fn poor() -> Scenario {
    Scenario::new()
        .doubts(Doubts::default().extras_need_rights())
        .without_permission("ci", "comment_build")
        .without_permission("ci", "tag_build")
}

/// The first two queue requests are refused for comment and tags; the third is the one that counts.
fn lost(simulator: &Simulator, kind: FaultKind) {
    simulator.fault(
        Fault::new(kind)
            .on(Matcher::resource(Resource::QueueBuild))
            .nth(3),
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_that_may_not_comment_or_tag_runs_builds() {
    let simulator = Simulator::start(poor());
    let ran = Step::new().set("TAGS", "nightly").run(&simulator).await;
    ran.ends_with(0)
        .says("⚠ App_Build: the token's user may not comment builds")
        .says("⚠ App_Build: the token's user may not tag builds")
        .says("permission \"Tag build\" in the project App");
    let builds = simulator.builds();
    assert_eq!(builds.len(), 1);
    assert!(builds[0].tags.is_empty() && builds[0].comment.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_may_be_sent_is_sent() {
    let scenario = Scenario::new()
        .doubts(Doubts::default().extras_need_rights())
        .without_permission("ci", "comment_build");
    let simulator = Simulator::start(scenario);
    Step::new()
        .run(&simulator)
        .await
        .ends_with(0)
        .says("may not comment builds")
        .says_not("may not tag builds");
    let build = &simulator.builds()[0];
    assert!(build.comment.is_none() && !build.tags.is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_tags_a_lost_answer_is_found_by_what_else_is_known() {
    for kind in [FaultKind::ResetAfterActing, FaultKind::Html502AfterActing] {
        let simulator = Simulator::start(poor());
        lost(&simulator, kind);
        Step::new()
            .run(&simulator)
            .await
            .ends_with(0)
            .says("looking for the build before asking again");
        assert_eq!(simulator.builds().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn without_tags_a_lost_request_is_never_sent_again_blindly() {
    for kind in [FaultKind::ResetBeforeRead, FaultKind::Html502BeforeActing] {
        let simulator = Simulator::start(poor());
        lost(&simulator, kind);
        let ran = Step::new().run(&simulator).await;
        ran.ends_with(5)
            .says("a build may have been started")
            .says("\"Tag build\"");
        assert!(simulator.builds().is_empty(), "{}", ran.output);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_connection_was_never_read_and_is_tried_again() {
    let simulator = Simulator::start(poor());
    lost(&simulator, FaultKind::Refused);
    Step::new().run(&simulator).await.ends_with(0);
    assert_eq!(simulator.builds().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn of_two_builds_that_fit_none_is_taken() {
    let scenario = poor()
        .plan("App_Build", Plan::new().runs_for(Duration::from_secs(600)))
        .search_lag(Duration::from_secs(2));
    let simulator = Simulator::start(scenario);
    lost(&simulator, FaultKind::ResetAfterActing);
    // Somebody with the same login asks for the same while the answer is lost.
    let queued = async {
        while simulator.builds().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        simulator.queue_build("App_Build", "ci", None);
    };
    let (ran, ()) = tokio::join!(Step::new().run(&simulator), queued);
    ran.ends_with(5).says("2 builds match");
    assert_eq!(simulator.builds().len(), 2);
    assert!(
        simulator
            .builds()
            .iter()
            .all(|build| build.canceled_by.is_none()),
        "neither is known to be this step's"
    );
}

#[tokio::test(start_paused = true)]
async fn a_build_that_was_found_without_its_tag_is_never_canceled() {
    let simulator =
        Simulator::start(poor().plan("App_Build", Plan::new().runs_for(Duration::from_secs(3600))));
    lost(&simulator, FaultKind::ResetAfterActing);
    let ran = Step::new()
        .stopped_after(Duration::from_secs(120))
        .run(&simulator)
        .await;
    ran.ends_with(143).says("is not canceled");
    assert!(
        simulator.builds()[0].canceled_by.is_none(),
        "{}",
        ran.output
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_that_may_not_cancel_says_so_before_it_matters() {
    let simulator = Simulator::start(Scenario::new().without_permission("ci", "cancel_build"));
    Step::new()
        .run(&simulator)
        .await
        .ends_with(0)
        .says("⚠ App_Build: the token's user may not cancel builds")
        .says("Builds go on when the step is stopped");
    Step::new()
        .set("CANCEL_ON_STOP", "false")
        .run(&simulator)
        .await
        .ends_with(0)
        .says_not("may not cancel builds");
}
