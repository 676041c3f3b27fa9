//! Locators: no value gets out of its dimension, and each can be read back.

#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use teamcity_pipe::teamcity::Locator;

fuzz_target!(|value: &str| {
    let inner = Locator::new().with("name", value);
    let outer = Locator::new()
        .nested("buildType", &inner)
        .with("state", "any");
    let mut depth = 0_i32;
    let mut dimensions = 0;
    for c in outer.as_str().chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => dimensions += 1,
            _ => {}
        }
        assert!(depth >= 0, "{outer}");
    }
    assert_eq!((depth, dimensions), (0, 1), "{outer}");

    let written = inner.as_str().strip_prefix("name:").expect("the dimension");
    let bare = written
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'))
        .unwrap_or(written);
    let read = match bare.strip_prefix("$base64:") {
        Some(packed) => {
            String::from_utf8(URL_SAFE_NO_PAD.decode(packed).expect("base64")).expect("text")
        }
        None => bare.to_owned(),
    };
    assert_eq!(read, value);
});
