//! Queue requests that a balancer repeats, and requests that TeamCity merges in its queue.

use std::time::Duration;

use teamcity_simulator::{Doubts, Fault, FaultKind, Matcher, Plan, Resource, Scenario, Simulator};

use crate::pipe::{Ran, Step};

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn plan() -> Plan {
    Plan::new().queued_for(s(20)).runs_for(s(30))
}

fn server(scenario: Scenario) -> Simulator {
    Simulator::start(scenario.plan("App_Build", plan()))
}

fn repeated(simulator: &Simulator, kind: FaultKind) {
    let on = Matcher::resource(Resource::QueueBuild);
    simulator.fault(Fault::new(kind).on(on).times(1));
}

/// The numbers of builds that ended well, and of those that were canceled by us.
fn ends(simulator: &Simulator) -> (usize, usize) {
    let builds = simulator.builds();
    let good = builds
        .iter()
        .filter(|build| build.state == "finished" && build.status == Some("SUCCESS"))
        .count();
    let canceled = builds
        .iter()
        .filter(|build| build.canceled_by.is_some())
        .count();
    (good, canceled)
}

#[tokio::test(start_paused = true)]
async fn of_two_builds_of_a_repeated_request_one_is_kept_and_the_other_canceled_and_said() {
    for lag in [0, 15, 45] {
        let scenario = Scenario::new().search_lag(s(lag));
        let scenario = scenario.plan("App_Build", plan().runs_for(s(90)));
        let simulator = Simulator::start(scenario);
        repeated(&simulator, FaultKind::ActsTwice);
        let ran = Step::new().run(&simulator).await;
        ran.ends_with(0).says("Canceled the double");
        assert_eq!(ends(&simulator), (1, 1), "{}", ran.output);
    }
}

#[tokio::test(start_paused = true)]
async fn a_build_that_is_short_has_its_double_canceled_too() {
    let scenario = Scenario::new().search_lag(s(8));
    let quick = || Plan::new().queued_for(s(1)).runs_for(s(9));
    let scenario = scenario
        .plan("App_Build", quick().runs_for(s(300)))
        .plan("App_Build", quick());
    let simulator = Simulator::start(scenario);
    repeated(&simulator, FaultKind::ActsTwice);
    let ran = Step::new().run(&simulator).await;
    ran.ends_with(0).says("Canceled the double");
    assert_eq!(ends(&simulator), (1, 1), "{}", ran.output);
}

async fn with_merges(simulator: &Simulator, step: Step, merge: impl AsyncFnOnce(Simulator)) -> Ran {
    let (ran, ()) = tokio::join!(step.run(simulator), merge(simulator.clone()));
    ran
}

