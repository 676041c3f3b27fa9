//! What readers of the format find, and that it is well-formed whatever a test is called.

use proptest::prelude::*;
use quick_xml::Reader;

use super::*;

fn test(name: &str, result: TestResult) -> TestCase {
    TestCase {
        name: name.into(),
        result,
        duration: Some(Duration::from_millis(1250)),
    }
}

fn document(work: impl FnOnce(&mut JUnitWriter<Vec<u8>>)) -> String {
    let mut writer = JUnitWriter::new(Vec::new(), "Shop / Build #12", "Shop_Build").unwrap();
    work(&mut writer);
    String::from_utf8(writer.finish().unwrap().1).unwrap()
}

#[test]
fn suites_classes_and_reasons_are_where_readers_look() {
    let text = document(|writer| {
        let details =
            Some("AssertionError: 1 < 2 & more\n\tat a.B.c(B.java:1)\nout\u{0}put".to_owned());
        writer
            .page(&[
                test(
                    "Unit: a.B.new(1)",
                    TestResult::Failed {
                        class: Some("new"),
                        details: details.clone(),
                    },
                ),
                test(
                    "a.B.old",
                    TestResult::Failed {
                        class: None,
                        details: None,
                    },
                ),
                test("Unit: a.B.muted", TestResult::Muted { details }),
            ])
            .unwrap();
        writer
            .page(&[
                test(
                    "Unit: a.B.ignored",
                    TestResult::Ignored {
                        reason: Some("needs a \"printer\"".into()),
                    },
                ),
                test("a sentence", TestResult::Passed),
            ])
            .unwrap();
        assert_eq!(
            writer.written(),
            Written {
                tests: 5,
                failures: 2,
                skipped: 2
            }
        );
    });
    insta::assert_snapshot!(text);
}

#[test]
fn problems_make_failed_tests() {
    let text = document(|writer| {
        let problem = |kind: &str, text: &str, within: Option<&str>| Problem {
            kind: kind.into(),
            text: text.into(),
            class: None,
            within: within.map(Into::into),
        };
        writer
            .problems(&[
                problem("TC_EXIT_CODE", "Process exited with code 1", None),
                problem(
                    "TC_COMPILATION_ERROR",
                    "Compilation error: a\nB.java:1: error",
                    Some("Backend"),
                ),
                problem("x", " ", None),
            ])
            .unwrap();
    });
    insta::assert_snapshot!(text);
}

#[test]
fn a_build_without_tests_is_a_document_too() {
    let text = document(|_| {});
    assert_eq!(
        text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- by teamcity-pipe -->\n<testsuites name=\"Shop / Build #12\">\n</testsuites>\n"
    );
}

#[test]
fn a_hundred_thousand_tests_go_through_a_page_at_a_time() {
    struct Count(u64);
    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let page: Vec<_> = (0..1000)
        .map(|n| test(&format!("S: a.B.t{n}"), TestResult::Passed))
        .collect();
    let mut writer = JUnitWriter::new(Count(0), "b", "B").unwrap();
    for _ in 0..100 {
        writer.page(&page).unwrap();
    }
    let (written, count) = writer.finish().unwrap();
    assert_eq!(written.tests, 100_000);
    assert!(count.0 > 5_000_000);
}

proptest! {
    #[test]
    fn whatever_a_test_is_called_the_document_is_well_formed(name in "(?s).{0,40}", details in "(?s).{0,80}") {
        let text = document(|writer| {
            writer.page(&[
                test(&name, TestResult::Failed { class: Some("new"), details: Some(details.clone()) }),
                test(&name, TestResult::Ignored { reason: Some(details.clone()) }),
            ]).unwrap();
        });
        let mut reader = Reader::from_str(&text);
        let mut cases = 0;
        loop {
            match reader.read_event().unwrap() {
                Event::Eof => break,
                Event::Start(start) if start.name().as_ref() == b"testcase" => cases += 1,
                _ => {}
            }
        }
        prop_assert_eq!(cases, 2);
        prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
    }
}
