//! A session that breaks while messages are fetched may be broken by one of them: it is found, and never stops the others (I6).

use std::collections::HashMap;

use crate::{mail::imap::ImapError, workers::WorkerError};

/// A message that broke the session so often when fetched alone is held as its header.
const BREAKS: u32 = 3;

/// What is remembered from sessions that broke while messages were fetched: one of them may be what breaks it.
#[derive(Debug, Default)]
pub struct Caution {
    /// Messages are fetched one by one until a step goes through.
    pub one_by_one: bool,
    /// The message that was being fetched alone.
    pub in_hand: Option<u32>,
    /// How often fetching a message alone broke the session.
    broke: HashMap<u32, u32>,
}

impl Caution {
    /// A session ended in trouble.
    pub fn learn(&mut self, error: &WorkerError) {
        match error {
            WorkerError::Imap(ImapError::Bound { .. } | ImapError::Lost { .. } | ImapError::TimedOut { .. }) | WorkerError::Panicked(_) => {
                if let Some(uid) = self.in_hand.take() {
                    *self.broke.entry(uid).or_default() += 1;
                }
                self.one_by_one = true;
            }
            WorkerError::Imap(_) | WorkerError::Store(_) | WorkerError::Action(_) => {}
        }
    }

    /// Whether it is taken as its header alone.
    #[must_use]
    pub fn breaks_the_session(&self, uid: u32) -> bool {
        self.broke.get(&uid).is_some_and(|times| *times >= BREAKS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_that_breaks_the_session_is_found_and_taken_as_its_header() {
        let mut caution = Caution::default();
        let cut = || WorkerError::Imap(ImapError::Lost { server: "x".to_owned(), why: "cut".to_owned() });
        caution.learn(&cut());
        assert!(caution.one_by_one && !caution.breaks_the_session(7));
        for _ in 0..BREAKS {
            caution.in_hand = Some(7);
            caution.learn(&cut());
        }
        assert!(caution.breaks_the_session(7) && !caution.breaks_the_session(8));
    }
}
