//! Rows of `ratings`: what customers say of how their requests were dealt with.

use jiff::Timestamp;

use crate::{
    desk::{
        id::{PersonId, TicketNumber},
        permission::Scope,
        rating::{Asked, Rating},
        ticket::Priority,
    },
    store::{Conn, Result, Tx, analytics::Picked, at, ms, on, queue, word},
};

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatingRow {
    /// About which ticket.
    pub ticket: TicketNumber,
    /// Who had resolved it; none: maildesk itself.
    pub helper: Option<String>,
    /// Who says it; none: the mail that asked went to several.
    pub person: Option<String>,
    /// What they say.
    pub rating: Rating,
    /// And more, in their words; may be empty.
    pub comment: String,
    /// When.
    pub rated_at: Timestamp,
}

/// Who moved a ticket to Resolved at that moment. None: nobody did; the inner one: maildesk itself did.
///
/// # Errors
/// When the database refuses.
pub async fn resolved_by(conn: &mut Conn, asked: &Asked) -> Result<Option<Option<PersonId>>> {
    let sql = "select actor from events where ticket = $1 and at = $2 and kind = 'status' and new = 'resolved' order by id desc limit 1";
    let row: Option<Option<i64>> =
        on!(conn, c => sqlx::query_scalar(sql).bind(asked.ticket.0).bind(ms(asked.resolved_at)).fetch_optional(c).await)?;
    Ok(row.map(|it| it.map(PersonId)))
}

type Row = (i64, Option<String>, Option<String>, String, String, i64);

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select r.ticket, h.name, p.name, r.rating, r.comment, coalesce(r.changed_at, r.rated_at) from ratings r
                left join people h on h.id = r.helper left join people p on p.id = r.person ",
            $rest
        )
    };
}

fn row((ticket, helper, person, rating, comment, rated_at): Row) -> Result<RatingRow> {
    Ok(RatingRow {
        ticket: TicketNumber(ticket),
        helper,
        person,
        rating: word("ratings", "rating", &rating, Rating::parse)?,
        comment,
        rated_at: at(rated_at),
    })
}

/// What was answered of one resolution.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn get(conn: &mut Conn, asked: &Asked) -> Result<Option<RatingRow>> {
    let sql = select!("where r.ticket = $1 and r.resolved_at = $2");
    let found: Option<Row> = on!(conn, c => sqlx::query_as(sql).bind(asked.ticket.0).bind(ms(asked.resolved_at)).fetch_optional(c).await)?;
    found.map(row).transpose()
}

/// What was answered about a ticket, the newest first.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn of_ticket(conn: &mut Conn, ticket: TicketNumber) -> Result<Vec<RatingRow>> {
    let sql = select!("where r.ticket = $1 order by r.id desc");
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).bind(ticket.0).fetch_all(c).await)?;
    rows.into_iter().map(row).collect()
}

/// How many answers there are about the tickets of a customer that are in this scope, and how many of them are Good or Okay.
///
/// # Errors
/// When the database refuses.
pub async fn of_customer(conn: &mut Conn, requester: PersonId, scope: Scope) -> Result<(i64, i64)> {
    let (within, who) = queue::seen(scope);
    let sql = format!(
        "select count(*), count(*) filter (where r.rating <> 'bad') from tickets t join ratings r on r.ticket = t.number
        where t.requester = $2 and {within}"
    );
    Ok(on!(conn, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(who).bind(requester.0).fetch_one(c).await)?)
}

/// The newest answers of a span of time that say more than the answer, of the tickets that are picked; at most `limit`.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn latest(conn: &mut Conn, from: Timestamp, until: Timestamp, picked: Picked, limit: i64) -> Result<Vec<RatingRow>> {
    let sql = select!(
        "join tickets t on t.number = r.ticket where r.comment <> '' and coalesce(r.changed_at, r.rated_at) >= $1 and coalesce(r.changed_at, r.rated_at) < $2
            and $3 in (0, t.mailbox) and $4 in (0, t.priority) and $5 in (0, coalesce(t.assignee, 0))
            and ($7 = 0 or r.ticket in (select ticket from ticket_tags where tag = $7)) order by coalesce(r.changed_at, r.rated_at) desc limit $6"
    );
    let (mailbox, priority) = (picked.mailbox.map_or(0, |it| it.0), picked.priority.map_or(0, Priority::rank));
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql)
        .bind(ms(from)).bind(ms(until)).bind(mailbox).bind(priority).bind(picked.helper.map_or(0, |it| it.0)).bind(limit).bind(picked.tag.map_or(0, |it| it.0)).fetch_all(c).await)?;
    rows.into_iter().map(row).collect()
}

/// Writes an answer in the place of the one about the same resolution.
///
/// # Errors
/// When the database refuses.
pub async fn set(tx: &mut Tx, asked: &Asked, helper: Option<PersonId>, rating: Rating, comment: &str, now: Timestamp) -> Result<()> {
    let sql = "insert into ratings (ticket, resolved_at, person, helper, rating, comment, rated_at) values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (ticket, resolved_at) do update set rating = excluded.rating, comment = excluded.comment, changed_at = excluded.rated_at";
    on!(tx, c => sqlx::query(sql)
        .bind(asked.ticket.0).bind(ms(asked.resolved_at)).bind(asked.person.map(|it| it.0)).bind(helper.map(|it| it.0))
        .bind(rating.as_str()).bind(comment).bind(ms(now)).execute(c).await.map(|_| ()))?;
    Ok(())
}
