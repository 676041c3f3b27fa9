//! Tests of builds (TeamCity's source: TestOccurrenceFinder.java, TestOccurrences.java).

use crate::json::Json;
use crate::lifecycle::Phase;
use crate::model::{Build, BuildTypeKind, FailedTest, Tests};
use crate::verdict;

use super::branches::Condition;
use super::build_json::{Seen, build_json};
use super::builds::{find_one, found};
use super::errors::ApiError;
use super::fields::{Fields, Level, Obj};
use super::locator::Locator;
use super::paging::{Page, next_href, page};
use super::{Answer, Call, Reply, only, test_history};

pub(super) const KNOWN: [&str; 20] = [
    "id",
    "build",
    "test",
    "name",
    "buildType",
    "affectedProject",
    "currentlyFailing",
    "status",
    "branch",
    "ignored",
    "muted",
    "currentlyMuted",
    "currentlyInvestigated",
    "newFailure",
    "includePersonal",
    "invocations",
    "count",
    "start",
    "lookupLimit",
    "expandInvocations",
];
/// The build that a failure began in where nothing else is known: one before all.
const BEFORE_ALL: u64 = 4700;
/// Occurrence ids of tests start here.
const FIRST_TEST: u64 = 2_000_000_001;

/// One test of a build.
#[derive(Debug, Clone)]
pub(super) struct Occurrence {
    number: u64,
    name: String,
    status: &'static str,
    failed: Option<FailedTest>,
    ignored: bool,
    muted: bool,
}

impl Occurrence {
    fn currently_muted(&self) -> bool {
        self.muted
            || self
                .failed
                .as_ref()
                .is_some_and(|test| test.currently_muted)
    }
}

/// The tests that a list has: none while it is late.
pub(super) fn listed(call: &Call<'_>, seen: &Seen<'_>) -> Tests {
    if verdict::lists_are_there(seen.0, &seen.1, call.now) {
        verdict::tests(seen.0, &seen.1, call.now)
    } else {
        Tests::default()
    }
}

pub(super) fn occurrence(tests: &Tests, at: usize) -> Occurrence {
    let number = at as u64;
    if let Some(test) = tests.failed.get(at) {
        let status = if test.status_error {
            "ERROR"
        } else {
            "FAILURE"
        };
        return Occurrence {
            number,
            name: test.name.clone(),
            status,
            muted: test.muted,
            failed: Some(test.clone()),
            ignored: false,
        };
    }
    let passed = at - tests.failed.len();
    let ignored = passed >= tests.passed;
    Occurrence {
        number,
        name: if ignored {
            format!(
                "suite: com.example.IgnoredTest.test{}",
                passed - tests.passed + 1
            )
        } else {
            let named = tests.named.get(passed).cloned();
            named.unwrap_or_else(|| format!("suite: com.example.AppTest.test{}", passed + 1))
        },
        status: if ignored { "UNKNOWN" } else { "SUCCESS" },
        failed: None,
        ignored,
        muted: !ignored && passed < tests.muted,
    }
}

/// The number of a test, the same in all builds: long and signed, as TeamCity's are.
fn test_id(name: &str) -> i64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.cast_signed()
}

/// The counters and, if wanted, a page of the tests. A build's own container may count otherwise than its list does.
fn tests_json(
    call: &Call<'_>,
    seen: &Seen<'_>,
    shown: &[Occurrence],
    href: &str,
    next: Option<String>,
    own: bool,
    fields: &Fields,
) -> Json {
    let short = if own { seen.0.plan.counters_short } else { 0 };
    let late = own && !verdict::lists_are_there(seen.0, &seen.1, call.now);
    let count = |test: &dyn Fn(&Occurrence) -> bool| shown.iter().filter(|one| test(one)).count();
    let failed = |one: &Occurrence| one.failed.is_some() && !one.muted;
    let mut obj = Obj::new(fields);
    obj.always("count", Level::Short, shown.len().saturating_sub(short))
        .put("href", Level::Short, href)
        .put("nextHref", Level::Short, next)
        .put(
            "passed",
            Level::Short,
            count(&|one| one.status == "SUCCESS"),
        )
        .put("failed", Level::Short, count(&failed).saturating_sub(short))
        .put(
            "newFailed",
            Level::Short,
            count(&|one| failed(one) && one.failed.as_ref().is_some_and(|test| test.new)),
        )
        .put("ignored", Level::Short, count(&|one| one.ignored))
        .put("muted", Level::Short, count(&|one| one.muted));
    obj.nest("testOccurrence", Level::Long, &Fields::short(), |fields| {
        shown
            .iter()
            .filter(|_| !late)
            .map(|one| test_json(call, seen, one, fields))
            .collect::<Vec<_>>()
    });
    obj.done()
}

