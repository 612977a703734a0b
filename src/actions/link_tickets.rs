//! Tickets that have to do with each other and stay two: the page of each leads to the other.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        correct::no_spam,
        door::{Change, leave, record, transact},
        tag::Done,
    },
    desk::{
        correction::CannotCorrect,
        event::EventKind,
        id::{PersonId, TicketNumber},
        permission::Act,
        person::Person,
        ticket::Ticket,
    },
    store::{Tx, participants, ticket_links, tickets},
};

/// So many tickets may be linked to one.
pub const MOST: usize = 50;

/// Links two tickets, with a line in the history of both. Nobody is told.
///
/// # Errors
/// What [`ActionError`] lists; `Invalid` where one has [`MOST`] already.
pub async fn link(desk: &Desk, actor: &Person, number: TicketNumber, other: TicketNumber) -> Result<Done> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        if number == other {
            return Err(CannotCorrect::Itself(number).into());
        }
        let (this, that) = both(desk, &mut tx, actor, (number, other)).await?;
        if let Some(into) = this.merged_into {
            return Err(CannotCorrect::SourceMerged { ticket: number, into }.into());
        }
        if let Some(into) = that.merged_into {
            return Err(CannotCorrect::TargetMerged { ticket: other, into }.into());
        }
        no_spam(&mut tx, number).await?;
        no_spam(&mut tx, other).await?;
        if !ticket_links::put(&mut tx, (number, other), actor.id, now).await? {
            return Ok(Done::AsItWas);
        }
        for it in [number, other] {
            if ticket_links::of(&mut tx, it).await?.len() > MOST {
                let why = format!("#{it} is linked to {MOST} tickets already; unlink one first");
                return Err(ActionError::Invalid { field: "link", why });
            }
        }
        say(desk, &mut tx, actor.id, (this, that), EventKind::Related, now).await?;
        leave(desk, tx).await?;
        Ok(Done::Changed)
    })
    .await
}

/// Links two tickets no more. What came out of another stays so.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn unlink(desk: &Desk, actor: &Person, number: TicketNumber, other: TicketNumber) -> Result<Done> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let both = both(desk, &mut tx, actor, (number, other)).await?;
        if !ticket_links::take(&mut tx, (number, other)).await? {
            return Ok(Done::AsItWas);
        }
        say(desk, &mut tx, actor.id, both, EventKind::Unrelated, now).await?;
        leave(desk, tx).await?;
        Ok(Done::Changed)
    })
    .await
}

/// Both tickets, locked, if both are `who`'s to edit; whether or not they were merged or are spam.
async fn both(desk: &Desk, tx: &mut Tx, who: &Person, (one, other): (TicketNumber, TicketNumber)) -> Result<(Ticket, Ticket)> {
    let mut locked = tickets::lock_all(tx, [one, other]).await?;
    for ticket in &locked {
        let case = participants::case(tx, ticket, who.id).await?;
        desk.allow(who, Act::See(case))?;
        desk.allow(who, Act::Edit(case))?;
    }
    match (locked.pop(), locked.pop()) {
        (Some(last), Some(first)) if first.number == one => Ok((first, last)),
        (Some(last), Some(first)) => Ok((last, first)),
        (_, _) => Err(ActionError::Missing("ticket")),
    }
}

/// The line in the history of both.
async fn say(desk: &Desk, tx: &mut Tx, by: PersonId, (this, that): (Ticket, Ticket), kind: EventKind, now: Timestamp) -> Result<()> {
    let numbers = (this.number.to_string(), that.number.to_string());
    for (ticket, other) in [(this, numbers.1), (that, numbers.0)] {
        let mut change = Change::of(ticket, Some(by));
        let (old, new) = if kind == EventKind::Unrelated { (Some(other), None) } else { (None, Some(other)) };
        change.changed(kind, old, new);
        record(desk, tx, change, now).await?;
    }
    Ok(())
}
