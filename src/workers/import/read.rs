//! The second way through the files: a message is read where it lies.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
};

use super::{Archive, Lies, Unreadable, find::Kind};
use crate::mail::archive::mbox;

/// Reads messages; a file of many stays open from one to the next.
pub(super) struct Reader<'a> {
    archive: &'a Archive,
    open: Option<(usize, File)>,
}

impl<'a> Reader<'a> {
    pub fn new(archive: &'a Archive) -> Self {
        Self { archive, open: None }
    }

    /// Its octets as they were before they came into the file.
    ///
    /// # Errors
    /// When they cannot be read: the file has gone, or is another by now.
    pub fn read(&mut self, message: &Lies) -> Result<Vec<u8>, Unreadable> {
        let octets = self.octets(message).map_err(|error| Unreadable { what: self.name(message), why: in_words(&error) })?;
        Ok(match self.archive.sources[message.source].kind {
            Kind::Mbox => mbox::unquoted(octets),
            Kind::Message => octets,
        })
    }

    fn octets(&mut self, message: &Lies) -> io::Result<Vec<u8>> {
        let file = match self.open.take() {
            Some((source, file)) if source == message.source => file,
            Some(_) | None => File::open(&self.archive.sources[message.source].path)?,
        };
        let (_, file) = self.open.insert((message.source, file));
        file.seek(SeekFrom::Start(message.begin))?;
        let length = usize::try_from(message.length).map_err(io::Error::other)?;
        let mut octets = Vec::with_capacity(length + AHEAD);
        file.take(message.length + AHEAD as u64).read_to_end(&mut octets)?;
        if octets.len() < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let behind = octets.split_off(length);
        if !message.seal.is_on(&octets) || !may_follow(&behind) {
            return Err(io::Error::other(CHANGED));
        }
        Ok(octets)
    }

    /// `old/Inbox, message 17`
    pub fn name(&self, message: &Lies) -> String {
        let source = &self.archive.sources[message.source];
        match source.kind {
            Kind::Mbox => format!("{}, message {}", source.path.display(), message.nth),
            Kind::Message => source.path.display().to_string(),
        }
    }
}

/// So much behind a message is looked at; bytes: an empty line, and how the line begins that parts it from the next.
const AHEAD: usize = 7;

const CHANGED: &str = "its file was changed meanwhile; run this again when nothing else writes to it";

/// Whether a message may end before this: a file ends there, or the next message begins, behind an empty line or none.
fn may_follow(behind: &[u8]) -> bool {
    let line = behind.strip_prefix(b"\r\n").or(behind.strip_prefix(b"\n")).unwrap_or(behind);
    line.is_empty() || line.starts_with(b"From ")
}

fn in_words(error: &io::Error) -> String {
    let is = |kind| error.kind() == kind;
    if is(io::ErrorKind::UnexpectedEof) {
        "its file became shorter meanwhile; run this again".to_owned()
    } else if is(io::ErrorKind::NotFound) {
        "its file has another name by now, or is gone; run this again".to_owned()
    } else {
        error.to_string()
    }
}
