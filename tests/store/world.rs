//! A store in a folder that goes away.

use maildesk::store::{Opener, Store};

/// An empty desk on SQLite; its folder is removed when this is dropped.
pub struct TempStore {
    /// The store.
    pub store: Store,
    _folder: tempfile::TempDir,
}

impl TempStore {
    /// A new one.
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("desk.db").display());
        Self { store: Store::open(&url, folder.path(), Opener::Daemon).await.unwrap(), _folder: folder }
    }
}
