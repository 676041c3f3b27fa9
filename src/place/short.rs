//! The whole of an abbreviated commit: Pipelines gives 12 digits in pull requests, TeamCity wants all 40.

use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::clone;
use crate::bitbucket::{Client, Repository};
use crate::types::after;

/// How long Bitbucket is asked, by all ways together.
const PATIENCE: Duration = Duration::from_secs(6);

/// Expands a commit by the clone that holds `directory`, else by Bitbucket, each way in turn. `None` where none of them
/// knows exactly one commit that begins so.
pub async fn expand(
    short: &str,
    directory: &Path,
    repository: Option<&Repository>,
    ways: &[Client],
) -> Option<String> {
    if let Some(whole) = clone::expand(directory, short) {
        return Some(whole);
    }
    let end = after(Instant::now(), PATIENCE);
    let mut left = u32::try_from(ways.len()).unwrap_or(u32::MAX);
    for way in ways {
        // A silent one leaves time for the next.
        let share = end
            .saturating_duration_since(Instant::now())
            .checked_div(left.max(1))
            .unwrap_or_default();
        left = left.saturating_sub(1);
        if let Ok(Ok(hash)) = timeout(share, way.commit(repository?, short)).await
            && is_whole(&hash, short)
        {
            return Some(hash.to_ascii_lowercase());
        }
    }
    None
}

/// Whether it is a commit's whole hash, and begins with these digits.
fn is_whole(hash: &str, short: &str) -> bool {
    hash.len() == clone::FULL
        && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
        && hash
            .to_ascii_lowercase()
            .starts_with(&short.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_hash_that_begins_so_counts() {
        let whole = "0A1b2c3d4e5f60718293a4b5c6d7e8f901234567";
        assert!(is_whole(whole, "0a1b2c3d4e5f"));
        assert!(!is_whole(whole, "0a1b2c3d4e50"));
        assert!(!is_whole(&whole[..39], "0a1b2c3d4e5f"));
        assert!(!is_whole(&whole.replace('d', "g"), "0a1b2c3"));
    }
}
