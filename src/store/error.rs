//! What can go wrong with the database, and whether it passes.

use std::path::PathBuf;

use super::disk;
use crate::desk::id::MailboxId;

/// What can go wrong with the database. Its words are whole: they hold those of the cause, which is nobody's source beside.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refuses or is not there.
    #[error("the database: {0}{room}", room = disk::room_for_database(.0))]
    Database(sqlx::Error),
    /// Its tables cannot be brought up to date.
    #[error("the database cannot be brought up to date: {0}")]
    Migrate(sqlx::migrate::MigrateError),
    /// A file beside the database.
    #[error("{path}: {why}{}", disk::room_for_file(.why))]
    File {
        /// Which.
        path: PathBuf,
        /// The system's words.
        why: std::io::Error,
    },
    /// Another process has it.
    #[error("{0} is in use by another maildesk; stop that one first, or use PostgreSQL for several")]
    InUse(PathBuf),
    /// What this process makes in it would belong to somebody else than the folder.
    #[error(
        "{0} belongs to {owner}, and this runs as {ours}: what it made there {owner} could not use; run it as {owner} ({run_as}), or give all of the folder to {ours} (chown -R {ours}: {0})", .folder.display()
    )]
    Foreign {
        /// The data folder.
        folder: PathBuf,
        /// Whose it is.
        owner: String,
        /// Whose the process is.
        ours: String,
        /// How a shell runs it as its owner.
        run_as: String,
    },
    /// A backup was being brought back when the program ended.
    #[error("{0} is half restored from a backup; run maildesk restore again, with --replace")]
    HalfRestored(PathBuf),
    /// The database file is not as SQLite left it.
    #[error(
        "{path} is damaged, and nothing was done with it: {what}; keep a copy of it and put a backup in its place; what was read from a mail server since is there still"
    )]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What SQLite says of it.
        what: String,
    },
    /// A row that this program cannot have written.
    #[error("table {table}, column {column}: `{value}` is not one of the words known; the database is damaged or from a newer maildesk")]
    Unreadable {
        /// Where.
        table: &'static str,
        /// In what.
        column: &'static str,
        /// The word found.
        value: String,
    },
    /// Content that a row names is not there, or is not what its hash says.
    #[error("the content {sha256} is {what}; restore it from a backup")]
    Content {
        /// Its hash.
        sha256: String,
        /// Missing or damaged.
        what: &'static str,
    },
    /// Content that was erased.
    #[error("{}", crate::desk::erasure::ERASED)]
    Erased,
    /// The original of a message, which has expired.
    #[error("{}", crate::desk::expiry::EXPIRED)]
    Expired,
    /// Another instance reads the mailbox, or may: nothing of this transaction happened.
    #[error("mailbox {0} is another instance’s to read")]
    LeaseLost(MailboxId),
    /// The connection ended at the very end of a change, and the database could not be asked whether it is made.
    #[error("the connection to the database ended while a change was being made; whether it is made could not be found out: {0}")]
    Unknown(sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Migrate(error)
    }
}

impl StoreError {
    /// Whether a unique rule was hit: somebody else was first.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(it)) => it.is_unique_violation(),
            Self::Database(_)
            | Self::Migrate(_)
            | Self::File { .. }
            | Self::InUse(_)
            | Self::Foreign { .. }
            | Self::HalfRestored(_)
            | Self::Damaged { .. }
            | Self::Unreadable { .. }
            | Self::Content { .. }
            | Self::Erased
            | Self::Expired
            | Self::LeaseLost(_)
            | Self::Unknown(_) => false,
        }
    }

    /// Whether the same may succeed later, however it is done: the database is away, busy or full, or two were in each other's way.
    /// What is false for ever (a value that cannot be kept) does not pass.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(it)) => it.code().is_some_and(|code| passing_code(&code)),
            Self::Database(error) => matches!(
                error,
                sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed
            ),
            Self::File { .. } | Self::InUse(_) | Self::HalfRestored(_) | Self::LeaseLost(_) | Self::Unknown(_) => true,
            Self::Migrate(_)
            | Self::Foreign { .. }
            | Self::Damaged { .. }
            | Self::Unreadable { .. }
            | Self::Content { .. }
            | Self::Erased
            | Self::Expired => false,
        }
    }

    /// Whether two transactions were in each other's way, so that the loser does best to begin again at once.
    #[must_use]
    pub fn is_lost_race(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(it)) => it.code().is_some_and(|code| code == "40001" || code == "40P01"),
            Self::Database(_)
            | Self::Migrate(_)
            | Self::File { .. }
            | Self::InUse(_)
            | Self::Foreign { .. }
            | Self::HalfRestored(_)
            | Self::Damaged { .. }
            | Self::Unreadable { .. }
            | Self::Content { .. }
            | Self::Erased
            | Self::Expired
            | Self::LeaseLost(_)
            | Self::Unknown(_) => false,
        }
    }

    /// Whether the connection ended in the middle of a change: nothing of it is made, and it can begin again over another.
    #[must_use]
    pub fn is_lost_connection(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(it)) => {
                it.code().is_some_and(|code| code.starts_with("57P0") || code.starts_with("08") || ENDED_FOR_US.contains(&&*code))
            }
            Self::Database(error) => matches!(error, sqlx::Error::Io(_) | sqlx::Error::Tls(_)),
            Self::Migrate(_)
            | Self::File { .. }
            | Self::InUse(_)
            | Self::Foreign { .. }
            | Self::HalfRestored(_)
            | Self::Damaged { .. }
            | Self::Unreadable { .. }
            | Self::Content { .. }
            | Self::Erased
            | Self::Expired
            | Self::LeaseLost(_)
            | Self::Unknown(_) => false,
        }
    }
}

/// PostgreSQL's classes of five signs: connection, rollback, resources, not in that state, operator, system. SQLite's numbers, the
/// extended ones in their higher bits: busy, locked, no memory, read-only, interrupted, I/O, damaged (a
/// backup takes its place), full, cannot open, no database.
fn passing_code(code: &str) -> bool {
    match code.parse::<i64>() {
        Ok(number) if code.len() < 5 => matches!(number & 0xff, 5..=11 | 13 | 14 | 26),
        Ok(_) | Err(_) => ["08", "40", "53", "55", "57", "58"].iter().any(|class| code.starts_with(class)) || ENDED_FOR_US.contains(&code),
    }
}

/// PostgreSQL has ended the session since its transaction stood still for too long: the bounds of `patience.rs`.
const ENDED_FOR_US: [&str; 2] = ["25P03", "25P04"];

/// Every call of this room.
pub type Result<T> = std::result::Result<T, StoreError>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_told_from_what_is_false_for_ever() {
        for (code, passes) in [("40P01", true), ("57P01", true), ("53100", true), ("13", true), ("2570", true), ("5", true)] {
            assert_eq!(passing_code(code), passes, "{code}");
        }
        for code in ["22021", "23505", "54000", "1", "19", "2067", "18"] {
            assert!(!passing_code(code), "{code}");
        }
    }
}
