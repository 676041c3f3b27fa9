//! How `/app/messages` understands its parameters. No document says it, so that a client had better take any of these.

/// A reading of the parameters; the default is how TeamCity's own pages seem to use them.
#[derive(Debug, Clone, Default)]
pub struct LogWindows {
    pub(crate) tail_only: bool,
    pub(crate) after: bool,
    pub(crate) hidden: bool,
    pub(crate) most: Option<u64>,
    pub(crate) first: u64,
}

impl LogWindows {
    /// Every window is taken from the tail: `messageId` is ignored.
    pub fn tail_only(mut self) -> Self {
        self.tail_only = true;
        self
    }
    /// A window from a message on begins after it.
    pub fn after_the_message(mut self) -> Self {
        self.after = true;
        self
    }
    /// Every third index belongs to something that is not shown.
    pub fn every_third_index_hidden(mut self) -> Self {
        self.hidden = true;
        self
    }
    /// No window is larger than this.
    pub fn at_most(mut self, messages: u64) -> Self {
        self.most = Some(messages);
        self
    }
    /// The first message's index.
    pub fn first_index(mut self, index: u64) -> Self {
        self.first = index;
        self
    }

    /// The index that a client sees.
    pub(crate) fn index(&self, line: u64) -> u64 {
        self.first + if self.hidden { line + line / 2 } else { line }
    }

    /// The first line at or after the index that a client names.
    pub(crate) fn line(&self, index: u64) -> u64 {
        let index = index.saturating_sub(self.first);
        if self.hidden {
            index - index / 3
        } else {
            index
        }
    }
}
