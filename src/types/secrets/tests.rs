//! In each form, and nothing but secrets.

use proptest::prelude::*;

use super::*;

fn secrets(values: &[&str]) -> Secrets {
    let secrets = Secrets::default();
    for value in values {
        secrets.add(value);
    }
    secrets
}

#[test]
fn a_secret_is_blotted_in_each_form() {
    let secrets = secrets(&["pä/&\"ss'w+rd"]);
    for form in [
        "pä/&\"ss'w+rd",
        r#"pä\/&\"ss'w+rd"#,
        r#"p\u00e4/\u0026\"s\u0073'w+rd"#,
        "pä/&amp;&quot;ss&#39;w+rd",
        "pä/&#38;&#x22;ss&apos;w+rd",
        "pä%2F%26%22ss%27w%2Brd",
        "pä/&\"\u{1b}[31mss\u{1b}[0m'w+rd",
    ] {
        assert_eq!(secrets.blot(&format!("a {form} b")), "a *** b", "{form}");
    }
    assert!(matches!(secrets.blot("pä/ and so on"), Cow::Borrowed(_)));
}

#[test]
fn lines_and_logins_are_hidden_and_short_ones_are_told() {
    let secrets = Secrets::default();
    assert!(!secrets.add("long-line\n\nabc\n  second one "));
    assert!(secrets.add_login("jane", "p@ss"));
    let pair = STANDARD.encode("jane:p@ss");
    assert_eq!(
        secrets.blot(&format!("long-line abc second one jane p@ss {pair}")),
        "*** abc *** jane *** ***"
    );
}

#[test]
fn a_secret_that_is_cut_short_is_blotted_too() {
    let secrets = secrets(&["s3cr3t-value"]);
    assert_eq!(
        secrets.blot("x s3cr3t-v… and s3cr3t-value…, sec…"),
        "x ***… and ***…, sec…"
    );
}

#[test]
fn json_stays_json_and_markup_stays_markup() {
    let secrets = secrets(&["test", "12345", "color"]);
    let json = br#"{"test": "a test 12345", "id":12345,"x":["te\u0073t\\"]}"#;
    assert_eq!(
        String::from_utf8_lossy(&secrets.blot_json(json)),
        r#"{"test": "a *** ***", "id":12345,"x":["***\\"]}"#
    );
    let markup = b"<style>a{color:red}</style><test name=\"a test\">12345<![CDATA[<test>]]></test>";
    assert_eq!(
        String::from_utf8_lossy(&secrets.blot_markup(markup)),
        "<style>a{color:red}</style><test name=\"a ***\">***<![CDATA[<***>]]></test>"
    );
}

proptest! {
    #[test]
    fn nothing_of_a_secret_is_left_and_nothing_else_is_lost(
        before in "[a-z\"<>&%… ]{0,12}", secret in "[A-Z0-9+/=]{6,20}", behind in "[a-z\"<>&%… ]{0,12}"
    ) {
        let secrets = secrets(&[&secret]);
        let text = format!("{before}{secret}{behind}");
        let blotted = secrets.blot(&text);
        prop_assert!(!blotted.contains(&secret));
        prop_assert_eq!(blotted, format!("{before}***{behind}"));
    }

    #[test]
    fn json_stays_json_whatever_is_hidden(text in ".{0,30}", secret in r#"[a-z/"\\0-9]{4,5}"#) {
        let secrets = secrets(&[&secret]);
        let json = serde_json::to_vec(&serde_json::json!({"x": [format!("{text}{secret}"), text]})).unwrap();
        let clean: serde_json::Value = serde_json::from_slice(&secrets.blot_json(&json)).unwrap();
        prop_assert!(!clean["x"][0].as_str().unwrap().contains(&secret));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let secrets = secrets(&["\\u00", "&amp;", "%41%", "ab…c", "\"\"\"\""]);
        secrets.blot_json(&bytes);
        secrets.blot_markup(&bytes);
        secrets.blot_bytes(bytes);
    }
}
