//! The files of an import: mbox files, the messages of a Maildir with its subfolders, those of MH folders, and `.eml` files, however deep.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read as _},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use jiff::Timestamp;

use super::{
    NotMail, Unreadable,
    passed_over::{self, PassedOver},
};
use crate::mail::archive::{LeftOut, maildir, mbox};

/// Folders within a folder that is given: what lies there was never sent, or nobody wanted it. Whoever wants it all the same names such a folder
/// itself.
const NOT_TAKEN: [&str; 12] = [
    "drafts",
    "templates",
    "trash",
    "deleted",
    "deleted items",
    "deleted messages",
    "bin",
    "junk",
    "junk e-mail",
    "junk email",
    "spam",
    "outbox",
];

/// A file that holds mail.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// What it holds.
    pub kind: Kind,
    /// Bytes.
    pub size: u64,
    /// When it was last written.
    pub written: Option<Timestamp>,
    /// What its name says: when it was delivered.
    pub noted: Option<Timestamp>,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Many messages.
    Mbox,
    /// One.
    Message,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Files {
    /// In the order of the paths, then by name.
    pub sources: Vec<Source>,
    /// Messages that are not taken, by their folders and marks.
    pub left_out: BTreeMap<LeftOut, u64>,
    /// Files and folders that cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// Those that are no mail, as far as can be seen.
    pub passed_over: PassedOver,
    /// Mailboxes that hold nothing: empty files, Maildirs without a message.
    empty: u64,
}

/// Looks for mail in each of these paths.
///
/// # Errors
/// When one of them is missing, cannot be read, or holds no mail.
pub fn find(paths: &[PathBuf]) -> Result<Files, NotMail> {
    let mut files = Files::default();
    for path in paths {
        let there = fs::metadata(path).map_err(|error| {
            let gone = error.kind() == io::ErrorKind::NotFound;
            if gone { NotMail::Missing(path.clone()) } else { NotMail::Unreadable(path.clone(), error) }
        })?;
        if there.is_dir() {
            fs::read_dir(path).map_err(|error| NotMail::Unreadable(path.clone(), error))?;
            let before = files.seen();
            files.folder(path);
            if files.seen() == before {
                return Err(NotMail::Empty(path.clone(), files.passed_over.first));
            }
        } else if !there.is_file() {
            return Err(NotMail::NoFile(path.clone()));
        } else if there.len() == 0 {
            files.empty += 1;
        } else {
            let begin = begin(path).map_err(|error| NotMail::Unreadable(path.clone(), error))?;
            let kind = if mbox::begins_as_one(&begin) { Kind::Mbox } else { Kind::Message };
            if kind == Kind::Message && !is_a_header(&begin) {
                return Err(NotMail::NoMail(path.clone()));
            }
            files.add(path, kind, None);
        }
    }
    Ok(files)
}

/// Enough of a file to see what it is.
fn begin(path: &Path) -> io::Result<Vec<u8>> {
    let mut begin = Vec::new();
    File::open(path)?.take(4096).read_to_end(&mut begin)?;
    Ok(begin)
}

/// `Name: value` in its first line.
pub(super) fn is_a_header(begin: &[u8]) -> bool {
    let begin = begin.strip_prefix(b"\xef\xbb\xbf").unwrap_or(begin).trim_ascii_start();
    let line = begin.split(|it| *it == b'\n').next().unwrap_or_default();
    let name = line.split(|it| *it == b':').next().unwrap_or_default();
    !name.is_empty() && name.len() < line.len() && name.iter().all(|it| matches!(it, b'!'..=b'~'))
}

impl Files {
    fn seen(&self) -> (usize, usize, usize, u64) {
        (self.sources.len(), self.left_out.len(), self.unreadable.len(), self.empty)
    }

    fn folder(&mut self, folder: &Path) {
        let Some(entries) = self.entries(folder) else { return };
        let is_maildir = is_maildir(folder);
        let messages = self.sources.len();
        for path in entries {
            let Ok(there) = fs::symlink_metadata(&path) else { continue };
            let name = path.file_name().unwrap_or_default();
            if there.is_dir() {
                match name.as_bytes() {
                    b"cur" | b"new" if is_maildir || holds_deliveries(&path) => self.maildir(&path),
                    b"tmp" if is_maildir => {}
                    _ if is_not_taken(&path) => self.leave_out(&path),
                    _ => self.folder(&path),
                }
            } else {
                self.file_or_link(&path);
            }
        }
        if is_maildir && self.sources.len() == messages {
            self.empty += 1;
        }
    }

