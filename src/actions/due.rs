//! What is due on a ticket: kept with each change of it, and told to staff before it is late. Customers never hear of it.

use jiff::{SignedDuration, Timestamp};

use crate::{
    actions::{
        Desk, Result,
        door::{Change, leave, transact},
        letters,
    },
    desk::{
        id::TicketNumber,
        notification::{Owed, StaffNotice, who_hears_of_due},
        target::{self, Running, Terms},
        ticket::Ticket,
    },
    store::{
        Tx, courses, participants, people,
        promises::{self, Past, PromiseRow},
        terms, tickets,
    },
};

/// So many are told of in one round: after a night without a desk, the morning is no flood.
const MOST_TOLD: i64 = 50;

/// What was to be done longer ago is shown in the panel and told to nobody: it comes of an import, or the desk was away.
const OLD: SignedDuration = SignedDuration::from_hours(24);

/// Tickets that are read at once when what is promised changes.
const AT_ONCE: i64 = 500;

/// Finds anew what is due on a ticket that was changed, in the same transaction.
pub(super) async fn keep(desk: &Desk, tx: &mut Tx, ticket: &Ticket, now: Timestamp) -> Result<()> {
    let terms = terms::of(tx, &desk.settings.time_zone).await?;
    // Where nothing is promised, nothing runs.
    if terms.targets.is_empty() {
        return Ok(());
    }
    let running = if ticket.status.is_active() {
        let course = courses::of(tx, ticket.number).await?;
        target::running(&course, (ticket.turn, ticket.turn_at), terms.targets.of(ticket.priority), terms.calendars.of(ticket.mailbox))
    } else {
        Vec::new()
    };
    Ok(promises::keep(tx, &[(ticket.number, running)], now, Past::OfNewOnes).await?)
}

/// Finds anew what is due on every ticket, because what is promised, or the hours that count, have changed. Nobody is told of what is
/// late by the new terms at once.
pub(super) async fn keep_all(tx: &mut Tx, terms: &Terms, now: Timestamp) -> Result<()> {
    let mut behind = TicketNumber(0);
    loop {
        // Nobody answers one of them between reading what has come of it and writing what is due.
        courses::lock_at_work(tx, behind, AT_ONCE).await?;
        let some = courses::at_work(tx, behind, AT_ONCE).await?;
        let Some(last) = some.last() else { return Ok(()) };
        behind = last.number;
        let running = |it: &courses::Active| -> Vec<Running> {
            target::running(&it.course, (it.turn, it.turn_at), terms.targets.of(it.priority), terms.calendars.of(it.mailbox))
        };
        let all: Vec<_> = some.iter().map(|it| (it.number, running(it))).collect();
        promises::keep(tx, &all, now, Past::OfAll).await?;
    }
}

/// Makes the course of each ticket anew from its history, and what is due on it from that; how many there are.
///
/// # Errors
/// When the database fails.
pub async fn recount(desk: &Desk) -> Result<u64> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let tickets = courses::rebuild(&mut tx).await?;
        promises::forget(&mut tx).await?;
        let terms = terms::of(&mut tx, &desk.settings.time_zone).await?;
        keep_all(&mut tx, &terms, now).await?;
        leave(desk, tx).await?;
        Ok(tickets)
    })
    .await
}

/// Tells the assignee and the admins of what is soon due, or was missed; once of each. How many were told of.
///
/// # Errors
/// When the database fails.
pub async fn tell_due(desk: &Desk) -> Result<usize> {
    let now = desk.clock.now();
    let rows = promises::to_tell(&mut *desk.store.read().await?, now, MOST_TOLD).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let rows = &rows;
    transact(desk, |mut tx| async move {
        let mut told = 0;
        for row in rows {
            told += usize::from(tell(desk, &mut tx, row, now).await?);
        }
        leave(desk, tx).await?;
        Ok(told)
    })
    .await
}

/// Whether anybody was to be told.
async fn tell(desk: &Desk, tx: &mut Tx, row: &PromiseRow, now: Timestamp) -> Result<bool> {
    let Some(ticket) = tickets::lock(tx, row.ticket).await? else { return Ok(false) };
    // Somebody may have answered since it was looked for.
    keep(desk, tx, &ticket, now).await?;
    let Some(row) = promises::of(tx, row.ticket).await?.into_iter().find(|it| it.promise == row.promise) else { return Ok(false) };
    let missed = row.due_at <= now;
    if (missed && row.missed) || (!missed && (row.warned || row.soon_at > now)) {
        return Ok(false);
    }
    promises::told(tx, &row, now).await?;
    if now.duration_since(row.due_at) > OLD {
        return Ok(false);
    }
    let Some((outbox, mailbox)) = desk.mailboxes.answering(ticket.mailbox) else { return Ok(false) };
    let staff = people::active_staff(tx).await?;
    let participants = participants::list(tx, ticket.number).await?;
    let about = StaffNotice::Due { promise: row.promise, at: row.due_at };
    let owed: Vec<Owed> =
        who_hears_of_due(ticket.assignee, &staff).into_iter().map(|(to, notify)| Owed::Staff { to, about, notify }).collect();
    let around = letters::Around { desk, now, outbox, mailbox, staff: &staff, participants: &participants };
    letters::owe(tx, &Change::of(ticket, None), &owed, &around).await?;
    Ok(!owed.is_empty())
}
