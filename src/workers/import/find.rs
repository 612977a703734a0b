//! The files of an import: mbox files, the messages of a Maildir with its subfolders, and `.eml` files, however deep.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read as _},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use jiff::Timestamp;

use super::{NotMail, Unreadable};
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
                return Err(NotMail::Empty(path.clone()));
            }
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
fn is_a_header(begin: &[u8]) -> bool {
    let begin = begin.strip_prefix(b"\xef\xbb\xbf").unwrap_or(begin).trim_ascii_start();
    let line = begin.split(|it| *it == b'\n').next().unwrap_or_default();
    let name = line.split(|it| *it == b':').next().unwrap_or_default();
    !name.is_empty() && name.len() < line.len() && name.iter().all(|it| matches!(it, b'!'..=b'~'))
}

impl Files {
    fn seen(&self) -> (usize, usize, usize) {
        (self.sources.len(), self.left_out.len(), self.unreadable.len())
    }

    fn folder(&mut self, folder: &Path) {
        let Some(entries) = self.entries(folder) else { return };
        let is_maildir = ["cur", "new"].iter().any(|it| folder.join(it).is_dir());
        for path in entries {
            let Ok(there) = fs::symlink_metadata(&path) else { continue };
            let name = path.file_name().unwrap_or_default();
            // A link to a folder may lead back to where it came from.
            if there.is_dir() {
                match name.as_bytes() {
                    b"cur" | b"new" if is_maildir => self.maildir(&path),
                    b"tmp" if is_maildir => {}
                    _ if is_not_taken(&path) => self.leave_out(&path),
                    _ => self.folder(&path),
                }
            } else if !is_maildir && path.is_file() {
                self.file(&path);
            }
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
            if name.as_bytes().starts_with(b".") || !path.is_file() {
                continue;
            }
            match maildir::left_out(name) {
                Some(why) => *self.left_out.entry(why).or_default() += 1,
                None => self.add(&path, Kind::Message, maildir::noted(name)),
            }
        }
    }

    /// One among others in a folder: what is no mail there is passed over.
    fn file(&mut self, path: &Path) {
        let is_eml = path.extension().is_some_and(|it| it.eq_ignore_ascii_case("eml"));
        match begin(path) {
            Ok(begin) if mbox::begins_as_one(&begin) => {
                if is_not_taken(path) {
                    *self.left_out.entry(LeftOut::Folder).or_default() += 1;
                } else {
                    self.add(path, Kind::Mbox, None);
                }
            }
            Ok(_) if is_eml => self.add(path, Kind::Message, None),
            Ok(_) => {}
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
        let n = there.sources.len() as u64 + there.left_out.values().sum::<u64>();
        if n > 0 {
            *self.left_out.entry(LeftOut::Folder).or_default() += n;
        }
    }
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
