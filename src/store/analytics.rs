//! The courses of the tickets, for `desk/analytics.rs` to make figures of.
//!
//! A year has a hundred thousand of them. As rows they would take ten times as long as in a few long texts, so each column comes as one:
//! the database joins them, and while it reads the next part of them, those before are counted, in two threads.

mod recent;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use jiff::{Timestamp, tz::TimeZone};
use tokio::task::JoinHandle;

use crate::{
    desk::{
        analytics::{Facts, Figures, Fold, Frame, Wanted},
        course,
        id::{MailboxId, PersonId, TagId},
        period::Period,
        ticket::Priority,
    },
    store::{Conn, Result, StoreError, ms, on, terms},
};

pub use recent::Counted;
pub(in crate::store) use recent::Recent;

/// Tickets of which the database joins the courses in one statement.
const AT_ONCE: i64 = 10_000;

/// Behind each ticket; no course has it.
const END: u8 = b'|';

/// More than any rank: a mailbox and a priority are one number.
const RANKS: i64 = 8;

/// Which tickets are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Picked {
    /// Of this mailbox; none: of all.
    pub mailbox: Option<MailboxId>,
    /// Of this priority; none: of each.
    pub priority: Option<Priority>,
    /// With this tag; none: with whichever.
    pub tag: Option<TagId>,
    /// That this person has now; none: whoever has them.
    pub helper: Option<PersonId>,
}

/// A member of staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Helper {
    /// Their row.
    pub id: PersonId,
    /// As they are called.
    pub name: String,
    /// Their address: what their colour on the panel comes from.
    pub email: String,
}

/// Helpers and admins, by name; those who are gone too.
///
/// # Errors
/// When the database refuses.
pub async fn helpers(conn: &mut Conn) -> Result<Vec<Helper>> {
    let sql = "select id, name, email from people where role in ('admin', 'helper') order by name, id";
    let rows: Vec<(i64, String, String)> = on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id, name, email)| Helper { id: PersonId(id), name, email }).collect())
}

/// What figures of a period that ends now are counted over: the desk's days, its hours and promises, and these helpers.
///
/// # Errors
/// When the database refuses.
pub async fn frame(conn: &mut Conn, period: Period, staff: Vec<PersonId>, now: Timestamp, zone: &TimeZone) -> Result<Frame> {
    let days = period.days(now, zone);
    let before = Period::before(&days, zone);
    let terms = terms::terms(conn, zone).await?;
    Ok(Frame { period, days, now, before, zone: zone.clone(), terms, staff })
}

/// Counts everything that happened in a period, and in the one before.
///
/// # Errors
/// When the database refuses, or a course is unreadable.
pub async fn count(conn: &mut Conn, frame: Frame, picked: Picked) -> Result<Figures> {
    let tags = Arc::new(tags(conn).await?);
    let since = ms(frame.before);
    let parts = parts(conn, since).await?;
    let mut idle = vec![Fold::new(frame, Wanted { helper: picked.helper }); parts.len().clamp(1, 2)];
    let mut counting = VecDeque::new();
    for part in parts {
        let read = join(conn, part, since, picked, !tags.is_empty()).await?;
        let mut fold = match idle.pop() {
            Some(fold) => fold,
            None => ended(counting.pop_front()).await?,
        };
        let tags = tags.clone();
        counting.push_back(tokio::task::spawn_blocking(move || read.count(&mut fold, &tags).map(|()| fold)));
    }
    while !counting.is_empty() {
        idle.push(ended(counting.pop_front()).await?);
    }
    let figures = tokio::task::spawn_blocking(move || idle.into_iter().reduce(Fold::join).map(Fold::figures)).await;
    figures.ok().flatten().ok_or_else(|| unreadable("a panic"))
}

/// What was counted, once that has ended.
async fn ended(counting: Option<JoinHandle<Result<Fold>>>) -> Result<Fold> {
    match counting {
        Some(counting) => counting.await.map_err(|_| unreadable("a panic"))?,
        None => Err(unreadable("nothing")),
    }
}

/// The tags of each ticket that has any.
async fn tags(conn: &mut Conn) -> Result<HashMap<i64, Vec<TagId>>> {
    let sql = "select tag, string_agg(cast(ticket as text), '|') || '|' from ticket_tags group by tag order by tag";
    let rows: Vec<(i64, String)> = on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
    let mut tags: HashMap<i64, Vec<TagId>> = HashMap::new();
    for (tag, tickets) in rows {
        let mut left = tickets.as_bytes();
        while !left.is_empty() {
            tags.entry(number(&mut left)?).or_default().push(TagId(tag));
        }
    }
    Ok(tags)
}

/// The next of the numbers in a column.
fn number(left: &mut &[u8]) -> Result<i64> {
    let (number, behind) = course::number(left, END).map_err(|_| unreadable(&String::from_utf8_lossy(left)))?;
    *left = behind;
    Ok(number)
}

