//! All diagnostics in one list, read from the code: `docs/messages.md`, which is reviewed whole. And the page that explains them.
//!
//! `UPDATE_MESSAGES=1 cargo test messages` writes the list anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use teamcity_pipe::preflight::rights;

const LIST: &str = "docs/messages.md";
const PAGE: &str = "docs/when-it-does-not-work.md";

/// What a user may read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Message {
    /// The folder that says it.
    room: String,
    /// How the program ends, or `–` where it goes on.
    end: &'static str,
    cause: String,
    cure: String,
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

fn arguments(group: &Group) -> Vec<Vec<TokenTree>> {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    let mut all: Vec<Vec<TokenTree>> = tokens
        .split(|token| is_mark(token, ','))
        .map(<[TokenTree]>::to_vec)
        .collect();
    all.retain(|one| !one.is_empty());
    all
}

/// A literal's text: without its quotes, escapes and continued lines.
fn literal(text: &str) -> Option<String> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut plain = String::new();
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match chars.next() {
            Some('\n') => while chars.next_if(|c| c.is_whitespace()).is_some() {},
            Some('n') => plain.push(' '),
            Some(other) => plain.push(other),
            None => {}
        }
    }
    Some(plain)
}

/// The last name in an expression: `token_page(base)` is a `token_page`, `reach.credential` a `credential`.
fn name_of(tokens: &[TokenTree]) -> String {
    let name = tokens.iter().rev().find_map(|token| match token {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    });
    format!("{{{}}}", name.unwrap_or_else(|| "…".to_owned()))
}

/// An expression's text, with its values as `{name}`.
fn text(tokens: &[TokenTree]) -> String {
    match tokens {
        [TokenTree::Punct(and), rest @ ..] if and.as_char() == '&' => text(rest),
        [TokenTree::Literal(first), ..] => {
            literal(&first.to_string()).unwrap_or_else(|| first.to_string())
        }
        [
            TokenTree::Ident(format),
            TokenTree::Punct(bang),
            TokenTree::Group(group),
            ..,
        ] if format == "format" && bang.as_char() == '!' => {
            let arguments = arguments(group);
            let Some((template, values)) = arguments.split_first() else {
                return String::new();
            };
            let mut values = values.iter();
            let mut filled = String::new();
            let template = text(template);
            let mut rest = template.as_str();
            while let Some((before, after)) = rest.split_once('{') {
                let (inside, after) = after.split_once('}').unwrap_or((after, ""));
                let name = inside.split(':').next().unwrap_or_default();
                filled.push_str(before);
                if name.is_empty() {
                    filled.push_str(&values.next().map_or_else(String::new, |one| name_of(one)));
                } else {
                    filled.push_str(&format!("{{{name}}}"));
                }
                rest = after;
            }
            filled + rest
        }
        [TokenTree::Group(block)] if block.delimiter() == Delimiter::Brace => {
            text(&block.stream().into_iter().collect::<Vec<_>>())
        }
        _ => name_of(tokens),
    }
}

/// Whether it says more than the names of values.
fn says_something(text: &str) -> bool {
    let mut inside = false;
    text.chars().any(|c| {
        inside = (inside || c == '{') && c != '}';
        !inside && c.is_alphabetic()
    })
}

struct Reader<'a> {
    room: &'a str,
    /// What each kind of error says, by its name.
    kinds: &'a BTreeMap<String, Vec<String>>,
    found: Vec<Message>,
    /// Warnings and notes, which need nothing done.
    notes: BTreeSet<String>,
}

