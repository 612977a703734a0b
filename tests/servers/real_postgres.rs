//! The ledger opens in a PostgreSQL of the tests' own.

use maildesk::store::{Opener, Store};
use tempfile::TempDir;

use crate::postgres::Database;

#[tokio::test]
async fn each_test_has_an_empty_database_of_its_own() {
    let (one, other) = (Database::fresh(), Database::fresh());
    assert_ne!(one.url, other.url);
    for database in [&one, &other] {
        let folder = TempDir::new().unwrap();
        let store = Store::open(&database.url, folder.path(), Opener::Daemon).await.unwrap();
        store.close().await;
    }
}
