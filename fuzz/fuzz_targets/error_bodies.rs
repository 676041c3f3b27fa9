//! Bodies of refusals: what a user is told is one plain line.

#![no_main]

use libfuzzer_sys::fuzz_target;
use teamcity_pipe::fuzzing::{bitbucket_error, teamcity_error};

fuzz_target!(|input: (u16, bool, &[u8])| {
    let (number, page, body) = input;
    let status = 300 + number % 300;
    let kind = page.then_some("text/html; charset=utf-8");
    for words in [
        teamcity_error(status, kind, body),
        bitbucket_error(status, body),
    ] {
        assert!(!words.chars().any(char::is_control), "{words:?}");
        assert!(words.chars().count() < 700, "{words:?}");
    }
});
