//! Build agents.

/// A build agent. Agents do not limit how many builds run: plans say when builds start.
#[derive(Debug, Clone)]
pub struct Agent {
    /// Number, from 1.
    pub id: u64,
    /// Name.
    pub name: String,
    /// Whether it is connected.
    pub connected: bool,
}

impl Agent {
    /// A connected agent.
    pub fn new(id: u64, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            connected: true,
        }
    }
}
