//! Lines of build logs: nothing but colours reaches the terminal.

#![no_main]

use libfuzzer_sys::fuzz_target;
use teamcity_pipe::fuzzing::log_line;
use teamcity_pipe::report::location;
use teamcity_pipe::types::text::{one_line, plain_line};

fuzz_target!(|bytes: &[u8]| {
    let line = String::from_utf8_lossy(bytes);
    let (parsed, shown) = log_line(&line);
    assert!(parsed.text.len() <= line.len());
    let mut rest = shown.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        harmless(before);
        let sequence = after
            .strip_prefix('[')
            .and_then(|after| after.split_once('m'));
        let (parameters, after) = sequence.unwrap_or_else(|| panic!("{shown:?} is obeyed"));
        assert!(
            parameters
                .chars()
                .all(|c| c.is_ascii_digit() || c == ';' || c == ':'),
            "{shown:?} is no colour"
        );
        rest = after;
    }
    harmless(rest);
    harmless(&plain_line(&line));
    harmless(&one_line(&line, 80));
    assert!(one_line(&line, 80).chars().count() <= 80);
    for (text, mention) in location::mentions(&line) {
        assert!(line.contains(text));
        let _ = mention.name();
    }
});

fn harmless(text: &str) {
    assert!(
        !text.chars().any(|c| c.is_control() && c != '\t'),
        "{text:?}"
    );
}
