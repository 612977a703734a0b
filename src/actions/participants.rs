//! Who takes part in a ticket: accepted, added, taken off by staff.

use crate::{
    actions::{
        ActionError, Desk, Result,
        door::{Change, enter, leave, record},
    },
    desk::{
        address::EmailAddress,
        event::EventKind,
        id::{PersonId, TicketNumber},
        permission::Act,
        person::{Person, clean_name},
    },
    store::{
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

/// Somebody is sent nothing any more. The requester always takes part.
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
    if desk.mailboxes.is_ours(email) {
        return Err(ActionError::Invalid { field: "participant", why: format!("{email} is this desk’s own address") });
    }
    let now = desk.clock.now();
    let mut tx = desk.store.begin().await?;
    let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
    desk.allow(actor, Act::Edit(case))?;
    let person = people::ensure(&mut tx, email, &clean_name("", email), now).await?;
    if participants::of(&mut tx, number, person.id).await? != Some(Participation::Active) {
        participants::set(&mut tx, number, person.id, Participation::Active, now).await?;
        let mut change = Change::of(ticket, Some(actor.id));
        change.changed(EventKind::ParticipantAdded, None, Some(person.email.to_string()));
        record(desk, &mut tx, change, now).await?;
    }
    leave(desk, tx).await
}

async fn set(desk: &Desk, actor: &Person, number: TicketNumber, who: PersonId, to: Participation) -> Result<()> {
    let now = desk.clock.now();
    let mut tx = desk.store.begin().await?;
    let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
    desk.allow(actor, Act::Edit(case))?;
    let person = people::get(&mut tx, who).await?.ok_or(ActionError::Missing("person"))?;
    let is = participants::of(&mut tx, number, who).await?.ok_or(ActionError::Missing("participant"))?;
    if ticket.requester == who && to == Participation::Removed {
        return Err(ActionError::Conflict("the requester always takes part in their own ticket".to_owned()));
    }
    if is != to {
        participants::set(&mut tx, number, who, to, now).await?;
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
}
