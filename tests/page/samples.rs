//! Sample outcomes, for unit tests and for `examples/page.rs`.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "each of its users takes some of it"
)]

use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta};
use teamcity_pipe::exit::ExitStatus;
use teamcity_pipe::outcome::whose::Told;
use teamcity_pipe::outcome::{
    BuildOutcome, BuiltChange, Cancellation, ChainBuild, Class, Comparison, Ending, FailedTest,
    Moment, Often, Problem, Quantity, Row, RunOutcome, TestCounts,
};
use teamcity_pipe::types::BuildId;

fn at(seconds: i64) -> Option<Moment> {
    let start: DateTime<FixedOffset> =
        DateTime::parse_from_rfc3339("2025-07-10T08:06:07+02:00").ok()?;
    start.checked_add_signed(TimeDelta::seconds(seconds))
}

fn run(builds: Vec<BuildOutcome>, status: ExitStatus) -> RunOutcome {
    RunOutcome {
        server_url: "https://tc.example.com".into(),
        label: None,
        builds,
        status,
        reason: None,
    }
}

/// A build that waited 35 s and ran for 4 min 5 s.
pub fn build(build_type: &str, ending: Ending) -> BuildOutcome {
    BuildOutcome {
        id: Some(BuildId(4711)),
        project: Some("Shop / Backend".into()),
        number: Some("1.2.57".into()),
        url: Some(format!(
            "https://tc.example.com/buildConfiguration/{build_type}/4711"
        )),
        branch: Some("feature/checkout".into()),
        revision: Some("0a1b2c3d4e5f60718293a4b5c6d7e8f901234567".into()),
        queued_at: at(0),
        started_at: at(35),
        finished_at: at(280),
        agent: Some("linux-7".into()),
        ..BuildOutcome::unknown(build_type.into(), ending)
    }
}

fn class_of(is_new: bool) -> Class {
    if is_new {
        Class::New
    } else {
        Class::AlsoOnDefault {
            since: Some(Told {
                name: "main #38".into(),
                url: Some("https://tc.example.com/build/4638".into()),
            }),
        }
    }
}

fn comparison() -> Comparison {
    let row = |of, here, there| Row { of, here, there };
    Comparison {
        with: Told {
            name: "main #41".into(),
            url: Some("https://tc.example.com/build/4641".into()),
        },
        branch: "main".into(),
        rows: vec![
            row(Quantity::Duration, 245_000, 230_000),
            row(Quantity::Lines, 8_412, 8_390),
            row(Quantity::Tests, 1_310, 1_298),
            row(Quantity::Artifacts, 48_300_000, 47_900_000),
        ],
    }
}

/// It failed in so many of the last 12 builds of `main`.
fn often(failed: usize) -> Often {
    Often {
        failed,
        ran: 12,
        branch: "main".into(),
    }
}

fn test(name: &str, details: Option<&str>, is_new: bool, within: Option<&str>) -> FailedTest {
    FailedTest {
        name: name.into(),
        details: details.map(Into::into),
        new_failure: is_new,
        class: class_of(is_new),
        often: None,
        duration: Some(Duration::from_millis(1_250)),
        within: within.map(Into::into),
    }
}

fn chained(id: u64, name: &str, ending: Ending, times: (i64, i64, i64), on: &[u64]) -> ChainBuild {
    ChainBuild {
        id: BuildId(id),
        build_type: name.replace(' ', "_").as_str().into(),
        name: name.into(),
        number: Some((id % 100).to_string()),
        on_default: false,
        ending,
        url: Some(format!("https://tc.example.com/build/{id}")),
        queued_at: at(times.0),
        started_at: at(times.1),
        finished_at: at(times.2),
        depends_on: on.iter().copied().map(BuildId).collect(),
        branch: None,
        revisions: Vec::new(),
        reused: false,
        failed_tests: 0,
        said: None,
    }
}

const TRACE: &str = "java.lang.AssertionError: expected:<200> but was:<503>\n\tat org.junit.Assert.fail(Assert.java:89)\n\tat com.acme.shop.CheckoutTest.pays(CheckoutTest.java:42)\n\tat com.acme.shop.CheckoutTest.access$000(CheckoutTest.java:12)\n------- Stdout: -------\nstarting checkout\npayment gateway answered 503";

