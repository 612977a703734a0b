//! The folder that holds the desk: may it be written to, how much room is left.

use std::{fmt, io, path::Path};

use sqlx::migrate::MigrateError;

use crate::store::StoreError;

/// Room on a disk, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Free for a user that is not root.
    pub free: u64,
    /// All there is.
    pub total: u64,
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} free", shown(self.free), shown(self.total))
    }
}

/// `53.2 GiB`.
#[must_use]
pub fn shown(bytes: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    if bytes >= 1 << 30 { format!("{} GiB", tenths(1 << 30)) } else { format!("{} MiB", tenths(1 << 20)) }
}

/// The room on the disk that `folder` lies on.
///
/// # Errors
/// When the folder is not there or may not be looked at.
pub fn room(folder: &Path) -> io::Result<Room> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(Room { free: disk.f_bavail.saturating_mul(disk.f_frsize), total: disk.f_blocks.saturating_mul(disk.f_frsize) })
}

/// Writes a file, syncs it, and takes it away again.
///
/// # Errors
/// When the folder is not there, is read-only, is full, or belongs to somebody else.
pub fn try_writing(folder: &Path) -> io::Result<()> {
    use std::io::Write;
    let mut file = tempfile::Builder::new().prefix(".maildesk-check-").tempfile_in(folder)?;
    file.write_all(&[0; 4096])?;
    file.as_file().sync_all()?;
    file.close()
}

fn is_full(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|it| it.code()).is_some_and(|code| code == "13" || code == "53100")
}

fn has_no_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// The mend, behind the database's words: it says only that a disk is full.
pub(super) fn room_for_database(error: &sqlx::Error) -> &'static str {
    if is_full(error) { "; make room where it lies" } else { "" }
}

/// The mend, behind the system's words about a file.
#[must_use]
pub fn room_for_file(error: &io::Error) -> &'static str {
    if has_no_room(error) { "; make room there" } else { "" }
}

impl StoreError {
    /// Whether a disk is full: SQLite's SQLITE_FULL, PostgreSQL's disk_full, a file's ENOSPC.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Database(error) => is_full(error),
            Self::Migrate(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => is_full(error),
            Self::File { why, .. } => has_no_room(why),
            Self::Migrate(_)
            | Self::InUse(_)
            | Self::Foreign { .. }
            | Self::HalfRestored(_)
            | Self::Damaged { .. }
            | Self::Unknown(_)
            | Self::Unreadable { .. }
            | Self::Content { .. }
            | Self::Erased
            | Self::Expired
            | Self::LeaseLost { .. } => false,
        }
    }
}
