//! Short, stable names for things that have long ones.

use ring::digest;

/// The first `digits` hexadecimal digits of the SHA-256 of `parts`, each ended so that no two lists run together.
pub(crate) fn hex(parts: &[&str], digits: usize) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part.as_bytes());
        context.update(&[0]);
    }
    let digest = context.finish();
    let mut text: String = digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    text.truncate(digits);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_stable_and_keeps_parts_apart() {
        assert_eq!(hex(&["a", "b"], 12), "8fb20ef63ced");
        assert_ne!(hex(&["a", "b"], 31), hex(&["ab"], 31));
    }
}
