//! A PostgreSQL that does not answer is not waited for for ever, and everything is well again by itself.

use std::process::Command;

use maildesk::{
    desk::id::PersonId,
    store::{Opener, Store, health, people},
};
use sqlx::PgPool;

use crate::postgres::Database;

#[tokio::test]
async fn a_statement_that_waits_for_a_lock_is_given_up_by_the_server() {
    let (database, folder) = (Database::fresh(), tempfile::tempdir().unwrap());
    // What the URL says stands: here it saves the test half a minute.
    let url = format!("{}?options[statement_timeout]=500ms", database.url);
    let store = Store::open(&url, folder.path(), Opener::Daemon).await.unwrap();
    let pool = PgPool::connect(&database.url).await.unwrap();
    let mut theirs = pool.begin().await.unwrap();
    sqlx::query("lock table people in access exclusive mode").execute(&mut *theirs).await.unwrap();
    let mut conn = store.read().await.unwrap();
    let given_up = people::get(&mut conn, PersonId(1)).await.unwrap_err();
    assert!(given_up.is_passing() && given_up.to_string().contains("statement timeout"), "{given_up}");
    theirs.rollback().await.unwrap();
    assert_eq!(people::get(&mut conn, PersonId(1)).await.unwrap(), None);
    pool.close().await;
}

#[tokio::test]
async fn a_server_that_stands_still_is_given_up_and_its_connection_let_go() {
    let (database, folder) = (Database::fresh(), tempfile::tempdir().unwrap());
    let store = Store::open(&database.url, folder.path(), Opener::Daemon).await.unwrap();
    let mut conn = store.read().await.unwrap();
    health::clock(&mut conn).await.unwrap();
    let pool = PgPool::connect(&database.url).await.unwrap();
    let ours = "select pid from pg_stat_activity where datname = current_database() and application_name = 'maildesk'";
    let pids: Vec<i32> = sqlx::query_scalar(ours).fetch_all(&pool).await.unwrap();
    assert!(!pids.is_empty());
    let pids: Vec<String> = pids.iter().map(ToString::to_string).collect();
    let stopped = Stopped::all(pids);
    let began = std::time::Instant::now();
    let given_up = health::clock(&mut conn).await.unwrap_err();
    let waited = began.elapsed();
    assert!(given_up.is_passing() && given_up.to_string().contains("does not answer"), "{given_up}");
    assert!(waited.as_secs() < 60, "given up after {waited:?}");
    drop(conn);
    // Whoever comes next has another one; one that lies idle and does not answer is waited for as long as a free one is, and is no more.
    let mut conn = store.read().await;
    for _ in &stopped.0 {
        if conn.is_err() {
            conn = store.read().await;
        }
    }
    let mut conn = conn.unwrap();
    assert!(health::clock(&mut conn).await.unwrap().is_some());
    drop((conn, stopped));
    pool.close().await;
}

/// Processes of the server that stand still, and go on however the test ends: no database is made or dropped while one of them stands.
struct Stopped(Vec<String>);

impl Stopped {
    fn all(pids: Vec<String>) -> Self {
        let stopped = Self(pids);
        stopped.signal("-STOP");
        stopped
    }

    fn signal(&self, name: &str) {
        Command::new("kill").arg(name).args(&self.0).status().unwrap();
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        self.signal("-CONT");
    }
}
