//! The page about tokens says what the program does.

use std::ffi::OsString;
use std::path::Path;

use teamcity_pipe::cli::{self, Command};
use teamcity_pipe::preflight::rights::NEEDED;

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tokens.md");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn each_command_of_the_page_is_one() {
    let page = page();
    let mut seen = 0;
    for line in page.lines().filter(|line| !line.starts_with("alias")) {
        let words = match line.trim().split_once("teamcity-pipe ") {
            Some((before, words)) if before.is_empty() || before.ends_with("| ") => words,
            _ if line.starts_with("  ") && line.trim().starts_with("token ") => line.trim(),
            _ => continue,
        };
        let arguments = std::iter::once("teamcity-pipe")
            .chain(words.split_whitespace())
            .map(OsString::from);
        let command = cli::parse(arguments, None);
        assert!(
            matches!(command, Ok(Command::Token(_) | Command::Check { .. })),
            "{line}: {command:?}"
        );
        seen += 1;
    }
    assert!(seen >= 9, "{seen}");
}

#[test]
fn the_page_names_each_permission_and_its_links_lead_somewhere() {
    let page = page();
    for name in NEEDED.map(|right| right.name) {
        assert!(page.contains(&format!("\n- {name}\n")), "{name}");
    }
    for link in page.split("](#").skip(1) {
        let anchor = link.split(')').next().unwrap();
        let heading = |line: &str| {
            let text = line.strip_prefix("## ").unwrap_or_default();
            text.to_lowercase().replace(',', "").replace(' ', "-")
        };
        assert!(page.lines().any(|line| heading(line) == anchor), "{anchor}");
    }
}

#[test]
fn the_page_repeats_what_the_program_says() {
    let page = page();
    let life =
        include_str!("snapshots/it__tokens__life__a_whole_life_loses_and_shows_no_token.snap");
    for line in life
        .lines()
        .filter(|line| line.contains("EXPIRES") || line.contains("acme/app  "))
    {
        assert!(page.contains(line), "{line}");
    }
}