fn unreadable(course: &str) -> StoreError {
    StoreError::Unreadable { table: "courses", column: "course", value: course.chars().take(200).collect() }
}

/// A part of the tickets.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// Those that moved lately, and those that were open all along: found by an index.
    Lately,
    /// Those with numbers from one to before another.
    Numbers(i64, i64),
}

/// Looking up a ticket takes as long as reading so many in their order.
const LOOK_UP: i64 = 4;

/// Of a long period nearly every ticket is part: reading all of them in order is faster than looking up each.
async fn parts(conn: &mut Conn, since: i64) -> Result<Vec<Part>> {
    let newest = newest(conn).await?;
    let few = newest / LOOK_UP;
    let sql = "select (select count(*) from (select 1 from courses where last_at >= $1 limit $2) lately)
        + (select count(*) from (select 1 from courses where active = 1 limit $2) active)";
    let looked_up: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(since).bind(few + 1).fetch_one(c).await)?;
    if looked_up <= few {
        return Ok(vec![Part::Lately]);
    }
    Ok((0..=newest / AT_ONCE).map(|part| Part::Numbers(part * AT_ONCE, (part + 1) * AT_ONCE)).collect())
}

/// The number of the newest ticket: about as many there are.
async fn newest(conn: &mut Conn) -> Result<i64> {
    let newest: Option<i64> = on!(conn, c => sqlx::query_scalar("select max(ticket) from courses").fetch_one(c).await)?;
    Ok(newest.unwrap_or(0))
}

/// The columns of many tickets, each as one text in the same order; none: there are none of these.
#[derive(Debug, sqlx::FromRow)]
struct Joined {
    /// Of the mailbox and the priority, as one number.
    kinds: Option<String>,
    /// Empty where no ticket has a tag.
    tickets: Option<String>,
    opened: Option<String>,
    courses: Option<String>,
}

async fn join(conn: &mut Conn, part: Part, since: i64, picked: Picked, tagged: bool) -> Result<Joined> {
    let from = match part {
        Part::Lately => {
            // The index is that of what is active: nearly everything is older.
            "(select * from courses where last_at >= $1 union all select * from courses where active = 1 and last_at + 0 < $1) c where true"
                .to_owned()
        }
        Part::Numbers(first, behind) => {
            format!("courses c where c.ticket >= {first} and c.ticket < {behind} and (c.last_at >= $1 or c.active = 1)")
        }
    };
    let mut only = String::new();
    for (column, value) in [("mailbox", picked.mailbox.map(|it| it.0)), ("priority", picked.priority.map(Priority::rank))] {
        if let Some(value) = value {
            only.push_str(&format!(" and c.{column} = {value}"));
        }
    }
    if let Some(tag) = picked.tag {
        only.push_str(&format!(" and c.ticket in (select ticket from ticket_tags where tag = {tag})"));
    }
    let text = conn.pick("", "::text");
    let all = |column: &str| format!("string_agg({column}, '|') || '|'");
    let numbers = |number: &str| all(&format!("({number}){text}"));
    let sql = format!(
        "select {} as kinds, {} as tickets, {} as opened, {} as courses from {from}{only}",
        numbers(&format!("c.mailbox * {RANKS} + c.priority")),
        if tagged { numbers("c.ticket") } else { "''".to_owned() },
        numbers("c.opened_at"),
        all("c.course"),
    );
    Ok(on!(conn, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(since).fetch_one(c).await)?)
}

impl Joined {
    fn count(&self, fold: &mut Fold, tags: &HashMap<i64, Vec<TagId>>) -> Result<()> {
        let (Some(kinds), Some(tickets), Some(opened), Some(courses)) = (&self.kinds, &self.tickets, &self.opened, &self.courses) else {
            return Ok(());
        };
        let [mut kinds, mut tickets, mut opened] = [kinds, tickets, opened].map(String::as_bytes);
        let (mut steps, mut begins) = (Vec::new(), 0);
        for ends in memchr::memchr_iter(END, courses.as_bytes()) {
            let text = &courses[begins..ends];
            begins = ends + 1;
            steps.clear();
            course::read(text, number(&mut opened)?, &mut steps).map_err(|_| unreadable(text))?;
            let kind = number(&mut kinds)?;
            let priority = Priority::from_rank(kind % RANKS).ok_or_else(|| unreadable("no such priority"))?;
            let ticket = if tags.is_empty() { None } else { Some(number(&mut tickets)?) };
            let tags = ticket.and_then(|it| tags.get(&it)).map_or(&[][..], Vec::as_slice);
            fold.take(&Facts { mailbox: MailboxId(kind / RANKS), priority, tags, course: &steps });
        }
        Ok(())
    }
}
