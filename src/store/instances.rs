//! Rows of `instances`: every run of the daemon on this database that has not ended.
//!
//! How long one may count as alive is said in the clock of the database, of which there is one: clocks of machines differ and jump.

use jiff::{SignedDuration, Timestamp};

use crate::{
    desk::id::InstanceId,
    store::{Conn, Db, Result, Store, Tx, leases, messages, ms, on, sending},
};

/// A run as another one sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its row.
    pub id: InstanceId,
    /// Machine and address.
    pub name: String,
    /// In the database's milliseconds.
    pub alive_until: i64,
}

/// As deliveries name whoever has leased them; no two runs have the same.
#[must_use]
pub fn owner(name: &str, id: InstanceId) -> String {
    format!("{name}#{id}")
}

impl Store {
    /// Whether no other daemon can have this database open: on SQLite the daemon's lock says so, on PostgreSQL nothing does.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        match &self.db {
            Db::Sqlite { lock, .. } => lock.is_some(),
            Db::Pg(..) => false,
        }
    }
}

/// What time it is for every instance, in milliseconds: PostgreSQL's own clock; on SQLite, `here`.
///
/// # Errors
/// When the database refuses.
pub async fn time(conn: &mut Conn, here: Timestamp) -> Result<i64> {
    let sql = conn.pick("select cast($1 as integer)", "select coalesce((extract(epoch from clock_timestamp()) * 1000)::bigint, $1)");
    Ok(on!(conn, c => sqlx::query_scalar(sql).bind(ms(here)).fetch_one(c).await)?)
}

/// A run begins, and counts as alive for so long.
///
/// # Errors
/// When the database refuses.
pub async fn begin(tx: &mut Tx, name: &str, lease: SignedDuration, now: Timestamp) -> Result<InstanceId> {
    let until = until(tx, lease, now).await?;
    let sql = "insert into instances (name, began_at, alive_until) values ($1, $2, $3) returning id";
    let id = on!(tx, c => sqlx::query_scalar(sql).bind(name).bind(ms(now)).bind(until).fetch_one(c).await)?;
    Ok(InstanceId(id))
}

async fn until(conn: &mut Conn, lease: SignedDuration, now: Timestamp) -> Result<i64> {
    let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
    Ok(time(conn, now).await?.saturating_add(lease))
}

/// Whether a run that says that it is alive was buried meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Everybody knew.
    InTime,
    /// Others took it for dead, and what it had leased is not its own any more.
    TooLate,
}

/// A run counts as alive for so long from now; one that was buried has its row again, without its leases.
///
/// # Errors
/// When the database refuses.
pub async fn live_on(tx: &mut Tx, id: InstanceId, name: &str, lease: SignedDuration, now: Timestamp) -> Result<Told> {
    let until = until(tx, lease, now).await?;
    let sql = "update instances set alive_until = $2 where id = $1";
    let changed = on!(tx, c => sqlx::query(sql).bind(id.0).bind(until).execute(c).await.map(|it| it.rows_affected()))?;
    if changed > 0 {
        return Ok(Told::InTime);
    }
    let sql = "insert into instances (id, name, began_at, alive_until) values ($1, $2, $3, $4)";
    on!(tx, c => sqlx::query(sql).bind(id.0).bind(name).bind(ms(now)).bind(until).execute(c).await.map(|_| ()))?;
    Ok(Told::TooLate)
}

/// Every run but this one.
///
/// # Errors
/// When the database refuses.
pub async fn others(conn: &mut Conn, than: InstanceId) -> Result<Vec<Seen>> {
    let rows: Vec<(i64, String, i64)> =
        on!(conn, c => sqlx::query_as("select id, name, alive_until from instances where id <> $1").bind(than.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id, name, alive_until)| Seen { id: InstanceId(id), name, alive_until }).collect())
}

/// The names of those that live, as far as is known; what was not said for a lease's time is over.
///
/// # Errors
/// When the database refuses.
pub async fn alive(conn: &mut Conn, now: Timestamp) -> Result<Vec<String>> {
    let here = time(conn, now).await?;
    let sql = "select name from instances where alive_until > $1 order by name";
    Ok(on!(conn, c => sqlx::query_scalar(sql).bind(here).fetch_all(c).await)?)
}

/// What became of a burial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Burial {
    /// Its mailboxes are free, and its deliveries wait for whoever sends them.
    Done,
    /// It has said meanwhile that it lives, or somebody else has buried it.
    NotDead,
}

/// A run that has not said for long that it lives is given up, and everything that it had leased with it. What it left undecided in
/// the mailboxes that it read may be what ended it.
///
/// # Errors
/// When the database refuses.
pub async fn bury(tx: &mut Tx, dead: &Seen) -> Result<Burial> {
    let read = leases::held_by(tx, dead.id).await?;
    let sql = "delete from instances where id = $1 and alive_until = $2";
    let gone = on!(tx, c => sqlx::query(sql).bind(dead.id.0).bind(dead.alive_until).execute(c).await.map(|it| it.rows_affected()))?;
    if gone == 0 {
        return Ok(Burial::NotDead);
    }
    sending::give_back(tx, &owner(&dead.name, dead.id)).await?;
    for mailbox in read {
        messages::suspect_left_over(tx, Some(mailbox)).await?;
    }
    Ok(Burial::Done)
}

/// A run ends by itself, with nothing in hand.
///
/// # Errors
/// When the database refuses.
pub async fn end(tx: &mut Tx, id: InstanceId) -> Result<()> {
    on!(tx, c => sqlx::query("delete from instances where id = $1").bind(id.0).execute(c).await.map(|_| ()))?;
    Ok(())
}