/// The build in which a failure began: the earliest of those before this one, in its branch, that failed in the same test.
fn first_failed(call: &Call<'_>, seen: &Seen<'_>, test: &FailedTest) -> (u64, String) {
    if let Some(told) = &test.first_failed {
        return told.clone();
    }
    let state = &call.state;
    let mut earlier: Vec<&Build> = state
        .existing(call.now)
        .filter(|b| b.build_type == seen.0.build_type && b.branch == seen.0.branch)
        .filter(|b| b.number < seen.0.number && !b.plan.tests.failed.is_empty())
        .collect();
    earlier.sort_by_key(|build| std::cmp::Reverse(build.number));
    let failed = |build: &&&Build| {
        let Some(course) = state.timeline(build.id) else {
            return false;
        };
        let tests = verdict::tests(build, &course, call.now);
        tests.failed.iter().any(|other| other.name == test.name)
    };
    let first = earlier.iter().take_while(failed).last();
    first.map_or_else(
        || {
            let number = seen.0.number.saturating_sub(1).max(1);
            (BEFORE_ALL, number.to_string())
        },
        |build| (build.id, build.number.to_string()),
    )
}

fn investigations(test: &FailedTest) -> Json {
    let list: Vec<Json> = test
        .investigations
        .iter()
        .map(|(user, state)| {
            Json::object([
                ("state", state.as_str().into()),
                (
                    "assignee",
                    Json::object([("username", user.as_str().into())]),
                ),
            ])
        })
        .collect();
    Json::object([
        ("count", list.len().into()),
        ("investigation", Json::List(list)),
    ])
}

pub(super) fn test_json(
    call: &Call<'_>,
    seen: &Seen<'_>,
    one: &Occurrence,
    fields: &Fields,
) -> Json {
    let build = seen.0.id;
    let number = FIRST_TEST + one.number;
    let id = if call.state.version.at_least(2026, 2, 0) {
        format!("build:(id:{build}),id:{number}")
    } else {
        format!("id:{number},build:(id:{build})")
    };
    let failed = one.failed.as_ref();
    let new = failed.is_some_and(|test| test.new);
    let mut obj = Obj::new(fields);
    obj.put("id", Level::Short, id.as_str())
        .put("name", Level::Short, one.name.as_str())
        .put("status", Level::Short, one.status)
        .put("ignored", Level::Short, one.ignored)
        .put(
            "duration",
            Level::Short,
            failed.map_or(3, |test| test.duration.as_millis() as i64),
        )
        .put("runOrder", Level::Named, (one.number + 1).to_string())
        .put("newFailure", Level::Named, new)
        .put("muted", Level::Short, one.muted)
        .put("currentlyMuted", Level::Short, one.currently_muted())
        .put(
            "currentlyInvestigated",
            Level::Short,
            failed.is_some_and(FailedTest::currently_investigated),
        )
        .put(
            "href",
            Level::Short,
            call.href(&format!("testOccurrences/{id}")),
        )
        .put(
            "logAnchor",
            Level::Named,
            failed.map(|_| (one.number + 1).to_string()),
        );
    if let Some(test) = failed {
        obj.put("details", Level::Long, test.details.as_str());
        if !new {
            obj.nest("firstFailed", Level::Named, &Fields::short(), |_| {
                let (build, number) = first_failed(call, seen, test);
                let id = format!("id:{FIRST_TEST},build:(id:{build})");
                let build = [("id", build.into()), ("number", number.into())];
                Json::object([("id", id.into()), ("build", Json::object(build))])
            });
        }
    }
    obj.nest("test", Level::Long, &Fields::short(), |fields| {
        let test = test_id(&one.name);
        let mut obj = Obj::new(fields);
        obj.put("id", Level::Short, test.to_string())
            .put("name", Level::Short, one.name.as_str())
            .put("href", Level::Short, call.href(&format!("tests/id:{test}")));
        if let Some(failed) = failed {
            // Those that were given up or are done are among them.
            obj.with("investigations", Level::Named, || investigations(failed));
        }
        obj.done()
    });
    obj.nest("build", Level::Long, &Fields::short(), |fields| {
        build_json(call, seen, fields)
    });
    obj.done()
}

