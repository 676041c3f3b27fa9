use proptest::prelude::*;

use super::*;

fn called(specification: &str, reference: &str) -> Option<String> {
    Specification::parse(specification).logical(reference)
}

#[test]
fn a_rule_says_what_a_ref_is_called() {
    for (rule, reference, name) in [
        ("+:refs/heads/*", "refs/heads/release/1.0", "release/1.0"),
        ("+:refs/heads/release/*", "refs/heads/release/1.0", "1.0"),
        (
            "refs/heads/(release/*)",
            "refs/heads/release/1.0",
            "release/1.0",
        ),
        (
            "+:refs/(heads/release/*)",
            "refs/heads/release/1.0",
            "heads/release/1.0",
        ),
        ("+:refs/heads/(main)", "refs/heads/main", "main"),
        ("+:refs/heads/main", "refs/heads/main", "refs/heads/main"),
        ("+: refs/heads/x ", "refs/heads/x", "refs/heads/x"),
        (
            "+:refs/(pull-requests/*)/from",
            "refs/pull-requests/7/from",
            "pull-requests/7",
        ),
        (
            r"+:refs/heads/release-\(*\)",
            "refs/heads/release-(7.1)",
            "7.1",
        ),
        (
            r"+:refs/heads/(release-\(7.1\))",
            "refs/heads/release-(7.1)",
            "release-(7.1)",
        ),
        (
            "#! escape: !\n+:refs/heads/release-!(7.1!)",
            "refs/heads/release-(7.1)",
            "refs/heads/release-(7.1)",
        ),
        ("+:refs/heads/(stable)-*", "refs/heads/stable-7", "stable"),
        ("# all\r\n+:refs/heads/*\r\n", "refs/heads/x", "x"),
    ] {
        assert_eq!(called(rule, reference).as_deref(), Some(name), "{rule}");
    }
}

#[test]
fn other_refs_are_no_branches() {
    for (rule, reference) in [
        ("-:refs/heads/*", "refs/heads/x"),
        ("# +:refs/heads/*", "refs/heads/x"),
        ("+:refs/heads/feature*", "refs/heads/feature"),
        ("+:refs/heads/*/*", "refs/heads/a/b"),
        ("+:refs/heads/(a", "refs/heads/a"),
        ("+:<default>", "<default>"),
        ("+:", ""),
        ("", "refs/heads/x"),
    ] {
        assert_eq!(called(rule, reference), None, "{rule}");
    }
}

#[test]
fn the_most_exact_rule_counts_and_of_equal_ones_the_last() {
    let both = "+:refs/heads/release-v1\n-:refs/heads/release-v1\n+:refs/heads/*";
    assert_eq!(called(both, "refs/heads/release-v1"), None);
    assert_eq!(
        called(both, "refs/heads/release-v2").as_deref(),
        Some("release-v2")
    );
    let hotfix = "+:refs/heads/*/hotfix\n-:refs/heads/v1/*";
    assert_eq!(
        called(hotfix, "refs/heads/v1/hotfix").as_deref(),
        Some("v1")
    );
    let last = "+:refs/heads/(a*)\n+:refs/(heads/a*)";
    assert_eq!(called(last, "refs/heads/ab").as_deref(), Some("heads/ab"));
}

#[test]
fn a_name_leads_back_to_its_ref() {
    let specification =
        Specification::parse("+:refs/heads/(feature/*)\n+:refs/tags/*\n-:refs/tags/old");
    let refs = |name| specification.refs_called(name).collect::<Vec<_>>();
    assert_eq!(
        refs("feature/x"),
        ["refs/heads/feature/x", "refs/tags/feature/x"]
    );
    assert_eq!(refs("v1"), ["refs/tags/v1"]);
    assert!(refs("old").is_empty());
}

