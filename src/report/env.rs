//! `teamcity.env`: what later commands and steps read as variables.
//!
//! The file is read by dotenv parsers and by shells (`source teamcity.env`), so that a value may hold nothing that
//! either would obey: no space, quote, `$`, backquote, `;`, `&`, `~`, `#`, or line break.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use super::Warning;
use crate::outcome::{BuildOutcome, RunOutcome};
use crate::types::text::one_line;

/// The file's name, in the working directory.
pub const FILE: &str = "teamcity.env";
/// Longest value, in characters: Pipelines takes 100 KB in all.
const LONGEST_VALUE: usize = 4_000;

/// The variables, in the order of the file.
const NAMES: [&str; 4] = [
    "TEAMCITY_BUILD_ID",
    "TEAMCITY_BUILD_NUMBER",
    "TEAMCITY_BUILD_STATUS",
    "TEAMCITY_BUILD_URL",
];

/// Whether the pipe wrote these lines: all its variables, and nothing else.
pub fn wrote(text: &str) -> bool {
    let names = text.lines().map(|line| line.split('=').next());
    names.eq(NAMES.map(Some))
}

/// The lines, each `NAME=value`. With several builds, values are lists with commas.
pub fn text(outcome: &RunOutcome) -> String {
    let list = |value: &dyn Fn(&BuildOutcome) -> String| {
        let all: Vec<_> = outcome.builds.iter().map(value).collect();
        all.join(",")
    };
    let id = |build: &BuildOutcome| build.id.map(|id| id.to_string()).unwrap_or_default();
    let number = |build: &BuildOutcome| build.number.as_deref().map(plain).unwrap_or_default();
    let status = |build: &BuildOutcome| build.ending.status_word().to_owned();
    let url = |build: &BuildOutcome| build.url.as_deref().map(link).unwrap_or_default();
    let mut text = String::new();
    let values = [list(&id), list(&number), list(&status), list(&url)];
    for (name, value) in NAMES.into_iter().zip(values) {
        // Writing to a `String` can't fail.
        let _ = writeln!(text, "{name}={value}");
    }
    text
}

/// Appends `lines` to the file in which Pipelines collects a step's output variables.
///
/// # Errors
/// When its folder is not there (it is not given to every pipe) or can't be written to.
pub fn append(path: &Path, lines: &str) -> Result<(), Warning> {
    let missing = |why: &dyn std::fmt::Display| {
        format!(
            "the output variables are not set: {} can't be written: {why}",
            path.display()
        )
    };
    if !path.parent().is_some_and(Path::is_dir) {
        return Err(missing(&"its folder does not exist"));
    }
    let before = std::fs::read(path).unwrap_or_default();
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|error| missing(&error))?;
    // Somebody else's last line may lack its end.
    let gap = if before.is_empty() || before.ends_with(b"\n") {
        ""
    } else {
        "\n"
    };
    file.write_all(format!("{gap}{lines}").as_bytes())
        .map_err(|error| missing(&error))
}

/// A value of letters, digits and marks that nothing obeys; every other character is a `_`.
fn plain(value: &str) -> String {
    one_line(value, LONGEST_VALUE)
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || "._-+/:@%=".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect()
}

