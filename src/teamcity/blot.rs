//! Secrets that an answer repeats are blotted out.

use std::borrow::Cow;

use http::HeaderMap;

use crate::types::Secrets;

/// What is shorter may be part of anything that the pipe has to understand, and is blotted where it would be shown.
const SHORTEST_SECRET: usize = 8;

/// Blots out the secrets that were sent along: some proxies repeat what they were sent, and an answer may be shown.
pub fn blot(headers: &HeaderMap, bytes: Vec<u8>) -> Vec<u8> {
    let secrets = Secrets::default();
    for value in headers.values().filter(|value| value.is_sensitive()) {
        // Of `Bearer …` the second word.
        let secret = value.to_str().unwrap_or_default().rsplit(' ').next();
        if let Some(secret) = secret.filter(|secret| secret.len() >= SHORTEST_SECRET) {
            secrets.add(secret);
        }
    }
    let start = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if matches!(start, Some(b'{' | b'[')) {
        return match secrets.blot_json(&bytes) {
            Cow::Owned(clean) => clean,
            // Answers can be large: one copy of them is enough.
            Cow::Borrowed(_) => bytes,
        };
    }
    secrets.blot_bytes(bytes)
}
