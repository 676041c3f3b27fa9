//! Secrets are blotted out of whatever leaves the program: the one gate for its output.
//!
//! A server, a proxy or a build may repeat what it was sent, as it is or escaped: as JSON (`\u0065`, `\/`), as markup
//! (`&#39;`), percent-encoded, or with a colour inside. One comparison reads all of these.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What is shorter is found in anything, and can't be hidden, in characters.
pub const SHORTEST: usize = 4;
/// What stands in a secret's place.
const BLOT: &[u8] = b"***";
const ELLIPSIS: &[u8] = "…".as_bytes();

/// All secrets of a run. A clone knows what is added to the others.
#[derive(Clone, Default)]
pub struct Secrets(Rc<RefCell<Known>>);

#[derive(Default)]
struct Known {
    /// The longest first.
    values: Vec<Vec<u8>>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "[{} secrets]", self.0.borrow().values.len())
    }
}

impl Secrets {
    /// A value that must not be shown, or several lines of them. Whether all of it can be hidden: what is shorter than
    /// [`SHORTEST`] can't.
    pub fn add(&self, value: &str) -> bool {
        let mut known = self.0.borrow_mut();
        let mut all = true;
        for line in value.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if line.chars().count() < SHORTEST {
                all = false;
            } else if !known.values.iter().any(|value| value == line.as_bytes()) {
                known.values.push(line.as_bytes().to_vec());
            }
        }
        known
            .values
            .sort_by_key(|value| std::cmp::Reverse(value.len()));
        all
    }

    /// A user's password, also as basic authentication sends it.
    pub fn add_login(&self, user: &str, password: &str) -> bool {
        if password.is_empty() {
            return true;
        }
        self.add(&STANDARD.encode(format!("{user}:{password}")));
        self.add(password)
    }

    /// The text without secrets.
    pub fn blot<'text>(&self, text: &'text str) -> Cow<'text, str> {
        let known = self.0.borrow();
        match known.blot(text.as_bytes()) {
            None => Cow::Borrowed(text),
            Some(clean) => Cow::Owned(String::from_utf8_lossy(&clean).into_owned()),
        }
    }

    /// Bytes without secrets, such as an answer that may be no text.
    pub fn blot_bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        let clean = self.0.borrow().blot(&bytes);
        clean.unwrap_or(bytes)
    }

    /// JSON without secrets in its texts. Names and numbers stay, so that it is JSON still.
    pub fn blot_json<'text>(&self, json: &'text [u8]) -> Cow<'text, [u8]> {
        let known = self.0.borrow();
        if known.blot(json).is_none() {
            return Cow::Borrowed(json);
        }
        let mut clean = Vec::with_capacity(json.len());
        let mut rest = json;
        while let Some(start) = rest.iter().position(|byte| *byte == b'"') {
            let (before, from) = rest.split_at(start.saturating_add(1));
            clean.extend_from_slice(before);
            let end = end_of_text(from);
            let (text, behind) = from.split_at(end);
            let is_name = behind
                .iter()
                .skip(1)
                .find(|byte| !byte.is_ascii_whitespace())
                == Some(&b':');
            match known.blotted(text, true).filter(|_| !is_name) {
                Some(blotted) => clean.extend(blotted),
                None => clean.extend_from_slice(text),
            }
            let (quote, behind) = behind.split_at(behind.len().min(1));
            clean.extend_from_slice(quote);
            rest = behind;
        }
        clean.extend_from_slice(rest);
        Cow::Owned(clean)
    }

    /// A piece of markup as it is written: a tag without its brackets, or a text.
    pub fn blot_piece<'text>(&self, piece: &'text [u8]) -> Cow<'text, [u8]> {
        let known = self.0.borrow();
        let mut clean = Vec::with_capacity(piece.len());
        let is_tag = find(piece, b"=\"").is_some();
        let parts = piece.split_inclusive(|byte| is_tag && *byte == b'"');
        for (index, part) in parts.enumerate() {
            match known.blot(part).filter(|_| !is_tag || index % 2 == 1) {
                Some(blotted) => clean.extend(blotted),
                None => clean.extend_from_slice(part),
            }
        }
        Cow::Owned(clean)
    }

    /// Markup (XML, HTML) without secrets in its texts and in the values of attributes. Names of elements stay, and so do
    /// styles.
    pub fn blot_markup<'text>(&self, markup: &'text [u8]) -> Cow<'text, [u8]> {
        let known = self.0.borrow();
        if known.blot(markup).is_none() {
            return Cow::Borrowed(markup);
        }
        let mut clean = Vec::with_capacity(markup.len());
        let mut push = |part: &[u8], is_text: bool| match known.blot(part).filter(|_| is_text) {
            Some(blotted) => clean.extend(blotted),
            None => clean.extend_from_slice(part),
        };
        let mut rest = markup;
        while !rest.is_empty() {
            let (length, is_text) = if let Some(inner) = rest.strip_prefix(b"<![CDATA[") {
                push(b"<![CDATA[", false);
                rest = inner;
                (find(inner, b"]]>").unwrap_or(inner.len()), true)
            } else if rest.starts_with(b"<style") {
                (find(rest, b"</style").unwrap_or(rest.len()), false)
            } else if rest.starts_with(b"<") {
                let mut quote = None;
                let length = rest.iter().position(|byte| {
                    match (quote, *byte) {
                        (None, b'>') => return true,
                        (None, b'"' | b'\'') => quote = Some(*byte),
                        (Some(open), byte) if open == byte => quote = None,
                        _ => {}
                    }
                    false
                });
                let length = length.map_or(rest.len(), |at| at.saturating_add(1));
                let (tag, _) = rest.split_at(length);
                // Values of attributes stand between quotes.
                for (index, part) in tag.split_inclusive(|byte| *byte == b'"').enumerate() {
                    push(part, index % 2 == 1);
                }
                rest = rest.split_at(length).1;
                continue;
            } else {
                let next = rest.iter().position(|byte| *byte == b'<');
                (next.unwrap_or(rest.len()), true)
            };
            let (part, behind) = rest.split_at(length);
            push(part, is_text);
            rest = behind;
        }
        Cow::Owned(clean)
    }
}

