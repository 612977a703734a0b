//! The outbox as a sender sees it: what is due in each line, leases on it, what it came to, and how the account is doing.

use jiff::{SignedDuration, Timestamp};

use crate::{
    desk::{
        address::EmailAddress,
        delivery::DeliveryState,
        id::{DeliveryId, MailboxId, OutboxId},
        sending::{Due, Line},
    },
    store::{Conn, Result, StoreError, Tx, at, blobs::ContentHash, ms, on, outbox::Outcome},
};

/// Nothing is put off or leased for longer: what says so was written while the clock was wrong.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(24);

/// Copies of a mailbox that are due and that nobody else has in hand, the longest due first, at most `limit` of each line; none to
/// the domains in `but`.
///
/// # Errors
/// When the database refuses.
pub async fn due(conn: &mut Conn, mailbox: MailboxId, owner: &str, but: &[String], limit: i64, now: Timestamp) -> Result<Vec<Due>> {
    let mut due = Vec::new();
    let rows: Vec<(i64, String, i64)> = on!(conn, c => {
        let mut sql = sqlx::QueryBuilder::new("");
        for line in Line::ALL {
            let (between, number, which) = match line {
                Line::People => ("", 0_i64, "state = 'waiting' and rank = 0"),
                Line::Desk => (" union all ", 1, "state = 'waiting' and rank = 1"),
                Line::Again => (" union all ", 2, "state in ('delayed', 'unknown')"),
            };
            sql.push(between).push("select id, domain, cast(").push_bind(number).push(" as bigint) as line from (select id, domain from deliveries where ");
            sql.push(which).push(" and held_back is null and mailbox = ").push_bind(mailbox.0).push(" and next_at <= ").push_bind(ms(now));
            sql.push(" and (lease_until is null or (lease_owner <> ").push_bind(owner).push(" and (lease_until < ").push_bind(ms(now));
            sql.push(" or lease_until > ").push_bind(ms(now + LONGEST_WAIT)).push(")))");
            for domain in but {
                sql.push(" and domain <> ").push_bind(domain);
            }
            sql.push(" order by next_at, id limit ").push_bind(limit).push(") waits");
        }
        sql.build_query_as().fetch_all(c).await
    })?;
    for (id, domain, line) in rows {
        let line = match line {
            0 => Line::People,
            1 => Line::Desk,
            _ => Line::Again,
        };
        due.push(Due { id: DeliveryId(id), domain, line });
    }
    Ok(due)
}

/// When the next copy of a mailbox is due that nobody has in hand; none: nothing waits.
///
/// # Errors
/// When the database refuses.
pub async fn next_due(conn: &mut Conn, mailbox: MailboxId, now: Timestamp) -> Result<Option<Timestamp>> {
    let sql = "select min(next_at) from (
        select * from (select next_at from deliveries where state = 'waiting' and rank = 0 and held_back is null and mailbox = $1 and (lease_until is null or lease_until < $2)
            order by next_at limit 1) people
        union all select * from (select next_at from deliveries where state = 'waiting' and rank = 1 and held_back is null and mailbox = $1 and (lease_until is null or lease_until < $2)
            order by next_at limit 1) desk
        union all select * from (select next_at from deliveries where state in ('delayed', 'unknown') and held_back is null and mailbox = $1 and (lease_until is null or lease_until < $2)
            order by next_at limit 1) again) waits";
    let next: Option<i64> = on!(conn, c => sqlx::query_scalar(sql).bind(mailbox.0).bind(ms(now)).fetch_one(c).await)?;
    Ok(next.map(at))
}

/// What was put off for longer than anything is, because the clock has been turned back since, is due now. How many.
///
/// # Errors
/// When the database refuses.
pub async fn bring_forward(tx: &mut Tx, mailbox: MailboxId, now: Timestamp) -> Result<u64> {
    let sql = "update deliveries set next_at = $2 where state in ('waiting', 'delayed', 'unknown') and mailbox = $1 and next_at > $3";
    let far = ms(now + LONGEST_WAIT);
    Ok(on!(tx, c => sqlx::query(sql).bind(mailbox.0).bind(ms(now)).bind(far).execute(c).await.map(|it| it.rows_affected()))?)
}

/// Whether a copy that is due only then can be waited for.
#[must_use]
pub fn is_far(due: Timestamp, now: Timestamp) -> bool {
    due > now + LONGEST_WAIT
}

/// One recipient of one mail, leased to be handed over.
#[derive(Clone, Debug)]
pub struct Leased {
    /// The row.
    pub id: DeliveryId,
    /// Its mail.
    pub outbox: OutboxId,
    /// Envelope recipient.
    pub address: EmailAddress,
    /// This attempt's number, from 1.
    pub attempts: i64,
    /// When the first attempt began; with this one, if it is the first.
    pub first_try_at: Timestamp,
    /// None: `<>`.
    pub envelope_from: Option<EmailAddress>,
    /// Its finished bytes.
    pub sha256: ContentHash,
}

