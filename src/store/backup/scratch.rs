//! A folder for what is not finished: beside the file that is made, gone when it is, and known as left over when its owner was killed.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use super::{BackupError, Result, at_path};
use crate::store::disk;

const PREFIX: &str = ".maildesk-unfinished-";
const LOCK: &str = "lock";

/// Such a folder; removed when dropped.
pub struct Scratch {
    folder: tempfile::TempDir,
    _lock: File,
}

impl Scratch {
    /// A new one in `within`, for its owner alone.
    ///
    /// # Errors
    /// When the folder may not be written to, or is full.
    pub fn within(within: &Path) -> Result<Self> {
        let said = at_path(within);
        let folder =
            tempfile::Builder::new().prefix(PREFIX).permissions(Permissions::from_mode(0o700)).tempdir_in(within).map_err(&said)?;
        let lock = File::create(folder.path().join(LOCK)).map_err(&said)?;
        lock.lock().map_err(&said)?;
        Ok(Self { folder, _lock: lock })
    }

    /// The same where there is room for `needed` bytes.
    ///
    /// # Errors
    /// Also [`BackupError::NoRoom`].
    pub fn with_room(within: &Path, needed: u64) -> Result<Self> {
        let free = disk::room(within).map_err(at_path(within))?.free;
        if free < needed {
            return Err(BackupError::NoRoom { folder: within.to_owned(), free, needed });
        }
        Self::within(within)
    }

    /// A path in it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder itself.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes what killed programs left unfinished in a folder; what is still worked on stays.
pub fn clear_left_over(within: &Path) {
    let Ok(entries) = fs::read_dir(within) else { return };
    for entry in entries.flatten().filter(|it| it.file_name().to_string_lossy().starts_with(PREFIX)) {
        let left_over = File::open(entry.path().join(LOCK)).is_ok_and(|it| it.try_lock().is_ok());
        if left_over && let Err(error) = fs::remove_dir_all(entry.path()) {
            tracing::warn!("{} is left over and cannot be removed: {error}", entry.path().display());
        }
    }
}