impl Known {
    /// The bytes without secrets; nothing if there are none in them.
    fn blot(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.blotted(bytes, false)
    }

    /// In JSON a backslash belongs to what follows.
    fn blotted(&self, bytes: &[u8], is_json: bool) -> Option<Vec<u8>> {
        // All other bytes are passed over.
        let mut begins = [false; 256];
        let firsts = self.values.iter().filter_map(|value| value.first());
        for byte in firsts.chain(ELLIPSIS.first()).chain(b"\\&%") {
            if let Some(begins) = begins.get_mut(usize::from(*byte)) {
                *begins = true;
            }
        }
        let mut clean: Option<Vec<u8>> = None;
        let may_begin = |byte: &u8| begins.get(usize::from(*byte)) == Some(&true);
        let (mut at, mut copied) = (0_usize, 0_usize);
        while let Some(skipped) = bytes
            .get(at..)
            .and_then(|rest| rest.iter().position(may_begin))
        {
            at = at.saturating_add(skipped);
            let rest = bytes.get(at..).unwrap_or_default();
            let found = self.values.iter().find_map(|value| length_of(value, rest));
            let before = bytes.get(copied..at).unwrap_or_default();
            if let Some(length) = found {
                let clean = clean.get_or_insert_default();
                clean.extend_from_slice(before);
                clean.extend_from_slice(BLOT);
                at = at.saturating_add(length);
                copied = at;
            } else if rest.starts_with(ELLIPSIS) {
                // A secret that was cut short is one still.
                let begun = self.begun(before);
                if begun > 0 {
                    let clean = clean.get_or_insert_default();
                    clean.extend_from_slice(before.split_at(before.len().saturating_sub(begun)).0);
                    clean.extend_from_slice(BLOT);
                    copied = at;
                }
                at = at.saturating_add(ELLIPSIS.len());
            } else {
                let pair = is_json && rest.starts_with(b"\\");
                at = at.saturating_add(if pair { 2 } else { 1 });
            }
        }
        let mut clean = clean?;
        clean.extend_from_slice(bytes.get(copied..).unwrap_or_default());
        Some(clean)
    }

