//! Who takes part in a ticket: accepted, added, taken off by staff.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        door::{Change, enter, leave, record, transact},
    },
    desk::{
        address::EmailAddress,
        delivery::DeliveryState,
        event::EventKind,
        id::{PersonId, TicketNumber},
        permission::Act,
        person::{Person, clean_name},
    },
    store::{
        Tx,
        outbox::{self, Outcome},
        participants::{self, Participation},
        people,
    },
};

/// Somebody proposed by a mail, or taken off before, takes part from now on. They are never sent what was said before.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn accept(desk: &Desk, actor: &Person, number: TicketNumber, who: PersonId) -> Result<()> {
    set(desk, actor, number, who, Participation::Active).await
}

/// Somebody is sent nothing any more, nor what still waits for them. The requester always takes part.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn remove(desk: &Desk, actor: &Person, number: TicketNumber, who: PersonId) -> Result<()> {
    set(desk, actor, number, who, Participation::Removed).await
}

/// Somebody new takes part; a customer account is made where there is none.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn add(desk: &Desk, actor: &Person, number: TicketNumber, email: &EmailAddress) -> Result<()> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
        desk.allow(actor, Act::Edit(case))?;
        let mut change = Change::of(ticket, Some(actor.id));
        if join(desk, &mut tx, &mut change, email, now).await? == Joined::Now {
            record(desk, &mut tx, change, now).await?;
        }
        leave(desk, tx).await
    })
    .await
}

/// So many addresses can be added at one time: a program that has gone wrong writes to no list.
pub const MOST_AT_ONCE: usize = 20;

/// Refuses more than [`MOST_AT_ONCE`] in this field.
pub(super) fn few(added: &[EmailAddress], field: &'static str) -> Result<()> {
    if added.len() > MOST_AT_ONCE {
        let why = format!("at most {MOST_AT_ONCE} addresses can be added at once; these are {}", added.len());
        return Err(ActionError::Invalid { field, why });
    }
    Ok(())
}

/// Whether somebody takes part only since now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joined {
    Now,
    Before,
}

/// Somebody takes part in a ticket that is being changed.
pub(super) async fn join(desk: &Desk, tx: &mut Tx, change: &mut Change, email: &EmailAddress, now: Timestamp) -> Result<Joined> {
    if desk.mailboxes.is_ours(email) {
        return Err(ActionError::Invalid { field: "participant", why: format!("{email} is this desk’s own address") });
    }
    let person = people::ensure(tx, email, &clean_name("", email), now).await?;
    if participants::of(tx, change.number(), person.id).await? == Some(Participation::Active) {
        return Ok(Joined::Before);
    }
    participants::set(tx, change.number(), person.id, Participation::Active, now).await?;
    change.changed(EventKind::ParticipantAdded, None, Some(person.email.to_string()));
    Ok(Joined::Now)
}

async fn set(desk: &Desk, actor: &Person, number: TicketNumber, who: PersonId, to: Participation) -> Result<()> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
        desk.allow(actor, Act::Edit(case))?;
        let person = people::get(&mut tx, who).await?.ok_or(ActionError::Missing("person"))?;
        let is = participants::of(&mut tx, number, who).await?.ok_or(ActionError::Missing("participant"))?;
        if ticket.requester == who && to == Participation::Removed {
            return Err(ActionError::Conflict("the requester always takes part in their own ticket".to_owned()));
        }
        if is != to {
            participants::set(&mut tx, number, who, to, now).await?;
            if to == Participation::Removed {
                call_off(&mut tx, number, &person, actor, now).await?;
            }
            let mut change = Change::of(ticket, Some(actor.id));
            match to {
                Participation::Removed => change.changed(EventKind::ParticipantRemoved, Some(person.email.to_string()), None),
                Participation::Active | Participation::Proposed => {
                    change.changed(EventKind::ParticipantAdded, None, Some(person.email.to_string()))
                }
            }
            record(desk, &mut tx, change, now).await?;
        }
        leave(desk, tx).await
    })
    .await
}

/// What waits for somebody who takes part no longer does not leave; what is being handed over just now does.
async fn call_off(tx: &mut Tx, number: TicketNumber, person: &Person, by: &Person, now: Timestamp) -> Result<()> {
    let words = format!("called off: {} took {} off the ticket", by.name, person.name);
    for row in outbox::waiting_for(tx, number, person.id, now).await?.iter().filter(|it| !it.leased) {
        outbox::put(tx, row.id, &Outcome { state: DeliveryState::Cancelled.as_str(), words: &words, next_at: None }, now).await?;
    }
    Ok(())
}
