//! The whole desk as JSON lines, and back: `deploy/EXPORT.md` is the format. What is written is driven by the database's own schema
//! ([`schema`]) and one list of what goes in which order ([`tables`]); a test fails for a table or a column that is in neither.

use std::{collections::BTreeMap, io};

use crate::store::StoreError;

mod read;
mod rebuild;
pub mod schema;
pub mod tables;
mod write;

pub use read::read;
pub use write::{Passwords, write};

/// The version of this format; a newer one is refused.
pub const FORMAT: i64 = 1;

/// How the first line of an export begins.
pub const BEGINS: &str = "{\"maildesk_export\":";

/// A content, its octets among them.
const CONTENT: &str = "content";
/// The last line.
const END: &str = "end";

/// Why an export cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database, or a content.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Where it is written to, or read from.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line that no export has.
    #[error("line {line}: {why}")]
    Line {
        /// From 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// It ends before its last line.
    #[error("the export is cut off after line {0}: its last line, which begins with {{\"end\", is not there; nothing was kept")]
    CutOff(u64),
    /// There is something already.
    #[error("this desk is not empty: it has {0}; an export is read into a new desk, which may not even have had its first admin made")]
    NotEmpty(String),
}

impl From<sqlx::Error> for ExportError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Every call of this room.
pub type Result<T> = std::result::Result<T, ExportError>;

/// How many lines of each kind.
pub type Counts = BTreeMap<String, u64>;