/// The builds whose tests a composite build shows as its own: all that it depends on.
fn parts<'s>(call: &'s Call<'_>, seen: &Seen<'s>) -> Option<Vec<Seen<'s>>> {
    let is_composite = |build: &Build| {
        let of = call.state.build_type(&build.build_type);
        of.is_some_and(|of| of.kind == BuildTypeKind::Composite)
    };
    // A plan may have tests of its own for it.
    if !is_composite(seen.0) || seen.0.plan.tests.count() > 0 {
        return None;
    }
    let mut parts: Vec<Seen<'s>> = Vec::new();
    let mut ids = call.state.dependencies_of(seen.0, call.now);
    while let Some(id) = ids.pop() {
        let Some(part) = call.state.visible_build(id, call.now) else {
            continue;
        };
        if !parts.iter().any(|(build, _)| build.id == part.0.id) {
            ids.extend(call.state.dependencies_of(part.0, call.now));
            parts.push(part);
        }
    }
    parts.retain(|(build, _)| !is_composite(build));
    parts.sort_by_key(|(build, _)| build.id);
    Some(parts)
}

/// All tests that a build has.
fn all_tests(call: &Call<'_>, seen: &Seen<'_>) -> Tests {
    let Some(parts) = parts(call, seen) else {
        return verdict::tests(seen.0, &seen.1, call.now);
    };
    parts.iter().fold(Tests::default(), |all, (build, course)| {
        let more = verdict::tests(build, course, call.now);
        Tests {
            passed: all.passed + more.passed,
            failed: [all.failed, more.failed].concat(),
            ignored: all.ignored + more.ignored,
            muted: all.muted + more.muted,
            named: Vec::new(),
        }
    })
}

/// The container in a build; as `$locator(…)` may narrow it, the page is what that says.
pub(super) fn tests_of_build(call: &Call<'_>, seen: &Seen<'_>, fields: &Fields) -> Json {
    let (build, _) = seen;
    let tests = all_tests(call, seen);
    if tests.count() == 0 && !fields.names("count") {
        return Json::Null;
    }
    let all: Vec<Occurrence> = (0..tests.count())
        .map(|at| occurrence(&tests, at))
        .collect();
    let narrowed = fields.locator().and_then(|text| {
        let locator = Locator::parse(text).ok()?;
        let wanted = Page::usual(&locator).ok()?;
        let filter = test_filter(&locator).ok()?;
        Some(page(all.clone(), wanted, filter).items)
    });
    let href = call.href(&format!("testOccurrences?locator=build:(id:{})", build.id));
    tests_json(
        call,
        seen,
        &narrowed.unwrap_or(all),
        &href,
        None,
        true,
        fields,
    )
}

/// Id and name of a test that a locator wants.
fn wanted_test(locator: &Locator) -> Result<(Option<i64>, Option<String>), ApiError> {
    let wanted = (locator.number("id")?, locator.value("name")?);
    locator.finish(&["id", "name", "item"])?;
    Ok(wanted)
}

pub(super) fn test_filter(
    locator: &Locator,
) -> Result<impl Fn(&Occurrence) -> bool + use<>, ApiError> {
    let status = locator.value("status")?.map(|status| status.to_uppercase());
    if let Some(status) = &status
        && ![
            "UNKNOWN", "NORMAL", "WARNING", "FAILURE", "ERROR", "SUCCESS",
        ]
        .contains(&status.as_str())
    {
        return Err(ApiError::bad_request(format!(
            "Invalid value '{}' for 'status' dimension. Supported values are: UNKNOWN, NORMAL, WARNING, FAILURE, ERROR, SUCCESS",
            status.to_lowercase()
        )));
    }
    let ignored = locator.boolean("ignored")?;
    let muted = locator.boolean("muted")?;
    let currently_muted = locator.boolean("currentlyMuted")?;
    let investigated = locator.boolean("currentlyInvestigated")?;
    let new = locator.boolean("newFailure")?;
    let failing = locator.boolean("currentlyFailing")?;
    let name = locator.raw("name")?.map(Condition::parse).transpose()?;
    let test = match locator.raw("test")? {
        Some(text) => {
            let inner = Locator::parse(text)?;
            let items = inner.all("item");
            if items.is_empty() {
                vec![wanted_test(&inner)?]
            } else {
                let items = items.iter().map(|item| wanted_test(&Locator::parse(item)?));
                items.collect::<Result<_, _>>()?
            }
        }
        None => Vec::new(),
    };
    let id = locator.number("id")?;
    Ok(move |one: &Occurrence| {
        let by_status = status.as_deref().is_none_or(|status| match status {
            "NORMAL" => one.status == "SUCCESS",
            status => one.status == status,
        });
        by_status
            && ignored.is_none_or(|ignored| ignored == one.ignored)
            && muted.is_none_or(|muted| muted == one.muted)
            && currently_muted.is_none_or(|muted| muted == one.currently_muted())
            && investigated.is_none_or(|investigated| {
                let is = one.failed.as_ref();
                investigated == is.is_some_and(FailedTest::currently_investigated)
            })
            && new.is_none_or(|new| new == one.failed.as_ref().is_some_and(|test| test.new))
            && failing.is_none_or(|failing| failing == one.failed.is_some())
            && name.as_ref().is_none_or(|name| name.fits(&one.name))
            && id.is_none_or(|id| u64::try_from(id) == Ok(FIRST_TEST + one.number))
            && (test.is_empty()
                || test.iter().any(|(id, name)| {
                    id.is_none_or(|id| id == test_id(&one.name))
                        && name.as_ref().is_none_or(|name| *name == one.name)
                }))
    })
}

