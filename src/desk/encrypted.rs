//! Mail for the holder of a key alone, and what the desk says of it in its own voice.

/// That a message, or part of it, is for the holder of a key alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encrypted {
    /// RFC 3156, or RFC 9580 within the text.
    OpenPgp,
    /// RFC 8551.
    SMime,
    /// `message.rpmsg` of Microsoft’s rights management, which its server alone opens.
    Rights,
}

impl Encrypted {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OpenPgp, Self::SMime, Self::Rights];

    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenPgp => "openpgp",
            Self::SMime => "s-mime",
            Self::Rights => "rights",
        }
    }

    /// The word of [`Encrypted::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    fn with(self) -> &'static str {
        match self {
            Self::OpenPgp => "OpenPGP",
            Self::SMime => "S/MIME",
            Self::Rights => "Microsoft rights management",
        }
    }

    /// The warning where the rest of the text can be read.
    #[must_use]
    pub fn in_part(self) -> String {
        format!("part of the text is encrypted with {} and cannot be read here; it is kept as an attachment", self.with())
    }

    /// The same, said beside a message whose other words stand above.
    #[must_use]
    pub fn of_a_message(self) -> String {
        format!("part of this message is encrypted with {} and cannot be read here; that part is kept as an attachment", self.with())
    }

    /// What is kept as the text of a message that has no words to read: ours, not its sender's.
    #[must_use]
    pub fn in_place_of_words(self) -> String {
        format!("({self})")
    }

    /// Which [`Encrypted::in_place_of_words`] a text is.
    #[must_use]
    pub fn stands_for(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| text.trim() == it.in_place_of_words())
    }
}

impl std::fmt::Display for Encrypted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let with = self.with();
        write!(f, "this message is encrypted with {with} and cannot be read here; the encrypted part is kept as an attachment")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_place_of_words_is_known_again() {
        for it in Encrypted::ALL {
            assert_eq!((Encrypted::parse(it.as_str()), Encrypted::stands_for(&it.in_place_of_words())), (Some(it), Some(it)));
        }
        assert_eq!(Encrypted::stands_for("(no text)"), None);
    }
}
