//! Rows of `courses`: the history of each ticket as times and figures are made from it. The database keeps them itself.

use jiff::Timestamp;

use crate::{
    desk::{
        course::{self, Cause, Step, Way, What},
        event::EventKind,
        id::{MailboxId, PersonId, TicketNumber},
        rating::Rating,
        ticket::{Priority, Status, Turn},
    },
    store::{Conn, Result, StoreError, Tx, at, events::NewEvent, ms, on, word},
};

/// One line of the history `e` as a step of the course `c`, as the triggers of migration 0028 write it.
macro_rules! step {
    () => {
        "(case e.kind when 'opened' then 'o' when 'replied' then 'r' when 'withdrawn' then 'w' when 'commented' then 'c' when 'status' then 's'
            when 'assigned' then 'a' when 'rated' then 'g' else 'x' end) || (e.at - c.opened_at) || '.' || coalesce(e.actor, 0) || '.' || (case e.kind
            when 'opened' then case e.new when 'mail' then 0 when 'portal' then 0 when 'panel' then 1 when 'import' then 3 else 2 end
            when 'replied' then coalesce(e.comment, 0) when 'withdrawn' then coalesce(e.comment, 0)
            when 'status' then 10 * (case e.old when 'open' then 1 when 'in-progress' then 2 when 'resolved' then 3 else 4 end)
                + (case e.new when 'open' then 1 when 'in-progress' then 2 when 'resolved' then 3 else 4 end)
            when 'assigned' then coalesce(cast(e.new as bigint), 0)
            when 'rated' then 10 * (case e.old when 'good' then 1 when 'okay' then 2 when 'bad' then 3 else 0 end)
                + (case e.new when 'good' then 1 when 'okay' then 2 else 3 end)
            when 'merged-into' then 1 when 'spam' then 1 when 'came-back' then 2 when 'not-spam' then 2 when 'undone' then 3 when 'put-back' then 3
            else 0 end) || ';'"
    };
}

/// The lines of the history that are steps of a course.
macro_rules! steps_of {
    () => {
        "e.kind in ('opened', 'replied', 'withdrawn', 'commented', 'status', 'assigned', 'rated',
            'merged-into', 'spam', 'came-back', 'not-spam', 'undone', 'put-back')"
    };
}

/// Writes each course as the history gives it.
const FROM_HISTORY: &str = concat!(
    "update courses set course = told.course, last_at = told.last_at from (select c.ticket, max(e.at) as last_at, string_agg(",
    step!(),
    ", '' order by e.id) as course from courses c join events e on e.ticket = c.ticket and ",
    steps_of!(),
    " group by c.ticket) told where told.ticket = courses.ticket"
);

/// Courses that are not what the history says, or whose ticket is another: a rule of `maildesk verify`.
pub(super) const WRONG: &str = concat!(
    "select '#' || c.ticket as place from courses c where c.course <> coalesce((select string_agg(",
    step!(),
    ", '' order by e.id) from events e where e.ticket = c.ticket and ",
    steps_of!(),
    "), '') union all select '#' || t.number from tickets t where not exists (select 1 from courses c where c.ticket = t.number
        and c.mailbox = t.mailbox and c.priority = t.priority and c.active = t.active)"
);

/// Makes every course anew from the history; how many there are.
///
/// # Errors
/// When the database refuses.
pub async fn rebuild(tx: &mut Tx) -> Result<u64> {
    on!(tx, c => sqlx::query("delete from courses").execute(c).await.map(|_| ()))?;
    let sql = "insert into courses (ticket, mailbox, priority, active, opened_at, last_at, course)
        select t.number, t.mailbox, t.priority, t.active, min(e.at), max(e.at), '' from tickets t join events e on e.ticket = t.number
        where e.kind = 'opened' group by t.number, t.mailbox, t.priority, t.active";
    let made = on!(tx, c => sqlx::query(sql).execute(c).await.map(|it| it.rows_affected()))?;
    on!(tx, c => sqlx::query(FROM_HISTORY).execute(c).await.map(|_| ()))?;
    Ok(made)
}

/// The course of a ticket with what this transaction has added to it; empty: there is no such ticket.
///
/// # Errors
/// When the database refuses, or a course is unreadable.
pub async fn of(tx: &mut Tx, ticket: TicketNumber) -> Result<Vec<Step>> {
    let mut steps = kept(tx, ticket).await?;
    let later = &tx.later.events;
    let added = later.iter().filter(|(event, _)| event.ticket == ticket).filter_map(|(event, at)| step(event, ms(*at)));
    steps.extend(added);
    course::leave_out_withdrawn(&mut steps, 0);
    course::leave_out_what_is_no_work(&mut steps, 0);
    Ok(steps)
}

