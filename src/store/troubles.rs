//! Rows of `troubles`: what is not well, and what the admins were told of it.

use jiff::{SignedDuration, Timestamp};

use crate::{
    desk::{
        alarm::{Standing, Unsent},
        id::{MailboxId, OutboxId},
        trouble::{Trouble, TroubleKind},
    },
    store::{Conn, Result, Tx, at, ms, on, word},
};

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    kind: String,
    about: String,
    since: i64,
    found_at: i64,
    seen_at: i64,
    says: String,
    mend: String,
    well_since: Option<i64>,
    over_at: Option<i64>,
    said_in: Option<String>,
    told_lately: i64,
}

impl Row {
    fn trouble(&self) -> Result<Trouble> {
        Ok(Trouble {
            kind: word("troubles", "kind", &self.kind, TroubleKind::parse)?,
            about: self.about.clone(),
            since: at(self.since),
            says: self.says.clone(),
            mend: self.mend.clone(),
        })
    }

    fn standing(self) -> Result<Standing> {
        Ok(Standing {
            id: self.id,
            trouble: self.trouble()?,
            found_at: at(self.found_at),
            seen_at: at(self.seen_at),
            well_since: self.well_since.map(at),
            said_in: self.said_in,
            told_lately: self.told_lately,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select t.id, t.kind, t.about, t.since, t.found_at, t.seen_at, t.says, t.mend, t.well_since, t.over_at, t.said_in,
            (select count(*) from troubles b where b.kind = t.kind and b.about = t.about and b.said_at > $1) as told_lately from troubles t ",
            $rest
        )
    };
}

/// Everything that is not over, oldest first.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn open(conn: &mut Conn, now: Timestamp) -> Result<Vec<Standing>> {
    rows(conn, select!("where t.over_at is null order by t.id"), now).await?.into_iter().map(Row::standing).collect()
}

/// [`open`], locked until the transaction ends, so that two instances do not tell the same.
///
/// # Errors
/// As [`open`].
pub async fn lock_open(tx: &mut Tx, now: Timestamp) -> Result<Vec<Standing>> {
    let sql = tx.pick(select!("where t.over_at is null order by t.id"), select!("where t.over_at is null order by t.id for update of t"));
    rows(tx, sql, now).await?.into_iter().map(Row::standing).collect()
}

async fn rows(conn: &mut Conn, sql: &'static str, now: Timestamp) -> Result<Vec<Row>> {
    let day_ago = ms(now - SignedDuration::from_hours(24));
    Ok(on!(conn, c => sqlx::query_as(sql).bind(day_ago).fetch_all(c).await)?)
}

/// A trouble that is over, and that the admins know of.
#[derive(Clone, Debug)]
pub struct Over {
    /// Its row.
    pub id: i64,
    /// What it was.
    pub trouble: Trouble,
    /// When it was gone.
    pub well_since: Timestamp,
}

/// What is over while the admins still think that it is there.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn over_untold(conn: &mut Conn, now: Timestamp) -> Result<Vec<Over>> {
    let sql = select!("where t.over_at is not null and t.said_in is not null and t.told_over_in is null order by t.id");
    let over = |it: Row| {
        let well_since = at(it.well_since.or(it.over_at).unwrap_or(it.seen_at));
        Ok(Over { id: it.id, trouble: it.trouble()?, well_since })
    };
    rows(conn, sql, now).await?.into_iter().map(over).collect()
}

/// Notes a trouble that was not there; another instance may have been first.
///
/// # Errors
/// When the database refuses.
pub async fn begin(tx: &mut Tx, it: &Trouble, now: Timestamp) -> Result<()> {
    let sql = "insert into troubles (kind, about, since, found_at, seen_at, says, mend) values ($1, $2, $3, $4, $4, $5, $6)
        on conflict (kind, about) where over_at is null do nothing";
    on!(tx, c => sqlx::query(sql)
        .bind(it.kind.as_str()).bind(&it.about).bind(ms(it.since)).bind(ms(now)).bind(&it.says).bind(&it.mend)
        .execute(c).await.map(|_| ()))?;
    Ok(())
}