    /// How many bytes at the end of a text are the beginning of a secret.
    fn begun(&self, text: &[u8]) -> usize {
        let of = |value: &Vec<u8>| {
            (SHORTEST..value.len()).rev().find(|length| {
                value
                    .get(..*length)
                    .is_some_and(|begin| text.ends_with(begin))
            })
        };
        self.values.iter().filter_map(of).max().unwrap_or_default()
    }
}

/// How many bytes of the text stand for the secret, if it begins with it in any form.
fn length_of(secret: &[u8], text: &[u8]) -> Option<usize> {
    length_escaped(secret, text).or_else(|| text.starts_with(secret).then_some(secret.len()))
}

fn length_escaped(secret: &[u8], text: &[u8]) -> Option<usize> {
    let mut at = 0_usize;
    let mut left = secret;
    while !left.is_empty() {
        let rest = text.get(at..)?;
        if let Some(colour) = colour(rest).filter(|_| left.len() < secret.len()) {
            at = at.saturating_add(colour);
            continue;
        }
        // What is escaped comes first: an ampersand is the beginning of its own `&amp;`.
        let mut buffer = [0; 4];
        let behind = escaped(rest).and_then(|(character, length)| {
            let behind = left.strip_prefix(character.encode_utf8(&mut buffer).as_bytes())?;
            Some((behind, length))
        });
        let (behind, length) = match behind {
            Some(behind) => behind,
            None if left.first() == rest.first() => (left.get(1..)?, 1),
            None => return None,
        };
        left = behind;
        at = at.saturating_add(length);
    }
    Some(at)
}

/// The length of a colour (`ESC [ … m`) at the beginning.
fn colour(text: &[u8]) -> Option<usize> {
    let inner = text.strip_prefix(b"\x1b[")?;
    let end = inner
        .iter()
        .position(|byte| !(byte.is_ascii_digit() || *byte == b';'))?;
    (inner.get(end) == Some(&b'm')).then_some(end.saturating_add(3))
}

/// A character that stands escaped at the beginning, and the length of that: of JSON, markup or an address.
fn escaped(text: &[u8]) -> Option<(char, usize)> {
    let number = |digits: &[u8], radix| {
        let digits = std::str::from_utf8(digits).ok()?;
        // A sign would be taken too.
        let is_plain = digits.chars().all(|digit| digit.is_digit(radix));
        u32::from_str_radix(digits, radix)
            .ok()
            .filter(|_| is_plain)
            .and_then(char::from_u32)
    };
    match text {
        [b'\\', b'u', rest @ ..] => Some((number(rest.get(..4)?, 16)?, 6)),
        [b'\\', b'n', ..] => Some(('\n', 2)),
        [b'\\', b't', ..] => Some(('\t', 2)),
        [b'\\', other @ (b'"' | b'\\' | b'/'), ..] => Some((char::from(*other), 2)),
        [b'%', rest @ ..] => Some((number(rest.get(..2)?, 16).filter(char::is_ascii)?, 3)),
        [b'&', rest @ ..] => {
            let end = rest.iter().take(8).position(|byte| *byte == b';')?;
            let name = rest.get(..end)?;
            let character = match name {
                b"amp" => '&',
                b"lt" => '<',
                b"gt" => '>',
                b"quot" => '"',
                b"apos" => '\'',
                [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
                [b'#', digits @ ..] => number(digits, 10)?,
                _ => return None,
            };
            Some((character, end.saturating_add(2)))
        }
        _ => None,
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// Where a JSON text ends, behind its opening quote.
fn end_of_text(text: &[u8]) -> usize {
    let mut is_escaped = false;
    text.iter()
        .position(|byte| match *byte {
            _ if is_escaped => {
                is_escaped = false;
                false
            }
            b'\\' => {
                is_escaped = true;
                false
            }
            byte => byte == b'"',
        })
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests;
