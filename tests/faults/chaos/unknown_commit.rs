//! PostgreSQL cut at COMMIT: an outcome that nobody was told is looked up.

use std::{path::Path, time::Duration};

use maildesk::{
    desk::address::EmailAddress,
    store::{Opener, Store, StoreError, mailboxes},
};

use super::{cluster::Cluster, proxy::Proxy};
use crate::rows::Rows;

struct Place {
    cluster: Cluster,
    proxy: Proxy,
    store: Store,
    rows: Rows,
    _folder: tempfile::TempDir,
}

impl Place {
    async fn new() -> Self {
        let cluster = Cluster::start();
        let proxy = Proxy::before(cluster.address()).await;
        let folder = tempfile::tempdir().unwrap();
        let store = open(proxy.port, folder.path()).await;
        let rows = Rows::of(&format!("postgres://postgres@{}/postgres", cluster.address())).await;
        Self { cluster, proxy, store, rows, _folder: folder }
    }

    /// One change: a mailbox of this name.
    async fn change(&self, name: &str) -> Result<(), StoreError> {
        let address: EmailAddress = "support@desk.test".parse().unwrap();
        let mut tx = self.store.begin().await?;
        mailboxes::ensure(&mut tx, name, &address).await?;
        tx.commit().await
    }

    async fn is_made(&self, name: &str) -> bool {
        self.rows.count(&format!("select count(*) from mailboxes where name = '{name}'")).await == 1
    }
}

async fn open(port: u16, folder: &Path) -> Store {
    Store::open(&format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable"), folder, Opener::Daemon).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_answer_is_lost_is_looked_up_and_not_guessed() {
    let place = Place::new().await;
    place.change("plain").await.unwrap();
    assert!(place.is_made("plain").await);

    place.proxy.order_at_commit(1, true);
    place.change("passed").await.unwrap();
    assert!(place.is_made("passed").await);

    place.proxy.order_at_commit(1, false);
    let error = place.change("cut").await.unwrap_err();
    assert!(error.is_lost_connection() && error.is_passing(), "it can begin again: {error}");
    assert!(!place.is_made("cut").await);
    place.change("cut").await.unwrap();
    assert!(place.is_made("cut").await);

    // A row is reused, not added, whatever was looked up; nothing grows with the changes.
    assert_eq!(place.rows.count("select count(*) from facts where name like 'commit/%'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_after_a_commit_is_asked_once_it_is_back() {
    let place = Place::new().await;
    place.change("plain").await.unwrap();
    place.proxy.order_at_commit(1, true);
    let (changed, ()) = tokio::join!(place.change("passed"), async {
        assert!(place.proxy.happened(Duration::from_secs(20)).await);
        tokio::task::block_in_place(|| place.cluster.restart());
    });
    changed.unwrap();
    assert!(place.is_made("passed").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stays_away_is_not_waited_for_for_ever() {
    let place = Place::new().await;
    place.change("plain").await.unwrap();
    place.proxy.order_to_close_at_commit();
    let error = place.change("passed").await.unwrap_err();
    assert!(matches!(error, StoreError::Unknown(_)) && error.is_passing() && !error.is_lost_connection(), "{error}");
}