/// It is still there, in these words.
///
/// # Errors
/// When the database refuses.
pub async fn goes(tx: &mut Tx, id: i64, it: &Trouble, now: Timestamp) -> Result<()> {
    let sql = "update troubles set seen_at = $2, says = $3, mend = $4 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(id).bind(ms(now)).bind(&it.says).bind(&it.mend).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Since when it is not found any more; none: it is back.
///
/// # Errors
/// When the database refuses.
pub async fn set_well(tx: &mut Tx, id: i64, since: Option<Timestamp>) -> Result<()> {
    on!(tx, c => sqlx::query("update troubles set well_since = $2 where id = $1").bind(id).bind(since.map(ms)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// How long it is there counts from now.
///
/// # Errors
/// When the database refuses.
pub async fn count_anew(tx: &mut Tx, id: i64, now: Timestamp) -> Result<()> {
    let sql = "update troubles set found_at = $2, seen_at = $2 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(id).bind(ms(now)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// It has stayed well.
///
/// # Errors
/// When the database refuses.
pub async fn end(tx: &mut Tx, id: i64, now: Timestamp) -> Result<()> {
    on!(tx, c => sqlx::query("update troubles set over_at = $2 where id = $1").bind(id).bind(ms(now)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// What a mail tells of a trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// That it began.
    Began,
    /// That it is over.
    Over,
}

/// Notes that a mail tells of a trouble.
///
/// # Errors
/// When the database refuses.
pub async fn told(tx: &mut Tx, id: i64, what: Told, message_id: &str, now: Timestamp) -> Result<()> {
    let sql = match what {
        Told::Began => "update troubles set said_at = $2, said_in = $3 where id = $1",
        Told::Over => "update troubles set told_over_at = $2, told_over_in = $3 where id = $1",
    };
    on!(tx, c => sqlx::query(sql).bind(id).bind(ms(now)).bind(message_id).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// A mail was taken back before anybody had it: what it would have told is untold.
///
/// # Errors
/// When the database refuses.
pub async fn untell(tx: &mut Tx, message_id: &str) -> Result<()> {
    for sql in [
        "update troubles set said_at = null, said_in = null where said_in = $1",
        "update troubles set told_over_at = null, told_over_in = null where told_over_in = $1",
    ] {
        on!(tx, c => sqlx::query(sql).bind(message_id).execute(c).await.map(|_| ()))?;
    }
    Ok(())
}

/// When the last mail about troubles was decided on.
///
/// # Errors
/// When the database refuses.
pub async fn last_told(conn: &mut Conn) -> Result<Option<Timestamp>> {
    let sql = "select max(at) from (select max(said_at) as at from troubles union all select max(told_over_at) as at from troubles) t";
    let last: Option<i64> = on!(conn, c => sqlx::query_scalar(sql).fetch_one(c).await)?;
    Ok(last.map(at))
}

/// The newest mail about troubles that still waits to leave.
///
/// # Errors
/// When the database refuses.
pub async fn unsent(conn: &mut Conn, now: Timestamp) -> Result<Option<(Unsent, OutboxId)>> {
    let sql = "select o.id, o.message_id, o.mailbox, o.created_at,
            (select count(*) from deliveries d where d.outbox = o.id and (d.state not in ('waiting', 'delayed') or d.lease_until >= $1)) as had
        from outbox o where o.kind = 'alarm' and exists (
            select 1 from deliveries d where d.outbox = o.id and d.state in ('waiting', 'delayed', 'unknown'))
        and o.message_id in (select said_in from troubles where said_in is not null union all
            select told_over_in from troubles where told_over_in is not null) order by o.id desc limit 1";
    let mail: Option<(i64, String, i64, i64, i64)> = on!(conn, c => sqlx::query_as(sql).bind(ms(now)).fetch_optional(c).await)?;
    let unsent = |(id, message_id, mailbox, created_at, had)| {
        let (mailbox, since) = (MailboxId(mailbox), at(created_at));
        (Unsent { message_id, mailbox, since, nobody_has_it: had == 0 }, OutboxId(id))
    };
    Ok(mail.map(unsent))
}

/// Clears away what has been over since before `until`.
///
/// # Errors
/// When the database refuses.
pub async fn forget(tx: &mut Tx, until: Timestamp) -> Result<()> {
    let sql = "delete from troubles where over_at is not null and over_at < $1 and (said_in is null or told_over_in is not null)";
    on!(tx, c => sqlx::query(sql).bind(ms(until)).execute(c).await.map(|_| ()))?;
    Ok(())
}
