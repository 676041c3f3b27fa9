//! Whatever steps do and whatever happens to them: once the pipelines and the builds have ended, one `sweep` leaves no open row.

use proptest::prelude::*;
use teamcity_simulator::Outcome;

use super::{APP, ENDED, Sides, auto, parallel, plan, s};
use crate::pipe::Step;

/// What happens.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// A step queues builds, and goes on to its end or is ended early.
    Step {
        pipeline: u64,
        number: u64,
        run: u64,
        how: How,
        ends: Ends,
    },
    /// `cancel` in an after-script, or in a step of its own.
    Cancel {
        pipeline: u64,
        number: u64,
        exit_code: Option<u8>,
    },
    /// A step follows what was started.
    Follow { pipeline: u64, ends: Ends },
    /// A person ends a build.
    Person { build: usize },
    /// Time passes.
    Wait { seconds: u64 },
}

#[derive(Debug, Clone, Copy)]
enum How {
    Waits,
    Starts,
    Reuses,
    Supersedes,
    Keeps,
    Two,
}

#[derive(Debug, Clone, Copy)]
enum Ends {
    Itself,
    Killed(u64),
    Stopped(u64),
    TimedOut,
}

fn ends() -> impl Strategy<Value = Ends> {
    prop_oneof![
        1 => Just(Ends::Itself),
        3 => (0..200_u64).prop_map(Ends::Killed),
        2 => (0..200_u64).prop_map(Ends::Stopped),
        1 => Just(Ends::TimedOut),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let how = prop_oneof![
        3 => Just(How::Waits),
        1 => Just(How::Starts),
        1 => Just(How::Reuses),
        1 => Just(How::Supersedes),
        1 => Just(How::Keeps),
        1 => Just(How::Two),
    ];
    let code = prop_oneof![Just(None), Just(Some(0)), Just(Some(137))];
    prop_oneof![
        6 => (11..15_u64, 0..2_u64, 1..3_u64, how, ends()).prop_map(|(pipeline, number, run, how, ends)| Act::Step { pipeline, number, run, how, ends }),
        2 => (11..15_u64, 0..2_u64, code).prop_map(|(pipeline, number, exit_code)| Act::Cancel { pipeline, number, exit_code }),
        2 => (11..15_u64, ends()).prop_map(|(pipeline, ends)| Act::Follow { pipeline, ends }),
        1 => (0..8_usize).prop_map(|build| Act::Person { build }),
        1 => (1..300_u64).prop_map(|seconds| Act::Wait { seconds }),
    ]
}

fn ended(step: Step, ends: Ends) -> Step {
    match ends {
        Ends::Itself => step,
        Ends::Killed(after) => step.killed_after(s(after)),
        Ends::Stopped(after) => step.stopped_after(s(after)),
        Ends::TimedOut => step.set("TIMEOUT", "50s"),
    }
}

async fn play(sides: &Sides, act: Act) {
    match act {
        Act::Step {
            pipeline,
            number,
            run,
            how,
            ends,
        } => {
            let step = parallel(sides.step_of(pipeline), number);
            let step = step.set("BITBUCKET_STEP_RUN_NUMBER", &run.to_string());
            let step = match how {
                How::Waits => step,
                How::Starts => step.set("WAIT", "false").set("BUILD_STATUS", "true"),
                How::Reuses => step.set("REUSE", "running"),
                How::Supersedes => step.set("SUPERSEDE", "true"),
                How::Keeps => step.set("CANCEL_ON_STOP", "false"),
                How::Two => step.set("BUILD_TYPE_ID", "App_Build,App_Test"),
            };
            ended(step, ends).run(&sides.teamcity).await;
        }
        Act::Cancel {
            pipeline,
            number,
            exit_code,
        } => {
            let mut step = parallel(sides.step_of(pipeline), number);
            if let Some(code) = exit_code {
                step = step.set("BITBUCKET_EXIT_CODE", &code.to_string());
            }
            sides.cancel(step).await.ends_with(0);
        }
        Act::Follow { pipeline, ends } => {
            let step = auto(sides.step_of(pipeline));
            ended(step, ends).run(&sides.teamcity).await;
        }
        Act::Person { build } => {
            if let Some(build) = sides.teamcity.builds().get(build) {
                sides.teamcity.cancel_build(build.id, "ci", "not today");
            }
        }
        Act::Wait { seconds } => tokio::time::sleep(s(seconds)).await,
    }
}

mod campaign {
    use super::*;
    use crate::campaign::is_whole;

    #[test]
    fn no_row_stays_open_after_one_sweep() {
        let config = ProptestConfig {
            cases: if is_whole() { 200 } else { 24 },
            rng_seed: proptest::test_runner::RngSeed::Fixed(12),
            failure_persistence: None,
            max_shrink_iters: 200,
            ..ProptestConfig::default()
        };
        proptest!(config, |(acts in prop::collection::vec(act(), 1..7), side_by_side in any::<bool>())| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(async {
                let sides = Sides::new([
                    plan(100, Outcome::Success),
                    plan(100, Outcome::Failure),
                    plan(1000, Outcome::Success),
                ]);
                if side_by_side {
                    futures_util::future::join_all(acts.iter().map(|act| play(&sides, *act))).await;
                } else {
                    for act in &acts {
                        play(&sides, *act).await;
                    }
                }
                // Somebody else's builds that were joined end too.
                for number in 11..15 {
                    sides.bitbucket.set_pipeline(APP, &number.to_string(), ENDED);
                }
                tokio::time::sleep(s(2000)).await;
                sides.sweep().await.ends_with(0);
                let open = sides.bitbucket.open_statuses(APP);
                assert!(open.is_empty(), "{open:?}\n{acts:?}");
                let open = sides.bitbucket.open_reports(APP);
                assert!(open.is_empty(), "{open:?}\n{acts:?}");
            });
        });
    }
}
