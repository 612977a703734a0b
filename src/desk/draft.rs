//! What somebody has begun to write on a ticket. A reply and a note are two drafts: what is typed as one never becomes the other by a
//! slip of a switch.

use jiff::SignedDuration;

/// So long a draft that nobody comes back to is kept: 60 days.
pub const KEPT_FOR: SignedDuration = SignedDuration::from_hours(60 * 24);

/// Files beside one draft, at most.
pub const MOST_FILES: usize = 50;

/// Bytes of files beside one draft, at most: 25 MB, what most mail servers take.
pub const MOST_BYTES: usize = 25_000_000;

/// What it is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DraftKind {
    /// To the customer.
    Reply,
    /// Among staff.
    Note,
}

impl DraftKind {
    /// As stored and as forms say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Note => "note",
        }
    }

    /// The word of [`DraftKind::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Reply, Self::Note].into_iter().find(|it| it.as_str() == word)
    }
}
