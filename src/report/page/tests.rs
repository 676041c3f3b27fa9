//! What the page says, and that nothing of a build becomes markup.

use scraper::{Html, Selector};

use super::*;
use crate::report::summary::sample;

fn page(outcome: &RunOutcome) -> Html {
    Html::parse_document(&html(outcome, &PageContext::default()))
}

fn texts(page: &Html, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).unwrap();
    page.select(&selector)
        .map(|element| element.text().collect::<String>().trim().to_owned())
        .collect()
}

fn count(page: &Html, selector: &str) -> usize {
    page.select(&Selector::parse(selector).unwrap()).count()
}

#[test]
fn a_failed_run_is_understood_at_a_glance() {
    let page = page(&sample::failed_run());
    assert_eq!(
        texts(&page, "h1"),
        ["The build failed: 3 failed tests, 1 new here"]
    );
    assert_eq!(
        texts(&page, "title"),
        ["The build failed: Deploy to staging #1.2.57"]
    );
    assert_eq!(
        texts(&page, "h4"),
        ["New here (1)", "On the default branch too (2)"]
    );
    assert_eq!(count(&page, ".tests > li"), 3);
    assert_eq!(count(&page, ".tests details pre"), 2);
    assert_eq!(count(&page, ".problems > li"), 2);
    assert_eq!(count(&page, ".timeline tbody tr"), 9);
    assert_eq!(count(&page, ".timeline tbody tr.critical"), 4);
    assert_eq!(count(&page, ".changes tbody tr"), 2);
    assert_eq!(
        count(
            &page,
            "a.button[href='https://tc.example.com/buildConfiguration/Shop_Deploy/4711']"
        ),
        1
    );
}

#[test]
fn several_builds_have_an_overview() {
    let page = page(&sample::good_run());
    assert_eq!(texts(&page, "h1"), ["All 2 builds succeeded"]);
    assert_eq!(
        texts(&page, "#overview + .scroll tbody th"),
        ["Build #1.2.57", "Lint #1.2.57"]
    );
    assert_eq!(count(&page, "article"), 2);
    assert_eq!(count(&page, "#build-2"), 1);
}

#[test]
fn hundreds_of_failed_tests_are_folded() {
    let page = page(&sample::many_failed());
    // 500 that failed, and 12 that are muted.
    assert_eq!(count(&page, ".tests > li"), 512);
    assert_eq!(count(&page, ".more .tests > li"), 410);
    assert_eq!(count(&page, "details[open]"), 0);
}

/// The elements and attributes of a page, without its texts.
fn shape(page: &Html) -> Vec<String> {
    page.tree
        .values()
        .filter_map(|node| node.as_element())
        .map(|element| {
            let mut attributes: Vec<_> = element.attrs().map(|(name, _)| name.to_owned()).collect();
            attributes.sort();
            format!("{} {}", element.name(), attributes.join(" "))
        })
        .collect()
}

#[test]
fn nothing_of_a_build_becomes_markup() {
    let hostile = page(&sample::hostile_run());
    // The same run with tame texts, and without the links that the hostile one only pretends to have.
    let mut tame = sample::hostile_run();
    let calm = |text: &mut String| *text = "tame".to_owned();
    tame.reason.as_mut().map(calm);
    let build = &mut tame.builds[0];
    calm(&mut build.name);
    for text in [
        &mut build.project,
        &mut build.number,
        &mut build.branch,
        &mut build.revision,
        &mut build.status_text,
        &mut build.agent,
    ] {
        text.as_mut().map(calm);
    }
    for test in &mut build.failed_tests {
        test.name = "tame: a.b.c".to_owned();
        test.details = Some("tame".to_owned());
        test.within.as_mut().map(calm);
    }
    for problem in &mut build.problems {
        calm(&mut problem.kind);
        calm(&mut problem.text);
        problem.within.as_mut().map(calm);
    }
    for member in &mut build.chain {
        calm(&mut member.name);
        member.number.as_mut().map(calm);
    }
    // The name of a hostile test has no suite and class.
    let without_path = |shape: Vec<String>| {
        shape
            .into_iter()
            .filter(|element| element != "span class")
            .collect::<Vec<_>>()
    };
    assert_eq!(
        without_path(shape(&hostile)),
        without_path(shape(&page(&tame)))
    );
    assert_eq!(
        count(
            &hostile,
            "script, img, iframe, object, embed, link, form, base, foreignObject"
        ),
        0
    );
    assert_eq!(count(&hostile, "a:not([href^='#'])"), 0);
    let all: Vec<_> = shape(&hostile)
        .into_iter()
        .filter(|element| element.contains(" on"))
        .collect();
    assert!(all.is_empty(), "{all:?}");
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    for outcome in [
        sample::failed_run(),
        sample::good_run(),
        sample::canceled_run(),
        sample::long_chain(),
    ] {
        let text = html(&outcome, &PageContext::default());
        assert!(text.contains("default-src 'none'"));
        for word in [
            " src=",
            "url(",
            "@import",
            "<script",
            "<link",
            "http-equiv=\"refresh",
        ] {
            assert!(!text.contains(word), "{word}");
        }
    }
}

#[test]
fn every_part_has_its_name() {
    for outcome in [
        sample::failed_run(),
        sample::good_run(),
        sample::hostile_run(),
    ] {
        let page = page(&outcome);
        assert_eq!(count(&page, "html[lang]"), 1);
        assert_eq!(
            count(&page, "header") + count(&page, "main") + count(&page, "footer"),
            3
        );
        assert_eq!(count(&page, "svg:not([aria-hidden]):not([aria-label])"), 0);
        assert_eq!(count(&page, "table thead th:not([scope])"), 0);
        let mut ids = std::collections::HashSet::new();
        for element in page.select(&Selector::parse("[id]").unwrap()) {
            assert!(ids.insert(element.attr("id").unwrap().to_owned()));
        }
        for element in page.select(&Selector::parse("[aria-labelledby]").unwrap()) {
            assert!(ids.contains(element.attr("aria-labelledby").unwrap()));
        }
    }
}
