//! The ledger: all SQL. One text for SQLite and PostgreSQL wherever the two agree.
//!
//! A read takes `&mut Conn`, which a [`Reading`] and a [`Tx`] both give; a write takes `&mut Tx`, which only
//! [`Store::begin`] makes. SQLite has one writer, whose transactions begin immediate, and a few readers.

use std::{
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::Timestamp;
use sqlx::{PgPool, PgTransaction, Postgres, Sqlite, SqliteConnection, SqlitePool, SqliteTransaction, pool::PoolConnection};

pub mod addresses;
pub mod analytics;
pub mod api_answers;
pub mod api_tokens;
pub mod as_of;
pub mod audit;
pub mod backup;
pub mod blobs;
pub mod chain;
pub mod comments;
mod commit;
pub mod conversation;
pub mod corrections;
pub mod courses;
pub mod digest_lines;
pub mod directory;
pub mod disk;
pub mod drafts;
pub mod erasures;
mod error;
pub mod events;
pub mod evidence;
pub mod expiries;
pub mod export;
pub mod health;
pub mod held;
pub mod instances;
mod later;
pub mod leases;
pub mod ledger;
pub mod left_alone;
pub mod links;
pub mod looks;
pub mod mail_templates;
pub mod mailbox_accounts;
pub mod mailboxes;
mod memory;
pub mod mentions;
pub mod messages;
pub mod not_sent;
pub mod oauth;
mod open;
pub mod outbox;
pub mod owner;
pub mod participants;
mod patience;
pub mod people;
pub mod portal;
pub mod presence;
pub mod probe;
pub mod promises;
pub mod queue;
pub mod queue_counts;
pub mod queue_order;
pub mod queue_row;
pub mod ratings;
pub mod remarks;
pub mod replay;
pub mod restored;
pub mod round_trips;
pub mod rules;
pub mod saved_replies;
pub mod saved_views;
pub mod search;
pub mod sender_rules;
pub mod sending;
pub mod sessions;
pub mod settings;
pub mod sightings;
pub mod signatures;
pub mod status_notices;
mod stored_files;
pub mod tags;
pub mod taken_away;
pub mod terms;
pub mod ticket_links;
pub mod tickets;
pub mod troubles;
pub mod two_factor;
pub mod verify;
mod version;
pub mod visits;

pub use self::error::{Result, StoreError};
use self::patience::{Patience, Patient};

/// The desk's memory.
#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
    folder: PathBuf,
    changes: Changes,
    commits: Arc<AtomicU64>,
    recent: analytics::Recent,
}

/// Tells whoever listens that something which a page shows was committed.
pub type Changes = Arc<tokio::sync::watch::Sender<u64>>;

#[derive(Clone, Debug)]
enum Db {
    Sqlite { rw: SqlitePool, ro: SqlitePool, lock: Option<Arc<[std::fs::File; 2]>>, log: PathBuf },
    Pg(PgPool, commit::Marks, Patience),
}

/// Who opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opener {
    /// The daemon: on SQLite there is one.
    Daemon,
    /// A command that may run beside it.
    Command,
    /// One that takes mail from a server which waits for it: what it cannot have soon it goes without, and the server offers the mail again.
    HandOver,
}

/// A connection of either kind: what a read needs.
pub struct Conn(Inner);

enum Inner {
    Sqlite(PoolConnection<Sqlite>),
    SqliteTx(SqliteTransaction<'static>),
    Pg(PoolConnection<Postgres>, Patience),
    PgTx(PgTransaction<'static>, Patience),
}

/// The driver's own connection, for the macro `on!`.
pub(crate) enum Driver<'a> {
    Sqlite(&'a mut SqliteConnection),
    Pg(Patient<'a>),
}

impl Conn {
    pub(crate) fn driver(&mut self) -> Driver<'_> {
        match &mut self.0 {
            Inner::Sqlite(it) => Driver::Sqlite(it),
            Inner::SqliteTx(it) => Driver::Sqlite(it),
            Inner::Pg(it, patience) => Driver::Pg(Patient::new(it, *patience)),
            Inner::PgTx(it, patience) => Driver::Pg(Patient::new(it, *patience)),
        }
    }

    /// The text for this database, where the two need different ones.
    pub(crate) fn pick(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self.0 {
            Inner::Sqlite(_) | Inner::SqliteTx(_) => sqlite,
            Inner::Pg(..) | Inner::PgTx(..) => postgres,
        }
    }
}

/// The same expression for either driver; `$c` is its connection.
macro_rules! on {
    ($conn:expr, $c:ident => $e:expr) => {
        match $conn.driver() {
            $crate::store::Driver::Sqlite($c) => $e,
            $crate::store::Driver::Pg($c) => $e,
        }
    };
}
pub(crate) use on;

/// A connection that reads and never writes.
pub struct Reading(Conn);

/// A write transaction. Dropped without [`Tx::commit`], nothing happened.
pub struct Tx {
    conn: Conn,
    later: later::Later,
    changes: Changes,
    commits: Arc<AtomicU64>,
    memory: memory::Memory,
    /// On PostgreSQL alone.
    mark: Option<commit::Mark>,
}

impl Deref for Reading {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.0
    }
}

impl DerefMut for Reading {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.0
    }
}