impl Reader<'_> {
    /// What the log says beside diagnostics: a warning, a note, a line.
    fn note(&mut self, tokens: &[TokenTree]) {
        let (name, group) = match tokens {
            [
                of,
                one,
                two,
                TokenTree::Ident(kind),
                TokenTree::Group(group),
                ..,
            ] if is_word(of, "Event") && is_mark(one, ':') && is_mark(two, ':') => {
                (kind.to_string(), group)
            }
            [dot, TokenTree::Ident(method), TokenTree::Group(group), ..] if is_mark(dot, '.') => {
                (format!(".{method}"), group)
            }
            _ => return,
        };
        let arguments = arguments(group);
        let said = match (name.as_str(), arguments.as_slice()) {
            ("Warning" | "Note" | "Failed", [said])
            | (".warning" | ".say" | ".text" | ".line", [said]) => text(said),
            (".warn", [variable, said]) => format!("{} {}", text(variable), text(said)),
            _ => return,
        };
        if said.contains(' ') && says_something(&said) {
            // Colours, and the build's name where there are several.
            let plain = [
                "{BOLD}", "{DIM}", "{RED}", "{YELLOW}", "{RESET}", "{prefix}",
            ]
            .into_iter()
            .fold(said, |said, colour| said.replace(colour, ""));
            self.notes.insert(plain.trim().to_owned());
        }
    }

    fn add(&mut self, end: &'static str, cause: String, cure: String) {
        if says_something(&cause) {
            self.found.push(Message {
                room: self.room.to_owned(),
                end,
                cause,
                cure,
            });
        }
    }

    fn read(&mut self, stream: TokenStream) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut kinds: Vec<String> = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            self.note(&tokens[at..]);
            match &tokens[at..] {
                // Tests say what they like.
                [module, name, TokenTree::Group(_), ..]
                    if is_word(module, "mod") && is_word(name, "tests") =>
                {
                    at += 3;
                    continue;
                }
                [
                    of,
                    _,
                    _,
                    TokenTree::Ident(kind),
                    TokenTree::Group(group),
                    ..,
                ] if is_word(of, "Diagnostic") => {
                    let end = match kind.to_string().as_str() {
                        "usage" => "3",
                        "refused" => "4",
                        _ => "5",
                    };
                    if let [what, cure] = arguments(group).as_slice() {
                        self.add(end, text(what), text(cure));
                    }
                }
                [dot, TokenTree::Ident(method), TokenTree::Group(group), ..]
                    if is_mark(dot, '.') =>
                {
                    let arguments: Vec<String> =
                        arguments(group).iter().map(|one| text(one)).collect();
                    match (method.to_string().as_str(), arguments.as_slice()) {
                        ("odd", [_, what, cure]) => self.add("–", what.clone(), cure.clone()),
                        ("problem", [variable, what, how]) => {
                            self.add("3", format!("{variable} {what}"), how.clone());
                        }
                        ("wrong", [variable, _, how]) => {
                            self.add(
                                "3",
                                format!("{variable} has the invalid value '{{value}}'"),
                                how.clone(),
                            );
                        }
                        ("missing", [variable, how]) => {
                            self.add("3", format!("{variable} is missing"), how.clone());
                        }
                        _ => {}
                    }
                }
                [TokenTree::Ident(of), one, two, TokenTree::Ident(kind), ..]
                    if (of == "ErrorKind" || of.to_string().ends_with("Fault"))
                        && is_mark(one, ':')
                        && is_mark(two, ':') =>
                {
                    kinds.push(match of.to_string().as_str() {
                        "ErrorKind" => kind.to_string(),
                        fault => format!("{fault}::{kind}"),
                    });
                }
                // In the table from a refusal to its cure: an arm, and what it gives.
                [equals, arrow, rest @ ..] if is_mark(equals, '=') && is_mark(arrow, '>') => {
                    let arm = match rest {
                        [TokenTree::Group(block), ..] if block.delimiter() == Delimiter::Brace => {
                            &rest[..1]
                        }
                        _ => rest
                            .split(|token| is_mark(token, ','))
                            .next()
                            .unwrap_or(rest),
                    };
                    let cure = text(arm);
                    for kind in std::mem::take(&mut kinds) {
                        if self.room != "preflight/cure" || !says_something(&cure) {
                            continue;
                        }
                        for what in self.kinds.get(&kind).into_iter().flatten() {
                            self.add("4 or 5", format!("{{doing}}: {what}"), cure.clone());
                        }
                    }
                }
                [TokenTree::Group(pair), ..]
                    if self.room == "preflight/cure"
                        && pair.delimiter() == Delimiter::Parenthesis =>
                {
                    if let [what, cure] = arguments(pair).as_slice() {
                        let (what, cure) = (text(what), text(cure));
                        if what.contains(' ') && cure.len() > 25 {
                            self.add("4 or 5", what, cure);
                        }
                    }
                }
                _ => {}
            }
            if let TokenTree::Group(group) = &tokens[at] {
                self.read(group.stream());
            }
            at += 1;
        }
    }
}

fn rust_files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    all.sort();
    for path in all {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs")
            && !["tests", "stub", "fuzzing"].contains(&name.as_str())
        {
            found.push(path);
        }
    }
}

/// What each kind of error says, by `#[error("…")]` before it.
fn kinds(stream: TokenStream, found: &mut BTreeMap<String, Vec<String>>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut words: Option<String> = None;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                if let [error, TokenTree::Group(given)] = inner.as_slice()
                    && is_word(error, "error")
                {
                    let given: Vec<TokenTree> = given.stream().into_iter().collect();
                    let given = text(&given);
                    words = Some(given.replace("{0}", "{detail}").replace("{1}", "{detail}"));
                }
            }
            TokenTree::Ident(name) if at > 0 => {
                if let Some(words) = words.take() {
                    found.insert(name.to_string(), vec![words]);
                }
            }
            TokenTree::Group(group) => kinds(group.stream(), found),
            _ => {}
        }
    }
}

