//! How `/app/messages` understands its parameters and counts its entries. No document says it, so that a client had better
//! take any of these.

/// A reading of the parameters; the default is what servers were seen to do (2026.2): indices with gaps, a tail of one more
/// than was asked for.
#[derive(Debug, Clone)]
pub struct LogWindows {
    pub(crate) tail_only: bool,
    pub(crate) after: bool,
    pub(crate) most: Option<u64>,
    pub(crate) first: u64,
    pub(crate) exact: bool,
    pub(crate) end_beyond: bool,
    /// Of so many indices one belongs to something that is not shown; 0: of none.
    service: u64,
}

impl Default for LogWindows {
    fn default() -> Self {
        Self {
            tail_only: false,
            after: false,
            most: None,
            first: 0,
            exact: false,
            end_beyond: false,
            service: 10,
        }
    }
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
    /// Every third index belongs to something that is not shown, rather than every tenth.
    pub fn every_third_index_hidden(mut self) -> Self {
        self.service = 3;
        self
    }
    /// Nothing but the ends of blocks takes an index without being shown.
    pub fn without_service_entries(mut self) -> Self {
        self.service = 0;
        self
    }
    /// No window is larger than this.
    pub fn at_most(mut self, messages: u64) -> Self {
        self.most = Some(messages);
        self
    }
    /// The root block's index; the first message's is the next.
    pub fn first_index(mut self, index: u64) -> Self {
        self.first = index;
        self
    }
    /// A tail of `-N` holds N messages, rather than one more.
    pub fn exact_tails(mut self) -> Self {
        self.exact = true;
        self
    }
    /// `lastMessageIndex` counts the end of a finished build's root block, which is never shown.
    pub fn end_beyond_the_last_message(mut self) -> Self {
        self.end_beyond = true;
        self
    }

    /// The index that a client sees.
    pub(crate) fn index(&self, entry: u64) -> u64 {
        let gaps = match self.service {
            0 | 1 => 0,
            every => entry / (every - 1),
        };
        self.first + entry + gaps
    }

    /// The first entry at or after the index that a client names.
    pub(crate) fn entry(&self, index: u64) -> u64 {
        let index = index.saturating_sub(self.first);
        match self.service {
            0 | 1 => index,
            every => index - index / every,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_leads_back_to_its_entry() {
        for windows in [
            LogWindows::default(),
            LogWindows::default().every_third_index_hidden(),
            LogWindows::default()
                .without_service_entries()
                .first_index(7),
        ] {
            for entry in 0..100 {
                assert_eq!(windows.entry(windows.index(entry)), entry, "{windows:?}");
            }
        }
        assert_eq!(LogWindows::default().index(9), 10);
        assert_eq!(LogWindows::default().entry(9), 9);
    }
}
