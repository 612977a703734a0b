//! Rows of `presence`: who has which ticket open, on whichever instance.

use jiff::{SignedDuration, Timestamp};

use crate::{
    desk::{
        id::{PersonId, TicketNumber},
        presence::{Doing, OPEN_FOR},
    },
    store::{Conn, Result, Tx, at, ms, on, word},
};

/// Somebody on a ticket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Present {
    /// On which ticket.
    pub ticket: TicketNumber,
    /// What they do, so far as is believed now.
    pub doing: Doing,
    /// As they are called.
    pub name: String,
    /// Who.
    pub person: PersonId,
}

/// Those of others on these tickets; those who write first.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn others_on(conn: &mut Conn, tickets: &[TicketNumber], me: PersonId, now: Timestamp) -> Result<Vec<Present>> {
    if tickets.is_empty() {
        return Ok(Vec::new());
    }
    // Our own integers: nothing to escape, and both databases take them as they are.
    let listed = tickets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "select r.ticket, r.person, p.name, r.doing, r.seen_at from presence r join people p on p.id = r.person
        where r.ticket in ({listed}) and r.person <> $1 and r.seen_at >= $2 and p.state = 'active'"
    );
    type Row = (i64, i64, String, String, i64);
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(me.0).bind(ms(now - OPEN_FOR)).fetch_all(c).await)?;
    let mut present = Vec::new();
    for (ticket, person, name, doing, seen_at) in rows {
        let doing = word("presence", "doing", &doing, Doing::parse)?;
        if let Some(doing) = doing.after(now.duration_since(at(seen_at))) {
            present.push(Present { ticket: TicketNumber(ticket), doing, name, person: PersonId(person) });
        }
    }
    present.sort_by(|one, other| {
        (one.ticket, std::cmp::Reverse(one.doing), &one.name).cmp(&(other.ticket, std::cmp::Reverse(other.doing), &other.name))
    });
    Ok(present)
}

/// Somebody is there; whether that is news.
///
/// # Errors
/// When the database refuses.
pub async fn put(tx: &mut Tx, ticket: TicketNumber, who: PersonId, doing: Doing, now: Timestamp) -> Result<bool> {
    let was = "select doing, seen_at from presence where ticket = $1 and person = $2";
    let was: Option<(String, i64)> = on!(tx, c => sqlx::query_as(was).bind(ticket.0).bind(who.0).fetch_optional(c).await)?;
    let was = was.and_then(|(doing, seen_at)| Doing::parse(&doing)?.after(now.duration_since(at(seen_at))));
    let news = was != Some(doing);
    let sql = "insert into presence (ticket, person, doing, seen_at, changed_at) values ($1, $2, $3, $4, $4)
        on conflict (ticket, person) do update set doing = excluded.doing, seen_at = excluded.seen_at,
            changed_at = case when cast($5 as bigint) = 1 then excluded.changed_at else presence.changed_at end";
    on!(tx, c => sqlx::query(sql)
        .bind(ticket.0).bind(who.0).bind(doing.as_str()).bind(ms(now)).bind(i64::from(news)).execute(c).await.map(|_| ()))?;
    tx.later.decided |= news;
    Ok(news)
}

/// Somebody has closed it: the row stays as one that is over, so that other instances hear of it.
///
/// # Errors
/// When the database refuses.
pub async fn leave(tx: &mut Tx, ticket: TicketNumber, who: PersonId, now: Timestamp) -> Result<()> {
    let over = now - OPEN_FOR - SignedDuration::from_secs(1);
    let sql = "update presence set seen_at = $3, changed_at = $4 where ticket = $1 and person = $2";
    on!(tx, c => sqlx::query(sql).bind(ticket.0).bind(who.0).bind(ms(over)).bind(ms(now)).execute(c).await.map(|_| ()))?;
    tx.later.decided = true;
    Ok(())
}

/// When anybody last came, went, or began or stopped to write; 0: never.
///
/// # Errors
/// When the database refuses.
pub async fn newest(conn: &mut Conn) -> Result<i64> {
    let newest: Option<i64> = on!(conn, c => sqlx::query_scalar("select max(changed_at) from presence").fetch_one(c).await)?;
    Ok(newest.unwrap_or_default())
}

/// The tickets on which somebody else writes now.
///
/// # Errors
/// When the database refuses.
pub async fn written_on(conn: &mut Conn, me: PersonId, now: Timestamp) -> Result<Vec<TicketNumber>> {
    let sql = "select distinct ticket from presence where seen_at >= $1 and doing <> 'reads' and person <> $2 order by ticket";
    let since = now - crate::desk::presence::WRITING_FOR;
    let rows: Vec<i64> = on!(conn, c => sqlx::query_scalar(sql).bind(ms(since)).bind(me.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(TicketNumber).collect())
}

/// Forgets those who left before then.
///
/// # Errors
/// When the database refuses.
pub async fn forget_older(tx: &mut Tx, than: Timestamp) -> Result<()> {
    on!(tx, c => sqlx::query("delete from presence where seen_at < $1").bind(ms(than)).execute(c).await.map(|_| ()))?;
    Ok(())
}
