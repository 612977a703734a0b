//! Held mail: released to a ticket, or discarded, by a person.

use jiff::SignedDuration;

use crate::{
    actions::{
        ActionError, Desk, Result, carry_out,
        door::leave,
        facts,
        receive_message::{self, Done, Incoming},
    },
    desk::{
        id::{LedgerId, TicketNumber},
        permission::Act,
        person::Person,
        triage::{Answer, Asked, Decision, Requester, Stands, TOO_OLD_TO_ANSWER, Trace, Voice},
    },
    mail::parse,
    store::messages::{self, Held, Taken},
};

/// Makes a ticket of a held message, or joins it to the ticket that its sender takes part in. The ticket's number.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Conflict`] when it was released already, or only its header is here.
pub async fn release(desk: &Desk, actor: &Person, id: LedgerId) -> Result<TicketNumber> {
    desk.allow(actor, Act::WorkHeldMail)?;
    let now = desk.clock.now();
    let incoming = read(desk, id).await?;
    let mut tx = desk.store.begin().await?;
    let row = messages::lock(&mut tx, id).await?.ok_or(ActionError::Missing("held message"))?;
    match row.held {
        Some(Held::Waiting | Held::Discarded) => {}
        Some(Held::Released) => return Err(ActionError::Conflict("this message was released already".to_owned())),
        None => return Err(ActionError::Missing("held message")),
    }
    let mailbox = desk.mailboxes.get(row.mailbox).ok_or(ActionError::Missing("mailbox"))?;
    let facts = facts::gather(desk, &mut tx, &incoming, mailbox, now).await?;
    if incoming.message.requester.is_none() {
        return Err(ActionError::Conflict("nobody could be answered: this message has no usable sender; open a ticket by hand".to_owned()));
    }
    let known = facts.tickets.iter().find(|it| it.author == Stands::Participant && !it.closed_too_long(now, facts.reopen_within));
    let fresh = now.duration_since(row.received_at) <= TOO_OLD_TO_ANSWER.min(SignedDuration::from_hours(24));
    let receipt = if incoming.message.kind.automated() || !fresh { Answer::Never } else { Answer::Allowed };
    let decision = match known {
        Some(ticket) => Decision::Join { ticket: ticket.number, voice: Voice::Participant },
        None => Decision::Open { linked: facts.tickets.first().map(|it| it.number), receipt, requester: Requester::Sender },
    };
    let found = format!("released by {}", actor.name);
    let trace = Trace(vec![Asked { question: "Held".to_owned(), found: found.clone(), decides: true }]);
    let ticket = carry_out::carry_out(desk, &mut tx, &incoming, &facts, &decision, &found).await?;
    let done = Done { decision: receive_message::word(&decision), ticket, held: Some(Held::Released) };
    receive_message::write(&mut tx, &incoming, &done, &trace, now).await?;
    messages::settle_held(&mut tx, id, Held::Released, actor.id, now).await?;
    leave(desk, tx).await?;
    ticket.ok_or(ActionError::Missing("ticket"))
}

/// Leaves a held message aside. It stays in the ledger and can still be released.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Conflict`] when it is not waiting.
pub async fn discard(desk: &Desk, actor: &Person, id: LedgerId) -> Result<()> {
    settle(desk, actor, id, Held::Waiting, Held::Discarded).await
}

/// Takes a discarded message back among those that wait.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Conflict`] when it was not discarded.
pub async fn take_back(desk: &Desk, actor: &Person, id: LedgerId) -> Result<()> {
    settle(desk, actor, id, Held::Discarded, Held::Waiting).await
}

async fn settle(desk: &Desk, actor: &Person, id: LedgerId, from: Held, to: Held) -> Result<()> {
    desk.allow(actor, Act::WorkHeldMail)?;
    let mut tx = desk.store.begin().await?;
    let row = messages::lock(&mut tx, id).await?.ok_or(ActionError::Missing("held message"))?;
    match row.held {
        None => return Err(ActionError::Missing("held message")),
        Some(held) if held != from => return Err(ActionError::Conflict(format!("this message is {} by now", held.as_str()))),
        Some(_) => {}
    }
    messages::settle_held(&mut tx, id, to, actor.id, desk.clock.now()).await?;
    leave(desk, tx).await
}

/// The message of a row, read again from its octets.
async fn read(desk: &Desk, id: LedgerId) -> Result<Incoming> {
    let mut conn = desk.store.read().await?;
    let row = messages::get(&mut conn, id).await?.ok_or(ActionError::Missing("held message"))?;
    if row.taken == Taken::HeaderOnly {
        return Err(ActionError::Conflict("only the header of this message is here: it is too large; open it in the mailbox".to_owned()));
    }
    let raw = desk.store.blobs().get(&mut conn, &row.sha256).await?.ok_or(ActionError::Missing("message"))?;
    drop(conn);
    let message = parse::read(&raw);
    let sender_check = desk.mailboxes.get(row.mailbox).and_then(|it| receive_message::check_sender(&message, it));
    Ok(Incoming { row, message, sender_check })
}
