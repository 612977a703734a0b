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
    /// What happened besides.
    more: usize,
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
        Self { number, subject, status: status.title(), link, lines: Vec::new(), more: 0 }
    }

    /// Something happened: when, for its reader, and what, as a sentence without its end. What is more than `most` is counted alone.
    pub fn say(&mut self, at: String, says: &str, most: usize) {
        if self.lines.len() < most {
            self.lines.push(DigestEntry { at, says: says.to_owned() });
        } else {
            self.more += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_more_than_a_mail_should_tell_is_counted() {
        let mut told = DigestTicket::of(TicketNumber(7), "Flood".to_owned(), Status::Open, String::new());
        (0..23).for_each(|it| told.say(it.to_string(), "Ann wrote", 20));
        assert_eq!((told.lines.len(), told.more), (20, 3));
    }
}
