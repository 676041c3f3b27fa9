//! Pictures in letters.

use super::*;
use crate::report::summary::sample;

fn picture(build: &BuildOutcome) -> String {
    let timeline = timeline(build).unwrap();
    let span = |span: &Option<Span>| {
        span.as_ref().map_or("-".to_owned(), |span| {
            format!("{}+{}", span.from, span.width)
        })
    };
    let mut lines = vec![timeline.summary];
    let marks: Vec<_> = timeline
        .marks
        .iter()
        .map(|mark| format!("{}@{}", mark.label, mark.at))
        .collect();
    lines.push(marks.join(" "));
    for row in timeline.rows {
        lines.push(format!(
            "{} {:<20} {:<16} {:<16} {:<16} {} | {}",
            if row.critical { "*" } else { " " },
            row.name,
            span(&row.blocked),
            span(&row.waiting),
            span(&row.running),
            row.waited,
            row.ran
        ));
    }
    lines.join("\n")
}

#[test]
fn a_chain_shows_who_waited_for_whom() {
    insta::assert_snapshot!(picture(&sample::failed_run().builds[0]));
}

#[test]
fn a_single_build_waits_and_runs() {
    insta::assert_snapshot!(picture(&sample::build("Shop_Build", Ending::Success)));
}

#[test]
fn a_chain_that_goes_round_in_circles_ends() {
    let mut outcome = sample::failed_run();
    for member in &mut outcome.builds[0].chain {
        member.depends_on = vec![BuildId(4702), BuildId(4704), BuildId(9), member.id];
    }
    assert!(timeline(&outcome.builds[0]).is_some());
}

#[test]
fn without_times_there_is_no_picture() {
    assert!(timeline(&BuildOutcome::unknown("A".into(), Ending::NotQueued)).is_none());
}

#[test]
fn times_out_of_order_stay_within_the_picture() {
    let mut build = sample::build("A", Ending::Success);
    std::mem::swap(&mut build.queued_at, &mut build.finished_at);
    let timeline = timeline(&build).unwrap();
    assert_eq!(timeline.rows.len(), 1);
}
