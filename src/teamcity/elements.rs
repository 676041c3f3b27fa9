//! A JSON answer that holds a long list, read while it comes: what is in memory is one element at a time, and none of its texts is
//! longer than what is kept of any.

/// Longest text in an element, in bytes as sent; the rest of it is dropped.
pub(super) const LONGEST_TEXT: usize = 64 * 1024;
/// Deepest nesting.
pub(super) const DEEPEST: usize = 64;
/// Largest element, and the most that may surround all of them, in bytes.
const LARGEST: usize = 1024 * 1024;

/// Why an answer is not read on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Deeper than `DEEPEST`.
    TooDeep,
    /// An element is larger than this, in bytes.
    TooLarge(usize),
}

/// Takes an answer piece by piece, and hands on the elements of one member of its outermost object.
pub(super) struct Elements<'a> {
    member: &'a str,
    depth: usize,
    text: Option<Text>,
    /// Where the last text of the outermost object began in `around`.
    key_at: usize,
    key: Vec<u8>,
    inside: bool,
    element: Vec<u8>,
    around: Vec<u8>,
}

/// The text that is being read.
#[derive(Default)]
struct Text {
    length: usize,
    /// Bytes left of an escape sequence; of `\uXXXX` it is known after the `u`.
    escape: usize,
    unicode: Vec<u8>,
    /// The first half of a pair came, which its second must follow.
    half: bool,
    /// The rest is dropped.
    full: bool,
}

impl<'a> Elements<'a> {
    /// Those of the list `member`.
    pub(super) fn new(member: &'a str) -> Self {
        Self {
            member,
            depth: 0,
            text: None,
            key_at: 0,
            key: Vec::new(),
            inside: false,
            element: Vec::new(),
            around: Vec::new(),
        }
    }

    /// Takes the next bytes. `take` is handed each element as soon as it is whole.
    pub(super) fn push<E: From<Wrong>>(
        &mut self,
        bytes: &[u8],
        take: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rest = bytes;
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            self.byte(*byte, take)?;
            if self
                .text
                .as_ref()
                .is_some_and(|text| text.full && text.escape == 0)
            {
                // What is dropped costs no look at each byte.
                let end = rest.iter().position(|byte| b"\"\\".contains(byte));
                rest = end.and_then(|end| rest.get(end..)).unwrap_or_default();
            }
            if self.element.len().max(self.around.len()) > LARGEST {
                return Err(Wrong::TooLarge(LARGEST).into());
            }
        }
        Ok(())
    }

    /// What surrounded the elements: the answer with an empty list.
    pub(super) fn around(&self) -> &[u8] {
        &self.around
    }

    fn byte<E: From<Wrong>>(
        &mut self,
        byte: u8,
        take: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some(text) = &mut self.text {
            let (kept, ended) = text.take(byte, self.inside);
            if kept {
                self.keep(byte);
            }
            if ended {
                self.text = None;
                if self.depth == 1 {
                    let name = self.around.get(self.key_at..).unwrap_or_default();
                    self.key = name.trim_ascii().trim_ascii_end().to_vec();
                }
            }
            return Ok(());
        }
        let between = self.inside && self.depth == 2;
        match byte {
            b'"' => {
                if self.depth == 1 {
                    self.key_at = self.around.len();
                }
                self.keep(byte);
                self.text = Some(Text::default());
            }
            b'{' | b'[' => {
                let opens = byte == b'['
                    && self.depth == 1
                    && self.key == format!("\"{}\"", self.member).as_bytes();
                self.keep(byte);
                self.inside |= opens;
                self.depth = self.depth.saturating_add(1);
                if self.depth > DEEPEST {
                    return Err(Wrong::TooDeep.into());
                }
            }
            b']' if between => {
                self.hand(take)?;
                self.inside = false;
                self.depth = self.depth.saturating_sub(1);
                self.keep(byte);
            }
            b'}' | b']' => {
                self.keep(byte);
                self.depth = self.depth.saturating_sub(1);
            }
            b',' if between => self.hand(take)?,
            _ => self.keep(byte),
        }
        Ok(())
    }

    fn keep(&mut self, byte: u8) {
        if self.inside {
            self.element.push(byte);
        } else {
            self.around.push(byte);
        }
    }

    fn hand<E>(&mut self, take: &mut dyn FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let result = match self.element.trim_ascii() {
            [] => Ok(()),
            element => take(element),
        };
        self.element.clear();
        result
    }
}

