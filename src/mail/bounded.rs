//! What a server may say at most, checked before a library that does not check sees it.

mod imap;
mod smtp;

pub(super) use imap::{ImapBound, Struck};
pub(super) use smtp::{FinalDot, ReplyBound};

/// Characters kept of what a server said.
const MOST_WORDS: usize = 500;

/// A server's words, fit for a row, a page and a log: one line, visible characters, bounded.
pub(super) fn words(text: &str) -> String {
    let line: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|it| !it.is_empty()).collect();
    line.join(" ").chars().take(MOST_WORDS).collect()
}
