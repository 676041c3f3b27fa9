//! The fault campaign: each request of a whole run meets each fault, alone and in pairs, and each phase meets outages of
//! minutes. Whatever happens, the step ends as the build does, one build exists, and nothing is left behind.
//!
//! Here and in every module named `campaign`, `cargo test` runs a fixed sample of the cases. All of them:
//! `CAMPAIGNS=whole cargo test --test it campaign::`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use teamcity_simulator::{
    Discovery, Fault, FaultKind, Matcher, Outcome, Plan, Resource, Scenario, Simulator,
};

use crate::builds::NEW;
use crate::pipe::Step;

/// Whether campaigns run all their cases. Only for modules of that name, by which the command for all of them finds them.
pub fn is_whole() -> bool {
    let thread = std::thread::current();
    // With one thread of tests alone, it has no test's name.
    let test = thread.name().filter(|name| *name != "main");
    assert!(
        test.is_none_or(|test| test.contains("campaign::")),
        "{test:?} is in no module `campaign`"
    );
    std::env::var_os("CAMPAIGNS").is_some_and(|value| value == "whole")
}

/// The cases that run: all, or one of each `one_in`, from the first on. A number that shares no factor with a row's length
/// meets every column.
pub fn sample<T>(cases: impl IntoIterator<Item = T>, one_in: usize) -> impl Iterator<Item = T> {
    cases
        .into_iter()
        .step_by(if is_whole() { 1 } else { one_in })
}

/// A run that is put to the test.
#[derive(Clone, Copy)]
struct Subject {
    name: &'static str,
    outcome: fn() -> Outcome,
    status: u8,
    version: &'static str,
    new_branch: bool,
    search_lag: u64,
}

const SUCCESS: Subject = Subject {
    name: "a success",
    outcome: || Outcome::Success,
    status: 0,
    version: "2025.11",
    new_branch: false,
    search_lag: 0,
};
const FAILURE: Subject = Subject {
    name: "a failure, 2019.1",
    outcome: || Outcome::Failure,
    status: 1,
    version: "2019.1",
    ..SUCCESS
};
const NEW_BRANCH: Subject = Subject {
    name: "a new branch",
    new_branch: true,
    ..SUCCESS
};
const LAGGING: Subject = Subject {
    name: "a search that lags",
    search_lag: 12,
    ..SUCCESS
};

impl Subject {
    fn server(self) -> Simulator {
        let plan = Plan::new()
            .queued_for(Duration::from_secs(4))
            .runs_for(Duration::from_secs(14))
            .outcome((self.outcome)());
        let mut scenario = Scenario::new()
            .version(self.version)
            .plan("App_Build", plan)
            .search_lag(Duration::from_secs(self.search_lag));
        if self.new_branch {
            scenario = scenario.undiscovered(
                "App_Git",
                "feature/new",
                NEW,
                Discovery::OnHook(Duration::from_secs(5)),
            );
        }
        Simulator::start(scenario)
    }

    fn step(self) -> Step {
        let step = Step::new();
        if self.new_branch {
            step.set("BITBUCKET_BRANCH", "feature/new")
                .set("BITBUCKET_COMMIT", NEW)
        } else {
            step
        }
    }

    /// How many requests a run without faults makes, and which.
    async fn requests(self) -> Vec<Option<Resource>> {
        let server = self.server();
        self.step().run(&server).await.ends_with(self.status);
        server
            .requests()
            .iter()
            .map(|request| request.resource)
            .collect()
    }

    async fn meets(self, faults: Vec<Fault>) -> Result<(), String> {
        let server = self.server();
        for fault in faults {
            server.fault(fault);
        }
        let ran = self.step().run(&server).await;
        let mut wrong = Vec::new();
        if ran.status != self.status {
            wrong.push(format!("status {} instead of {}", ran.status, self.status));
        }
        let builds = server.builds();
        let canceled = builds
            .iter()
            .filter(|build| build.canceled_by.is_some())
            .count();
        match builds.len() - canceled {
            1 => {}
            0 => wrong.push("lost".to_owned()),
            many => wrong.push(format!("{many} builds")),
        }
        if builds.iter().any(|build| build.state != "finished") {
            wrong.push("orphaned".to_owned());
        }
        if ran.output.contains(Scenario::TOKEN) {
            wrong.push("token shown".to_owned());
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(format!("{}\n{}", wrong.join(", "), ran.output))
        }
    }
}

/// What was tried and what held.
#[derive(Default)]
struct Table {
    cells: BTreeMap<String, (u32, u32)>,
    broken: Vec<String>,
}

impl Table {
    fn add(&mut self, row: String, what: &str, result: Result<(), String>) {
        let cell = self.cells.entry(row.clone()).or_default();
        cell.0 += 1;
        match result {
            Ok(()) => cell.1 += 1,
            Err(why) => self.broken.push(format!("{row}, {what}: {why}")),
        }
    }

