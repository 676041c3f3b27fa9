//! The house stays as drawn: folders know only those below them, and no two files know each other.
//!
//! Every path in `src` counts, in `use` lines and elsewhere, also in macros and tests. The rooms are those of CONTRIBUTING.md.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// The rooms from the top down. Those in one row are the ground, which may know each other.
const ROOMS: &[&[&str]] = &[
    &["main", "lib"],
    &["setup"],
    &["cli"],
    &["check"],
    &["run"],
    &["cancel"],
    &["results"],
    &["token"],
    &["preflight"],
    &["place"],
    &["identity"],
    &["report"],
    &["outcome"],
    &["clients"],
    &["config"],
    &["teamcity"],
    &["bitbucket"],
    &["http"],
    &["types", "world", "exit", "terminal"],
];

/// Who may not know whom, although it lies below.
const STRANGERS: &[(&str, &str)] = &[
    ("run", "bitbucket"),
    ("token", "results"),
    ("teamcity", "bitbucket"),
];

type Module = Vec<String>;

/// File (`run/stop.rs`) by the module that it holds.
fn files(texts: &BTreeMap<String, String>) -> BTreeMap<Module, String> {
    let module = |file: &String| -> Module {
        let mut parts: Module = file
            .trim_end_matches(".rs")
            .split('/')
            .map(ToOwned::to_owned)
            .collect();
        if parts.last().is_some_and(|last| last == "mod") || parts == ["lib"] {
            parts.pop();
        }
        parts
    };
    texts
        .keys()
        .map(|file| (module(file), file.clone()))
        .collect()
}

/// All that a file names: pairs of files, the first takes something from the second.
fn arrows(texts: &BTreeMap<String, String>) -> BTreeSet<(String, String)> {
    let files = files(texts);
    let mut found = BTreeSet::new();
    for (module, file) in &files {
        let tokens: TokenStream = texts[file].parse().expect("every file is Rust");
        let mut paths = Vec::new();
        let folder = |name: &str| files.contains_key(&child(module, name));
        read(tokens, module, &folder, &mut paths);
        for path in paths {
            let known = (0..=path.len())
                .rev()
                .find_map(|end| files.get(&path[..end]));
            // What leads to the crate's root names no file, but for what `lib.rs` itself holds.
            if let Some(to) = known.filter(|to| *to != file && *to != "lib.rs") {
                found.insert((file.clone(), to.clone()));
            }
        }
    }
    found
}

fn child(module: &Module, name: &str) -> Module {
    module.iter().cloned().chain([name.to_owned()]).collect()
}

/// `holds` tells whether a name is that of a file below the module, which needs no `self` before it.
fn read(
    tokens: TokenStream,
    module: &Module,
    holds: &dyn Fn(&str) -> bool,
    paths: &mut Vec<Module>,
) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at..] {
            [
                TokenTree::Ident(word),
                TokenTree::Ident(name),
                TokenTree::Group(body),
                ..,
            ] if word == "mod" && body.delimiter() == Delimiter::Brace => {
                read(
                    body.stream(),
                    &child(module, &name.to_string()),
                    &|_| false,
                    paths,
                );
                at += 3;
            }
            // `pub(super)` and `&self` are no paths.
            [
                TokenTree::Ident(root),
                TokenTree::Punct(one),
                TokenTree::Punct(two),
                ..,
            ] if (*root == "crate" || *root == "super" || *root == "self")
                && one.as_char() == ':'
                && two.as_char() == ':' =>
            {
                let start = match root.to_string().as_str() {
                    "crate" => Vec::new(),
                    "self" => module.clone(),
                    _ => module[..module.len().saturating_sub(1)].to_vec(),
                };
                at += 1 + tree(&tokens[at + 1..], start, paths);
            }
            // What follows belongs to a path that began elsewhere (`std::`, a type), or to a value.
            [
                TokenTree::Punct(one),
                TokenTree::Punct(two),
                TokenTree::Ident(_),
                ..,
            ] if one.as_char() == ':'
                && one.spacing() == Spacing::Joint
                && two.as_char() == ':' =>
            {
                at += 3;
            }
            [TokenTree::Punct(dot), TokenTree::Ident(_), ..] if dot.as_char() == '.' => at += 2,
            [
                TokenTree::Ident(name),
                TokenTree::Punct(one),
                TokenTree::Punct(two),
                ..,
            ] if one.as_char() == ':' && two.as_char() == ':' && holds(&name.to_string()) => {
                at += 1 + tree(&tokens[at + 1..], child(module, &name.to_string()), paths);
            }
            [TokenTree::Group(group), ..] => {
                read(group.stream(), module, holds, paths);
                at += 1;
            }
            _ => at += 1,
        }
    }
}

/// Reads `::a::{b, c::d}` after a root; how many tokens that took.
fn tree(tokens: &[TokenTree], mut path: Module, paths: &mut Vec<Module>) -> usize {
    let mut at = 0;
    loop {
        match &tokens[at..] {
            [
                TokenTree::Punct(one),
                TokenTree::Punct(two),
                TokenTree::Ident(name),
                ..,
            ] if one.as_char() == ':' && two.as_char() == ':' => {
                if name == "super" {
                    path.pop();
                } else {
                    path.push(name.to_string());
                }
                at += 3;
            }
            [
                TokenTree::Punct(one),
                TokenTree::Punct(two),
                TokenTree::Group(group),
                ..,
            ] if one.as_char() == ':'
                && two.as_char() == ':'
                && group.delimiter() == Delimiter::Brace =>
            {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for item in inner.split(
                    |token| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ','),
                ) {
                    if let [TokenTree::Ident(name), rest @ ..] = item {
                        let mut path = path.clone();
                        if name != "self" {
                            path.push(name.to_string());
                        }
                        tree(rest, path, paths);
                    }
                }
                return at + 3;
            }
            _ => break,
        }
    }
    if at > 0 || !path.is_empty() {
        paths.push(path);
    }
    at
}

