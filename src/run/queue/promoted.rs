//! What a promotion takes.

use crate::types::{BuildId, BuildTypeId};

/// A build that is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promoted {
    /// Its id.
    pub id: BuildId,
    /// Its configuration.
    pub build_type: BuildTypeId,
}
