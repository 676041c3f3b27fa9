//! Secrets that an answer repeats are blotted out.

use http::HeaderMap;

/// What is shorter is no secret, and may be part of anything.
const SHORTEST_SECRET: usize = 8;

/// Blots out the secrets that were sent along: some proxies repeat what they were sent, and an answer may be shown.
pub fn blot(headers: &HeaderMap, mut bytes: Vec<u8>) -> Vec<u8> {
    for value in headers.values().filter(|value| value.is_sensitive()) {
        // Of `Bearer …` the second word.
        let secret = value
            .as_bytes()
            .rsplit(|byte| *byte == b' ')
            .next()
            .unwrap_or_default();
        if secret.len() < SHORTEST_SECRET {
            continue;
        }
        let mut from = 0;
        while let Some(at) = bytes
            .get(from..)
            .and_then(|rest| rest.windows(secret.len()).position(|part| part == secret))
        {
            let range = from + at..from + at + secret.len();
            from = range.end;
            if let Some(found) = bytes.get_mut(range) {
                found.fill(b'*');
            }
        }
    }
    bytes
}