/// Leases these copies to `owner` until `until`, as far as they are still due and nobody else has them. The attempt is counted now
/// and not when it ends: a crash in between must not earn a free retry.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn lease(tx: &mut Tx, owner: &str, until: Timestamp, ids: &[DeliveryId], now: Timestamp) -> Result<Vec<Leased>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // Our own integers: nothing to escape, and both databases take them as they are.
    let listed = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let lock = tx.pick("", "for update skip locked");
    let sql = format!(
        "update deliveries set attempts = attempts + 1, lease_owner = $1, lease_until = $2, first_try_at = coalesce(first_try_at, $3) where id in (
            select id from deliveries where id in ({listed}) and state in ('waiting', 'delayed', 'unknown') and held_back is null and next_at <= $3
                and (lease_until is null or (lease_owner <> $1 and (lease_until < $3 or lease_until > $4))) {lock})
            returning id, outbox, address, attempts, first_try_at, (select o.envelope_from from outbox o where o.id = deliveries.outbox),
                (select o.sha256 from outbox o where o.id = deliveries.outbox)"
    );
    type Row = (i64, i64, String, i64, i64, Option<String>, String);
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(owner).bind(ms(until)).bind(ms(now))
        .bind(ms(now + LONGEST_WAIT)).fetch_all(c).await)?;
    let parse = |column, value: String| value.parse().map_err(|_| StoreError::Unreadable { table: "deliveries", column, value });
    let leased = |(id, outbox, address, attempts, first, from, sha256): Row| {
        Ok(Leased {
            id: DeliveryId(id),
            outbox: OutboxId(outbox),
            address: parse("address", address)?,
            attempts,
            first_try_at: at(first),
            envelope_from: from.map(|it| parse("envelope_from", it)).transpose()?,
            sha256: ContentHash::parse(&sha256)?,
        })
    };
    let mut leased = rows.into_iter().map(leased).collect::<Result<Vec<_>>>()?;
    leased.sort_by_key(|it| ids.iter().position(|id| *id == it.id));
    Ok(leased)
}

/// Whatever `owner` still has in hand is theirs until `until`: these.
///
/// # Errors
/// When the database refuses.
pub async fn renew(tx: &mut Tx, owner: &str, until: Timestamp) -> Result<Vec<DeliveryId>> {
    let sql = "update deliveries set lease_until = $2 where lease_owner = $1 returning id";
    let rows: Vec<(i64,)> = on!(tx, c => sqlx::query_as(sql).bind(owner).bind(ms(until)).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id,)| DeliveryId(id)).collect())
}

