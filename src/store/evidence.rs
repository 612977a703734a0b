//! What the ledger can say to the questions of `desk/triage.rs`.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};

use crate::{
    desk::{
        id::{CommentId, CorrectionId, OutboxId, PersonId, TicketNumber},
        message::MessageId,
    },
    store::{Conn, Result, blobs::ContentHash, corrections::How, listed, ms, on, word},
};

/// A message that a correction which stands has led to where it is.
#[derive(Clone, Debug)]
pub struct Led {
    /// The message.
    pub comment: CommentId,
    /// The correction.
    pub correction: CorrectionId,
    /// Whether itself was moved, or it came in since and followed what it answers.
    pub how: How,
    /// Who made the correction.
    pub by: String,
}

impl Led {
    fn of((comment, correction, how, by): (i64, i64, String, String)) -> Result<Self> {
        let how = word("moves", "how", &how, How::parse)?;
        Ok(Self { comment: CommentId(comment), correction: CorrectionId(correction), how, by })
    }
}

/// A mail that we took in, found by its Message-ID.
#[derive(Clone, Debug)]
pub struct TakenIn {
    /// Its Message-ID.
    pub id: String,
    /// The ticket it is on now.
    pub ticket: TicketNumber,
    /// What led it there, other than merges.
    pub led: Option<Led>,
}

/// Of these Message-IDs, those that mails bear which we took in and put on a ticket (MAIL.md, Deciding, 8c), oldest first.
///
/// # Errors
/// When the database refuses.
pub async fn taken_in(conn: &mut Conn, ids: &[MessageId]) -> Result<Vec<TakenIn>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    type Row = (String, i64, Option<i64>, Option<i64>, Option<String>, String);
    let rows: Vec<Row> = on!(conn, c => {
        let mut sql = sqlx::QueryBuilder::new(
            "select m.message_id, m.ticket, l.comment, l.correction, l.how, coalesce(p.name, 'maildesk') from messages m
                left join moves l on l.id = (select v.id from comments c join moves v on v.comment = c.id
                    join corrections s on s.id = v.correction where c.message = m.id and c.withdrawn_at is null
                    and v.how <> 'returned' and s.kind <> 'merge' and s.undone_at is null order by v.id desc limit 1)
                left join corrections k on k.id = l.correction left join people p on p.id = k.made_by
            where m.ticket is not null and m.message_id in (",
        );
        let mut list = sql.separated(", ");
        for id in ids {
            list.push_bind(id.as_str());
        }
        sql.push(") order by m.id");
        sql.build_query_as().fetch_all(c).await
    })?;
    let found = |(id, ticket, comment, correction, how, by): Row| {
        let led = match (comment, correction, how) {
            (Some(comment), Some(correction), Some(how)) => Some(Led::of((comment, correction, how, by))?),
            _ => None,
        };
        Ok(TakenIn { id, ticket: TicketNumber(ticket), led })
    };
    rows.into_iter().map(found).collect()
}

/// The message that a mail of ours passed on to others, or acknowledged, if a correction other than a merge led it to where it is now.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn led_under(conn: &mut Conn, ours: &MessageId) -> Result<Option<(TicketNumber, Led)>> {
    let sql = "select c.ticket, c.id, k.id, v.how, coalesce(p.name, 'maildesk') from outbox o
        join moves v on v.comment = coalesce(o.comment, case when o.kind = 'receipt' then
            (select min(e.comment) from events e where e.ticket = o.ticket and e.kind = 'opened') end)
        join corrections k on k.id = v.correction join comments c on c.id = v.comment left join people p on p.id = k.made_by
        where o.message_id = $1 and v.how <> 'returned' and k.kind <> 'merge' and k.undone_at is null order by v.id desc limit 1";
    let row: Option<(i64, i64, i64, String, String)> = on!(conn, c => sqlx::query_as(sql).bind(ours.as_str()).fetch_optional(c).await)?;
    row.map(|(ticket, comment, correction, how, by)| Ok((TicketNumber(ticket), Led::of((comment, correction, how, by))?))).transpose()
}