#[tokio::test(start_paused = true)]
async fn a_build_that_is_merged_twice_is_followed_to_the_last_whatever_becomes_of_its_id() {
    let forgets = || Doubts::default().merged_ids_forgotten();
    for (doubts, gap) in [(Doubts::default(), 7), (forgets(), 7), (forgets(), 4)] {
        let simulator = server(Scenario::new().doubts(doubts));
        let ran = with_merges(&simulator, Step::new(), async |world| {
            tokio::time::sleep(s(5)).await;
            let ours = world.builds()[0].id;
            let second = world.queue_build("App_Build", "ci", Some("main"));
            world.merge(ours, second);
            tokio::time::sleep(s(gap)).await;
            let third = world.queue_build("App_Build", "ci", Some("main"));
            world.merge(second, third);
        })
        .await;
        ran.ends_with(0).says("merged").says_not("deleted");
        assert_eq!(ends(&simulator).1, 0, "{}", ran.output);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_leaves_what_others_asked_for_and_takes_its_own_double() {
    let simulator = server(Scenario::new());
    let step = Step::new().stopped_after(s(15));
    let ran = with_merges(&simulator, step, async |world| {
        tokio::time::sleep(s(5)).await;
        let theirs = world.queue_build("App_Build", "ci", Some("main"));
        world.merge(world.builds()[0].id, theirs);
    })
    .await;
    ran.ends_with(143).says("not canceled");
    assert_eq!(ends(&simulator).1, 0);
    // Merged with its own double it is still its own.
    let simulator = server(Scenario::new());
    repeated(&simulator, FaultKind::ActsTwice);
    let step = Step::new().stopped_after(s(15));
    let ran = with_merges(&simulator, step, async |world| {
        world.wait_until(|view| view.builds.len() == 2).await;
        let builds = world.builds();
        world.merge(builds[1].id, builds[0].id);
    })
    .await;
    ran.ends_with(143);
    let living = simulator.builds();
    let living = living
        .iter()
        .filter(|build| build.canceled_by.is_none() && build.merged_into.is_none());
    assert_eq!(living.count(), 0, "{}", ran.output);
}

/// Repeats, merges and lags at random moments: the step ends as its build does, and nobody else's build is canceled.
mod campaign {
    use super::*;
    use crate::campaign::sample;

    /// Numbers that are as good as random, and always the same.
    struct Chance(u64);

    impl Chance {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % bound
        }
    }

    async fn one(seed: u64) -> Result<(), String> {
        let mut chance = Chance(seed.wrapping_mul(977).wrapping_add(13));
        let forgets = chance.below(3) == 0;
        // What is forgotten is found by a search, and not before the search knows it.
        let lag = if forgets { 0 } else { chance.below(20) };
        let doubts = if forgets {
            Doubts::default().merged_ids_forgotten()
        } else {
            Doubts::default()
        };
        let scenario = Scenario::new().doubts(doubts).search_lag(s(lag));
        let simulator = server(scenario);
        let repeats = chance.below(2) == 0;
        if repeats {
            repeated(&simulator, FaultKind::ActsTwice);
        }
        let stopped = (chance.below(4) == 0).then(|| 3 + chance.below(30));
        let (merges, first, second) = (chance.below(3), 1 + chance.below(10), chance.below(8));
        // Of an id that is forgotten, into which of two builds it went is known only to who looks in between.
        let second = if forgets { second.max(4) } else { second };
        let step = match stopped {
            Some(at) => Step::new().stopped_after(s(at)),
            None => Step::new(),
        };
        let mut theirs = Vec::new();
        let world = simulator.clone();
        let merging = async {
            tokio::time::sleep(s(first)).await;
            let mine = world.builds();
            let Some(mine) = mine.iter().find(|build| build.state == "queued") else {
                return;
            };
            let mut absorbed = mine.id;
            for _ in 0..merges {
                let next = world.queue_build("App_Build", "ci", Some("main"));
                theirs.push(next);
                world.merge(absorbed, next);
                absorbed = next;
                tokio::time::sleep(s(second)).await;
            }
        };
        let (ran, ()) = tokio::join!(step.run(&simulator), merging);
        let expected = if stopped.is_some_and(|at| s(at) < ran.took + s(1)) {
            143
        } else {
            0
        };
        // What the search did not show in time is left to `cancel`.
        if repeats && stopped.is_some_and(|at| at <= lag) {
            tokio::time::sleep(s(lag)).await;
            let step = Step::new().argument("cancel");
            step.run(&simulator).await.ends_with(0);
        }
        let builds = simulator.builds();
        let taken = theirs.iter().any(|id| {
            builds
                .iter()
                .any(|build| build.id == *id && build.canceled_by.is_some())
        });
        let own: Vec<_> = builds
            .iter()
            .filter(|build| !theirs.contains(&build.id) && build.merged_into.is_none())
            .collect();
        let kept = own.iter().filter(|build| build.canceled_by.is_none());
        let at_most = usize::from(expected == 0);
        let what = format!("repeats {repeats}, {merges} merges, stopped {stopped:?}");
        if ran.status != expected {
            Err(format!("{what}: status {}\n{}", ran.status, ran.output))
        } else if taken {
            Err(format!(
                "{what}: another's build was canceled\n{}",
                ran.output
            ))
        } else if kept.count() > at_most {
            Err(format!("{what}: a build is left behind\n{}", ran.output))
        } else {
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_step_ends_as_its_build_does_and_nobody_elses_is_canceled() {
        let mut broken = Vec::new();
        for seed in sample(0..200, 8) {
            if let Err(why) = one(seed).await {
                broken.push((seed, why));
            }
        }
        let seeds: Vec<u64> = broken.iter().map(|(seed, _)| *seed).collect();
        assert!(broken.is_empty(), "{seeds:?} broke: {}", broken[0].1);
    }
}