    #[track_caller]
    fn holds(&self, title: &str) {
        let mut text = format!("{title}\n");
        let mut sum = (0, 0);
        for (row, (tried, held)) in &self.cells {
            _ = writeln!(text, "  {row:<60} {tried:>5} tried {held:>5} held");
            sum = (sum.0 + tried, sum.1 + held);
        }
        println!(
            "{text}  {:<60} {:>5} tried {:>5} held",
            "in all", sum.0, sum.1
        );
        assert!(
            self.broken.is_empty(),
            "{} cells broke, the first:\n{}",
            self.broken.len(),
            self.broken.first().unwrap()
        );
    }
}

fn named(kind: &FaultKind) -> String {
    format!("{kind:?}").chars().take(40).collect()
}

fn nth(kind: &FaultKind, request: usize) -> Fault {
    Fault::new(kind.clone()).on(Matcher::any()).nth(request)
}

async fn each_request_meets_each_fault(subject: Subject) {
    let mut table = Table::default();
    let requests = subject.requests().await;
    let cases = requests.iter().enumerate().flat_map(|request| {
        FaultKind::all()
            .into_iter()
            .map(move |kind| (request, kind))
    });
    for ((index, resource), kind) in sample(cases, 17) {
        let result = subject.meets(vec![nth(&kind, index + 1)]).await;
        table.add(
            named(&kind),
            &format!("request {} {resource:?}", index + 1),
            result,
        );
    }
    table.holds(&format!(
        "{}: {} requests × each fault",
        subject.name,
        requests.len()
    ));
}

#[tokio::test(start_paused = true)]
async fn each_request_of_a_success_meets_each_fault() {
    each_request_meets_each_fault(SUCCESS).await;
}

#[tokio::test(start_paused = true)]
async fn each_request_of_a_failure_meets_each_fault() {
    each_request_meets_each_fault(FAILURE).await;
}

#[tokio::test(start_paused = true)]
async fn each_request_for_a_new_branch_meets_each_fault() {
    each_request_meets_each_fault(NEW_BRANCH).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_found_by_a_search_that_lags() {
    let mut table = Table::default();
    for kind in FaultKind::all() {
        let fault = Fault::new(kind.clone())
            .on(Matcher::resource(Resource::QueueBuild))
            .times(1);
        table.add(
            named(&kind),
            "the queue request",
            LAGGING.meets(vec![fault]).await,
        );
    }
    table.holds("the queue request × each fault, with a search that lags");
}

/// The queue request with one fault, and a later request with another.
async fn two_faults(gap: usize) {
    let queue = 1 + SUCCESS
        .requests()
        .await
        .iter()
        .position(|resource| *resource == Some(Resource::QueueBuild))
        .unwrap();
    let mut table = Table::default();
    let cases = FaultKind::all().into_iter().flat_map(|first| {
        FaultKind::all()
            .into_iter()
            .map(move |second| (first.clone(), second))
    });
    for (first, second) in sample(cases, 41) {
        // The fault that was injected first counts the queue request alone, and hides it from the other's count.
        let faults = vec![
            Fault::new(first.clone())
                .on(Matcher::resource(Resource::QueueBuild))
                .nth(1),
            Fault::new(second.clone())
                .on(Matcher::any())
                .nth(queue - 1 + gap),
        ];
        table.add(
            named(&first),
            &format!("then {second:?}"),
            SUCCESS.meets(faults).await,
        );
    }
    table.holds(&format!(
        "the queue request × each fault × request {gap} after it × each fault"
    ));
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_the_queue_request_and_of_the_next() {
    two_faults(1).await;
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_the_queue_request_and_of_the_second_after_it() {
    two_faults(2).await;
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_the_queue_request_and_of_the_third_after_it() {
    two_faults(3).await;
}

#[tokio::test(start_paused = true)]
async fn outages_of_minutes_in_each_phase() {
    let mut table = Table::default();
    let phases = [
        Resource::Server,
        Resource::CurrentUser,
        Resource::BuildType,
        Resource::Changes,
        Resource::Branches,
        Resource::Builds,
        Resource::QueueBuild,
        Resource::Build,
        Resource::Messages,
    ];
    for kind in [
        FaultKind::Refused,
        FaultKind::Maintenance503,
        FaultKind::Html502BeforeActing,
        FaultKind::HangBeforeActing,
        FaultKind::ResetBeforeRead,
    ] {
        for phase in phases {
            let server = SUCCESS.server();
            let from_here = server.clone();
            let fault = kind.clone();
            let run = SUCCESS.step().run(&server);
            let outage = async move {
                from_here
                    .wait_until(|view| {
                        view.requests
                            .iter()
                            .any(|request| request.resource == Some(phase))
                    })
                    .await;
                from_here.fault(
                    Fault::new(fault)
                        .on(Matcher::any())
                        .for_duration(Duration::from_secs(9 * 60)),
                );
            };
            let (ran, ()) = tokio::join!(run, outage);
            let builds = server.builds();
            let living = builds
                .iter()
                .filter(|build| build.canceled_by.is_none())
                .count();
            let result = if ran.status == 0 && living == 1 {
                Ok(())
            } else {
                Err(format!(
                    "status {}, {living} builds\n{}",
                    ran.status, ran.output
                ))
            };
            table.add(
                named(&kind),
                &format!("nine minutes after {phase:?}"),
                result,
            );
        }
    }
    table.holds("nine minutes of each outage × each phase");
}