/// What the lanes of an instance had in hand when it ended is free at once; by itself it would be within a minute.
///
/// # Errors
/// When the database refuses.
pub async fn give_back(tx: &mut Tx, instance: &str) -> Result<()> {
    let sql = "update deliveries set lease_owner = null, lease_until = null
        where lease_owner is not null and (lease_owner = $1 or substr(lease_owner, 1, length($1) + 1) = $1 || ' ')";
    on!(tx, c => sqlx::query(sql).bind(instance).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// The same for every sender: none of them runs.
///
/// # Errors
/// When the database refuses.
pub async fn give_back_all(tx: &mut Tx) -> Result<()> {
    let sql = "update deliveries set lease_owner = null, lease_until = null where lease_owner is not null";
    on!(tx, c => sqlx::query(sql).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Mail of a mailbox that is no longer configured has nobody who hands it over: `heir` does from now on. How many deliveries.
///
/// # Errors
/// When the database refuses.
pub async fn inherit(tx: &mut Tx, configured: &[MailboxId], heir: MailboxId) -> Result<u64> {
    // Our own integers: nothing to escape, and both databases take them as they are.
    let listed = configured.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let sql = format!("update deliveries set mailbox = $1 where state in ('waiting', 'delayed', 'unknown') and mailbox not in ({listed})");
    Ok(on!(tx, c => sqlx::query(sqlx::AssertSqlSafe(sql)).bind(heir.0).execute(c).await.map(|it| it.rows_affected()))?)
}

/// Whether an outcome could be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It stands.
    Yes,
    /// Another sender has taken the row over, or a person has cancelled it.
    LeaseLost,
}

/// Writes what a delivery came to, if `owner` still has its lease.
///
/// # Errors
/// When the database refuses.
pub async fn record(tx: &mut Tx, id: DeliveryId, owner: &str, what: &Outcome<'_>, now: Timestamp) -> Result<Recorded> {
    let sql = "update deliveries set state = $3, words = $4, next_at = coalesce($5, next_at), settled_at = $6, lease_owner = null, lease_until = null
        where id = $1 and lease_owner = $2";
    let settled = what.next_at.is_none().then(|| ms(now));
    let n = on!(tx, c => sqlx::query(sql)
        .bind(id.0).bind(owner).bind(what.state).bind(what.words).bind(what.next_at.map(ms)).bind(settled)
        .execute(c).await.map(|it| it.rows_affected()))?;
    Ok(if n == 1 { Recorded::Yes } else { Recorded::LeaseLost })
}

/// Writes that these copies were taken by the server, each with its words, as far as `owner` still has their leases.
///
/// # Errors
/// When the database refuses.
pub async fn record_sent(tx: &mut Tx, owner: &str, sent: &[(DeliveryId, &str)], now: Timestamp) -> Result<()> {
    if sent.is_empty() {
        return Ok(());
    }
    on!(tx, c => {
        let mut sql = sqlx::QueryBuilder::new("with said (copy, said) as (values ");
        let mut rows = sql.separated(", ");
        for (id, words) in sent {
            rows.push("(cast(").push_bind_unseparated(id.0).push_unseparated(" as bigint), ").push_bind_unseparated(*words).push_unseparated(")");
        }
        sql.push(") update deliveries set state = ").push_bind(DeliveryState::Sent.as_str()).push(", words = said.said, settled_at = ").push_bind(ms(now));
        sql.push(", lease_owner = null, lease_until = null from said where deliveries.id = said.copy and lease_owner = ").push_bind(owner);
        sql.build().execute(c).await.map(|_| ())
    })?;
    Ok(())
}

/// The attempt did not count: the copy is as it was before it, behind those that are due by now.
///
/// # Errors
/// When the database refuses.
pub async fn put_back(tx: &mut Tx, id: DeliveryId, owner: &str, words: &str, now: Timestamp) -> Result<()> {
    let sql = "update deliveries set attempts = attempts - 1, first_try_at = case when attempts > 1 then first_try_at end, next_at = $4, words = $3,
        lease_owner = null, lease_until = null where id = $1 and lease_owner = $2";
    on!(tx, c => sqlx::query(sql).bind(id.0).bind(owner).bind(words).bind(ms(now)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// How the account behind a mailbox is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// When the minute began that is being counted.
    pub minute_from: Option<Timestamp>,
    /// Handed over in it.
    pub minute_sent: i64,
    /// Troubles in a row; 0: it works, as far as is known.
    pub troubles: i64,
    /// When they began.
    pub since: Option<Timestamp>,
    /// Nothing is tried before.
    pub quiet_until: Option<Timestamp>,
    /// The server's own words.
    pub words: Option<String>,
}

/// How an account is doing; as new where nothing was sent yet.
///
/// # Errors
/// When the database refuses.
pub async fn account(conn: &mut Conn, mailbox: MailboxId) -> Result<Account> {
    let sql = "select minute_from, minute_sent, troubles, since, quiet_until, words from sending where mailbox = $1";
    type Row = (i64, i64, i64, Option<i64>, Option<i64>, Option<String>);
    let row: Option<Row> = on!(conn, c => sqlx::query_as(sql).bind(mailbox.0).fetch_optional(c).await)?;
    let account = |(minute_from, minute_sent, troubles, since, quiet_until, words): Row| Account {
        minute_from: Some(at(minute_from)),
        minute_sent,
        troubles,
        since: since.map(at),
        quiet_until: quiet_until.map(at),
        words,
    };
    Ok(row.map(account).unwrap_or_default())
}

/// So many more were handed over in the minute that runs.
///
/// # Errors
/// When the database refuses.
pub async fn count(tx: &mut Tx, mailbox: MailboxId, more: usize, now: Timestamp) -> Result<()> {
    let sql = "insert into sending (mailbox, minute_from, minute_sent) values ($1, $2, $3) on conflict (mailbox) do update set
        minute_sent = case when abs($2 - sending.minute_from) < 60000 then sending.minute_sent + $3 else $3 end,
        minute_from = case when abs($2 - sending.minute_from) < 60000 then sending.minute_from else $2 end";
    let more = i64::try_from(more).unwrap_or(i64::MAX);
    on!(tx, c => sqlx::query(sql).bind(mailbox.0).bind(ms(now)).bind(more).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// An account is in trouble, for the `troubles`-th time in a row, and is left alone until then.
///
/// # Errors
/// When the database refuses.
pub async fn leave_alone(tx: &mut Tx, mailbox: MailboxId, troubles: i64, until: Timestamp, words: &str, now: Timestamp) -> Result<()> {
    let sql =
        "insert into sending (mailbox, troubles, since, quiet_until, words) values ($1, $2, $3, $4, $5) on conflict (mailbox) do update set
        troubles = $2, since = coalesce(sending.since, $3), quiet_until = $4, words = $5";
    on!(tx, c => sqlx::query(sql).bind(mailbox.0).bind(troubles).bind(ms(now)).bind(ms(until)).bind(words).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// An account works again.
///
/// # Errors
/// When the database refuses.
pub async fn works_again(tx: &mut Tx, mailbox: MailboxId) -> Result<()> {
    let sql = "update sending set troubles = 0, since = null, quiet_until = null, words = null where mailbox = $1";
    on!(tx, c => sqlx::query(sql).bind(mailbox.0).execute(c).await.map(|_| ()))?;
    Ok(())
}
