//! Rows of `sightings`: where on a server each message of the ledger was met, and whether it is filed there.

use jiff::Timestamp;

use crate::{
    desk::id::{LedgerId, MailboxId},
    store::{Conn, Result, Tx, at, ms, on},
};

/// What a server lists of a message besides its number: what tells it from another one under the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Marks {
    /// Its octets as the server counts them; some only guess.
    pub size: u32,
    /// When it came (INTERNALDATE), where the server says so.
    pub at: Option<Timestamp>,
}

/// A place on a server: `mailbox` holds the message under this UID for as long as its UIDVALIDITY stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which folder.
    pub mailbox: MailboxId,
    /// RFC 9051 §2.3.1.1.
    pub uid_validity: u32,
    /// In that folder.
    pub uid: u32,
    /// How it is listed there.
    pub marks: Marks,
}

/// Whether a message is to be filed on the server where it was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToFile {
    /// Once it is decided.
    Due,
    /// Never: its mailbox is in shadow mode, and touches nothing there.
    Leave,
}

/// Notes where messages were met. What was left alone when it was met before stays so, wherever it is met again. One that is met where another was, because the server gave a number twice, is there from now on,
/// and is to be filed.
///
/// # Errors
/// When the database refuses.
pub async fn sight(tx: &mut Tx, all: &[(Place, LedgerId)], to_file: ToFile, now: Timestamp) -> Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    on!(tx, c => {
        let mut sql = sqlx::QueryBuilder::new("insert into sightings (mailbox, uid_validity, uid, message, seen_at, listed_size, listed_at, filing) ");
        sql.push_values(all, |mut row, (place, message)| {
            row.push_bind(place.mailbox.0).push_bind(i64::from(place.uid_validity)).push_bind(i64::from(place.uid));
            row.push_bind(message.0).push_bind(ms(now)).push_bind(i64::from(place.marks.size)).push_bind(place.marks.at.map(ms));
            match to_file {
                ToFile::Leave => row.push("'left'"),
                ToFile::Due => row
                    .push("case when exists (select 1 from sightings s where s.filing = 'left' and s.filed_at is null and s.mailbox = ")
                    .push_bind_unseparated(place.mailbox.0)
                    .push_unseparated(" and s.message = ")
                    .push_bind_unseparated(message.0)
                    .push_unseparated(") then 'left' else 'due' end"),
            };
        });
        sql.push(" on conflict (mailbox, uid_validity, uid) do update set message = excluded.message, listed_size = excluded.listed_size,
            listed_at = excluded.listed_at,
            filing = case when sightings.message = excluded.message then sightings.filing else excluded.filing end,
            filed_at = case when sightings.message = excluded.message then sightings.filed_at end");
        sql.build().execute(c).await.map(|_| ())
    })?;
    Ok(())
}

/// A number that is known, and how its message was listed when it was taken in; none: that was not kept.
pub type Sighted = (u32, Option<Marks>);

/// The UIDs from `from` up that the ledger has of this folder or that were there before it was met, ascending.
///
/// # Errors
/// When the database refuses.
pub async fn sighted(conn: &mut Conn, mailbox: MailboxId, uid_validity: u32, from: u32) -> Result<Vec<Sighted>> {
    let sql = "select uid, listed_size, listed_at from sightings where mailbox = $1 and uid_validity = $2 and uid >= $3
        union all select uid, size, at from left_alone where mailbox = $1 and uid_validity = $2 and uid >= $3 order by uid";
    let rows: Vec<(i64, Option<i64>, Option<i64>)> =
        on!(conn, c => sqlx::query_as(sql).bind(mailbox.0).bind(i64::from(uid_validity)).bind(i64::from(from)).fetch_all(c).await)?;
    let marks = |size: Option<i64>, date: Option<i64>| Some(Marks { size: u32::try_from(size?).ok()?, at: date.map(at) });
    Ok(rows.into_iter().filter_map(|(uid, size, date)| Some((u32::try_from(uid).ok()?, marks(size, date)))).collect())
}

/// The highest UID that the ledger has of this folder; 0: none.
///
/// # Errors
/// When the database refuses.
pub async fn highest_sighted(conn: &mut Conn, mailbox: MailboxId, uid_validity: u32) -> Result<u32> {
    let sql = "select coalesce(max(uid), 0) from sightings where mailbox = $1 and uid_validity = $2";
    let uid: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(mailbox.0).bind(i64::from(uid_validity)).fetch_one(c).await)?;
    Ok(u32::try_from(uid).unwrap_or(u32::MAX))
}

/// UIDs whose message is decided and which are not yet filed on the server; at most `limit`, ascending.
///
/// # Errors
/// When the database refuses.
pub async fn to_file(conn: &mut Conn, mailbox: MailboxId, uid_validity: u32, limit: i64) -> Result<Vec<u32>> {
    let sql = "select s.uid from sightings s join messages m on m.id = s.message
        where s.mailbox = $1 and s.uid_validity = $2 and s.filing = 'due' and m.state = 'decided' order by s.uid limit $3";
    let rows: Vec<(i64,)> =
        on!(conn, c => sqlx::query_as(sql).bind(mailbox.0).bind(i64::from(uid_validity)).bind(limit).fetch_all(c).await)?;
    Ok(rows.into_iter().filter_map(|(uid,)| u32::try_from(uid).ok()).collect())
}

/// What filing on the server came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filed {
    /// Flagged, and moved where that is wanted.
    Done,
    /// The server will not have it: left as it is, and not tried again.
    Left,
}

/// Notes what filing these UIDs came to.
///
/// # Errors
/// When the database refuses.
pub async fn filed(tx: &mut Tx, mailbox: MailboxId, uid_validity: u32, uids: &[u32], how: Filed, now: Timestamp) -> Result<()> {
    let word = match how {
        Filed::Done => "done",
        Filed::Left => "left",
    };
    if uids.is_empty() {
        return Ok(());
    }
    // Our own integers: nothing to escape, and both databases take them as they are.
    let listed = uids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let sql = format!("update sightings set filing = $3, filed_at = $4 where mailbox = $1 and uid_validity = $2 and uid in ({listed})");
    on!(tx, c => sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(mailbox.0).bind(i64::from(uid_validity)).bind(word).bind(ms(now)).execute(c).await.map(|_| ()))?;
    Ok(())
}
