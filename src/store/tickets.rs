//! Rows of `tickets`: one ticket at a time. Lists are in `store/queue.rs`, people on a ticket in `store/participants.rs`.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::{
    desk::{
        id::{MailboxId, PersonId, TagId, TicketNumber},
        snooze::Snooze,
        ticket::{Priority, Status, Ticket, Turn},
    },
    store::{Conn, Result, StoreError, Tx, at, ms, on, word},
};

#[derive(sqlx::FromRow)]
struct Row {
    number: i64,
    mailbox: i64,
    subject: String,
    status: String,
    priority: i64,
    requester: i64,
    assignee: Option<i64>,
    version: i64,
    turn: String,
    comments: i64,
    opened_message: Option<String>,
    linked: Option<i64>,
    merged_into: Option<i64>,
    opened_at: i64,
    updated_at: i64,
    status_at: i64,
    turn_at: i64,
    snoozed_until: Option<i64>,
    snoozed_by: Option<i64>,
    tags: String,
}

impl Row {
    fn ticket(self) -> Result<Ticket> {
        let unreadable = |value: i64| StoreError::Unreadable { table: "tickets", column: "priority", value: value.to_string() };
        Ok(Ticket {
            number: TicketNumber(self.number),
            mailbox: MailboxId(self.mailbox),
            subject: self.subject,
            status: word("tickets", "status", &self.status, Status::parse)?,
            priority: Priority::from_rank(self.priority).ok_or_else(|| unreadable(self.priority))?,
            requester: PersonId(self.requester),
            assignee: self.assignee.map(PersonId),
            version: self.version,
            turn: word("tickets", "turn", &self.turn, Turn::parse)?,
            comments: self.comments,
            opened_message: self.opened_message,
            linked: self.linked.map(TicketNumber),
            merged_into: self.merged_into.map(TicketNumber),
            opened_at: at(self.opened_at),
            updated_at: at(self.updated_at),
            status_at: at(self.status_at),
            turn_at: at(self.turn_at),
            snooze: match (self.snoozed_until, self.snoozed_by) {
                (Some(until), Some(by)) => Some(Snooze { until: at(until), by: PersonId(by) }),
                (_, _) => None,
            },
            tags: tag_ids(&self.tags)?,
        })
    }
}

/// The ids that a row of `tickets` lists.
pub(super) fn tag_ids(array: &str) -> Result<Vec<TagId>> {
    let unreadable = |_| StoreError::Unreadable { table: "tickets", column: "tags", value: array.to_owned() };
    serde_json::from_str(array).map_err(unreadable)
}

/// By number.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn get(conn: &mut Conn, number: TicketNumber) -> Result<Option<Ticket>> {
    let sql = "select number, mailbox, subject, status, priority, requester, assignee, version, turn, comments, opened_message, linked,
        merged_into, opened_at, updated_at, status_at, turn_at, snoozed_until, snoozed_by, tags from tickets where number = $1";
    let row: Option<Row> = on!(conn, c => sqlx::query_as(sql).bind(number.0).fetch_optional(c).await)?;
    row.map(Row::ticket).transpose()
}

/// So many merges are followed from one ticket to the next; the rules let no circle come to be.
const MOST_MERGES: usize = 50;

/// The ticket that stands for this number: itself, or where it was merged into, however often.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn standing(conn: &mut Conn, number: TicketNumber) -> Result<Option<Ticket>> {
    let mut number = number;
    for _ in 0..MOST_MERGES {
        let Some(ticket) = get(conn, number).await? else { return Ok(None) };
        match ticket.merged_into {
            Some(into) => number = into,
            None => return Ok(Some(ticket)),
        }
    }
    Ok(None)
}

/// The tickets that this one stands for, however often they were merged.
///
/// # Errors
/// When the database refuses.
pub async fn merged_into(conn: &mut Conn, number: TicketNumber) -> Result<Vec<TicketNumber>> {
    let sql = "with recursive these (number) as (select number from tickets where merged_into = $1
            union select t.number from tickets t join these on t.merged_into = these.number)
        select number from these order by number";
    let rows: Vec<(i64,)> = on!(conn, c => sqlx::query_as(sql).bind(number.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(number,)| TicketNumber(number)).collect())
}

/// [`standing`], locked until the transaction ends. Those on the way are not: a merge locks by number, and would wait for us.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn lock_standing(tx: &mut Tx, number: TicketNumber) -> Result<Option<Ticket>> {
    let mut number = number;
    for _ in 0..MOST_MERGES {
        let Some(standing) = standing(tx, number).await? else { return Ok(None) };
        number = standing.number;
        // Merged in between: once more.
        if let Some(ticket) = lock(tx, number).await?.filter(|it| it.merged_into.is_none()) {
            return Ok(Some(ticket));
        }
    }
    Ok(None)
}

