//! What reading a message came to, kept in its row of the ledger: a conversation says it without reading a hundred mails again.

use crate::{
    desk::{encrypted::Encrypted, message::IncomingMessage},
    store::{Result, word},
};

/// So many sentences about reading a message are kept beside it; a page that reads it again has all.
const MOST_WARNINGS: usize = 20;

/// What reading a message came to, for people to know who see its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remarks {
    /// With what it, or part of it, is encrypted.
    pub encrypted: Option<Encrypted>,
    /// What else was broken, guessed or left out: sentences.
    pub warnings: Vec<String>,
}

impl Remarks {
    /// Of a message; what it says about encryption is one word.
    #[must_use]
    pub fn of(message: &IncomingMessage) -> Self {
        let said = message.encrypted.map(|it| [it.to_string(), it.in_part()]);
        let other = |it: &&String| said.as_ref().is_none_or(|said| !said.contains(it));
        let warnings = message.warnings.iter().filter(other).take(MOST_WARNINGS).map(|it| it.replace('\0', "")).collect();
        Self { encrypted: message.encrypted, warnings }
    }

    /// As stored.
    pub(super) fn encrypted_column(&self) -> Option<&'static str> {
        self.encrypted.map(Encrypted::as_str)
    }

    /// As stored: JSON.
    pub(super) fn warnings_column(&self) -> Option<String> {
        if self.warnings.is_empty() { None } else { serde_json::to_string(&self.warnings).ok() }
    }
}

/// The columns `encrypted` and `warnings` read back.
pub(super) fn remarks(encrypted: Option<String>, warnings: Option<String>) -> Result<Remarks> {
    let encrypted = encrypted.map(|it| word("messages", "encrypted", &it, Encrypted::parse)).transpose()?;
    Ok(Remarks { encrypted, warnings: warnings.and_then(|it| serde_json::from_str(&it).ok()).unwrap_or_default() })
}
