//! Raw mail, attachments and outgoing mail by content hash.
//!
//! Up to [`SMALL`] bytes they lie in the database, committed together with the row that names them; larger ones are
//! files, on the disk with their directory before that commit.

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
};

use aws_lc_rs::digest;
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use jiff::Timestamp;

use crate::store::{Conn, Driver, Result, Store, StoreError, Tx, on};

/// The largest content that lies in the database: 256 KiB.
pub const SMALL: usize = 256 * 1024;

/// What a row names whose octets were erased. Nothing that is kept has it: no content with this hash is known to anybody.
pub const NO_OCTETS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What a row names whose octets expired. No content with this hash is known to anybody either.
pub const EXPIRED_OCTETS: &str = "0000000000000000000000000000000000000000000000000000000000000001";

/// How the name of a file begins that is not whole yet.
const HALF_WRITTEN: &str = ".tmp";

/// Below this, packing does not pay.
const NOT_WORTH_PACKING: usize = 512;

/// SHA-256 of some content, as 64 lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ContentHash(String);

impl ContentHash {
    /// Of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(data_encoding::HEXLOWER.encode(digest::digest(&digest::SHA256, bytes).as_ref()))
    }

    /// Of octets that were erased ([`NO_OCTETS`]).
    #[must_use]
    pub fn erased() -> Self {
        Self(NO_OCTETS.to_owned())
    }

    /// As a row holds it.
    ///
    /// # Errors
    /// When it is not 64 hex digits: such a thing never becomes a path.
    pub fn parse(text: &str) -> Result<Self> {
        let fits = text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(StoreError::Unreadable { table: "blobs", column: "sha256", value: text.chars().take(80).collect() })
        }
    }

    /// 64 hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A row of `blobs` to be written.
#[derive(Debug)]
pub(super) struct NewBlob {
    pub hash: ContentHash,
    pub size: i64,
    pub packing: &'static str,
    /// None: in a file of that name.
    pub bytes: Option<Vec<u8>>,
    pub at: Timestamp,
}

/// Where large content lies; small content is in the database.
#[derive(Clone, Debug)]
pub struct Blobs {
    folder: PathBuf,
}

impl Store {
    /// The place for content.
    #[must_use]
    pub fn blobs(&self) -> Blobs {
        Blobs { folder: self.blob_folder() }
    }
}

impl Blobs {
    /// Keeps `bytes`; the same content is kept once. Durable when `tx` is committed.
    ///
    /// # Errors
    /// When the database refuses, or the disk does (full, read-only): then nothing of it is named by a row.
    pub async fn put(&self, tx: &mut Tx, bytes: &[u8], now: Timestamp) -> Result<ContentHash> {
        Ok(self.put_all(tx, &[bytes], now).await?.remove(0))
    }

    /// [`Blobs::put`] of several, in their order.
    ///
    /// # Errors
    /// As [`Blobs::put`].
    pub async fn put_all(&self, tx: &mut Tx, all: &[&[u8]], now: Timestamp) -> Result<Vec<ContentHash>> {
        let mut rows = Vec::with_capacity(all.len());
        for bytes in all {
            rows.push(self.prepare(tx, bytes, now).await?);
        }
        if !rows.is_empty() {
            tx.write_blobs(&rows).await?;
        }
        Ok(rows.into_iter().map(|it| it.hash).collect())
    }