/// A failed build with a chain, tests, problems and changes.
pub fn failed_run() -> RunOutcome {
    let mut build = build("Shop_Deploy", Ending::Failure);
    build.name = "Deploy to staging".into();
    build.started_at = at(395);
    build.finished_at = at(640);
    build.status_text =
        Some("Tests failed: 3 (1 new), passed: 1284, ignored: 12, muted: 1; exit code 1".into());
    build.tests = Some(TestCounts {
        total: 1300,
        passed: 1284,
        failed: 3,
        new_failed: 1,
        ignored: 12,
        muted: 1,
    });
    build.failed_tests = vec![
        test(
            "Checkout: com.acme.shop.CheckoutTest.pays(\"VISA, 12,50 EUR\")",
            Some(TRACE),
            true,
            None,
        ),
        test(
            "com.acme.shop.CartTest.addsTwice",
            Some(
                "org.opentest4j.AssertionFailedError: expected: <2> but was: <1>\n\tat app//com.acme.shop.CartTest.addsTwice(CartTest.kt:17)",
            ),
            false,
            Some("Backend tests"),
        ),
        test(
            "src/ui/Cart.test.tsx: Cart › shows the sum with a very long name that goes on and on until it no longer fits on one line of a narrow screen",
            None,
            false,
            Some("Web tests"),
        ),
    ];
    build.failed_tests[0].often = Some(often(4));
    build.comparison = Some(comparison());
    build.problems = vec![
        Problem { kind: "TC_EXIT_CODE".into(), text: "Process exited with code 1 (Step: Smoke test)".into(), class: Some(Class::unknown("main #41 failed in another way")), within: None },
        Problem { kind: "TC_COMPILATION_ERROR".into(), text: "Compilation error: shop\nsrc/main/java/com/acme/shop/Cart.java:12: error: ';' expected\n  int sum = 1\n             ^".into(), class: Some(Class::New), within: Some("Backend".into()) },
    ];
    build.chain = vec![
        chained(4701, "Resolve versions", Ending::Success, (0, 6, 20), &[]),
        chained(4702, "Backend", Ending::Success, (0, 28, 170), &[4701]),
        chained(4703, "Web", Ending::Success, (0, 30, 120), &[4701]),
        chained(
            4704,
            "Backend tests",
            Ending::Failure,
            (0, 182, 372),
            &[4702],
        ),
        chained(4705, "Web tests", Ending::Failure, (0, 131, 240), &[4703]),
        chained(4706, "Licence check", Ending::Success, (0, 25, 60), &[4701]),
        chained(
            4707,
            "Integration tests",
            Ending::Canceled,
            (0, 190, 300),
            &[4702, 4703],
        ),
        ChainBuild {
            reused: true,
            ..chained(
                4600,
                "Base image",
                Ending::Success,
                (-4000, -3990, -3600),
                &[],
            )
        },
    ];
    build.changes = vec![
        BuiltChange {
            version: "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567".into(),
            author: Some("Ada Byron".into()),
            comment: Some("Retry the payment once".into()),
        },
        BuiltChange {
            version: "99887766554433221100aabbccddeeff00112233".into(),
            author: None,
            comment: Some("Count an item that is added twice".into()),
        },
    ];
    run(vec![build], ExitStatus::BuildFailed)
}

/// A build that somebody canceled.
pub fn canceled_run() -> RunOutcome {
    let mut build = build("Shop_Build", Ending::Canceled);
    build.canceled = Some(Cancellation {
        by: Some("Grace Hopper".into()),
        comment: Some("wrong branch".into()),
        at: at(200),
    });
    run(vec![build], ExitStatus::Canceled)
}

/// A good run of two builds.
pub fn good_run() -> RunOutcome {
    let mut build = build("Shop_Build", Ending::Success);
    build.name = "Build".into();
    build.tests = Some(TestCounts {
        total: 1300,
        passed: 1288,
        ignored: 12,
        ..TestCounts::default()
    });
    build.status_text = Some("Tests passed: 1288, ignored: 12".into());
    build.comparison = Some(comparison());
    let mut lint = self::build("Shop_Lint", Ending::Success);
    lint.name = "Lint".into();
    lint.id = Some(BuildId(4712));
    lint.finished_at = at(90);
    run(vec![build, lint], ExitStatus::Success)
}

