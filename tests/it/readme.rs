//! What is made, in README.md and docs/variables.md: the tables of variables, and logs as the pipe prints them (the demo's scenes, on
//! a slower build).
//!
//! `UPDATE_README=1 cargo test --test it readme` writes them anew.

use std::fmt::Write as _;
use std::path::Path;

use teamcity_pipe::config::variables::{self, Group, Variable};
use teamcity_simulator::Simulator;

use crate::pipe::Step;

#[path = "../../examples/demo/scene.rs"]
pub mod scene;

async fn log_of(scene: &str) -> String {
    let simulator = Simulator::start(scene::of(scene, 30));
    let step = Step::new()
        .set("TEAMCITY_URL", "https://teamcity.example.com")
        .set("BITBUCKET_BRANCH", "feature/x");
    step.run(&simulator).await.output
}

/// The document with this text after the marker, in place of what stands there up to the end of the block.
fn with(document: &str, marker: &str, text: &str, is_part: impl Fn(&str) -> bool) -> String {
    let (before, rest) = document
        .split_once(marker)
        .unwrap_or_else(|| panic!("there is no {marker}"));
    let old: usize = rest
        .split_inclusive('\n')
        .take_while(|line| is_part(line))
        .map(str::len)
        .sum();
    format!("{before}{marker}{text}{}", &rest[old..])
}

fn with_log(document: &str, name: &str, text: &str) -> String {
    let marker = format!("<!-- log: {name} -->\n```text\n");
    with(document, &marker, text, |line| !line.starts_with("```"))
}

fn with_table(document: &str, heading: &str, rows: &str) -> String {
    let (before, rest) = document
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("there is no {heading}"));
    let rest = with(rest, "| Variable | Usage |\n|---|---|\n", rows, |line| {
        line.starts_with('|')
    });
    format!("{before}\n{heading}\n{rest}")
}

fn rows(group: Group, text: impl Fn(&Variable) -> String) -> String {
    variables::ALL
        .iter()
        .filter(|variable| variable.group == group)
        .fold(String::new(), |mut rows, variable| {
            let star = if variable.required { " (*)" } else { "" };
            writeln!(rows, "| `{}`{star} | {} |", variable.name, text(variable)).unwrap();
            rows
        })
}

/// The document, and what it should be. `UPDATE_README=1` makes it so.
fn check(name: &str, make: impl Fn(&str) -> String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let there = std::fs::read_to_string(&path).unwrap();
    let made = make(&there);
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(&path, made).unwrap();
    } else {
        assert!(
            made == there,
            "{name} differs from the code; UPDATE_README=1 cargo test --test it readme writes it:\n{made}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_readme_has_every_variable_in_one_table_and_shows_real_logs() {
    let (passing, failing) = (log_of("passing").await, log_of("failing").await);
    let table = Group::ALL.into_iter().fold(String::new(), |table, group| {
        format!(
            "{table}| **{}** | |\n{}",
            group.title(),
            rows(group, Variable::short)
        )
    });
    check("README.md", |readme| {
        let readme = with_table(readme, "## Variables", &table);
        with_log(&with_log(&readme, "passing", &passing), "failing", &failing)
    });
}

#[test]
fn the_page_of_variables_has_all_that_there_is_to_know() {
    check("docs/variables.md", |page| {
        Group::ALL.into_iter().fold(page.to_owned(), |page, group| {
            let heading = format!("## {}", group.title());
            with_table(&page, &heading, &rows(group, Variable::whole))
        })
    });
}
