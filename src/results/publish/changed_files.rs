//! The files that the pipeline's pull request changes: annotations on them come first.

use std::collections::HashSet;
use std::time::Duration;

use super::board::Board;

/// How long they are worth, by all ways together.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks each way in turn. Nothing where none of them tells in time.
pub(super) async fn changed_files(board: &Board, pull_request: &str) -> HashSet<String> {
    let ways = board.ways();
    let share = u32::try_from(ways.len())
        .ok()
        .and_then(|ways| PATIENCE.checked_div(ways))
        .unwrap_or(PATIENCE);
    for way in ways {
        let files = way.changed_files(board.place(), pull_request, share).await;
        if let Ok(files) = files {
            return files;
        }
    }
    HashSet::new()
}