    /// [`Blobs::put`], written when the transaction ends: for content that no row names before that.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn put_later(&self, tx: &mut Tx, bytes: &[u8], now: Timestamp) -> Result<ContentHash> {
        let row = self.prepare(tx, bytes, now).await?;
        let hash = row.hash.clone();
        tx.later.blobs.push(row);
        Ok(hash)
    }

    /// The row of `bytes`; what is large is on the disk before there is one.
    async fn prepare(&self, tx: &mut Tx, bytes: &[u8], at: Timestamp) -> Result<NewBlob> {
        let hash = ContentHash::of(bytes);
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        if bytes.len() > SMALL {
            keep_file(tx, &hash, Keeping::Named).await?;
            self.write_file(&hash, bytes)?;
            return Ok(NewBlob { hash, size, packing: "plain", bytes: None, at });
        }
        Ok(match pack(bytes).map_err(|why| self.refused(why))? {
            Packed::Deflate(packed) => NewBlob { hash, size, packing: "deflate", bytes: Some(packed), at },
            Packed::Plain => NewBlob { hash, size, packing: "plain", bytes: Some(bytes.to_vec()), at },
        })
    }

    /// The content; none when no row knows it.
    ///
    /// # Errors
    /// [`StoreError::Content`] when it is missing or not what its hash says; [`StoreError::Erased`]; [`StoreError::Expired`].
    pub async fn get(&self, conn: &mut Conn, hash: &ContentHash) -> Result<Option<Vec<u8>>> {
        if hash.0 == NO_OCTETS {
            return Err(StoreError::Erased);
        }
        if hash.0 == EXPIRED_OCTETS {
            return Err(StoreError::Expired);
        }
        let sql = "select packing, bytes from blobs where sha256 = $1";
        let row: Option<(String, Option<Vec<u8>>)> = on!(conn, c => sqlx::query_as(sql).bind(hash.as_str()).fetch_optional(c).await)?;
        let Some((packing, kept)) = row else { return Ok(None) };
        let damaged = |what| StoreError::Content { sha256: hash.as_str().to_owned(), what };
        let bytes = match (packing.as_str(), kept) {
            ("gone" | "leaving", _) => return Err(damaged("missing")),
            ("deflate", Some(packed)) => unpack(&packed).map_err(|_| damaged("damaged"))?,
            (_, Some(plain)) => plain,
            (_, None) => tokio::fs::read(self.path(hash)).await.map_err(|why| {
                let is_missing = why.kind() == std::io::ErrorKind::NotFound;
                if is_missing { damaged("missing") } else { StoreError::File { path: self.path(hash), why } }
            })?,
        };
        if ContentHash::of(&bytes) != *hash {
            return Err(damaged("damaged"));
        }
        Ok(Some(bytes))
    }

    /// The content; none when no row knows it, and when it was erased or has expired.
    ///
    /// # Errors
    /// As [`Blobs::get`].
    pub async fn get_if_kept(&self, conn: &mut Conn, hash: &ContentHash) -> Result<Option<Vec<u8>>> {
        match self.get(conn, hash).await {
            Err(StoreError::Erased | StoreError::Expired) => Ok(None),
            found => found,
        }
    }

    /// Removes the file of a content that no row names any more; nothing where there is none.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn remove_file(&self, hash: &ContentHash) -> Result<()> {
        match std::fs::remove_file(self.path(hash)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(self.refused(error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn path(&self, hash: &ContentHash) -> PathBuf {
        self.folder.join(&hash.0[..2]).join(&hash.0)
    }

    fn refused(&self, why: std::io::Error) -> StoreError {
        StoreError::File { path: self.folder.clone(), why }
    }

    fn write_file(&self, hash: &ContentHash, bytes: &[u8]) -> Result<()> {
        // In place and not in a task of its own: that would need a copy of what is large.
        let path = self.path(hash);
        tokio::task::block_in_place(|| write_durably(&path, bytes)).map_err(|why| self.refused(why))
    }
}

impl Blobs {
    /// Removes files that a crash left half-written, last changed before `before`; how many. What is being written now is younger.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn clear_half_written(&self, before: Timestamp) -> std::io::Result<usize> {
        let mut n = 0;
        for shard in std::fs::read_dir(&self.folder)? {
            let shard = shard?.path();
            if !shard.is_dir() {
                continue;
            }
            for file in std::fs::read_dir(shard)? {
                let file = file?;
                if !file.file_name().as_encoded_bytes().starts_with(HALF_WRITTEN.as_bytes()) {
                    continue;
                }
                let changed = file.metadata().and_then(|it| it.modified()).ok().and_then(|it| Timestamp::try_from(it).ok());
                if changed.is_some_and(|it| it < before) {
                    std::fs::remove_file(file.path())?;
                    n += 1;
                }
            }
        }
        Ok(n)
    }
}

/// Why somebody wants the file of a content to be as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    /// A row is about to name it.
    Named,
    /// It is to be removed if no row names it.
    Removed,
}

/// Until the transaction ends, nobody removes this file whom [`Keeping::Named`] holds off, and nobody relies on it whom
/// [`Keeping::Removed`] does. SQLite has one writer at a time.
pub(super) async fn keep_file(tx: &mut Tx, hash: &ContentHash, keeping: Keeping) -> Result<()> {
    let sql = match keeping {
        Keeping::Named => "select pg_advisory_xact_lock_shared(hashtextextended($1, 0))",
        Keeping::Removed => "select pg_advisory_xact_lock(hashtextextended($1, 0))",
    };
    match tx.driver() {
        Driver::Sqlite(_) => Ok(()),
        Driver::Pg(c) => Ok(sqlx::query(sql).bind(hash.as_str()).execute(c).await.map(|_| ())?),
    }
}

/// Temp file, fsync, rename, fsync of the directory: after this a power cut leaves it whole.
fn write_durably(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if std::fs::metadata(path).is_ok_and(|it| it.len() == bytes.len() as u64) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path);
    if !folder.exists() {
        std::fs::create_dir_all(folder)?;
        std::fs::File::open(folder.parent().unwrap_or(folder))?.sync_all()?;
    }
    fail_point!("blob-write", std::io::ErrorKind::StorageFull);
    let mut file = tempfile::Builder::new().prefix(HALF_WRITTEN).tempfile_in(folder)?;
    file.write_all(bytes)?;
    fail_point!("blob-sync", std::io::ErrorKind::StorageFull);
    file.as_file().sync_all()?;
    fail_point!("blob-rename");
    file.persist(path).map_err(|it| it.error)?;
    fail_point!("blob-folder-sync");
    std::fs::File::open(folder)?.sync_all()?;
    fail_point!("blob-durable");
    Ok(())
}

enum Packed {
    Deflate(Vec<u8>),
    Plain,
}

fn pack(bytes: &[u8]) -> std::io::Result<Packed> {
    if bytes.len() < NOT_WORTH_PACKING {
        return Ok(Packed::Plain);
    }
    let mut packer = DeflateEncoder::new(Vec::with_capacity(bytes.len() / 2), Compression::fast());
    packer.write_all(bytes)?;
    let packed = packer.finish()?;
    Ok(if packed.len() < bytes.len() / 10 * 9 { Packed::Deflate(packed) } else { Packed::Plain })
}

fn unpack(packed: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    DeflateDecoder::new(packed).take(SMALL as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
