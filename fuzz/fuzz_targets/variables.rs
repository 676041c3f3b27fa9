//! Variables, one `NAME=value` a line, in which `\n` stands for a line break: all mistakes are told, none shows the token.

#![no_main]

use std::ffi::OsString;

use libfuzzer_sys::fuzz_target;
use teamcity_pipe::config::{self, CommandKind};

const TOKEN: &str = "eyJ0eXAiOiAiVENWMiJ9.c2VjcmV0";

fuzz_target!(|text: &str| {
    let pairs: Vec<(OsString, OsString)> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        // A path would be opened, whatever it is.
        .filter(|(name, value)| !(name.contains("CERTIFICATE") && value.contains('/')))
        .map(|(name, value)| (name.into(), value.replace("\\n", "\n").into()))
        .chain([("TEAMCITY_TOKEN".into(), TOKEN.into())])
        .collect();
    for command in [CommandKind::Run, CommandKind::Check, CommandKind::Cancel] {
        let told = match config::read(pairs.clone(), command) {
            Ok((settings, warnings)) => format!("{settings:?} {warnings:?}"),
            Err(problems) => problems.to_string(),
        };
        if !text.contains("c2VjcmV0") {
            assert!(!told.contains(TOKEN), "{told}");
        }
    }
    let _ = config::read_what_is_right(pairs.clone());
    let _ = config::read_for_tokens(pairs);
});
