#![no_main]

use libfuzzer_sys::fuzz_target;
use teamcity_pipe::teamcity::fuzzing;

fuzz_target!(|text: &str| fuzzing::locator(text));
