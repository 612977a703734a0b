//! A store that goes away: on SQLite, or on PostgreSQL with `MAILDESK_TEST_DATABASE=postgres`.

use maildesk::store::{Opener, Store};

use crate::postgres::Database;

/// An empty desk; its database and folder are removed when this is dropped.
pub struct TempStore {
    /// The store.
    pub store: Store,
    /// Of its database.
    pub url: String,
    _folder: tempfile::TempDir,
    _database: Option<Database>,
}

impl TempStore {
    /// A new one.
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = (std::env::var("MAILDESK_TEST_DATABASE").as_deref() == Ok("postgres")).then(Database::fresh);
        let url = database.as_ref().map_or_else(|| format!("sqlite:{}", folder.path().join("desk.db").display()), |it| it.url.clone());
        let store = Store::open(&url, folder.path(), Opener::Daemon).await.unwrap();
        Self { store, url, _folder: folder, _database: database }
    }

    /// Its data.
    pub fn folder(&self) -> &std::path::Path {
        self._folder.path()
    }
}
