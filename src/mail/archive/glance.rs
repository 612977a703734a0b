//! A look at a header alone: what puts messages in order before any of them is read.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::{Clues, LONGEST_HEADER};
use crate::{
    desk::message::MessageId,
    mail::parse::{
        date,
        header::{self, Header},
        ids,
    },
};

/// So many ids of one message are looked at, nearest first.
const MOST_IDS: usize = 50;

/// Why a message of a file is none that came or was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// It was never sent.
    Draft,
    /// It was deleted, and its file not yet cleared.
    Deleted,
    /// It lies in a folder of drafts, deleted mail or spam.
    Folder,
    /// A mail program keeps notes of its own in it.
    FolderData,
}

impl LeftOut {
    /// For people, behind a number.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "drafts",
            Self::Deleted => "deleted, and not yet cleared away",
            Self::Folder => "in folders of drafts, deleted mail or spam",
            Self::FolderData => "notes of a mail program to itself",
        }
    }
}

/// What a header says.
#[derive(Clone, Debug, Default)]
pub struct Glance {
    /// Stands for its Message-ID.
    pub id: Option<u64>,
    /// Stand for the ids in In-Reply-To and References, nearest first.
    pub answers: Vec<u64>,
    /// When it was written and received.
    pub clues: Clues,
    /// Why it is left out.
    pub left_out: Option<LeftOut>,
}

impl Glance {
    /// Of a message whose beginning this is.
    #[must_use]
    pub fn of(begin: &[u8]) -> Self {
        let (header, _) = header::read(&begin[..begin.len().min(LONGEST_HEADER)], 0, |_| false);
        let mut answers: Vec<MessageId> = header.all("in-reply-to").flat_map(ids::ids).collect();
        let references: Vec<MessageId> = header.all("references").flat_map(ids::ids).collect();
        answers.extend(references.into_iter().rev());
        let written = ["date", "resent-date"].into_iter().find_map(|it| header.text(it)).and_then(|it| date::read(&it));
        let received = header.first("received").and_then(|it| date::read(String::from_utf8_lossy(it).rsplit(';').next()?));
        Self {
            id: header.all("message-id").find_map(|it| ids::ids(it).into_iter().next()).map(|it| mark(&it)),
            answers: answers.iter().take(MOST_IDS).map(mark).collect(),
            clues: Clues { written: written.map(|(at, _)| at), received: received.map(|(at, _)| at), ..Clues::default() },
            left_out: left_out(&header),
        }
    }
}

/// Two ids with one mark would put two threads beside each other, and no more than that.
fn mark(id: &MessageId) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.as_str().hash(&mut hasher);
    hasher.finish()
}

/// What mail programs and Gmail’s archives note in fields of their own.
fn left_out(header: &Header<'_>) -> Option<LeftOut> {
    let text = |name: &str| header.text(name).unwrap_or_default();
    if header.first("x-imap").or(header.first("x-imapbase")).is_some() && text("subject").contains("FOLDER INTERNAL DATA") {
        return Some(LeftOut::FolderData);
    }
    // Thunderbird: bit 3 of a hexadecimal number is "expunged".
    let mozilla = u32::from_str_radix(text("x-mozilla-status").trim(), 16).unwrap_or(0);
    let (status, labels) = (text("x-status"), text("x-gmail-labels"));
    let labelled = |label: &str| labels.split(',').any(|it| it.trim().trim_matches('"').eq_ignore_ascii_case(label));
    if mozilla & 0x8 != 0 || status.contains('D') {
        return Some(LeftOut::Deleted);
    }
    if status.contains('T') || labelled("Draft") || labelled("Drafts") {
        return Some(LeftOut::Draft);
    }
    (labelled("Spam") || labelled("Trash")).then_some(LeftOut::Folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_whom_it_answers_and_when() {
        let one = Glance::of(
            b"Received: by mx; Mon, 2 Nov 2026 10:01:00 +0000\r\nMessage-ID: <1@x>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n\r\n",
        );
        let two = Glance::of(b"Message-ID: <2@x>\nReferences: <0@x>\n <1@x>\n\nIn-Reply-To: <9@x>\n");
        assert_eq!(two.answers.first(), one.id.as_ref());
        assert_eq!((two.answers.len(), one.left_out), (2, None));
        assert_eq!(one.clues.received.unwrap().to_string(), "2026-11-02T10:01:00Z");
        assert_eq!(one.clues.written.unwrap().to_string(), "2026-11-02T10:00:00Z");
    }

    #[test]
    fn what_its_program_calls_a_draft_or_deleted_is_left_out() {
        for (field, why) in [
            ("X-Mozilla-Status: 0009", Some(LeftOut::Deleted)),
            ("X-Mozilla-Status: 0001", None),
            ("X-Status: AD", Some(LeftOut::Deleted)),
            ("X-Status: T", Some(LeftOut::Draft)),
            ("Status: RO", None),
            ("X-Gmail-Labels: Inbox,Important", None),
            ("X-Gmail-Labels: Spam,Unread", Some(LeftOut::Folder)),
            ("X-Gmail-Labels: Drafts", Some(LeftOut::Draft)),
            ("X-IMAP: 1 2\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA", Some(LeftOut::FolderData)),
        ] {
            assert_eq!(Glance::of(format!("{field}\n\n").as_bytes()).left_out, why, "{field}");
        }
    }
}