impl Text {
    /// Whether the byte is kept, and whether the text ends with it. It is cut between characters alone.
    fn take(&mut self, byte: u8, cut: bool) -> (bool, bool) {
        let begins = self.escape == 0;
        if begins && byte == b'"' {
            return (true, true);
        }
        let whole = begins && !self.half && byte & 0b1100_0000 != 0b1000_0000;
        self.full |= cut && whole && self.length >= LONGEST_TEXT;
        if begins {
            if byte == b'\\' {
                self.escape = 1;
            }
            self.half &= byte == b'\\';
        } else {
            self.escape = self.escape.saturating_sub(1);
            match byte {
                b'u' if self.escape == 0 && self.unicode.is_empty() => {
                    self.escape = 4;
                    self.unicode.push(byte);
                }
                _ if !self.unicode.is_empty() => self.unicode.push(byte),
                _ => self.half = false,
            }
            if self.escape == 0 {
                // `\uD800` to `\uDBFF`.
                let first = |c: &u8| matches!(c, b'8' | b'9' | b'a' | b'b' | b'A' | b'B');
                self.half = matches!(self.unicode.get(1), Some(b'd' | b'D'))
                    && self.unicode.get(2).is_some_and(first);
                self.unicode.clear();
            }
        }
        self.length = self.length.saturating_add(1);
        (!self.full, false)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str, member: &str, piece: usize) -> Result<(Vec<Value>, Value), Wrong> {
        let mut elements = Elements::new(member);
        let mut found = Vec::new();
        for bytes in text.as_bytes().chunks(piece) {
            elements.push::<Wrong>(bytes, &mut |element| {
                found.push(serde_json::from_slice(element).unwrap());
                Ok(())
            })?;
        }
        Ok((found, serde_json::from_slice(elements.around()).unwrap()))
    }

    #[test]
    fn the_list_is_taken_apart_and_what_is_around_it_stays() {
        let text = r#" { "count" : 3, "file" : [ {"a":[1,{"file":[9]}],"t":"x]}\",\\"} , 7 ,null,"s"], "more":{"file":[1,2]}, "nextHref":"/x" } "#;
        for piece in [1, 2, 7, 1000] {
            let (found, around) = read(text, "file", piece).unwrap();
            assert_eq!(
                found,
                [
                    json!({ "a": [1, { "file": [9] }], "t": "x]}\",\\" }),
                    json!(7),
                    json!(null),
                    json!("s")
                ]
            );
            assert_eq!(
                around,
                json!({ "count": 3, "file": [], "more": { "file": [1, 2] }, "nextHref": "/x" })
            );
        }
    }

    #[test]
    fn what_is_too_deep_or_too_large_is_not_read_on() {
        let deep = format!("{{\"file\":[{}", "[".repeat(100));
        assert_eq!(read(&deep, "file", 10).unwrap_err(), Wrong::TooDeep);
        let wide = format!("{{\"file\":[[{}", "1,".repeat(LARGEST));
        assert_eq!(
            read(&wide, "file", 4096).unwrap_err(),
            Wrong::TooLarge(LARGEST)
        );
    }

    proptest! {
        #[test]
        fn long_texts_are_cut_between_characters(unit in "[a-z\"\\\\\n\u{1f600}\u{e9}\u{20ac}]{1,7}", escaped: bool) {
            let long = unit.repeat(LONGEST_TEXT / unit.len() + 50);
            let mut text = json!({ "file": [{ "details": long, "name": "n" }] }).to_string();
            if escaped {
                let ascii: Vec<String> = text.encode_utf16().map(|unit| match u8::try_from(unit) {
                    Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
                    _ => format!("\\u{unit:04x}"),
                }).collect();
                text = ascii.concat();
            }
            let (found, _) = read(&text, "file", 999).unwrap();
            let details = found[0]["details"].as_str().unwrap();
            prop_assert!(long.starts_with(details));
            prop_assert!(details.len() > LONGEST_TEXT / 7 && details.len() <= LONGEST_TEXT + 4);
            prop_assert_eq!(&found[0]["name"], "n");
        }
    }
}
