//! Opening a database of either kind, with its tables brought up to date.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::{
    Connection as _, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    Db, Opener, Result, StoreError,
    commit::Marks,
    patience::{Patience, bound, still_answers},
};

pub(super) static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");
pub(super) static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");

pub(super) async fn sqlite(url: &str, folder: &Path, opener: Opener) -> Result<Db> {
    let options = SqliteConnectOptions::from_str(url)?;
    let lock = match opener {
        Opener::Daemon => Some(Arc::new(lock_for_daemon(folder, options.get_filename())?)),
        Opener::Command | Opener::HandOver => None,
    };
    let options = options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
        .pragma("cache_size", "-8000")
        .pragma("temp_store", "memory")
        .optimize_on_close(true, None);
    // One writer: writers queue fairly in the pool instead of unfairly in the busy timeout. Where SQLite itself ended a transaction (the
    // disk was full), sqlx cannot roll it back and takes it for open ever after: such a connection is let go.
    let rw = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(10))
        // The database is in this process: asking whether it is still there says nothing, and costs as much as a question.
        .test_before_acquire(false)
        .before_acquire(|conn, _| Box::pin(async move { Ok(!conn.is_in_transaction()) }))
        .connect_with(options.clone())
        .await
        .map_err(|error| damaged_or(error, options.get_filename()))?;
    match opener {
        Opener::Daemon => must_be_whole(&rw, options.get_filename()).await?,
        Opener::Command | Opener::HandOver => {}
    }
    migrate(&rw, folder).await?;
    let mut log = options.get_filename().as_os_str().to_owned();
    log.push("-wal");
    let log = log.into();
    let options = options.pragma("query_only", "1");
    let ro = SqlitePoolOptions::new()
        .max_connections(4)
        .acquire_timeout(Duration::from_secs(10))
        .test_before_acquire(false)
        .connect_with(options)
        .await?;
    Ok(Db::Sqlite { rw, ro, lock, log })
}

/// Before anything is done with it: what is written into a damaged file is lost with it, while the mail is still on the server.
async fn must_be_whole(rw: &SqlitePool, file: &Path) -> Result<()> {
    let began = Instant::now();
    let said = sqlx::query_scalar("pragma quick_check(3)").fetch_all(rw).await;
    let said: Vec<String> = said.map_err(|error| damaged_or(error, file))?;
    tracing::debug!("looking through the database took {} ms", began.elapsed().as_millis());
    if said == ["ok"] { Ok(()) } else { Err(StoreError::Damaged { path: file.to_owned(), what: said.join("; ") }) }
}

/// SQLITE_CORRUPT and SQLITE_NOTADB; the extended codes have them in their lower byte.
fn damaged_or(error: sqlx::Error, file: &Path) -> StoreError {
    let code = error.as_database_error().and_then(|it| it.code()).and_then(|it| it.parse::<i64>().ok());
    match code.map(|it| it & 0xff) {
        Some(11 | 26) => StoreError::Damaged { path: file.to_owned(), what: error.to_string() },
        Some(_) | None => error.into(),
    }
}

/// sqlx takes no lock around migrations on SQLite: two processes that start together would both make the tables.
async fn migrate(rw: &SqlitePool, folder: &Path) -> Result<()> {
    let lock = lock_file(folder, "migrate.lock")?;
    let held = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await;
    let _lock =
        held.map_err(std::io::Error::other).and_then(|it| it).map_err(|why| StoreError::File { path: folder.join("migrate.lock"), why })?;
    SQLITE.run(rw).await?;
    Ok(())
}

/// Of the data folder and of the database, which may lie elsewhere: no other daemon has either while this lives.
pub(super) fn lock_for_daemon(folder: &Path, database: &Path) -> Result<[std::fs::File; 2]> {
    let lock = |path: PathBuf, what: &Path| -> Result<std::fs::File> {
        let file = std::fs::File::create(&path).map_err(|why| StoreError::File { path, why })?;
        file.try_lock().map_err(|_| StoreError::InUse(what.to_owned()))?;
        Ok(file)
    };
    let mut beside = database.canonicalize().unwrap_or_else(|_| database.to_owned()).into_os_string();
    beside.push(".lock");
    Ok([lock(folder.join("maildesk.lock"), folder)?, lock(beside.into(), database)?])
}

fn lock_file(folder: &Path, name: &str) -> Result<std::fs::File> {
    let path = folder.join(name);
    std::fs::File::create(&path).map_err(|why| StoreError::File { path, why })
}

pub(super) async fn postgres(url: &str, opener: Opener) -> Result<Db> {
    let options = PgConnectOptions::from_str(url)?.application_name("maildesk");
    // A new version may have much to do to the tables.
    let alone = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(10)).connect_with(options.clone()).await?;
    POSTGRES.run(&alone).await?;
    alone.close().await;
    let patience = match opener {
        Opener::Daemon | Opener::HandOver => Patience::Bounded,
        Opener::Command => Patience::Endless,
    };
    let pool = PgPoolOptions::new()
        .max_connections(8)
        .acquire_timeout(Duration::from_secs(10))
        .after_connect(move |conn, _| bound(conn, patience))
        .after_release(|conn, _| still_answers(conn))
        .connect_with(options)
        .await?;
    let marks = Marks::new(pool.clone());
    marks.clear_old().await?;
    Ok(Db::Pg(pool, marks, patience))
}

#[cfg(test)]
mod tests {
    use crate::store::{Opener, Store, on};

    #[tokio::test]
    async fn a_transaction_that_sqlite_itself_ended_does_not_stop_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("maildesk.db").display());
        let store = Store::open(&url, folder.path(), Opener::Command).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        // As SQLite does it when the disk is full: the statement fails, and the transaction is over.
        let sql = "insert or rollback into facts (name, value) values ('a', '1'), ('a', '2')";
        let failed: sqlx::Result<()> = on!(tx, c => sqlx::query(sql).execute(c).await.map(|_| ()));
        assert!(failed.is_err());
        drop(tx);
        for _ in 0..2 {
            store.begin().await.unwrap().commit().await.unwrap();
        }
    }
}