/// The course of a ticket as it is kept; empty: there is no such ticket.
///
/// # Errors
/// When the database refuses, or a course is unreadable.
pub async fn kept(conn: &mut Conn, ticket: TicketNumber) -> Result<Vec<Step>> {
    let sql = "select opened_at, course from courses where ticket = $1";
    let row: Option<(i64, String)> = on!(conn, c => sqlx::query_as(sql).bind(ticket.0).fetch_optional(c).await)?;
    match row {
        Some((opened_at, course)) => read(&course, opened_at),
        None => Ok(Vec::new()),
    }
}

/// A line of the history that is still to be written, as the database will write it.
fn step(event: &NewEvent, at: i64) -> Option<Step> {
    let (old, new) = (event.old.as_deref().unwrap_or_default(), event.new.as_deref().unwrap_or_default());
    let comment = event.comment.map_or(0, |it| it.0);
    let what = match event.kind {
        EventKind::Opened => What::Opened(Way::of(new)),
        EventKind::Replied => What::Replied { comment },
        EventKind::Withdrawn => What::Withdrawn { comment },
        EventKind::Commented => What::Commented,
        EventKind::Status => What::Status { from: Status::parse(old)?, to: Status::parse(new)? },
        EventKind::Assigned => What::Assigned(new.parse().ok().map(PersonId)),
        EventKind::Rated => What::Rated { before: Rating::parse(old), rating: Rating::parse(new)? },
        EventKind::MergedInto | EventKind::Spam | EventKind::CameBack | EventKind::NotSpam | EventKind::Undone | EventKind::PutBack => {
            What::Cause(Cause::of(event.kind)?)
        }
        EventKind::Automatic
        | EventKind::Noted
        | EventKind::Priority
        | EventKind::Subject
        | EventKind::Mailbox
        | EventKind::ParticipantAdded
        | EventKind::ParticipantProposed
        | EventKind::ParticipantRemoved
        | EventKind::Linked
        | EventKind::Related
        | EventKind::Unrelated
        | EventKind::Bounced
        | EventKind::SentElsewhere
        | EventKind::MovedOut
        | EventKind::MovedIn
        | EventKind::MergedFrom
        | EventKind::WentBack
        | EventKind::ReadAgain
        | EventKind::Released
        | EventKind::Tagged
        | EventKind::Untagged
        | EventKind::Snoozed
        | EventKind::Returned
        | EventKind::Rule => return None,
    };
    Some(Step { at, by: event.actor, what })
}

fn read(course: &str, opened_at: i64) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    course::read(course, opened_at, &mut steps).map_err(|_| StoreError::Unreadable {
        table: "courses",
        column: "course",
        value: course.chars().take(200).collect(),
    })?;
    Ok(steps)
}

/// A ticket at work, with what says what is due on it.
#[derive(Clone, Debug)]
pub struct Active {
    /// Which.
    pub number: TicketNumber,
    /// Whose hours count.
    pub mailbox: MailboxId,
    /// Which targets do.
    pub priority: Priority,
    /// Whose turn it is.
    pub turn: Turn,
    /// Since when.
    pub turn_at: Timestamp,
    /// Its history.
    pub course: Vec<Step>,
}

/// Locks what [`at_work`] will read: nobody else changes these tickets until the end of this. On SQLite nobody does in any case.
///
/// # Errors
/// When the database refuses.
pub async fn lock_at_work(tx: &mut Tx, behind: TicketNumber, limit: i64) -> Result<()> {
    let sql = tx.pick(
        "",
        "select number from tickets where number in (select ticket from courses where active = 1 and ticket > $1 order by ticket limit $2)
            and merged_into is null order by number for update",
    );
    if !sql.is_empty() {
        on!(tx, c => sqlx::query(sql).bind(behind.0).bind(limit).execute(c).await.map(|_| ()))?;
    }
    Ok(())
}

/// The tickets that are Open or In Progress, from a number on, at most `limit`, the lowest first.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn at_work(conn: &mut Conn, behind: TicketNumber, limit: i64) -> Result<Vec<Active>> {
    let sql = "select t.number, t.mailbox, t.priority, t.turn, t.turn_at, c.opened_at, c.course from courses c join tickets t on t.number = c.ticket
        where c.active = 1 and c.ticket > $1 and t.merged_into is null order by c.ticket limit $2";
    type Row = (i64, i64, i64, String, i64, i64, String);
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).bind(behind.0).bind(limit).fetch_all(c).await)?;
    let row = |(number, mailbox, priority, turn, turn_at, opened_at, course): Row| {
        let unreadable = StoreError::Unreadable { table: "tickets", column: "priority", value: priority.to_string() };
        Ok(Active {
            number: TicketNumber(number),
            mailbox: MailboxId(mailbox),
            priority: Priority::from_rank(priority).ok_or(unreadable)?,
            turn: word("tickets", "turn", &turn, Turn::parse)?,
            turn_at: at(turn_at),
            course: read(&course, opened_at)?,
        })
    };
    rows.into_iter().map(row).collect()
}
