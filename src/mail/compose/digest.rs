//! What a digest tells of one ticket.

use serde::Serialize;

use crate::desk::{id::TicketNumber, ticket::Status};

/// A ticket, and what happened on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DigestTicket {
    /// Its number.
    pub number: TicketNumber,
    subject: String,
    status: &'static str,
    link: String,
    lines: Vec<DigestEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct DigestEntry {
    at: String,
    says: String,
}

impl DigestTicket {
    /// Nothing has happened on it yet. `link`: its page.
    #[must_use]
    pub fn of(number: TicketNumber, subject: String, status: Status, link: String) -> Self {
        Self { number, subject, status: status.title(), link, lines: Vec::new() }
    }

    /// Something happened: when, for its reader, and what, as a sentence without its end.
    pub fn say(&mut self, at: String, says: &str) {
        self.lines.push(DigestEntry { at, says: says.to_owned() });
    }
}
