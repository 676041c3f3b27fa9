//! The files that the pipeline's pull request changes: annotations on them come first.

use std::collections::HashSet;
use std::time::Duration;

use super::board::Board;

/// How long they are worth, by all ways together.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks each way in turn. Nothing where none of them tells in time.
pub(super) async fn changed_files(board: &Board, pull_request: &str) -> HashSet<String> {
    let ways = board.ways();
    let share = PATIENCE / u32::try_from(ways.len().max(1)).unwrap_or(1);
    for way in ways {
        let files = way.changed_files(board.place(), pull_request, share).await;
        if let Ok(files) = files {
            return files;
        }
    }
    HashSet::new()
}
