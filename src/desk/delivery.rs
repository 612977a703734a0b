//! What becomes of a message that is handed to a mail server.

/// What one server said to one message for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandOver {
    /// The server took it: from here it is the server's to deliver.
    Accepted {
        /// The server's own words: `250 2.0.0 Ok: queued as 4F1`.
        words: String,
    },
    /// Refused for good, for this recipient or this message (RFC 5321 §4.2.1, 5yz). Not to be tried again.
    Refused {
        /// The three digits, 500 to 599.
        code: u16,
        /// The server's own words.
        words: String,
    },
    /// Not now: the server put it off (4yz), or could not be reached, before it had the whole message. To be tried again.
    Deferred {
        /// The server's own words, or what stood in the way.
        words: String,
    },
    /// The server had the whole message and its answer never came: it may or may not deliver it.
    Unknown {
        /// What happened instead of an answer.
        words: String,
    },
    /// The account is the fault, not the message: the sign-in is refused, or the server wants nothing of us now (421).
    /// To be tried again, more slowly, and said to an admin.
    AccountTrouble {
        /// The server's own words, and the mend where there is one.
        words: String,
    },
}

impl HandOver {
    /// The words of whichever it was.
    #[must_use]
    pub fn words(&self) -> &str {
        match self {
            Self::Accepted { words }
            | Self::Refused { words, .. }
            | Self::Deferred { words }
            | Self::Unknown { words }
            | Self::AccountTrouble { words } => words,
        }
    }
}
