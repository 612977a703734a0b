//! When Skerry Instruments are at work, what they promise, and what customers say of it.

use anyhow::Context as _;
use jiff::{Timestamp, ToSpan as _, civil::date, tz::TimeZone};

use crate::{
    actions::{Desk, hours, rate},
    desk::{
        business_hours::{Calendar, DayHours},
        course::What,
        id::TicketNumber,
        person::Person,
        rating::{self, Asked, Rating},
        target::{Goal, Target, Targets},
        ticket::{Priority, Status},
    },
    store::{courses, tickets},
};

/// Monday to Thursday 8 to 17, Friday 8 to 15; Christmas off.
pub(super) async fn agree(desk: &Desk, admin: &Person, zone: &TimeZone, today: Timestamp) -> anyhow::Result<()> {
    let day = |until: &str| DayHours::read([("08:00", until)].into_iter());
    let (long, short) = (day("17:00")?, day("15:00")?);
    let week = [long.clone(), long.clone(), long.clone(), long, short, DayHours::default(), DayHours::default()];
    let christmas = date(zone.to_datetime(today).year(), 12, 24);
    let off = [(0, "Christmas Eve"), (1, "Christmas Day"), (8, "New Year’s Day")];
    let days_off = off.into_iter().map(|(later, name)| (christmas.saturating_add(later.days()), name.to_owned())).collect();
    hours::set_hours(desk, admin, None, &Calendar { zone: zone.clone(), week, days_off }).await?;
    let mut targets = Targets::default();
    for (priority, first, next, resolution) in [
        (Priority::Urgent, "30 min", "30 min", "8 h"),
        (Priority::High, "1 h", "2 h", "2 days"),
        (Priority::Normal, "4 h", "8 h", "5 days"),
        (Priority::Low, "1 day", "2 days", ""),
    ] {
        let goal = |text: &str| Some(text).filter(|it| !it.is_empty()).map(Goal::parse).transpose();
        targets.set(priority, Target { first_reply: goal(first)?, next_reply: goal(next)?, resolution: goal(resolution)? });
    }
    Ok(hours::set_targets(desk, admin, &targets).await?)
}

/// The customer of a ticket presses the button behind the link of the mail that said that it is resolved.
pub(super) async fn answer(desk: &Desk, number: TicketNumber, word: &str, comment: &str) -> anyhow::Result<()> {
    let rating = Rating::parse(word).with_context(|| format!("`{word}` is no answer"))?;
    let mut conn = desk.store.read().await?;
    let ticket = tickets::get(&mut conn, number).await?.context("there is no such ticket")?;
    let course = courses::kept(&mut conn, number).await?;
    drop(conn);
    let resolved = course.iter().rev().find(|it| matches!(it.what, What::Status { to: Status::Resolved, .. }));
    let resolved_at = Timestamp::from_millisecond(resolved.context("it was never resolved")?.at)?;
    let token = rating::token(Asked { ticket: number, resolved_at, person: Some(ticket.requester) }, &|text| desk.sign_rating(text));
    Ok(rate::rate(desk, &token, rating, comment).await?)
}