/// An address that is still good after cleaning: of TeamCity's older ones (`viewLog.html?buildId=1&buildTypeId=X`) the
/// build's id is enough, and other characters are percent-encoded.
fn link(url: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let mut pairs = query.split('&');
    let named = pairs.clone().find(|pair| pair.starts_with("buildId="));
    let kept = named
        .or_else(|| pairs.next())
        .filter(|pair| !pair.is_empty());
    let url = kept.map_or_else(|| path.to_owned(), |pair| format!("{path}?{pair}"));
    if !(url.starts_with("https://") || url.starts_with("http://")) {
        return String::new();
    }
    let mut clean = String::new();
    for byte in one_line(&url, LONGEST_VALUE).bytes() {
        if byte.is_ascii_alphanumeric() || b"._-+/:@%=?[]".contains(&byte) {
            clean.push(char::from(byte));
        } else {
            let _ = write!(clean, "%{byte:02X}");
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::exit::ExitStatus;
    use crate::outcome::Ending;
    use crate::report::summary::sample;
    use crate::types::BuildId;

    fn outcome(builds: Vec<BuildOutcome>) -> RunOutcome {
        RunOutcome {
            server_url: "https://tc.example.com".into(),
            label: None,
            builds,
            status: ExitStatus::Success,
            reason: None,
        }
    }

    #[test]
    fn one_build_gives_four_lines_and_several_give_lists() {
        let one = sample::build("App_Build", Ending::Success);
        insta::assert_snapshot!(text(&outcome(vec![one.clone()])), @r"
        TEAMCITY_BUILD_ID=4711
        TEAMCITY_BUILD_NUMBER=1.2.57
        TEAMCITY_BUILD_STATUS=SUCCESS
        TEAMCITY_BUILD_URL=https://tc.example.com/buildConfiguration/App_Build/4711
        ");
        let mut two = BuildOutcome::unknown("App_Deploy".into(), Ending::NotQueued);
        two.url = Some("javascript:alert(1)".into());
        insta::assert_snapshot!(text(&outcome(vec![one, two])), @r"
        TEAMCITY_BUILD_ID=4711,
        TEAMCITY_BUILD_NUMBER=1.2.57,
        TEAMCITY_BUILD_STATUS=SUCCESS,UNKNOWN
        TEAMCITY_BUILD_URL=https://tc.example.com/buildConfiguration/App_Build/4711,
        ");
    }

    #[test]
    fn an_older_servers_link_keeps_what_names_the_build() {
        assert_eq!(
            link("https://tc/viewLog.html?buildId=1&buildTypeId=X&tab=y"),
            "https://tc/viewLog.html?buildId=1"
        );
        assert_eq!(
            link("https://tc/viewLog.html?buildTypeId=X&buildId=1#log"),
            "https://tc/viewLog.html?buildId=1"
        );
        assert_eq!(
            link("https://tc/a b$(c)~,é"),
            "https://tc/a%20b%24%28c%29%7E%2C%C3%A9"
        );
    }

    #[test]
    fn a_shell_that_sources_it_runs_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut build = sample::build("A", Ending::Failure);
        build.number = Some("1`touch x`$(touch x);touch x\nB=2 'a\" ~ & #".into());
        build.url = Some("https://tc/$(touch${IFS}x);touch x&touch x".into());
        let file = folder.path().join(FILE);
        std::fs::write(&file, text(&outcome(vec![build]))).unwrap();
        let shell = std::process::Command::new("sh")
            .args([
                "-ec",
                ". ./teamcity.env; echo \"$TEAMCITY_BUILD_NUMBER ${B-unset}\"",
            ])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(shell.status.success());
        let said = String::from_utf8(shell.stdout).unwrap();
        assert!(
            said.starts_with("1_touch_x__") && said.ends_with(" unset\n"),
            "{said}"
        );
        assert!(!folder.path().join("x").exists());
    }

    #[test]
    fn output_variables_are_appended_where_pipelines_collects_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vars.env");
        std::fs::write(&path, "A=1").unwrap();
        append(&path, "B=2\n").unwrap();
        append(&path, "C=3\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "A=1\nB=2\nC=3\n");
        let nowhere = folder.path().join("tmp/vars.env");
        assert!(
            append(&nowhere, "B=2\n")
                .unwrap_err()
                .contains("folder does not exist")
        );
        assert!(!nowhere.exists());
    }

    proptest! {
        #[test]
        fn no_value_makes_a_line(number in ".{0,40}", url in "https://.{0,40}") {
            let mut build = sample::build("A", Ending::Failure);
            build.id = Some(BuildId(1));
            build.number = Some(number);
            build.url = Some(url);
            let text = text(&outcome(vec![build]));
            prop_assert_eq!(text.lines().count(), 4);
            for line in text.lines() {
                prop_assert!(line.starts_with("TEAMCITY_BUILD_"));
                prop_assert!(!line.contains(['$', '`', '"', '\'', '\\', ';', '&', ' ', '#', '~', '(', '<', '>', '|', '*']));
            }
        }
    }
}
