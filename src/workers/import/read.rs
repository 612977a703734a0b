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
        let mut octets = vec![0; usize::try_from(message.length).map_err(io::Error::other)?];
        file.read_exact(&mut octets)?;
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
