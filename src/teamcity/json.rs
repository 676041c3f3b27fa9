//! Reading JSON: numbers that fit nowhere are absent, and what can't be read is said in words for people.

use serde::de::DeserializeOwned;

/// Reads an answer.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err("it is empty".to_owned());
    }
    serde_json::from_slice(body)
        .or_else(|error| match without_huge_numbers(body) {
            Some(tame) => serde_json::from_slice(&tame),
            None => Err(error),
        })
        .map_err(|error| plainly(&error))
}

/// What is wrong with JSON, in words for people: where, and not how a library calls it.
fn plainly(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it ends in the middle",
        serde_json::error::Category::Data => "it has an unexpected type",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "it is not JSON",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

/// JSON whose numbers that fit nowhere (`1e999`) are null; nothing if there are none.
fn without_huge_numbers(body: &[u8]) -> Option<Vec<u8>> {
    let mut tame: Option<Vec<u8>> = None;
    let (mut at, mut copied, mut in_text) = (0_usize, 0_usize, false);
    while let Some(byte) = body.get(at) {
        match byte {
            b'\\' if in_text => at = at.saturating_add(1),
            b'"' => in_text = !in_text,
            b'-' | b'0'..=b'9' if !in_text => {
                let rest = body.get(at..)?;
                let length = rest
                    .iter()
                    .position(|byte| {
                        !matches!(byte, b'+' | b'-' | b'.' | b'0'..=b'9' | b'e' | b'E')
                    })
                    .unwrap_or(rest.len());
                let number = std::str::from_utf8(rest.get(..length)?).ok()?;
                if number.parse::<f64>().is_ok_and(f64::is_infinite) {
                    let tame = tame.get_or_insert_default();
                    tame.extend_from_slice(body.get(copied..at)?);
                    tame.extend_from_slice(b"null");
                    copied = at.saturating_add(length);
                }
                at = at.saturating_add(length);
                continue;
            }
            _ => {}
        }
        at = at.saturating_add(1);
    }
    let mut tame = tame?;
    tame.extend_from_slice(body.get(copied..)?);
    Some(tame)
}
