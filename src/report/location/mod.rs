//! Where in the repository a stack trace or a compiler's message points.
//!
//! A text names files as the build saw them. A place counts only if exactly one file of the clone can be meant: by the
//! longest common end of both paths, and never by a file's name alone where the text says more. All else is no place.

mod mention;
mod tree;

use std::collections::HashSet;

pub use mention::Mention;
pub use tree::{Place, Tree};

/// Most lines of a text that are looked at.
const MOST_LINES: usize = 2_000;

/// The places that a text mentions, line by line, with that line's text.
pub fn mentions(text: &str) -> impl Iterator<Item = (&str, Mention)> {
    text.lines().take(MOST_LINES).flat_map(|line| {
        mention::of_line(line)
            .into_iter()
            .map(move |mention| (line, mention))
    })
}

/// Adds the names of the files that a text mentions.
pub fn names(text: &str, into: &mut HashSet<String>) {
    for (_, mention) in mentions(text) {
        into.insert(mention.name().to_owned());
    }
}

/// The first place of a text that is in the clone: of a stack trace, the innermost frame of the user's own code.
pub fn first(text: &str, tree: &Tree) -> Option<Place> {
    mentions(text).find_map(|(_, mention)| tree.find(&mention))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        Tree::of([
            "README.md",
            "main.go",
            "src/lib.rs",
            "src/app.ts",
            "src/main/java/com/acme/shop/Cart.java",
            "src/test/java/com/acme/shop/CartTest.java",
            "kotlin/util/Money.kt",
            "kotlin/Assertions.kt",
            "web/src/Cart.test.tsx",
            "web/lib/index.js",
            "api/lib/index.js",
            "tests/test_cart.py",
            "lib/case.py",
            "native/core/sum.c",
            "native/core/my sum.cpp",
            "dotnet/Shop/Cart.cs",
            "php/src/Cart.php",
            "ruby/lib/cart.rb",
            "go/cart/cart_test.go",
        ])
    }

    fn found(text: &str) -> Option<String> {
        first(text, &tree()).map(|place| format!("{}:{}", place.path, place.line))
    }

    #[test]
    fn finds_the_frames_and_messages_of_common_languages() {
        let texts = [
            // Java and Kotlin
            "java.lang.AssertionError\n\tat org.junit.Assert.fail(Assert.java:89)\n\tat com.acme.shop.CartTest.adds(CartTest.java:17)",
            "\tat app//com.acme.shop.Cart$Item.lambda$sum$0(Cart.java:42)",
            "\tat java.base/java.util.List.of(List.java:1)\n\tat com.acme.util.Money.plus(Money.kt:7)",
            "[ERROR] /opt/agent/work/1f/src/main/java/com/acme/shop/Cart.java:[12,5] ';' expected",
            "src/main/java/com/acme/shop/Cart.java:12: error: ';' expected",
            "e: file:///agent/work/kotlin/util/Money.kt:3:14 Unresolved reference",
            "e: /agent/work/kotlin/util/Money.kt: (3, 14): Unresolved reference",
            // Python
            "Traceback\n  File \"/usr/lib/python3.11/unittest/case.py\", line 59, in run\n  File \"/agent/work/tests/test_cart.py\", line 12, in test",
            "tests/test_cart.py:12: AssertionError",
            // JavaScript and TypeScript
            "    at Object.<anonymous> (/agent/work/web/src/Cart.test.tsx:10:5)",
            "    at file:///agent/work/web/lib/index.js:3:1",
            "src/app.ts(10,5): error TS2322: Type 'string'",
            "src/app.ts:10:5 - error TS2322",
            // Go
            "    cart_test.go:33: got 1",
            "\t/agent/work/go/cart/cart_test.go:33 +0x1d",
            "./main.go:7:2: undefined: x",
            // Rust
            "error[E0308]: mismatched types\n  --> src/lib.rs:10:5",
            "thread 'x' panicked at src/lib.rs:10:5:",
            "thread 'x' panicked at 'no', src/lib.rs:10:5",
            // C and C++
            "../core/sum.c:10:5: error: expected ';'",
            "native\\core\\sum.c(10): error C2065: 'x'",
            "In file \"native/core/my sum.cpp\":10",
            // C#
            "   at Shop.Cart.Add() in C:\\agent\\work\\dotnet\\Shop\\Cart.cs:line 10",
            "Shop\\Cart.cs(10,5): error CS0103: The name 'x'",
            // PHP and Ruby
            "#0 /agent/work/php/src/Cart.php(10): Cart->add()",
            "PHP Fatal error: x in /agent/work/php/src/Cart.php on line 10",
            "/agent/work/ruby/lib/cart.rb:10:in 'add'",
        ];
        let all: Vec<_> = texts
            .iter()
            .map(|text| {
                format!(
                    "{:<55} {}",
                    found(text).unwrap_or_else(|| "-".into()),
                    text.lines().last().unwrap().trim()
                )
            })
            .collect();
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn guesses_nothing() {
        for text in [
            // A library's file that shares a name with one of ours.
            "  File \"/usr/lib/python3.11/unittest/case.py\", line 59, in run",
            "\tat kotlin.test.Assertions.fail(Assertions.kt:5)",
            "\tat org.junit.Cart.fail(Cart.java:89)",
            "at x (/agent/work/node_modules/web/lib/index.js:3:1)",
            "/home/u/.cargo/registry/src/x/src/lib.rs:1:1",
            // Two files may be meant.
            "at x (/other/lib/index.js:3:1)",
            "index.js:3",
            // No line, no file, no number.
            "see src/lib.rs for more",
            "src/missing.rs:10",
            "src/lib.rs:99999999999999999999",
            "src/lib.rs:0",
            "http://example.com/src/lib.rs",
            "1.5:3 and a.b:7",
            "../../../etc/passwd.c:1",
            "",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn knows_which_files_to_look_for() {
        let mut all = HashSet::new();
        names("at a.B.c(B.java:1)\nx/y.py:3: E\nnothing", &mut all);
        assert_eq!(all, HashSet::from(["B.java".to_owned(), "y.py".to_owned()]));
    }
}