/// Where a message was moved from the ticket of this mail of ours since it was written: what it told of may be there now.
///
/// # Errors
/// When the database refuses.
pub async fn moved_away_since(conn: &mut Conn, ours: &MessageId) -> Result<Option<TicketNumber>> {
    let sql = "select k.target from outbox o join corrections k on k.source = o.ticket
        where o.message_id = $1 and k.kind <> 'merge' and k.undone_at is null and k.made_at >= o.created_at order by k.id desc limit 1";
    let number: Option<i64> = on!(conn, c => sqlx::query_scalar(sql).bind(ours.as_str()).fetch_optional(c).await)?;
    Ok(number.map(TicketNumber))
}

/// Whether a mail of ours bears this Message-ID as its own, and which.
///
/// # Errors
/// When the database refuses.
pub async fn our_mail(conn: &mut Conn, id: &MessageId) -> Result<Option<OutboxId>> {
    let found: Option<i64> =
        on!(conn, c => sqlx::query_scalar("select id from outbox where message_id = $1").bind(id.as_str()).fetch_optional(c).await)?;
    Ok(found.map(OutboxId))
}

/// The octets of the mail of ours that bears this Message-ID.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn our_octets(conn: &mut Conn, id: &MessageId) -> Result<Option<ContentHash>> {
    let sql = "select sha256 from outbox where message_id = $1";
    let found: Option<String> = on!(conn, c => sqlx::query_scalar(sql).bind(id.as_str()).fetch_optional(c).await)?;
    found.map(|it| ContentHash::parse(&it)).transpose()
}

/// The octets of the latest mails of ours about a ticket that this person was sent, the newest first.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn latest_to(conn: &mut Conn, ticket: TicketNumber, person: PersonId, limit: i64) -> Result<Vec<ContentHash>> {
    let sql = "select o.sha256 from outbox o where o.ticket = $1
        and exists (select 1 from deliveries d where d.outbox = o.id and d.person = $2) order by o.id desc limit $3";
    let found: Vec<String> = on!(conn, c => sqlx::query_scalar(sql).bind(ticket.0).bind(person.0).bind(limit).fetch_all(c).await)?;
    found.iter().map(|it| ContentHash::parse(it)).collect()
}

/// Those of these Message-IDs that are of mails of ours, and which.
///
/// # Errors
/// When the database refuses.
pub async fn our_mails(conn: &mut Conn, ids: &BTreeSet<String>) -> Result<HashMap<String, OutboxId>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<(String, i64)> = on!(conn, c => {
        let mut sql = sqlx::QueryBuilder::new("select message_id, id from outbox where message_id in ");
        listed(&mut sql, ids);
        sql.build_query_as().persistent(false).fetch_all(c).await
    })?;
    Ok(found.into_iter().map(|(message_id, id)| (message_id, OutboxId(id))).collect())
}

/// [`opened_by`] of each of these senders whose mail opened any.
///
/// # Errors
/// When the database refuses.
pub async fn opened_by_each(conn: &mut Conn, senders: &BTreeSet<String>, now: Timestamp) -> Result<HashMap<String, u32>> {
    if senders.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<(String, i64)> = on!(conn, c => {
        let mut sql = sqlx::QueryBuilder::new("select sender, count(*) from messages where decision = 'open-ticket' and decided_at > ");
        sql.push_bind(ms(now - SignedDuration::from_hours(1))).push(" and decided_at <= ").push_bind(ms(now)).push(" and sender in ");
        listed(&mut sql, senders);
        sql.push(" group by sender");
        sql.build_query_as().persistent(false).fetch_all(c).await
    })?;
    Ok(found.into_iter().map(|(sender, n)| (sender, u32::try_from(n).unwrap_or(u32::MAX))).collect())
}

/// How many tickets this sender's mail opened within the hour before `now`. What a clock that was ahead has written does not count.
///
/// # Errors
/// When the database refuses.
pub async fn opened_by(conn: &mut Conn, sender: &str, now: Timestamp) -> Result<u32> {
    let sql = "select count(*) from messages where sender = $1 and decided_at > $2 and decided_at <= $3 and decision = 'open-ticket'";
    let n: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(sender).bind(ms(now - SignedDuration::from_hours(1))).bind(ms(now)).fetch_one(c).await)?;
    Ok(u32::try_from(n).unwrap_or(u32::MAX))
}
