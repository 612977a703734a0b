//! Rows of `mailboxes`: what the desk has learnt about each folder it watches.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::{
    desk::{
        address::EmailAddress,
        id::{MailboxId, PersonId},
        settings::TakeExisting,
    },
    store::{Conn, Result, Tx, at, ms, on, word},
};

/// Where a mailbox stands.
#[derive(Clone, Debug)]
pub struct MailboxState {
    /// First successful look; none: never met.
    pub met_at: Option<Timestamp>,
    /// Of the folder when last seen (RFC 9051 §2.3.1.1).
    pub uid_validity: Option<u32>,
    /// UIDs below it were there before we came.
    pub floor_uid: u32,
    /// Why mail that was taken in stays as it was on the server; none: it is filed.
    pub not_filed: Option<String>,
}

/// The row of a mailbox of the configuration, made when it is new.
///
/// # Errors
/// When the database refuses.
pub async fn ensure(tx: &mut Tx, name: &str, address: &EmailAddress) -> Result<MailboxId> {
    let sql =
        "insert into mailboxes (name, address) values ($1, $2) on conflict (name) do update set address = excluded.address returning id";
    let id = on!(tx, c => sqlx::query_scalar(sql).bind(name).bind(address.folded()).fetch_one(c).await)?;
    Ok(MailboxId(id))
}

/// The row of a mailbox, by its short name.
///
/// # Errors
/// When the database refuses.
pub async fn named(conn: &mut Conn, name: &str) -> Result<Option<MailboxId>> {
    let sql = "select id from mailboxes where name = $1";
    let id: Option<i64> = on!(conn, c => sqlx::query_scalar(sql).bind(name).fetch_optional(c).await)?;
    Ok(id.map(MailboxId))
}

/// The address of a mailbox that is or was the desk's.
///
/// # Errors
/// When the database refuses.
pub async fn address(conn: &mut Conn, id: MailboxId) -> Result<Option<String>> {
    Ok(on!(conn, c => sqlx::query_scalar("select address from mailboxes where id = $1").bind(id.0).fetch_optional(c).await)?)
}

/// Where it stands.
///
/// # Errors
/// When the database refuses.
pub async fn state(conn: &mut Conn, id: MailboxId) -> Result<MailboxState> {
    let sql = "select met_at, uid_validity, floor_uid, not_filed from mailboxes where id = $1";
    let (met_at, uid_validity, floor_uid, not_filed): (Option<i64>, Option<i64>, i64, Option<String>) =
        on!(conn, c => sqlx::query_as(sql).bind(id.0).fetch_one(c).await)?;
    Ok(MailboxState {
        met_at: met_at.map(at),
        uid_validity: uid_validity.and_then(|it| u32::try_from(it).ok()),
        floor_uid: u32::try_from(floor_uid).unwrap_or(1),
        not_filed,
    })
}

