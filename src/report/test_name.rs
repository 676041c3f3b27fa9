//! TeamCity's test names, taken apart as its pages do: `suite: package.Class.test(parameters)`.

use crate::types::hash;
use crate::types::text::one_line;

/// Longest part that is kept, in characters.
const LONGEST: usize = 500;
/// Longest name that is looked at, in characters.
const LONGEST_WHOLE: usize = 3_000;
/// Digits by which long names that begin alike are told apart.
const DIGITS: usize = 8;

/// The parts of a test's name, as plain text. Only `name` is never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestName {
    /// What stands before the last `: ` of the name proper.
    pub suite: String,
    /// Package and class, with dots.
    pub class: String,
    /// The method with its parameters, or whatever the name is where it has no such form.
    pub name: String,
}

impl TestName {
    /// Takes a name apart.
    pub fn parse(full: &str) -> Self {
        let full = cut(full, LONGEST_WHOLE);
        // Parameters may hold anything, dots and colons too.
        let proper = full.find(['(', '[', '{', '"', '\'']).unwrap_or(full.len());
        let (suite, rest) = match full.get(..proper).and_then(|head| head.rfind(": ")) {
            Some(colon) => full.split_at(colon.saturating_add(2)),
            None => ("", full.as_str()),
        };
        let suite = suite.trim_end_matches([':', ' ']);
        let proper = rest
            .find(['(', '[', '{', '"', '\'', ' '])
            .unwrap_or(rest.len());
        let (head, parameters) = rest.split_at_checked(proper).unwrap_or((rest, ""));
        let (class, name) = match head.rsplit_once('.') {
            // A sentence that ends in a full stop, or a number, is no class.
            Some((class, method))
                if !(method.is_empty() && parameters.is_empty())
                    && is_class(class)
                    && !head.contains("::") =>
            {
                (
                    class,
                    rest.strip_prefix(class)
                        .and_then(|rest| rest.strip_prefix('.'))
                        .unwrap_or(method),
                )
            }
            _ => ("", rest),
        };
        let name = if name.trim().is_empty() {
            "(no name)"
        } else {
            name
        };
        Self {
            suite: cut(suite, LONGEST),
            class: cut(class, LONGEST),
            name: cut(name, LONGEST),
        }
    }
}

/// A text of at most so many characters. A longer one ends with digits of its own, the same in each run: the names of
/// parameterised tests often differ at their ends alone.
fn cut(text: &str, longest: usize) -> String {
    let line = one_line(text, longest);
    if line.chars().count() < longest || one_line(text, usize::MAX) == line {
        return line;
    }
    let digits = hash::hex(&[text], DIGITS);
    format!(
        "{} {digits}",
        one_line(text, longest.saturating_sub(DIGITS.saturating_add(1)))
    )
}

fn is_class(text: &str) -> bool {
    text.split('.').all(|part| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$')
            && part
                .chars()
                .all(|c| c.is_alphanumeric() || "_$-+`".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(full: &str) -> [String; 3] {
        let TestName { suite, class, name } = TestName::parse(full);
        [suite, class, name]
    }

    #[test]
    fn splits_as_teamcitys_pages_do() {
        let expected = |suite: &str, class: &str, name: &str| {
            [suite.to_owned(), class.to_owned(), name.to_owned()]
        };
        assert_eq!(
            parts("S: com.acme.CartTest.adds"),
            expected("S", "com.acme.CartTest", "adds")
        );
        assert_eq!(
            parts("com.acme.CartTest.adds(\"a: b.c\", 1.5)"),
            expected("", "com.acme.CartTest", "adds(\"a: b.c\", 1.5)")
        );
        assert_eq!(
            parts("All: Unit: a.B.c[x.y: z]"),
            expected("All: Unit", "a.B", "c[x.y: z]")
        );
        assert_eq!(
            parts("src/Cart.test.tsx: Cart shows 1.5 euro"),
            expected("src/Cart.test.tsx", "", "Cart shows 1.5 euro")
        );
        assert_eq!(
            parts("test_a.py::test_b"),
            expected("", "", "test_a.py::test_b")
        );
        assert_eq!(
            parts("just a sentence."),
            expected("", "", "just a sentence.")
        );
        assert_eq!(parts("  "), expected("", "", "(no name)"));
        assert_eq!(parts("suite: "), expected("", "", "suite:"));
    }

    #[test]
    fn long_names_that_begin_alike_stay_apart() {
        let of = |end: &str| parts(&format!("a.B.c[{}{end}]", "x".repeat(700)))[2].clone();
        let (one, two) = (of("1"), of("2"));
        assert_ne!(one, two);
        assert_eq!(one, of("1"));
        assert_eq!((one.chars().count(), two.chars().count()), (500, 500));
        let whole = parts(&"y".repeat(500));
        assert_eq!(whole[2], "y".repeat(500));
    }

    proptest! {
        #[test]
        fn no_name_is_empty_or_hostile(full in ".{0,60}") {
            let name = TestName::parse(&full);
            prop_assert!(!name.name.is_empty());
            let all = format!("{}{}{}", name.suite, name.class, name.name);
            prop_assert!(!all.chars().any(char::is_control));
        }
    }
}
