//! TeamCity's answers, each read as every model.

#![no_main]

use libfuzzer_sys::fuzz_target;
use teamcity_pipe::fuzzing::answer;
use teamcity_pipe::teamcity::model::{
    ArtifactFiles, Branches, Build, BuildType, Builds, Changes, LogMessages, Permissions,
    ProblemOccurrences, RootEntries, RootInstances, Server, TestOccurrences, Tokens, User,
};

fuzz_target!(|body: &[u8]| {
    if let Ok(build) = answer::<Build>(body) {
        let _ = (
            build.is_finished(),
            build.has_dependencies(),
            build.has_absorbed(),
        );
        let _ = build.has_tag("teamcity-pipe");
    }
    if let Ok(server) = answer::<Server>(body) {
        let _ = (server.release(), server.described());
    }
    if let Ok(user) = answer::<User>(body) {
        let _ = user.called();
    }
    if let Err(words) = answer::<Builds>(body) {
        assert!(!words.contains(['\n', '\u{1b}']), "{words:?}");
    }
    let _ = answer::<ArtifactFiles>(body);
    let _ = answer::<Branches>(body);
    let _ = answer::<BuildType>(body);
    let _ = answer::<Changes>(body);
    let _ = answer::<LogMessages>(body);
    let _ = answer::<Permissions>(body);
    let _ = answer::<ProblemOccurrences>(body);
    let _ = answer::<RootEntries>(body);
    let _ = answer::<RootInstances>(body);
    let _ = answer::<TestOccurrences>(body);
    let _ = answer::<Tokens>(body);
});