/// What the network has to say of each fault: `(ProxyFault::NoProxy, "…")`, in whatever parentheses.
fn faults(stream: TokenStream, found: &mut BTreeMap<String, Vec<String>>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else {
            continue;
        };
        if at > 0 && is_word(&tokens[at - 1], "tests") {
            continue;
        }
        faults(group.stream(), found);
        let arguments = arguments(group);
        let [fault, words] = arguments.as_slice() else {
            continue;
        };
        let flat: Vec<String> = fault
            .iter()
            .flat_map(|token| match token {
                TokenTree::Group(inner) => inner.stream().into_iter().collect(),
                other => vec![other.clone()],
            })
            .filter_map(|token| match token {
                TokenTree::Ident(ident) => Some(ident.to_string()),
                _ => None,
            })
            .collect();
        let kind = flat.windows(2).find(|pair| pair[0].ends_with("Fault"));
        let words = text(words);
        if let (Some([of, kind]), true) = (kind, says_something(&words)) {
            let words = match of.as_str() {
                "CertificateFault" => {
                    format!("TeamCity can't be reached safely: {{certificate}} {words}")
                }
                "ProtocolFault" if !words.contains("{server}") => {
                    format!("TeamCity can't be reached: {{server}} {words}")
                }
                "ProtocolFault" => format!("TeamCity can't be reached: {words}"),
                _ => words,
            };
            found
                .entry(format!("{of}::{kind}"))
                .or_default()
                .push(words);
        }
    }
}

/// Texts that have a name: `const HOW: &str = "…";`.
fn constants(stream: TokenStream, found: &mut BTreeMap<String, String>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    for window in tokens.windows(7) {
        if let [
            constant,
            TokenTree::Ident(name),
            _,
            _,
            kind,
            _,
            TokenTree::Literal(text),
        ] = window
            && is_word(constant, "const")
            && is_word(kind, "str")
            && let Some(text) = literal(&text.to_string())
        {
            found.insert(name.to_string(), text);
        }
    }
    for token in tokens {
        if let TokenTree::Group(group) = token {
            constants(group.stream(), found);
        }
    }
}

fn messages() -> Vec<Message> {
    read().0
}

