//! A backup: one file with everything that a desk needs to come back.
//!
//! It is a tar archive, not compressed (what is worth packing is packed already), so that anything can be taken out of it by hand:
//!
//! ```text
//! maildesk-backup.txt        what this is, for whoever finds it
//! maildesk.db                the database as it was at one moment (SQLite; with PostgreSQL there is none)
//! blobs/ab/abcd…             each large content that the database names
//! settings/maildesk.toml     the configuration
//! settings/secret.key        what sessions, reply addresses and Message-IDs are signed with
//! manifest.json              every member with its size and SHA-256, every table with its number of rows
//! sealed-sha256-…            empty; the name holds the SHA-256 of everything before it
//! ```
//!
//! The seal is the last thing written. A file that was cut off has none; a byte that changed anywhere disagrees with it.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::store::StoreError;

mod archive;
pub mod check;
pub mod make;
pub mod put_back;
pub mod rows;
mod scratch;

pub use scratch::{Scratch, clear_left_over};
pub(in crate::store) use {archive::Hashing, put_back::give_numbers_from};

/// The version of this format; a newer one is refused.
pub const FORMAT: u32 = 1;

/// There while a backup takes the place of a desk.
pub(in crate::store) const UNFINISHED: &str = "restore.unfinished";

/// The database in the archive.
const DATABASE: &str = "maildesk.db";
const ABOUT: &str = "maildesk-backup.txt";
const MANIFEST: &str = "manifest.json";
/// The configuration in the archive.
pub const CONFIGURATION: &str = "settings/maildesk.toml";
/// The root key in the archive.
pub const SECRET_KEY: &str = "settings/secret.key";

/// Why a backup cannot be made, looked at or brought back. Its words are whole: they hold those of the cause.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database, or the folder beside it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file or folder of the backup.
    #[error("{path}: {why}{}", mend(.why))]
    File {
        /// Which.
        path: PathBuf,
        /// The system's words.
        why: io::Error,
    },
    /// There is a file already.
    #[error("{0} is there already and stays as it is; give another name, or --overwrite")]
    Exists(PathBuf),
    /// It is something else.
    #[error("{0} is no backup that maildesk has made")]
    NotOurs(PathBuf),
    /// It is an export.
    #[error(
        "{0} is no backup, but what maildesk export wrote: maildesk import reads it into an empty desk, which maildesk verify then looks at"
    )]
    Export(PathBuf),
    /// It was made by a newer program.
    #[error("{path} was made by maildesk {by}, which is newer than this one; use that version")]
    Newer {
        /// Which file.
        path: PathBuf,
        /// By which version.
        by: String,
    },
    /// There is less room than it takes.
    #[error("{folder} has {} MB free, and this takes {} MB; make room, or name another place", .free.div_ceil(1_000_000), .needed.div_ceil(1_000_000))]
    NoRoom {
        /// Where.
        folder: PathBuf,
        /// Bytes.
        free: u64,
        /// Bytes.
        needed: u64,
    },
}

/// What to do about an error of the system.
fn mend(error: &io::Error) -> &'static str {
    if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        "; make room there, or name another place; nothing half is left behind"
    } else if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) {
        "; let the user that maildesk runs as write there"
    } else if error.kind() == io::ErrorKind::NotFound {
        "; look at the spelling"
    } else {
        ""
    }
}

/// Every call of this room.
pub type Result<T> = std::result::Result<T, BackupError>;

/// Whether what begins so is a backup.
#[must_use]
pub fn begins_as_one(first: &[u8]) -> bool {
    archive::begins_as_ours(first)
}

fn at_path(path: &Path) -> impl Fn(io::Error) -> BackupError {
    let path = path.to_owned();
    move |why| BackupError::File { path: path.clone(), why }
}

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of this format.
    pub format: u32,
    /// The version that made it.
    pub maildesk: String,
    /// The desk is in it as it was then.
    pub made_at: Timestamp,
    /// Where the desk keeps its rows.
    pub database: Kind,
    /// The number of rows of each table; empty with PostgreSQL.
    pub tables: BTreeMap<String, u64>,
    /// Large contents that the database names and that were not to be had.
    pub missing: Vec<String>,
    /// Everything before the manifest.
    pub members: Vec<Member>,
}

/// Which database a desk has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A file: it is in the backup.
    Sqlite,
    /// A server: its own tools copy it, and the backup holds the rest.
    Postgres,
}

/// One file in the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its path.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// 64 hex digits.
    pub sha256: String,
}

impl Manifest {
    /// Bytes of everything in it.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.members.iter().map(|it| it.size).sum()
    }

    /// The rows of one table; none where it holds no database.
    #[must_use]
    pub fn rows(&self, table: &str) -> Option<u64> {
        self.tables.get(table).copied()
    }
}
