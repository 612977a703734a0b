//! Mail that another program has kept: found, put in order by threads and dates, and taken in thread by thread.
//!
//! Two ways through: the first looks at headers alone and remembers where each message lies; the second reads each message where it lies,
//! so that files of any size are never in memory.

pub mod find;
mod order;
pub mod passed_over;
mod read;
mod scan;
mod seal;
mod take;

use std::{collections::BTreeMap, path::PathBuf};

use jiff::Timestamp;

use crate::mail::archive::LeftOut;

pub use scan::scan;
pub use take::{Looked, look, take};

/// What was found in the files, in the order in which it is taken in.
#[derive(Debug)]
pub struct Archive {
    sources: Vec<find::Source>,
    /// Thread after thread.
    messages: Vec<Lies>,
    /// Messages that are none: why, and how many.
    pub left_out: BTreeMap<LeftOut, u64>,
    /// Files that cannot be read, each with the reason.
    pub unreadable: Vec<Unreadable>,
    /// Files that are no mail, as far as can be seen.
    pub passed_over: passed_over::PassedOver,
    /// Files of many messages that can be parted in two ways, each with how it was.
    pub doubtful: Vec<Unreadable>,
}

impl Archive {
    /// How many messages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// How many threads they make.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.messages.chunk_by(|a, b| a.thread == b.thread).count()
    }

    /// When the first and the last were written or came.
    #[must_use]
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.messages.iter().map(|it| it.at).min()?, self.messages.iter().map(|it| it.at).max()?))
    }
}

/// A message, and where it lies.
#[derive(Clone, Debug)]
struct Lies {
    /// Place among the sources.
    source: usize,
    /// In a file of many: its number there, from 1.
    nth: u32,
    /// Where it begins; bytes.
    begin: u64,
    /// Bytes.
    length: u64,
    /// Stands for how it begins.
    seal: seal::Seal,
    /// When it was written or came: never before what it answers.
    at: Timestamp,
    /// Those of one thread have the same.
    thread: usize,
}

/// What cannot be read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// A file, or a message in one: `old.mbox, message 3`.
    pub what: String,
    /// In words.
    pub why: String,
}

impl Unreadable {
    fn file(path: &std::path::Path, why: impl ToString) -> Self {
        Self { what: path.display().to_string(), why: why.to_string() }
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Headers are looked at.
    Looking {
        /// Messages found.
        messages: u64,
        /// Bytes gone through.
        octets: u64,
        /// Bytes there are.
        of: u64,
    },
    /// Messages are taken in.
    Taking {
        /// Messages that are done with.
        done: u64,
        /// Messages there are.
        of: u64,
    },
}

/// What an import came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Tickets that were opened.
    pub tickets: u64,
    /// Messages that opened a ticket or joined one.
    pub taken: u64,
    /// Messages that the ledger had already.
    pub known: u64,
    /// Messages of which nothing is made: the desk’s own.
    pub ignored: u64,
    /// Messages that wait for a person, or are set aside; for what, and how many.
    pub held: BTreeMap<&'static str, u64>,
    /// Messages that could not be decided, each with the reason: they are held.
    pub broken: Vec<Unreadable>,
    /// Messages over the bound: they stay where they are.
    pub too_large: Vec<Unreadable>,
    /// What could not be read on the way.
    pub unreadable: Vec<Unreadable>,
}

/// Why nothing is imported.
#[derive(Debug, thiserror::Error)]
pub enum NotMail {
    /// A path leads nowhere.
    #[error("{}: there is no such file or folder; look at the spelling", .0.display())]
    Missing(PathBuf),
    /// The first look at it fails.
    #[error("{path}: {why}; let whoever runs this command read it, or run it as somebody who may", path = .0.display(), why = .1)]
    Unreadable(PathBuf, std::io::Error),
    /// A file that holds no mail.
    #[error(
        "{} is no mail: give an mbox file (its first line begins with “From ”), a Maildir, a folder of .eml files, one .eml file, or what maildesk export wrote",
        .0.display()
    )]
    NoMail(PathBuf),
    /// What can be read but once, and says no size.
    #[error(
        "{} is a pipe or a device, and the files of an import are gone through twice: write what comes from it to a file, and give that",
        .0.display()
    )]
    NoFile(PathBuf),
    /// A folder that holds no mail, and what it holds.
    #[error(
        "{}: no mail is in this folder: neither cur and new of a Maildir, nor .eml files, nor mbox files, nor those of MH{}",
        .0.display(), lies_there(.1)
    )]
    Empty(PathBuf, Vec<Unreadable>),
}

/// `; passed over: old/mail.mbox.gz: it is packed; unpack it`
fn lies_there(passed_over: &[Unreadable]) -> String {
    let named: Vec<String> = passed_over.iter().take(3).map(|it| format!("{}: {}", it.what, it.why)).collect();
    if named.is_empty() { String::new() } else { format!("; passed over: {}", named.join(", ")) }
}
