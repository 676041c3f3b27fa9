#![no_main]

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use libfuzzer_sys::fuzz_target;
use teamcity_pipe::config::{self, CommandKind};

const SECRET: &str = "s3cr3t-of-the-fuzzer";

// Lines `NAME=value`, as an environment. Where they make settings or mistakes, neither shows the token.
fuzz_target!(|bytes: &[u8]| {
    let mut environment: Vec<(OsString, OsString)> = bytes
        .split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let at = line.iter().position(|byte| *byte == b'=')?;
            let (name, value) = (&line[..at], &line[at + 1..]);
            // A path would make it read files of this machine.
            let path = name.starts_with(b"TEAMCITY_CA_CERTIFICATE");
            let token = name == b"TEAMCITY_TOKEN";
            (!path && !token && !name.is_empty()).then(|| {
                (
                    OsString::from_vec(name.to_vec()),
                    OsString::from_vec(value.to_vec()),
                )
            })
        })
        .collect();
    environment.push(("TEAMCITY_TOKEN".into(), SECRET.into()));
    let shows_the_secret = bytes
        .windows(SECRET.len())
        .any(|part| part == SECRET.as_bytes());
    for kind in [CommandKind::Run, CommandKind::Cancel] {
        let said = match config::read(environment.clone(), kind) {
            Ok((settings, warnings)) => format!("{settings:?} {warnings:?}"),
            Err(problems) => problems.to_string(),
        };
        assert!(shows_the_secret || !said.contains(SECRET), "{said}");
    }
});
