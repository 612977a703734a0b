//! What the history counted, for `desk/analytics.rs` to make figures of: plain SQL over `events` and `milestones`.

use jiff::{SignedDuration, Timestamp};

use crate::{
    desk::{
        analytics::{Counted, Counts, HelperCount, SlotCount, Timing},
        id::{MailboxId, PersonId},
    },
    store::{Conn, Result, StoreError, at, ms, on},
};

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// From this instant on.
    pub from: Timestamp,
    /// Before this one.
    pub until: Timestamp,
    /// What it is counted by: whole slots of so many milliseconds, see [`crate::desk::period::slot_width`].
    pub slot_width: i64,
    /// Of this mailbox alone; none: of all.
    pub mailbox: Option<MailboxId>,
}

/// Everything that figures are made from.
///
/// # Errors
/// When the database refuses.
pub async fn count(conn: &mut Conn, span: Span) -> Result<Counted> {
    let (first_replies, resolutions) = timings(conn, span).await?;
    Ok(Counted { counts: changes(conn, span).await?, first_replies, resolutions, helpers: helpers(conn, span).await? })
}

/// One text for all mailboxes, and one that looks up each event's.
macro_rules! by_mailbox {
    ($span:expr, $before:literal, $of:literal, $after:literal) => {
        if $span.mailbox.is_some() { concat!($before, $of, $after) } else { concat!($before, $after) }
    };
}

/// The last row is how many tickets are open: one statement, so that both are of the same moment.
async fn changes(conn: &mut Conn, span: Span) -> Result<Counts> {
    let sql = if span.mailbox.is_some() {
        "select e.at / $1 as slot, count(*) filter (where e.kind = 'opened'), count(*) filter (where e.kind = 'status' and e.backlog > 0),
            count(*) filter (where e.backlog < 0)
        from events e join milestones m on m.ticket = e.ticket
        where e.kind in ('opened', 'status') and e.at >= $2 and e.backlog <> 0 and m.mailbox = $3 group by 1
        union all select -1, count(*), 0, 0 from tickets where active = 1 and mailbox = $3"
    } else {
        "select at / $1 as slot, count(*) filter (where kind = 'opened'), count(*) filter (where kind = 'status' and backlog > 0),
            count(*) filter (where backlog < 0)
        from events where kind in ('opened', 'status') and at >= $2 and backlog <> 0 and $3 = 0 group by 1
        union all select -1, cast(coalesce(sum(n), 0) as bigint), 0, 0 from queue_counts where tag = 0 and status in ('open', 'in-progress')"
    };
    let mailbox = span.mailbox.map_or(0, |it| it.0);
    let rows: Vec<(i64, i64, i64, i64)> =
        on!(conn, c => sqlx::query_as(sql).bind(span.slot_width).bind(ms(span.from)).bind(mailbox).fetch_all(c).await)?;
    let mut counts = Counts::default();
    for (slot, opened, reopened, resolved) in rows {
        if slot < 0 {
            counts.open_now = opened;
        } else {
            counts.slots.push(SlotCount { slot, opened, reopened, resolved });
        }
    }
    Ok(counts)
}

/// First replies and resolutions. A year has a hundred thousand of each: as rows they would take ten times as long as in one list.
async fn timings(conn: &mut Conn, span: Span) -> Result<(Vec<Timing>, Vec<Timing>)> {
    let sql = by_mailbox!(
        span,
        "select string_agg(first_reply_at || ' ' || (first_reply_at - opened_at) || ' ' || coalesce(first_reply_by, 0), ',')
                filter (where first_reply_at >= $1 and first_reply_at < $2),
            string_agg(resolved_at || ' ' || (resolved_at - opened_at) || ' ' || coalesce(resolved_by, 0), ',')
                filter (where resolved_at >= $1 and resolved_at < $2)
        from milestones ",
        "where mailbox = $3",
        ""
    );
    let mailbox = span.mailbox.map(|it| it.0);
    let (first, resolved): (Option<String>, Option<String>) = on!(conn, c => {
        let query = sqlx::query_as(sql).bind(ms(span.from)).bind(ms(span.until));
        if mailbox.is_some() { query.bind(mailbox) } else { query }.fetch_one(c).await
    })?;
    Ok((read_timings(first.as_deref())?, read_timings(resolved.as_deref())?))
}

