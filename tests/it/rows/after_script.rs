//! `cancel`: in an after-script its own step's, elsewhere the pipeline's.

use teamcity_simulator::{Outcome, Scenario};

use super::{Sides, parallel, plan, s};
use crate::pipe::Step;

fn after(step: Step, exit_code: &str) -> Step {
    step.set("BITBUCKET_EXIT_CODE", exit_code)
}

#[tokio::test(start_paused = true)]
async fn an_after_script_cancels_its_own_steps_builds_alone() {
    let sides = Sides::new([plan(600, Outcome::Success)]);
    let killed = parallel(sides.step(), 0).killed_after(s(60));
    let goes_on = parallel(sides.step(), 1);
    let settles = async {
        tokio::time::sleep(s(70)).await;
        let step = after(parallel(sides.step(), 0), "137");
        sides.cancel(step).await.ends_with(0);
    };
    let (one, other, ()) = tokio::join!(
        killed.run(&sides.teamcity),
        goes_on.run(&sides.teamcity),
        settles
    );
    one.ends_with(137);
    other.ends_with(0);
    assert_eq!(sides.canceled(), [true, false]);
    assert_eq!(sides.states(Scenario::COMMIT), ["STOPPED", "SUCCESSFUL"]);
    sides.nothing_is_open();
}

#[tokio::test(start_paused = true)]
async fn after_a_passed_step_what_it_only_started_goes_on() {
    for (exit_code, canceled) in [("0", false), ("1", true)] {
        let sides = Sides::new([plan(600, Outcome::Success)]);
        let step = sides.step().set("WAIT", "false");
        let step = step.set("BUILD_STATUS", "true");
        step.run(&sides.teamcity).await.ends_with(0);
        sides
            .cancel(after(sides.step(), exit_code))
            .await
            .ends_with(0);
        assert_eq!(sides.canceled(), [canceled], "{exit_code}");
        let state = if canceled { "STOPPED" } else { "INPROGRESS" };
        assert_eq!(sides.states(Scenario::COMMIT), [state]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_outlive_its_step_is_never_canceled() {
    let sides = Sides::new([plan(600, Outcome::Success)]);
    let step = sides.step().set("CANCEL_ON_STOP", "false");
    step.killed_after(s(60))
        .run(&sides.teamcity)
        .await
        .ends_with(137);
    for step in [after(sides.step(), "137"), sides.step()] {
        sides.cancel(step).await.ends_with(0).says("not canceled");
        assert_eq!(sides.canceled(), [false]);
        assert_eq!(sides.states(Scenario::COMMIT), ["STOPPED"]);
    }
    sides.nothing_is_open();
}

#[tokio::test(start_paused = true)]
async fn elsewhere_all_of_the_pipeline_is_canceled_and_nothing_of_others() {
    let sides = Sides::new([plan(600, Outcome::Success)]);
    for step in [
        parallel(sides.step(), 0).killed_after(s(30)),
        parallel(sides.step(), 1).set("WAIT", "false"),
        sides.step_of(13).killed_after(s(30)),
    ] {
        step.run(&sides.teamcity).await;
    }
    let step = parallel(sides.step(), 7);
    sides.cancel(step).await.ends_with(0);
    assert_eq!(sides.canceled(), [true, true, false]);
}
