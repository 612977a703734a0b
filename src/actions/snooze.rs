//! Putting a ticket off, and its return.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        door::{Change, enter, expect_version, leave, record, transact},
        tag::Done,
    },
    desk::{
        event::EventKind,
        id::TicketNumber,
        permission::Act,
        person::Person,
        snooze::{self, Back, CannotSnooze, Snooze},
    },
    store::tickets,
};

/// So many in one transaction.
const BATCH: i64 = 50;

/// Puts the ticket off until then, or until its customer writes. `seen`: the version the page showed.
///
/// # Errors
/// What [`ActionError`] lists; `Invalid` for a time that is over or too far away, and for a ticket that is done.
pub async fn snooze(desk: &Desk, actor: &Person, number: TicketNumber, seen: Option<i64>, until: Timestamp) -> Result<()> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
        desk.allow(actor, Act::Edit(case))?;
        expect_version(&ticket, seen)?;
        let mut change = Change::of(ticket, Some(actor.id));
        if put_off(&mut change, actor, now, until)? == Done::Changed {
            record(desk, &mut tx, change, now).await?;
        }
        leave(desk, tx).await
    })
    .await
}

/// Puts off a ticket that is being changed.
pub(super) fn put_off(change: &mut Change, actor: &Person, now: Timestamp, until: Timestamp) -> Result<Done> {
    let refused = |why: CannotSnooze| ActionError::Invalid { field: "snooze", why: why.to_string() };
    let until = snooze::until(now, until).map_err(refused)?;
    if !change.ticket.status.is_active() {
        return Err(refused(CannotSnooze::NotActive));
    }
    let old = change.ticket.snooze.replace(Snooze { until, by: actor.id }).map(|it| it.until);
    if old == Some(until) {
        return Ok(Done::AsItWas);
    }
    let word = |at: Timestamp| at.as_millisecond().to_string();
    change.changed(EventKind::Snoozed, old.map(word), Some(word(until)));
    Ok(Done::Changed)
}

/// Takes the ticket back into its queue before its time. `seen`: the version the page showed.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn take_back(desk: &Desk, actor: &Person, number: TicketNumber, seen: Option<i64>) -> Result<Done> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
        desk.allow(actor, Act::Edit(case))?;
        expect_version(&ticket, seen)?;
        if ticket.snooze.is_none() {
            return Ok(Done::AsItWas);
        }
        let mut change = Change::of(ticket, Some(actor.id));
        change.back(Back::Staff);
        record(desk, &mut tx, change, now).await?;
        leave(desk, tx).await?;
        Ok(Done::Changed)
    })
    .await
}

/// Returns what was put off until now; the tickets that are back. Call again until none are left.
///
/// # Errors
/// When the database fails.
pub async fn return_due(desk: &Desk) -> Result<Vec<TicketNumber>> {
    let now = desk.clock.now();
    let due = tickets::to_return(&mut *desk.store.read().await?, now, BATCH).await?;
    if due.is_empty() {
        return Ok(due);
    }
    let due = &due;
    transact(desk, |mut tx| async move {
        let mut back = Vec::new();
        for ticket in tickets::lock_all(&mut tx, due.iter().copied()).await? {
            let number = ticket.number;
            if ticket.merged_into.is_some() || ticket.snooze.is_none_or(|it| it.until > now) {
                continue;
            }
            let mut change = Change::of(ticket, None);
            change.back(Back::Time);
            record(desk, &mut tx, change, now).await?;
            back.push(number);
        }
        leave(desk, tx).await?;
        Ok(back)
    })
    .await
}
