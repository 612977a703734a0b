//! Whether a change was made whose answer never came: looked up, not guessed.
//!
//! PostgreSQL may have made a change durable and be gone before it says so. So each write transaction leaves its own mark, last of all,
//! in a row of `facts` that no other transaction writes at that time: the mark stands exactly if the change does. (`pg_xact_status`
//! would not do: after a crash PostgreSQL may give the same number to another transaction.) SQLite is in this process: it always answers.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{
    PgPool, PgTransaction,
    postgres::{PgDatabaseError, PgSeverity},
};

use super::{
    Inner, Result, StoreError,
    patience::{Patience, Patient},
};
use crate::clock::random_token;

/// An answer to COMMIT that has not come by then is not waited for.
const LONGEST_COMMIT: Duration = Duration::from_secs(20);

/// The database is asked for so long; then nobody knows.
const LONGEST_LOOK: Duration = Duration::from_secs(30);

/// A server process that still has the transaction in hand by then is ended: nobody hears its answer.
const LONGEST_LOCK: &str = "set local lock_timeout = '2s'";

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(200);

/// Ends a transaction by making it durable.
///
/// # Errors
/// As [`super::Tx::commit`].
pub(super) async fn commit(conn: Inner, mark: Option<Mark>) -> Result<()> {
    match (conn, mark) {
        (Inner::PgTx(tx, patience), Some(mark)) => marked(tx, mark, patience).await,
        (Inner::PgTx(tx, _), None) => answered(tx.commit().await).map_err(unmarked),
        (Inner::SqliteTx(tx), _) => answered(tx.commit().await).map_err(unmarked),
        (Inner::Sqlite(_) | Inner::Pg(..), _) => Ok(()),
    }
}

async fn marked(mut tx: PgTransaction<'static>, mut mark: Mark, patience: Patience) -> Result<()> {
    mark.set(Patient::new(&mut tx, patience)).await?;
    let said = tokio::time::timeout(LONGEST_COMMIT, tx.commit()).await;
    match answered(said.unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))) {
        Ok(()) => Ok(()),
        Err(error) if is_refusal(&error) => Err(error.into()),
        Err(error) => mark.look_up(error).await,
    }
}

fn unmarked(error: sqlx::Error) -> StoreError {
    if is_refusal(&error) { error.into() } else { StoreError::Unknown(error) }
}

/// The answer to a COMMIT, here.
fn answered(said: sqlx::Result<()>) -> sqlx::Result<()> {
    said?;
    fail_point!("committed", sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into()));
    Ok(())
}

/// Whether an error at COMMIT is the database's own word that nothing was made. What ends the connection is not: it may come after
/// the change.
fn is_refusal(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(said) = error else { return false };
    match said.try_downcast_ref::<PgDatabaseError>() {
        Some(postgres) => !matches!(postgres.severity(), PgSeverity::Fatal | PgSeverity::Panic),
        None => true,
    }
}

/// Names of rows for marks: one for each transaction that is open at one time.
#[derive(Clone, Debug)]
pub(super) struct Marks {
    pool: PgPool,
    process: Arc<str>,
    free: Arc<Mutex<Vec<usize>>>,
    made: Arc<std::sync::atomic::AtomicUsize>,
}

/// The mark of one transaction; its row is free for another afterwards.
#[derive(Debug)]
pub(super) struct Mark {
    of: Marks,
    place: usize,
    nonce: String,
    /// The server process that the transaction is in; known once the mark is set.
    backend: Option<i32>,
}

impl Marks {
    pub fn new(pool: PgPool) -> Self {
        Self { pool, process: random_token().into(), free: Arc::default(), made: Arc::default() }
    }

    /// What a process left that is gone: its marks say nothing to anybody after a day.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn clear_old(&self) -> Result<()> {
        let sql = "delete from facts where name like 'commit/%' and cast(split_part(value, ' ', 1) as bigint) < extract(epoch from now()) - 86400";
        sqlx::query(sql).execute(&self.pool).await?;
        Ok(())
    }

    pub fn next(&self) -> Mark {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let place = free.unwrap_or_else(|| self.made.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        Mark { of: self.clone(), place, nonce: random_token(), backend: None }
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.of.free.lock().unwrap_or_else(PoisonError::into_inner).push(self.place);
    }
}

impl Mark {
    fn name(&self) -> String {
        format!("commit/{}/{}", self.of.process, self.place)
    }

    /// Sets it: the last thing before COMMIT.
    pub async fn set(&mut self, conn: Patient<'_>) -> Result<()> {
        let sql = "insert into facts (name, value) values ($1, cast(extract(epoch from now()) as bigint) || ' ' || $2)
            on conflict (name) do update set value = excluded.value returning pg_backend_pid()";
        self.backend = Some(sqlx::query_scalar(sql).bind(self.name()).bind(&self.nonce).fetch_one(conn).await?);
        Ok(())
    }

    /// COMMIT was said and `error` came instead of its answer: what has become of the change? `Ok`: it is made.
    ///
    /// # Errors
    /// `error` itself when it is not made, and never will be; [`StoreError::Unknown`] when the database cannot be asked.
    pub async fn look_up(&self, error: sqlx::Error) -> Result<()> {
        let began = Instant::now();
        loop {
            match tokio::time::timeout(LONGEST_COMMIT, self.stands()).await {
                Ok(Ok(true)) => {
                    tracing::warn!("the answer to a change was lost, and the change is made: {error}");
                    return Ok(());
                }
                Ok(Ok(false)) => return Err(error.into()),
                Ok(Err(why)) => tracing::warn!("whether a change is made cannot be asked yet: {why}"),
                Err(_) => tracing::warn!("whether a change is made cannot be asked yet: no answer"),
            }
            if began.elapsed() > LONGEST_LOOK {
                return Err(StoreError::Unknown(error));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// A transaction that still goes on holds its row, so this waits for its end. None of it can come afterwards.
    async fn stands(&self) -> std::result::Result<bool, sqlx::Error> {
        let mut tx = self.of.pool.begin().await?;
        sqlx::query(LONGEST_LOCK).execute(&mut *tx).await?;
        let sql = "insert into facts (name, value) values ($1, '0 none') on conflict (name) do update set value = facts.value
            returning split_part(value, ' ', 2)";
        let found: std::result::Result<String, _> = sqlx::query_scalar(sql).bind(self.name()).fetch_one(&mut *tx).await;
        match found {
            Ok(nonce) => {
                tx.commit().await?;
                Ok(nonce == self.nonce)
            }
            Err(error) => {
                drop(tx);
                self.end_backend().await?;
                Err(error)
            }
        }
    }

    /// Ends the process of the lost connection, if it still is in that transaction.
    async fn end_backend(&self) -> std::result::Result<(), sqlx::Error> {
        let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity
            where pid = $1 and pid <> pg_backend_pid() and application_name = 'maildesk' and xact_start < now() - interval '1 second'";
        let _ended: i64 = sqlx::query_scalar(sql).bind(self.backend).fetch_one(&self.of.pool).await?;
        Ok(())
    }
}
