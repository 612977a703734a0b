//! Who has a ticket open just now, and whether they write on it.

use jiff::SignedDuration;

/// A page that is open says so again within this time, or is taken for closed: 45 s, three times what the script waits.
pub const OPEN_FOR: SignedDuration = SignedDuration::from_secs(45);

/// Whoever has typed nothing for this long is no longer taken to write: 30 s.
pub const WRITING_FOR: SignedDuration = SignedDuration::from_secs(30);

/// What somebody does on a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Doing {
    /// Has it open.
    Reads,
    /// Writes to the customer.
    Replies,
    /// Writes a note.
    Notes,
}

impl Doing {
    /// As stored and as pages say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Replies => "replies",
            Self::Notes => "notes",
        }
    }

    /// The word of [`Doing::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Reads, Self::Replies, Self::Notes].into_iter().find(|it| it.as_str() == word)
    }

    /// What is believed of it, so long after it was said; none: the page is closed.
    #[must_use]
    pub fn after(self, silence: SignedDuration) -> Option<Self> {
        match self {
            _ if silence > OPEN_FOR => None,
            Self::Replies | Self::Notes if silence > WRITING_FOR => Some(Self::Reads),
            Self::Reads | Self::Replies | Self::Notes => Some(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_says_nothing_writes_no_more_and_then_is_gone() {
        let after = |it: Doing, seconds| it.after(SignedDuration::from_secs(seconds));
        assert_eq!(after(Doing::Replies, 5), Some(Doing::Replies));
        assert_eq!(after(Doing::Notes, 31), Some(Doing::Reads));
        assert_eq!(after(Doing::Reads, 46), None);
        assert_eq!(after(Doing::Replies, -5), Some(Doing::Replies));
    }
}
