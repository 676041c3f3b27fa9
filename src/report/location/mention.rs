//! What a line of text says about a place: `path:12`, `path(12,5)`, `"path", line 12`, `at a.B.c(B.java:12)`.

/// Source files by their endings.
const ENDINGS: &[&str] = &[
    "java", "kt", "kts", "scala", "groovy", "clj", "py", "pyx", "js", "jsx", "mjs", "cjs", "ts",
    "tsx", "mts", "cts", "vue", "svelte", "go", "rs", "c", "cc", "cpp", "cxx", "h", "hh", "hpp",
    "hxx", "inl", "m", "mm", "cs", "vb", "fs", "fsx", "php", "phtml", "rb", "rake", "erb", "swift",
    "dart", "ex", "exs", "erl", "hs", "ml", "lua", "pl", "pm", "sh", "ps1", "sql", "proto",
    "graphql", "css", "scss", "less", "html", "cshtml", "razor", "xaml", "xml", "json", "yml",
    "yaml", "toml", "tf", "gradle", "csproj", "vbproj", "vcxproj", "props", "targets",
];
/// Languages whose files may lie in shorter folders than their packages say.
const LOOSE: &[&str] = &["kt", "kts", "scala", "groovy"];
/// Longest line that is looked at, in bytes; what is longer is data.
const LONGEST_LINE: usize = 4_000;

/// A file and a line, as a text names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The path's parts, from what the text says; never empty.
    pub(super) parts: Vec<String>,
    /// How exact the path is.
    pub(super) kind: Kind,
    /// From 1.
    pub(super) line: u32,
}

/// How exact a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// From the root of the build machine.
    Absolute,
    /// From some folder.
    Relative,
    /// From a source folder: a package and a file.
    Package {
        /// The first folders may be missing.
        loose: bool,
    },
}

impl Mention {
    /// The file's name.
    pub fn name(&self) -> &str {
        self.parts.last().map_or("", String::as_str)
    }
}

/// All mentions of a line.
pub(super) fn of_line(line: &str) -> Vec<Mention> {
    let mut found = Vec::new();
    if line.len() > LONGEST_LINE {
        return found;
    }
    for (dot, _) in line.match_indices('.') {
        let Some((path, after)) = line.split_at_checked(dot.saturating_add(1)) else {
            continue;
        };
        let length = after
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(after.len());
        let (ending, rest) = after.split_at(length);
        if ENDINGS.contains(&ending)
            && let Some(line_number) = line_number(rest)
            && let Some(mention) = mention(&format!("{path}{ending}"), rest, ending, line_number)
        {
            found.push(mention);
        }
    }
    found
}

/// The number in what follows a path.
fn line_number(rest: &str) -> Option<u32> {
    let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
    let forms = [
        ":line ",
        ": (",
        ":[",
        ":",
        "(",
        ", line ",
        " on line ",
        " line ",
    ];
    let digits = forms.iter().find_map(|form| {
        let digits = rest.strip_prefix(form)?;
        digits
            .starts_with(|c: char| c.is_ascii_digit())
            .then_some(digits)
    })?;
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    digits.get(..end)?.parse().ok().filter(|number| *number > 0)
}

/// The mention whose path ends `before`.
fn mention(before: &str, rest: &str, ending: &str, line: u32) -> Option<Mention> {
    let quoted = ['"', '\'']
        .into_iter()
        .find(|quote| rest.starts_with(*quote));
    let start = match quoted {
        Some(quote) => before.rfind(quote).map(|at| at.saturating_add(1))?,
        None => before
            .char_indices()
            .rev()
            .take_while(|(_, c)| is_path_character(*c))
            .last()
            .map(|(at, _)| at)?,
    };
    let (before, path) = before.split_at_checked(start)?;
    let absolute = path.starts_with(['/', '\\']) || before.ends_with(':') && path.starts_with('/');
    let parts = parts(path)?;
    if let Some(package) = before.strip_suffix('(').and_then(package)
        && parts.len() == 1
    {
        let mut all = package;
        all.extend(parts);
        let kind = Kind::Package {
            loose: LOOSE.contains(&ending),
        };
        return Some(Mention {
            parts: all,
            kind,
            line,
        });
    }
    let kind = if absolute {
        Kind::Absolute
    } else {
        Kind::Relative
    };
    Some(Mention { parts, kind, line })
}

fn is_path_character(c: char) -> bool {
    c.is_alphanumeric() || "_-./\\+@$~%".contains(c)
}

/// The parts of a path; of `..` only what follows is known. `None` for other people's code.
fn parts(path: &str) -> Option<Vec<String>> {
    let mut parts: Vec<String> = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => parts.clear(),
            "node_modules" | "site-packages" | "dist-packages" | ".cargo" | "rustc" | ".m2"
            | ".gradle" | "vendor" => {
                return None;
            }
            _ => parts.push(part.to_owned()),
        }
    }
    (!parts.is_empty()).then_some(parts)
}

/// The package of a frame's `at app//com.acme.Cart$Item.add`, as folders.
fn package(frame: &str) -> Option<Vec<String>> {
    let start = frame
        .rfind([' ', '\t', '/'])
        .map_or(0, |at| at.saturating_add(1));
    let mut names: Vec<_> = frame.get(start..)?.split('.').collect();
    // `<init>` and lambdas have marks of their own, but only in the method and class, which go away.
    names.pop()?;
    names.pop()?;
    let plain =
        |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    names
        .iter()
        .all(plain)
        .then(|| names.into_iter().map(ToOwned::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_line_makes_it_panic(line in "[a-zé./\\\\:()\"', 0-9\\[\\]]{0,60}") {
            for mention in of_line(&line) {
                prop_assert!(!mention.parts.is_empty() && mention.line > 0);
            }
        }

        #[test]
        fn a_plain_message_is_always_found(path in "[a-z]{1,8}(/[a-z]{1,8}){0,4}", line in 1_u32..100_000) {
            let found = of_line(&format!("error in {path}.rs:{line}: no"));
            prop_assert_eq!(found.len(), 1);
            prop_assert_eq!(found[0].line, line);
            prop_assert_eq!(format!("{path}.rs"), found[0].parts.join("/"));
        }
    }
}
