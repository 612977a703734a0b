//! A ticket that was given to somebody, taken back by whoever gave it, although it is out of their reach from then on.

use jiff::SignedDuration;

use crate::{
    actions::{
        ActionError, Desk, Result,
        door::{Change, leave, record, transact},
    },
    desk::{
        event::EventKind,
        id::{PersonId, TicketNumber},
        permission::Act,
        person::Person,
        ticket::Ticket,
    },
    store::{Tx, events, participants, tickets},
};

/// So long after giving it away.
const TIME: SignedDuration = SignedDuration::from_mins(10);

/// Makes the ticket `to`’s again, who is the one who asks, or nobody. `seen` is the version that giving it away left. Nobody is told:
/// it is as if it had not been given away.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Missing`] for whatever is not this, as for any ticket out of reach.
pub async fn hand_back(desk: &Desk, actor: &Person, number: TicketNumber, seen: i64, to: Option<PersonId>) -> Result<()> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let missing = ActionError::Missing("ticket");
        let Some(ticket) = tickets::lock(&mut tx, number).await? else { return Err(missing) };
        let given = given_last(&mut tx, actor, &ticket, to, now - TIME).await?;
        if !given || ticket.version != seen || ticket.merged_into.is_some() || to.is_some_and(|it| it != actor.id) {
            return Err(missing);
        }
        let mut change = Change::of(ticket, Some(actor.id));
        let old = std::mem::replace(&mut change.ticket.assignee, to);
        // What was in reach before is in reach again.
        let case = participants::case(&mut tx, &change.ticket, actor.id).await?;
        desk.allow(actor, Act::Edit(case))?;
        change.changed(EventKind::Assigned, old.map(|it| it.to_string()), to.map(|it| it.to_string()));
        record(desk, &mut tx, change, now).await?;
        leave(desk, tx).await
    })
    .await
}

/// Whether the last that happened on the ticket is that they gave it from `from` to whoever has it, since then.
async fn given_last(tx: &mut Tx, actor: &Person, ticket: &Ticket, from: Option<PersonId>, since: jiff::Timestamp) -> Result<bool> {
    let Some((at, who)) = events::latest(tx, ticket.number).await? else { return Ok(false) };
    let word = |it: Option<PersonId>| it.map(|it| it.to_string());
    let (old, new) = (word(from), word(ticket.assignee));
    let lines = events::at(tx, ticket.number, at).await?;
    let gave = lines.iter().any(|it| it.kind == EventKind::Assigned && it.old == old && it.new == new);
    Ok(who == Some(actor.id) && at >= since && gave)
}