/// The ticket, locked until the transaction ends: whoever else wants to change it waits.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn lock(tx: &mut Tx, number: TicketNumber) -> Result<Option<Ticket>> {
    // SQLite's write transaction is the lock already.
    let sql = tx.pick("select number from tickets where number = $1", "select number from tickets where number = $1 for update");
    let _: Option<(i64,)> = on!(tx, c => sqlx::query_as(sql).bind(number.0).fetch_optional(c).await)?;
    get(tx, number).await
}

/// These tickets, each locked until the transaction ends, the lowest number first.
///
/// Whoever locks more than one thing does so in one order, so that nobody waits for somebody who waits for them: the tickets by their
/// numbers, then messages. Only mail that comes in cannot: what waits to be decided is nobody else's, but a batch takes tickets as
/// its mails name them, and begins again where it loses.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn lock_all(tx: &mut Tx, numbers: impl IntoIterator<Item = TicketNumber>) -> Result<Vec<Ticket>> {
    let numbers: BTreeSet<TicketNumber> = numbers.into_iter().collect();
    let mut locked = Vec::with_capacity(numbers.len());
    for number in numbers {
        locked.extend(lock(tx, number).await?);
    }
    Ok(locked)
}

/// A ticket to be made.
#[derive(Clone, Debug)]
pub struct NewTicket<'a> {
    /// Whose address answers.
    pub mailbox: MailboxId,
    /// Cleaned already.
    pub subject: &'a str,
    /// How much it matters.
    pub priority: Priority,
    /// Whose it is.
    pub requester: PersonId,
    /// Who has it from the start.
    pub assignee: Option<PersonId>,
    /// Open, or In Progress when somebody has it or has already written.
    pub status: Status,
    /// Whose turn it is.
    pub turn: Turn,
    /// The Message-ID of the mail that opens it.
    pub opened_message: Option<&'a str>,
    /// The ticket it comes out of.
    pub linked: Option<TicketNumber>,
    /// Now.
    pub at: Timestamp,
}

/// Makes a ticket; the database gives the number.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut Tx, new: &NewTicket<'_>) -> Result<Ticket> {
    insert_with(tx, new, None).await
}

/// [`insert`] with the comment that opens it counted already.
///
/// # Errors
/// When the database refuses.
pub async fn insert_with(tx: &mut Tx, new: &NewTicket<'_>, opens_with: Option<CommentTrace<'_>>) -> Result<Ticket> {
    let sql = "insert into tickets (mailbox, subject, status, priority, requester, assignee, turn, opened_message, linked, opened_at, updated_at, status_at, turn_at,
        comments, snippet, has_files) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $10, $10, $11, coalesce($12, ''), $13) returning number";
    let (comments, files) = opens_with.map_or((0, 0), |it| (1, i64::from(it.files > 0)));
    let snippet = opens_with.and_then(|it| it.snippet);
    let number = on!(tx, c => sqlx::query_scalar(sql)
        .bind(new.mailbox.0).bind(new.subject).bind(new.status.as_str()).bind(new.priority.rank()).bind(new.requester.0)
        .bind(new.assignee.map(|it| it.0)).bind(new.turn.as_str()).bind(new.opened_message).bind(new.linked.map(|it| it.0)).bind(ms(new.at))
        .bind(comments).bind(snippet).bind(files)
        .fetch_one(c).await)?;
    Ok(Ticket {
        number: TicketNumber(number),
        mailbox: new.mailbox,
        subject: new.subject.to_owned(),
        status: new.status,
        priority: new.priority,
        requester: new.requester,
        assignee: new.assignee,
        version: 1,
        turn: new.turn,
        comments,
        opened_message: new.opened_message.map(str::to_owned),
        linked: new.linked,
        merged_into: None,
        opened_at: new.at,
        updated_at: new.at,
        status_at: new.at,
        turn_at: new.at,
        snooze: None,
        tags: Vec::new(),
    })
}

