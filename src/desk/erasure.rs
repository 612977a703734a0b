//! A customer who was erased: what stands in the place of their name, address and words.

use jiff::Timestamp;

use crate::desk::id::PersonId;

/// In the place of a name.
pub const NAME: &str = "Erased customer";

/// In the place of a subject, and of what was written.
pub const MASK: &str = "(erased)";

/// Why a message has no octets any more.
pub const ERASED: &str = "its content was erased together with the personal data of a customer";

const DOMAIN: &str = "erased.invalid";

/// In the place of an address: one that nobody can have (RFC 2606 §2); and its domain.
#[must_use]
pub fn address_of(who: PersonId) -> (String, &'static str) {
    (format!("erased-{who}@{DOMAIN}"), DOMAIN)
}

/// How much was erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Tickets that were theirs: number, times and history stay.
    pub tickets: usize,
    /// Comments without words.
    pub comments: usize,
    /// Messages of the ledger without octets.
    pub messages: usize,
    /// Outgoing mail without octets.
    pub outgoing: usize,
    /// Copies of it that were still to leave.
    pub called_off: usize,
    /// Attachments.
    pub files: usize,
}

/// The record that somebody was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// When.
    pub at: Timestamp,
    /// The admin who did; none: on the shell.
    pub by: Option<String>,
    /// How much.
    pub counts: Counts,
}

impl Counts {
    /// `2 tickets, 5 comments, 3 messages that came in, 4 that went out, 1 file`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let n = |n: usize, one: &str, many: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {many}") };
        let mut words = [
            n(self.tickets, "ticket", "tickets"),
            n(self.comments, "comment", "comments"),
            n(self.messages, "message that came in", "messages that came in"),
            n(self.outgoing, "that went out", "that went out"),
            n(self.files, "file", "files"),
        ]
        .join(", ");
        if self.called_off > 0 {
            words +=
                &format!("; {} called off", n(self.called_off, "copy that was still to leave was", "copies that were still to leave were"));
        }
        words
    }
}

/// `text` with `word` taken out wherever it stands by itself, whatever its case.
#[must_use]
pub fn masked(text: &str, word: &str) -> String {
    let part_of_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '+');
    let mut out = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let here = rest.get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word));
        let begins = !out.ends_with(|c: char| part_of_word(c) || c == '.');
        let ends = here && !rest[word.len()..].starts_with(part_of_word);
        let step = if here && begins && ends { word.len() } else { next.len_utf8() };
        out.push_str(if step == next.len_utf8() && !(here && begins && ends) { &rest[..step] } else { MASK });
        rest = &rest[step..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_masked_where_it_stands_by_itself() {
        for (text, expected) in [
            ("from Ann@home.test.", "from (erased)."),
            ("joann@home.test, x.ann@home.test", "joann@home.test, x.ann@home.test"),
            ("\"ann@home.test\" and <ANN@HOME.TEST>", "\"(erased)\" and <(erased)>"),
            ("ann@home.test-bed, größe", "ann@home.test-bed, größe"),
        ] {
            assert_eq!(masked(text, "ann@home.test"), expected);
        }
    }

    #[test]
    fn counts_are_told_in_words() {
        let counts = Counts { tickets: 1, comments: 2, messages: 1, outgoing: 0, called_off: 1, files: 0 };
        assert_eq!(
            counts.in_words(),
            "1 ticket, 2 comments, 1 message that came in, 0 that went out, 0 files; 1 copy that was still to leave was called off"
        );
    }
}
