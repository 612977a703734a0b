//! When the desk is at work, and what it promises: set by admins.

use crate::{
    actions::{
        ActionError, Desk, Result,
        audit::{self, Line},
        door::{leave, transact},
        due,
    },
    desk::{
        audit::AuditKind,
        business_hours::{Calendar, write_days_off},
        id::MailboxId,
        permission::Act,
        person::Person,
        target::{Promise, Targets},
        ticket::Priority,
    },
    store::{Tx, terms},
};

/// Sets the hours of the desk, or of one mailbox.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn set_hours(desk: &Desk, actor: &Person, mailbox: Option<MailboxId>, calendar: &Calendar) -> Result<()> {
    desk.allow(actor, Act::Manage)?;
    known(desk, mailbox)?;
    transact(desk, |mut tx| async move {
        let before = terms::of(&mut tx, &desk.settings.time_zone).await?;
        let line = Line::of(AuditKind::Target, whose(desk, mailbox), "changed the hours");
        let was = mailbox.map_or(&before.calendars.desk, |id| before.calendars.of(id));
        audit::note(&mut tx, actor, line.from(in_words(was)).to(in_words(calendar)), desk.clock.now()).await?;
        terms::set_calendar(&mut tx, mailbox, calendar, actor.id, desk.clock.now()).await?;
        afresh(desk, tx).await
    })
    .await
}

/// Has a mailbox go by the desk’s hours again.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn forget_hours(desk: &Desk, actor: &Person, mailbox: MailboxId) -> Result<()> {
    desk.allow(actor, Act::Manage)?;
    known(desk, Some(mailbox))?;
    transact(desk, |mut tx| async move {
        let before = terms::of(&mut tx, &desk.settings.time_zone).await?;
        let line = Line::of(AuditKind::Target, whose(desk, Some(mailbox)), "goes by the desk’s hours again");
        audit::note(&mut tx, actor, line.from(in_words(before.calendars.of(mailbox))), desk.clock.now()).await?;
        terms::forget_calendar(&mut tx, mailbox).await?;
        afresh(desk, tx).await
    })
    .await
}

/// Sets what is promised for each priority.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn set_targets(desk: &Desk, actor: &Person, targets: &Targets) -> Result<()> {
    desk.allow(actor, Act::Manage)?;
    transact(desk, |mut tx| async move {
        let before = terms::of(&mut tx, &desk.settings.time_zone).await?;
        for priority in Priority::ALL {
            let said = |targets: &Targets| promised(targets, priority);
            let line = Line::of(AuditKind::Target, format!("priority {}", priority.title()), "changed what is promised");
            audit::note(&mut tx, actor, line.from(said(&before.targets)).to(said(targets)), desk.clock.now()).await?;
        }
        terms::set_targets(&mut tx, targets, actor.id, desk.clock.now()).await?;
        afresh(desk, tx).await
    })
    .await
}

fn whose(desk: &Desk, mailbox: Option<MailboxId>) -> String {
    mailbox.map_or_else(|| "the desk".to_owned(), |id| desk.name_of(id))
}

/// `Europe/Stockholm; Mon 08:00–17:00; …`, with the days off behind it.
fn in_words(calendar: &Calendar) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let zone = calendar.zone.iana_name().unwrap_or("UTC").to_owned();
    let day = |(name, hours): (&str, &crate::desk::business_hours::DayHours)| {
        let spans = hours.spans().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        (!spans.is_empty()).then(|| format!("{name} {spans}"))
    };
    let week = DAYS.into_iter().zip(&calendar.week).filter_map(day);
    let off = calendar.days_off.iter().next().map(|_| format!("off: {}", write_days_off(&calendar.days_off).replace('\n', ", ")));
    [zone].into_iter().chain(week).chain(off).collect::<Vec<_>>().join("; ")
}

/// `First reply 4 h; Resolution 5 days`.
fn promised(targets: &Targets, priority: Priority) -> String {
    let one = |promise: Promise| targets.of(priority).of(promise).map(|goal| format!("{} {goal}", promise.title()));
    let all: Vec<String> = Promise::ALL.into_iter().filter_map(one).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join("; ") }
}

fn known(desk: &Desk, mailbox: Option<MailboxId>) -> Result<()> {
    let there = mailbox.is_none_or(|id| desk.mailboxes.iter().any(|(it, _)| it == id));
    if there { Ok(()) } else { Err(ActionError::Missing("mailbox")) }
}

/// What is due on every ticket, by the new terms.
async fn afresh(desk: &Desk, mut tx: Tx) -> Result<()> {
    let terms = terms::of(&mut tx, &desk.settings.time_zone).await?;
    due::keep_all(&mut tx, &terms, desk.clock.now()).await?;
    leave(desk, tx).await
}
