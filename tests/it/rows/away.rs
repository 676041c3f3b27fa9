//! Bitbucket is away: it costs six seconds, once, and one warning.

use std::time::Duration;

use teamcity_simulator::bitbucket::{Breakdown, Fault};
use teamcity_simulator::{Outcome, Scenario};

use super::{Sides, plan, s};

fn faults() -> [Fault; 5] {
    [
        Fault::Refuse,
        Fault::Hang,
        Fault::Status(503),
        Fault::TooMany { retry_after: None },
        Fault::TooMany {
            retry_after: Some(Duration::from_secs(3600)),
        },
    ]
}

#[tokio::test(start_paused = true)]
async fn a_bitbucket_that_is_away_costs_six_seconds_and_one_warning() {
    let sides = Sides::new([plan(60, Outcome::Success)]);
    let usual = sides.step().run(&sides.teamcity).await.took;
    for fault in faults() {
        let sides = Sides::new([plan(60, Outcome::Success)]);
        sides.bitbucket.break_down("", fault);
        let ran = sides.step().run(&sides.teamcity).await;
        ran.ends_with(0);
        assert!(
            ran.took <= usual + s(6),
            "{fault:?}: {:?}, else {usual:?}",
            ran.took
        );
        assert_eq!(
            ran.output.matches('⚠').count(),
            1,
            "{fault:?}: {}",
            ran.output
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_row_is_closed_also_after_bitbucket_was_away_at_the_start() {
    for fault in faults() {
        let sides = Sides::new([plan(60, Outcome::Failure)]);
        sides.bitbucket.break_down("", fault);
        let repairs = async {
            tokio::time::sleep(s(40)).await;
            sides.bitbucket.repair();
        };
        let step = sides.step().run(&sides.teamcity);
        let (ran, ()) = tokio::join!(step, repairs);
        ran.ends_with(1).says_not("⚠");
        assert_eq!(sides.states(Scenario::COMMIT), ["FAILED"], "{fault:?}");
        sides.nothing_is_open();
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_that_was_opened_is_closed_in_the_two_seconds_that_are_kept() {
    // The first tries of the closing post are lost.
    let sides = Sides::new([plan(60, Outcome::Success)]);
    let breaks = async {
        tokio::time::sleep(s(30)).await;
        let lost = Breakdown::of(Fault::Status(503)).times(2);
        sides.bitbucket.add_fault(lost);
    };
    let (ran, ()) = tokio::join!(sides.step().run(&sides.teamcity), breaks);
    ran.ends_with(0);
    assert_eq!(sides.states(Scenario::COMMIT), ["SUCCESSFUL"]);
    sides.nothing_is_open();
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_over_within_ten_seconds_with_bitbucket_away() {
    for fault in faults() {
        let sides = Sides::new([plan(3600, Outcome::Success)]);
        let breaks = async {
            tokio::time::sleep(s(30)).await;
            sides.bitbucket.break_down("", fault);
        };
        let step = sides.step().stopped_after(s(60));
        let (ran, ()) = tokio::join!(step.run(&sides.teamcity), breaks);
        ran.ends_with(143);
        assert!(ran.took <= s(70), "{fault:?}: {:?}", ran.took);
        assert_eq!(sides.canceled(), [true]);
    }
}

#[tokio::test(start_paused = true)]
async fn cancel_cancels_all_the_same_and_says_once_what_may_be_open() {
    for fault in faults() {
        let sides = Sides::new([plan(3600, Outcome::Success)]);
        let step = sides.step().killed_after(s(60));
        step.run(&sides.teamcity).await.ends_with(137);
        sides.bitbucket.break_down("", fault);
        let ran = sides.cancel(sides.step()).await;
        ran.ends_with(0).says("may still be");
        assert_eq!(ran.output.matches('⚠').count(), 1, "{}", ran.output);
        assert!(ran.took <= s(7), "{fault:?}: {:?}", ran.took);
        assert_eq!(sides.canceled(), [true]);
    }
}
