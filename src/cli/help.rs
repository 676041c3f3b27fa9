//! What the help says about variables, from their one table.

use std::fmt::Write as _;

use crate::config::variables::{self, Group, Variable};
use crate::exit;

const WIDTH: usize = 100;
const INDENT: &str = "          ";

/// Their names.
pub(super) fn short() -> String {
    let mut text = String::from("Variables (* required; --help explains them):\n");
    for group in Group::ALL {
        let names: Vec<String> = of(group).map(marked).collect();
        let _ = writeln!(text, "  {}:", group.title());
        wrap(&mut text, "    ", &names.join(" "));
    }
    text
}

/// Their names, meanings and defaults, and the exit status.
pub(super) fn long() -> String {
    let mut text = String::from("Variables (* required). Empty variables are ignored.\n");
    for group in Group::ALL {
        let _ = writeln!(text, "\n  {}:", group.title());
        for variable in of(group) {
            let _ = writeln!(text, "    {}", marked(variable));
            wrap(&mut text, INDENT, &plain(&variable.whole()));
        }
    }
    text.push_str("\nExit status:\n");
    for (status, meaning) in exit::TABLE {
        let _ = writeln!(text, "    {status:<6}{}", plain(meaning));
    }
    text
}

fn of(group: Group) -> impl Iterator<Item = &'static Variable> {
    variables::ALL
        .iter()
        .filter(move |variable| variable.group == group)
}

fn marked(variable: &Variable) -> String {
    format!(
        "{}{}",
        variable.name,
        if variable.required { "*" } else { "" }
    )
}

fn plain(markdown: &str) -> String {
    markdown.replace('`', "")
}

fn wrap(text: &mut String, indent: &str, words: &str) {
    let mut line = String::new();
    for word in words.split(' ') {
        if !line.is_empty()
            && [indent, &line, " ", word]
                .iter()
                .flat_map(|part| part.chars())
                .count()
                > WIDTH
        {
            let _ = writeln!(text, "{indent}{line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(text, "{indent}{line}");
}