/// The same, read slowly: `*` is replaced by every piece of the ref, and what comes out is compared.
fn slowly(text: &str, reference: &str) -> Option<String> {
    let mut escape = '\\';
    for line in text.lines() {
        if let Some(given) = line.trim().strip_prefix("#! escape: ") {
            escape = given.chars().next().unwrap();
            break;
        }
    }
    let mut found: Vec<(usize, bool, String)> = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        let includes = !line.starts_with("-:");
        let pattern = line.trim_start_matches("-:").trim_start_matches("+:");
        // Each character with whether it means itself.
        let mut marks: Vec<(char, bool)> = Vec::new();
        let chars: Vec<char> = pattern.chars().collect();
        let mut at = 0;
        while at < chars.len() {
            let next = chars.get(at + 1);
            if chars[at] == escape && next.is_some_and(|c| ['*', '(', ')', escape].contains(c)) {
                marks.push((chars[at + 1], true));
                at += 2;
            } else {
                marks.push((chars[at], !['*', '(', ')'].contains(&chars[at])));
                at += 1;
            }
        }
        let count = |wanted: char| {
            marks
                .iter()
                .filter(|mark| **mark == (wanted, false))
                .count()
        };
        let place = |wanted: char| marks.iter().position(|mark| *mark == (wanted, false));
        let paired = match (count('('), count(')')) {
            (0, 0) => true,
            (1, 1) => place('(') < place(')'),
            _ => false,
        };
        if count('*') > 1 || !paired {
            continue;
        }
        let letters: Vec<char> = reference.chars().collect();
        let mut pieces = vec![String::new()];
        for from in 0..letters.len() {
            for to in from + 1..=letters.len() {
                pieces.push(letters[from..to].iter().collect());
            }
        }
        if count('*') == 0 {
            pieces.truncate(1);
        } else {
            pieces.remove(0);
        }
        for piece in pieces {
            let (mut whole, mut inside, mut within) = (String::new(), String::new(), false);
            for mark in &marks {
                match *mark {
                    ('(', false) => within = true,
                    (')', false) => within = false,
                    ('*', false) => {
                        whole += &piece;
                        if within {
                            inside += &piece;
                        }
                    }
                    (c, _) => {
                        whole.push(c);
                        if within {
                            inside.push(c);
                        }
                    }
                }
            }
            if whole == reference {
                if count('(') == 1 && inside.is_empty() {
                    continue;
                }
                let name = match (count('('), count('*')) {
                    (1, _) => inside,
                    (_, 0) => whole,
                    _ => piece.clone(),
                };
                found.push((piece.chars().count(), includes, name));
            }
        }
    }
    let least = found.iter().map(|(freedom, ..)| *freedom).min()?;
    let (_, includes, name) = found.iter().rev().find(|(freedom, ..)| *freedom == least)?;
    includes.then(|| name.clone())
}

fn line() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => Just("r/".to_owned()), 4 => Just("a".to_owned()), 4 => Just("b".to_owned()),
        3 => Just("*".to_owned()), 2 => Just("(".to_owned()), 2 => Just(")".to_owned()),
        1 => Just("\\(".to_owned()), 1 => Just("\\)".to_owned()), 1 => Just("!*".to_owned()),
        1 => Just("\\".to_owned()), 1 => Just("é".to_owned()),
    ];
    let begin = prop_oneof![3 => Just("+:"), 2 => Just("-:"), 1 => Just(""), 1 => Just("# ")];
    (
        begin,
        prop::collection::vec(piece, 1..6),
        prop_oneof![Just(""), Just("\r"), Just(" ")],
    )
        .prop_map(|(begin, pieces, end)| format!("{begin}{}{end}", pieces.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn read_quickly_it_says_the_same_as_read_slowly(
        lines in prop::collection::vec(line(), 1..5),
        other_escape in any::<bool>(),
        reference in prop::collection::vec(prop_oneof![Just("r/"), Just("a"), Just("b"), Just("("), Just(")"), Just("*"), Just("\\"), Just("é")], 1..6),
    ) {
        let mut text = lines.join("\n");
        if other_escape {
            text = format!("#! escape: !\n{text}");
        }
        let reference = reference.concat();
        prop_assert_eq!(called(&text, &reference), slowly(&text, &reference), "{:?}", text);
    }

    #[test]
    fn a_name_leads_back_to_a_ref_that_is_called_so(lines in prop::collection::vec(line(), 1..5), reference in "[ab]{0,2}r/[ab]{0,3}") {
        let specification = Specification::parse(&lines.join("\n"));
        if let Some(name) = specification.logical(&reference) {
            for reference in specification.refs_called(&name) {
                prop_assert_eq!(specification.logical(&reference), Some(name.clone()));
            }
        }
    }
}