impl Deref for Tx {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

impl Tx {
    /// Makes it durable (SQLite: synced to the disk before this returns).
    ///
    /// # Errors
    /// When the database refuses, or is gone: then nothing of it is made. [`StoreError::Unknown`]: nobody can say.
    pub async fn commit(mut self) -> Result<()> {
        let shows = self.later.shows();
        self.write_later().await?;
        let done = commit::commit(self.conn.0, self.mark).await;
        // Also where nobody can say whether it is made.
        self.commits.fetch_add(1, Ordering::Release);
        done?;
        if shows {
            self.changes.send_modify(|it| *it = it.wrapping_add(1));
        }
        Ok(())
    }
}

impl Store {
    /// Opens the database (made when missing) and brings its tables up to date. `url` is `sqlite:PATH` or
    /// `postgres://…`; `folder` is the data directory, where large content lies as files.
    ///
    /// # Errors
    /// [`StoreError`]; for SQLite also when another daemon has it.
    pub async fn open(url: &str, folder: &Path, opener: Opener) -> Result<Self> {
        let file = |why| StoreError::File { path: folder.to_owned(), why };
        if folder.join(backup::UNFINISHED).exists() {
            return Err(StoreError::HalfRestored(folder.to_owned()));
        }
        std::fs::create_dir_all(folder).map_err(file)?;
        owner::must_be_ours(folder)?;
        std::fs::create_dir_all(folder.join("blobs")).map_err(file)?;
        let db = if url.starts_with("sqlite:") { open::sqlite(url, folder, opener).await? } else { open::postgres(url, opener).await? };
        let (changes, commits) = (Arc::new(tokio::sync::watch::channel(0).0), Arc::default());
        let store = Self { db, folder: folder.to_owned(), changes, commits, recent: analytics::Recent::default() };
        store.bring_search_up_to_date().await?;
        Ok(store)
    }

    /// For reading.
    ///
    /// # Errors
    /// When no connection is to be had within 10 s.
    pub async fn read(&self) -> Result<Reading> {
        Ok(Reading(Conn(match &self.db {
            Db::Sqlite { ro, .. } => Inner::Sqlite(ro.acquire().await?),
            Db::Pg(pool, _, patience) => Inner::Pg(pool.acquire().await?, *patience),
        })))
    }

    /// Begins a write transaction; on SQLite the write lock is taken at once.
    ///
    /// # Errors
    /// When no connection or lock is to be had within 10 s.
    pub async fn begin(&self) -> Result<Tx> {
        let conn = Conn(match &self.db {
            Db::Sqlite { rw, .. } => Inner::SqliteTx(rw.begin_with("begin immediate").await?),
            Db::Pg(pool, _, patience) => Inner::PgTx(patience.wait_for(pool.begin()).await?, *patience),
        });
        let mark = match &self.db {
            Db::Sqlite { .. } => None,
            Db::Pg(_, marks, _) => Some(marks.next()),
        };
        Ok(Tx {
            conn,
            later: later::Later::default(),
            memory: memory::Memory::default(),
            changes: self.changes.clone(),
            commits: Arc::clone(&self.commits),
            mark,
        })
    }

    /// Told whenever this process has committed a line of a ticket's history or a decision about a message; whoever learns of what
    /// another process wrote tells it here.
    #[must_use]
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Where large content lies.
    pub(crate) fn blob_folder(&self) -> PathBuf {
        self.folder.join("blobs")
    }

    /// Waits for what is under way and closes every connection.
    pub async fn close(&self) {
        match &self.db {
            Db::Sqlite { rw, ro, .. } => {
                ro.close().await;
                rw.close().await;
            }
            Db::Pg(pool, ..) => pool.close().await,
        }
    }
}

/// `(…, …)` of words to compare with. Not empty: no database takes that.
pub(crate) fn listed<'a, Db: sqlx::Database>(sql: &mut sqlx::QueryBuilder<Db>, words: impl IntoIterator<Item = &'a String>)
where
    String: sqlx::Encode<'static, Db> + sqlx::Type<Db>,
{
    sql.push("(");
    let mut list = sql.separated(", ");
    for word in words {
        list.push_bind(word.clone());
    }
    sql.push(")");
}

/// As the database keeps a time: milliseconds since 1970 UTC.
pub(crate) fn ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// A time read back.
pub(crate) fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// A word read back as the value it stands for.
pub(crate) fn word<T>(table: &'static str, column: &'static str, value: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T> {
    parse(value).ok_or_else(|| StoreError::Unreadable { table, column, value: value.to_owned() })
}
