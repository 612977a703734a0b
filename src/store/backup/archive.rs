//! The archive itself: members one after the other, a manifest, a seal.

use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    path::Path,
};

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use tar::{EntryType, Header};

use super::{MANIFEST, Manifest, Member};

/// The seal's header and the two empty blocks that end an archive.
pub(super) const SEAL_BYTES: u64 = 512 + 1024;

const SEALED: &str = "sealed-sha256-";

/// Hands on what passes, and knows its hash.
pub(in crate::store) struct Hashing<T> {
    inner: T,
    context: digest::Context,
    bytes: u64,
}

impl<T> Hashing<T> {
    pub fn new(inner: T) -> Self {
        Self { inner, context: digest::Context::new(&digest::SHA256), bytes: 0 }
    }

    /// Of what has passed so far.
    pub fn sha256(&self) -> String {
        HEXLOWER.encode(self.context.clone().finish().as_ref())
    }

    pub fn passed(&self) -> u64 {
        self.bytes
    }

    fn pass(&mut self, some: &[u8]) {
        self.context.update(some);
        self.bytes += some.len() as u64;
    }
}

impl<T: Write> Write for Hashing<T> {
    fn write(&mut self, some: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(some)?;
        self.pass(&some[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Hashing<T> {
    fn read(&mut self, some: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(some)?;
        self.pass(&some[..n]);
        Ok(n)
    }
}

/// An archive being written.
pub(super) struct Writer<W: Write> {
    tar: tar::Builder<Hashing<W>>,
    /// Seconds since 1970: each member bears the same time.
    at: u64,
    pub members: Vec<Member>,
}

impl<W: Write> Writer<W> {
    pub fn new(into: W, at: u64) -> Self {
        Self { tar: tar::Builder::new(Hashing::new(into)), at, members: Vec::new() }
    }

    pub fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.member(name, bytes, bytes.len() as u64).map(|_| ())
    }

    /// A file as it is now; its hash.
    pub fn add_file(&mut self, name: &str, file: &Path) -> io::Result<String> {
        let file = File::open(file)?;
        let size = file.metadata()?.len();
        self.member(name, BufReader::with_capacity(1 << 18, file), size)
    }

    fn member(&mut self, name: &str, from: impl Read, size: u64) -> io::Result<String> {
        let mut from = Hashing::new(from.take(size));
        self.tar.append(&header(name, size, self.at)?, &mut from)?;
        if from.passed() != size {
            return Err(io::Error::other(format!("{name} became shorter while it was read")));
        }
        let sha256 = from.sha256();
        self.members.push(Member { name: name.to_owned(), size, sha256: sha256.clone() });
        Ok(sha256)
    }

    /// Writes the manifest and the seal; the seal's hash, and what was written to.
    pub fn seal(mut self, manifest: &Manifest) -> io::Result<(String, W)> {
        let text = serde_json::to_vec_pretty(manifest)?;
        self.tar.append(&header(MANIFEST, text.len() as u64, self.at)?, text.as_slice())?;
        let hash = self.tar.get_ref().sha256();
        self.tar.append(&header(&format!("{SEALED}{hash}"), 0, 0)?, io::empty())?;
        Ok((hash, self.tar.into_inner()?.inner))
    }
}

fn header(name: &str, size: u64, at: u64) -> io::Result<Header> {
    let mut header = Header::new_ustar();
    header.set_path(name)?;
    header.set_size(size);
    header.set_mode(0o600);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(at);
    header.set_entry_type(EntryType::Regular);
    header.set_cksum();
    Ok(header)
}

/// The last bytes of an archive with this hash: whatever differs from them is damaged.
pub(super) fn seal_of(hash: &str) -> io::Result<Vec<u8>> {
    let mut bytes = header(&format!("{SEALED}{hash}"), 0, 0)?.as_bytes().to_vec();
    bytes.resize(usize::try_from(SEAL_BYTES).unwrap_or(usize::MAX), 0);
    Ok(bytes)
}

/// Whether a file begins as ours do.
pub(super) fn begins_as_ours(first: &[u8]) -> bool {
    first.starts_with(super::ABOUT.as_bytes())
}
