#![no_main]

use libfuzzer_sys::fuzz_target;
use teamcity_pipe::teamcity::fuzzing;

const STATUS: [u16; 12] = [302, 400, 401, 403, 404, 405, 409, 429, 500, 502, 503, 504];

// The first byte chooses the status, the rest is the body.
fuzz_target!(|bytes: &[u8]| {
    if let Some((first, body)) = bytes.split_first() {
        fuzzing::error_body(STATUS[usize::from(*first) % STATUS.len()], body);
    }
});