/// All diagnostics, and all warnings and notes with the folder that says them.
fn read() -> (Vec<Message>, BTreeSet<(String, String)>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    let mut known = BTreeMap::new();
    let error = std::fs::read_to_string(root.join("teamcity/error.rs")).unwrap();
    kinds(error.parse().unwrap(), &mut known);
    for file in files
        .iter()
        .filter(|file| file.starts_with(root.join("http")))
    {
        let stream: TokenStream = std::fs::read_to_string(file).unwrap().parse().unwrap();
        faults(stream, &mut known);
    }
    let mut all = Vec::new();
    let mut notes = BTreeSet::new();
    for file in files {
        let path = file.strip_prefix(&root).unwrap();
        let room = path
            .parent()
            .filter(|parent| parent.components().count() > 0);
        let room = room.unwrap_or(path).to_string_lossy().replace(".rs", "");
        let mut reader = Reader {
            room: &room,
            kinds: &known,
            found: Vec::new(),
            notes: BTreeSet::new(),
        };
        let stream: TokenStream = std::fs::read_to_string(&file).unwrap().parse().unwrap();
        let mut named = BTreeMap::new();
        constants(stream.clone(), &mut named);
        reader.read(stream);
        for message in &mut reader.found {
            for (name, text) in &named {
                let name = format!("{{{name}}}");
                message.cause = message.cause.replace(&name, text);
                message.cure = message.cure.replace(&name, text);
            }
        }
        all.extend(reader.found);
        notes.extend(reader.notes.into_iter().map(|said| (room.clone(), said)));
    }
    let id = "{id}".into();
    all.extend(rights::ALL.map(|right| Message {
        room: "preflight".to_owned(),
        end: right.end(),
        cause: right.lacking(&id),
        cure: right.advice(Some("{project}")),
    }));
    let mut seen = BTreeSet::new();
    all.retain(|message| seen.insert((message.cause.clone(), message.cure.clone())));
    all.sort_by(|one, other| one.room.cmp(&other.room));
    (all, notes)
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[test]
fn the_list_of_messages_is_what_the_code_says() {
    let mut list = "# Messages\n\nEvery diagnostic, as the code has it: how the program ends (`–`: it goes on), the cause, and the cure. Values are `{name}`.\n\
         [When it does not work](when-it-does-not-work.md) explains those of a run. `UPDATE_MESSAGES=1 cargo test messages` writes this file anew.\n"
        .to_owned();
    let mut room = String::new();
    let (all, notes) = read();
    for message in all {
        if message.room != room {
            room.clone_from(&message.room);
            list.push_str(&format!(
                "\n## {room}\n\n| End | Cause | Cure |\n|---|---|---|\n"
            ));
        }
        list.push_str(&format!(
            "| {} | {} | {} |\n",
            message.end,
            cell(&message.cause),
            cell(&message.cure)
        ));
    }
    list.push_str(
        "\n## Warnings and notes\n\nWhat the log says beside diagnostics, and where nothing has to be done.\n\n| From | Text |\n|---|---|\n",
    );
    for (room, said) in notes {
        list.push_str(&format!("| {room} | {} |\n", cell(&said)));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(LIST);
    if std::env::var_os("UPDATE_MESSAGES").is_some() {
        std::fs::write(&path, &list).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == list,
        "{LIST} differs from the code; UPDATE_MESSAGES=1 cargo test messages writes it"
    );
}

#[test]
fn each_message_has_a_cause_and_a_cure_apart() {
    for message in messages() {
        assert!(!message.cure.is_empty(), "{} has no cure", message.cause);
        assert!(
            !message.cause.ends_with('.'),
            "{}: a cause has no full stop, its cure follows on a line of its own",
            message.cause
        );
    }
}

/// The sentences of a text, as the log may break its lines.
fn sentences(text: &str) -> Vec<&str> {
    text.split_inclusive(". ").map(str::trim_end).collect()
}

/// Longest sentence of our own, in columns, with a dozen or so for each value.
const WIDEST: usize = 200;

#[test]
fn each_sentence_is_short_and_each_cure_is_a_sentence() {
    for message in messages() {
        for sentence in sentences(&message.cause)
            .into_iter()
            .chain(sentences(&message.cure))
        {
            assert!(sentence.chars().count() < WIDEST, "too long: {sentence}");
        }
        let cure = message.cure.trim_end_matches('}');
        let of_a_value = cure.len() < message.cure.len();
        assert!(
            of_a_value || cure.ends_with(['.', '?']),
            "{}: its cure is no sentence: {cure}",
            message.cause
        );
        assert!(
            cure.starts_with(|first: char| first.is_uppercase() || "{'\"".contains(first))
                || cure.starts_with("NO_PROXY"),
            "{}: its cure does not begin a sentence: {cure}",
            message.cause
        );
        // A cure in a cause is one that nobody finds.
        for word in [": Give ", ": give ", ": write ", ": set ", ": pass "] {
            assert!(!message.cause.contains(word), "{}", message.cause);
        }
    }
}

#[test]
fn each_sentence_of_a_warning_or_a_note_is_short() {
    for (room, said) in read().1 {
        for sentence in sentences(&said) {
            assert!(sentence.chars().count() < WIDEST, "{room}: {sentence}");
        }
    }
}

/// A row of the page: what the log says, what has happened, what to do.
fn row(message: &Message, why: &str) -> String {
    format!(
        "| `{}` | {why} | {} |",
        cell(&message.cause),
        cell(&message.cure)
    )
}

/// What a row of the page says of, and its explanation.
fn row_of(line: &str) -> Option<(String, &str)> {
    let (cause, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
    let (why, _) = rest.split_once(" | ")?;
    Some((cause.replace("\\|", "|"), why))
}

/// The page has one row for each message of a run, with the cure that the log shows, and none for what nobody says. Its middle column is
/// written by hand.
#[test]
fn the_page_explains_each_message_of_a_run() {
    // Variables and the token commands say all in their own messages; the page says where those are.
    let of_a_run = |message: &Message| {
        !["config", "token", "cli"]
            .iter()
            .any(|room| message.room.starts_with(room))
    };
    let mut said: BTreeMap<String, Message> = BTreeMap::new();
    for message in messages().into_iter().filter(of_a_run) {
        said.entry(message.cause.clone()).or_insert(message);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    let mut rows = BTreeSet::new();
    let mut page = String::new();
    for line in there.lines() {
        match row_of(line) {
            None => page.push_str(&format!("{line}\n")),
            Some((cause, why)) => {
                if let Some(message) = said.get(&cause).filter(|_| rows.insert(cause)) {
                    page.push_str(&format!("{}\n", row(message, why)));
                }
            }
        }
    }
    for (_, message) in said.iter().filter(|(cause, _)| !rows.contains(*cause)) {
        page.push_str(&format!("{}\n", row(message, "?")));
    }
    if std::env::var_os("UPDATE_MESSAGES").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == page,
        "{PAGE} differs from the code; UPDATE_MESSAGES=1 cargo test messages mends it, its new rows are at its end"
    );
}
