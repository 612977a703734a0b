//! How the servers of the world are told to misbehave.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// What is wrong with the servers; nothing by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// IMAP extensions that are neither announced nor done: `IDLE`, `MOVE`, `UIDPLUS`.
    pub without: Vec<&'static str>,
    /// Every IMAP sign-in is refused.
    pub refuse_imap_sign_in: bool,
    /// Folders open for reading only.
    pub read_only: bool,
    /// `BODY[]` of every message is empty: a server that has listed what it cannot give yet.
    pub empty_bodies: bool,
    /// Greet with this code and text instead of 220, and close.
    pub smtp_greeting: Option<(u16, String)>,
    /// Answer MAIL with this code and text; with 421, and close.
    pub smtp_at_mail: Option<(u16, String)>,
    /// Every SMTP sign-in is answered 535.
    pub refuse_smtp_sign_in: bool,
    /// Mail is refused (530) from whoever has not signed in.
    pub smtp_needs_sign_in: bool,
    /// Every SMTP answer comes so late.
    pub smtp_answers_after: Duration,
}

impl Faults {
    pub(super) fn is_without(&self, extension: &str) -> bool {
        self.without.contains(&extension)
    }
}

#[derive(Clone, Default)]
pub(super) struct Shared(Arc<Mutex<Faults>>);

impl Shared {
    pub(super) fn now(&self) -> Faults {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn change(&self, how: impl FnOnce(&mut Faults)) {
        how(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
