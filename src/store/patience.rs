//! How long PostgreSQL is waited for: whoever does not answer by then is given up, and so is the connection.
//!
//! The server bounds its own work (`statement_timeout`); a server that stands still, or is cut off without a word, bounds nothing.

use std::{io::ErrorKind, time::Duration};

use futures_util::{
    FutureExt as _, StreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use sqlx::{
    Connection as _, Describe, Either, Error, Execute, Executor, PgConnection, Postgres, SqlStr,
    postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};
use tokio::time::timeout;

/// For one row, and for the answer to a statement without rows. The server has given up by then.
const LONGEST: Duration = Duration::from_secs(40);

/// The server gives a statement up after so long, and a transaction in which nothing is said; unless the URL says something else.
const BOUNDS: &str = "select set_config(name, '30s', false) from pg_settings
    where name in ('statement_timeout', 'idle_in_transaction_session_timeout') and setting = '0'";

/// Whether a connection that is given back still answers.
const LONGEST_PING: Duration = Duration::from_secs(5);

/// How long a statement may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Somebody waits for it, or a worker whose turn comes again.
    Bounded,
    /// A person on the shell, who can end it: it may read the whole desk.
    Endless,
}

/// A connection of which each statement ends in time.
#[derive(Debug)]
pub(crate) struct Patient<'a> {
    conn: &'a mut PgConnection,
    patience: Patience,
}

impl<'a> Patient<'a> {
    pub fn new(conn: &'a mut PgConnection, patience: Patience) -> Self {
        Self { conn, patience }
    }
}

impl Patience {
    /// The answer, or that it did not come.
    pub async fn wait_for<T>(self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        match self {
            Self::Bounded => timeout(LONGEST, answer).await.unwrap_or_else(|_| Err(silent())),
            Self::Endless => answer.await,
        }
    }
}

fn silent() -> Error {
    Error::Io(std::io::Error::new(ErrorKind::TimedOut, "the database does not answer"))
}

/// Tells the server of a new connection how long it may take.
pub(super) fn bound(conn: &mut PgConnection, patience: Patience) -> BoxFuture<'_, Result<(), Error>> {
    async move {
        match patience {
            Patience::Bounded => conn.execute(BOUNDS).await.map(|_| ()),
            Patience::Endless => Ok(()),
        }
    }
    .boxed()
}

/// What is given back to the pool answers, or is let go: else it would wait there for ever.
pub(super) fn still_answers(conn: &mut PgConnection) -> BoxFuture<'_, Result<bool, Error>> {
    async move {
        match timeout(LONGEST_PING, conn.ping()).await {
            Ok(answer) => answer.map(|()| true),
            Err(_) => Err(silent()),
        }
    }
    .boxed()
}

impl<'c> Executor<'c> for Patient<'c> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let patience = self.patience;
        let rows = self.conn.fetch_many(query);
        stream::unfold(Some(rows), move |rows| async move {
            let mut rows = rows?;
            match patience.wait_for(async { rows.next().await.transpose() }).await {
                Ok(row) => row.map(|row| (Ok(row), Some(rows))),
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let patience = self.patience;
        patience.wait_for(self.conn.fetch_optional(query)).boxed()
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'c: 'e,
    {
        let patience = self.patience;
        patience.wait_for(self.conn.prepare_with(sql, parameters)).boxed()
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'c: 'e,
    {
        let patience = self.patience;
        patience.wait_for(self.conn.describe(sql)).boxed()
    }
}
