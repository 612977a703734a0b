//! The courses of the tickets, for `desk/analytics.rs` to make figures of.
//!
//! A year has a hundred thousand of them. As rows they would take ten times as long as in a few long texts, so each column comes as one:
//! the database joins them, and while it reads the next part of them, the last is counted.

mod recent;

use std::collections::HashMap;

use jiff::{Timestamp, tz::TimeZone};

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
const AT_ONCE: i64 = 20_000;

/// Between one ticket and the next; no course has it.
const BETWEEN: char = '|';

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
    let tags = std::sync::Arc::new(tags(conn).await?);
    let since = ms(frame.before);
    let parts = parts(conn, since).await?;
    let mut fold = Fold::new(frame, Wanted { helper: picked.helper });
    let mut read = Joined::default();
    for part in parts.into_iter().map(Some).chain([None]) {
        let counting = {
            let (read, tags) = (std::mem::take(&mut read), tags.clone());
            tokio::task::spawn_blocking(move || read.count(&mut fold, &tags).map(|()| fold))
        };
        let next = match part {
            Some(part) => join(conn, part, since, picked).await,
            None => Ok(Joined::default()),
        };
        fold = counting.await.map_err(|_| unreadable("a panic"))??;
        read = next?;
    }
    tokio::task::spawn_blocking(move || fold.figures()).await.map_err(|_| unreadable("a panic"))
}

/// The tags of each ticket that has any.
async fn tags(conn: &mut Conn) -> Result<HashMap<i64, Vec<TagId>>> {
    let sql = "select tag, string_agg(cast(ticket as text), '|') from ticket_tags group by tag order by tag";
    let rows: Vec<(i64, String)> = on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
    let mut tags: HashMap<i64, Vec<TagId>> = HashMap::new();
    for (tag, tickets) in rows {
        for ticket in tickets.split(BETWEEN) {
            tags.entry(ticket.parse().map_err(|_| unreadable(ticket))?).or_default().push(TagId(tag));
        }
    }
    Ok(tags)
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

/// The columns of many tickets, each as one text in the same order.
#[derive(Debug, Default, sqlx::FromRow)]
struct Joined {
    tickets: Option<String>,
    mailboxes: Option<String>,
    priorities: Option<String>,
    opened: Option<String>,
    courses: Option<String>,
}

async fn join(conn: &mut Conn, part: Part, since: i64, picked: Picked) -> Result<Joined> {
    let number = conn.pick("", "::text");
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
    let sql = format!(
        "select string_agg(c.ticket{number}, '|') as tickets, string_agg(c.mailbox{number}, '|') as mailboxes, string_agg(c.priority{number}, '|') as priorities,
            string_agg(c.opened_at{number}, '|') as opened, string_agg(c.course, '|') as courses from {from}{only}"
    );
    Ok(on!(conn, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(since).fetch_one(c).await)?)
}

impl Joined {
    fn count(&self, fold: &mut Fold, tags: &HashMap<i64, Vec<TagId>>) -> Result<()> {
        fn each(column: &Option<String>) -> std::str::Split<'_, char> {
            column.as_deref().unwrap_or_default().split(BETWEEN)
        }
        if self.courses.is_none() {
            return Ok(());
        }
        let number = |it: &str| it.parse::<i64>().map_err(|_| unreadable(it));
        let mut steps = Vec::new();
        let columns =
            each(&self.tickets).zip(each(&self.mailboxes)).zip(each(&self.priorities)).zip(each(&self.opened)).zip(each(&self.courses));
        for ((((ticket, mailbox), priority), opened), text) in columns {
            steps.clear();
            course::read(text, number(opened)?, &mut steps).map_err(|_| unreadable(text))?;
            let tags = if tags.is_empty() { &[][..] } else { tags.get(&number(ticket)?).map_or(&[][..], Vec::as_slice) };
            let priority = Priority::from_rank(number(priority)?).ok_or_else(|| unreadable(priority))?;
            fold.take(&Facts { mailbox: MailboxId(number(mailbox)?), priority, tags, course: &steps });
        }
        Ok(())
    }
}
