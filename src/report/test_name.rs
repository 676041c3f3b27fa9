//! TeamCity's test names, taken apart as its pages do: `suite: package.Class.test(parameters)`.

use crate::types::text::one_line;

/// Longest part that is kept, in characters.
const LONGEST: usize = 500;

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
        let full = one_line(full, LONGEST * 3);
        // Parameters may hold anything, dots and colons too.
        let proper = full.find(['(', '[', '{', '"', '\'']).unwrap_or(full.len());
        let (suite, rest) = match full.get(..proper).and_then(|head| head.rfind(": ")) {
            Some(colon) => full.split_at(colon + 2),
            None => ("", full.as_str()),
        };
        let suite = suite.trim_end_matches([':', ' ']);
        let proper = rest
            .find(['(', '[', '{', '"', '\'', ' '])
            .unwrap_or(rest.len());
        let (class, name) = match rest.get(..proper).and_then(|head| head.rfind('.')) {
            // A sentence that ends in a full stop, or a number, is no class.
            Some(dot)
                if dot + 1 < rest.len()
                    && is_class(&rest[..dot])
                    && !rest[..proper].contains("::") =>
            {
                (&rest[..dot], &rest[dot + 1..])
            }
            _ => ("", rest),
        };
        let name = if name.trim().is_empty() {
            "(no name)"
        } else {
            name
        };
        let cut = |text: &str| one_line(text, LONGEST);
        Self {
            suite: cut(suite),
            class: cut(class),
            name: cut(name),
        }
    }
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