/// A chain of thirty builds in six rows of five.
pub fn long_chain() -> RunOutcome {
    let mut outcome = failed_run();
    let chain = (0..30_u64).map(|number| {
        let row = number / 5;
        let start = i64::try_from(row * 100 + number % 5 * 17).unwrap_or(0);
        let end = start + 40 + i64::try_from(number * 7 % 60).unwrap_or(0);
        let on: Vec<_> = if row == 0 {
            Vec::new()
        } else {
            (0..5).map(|k| 5000 + (row - 1) * 5 + k).collect()
        };
        let ending = match number {
            13 => Ending::Failure,
            17 => Ending::FailedToStart,
            28 => Ending::Running,
            29 => Ending::Queued,
            _ => Ending::Success,
        };
        let mut build = chained(
            5000 + number,
            &format!("Module {number} with a long name: integration"),
            ending,
            (0, start, end),
            &on,
        );
        if number >= 28 {
            build.finished_at = None;
        }
        if number == 29 {
            build.started_at = None;
        }
        build
    });
    outcome.builds[0].chain = chain.collect();
    outcome.builds[0].started_at = at(620);
    outcome.builds[0].finished_at = at(700);
    outcome
}

/// Five hundred failed tests.
pub fn many_failed() -> RunOutcome {
    let mut outcome = failed_run();
    let build = &mut outcome.builds[0];
    build.tests = Some(TestCounts {
        total: 2_000,
        passed: 1_500,
        failed: 500,
        new_failed: 20,
        muted: 12,
        ..TestCounts::default()
    });
    build.failed_tests = (0..500)
        .map(|number| FailedTest {
            class: match number {
                0..20 => Class::New,
                20..30 => Class::unknown("not run on main #41"),
                30..40 => Class::Investigated {
                    who: Some("Ada Byron".into()),
                },
                _ => class_of(false),
            },
            often: (number % 3 == 0).then(|| often(number % 12)),
            ..test(
                &format!(
                    "Suite {}: com.acme.module{}.ThingTest.does{number}",
                    number % 4,
                    number % 9
                ),
                (number < 100).then_some(TRACE),
                number < 20,
                None,
            )
        })
        .collect();
    build.muted_tests = (0..12)
        .map(|number| FailedTest {
            class: Class::Muted,
            ..test(
                &format!("com.acme.SlowTest.quiet{number}"),
                None,
                false,
                None,
            )
        })
        .collect();
    outcome
}

/// Every text tries to become markup, script or a link.
pub fn hostile_run() -> RunOutcome {
    const EVIL: &str = "</title></style></script><script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg/onload=alert(1)>{{7*7}}&lt;\u{202e}";
    let mut outcome = failed_run();
    outcome.server_url = "javascript:alert(1)".into();
    outcome.reason = Some(EVIL.into());
    let build = &mut outcome.builds[0];
    build.name = EVIL.into();
    build.project = Some(EVIL.into());
    build.number = Some(EVIL.into());
    build.url = Some("javascript:alert(document.domain)//https://".into());
    build.branch = Some(EVIL.into());
    build.revision = Some(EVIL.into());
    build.status_text = Some(EVIL.into());
    build.agent = Some(EVIL.into());
    if let Some(comparison) = &mut build.comparison {
        comparison.with.name = EVIL.into();
        comparison.branch = EVIL.into();
        comparison.with.url = Some("javascript:alert(1)".into());
    }
    build.canceled = Some(Cancellation {
        by: Some(EVIL.into()),
        comment: Some(EVIL.into()),
        at: None,
    });
    for test in &mut build.failed_tests {
        test.name = EVIL.into();
        test.details = Some(format!("{EVIL}\n</pre>{EVIL}"));
        test.within = Some(EVIL.into());
        test.class = Class::AlsoOnDefault {
            since: Some(Told {
                name: EVIL.into(),
                url: Some("javascript:alert(1)".into()),
            }),
        };
    }
    for problem in &mut build.problems {
        problem.kind = EVIL.into();
        problem.text = EVIL.into();
        problem.within = Some(EVIL.into());
    }
    for chained in &mut build.chain {
        chained.name = EVIL.into();
        chained.build_type = EVIL.into();
        chained.number = Some(EVIL.into());
        chained.url = Some("data:text/html,<script>alert(1)</script>".into());
    }
    for change in &mut build.changes {
        change.version = EVIL.into();
        change.author = Some(EVIL.into());
        change.comment = Some(EVIL.into());
    }
    outcome
}