pub(super) fn tests(call: &Call<'_>, path: &[&str]) -> Answer {
    only(call, &["GET"])?;
    let text = match *path {
        [] => call.query("locator").unwrap_or_default().to_owned(),
        [text] => text.to_owned(),
        _ => return Err(ApiError::jersey(404)),
    };
    let single = path.len() == 1;
    let locator = Locator::parse_optional(Some(&text))?;
    locator.help(&KNOWN)?;
    // A server of 2019.1 does not know this dimension.
    if locator.has("newFailure") && !call.state.version.at_least(2019, 2, 0) {
        let known = KNOWN.into_iter().filter(|name| *name != "newFailure");
        return Err(ApiError::locator(format!(
            "Error processing locator '{text}': Locator dimension [newFailure] is unknown. Supported dimensions are: [{}]",
            known.collect::<Vec<_>>().join(", ")
        )));
    }
    let Some(of) = locator.raw("build")? else {
        if [
            "test",
            "name",
            "buildType",
            "affectedProject",
            "currentlyFailing",
        ]
        .iter()
        .any(|name| locator.has(name))
        {
            return test_history::history(call, &text, &locator, single);
        }
        return Err(ApiError::bad_request(format!(
            "Unsupported test occurrence locator '{text}'. Try one of locator dimensions: build, test, currentlyFailing, currentlyMuted"
        )));
    };
    let wanted = Page::usual(&locator)?;
    let filter = test_filter(&locator)?;
    for name in [
        "buildType",
        "affectedProject",
        "branch",
        "includePersonal",
        "invocations",
        "expandInvocations",
    ] {
        locator.all(name);
    }
    locator.finish(&KNOWN)?;
    let inner = Locator::parse(of)?;
    if inner.single().is_none() && !inner.has("id") {
        let builds = found(call, of)?.into_iter();
        return test_history::over(call, &text, builds, (wanted, filter), single);
    }
    let seen = find_one(call, of)?;
    if let Some(parts) = parts(call, &seen) {
        let parts = parts.into_iter();
        return test_history::over(call, &text, parts, (wanted, filter), single);
    }
    let tests = listed(call, &seen);
    let paged = page(
        (0..tests.count()).map(|at| occurrence(&tests, at)),
        wanted,
        &filter,
    );
    if single {
        let one = paged.items.first().ok_or_else(|| {
            ApiError::not_found(format!("Nothing is found by locator 'count:1,{text}'."))
        })?;
        return Ok(Reply::Entity(
            "testOccurrence",
            test_json(call, &seen, one, &call.fields()),
        ));
    }
    let fields = call.fields();
    // Without the list among the fields the counters are of everything.
    let lists = call.query("fields").is_none() || fields.shows("testOccurrence", Level::Long);
    let (shown, next) = if lists {
        (paged.items, paged.next)
    } else {
        (
            (0..tests.count())
                .map(|at| occurrence(&tests, at))
                .filter(&filter)
                .collect(),
            None,
        )
    };
    let href = call.href(&format!("testOccurrences?locator={text}"));
    let next = next.map(|next| next_href(call, "testOccurrences", &text, wanted.count, next));
    Ok(Reply::Entity(
        "testOccurrences",
        tests_json(call, &seen, &shown, &href, next, false, &fields),
    ))
}

/// The build of a sub-resource, which must have started.
pub(super) fn started<'s>(call: &'s Call<'_>, text: &str) -> Result<Seen<'s>, ApiError> {
    only(call, &["GET"])?;
    let seen = find_one(call, text)?;
    if seen.1.phase(call.now) == Phase::Queued {
        return Err(ApiError::not_found(format!(
            "No started build found for id '{}'.",
            seen.0.id
        )));
    }
    Ok(seen)
}

/// `/builds/{locator}/testOccurrences`: not paged.
pub(super) fn tests_under(call: &Call<'_>, text: &str) -> Answer {
    let seen = started(call, text)?;
    let tests = listed(call, &seen);
    let all: Vec<Occurrence> = (0..tests.count())
        .map(|at| occurrence(&tests, at))
        .collect();
    let href = call.href(&format!("testOccurrences?locator=build:(id:{})", seen.0.id));
    Ok(Reply::Entity(
        "testOccurrences",
        tests_json(call, &seen, &all, &href, None, false, &call.fields()),
    ))
}