fn room(file: &str) -> &str {
    file.split('/')
        .next()
        .unwrap_or(file)
        .trim_end_matches(".rs")
}

/// Arrows that run up, or to a stranger, or to a room that is not drawn.
fn wrong(arrows: &BTreeSet<(String, String)>) -> Vec<String> {
    let floor = |file: &str| ROOMS.iter().position(|row| row.contains(&room(file)));
    let mut wrong = Vec::new();
    for (from, to) in arrows {
        let says = match (floor(from), floor(to)) {
            (Some(above), Some(below)) if above < below || room(from) == room(to) => STRANGERS
                .contains(&(room(from), room(to)))
                .then_some("are strangers"),
            (Some(same), Some(other)) if same == other => None,
            (Some(_), Some(_)) => Some("runs up"),
            _ => Some("a room that is not drawn"),
        };
        if let Some(why) = says {
            wrong.push(format!("{from} -> {to}: {why}"));
        }
    }
    wrong
}

/// The files that lie on a circle: each can be reached from itself.
fn circles(arrows: &BTreeSet<(String, String)>) -> Vec<String> {
    let mut reach: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, to) in arrows {
        reach.entry(from).or_default().insert(to);
    }
    loop {
        let wider: BTreeMap<&str, BTreeSet<&str>> = reach
            .iter()
            .map(|(from, tos)| {
                let more = tos.iter().filter_map(|to| reach.get(to)).flatten();
                (*from, tos.iter().chain(more).copied().collect())
            })
            .collect();
        if wider == reach {
            break;
        }
        reach = wider;
    }
    let on_circle = |from: &&str| reach.get(from).is_some_and(|tos| tos.contains(from));
    reach
        .keys()
        .copied()
        .filter(on_circle)
        .map(ToOwned::to_owned)
        .collect()
}

fn sources() -> BTreeMap<String, String> {
    fn walk(folder: &Path, root: &Path, into: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, into);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path
                    .strip_prefix(root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                into.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut texts = BTreeMap::new();
    walk(&root, &root, &mut texts);
    texts
}

#[test]
fn arrows_run_down() {
    let wrong = wrong(&arrows(&sources()));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_is_on_a_circle() {
    let arrows = arrows(&sources());
    let circles = circles(&arrows);
    let between: Vec<String> = arrows
        .iter()
        .filter(|(from, to)| circles.contains(from) && circles.contains(to))
        .map(|(from, to)| format!("{from} -> {to}"))
        .collect();
    assert!(circles.is_empty(), "{}", between.join("\n"));
}

/// A test can put in a whole world: clock, environment and network come from `main.rs`, and the transport is made there.
#[test]
fn only_main_and_its_transport_touch_the_outside() {
    const OUTSIDE: &[&str] = &[
        "std::env",
        "env::var",
        "SystemTime",
        "Utc::now",
        "Local::now",
        "std::time::Instant",
        "reqwest",
        "TcpStream",
    ];
    let own = ["main.rs", "terminal.rs"];
    for (file, text) in sources() {
        if own.contains(&file.as_str()) || file.starts_with("http/") {
            continue;
        }
        let found = OUTSIDE.iter().find(|word| text.contains(**word));
        assert_eq!(found, None, "{file}");
    }
}

#[test]
fn files_hold_one_idea() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|(_, text)| text.lines().count() > 400)
        .map(|(file, text)| format!("{file}: {} lines", text.lines().count()))
        .collect();
    assert!(long.is_empty(), "over 400 lines: {}", long.join(", "));
}

#[test]
fn an_arrow_up_and_a_circle_are_seen() {
    let house = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()))
            .collect()
    };
    let up = house(&[
        (
            "report/page.rs",
            "fn f() { let x = format!(\"{}\", crate::run::stop::LIMIT); }",
        ),
        ("run/mod.rs", ""),
        (
            "run/stop.rs",
            "use crate::{report::page, outcome::{self, Event}};",
        ),
        ("outcome/mod.rs", ""),
    ]);
    assert_eq!(
        wrong(&arrows(&up)),
        ["report/page.rs -> run/stop.rs: runs up"]
    );
    assert_eq!(circles(&arrows(&up)), ["report/page.rs", "run/stop.rs"]);
    let stranger = house(&[
        ("run/mod.rs", "use crate::bitbucket::Client;"),
        ("bitbucket/mod.rs", ""),
    ]);
    assert_eq!(
        wrong(&arrows(&stranger)),
        ["run/mod.rs -> bitbucket/mod.rs: are strangers"]
    );
    let circle = house(&[
        (
            "run/mod.rs",
            "mod a; mod b; mod d; pub use a::A; fn f() { d::g(); }",
        ),
        ("run/d.rs", "use super::A;"),
        (
            "run/a.rs",
            "use super::b::B; mod tests { use super::super::c::C; }",
        ),
        ("run/b.rs", "fn f(x: self::X, y: super::a::A) {}"),
        ("run/c.rs", ""),
    ]);
    assert_eq!(
        circles(&arrows(&circle)),
        ["run/a.rs", "run/b.rs", "run/d.rs", "run/mod.rs"]
    );
    assert!(arrows(&circle).contains(&("run/a.rs".to_owned(), "run/c.rs".to_owned())));
}