    fn file_or_link(&mut self, path: &Path) {
        match fs::metadata(path) {
            Ok(it) if it.is_file() => self.file(path),
            // It may lead back to where it came from.
            Ok(it) if it.is_dir() => self.passed_over.add(path, "it is a link to a folder; give that folder by itself"),
            Ok(_) => self.passed_over.add(path, "it is no file"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.passed_over.add(path, "it is a link that leads nowhere"),
            Err(error) => self.unreadable.push(Unreadable::file(path, error)),
        }
    }

    /// Those of a folder, by name.
    fn entries(&mut self, folder: &Path) -> Option<Vec<PathBuf>> {
        let read = fs::read_dir(folder).and_then(|it| it.map(|it| it.map(|it| it.path())).collect::<io::Result<Vec<_>>>());
        match read {
            Ok(mut paths) => {
                paths.sort();
                Some(paths)
            }
            Err(error) => {
                self.unreadable.push(Unreadable::file(folder, error));
                None
            }
        }
    }

    fn maildir(&mut self, folder: &Path) {
        for path in self.entries(folder).unwrap_or_default() {
            let name = path.file_name().unwrap_or_default();
            if name.as_bytes().starts_with(b".") {
                continue;
            }
            match (path.is_file(), maildir::left_out(name)) {
                (true, Some(why)) => *self.left_out.entry(why).or_default() += 1,
                (true, None) => self.add(&path, Kind::Message, maildir::noted(name)),
                (false, _) if path.is_dir() => {
                    self.passed_over.add(&path, "it is a folder among the messages of a Maildir; give it by itself")
                }
                (false, _) => self.file_or_link(&path),
            }
        }
    }

    /// One among others in a folder: what is no mail there is passed over.
    fn file(&mut self, path: &Path) {
        let name = path.file_name().unwrap_or_default();
        let is_eml = path.extension().is_some_and(|it| it.eq_ignore_ascii_case("eml"));
        // MH calls its messages by numbers alone.
        let is_number = name.as_bytes().iter().all(u8::is_ascii_digit);
        match begin(path) {
            Ok(begin) if begin.is_empty() => self.empty += 1,
            Ok(begin) if mbox::begins_as_one(&begin) => {
                if is_not_taken(path) {
                    *self.left_out.entry(LeftOut::Folder).or_default() += 1;
                } else {
                    self.add(path, Kind::Mbox, None);
                }
            }
            Ok(begin) if is_eml || is_number && is_a_header(&begin) => self.add(path, Kind::Message, None),
            Ok(_) if passed_over::is_note(&name.to_string_lossy()) => *self.left_out.entry(LeftOut::FolderData).or_default() += 1,
            Ok(begin) => self.passed_over.add(path, passed_over::why(&begin)),
            Err(error) => self.unreadable.push(Unreadable::file(path, error)),
        }
    }

    fn add(&mut self, path: &Path, kind: Kind, noted: Option<Timestamp>) {
        match fs::metadata(path) {
            Ok(it) => {
                let since = it.modified().ok().and_then(|it| it.duration_since(UNIX_EPOCH).ok());
                let written = since.and_then(|it| Timestamp::from_second(i64::try_from(it.as_secs()).ok()?).ok());
                self.sources.push(Source { path: path.to_owned(), kind, size: it.len(), written, noted });
            }
            Err(error) => self.unreadable.push(Unreadable::file(path, error)),
        }
    }

    /// Counts what lies in a folder that is not taken.
    fn leave_out(&mut self, folder: &Path) {
        let mut there = Self::default();
        there.folder(folder);
        let messages = there.left_out.iter().filter(|(why, _)| **why != LeftOut::FolderData);
        let n = there.sources.len() as u64 + messages.map(|(_, n)| n).sum::<u64>();
        if n > 0 {
            *self.left_out.entry(LeftOut::Folder).or_default() += n;
        }
    }
}

/// A Maildir has three folders; one that was copied may lack an empty one.
fn is_maildir(folder: &Path) -> bool {
    let has = |name: &str| folder.join(name).is_dir();
    has("cur") && (has("new") || has("tmp"))
}

/// Whether a folder `cur` or `new` is what a copy has left of a Maildir: its files are called as deliveries are, `1583921830.M1P2.host`.
fn holds_deliveries(folder: &Path) -> bool {
    let Ok(read) = fs::read_dir(folder) else { return false };
    let is_delivery = |name: &std::ffi::OsStr| {
        let at = name.as_bytes().iter().position(|it| *it == b'.');
        at.is_some_and(|at| at >= 9 && name.as_bytes()[..at].iter().all(u8::is_ascii_digit)) && maildir::noted(name).is_some()
    };
    let is_eml = |name: &std::ffi::OsStr| Path::new(name).extension().is_some_and(|it| it.eq_ignore_ascii_case("eml"));
    read.flatten().any(|it| is_delivery(&it.file_name()) && !is_eml(&it.file_name()))
}

/// `.Trash`, `INBOX.Drafts`, `Spam.mbox`
fn is_not_taken(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".mbox").or(name.strip_suffix(".sbd")).unwrap_or(&name);
    NOT_TAKEN.contains(&name) || name.rsplit('.').next().is_some_and(|it| NOT_TAKEN.contains(&it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_what_nobody_wanted_are_known_by_their_names() {
        for name in ["Drafts", ".Trash", "INBOX.Junk E-mail", "Spam.mbox", ".Archive.Spam", "Deleted Items"] {
            assert!(is_not_taken(Path::new(name)), "{name}");
        }
        for name in ["INBOX", ".Sent", "Sent.mbox", "Spammers.mbox", "Trash of 2019", "cur"] {
            assert!(!is_not_taken(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn a_message_begins_with_a_field() {
        for (begin, is) in [
            ("Received: by a", true),
            ("\n\nFrom: ann", true),
            ("From ann", false),
            ("<html>", false),
            ("", false),
            ("Dear Ann: hello", false),
        ] {
            assert_eq!(is_a_header(begin.as_bytes()), is, "{begin}");
        }
    }
}