/// Notes the folder as it is now: its UIDVALIDITY and the first UID that is ours to take. The first time is the first meeting.
///
/// # Errors
/// When the database refuses.
pub async fn meet(tx: &mut Tx, id: MailboxId, uid_validity: u32, floor_uid: u32, now: Timestamp) -> Result<()> {
    let sql = "update mailboxes set met_at = coalesce(met_at, $2), uid_validity = $3, floor_uid = $4 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(id.0).bind(ms(now)).bind(i64::from(uid_validity)).bind(i64::from(floor_uid)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// The server answered what is new: `waiting` messages are listed and not yet in the ledger.
///
/// # Errors
/// When the database refuses.
pub async fn checked(tx: &mut Tx, id: MailboxId, waiting: usize, now: Timestamp) -> Result<()> {
    let sql = "update mailboxes set checked_at = $2, waiting = $3, connected_since = coalesce(connected_since, $2), error = null, error_at = null,
        failing_since = null where id = $1";
    let waiting = i64::try_from(waiting).unwrap_or(i64::MAX);
    on!(tx, c => sqlx::query(sql).bind(id.0).bind(ms(now)).bind(waiting).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// A message was taken in.
///
/// # Errors
/// When the database refuses.
pub async fn mail_came(tx: &mut Tx, id: MailboxId, now: Timestamp) -> Result<()> {
    on!(tx, c => sqlx::query("update mailboxes set last_mail_at = $2 where id = $1").bind(id.0).bind(ms(now)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// It cannot be read; `error` in plain words.
///
/// # Errors
/// When the database refuses.
pub async fn failed(tx: &mut Tx, id: MailboxId, error: &str, now: Timestamp) -> Result<()> {
    let sql =
        "update mailboxes set connected_since = null, error = $2, error_at = $3, failing_since = coalesce(failing_since, $3) where id = $1";
    on!(tx, c => sqlx::query(sql).bind(id.0).bind(error).bind(ms(now)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Why mail that was taken in stays as it was on the server, in plain words; none: it is filed.
///
/// # Errors
/// When the database refuses.
pub async fn not_filed(tx: &mut Tx, id: MailboxId, why: Option<&str>) -> Result<()> {
    on!(tx, c => sqlx::query("update mailboxes set not_filed = $2 where id = $1").bind(id.0).bind(why).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// What an instance is about a mailbox, and what it cannot do there.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    /// The name of the instance that reads it; none: nobody does.
    pub name: Option<String>,
    /// Why mail that was taken in stays as it was on the server; none: it is filed.
    pub not_filed: Option<String>,
}

/// Who reads each mailbox that ever was configured.
///
/// # Errors
/// When the database refuses.
pub async fn readers(conn: &mut Conn) -> Result<HashMap<MailboxId, Reader>> {
    let sql = "select m.id, i.name, m.not_filed from mailboxes m left join fetch_leases l on l.mailbox = m.id left join instances i on i.id = l.instance";
    let rows: Vec<(i64, Option<String>, Option<String>)> = on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id, name, not_filed)| (MailboxId(id), Reader { name, not_filed })).collect())
}

/// At start and at the end nothing is connected.
///
/// # Errors
/// When the database refuses.
pub async fn disconnected(tx: &mut Tx, id: MailboxId) -> Result<()> {
    on!(tx, c => sqlx::query("update mailboxes set connected_since = null where id = $1").bind(id.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// What lay in a folder when it was first met, and what is to be taken of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Existing {
    /// Messages.
    pub there: u32,
    /// Of these, not read by anybody; none where the server did not say.
    pub unread: Option<u32>,
    /// When the first of them came, where the server said.
    pub first: Option<Timestamp>,
    /// When the last of them came, likewise.
    pub last: Option<Timestamp>,
    /// What is to be taken.
    pub word: Word,
    /// When that was done; none: not yet.
    pub done_at: Option<Timestamp>,
}

/// What is to be taken of the mail that lay in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// An admin's word is waited for.
    Ask,
    /// This much.
    Take(TakeExisting),
}

impl Word {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Take(it) => it.as_str(),
        }
    }

    fn parse(word: &str) -> Option<Self> {
        let take = || TakeExisting::WORDS.iter().find(|(it, _)| *it == word).map(|(_, it)| Self::Take(*it));
        if word == Self::Ask.as_str() { Some(Self::Ask) } else { take() }
    }
}

/// What lay there; none: it was never met, or met before this was kept.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn existing(conn: &mut Conn, id: MailboxId) -> Result<Option<Existing>> {
    let sql = "select there, there_unread, there_first, there_last, existing, existing_done_at from mailboxes where id = $1";
    type Row = (Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<String>, Option<i64>);
    let row: Option<Row> = on!(conn, c => sqlx::query_as(sql).bind(id.0).fetch_optional(c).await)?;
    let Some((Some(there), unread, first, last, Some(said), done_at)) = row else { return Ok(None) };
    let count = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(Some(Existing {
        there: count(there),
        unread: unread.map(count),
        first: first.map(at),
        last: last.map(at),
        word: word("mailboxes", "existing", &said, Word::parse)?,
        done_at: done_at.map(at),
    }))
}

/// How many mailboxes wait for an admin's word.
///
/// # Errors
/// When the database refuses.
pub async fn asking(conn: &mut Conn) -> Result<i64> {
    Ok(on!(conn, c => sqlx::query_scalar("select count(*) from mailboxes where existing = 'ask'").fetch_one(c).await)?)
}

/// Notes what lies there at the first meeting.
///
/// # Errors
/// When the database refuses.
pub async fn note_existing(tx: &mut Tx, id: MailboxId, it: &Existing) -> Result<()> {
    let sql = "update mailboxes set there = $2, there_unread = $3, there_first = $4, there_last = $5, existing = $6, existing_done_at = $7 where id = $1";
    on!(tx, c => sqlx::query(sql)
        .bind(id.0).bind(i64::from(it.there)).bind(it.unread.map(i64::from)).bind(it.first.map(ms)).bind(it.last.map(ms))
        .bind(it.word.as_str()).bind(it.done_at.map(ms)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Notes an admin's word, where it is waited for; whether it was.
///
/// # Errors
/// When the database refuses.
pub async fn give_word(tx: &mut Tx, id: MailboxId, take: TakeExisting, by: Option<PersonId>) -> Result<bool> {
    let sql = "update mailboxes set existing = $2, existing_by = $3 where id = $1 and existing = 'ask'";
    let n = on!(tx, c => sqlx::query(sql).bind(id.0).bind(take.as_str()).bind(by.map(|it| it.0)).execute(c).await.map(|it| it.rows_affected()))?;
    Ok(n == 1)
}

/// What was to be taken is taken, or will be as if it had just come.
///
/// # Errors
/// When the database refuses.
pub async fn existing_done(tx: &mut Tx, id: MailboxId, now: Timestamp) -> Result<()> {
    let sql = "update mailboxes set existing_done_at = $2 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(id.0).bind(ms(now)).execute(c).await.map(|_| ()))?;
    Ok(())
}
