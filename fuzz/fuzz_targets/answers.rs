#![no_main]

use libfuzzer_sys::fuzz_target;
use teamcity_pipe::teamcity::fuzzing;

fuzz_target!(|bytes: &[u8]| fuzzing::answers(bytes));
