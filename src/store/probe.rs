//! A look at a database that changes nothing: is it there, may it be used, how far are its tables.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use jiff::Timestamp;
use sqlx::{
    ConnectOptions, Connection, PgConnection, SqliteConnection, migrate::Migrator, postgres::PgConnectOptions, sqlite::SqliteConnectOptions,
};

use super::{
    Result, at,
    open::{POSTGRES, SQLITE},
};

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// `SQLite 3.51.3` or `PostgreSQL 15.18`; as the database names itself.
    pub product: String,
    /// How far its tables are.
    pub tables: Tables,
    /// The time on the database's machine, where that may be another one.
    pub clock: Option<Timestamp>,
}

/// How far the tables of a database are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tables {
    /// There are none: the first start makes them.
    New,
    /// There are none, and they may not be made: PostgreSQL lets this user create nothing.
    Forbidden,
    /// So many steps behind this program: the next start takes them.
    Behind(usize),
    /// As this program wants them.
    UpToDate,
    /// A newer maildesk has been here; this one must not touch it.
    Newer,
}

/// The steps that were taken, by their numbers.
const STEPS: &str = "select version from _sqlx_migrations where success order by version";

const PATIENCE: Duration = Duration::from_secs(10);

/// What is missing of the desk under `url` and `folder`, as [`super::Store::open`] takes them: the data folder, or SQLite's file. Makes
/// neither.
///
/// # Errors
/// When `url` is none.
pub fn missing(url: &str, folder: &Path) -> Result<Option<PathBuf>> {
    let parts = [Some(folder.to_owned()), file(url)?];
    // What may not be looked at may be there: opening it says more.
    Ok(parts.into_iter().flatten().find(|it| matches!(it.try_exists(), Ok(false))))
}

/// SQLite's file; none for PostgreSQL.
///
/// # Errors
/// When `url` is none.
pub fn file(url: &str) -> Result<Option<PathBuf>> {
    if !url.starts_with("sqlite:") {
        return Ok(None);
    }
    Ok(Some(SqliteConnectOptions::from_str(url)?.get_filename().to_owned()))
}

/// Looks at the database under `url`, as [`super::Store::open`] takes it.
///
/// # Errors
/// When it cannot be opened, or does not answer within 10 s.
pub async fn probe(url: &str) -> Result<Probe> {
    let look = async { if url.starts_with("sqlite:") { sqlite(url).await } else { postgres(url).await } };
    tokio::time::timeout(PATIENCE, look).await.unwrap_or(Err(sqlx::Error::PoolTimedOut.into()))
}

async fn sqlite(url: &str) -> Result<Probe> {
    let options = SqliteConnectOptions::from_str(url)?;
    if !options.get_filename().exists() {
        let mut nowhere = SqliteConnectOptions::from_str("sqlite::memory:")?.connect().await?;
        return Ok(Probe { product: sqlite_version(&mut nowhere).await?, tables: Tables::New, clock: None });
    }
    // Read only: the daemon may be running on it.
    let mut db = options.read_only(true).connect().await?;
    let product = sqlite_version(&mut db).await?;
    let known: i64 = sqlx::query_scalar("select count(*) from sqlite_schema where name = '_sqlx_migrations'").fetch_one(&mut db).await?;
    let done = if known == 0 { Vec::new() } else { sqlx::query_scalar(STEPS).fetch_all(&mut db).await? };
    db.close().await?;
    Ok(Probe { product, tables: how_far(&SQLITE, &done), clock: None })
}

async fn sqlite_version(db: &mut SqliteConnection) -> Result<String> {
    let version: String = sqlx::query_scalar("select sqlite_version()").fetch_one(db).await?;
    Ok(format!("SQLite {version}"))
}

async fn postgres(url: &str) -> Result<Probe> {
    let mut db: PgConnection = PgConnectOptions::from_str(url)?.application_name("maildesk check").connect().await?;
    let version: String = sqlx::query_scalar("select current_setting('server_version')").fetch_one(&mut db).await?;
    let clock: i64 = sqlx::query_scalar("select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)").fetch_one(&mut db).await?;
    let known: bool = sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null").fetch_one(&mut db).await?;
    let may_create: bool =
        sqlx::query_scalar("select coalesce(has_schema_privilege(current_schema(), 'create'), false)").fetch_one(&mut db).await?;
    let done = if known { sqlx::query_scalar(STEPS).fetch_all(&mut db).await? } else { Vec::new() };
    db.close().await?;
    let tables = how_far(&POSTGRES, &done);
    let tables = if tables == Tables::New && !may_create { Tables::Forbidden } else { tables };
    let product = format!("PostgreSQL {}", version.split(' ').next().unwrap_or_default());
    Ok(Probe { product, tables, clock: Some(at(clock)) })
}

fn how_far(wanted: &Migrator, done: &[i64]) -> Tables {
    let wanted: Vec<i64> = wanted.iter().map(|it| it.version).collect();
    let missing = wanted.iter().filter(|it| !done.contains(it)).count();
    if done.is_empty() {
        Tables::New
    } else if done.iter().any(|it| !wanted.contains(it)) {
        Tables::Newer
    } else if missing > 0 {
        Tables::Behind(missing)
    } else {
        Tables::UpToDate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Opener, Store, StoreError};

    #[tokio::test]
    async fn a_look_makes_nothing_and_disturbs_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/desk.db", folder.path().display());
        assert_eq!(probe(&url).await.unwrap().tables, Tables::New);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let store = Store::open(&url, folder.path(), Opener::Daemon).await.unwrap();
        assert_eq!(probe(&url).await.unwrap().tables, Tables::UpToDate);
        store.close().await;
        assert_eq!(probe(&url).await.unwrap().tables, Tables::UpToDate);
    }

    #[tokio::test]
    async fn what_is_no_database_is_told() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("desk.db"), vec![7; 8192]).unwrap();
        let refused = probe(&format!("sqlite:{}/desk.db", folder.path().display())).await;
        assert!(matches!(refused, Err(StoreError::Database(_))), "{refused:?}");
    }

    #[test]
    fn steps_are_compared_with_those_that_this_program_knows() {
        let all: Vec<i64> = SQLITE.iter().map(|it| it.version).collect();
        assert_eq!(how_far(&SQLITE, &[]), Tables::New);
        assert_eq!(how_far(&SQLITE, &all), Tables::UpToDate);
        assert_eq!(how_far(&SQLITE, &[all.clone(), vec![99_999]].concat()), Tables::Newer);
    }
}