/// Writes what an action changed; the version goes up by one. Its tags are written by `store/tags.rs`.
///
/// # Errors
/// When the database refuses.
pub async fn update(tx: &mut Tx, ticket: &Ticket) -> Result<()> {
    let sql =
        "update tickets set subject = $2, status = $3, priority = $4, assignee = $5, version = version + 1, turn = $6, updated_at = $7,
        status_at = $8, merged_into = $9, turn_at = $10, snoozed_until = $11, snoozed_by = $12, mailbox = $13 where number = $1";
    on!(tx, c => sqlx::query(sql)
        .bind(ticket.number.0).bind(&ticket.subject).bind(ticket.status.as_str()).bind(ticket.priority.rank()).bind(ticket.assignee.map(|it| it.0))
        .bind(ticket.turn.as_str()).bind(ms(ticket.updated_at)).bind(ms(ticket.status_at))
        .bind(ticket.merged_into.map(|it| it.0)).bind(ms(ticket.turn_at))
        .bind(ticket.snooze.map(|it| ms(it.until))).bind(ticket.snooze.map(|it| it.by.0)).bind(ticket.mailbox.0)
        .execute(c).await.map(|_| ()))?;
    Ok(())
}

/// What a new comment changes on the row of its ticket.
#[derive(Clone, Copy, Debug)]
pub struct CommentTrace<'a> {
    /// The start of it, for the list; none for a note, which a customer's list must not show.
    pub snippet: Option<&'a str>,
    /// How many files it brings.
    pub files: usize,
}

/// Counts a new comment on its ticket.
///
/// # Errors
/// When the database refuses.
pub async fn count_comment(tx: &mut Tx, number: TicketNumber, trace: CommentTrace<'_>) -> Result<()> {
    let sql = "update tickets set comments = comments + 1, snippet = coalesce($2, snippet), has_files = case when $3 > 0 then 1 else has_files end
        where number = $1";
    let files = i64::try_from(trace.files).unwrap_or(i64::MAX);
    on!(tx, c => sqlx::query(sql).bind(number.0).bind(trace.snippet).bind(files).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Takes a comment that is shown no more off its ticket; `snippet` is the start of the last that is.
///
/// # Errors
/// When the database refuses.
pub async fn uncount_comment(tx: &mut Tx, number: TicketNumber, snippet: &str) -> Result<()> {
    let sql = "update tickets set comments = comments - 1, snippet = $2 where number = $1";
    on!(tx, c => sqlx::query(sql).bind(number.0).bind(snippet).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Counts the comments and files of a ticket anew, after some came or went; `snippet` is the start of the last public one.
///
/// # Errors
/// When the database refuses.
pub async fn recount(tx: &mut Tx, number: TicketNumber, snippet: &str) -> Result<()> {
    let sql = "update tickets set snippet = $2,
        comments = (select count(*) from comments c where c.ticket = $1 and c.withdrawn_at is null),
        has_files = case when exists (select 1 from comments c join attachments a on a.comment = c.id
            where c.ticket = $1 and c.withdrawn_at is null and a.content_id is null) then 1 else 0 end
        where number = $1";
    on!(tx, c => sqlx::query(sql).bind(number.0).bind(snippet).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Resolved before `before` and never answered since: due to be closed. At most `limit`, oldest first.
///
/// # Errors
/// When the database refuses.
pub async fn to_close(conn: &mut Conn, before: Timestamp, limit: i64) -> Result<Vec<TicketNumber>> {
    let sql = "select number from tickets where status = 'resolved' and status_at < $1 order by status_at limit $2";
    let rows: Vec<(i64,)> = on!(conn, c => sqlx::query_as(sql).bind(ms(before)).bind(limit).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(number,)| TicketNumber(number)).collect())
}

/// Put off until `now` or before: due to return. At most `limit`, the earliest first. What was merged meanwhile stays as it lies.
///
/// # Errors
/// When the database refuses.
pub async fn to_return(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<TicketNumber>> {
    let sql = "select number from tickets where shelf = 'snoozed' and snoozed_until <= $1 order by snoozed_until, number limit $2";
    let rows: Vec<(i64,)> = on!(conn, c => sqlx::query_as(sql).bind(ms(now)).bind(limit).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(number,)| TicketNumber(number)).collect())
}

/// When the next ticket that is put off is due to return.
///
/// # Errors
/// When the database refuses.
pub async fn next_return(conn: &mut Conn) -> Result<Option<Timestamp>> {
    let sql = "select snoozed_until from tickets where shelf = 'snoozed' order by snoozed_until, number limit 1";
    let next: Option<i64> = on!(conn, c => sqlx::query_scalar(sql).fetch_optional(c).await)?;
    Ok(next.map(at))
}

/// What `who` has that is Open or In Progress, the lowest number first.
///
/// # Errors
/// When the database refuses.
pub async fn in_the_hands_of(conn: &mut Conn, who: PersonId) -> Result<Vec<TicketNumber>> {
    let sql = "select number from tickets where assignee = $1 and active = 1 order by number";
    let rows: Vec<(i64,)> = on!(conn, c => sqlx::query_as(sql).bind(who.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(number,)| TicketNumber(number)).collect())
}
