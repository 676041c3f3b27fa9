//! The lines of the step's log: colours, warnings, errors, and whose line it is.

use std::cell::RefCell;

use crate::types::text::{one_line, plain_line, under};
use crate::world::Output;

/// Longest name or text of the server's on one line, in characters.
const LONGEST: usize = 300;

pub(super) const BOLD: &str = "\u{1b}[1m";
pub(super) const DIM: &str = "\u{1b}[2m";
pub(super) const RED: &str = "\u{1b}[31m";
pub(super) const GREEN: &str = "\u{1b}[32m";
pub(super) const YELLOW: &str = "\u{1b}[33m";
pub(super) const RESET: &str = "\u{1b}[0m";

/// Writes the step's log.
pub struct Console {
    output: Output,
    /// Whether `NO_COLOR` asks for text alone (<https://no-color.org>).
    plain: bool,
    pub(super) names: RefCell<Vec<String>>,
}

impl Console {
    /// A console that writes to `output`.
    pub fn new(output: Output) -> Self {
        Self {
            output,
            plain: false,
            names: RefCell::default(),
        }
    }

    /// The same without colours, if this says so.
    #[must_use]
    pub fn plain(self, plain: bool) -> Self {
        Self { plain, ..self }
    }

    /// Writes one line. That nobody reads the log is no reason to fail.
    pub fn line(&self, line: &str) {
        // Who runs the pipe in TeamCity must not have a build's output obeyed there.
        let mut harmless = line.replace("##teamcity[", "## teamcity[");
        if self.plain {
            let lines: Vec<_> = harmless.split('\n').map(plain_line).collect();
            harmless = lines.join("\n");
        }
        let mut output = self.output.borrow_mut();
        let _ = writeln!(output, "{harmless}").and_then(|()| output.flush());
    }

    /// Text of our own, as it is.
    pub fn text(&self, text: &str) {
        self.line(text.trim_end());
    }

    /// A warning.
    pub fn warning(&self, text: &str) {
        self.line(&format!("{YELLOW}⚠ {}{RESET}", clean(text)));
    }

    /// A warning, and on the next line what to do about it.
    pub(super) fn odd(&self, what: &str, cure: &str) {
        self.line(&format!("{YELLOW}⚠ {}{RESET}", one_line(what, 1000)));
        if !cure.is_empty() {
            for line in under("  → ", &one_line(cure, 1000)) {
                self.line(&line);
            }
        }
    }

    /// A line for those who look for a fault.
    pub fn debug(&self, text: &str) {
        self.line(&format!("{DIM}· {}{RESET}", one_line(text, 2000)));
    }

    /// An error that ends the program, over several lines if need be.
    pub fn error(&self, text: &str) {
        for (index, line) in text.lines().enumerate() {
            let mark = if index == 0 { "✖ " } else { "" };
            let line = keep_indentation(line);
            let text = line.trim_start_matches([' ', '→']);
            let indent = line.strip_suffix(text).unwrap_or_default();
            if indent.is_empty() {
                self.line(&format!("{RED}{mark}{line}{RESET}"));
                continue;
            }
            // What to do about it, in our own words.
            for line in under(indent, text) {
                self.line(&format!("{RED}{line}{RESET}"));
            }
        }
    }

    /// The build's name before its lines, where there are several.
    pub(super) fn prefix(&self, position: usize) -> String {
        let names = self.names.borrow();
        match names.get(position) {
            Some(name) if names.len() > 1 => format!("{DIM}{name}:{RESET} "),
            _ => String::new(),
        }
    }
}

pub(super) fn clean(text: &str) -> String {
    one_line(text, LONGEST)
}

fn keep_indentation(line: &str) -> String {
    let text = line.trim_start();
    let indent = line.len().saturating_sub(text.len());
    format!("{}{}", " ".repeat(indent.min(8)), one_line(text, 1000))
}