fn read_timings(list: Option<&str>) -> Result<Vec<Timing>> {
    let read = |item: &str| {
        let mut numbers = item.split(' ').map(str::parse);
        let (when, took, by) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
        Some(Timing { at: at(when), by: (by != 0).then_some(PersonId(by)), took: SignedDuration::from_millis(took) })
    };
    let unreadable =
        |item: &str| StoreError::Unreadable { table: "milestones", column: "first_reply_at, resolved_at", value: item.to_owned() };
    list.unwrap_or_default().split_terminator(',').map(|item| read(item).ok_or_else(|| unreadable(item))).collect()
}

/// Each member of staff, by name; with nothing done too.
async fn helpers(conn: &mut Conn, span: Span) -> Result<Vec<HelperCount>> {
    let staff: Vec<(i64, String, String)> = on!(conn, c => sqlx::query_as("select id, name, email from people where role in ('admin', 'helper') order by name, id").fetch_all(c).await)?;
    let (assigned, replies, resolved) = (assigned(conn, span).await?, replies(conn, span).await?, resolved(conn, span).await?);
    let open = open_now(conn, span).await?;
    let of = |counts: &[(i64, i64)], who: i64| counts.iter().find(|(id, _)| *id == who).map_or(0, |(_, n)| *n);
    Ok(staff
        .into_iter()
        .map(|(id, name, email)| HelperCount {
            who: PersonId(id),
            name,
            email,
            assigned: of(&assigned, id),
            replies: of(&replies, id),
            resolved: of(&resolved, id),
            open_now: of(&open, id),
        })
        .collect())
}

async fn assigned(conn: &mut Conn, span: Span) -> Result<Vec<(i64, i64)>> {
    let sql = by_mailbox!(
        span,
        "select e.whose, count(distinct e.ticket) from events e
        where e.kind = 'assigned' and e.at >= $1 and e.at < $2 and e.whose is not null ",
        "and e.ticket in (select ticket from milestones where mailbox = $3) ",
        "group by e.whose"
    );
    per_person(conn, span, sql).await
}

/// Which were taken back is asked once, not of each reply.
async fn replies(conn: &mut Conn, span: Span) -> Result<Vec<(i64, i64)>> {
    let sql = by_mailbox!(
        span,
        "select e.whose, count(*) from events e
        where e.kind = 'replied' and e.at >= $1 and e.at < $2 and e.whose is not null and coalesce(e.comment, 0) not in (
            select w.comment from events w where w.kind = 'withdrawn' and w.at >= $1 and w.comment is not null) ",
        "and e.ticket in (select ticket from milestones where mailbox = $3) ",
        "group by e.whose"
    );
    per_person(conn, span, sql).await
}

async fn resolved(conn: &mut Conn, span: Span) -> Result<Vec<(i64, i64)>> {
    let sql = by_mailbox!(
        span,
        "select e.whose, count(*) from events e
        where e.kind = 'status' and e.at >= $1 and e.at < $2 and e.backlog < 0 and e.whose is not null ",
        "and e.ticket in (select ticket from milestones where mailbox = $3) ",
        "group by e.whose"
    );
    per_person(conn, span, sql).await
}

async fn per_person(conn: &mut Conn, span: Span, sql: &'static str) -> Result<Vec<(i64, i64)>> {
    let mailbox = span.mailbox.map(|it| it.0);
    Ok(on!(conn, c => {
        let query = sqlx::query_as(sql).bind(ms(span.from)).bind(ms(span.until));
        if mailbox.is_some() { query.bind(mailbox) } else { query }.fetch_all(c).await
    })?)
}

async fn open_now(conn: &mut Conn, span: Span) -> Result<Vec<(i64, i64)>> {
    let sql = if span.mailbox.is_some() {
        "select assignee, count(*) from tickets where active = 1 and assignee is not null and mailbox = $1 group by assignee"
    } else {
        "select assignee, cast(sum(n) as bigint) from queue_counts where tag = 0 and status in ('open', 'in-progress') and assignee <> 0 group by assignee"
    };
    let mailbox = span.mailbox.map(|it| it.0);
    Ok(on!(conn, c => {
        let query = sqlx::query_as(sql);
        if mailbox.is_some() { query.bind(mailbox) } else { query }.fetch_all(c).await
    })?)
}
