//! Rows of `calendars` and `targets`: when the desk is at work, and what it promises.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    desk::{
        business_hours::{Calendar, DayHours, read_days_off, write_days_off},
        id::{MailboxId, PersonId},
        target::{Calendars, Goal, Target, Targets, Terms},
        ticket::Priority,
    },
    store::{Conn, Result, StoreError, Tx, ms, on},
};

/// What stands between the days of a week.
const BETWEEN_DAYS: char = '/';

/// One row of either table.
type Row = (i64, i64, Option<String>, Option<String>, Option<String>);

/// What holds now. A desk whose hours nobody has set is at work around the clock, in `zone`.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn terms(conn: &mut Conn, zone: &TimeZone) -> Result<Terms> {
    let sql = "select cast(0 as bigint), mailbox, time_zone, week, days_off from calendars
        union all select cast(1 as bigint), priority, first_reply, next_reply, resolution from targets";
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
    let (mut targets, mut desk, mut own) = (Targets::default(), None, BTreeMap::new());
    for row in rows {
        match row {
            (0, 0, zone, week, days_off) => desk = Some(calendar(zone, week, days_off)?),
            (0, mailbox, zone, week, days_off) => {
                own.insert(MailboxId(mailbox), calendar(zone, week, days_off)?);
            }
            (_, rank, first, next, resolution) => {
                let unreadable = StoreError::Unreadable { table: "targets", column: "priority", value: rank.to_string() };
                let priority = Priority::from_rank(rank).ok_or(unreadable)?;
                targets.set(priority, Target { first_reply: goal(first)?, next_reply: goal(next)?, resolution: goal(resolution)? });
            }
        }
    }
    Ok(Terms { targets, calendars: Calendars { desk: desk.unwrap_or_else(|| Calendar::around_the_clock(zone.clone())), own } })
}

/// [`terms`], asked once in a transaction.
///
/// # Errors
/// As [`terms`].
pub async fn of(tx: &mut Tx, zone: &TimeZone) -> Result<Arc<Terms>> {
    if let Some(terms) = &tx.later.terms {
        return Ok(terms.clone());
    }
    let terms = Arc::new(terms(tx, zone).await?);
    tx.later.terms = Some(terms.clone());
    Ok(terms)
}

fn calendar(zone: Option<String>, week: Option<String>, days_off: Option<String>) -> Result<Calendar> {
    let unreadable = |column, value: &str| StoreError::Unreadable { table: "calendars", column, value: value.to_owned() };
    let (zone, week, days_off) = (zone.unwrap_or_default(), week.unwrap_or_default(), days_off.unwrap_or_default());
    let days: Option<Vec<DayHours>> = week.split(BETWEEN_DAYS).map(DayHours::from_kept).collect();
    Ok(Calendar {
        zone: TimeZone::get(&zone).map_err(|_| unreadable("time_zone", &zone))?,
        week: days.and_then(|it| it.try_into().ok()).ok_or_else(|| unreadable("week", &week))?,
        days_off: read_days_off(&days_off).map_err(|_| unreadable("days_off", &days_off))?,
    })
}

fn goal(text: Option<String>) -> Result<Option<Goal>> {
    let read =
        |text: String| Goal::parse(&text).map_err(|_| StoreError::Unreadable { table: "targets", column: "first_reply", value: text });
    text.map(read).transpose()
}

/// Sets the hours of a mailbox, or of the desk.
///
/// # Errors
/// When the database refuses.
pub async fn set_calendar(tx: &mut Tx, mailbox: Option<MailboxId>, calendar: &Calendar, by: PersonId, at: Timestamp) -> Result<()> {
    let sql = "insert into calendars (mailbox, time_zone, week, days_off, changed_by, changed_at) values ($1, $2, $3, $4, $5, $6)
        on conflict (mailbox) do update set time_zone = excluded.time_zone, week = excluded.week, days_off = excluded.days_off,
            changed_by = excluded.changed_by, changed_at = excluded.changed_at";
    let week = calendar.week.iter().map(DayHours::kept).collect::<Vec<_>>().join(&BETWEEN_DAYS.to_string());
    let zone = calendar.zone.iana_name().unwrap_or("UTC").to_owned();
    on!(tx, c => sqlx::query(sql)
        .bind(mailbox.map_or(0, |it| it.0)).bind(zone).bind(week).bind(write_days_off(&calendar.days_off)).bind(by.0).bind(ms(at))
        .execute(c).await.map(|_| ()))?;
    tx.later.terms = None;
    Ok(())
}

/// Has a mailbox go by the desk's hours again.
///
/// # Errors
/// When the database refuses.
pub async fn forget_calendar(tx: &mut Tx, mailbox: MailboxId) -> Result<()> {
    on!(tx, c => sqlx::query("delete from calendars where mailbox = $1").bind(mailbox.0).execute(c).await.map(|_| ()))?;
    tx.later.terms = None;
    Ok(())
}

/// Sets what is promised.
///
/// # Errors
/// When the database refuses.
pub async fn set_targets(tx: &mut Tx, targets: &Targets, by: PersonId, at: Timestamp) -> Result<()> {
    let sql = "insert into targets (priority, first_reply, next_reply, resolution, changed_by, changed_at) values ($1, $2, $3, $4, $5, $6)
        on conflict (priority) do update set first_reply = excluded.first_reply, next_reply = excluded.next_reply,
            resolution = excluded.resolution, changed_by = excluded.changed_by, changed_at = excluded.changed_at";
    for priority in Priority::ALL {
        let target = targets.of(priority);
        let word = |goal: Option<Goal>| goal.map(|it| it.to_string());
        on!(tx, c => sqlx::query(sql)
            .bind(priority.rank()).bind(word(target.first_reply)).bind(word(target.next_reply)).bind(word(target.resolution))
            .bind(by.0).bind(ms(at)).execute(c).await.map(|_| ()))?;
    }
    tx.later.terms = None;
    Ok(())
}

/// Who last changed the hours of a mailbox, or of the desk, and when; none: nobody has set any.
///
/// # Errors
/// When the database refuses.
pub async fn changed(conn: &mut Conn, mailbox: Option<MailboxId>) -> Result<Option<(String, Timestamp)>> {
    let sql = "select p.name, c.changed_at from calendars c join people p on p.id = c.changed_by where c.mailbox = $1";
    let row: Option<(String, i64)> = on!(conn, c => sqlx::query_as(sql).bind(mailbox.map_or(0, |it| it.0)).fetch_optional(c).await)?;
    Ok(row.map(|(name, at)| (name, crate::store::at(at))))
}
