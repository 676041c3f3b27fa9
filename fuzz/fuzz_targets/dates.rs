//! TeamCity's dates.

#![no_main]

use libfuzzer_sys::fuzz_target;
use teamcity_pipe::fuzzing::date;

fuzz_target!(|text: &str| {
    if let Some(date) = date(text) {
        // What is done with them.
        let _ = date.timestamp();
        let _ = date.to_rfc3339();
        let _ = date.to_utc() - date.to_utc();
    }
});
