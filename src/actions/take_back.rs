//! Undo of what was made of held mail: it waits again. What it had owed is called off; what has left cannot be taken back, and then
//! nothing is.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        door::{Change, enter, enter_merged, leave, record, transact},
        held::{Shown, as_shown, with_line},
        read_held,
        say::snippet,
        sender_rules::RuleUndone,
        spam,
    },
    desk::{
        correction::CannotCorrect,
        delivery::DeliveryState,
        event::EventKind,
        id::{CommentId, LedgerId, TicketNumber},
        permission::Act,
        person::Person,
        ticket::{Status, Ticket},
        triage::{BY_HAND, Trace},
    },
    store::{
        Tx, chain,
        comments::{self, SaidByMail},
        corrections, digest_lines,
        events::{self, EventRow},
        held::{self, HeldMail, Settled},
        messages::{self, Held},
        outbox::{self, DeliveryRow, Outcome},
        participants::{self, Participation},
        people, tickets,
    },
};

/// Where a message was taken back from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakenBack {
    /// From those left aside.
    FromDiscarded,
    /// Off a ticket, which lives on.
    OffTicket(TicketNumber),
    /// Off the ticket that was opened from it, which is closed.
    TicketClosed(TicketNumber),
    /// The ticket that was marked as spam is what it was; and what became of the rule that marking it had made.
    NotSpam(TicketNumber, RuleUndone),
}

/// Puts a message that was discarded, joined or made a ticket back among those that wait.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Conflict`] when it waits already, stands no longer as it was shown, or when
/// somebody was told what cannot be taken back.
pub async fn take_back(desk: &Desk, actor: &Person, which: impl Into<Shown>) -> Result<TakenBack> {
    let which = which.into();
    let id = which.id;
    desk.allow(actor, Act::WorkHeldMail)?;
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        read_held::find_held(desk, &mut tx, actor, id).await?;
        // The tickets before the message (store/tickets.rs, lock_all).
        let said = comments::of_message(&mut tx, id).await?;
        if let Some(said) = &said {
            let released_to = corrections::said_on(&mut tx, said.id).await?;
            tickets::lock_all(&mut tx, released_to.into_iter().chain([said.ticket])).await?;
        }
        let row = messages::lock(&mut tx, id).await?.ok_or(ActionError::Missing("held message"))?;
        if comments::of_message(&mut tx, id).await?.map(|it| (it.id, it.ticket)) != said.as_ref().map(|it| (it.id, it.ticket)) {
            return Err(ActionError::Stale);
        }
        as_shown(desk, &mut tx, actor, which).await?;
        let back = match (row.held, said) {
            (None, _) => return Err(ActionError::Missing("held message")),
            (Some(Held::Waiting), _) => return Err(ActionError::Conflict("this message waits already".to_owned())),
            (Some(Held::Discarded), Some(said)) => {
                drop(tx);
                let rule = spam::undo(desk, actor, said.ticket).await?;
                return Ok(TakenBack::NotSpam(said.ticket, rule));
            }
            (Some(Held::Discarded), None) => {
                messages::settle_held(&mut tx, id, Held::Waiting, actor.id, now).await?;
                TakenBack::FromDiscarded
            }
            (Some(Held::Released), Some(said)) => off_ticket(desk, &mut tx, actor, id, &said, now).await?,
            (Some(Held::Released), None) => return Err(ActionError::Conflict("this message is on no ticket any more".to_owned())),
        };
        leave(desk, tx).await?;
        Ok(back)
    })
    .await
}

async fn off_ticket(desk: &Desk, tx: &mut Tx, actor: &Person, id: LedgerId, said: &SaidByMail, now: Timestamp) -> Result<TakenBack> {
    let (ticket, case) = enter(desk, tx, actor, said.ticket).await?;
    desk.allow(actor, Act::Edit(case))?;
    nobody_moved(tx, said).await?;
    let released_to = released_to(desk, tx, actor, &ticket, said).await?;
    let mail = held::get(tx, id).await?.ok_or(ActionError::Missing("held message"))?;
    let (number, released_at) = (ticket.number, mail.settled.as_ref().map_or(now, |(_, at)| *at));
    let opened = mail.decision == "open-ticket" && ticket.opened_at == released_at;
    if opened && comments::public_besides(tx, number, said.id).await? {
        let why = format!("more was said on #{number} since; close it, or mark it as spam, instead");
        return Err(ActionError::Conflict(why));
    }
    let owed = owed(tx, &released_to, released_at, said.id, opened, now).await?;
    call_off(tx, actor, &owed, now).await?;
    digest_lines::forget(tx, released_to.number, None, Some(released_at)).await?;
    comments::withdraw(tx, said.id, now).await?;
    let last = comments::last_public(tx, number, CommentId(i64::MAX)).await?;
    tickets::uncount_comment(tx, number, &last.map(|it| snippet(it.text.as_str())).unwrap_or_default()).await?;
    let mut change = Change::of(ticket, Some(actor.id));
    change.turn_is(comments::turn(tx, number, comments::Order::TakenIn).await?);
    change.note(EventKind::PutBack, Some(said.id));
    if opened {
        change.set_status_untold(Status::Closed, now);
    } else if released_to.number == number {
        undo_side_effects(tx, &mut change, released_at, now).await?;
    }
    record(desk, tx, change, now).await?;
    if released_to.number != number {
        let mut change = Change::of(released_to, Some(actor.id));
        change.note(EventKind::PutBack, Some(said.id));
        undo_side_effects(tx, &mut change, released_at, now).await?;
        record(desk, tx, change, now).await?;
    }
    wait_again(tx, actor, &mail, number, now).await?;
    Ok(if opened { TakenBack::TicketClosed(number) } else { TakenBack::OffTicket(number) })
}

/// What somebody moved since, with or without its ticket, goes back first.
async fn nobody_moved(tx: &mut Tx, said: &SaidByMail) -> Result<()> {
    let Some(to) = chain::moved_to(tx, said.id).await? else { return Ok(()) };
    let why = match corrections::said_on(tx, said.id).await?.filter(|it| *it != to) {
        Some(from) => format!("it was moved from #{from} to #{to} since; undo that first"),
        None => format!("it was moved to #{to} since; undo that first"),
    };
    Err(ActionError::Conflict(why))
}

/// The ticket that it was released to: what its release did was done there. It may be another than where it is now, where it followed
/// a message whose move was undone.
async fn released_to(desk: &Desk, tx: &mut Tx, actor: &Person, is_on: &Ticket, said: &SaidByMail) -> Result<Ticket> {
    let number = corrections::said_on(tx, said.id).await?.unwrap_or(is_on.number);
    if number == is_on.number {
        return Ok(is_on.clone());
    }
    let (ticket, case) = enter_merged(desk, tx, actor, number).await?;
    desk.allow(actor, Act::Edit(case))?;
    match ticket.merged_into {
        Some(into) => Err(CannotCorrect::SourceMerged { ticket: number, into }.into()),
        None => Ok(ticket),
    }
}

/// The mail that the release owed.
async fn owed(tx: &mut Tx, ticket: &Ticket, at: Timestamp, comment: CommentId, opened: bool, now: Timestamp) -> Result<Vec<DeliveryRow>> {
    let mut rows = outbox::of_ticket(tx, ticket.number, now).await?;
    rows.retain(|it| it.created_at == at && (opened || it.comment.is_none() || it.comment == Some(comment)));
    Ok(rows)
}

/// Calls off what waits; refuses when a customer was sent something. What staff were told is nothing to take back.
async fn call_off(tx: &mut Tx, actor: &Person, owed: &[DeliveryRow], now: Timestamp) -> Result<()> {
    for row in owed {
        if row.state == DeliveryState::Cancelled.as_str() || row.state == DeliveryState::Withheld.as_str() {
            continue;
        }
        if row.state == DeliveryState::Waiting.as_str() && !row.leased {
            let words = format!("taken back by {}", actor.name);
            outbox::put(tx, row.id, &Outcome { state: DeliveryState::Cancelled.as_str(), words: &words, next_at: None }, now).await?;
            continue;
        }
        let staff = match row.address.parse() {
            Ok(address) => people::by_email(tx, &address).await?.is_some_and(|it| it.role.is_staff()),
            Err(_) => false,
        };
        if !staff {
            let why = format!("{} has been written to about it already; that cannot be taken back", row.address);
            return Err(ActionError::Conflict(why));
        }
    }
    Ok(())
}

/// What joining it did beside: the status it moved, those whom it brought in.
async fn undo_side_effects(tx: &mut Tx, change: &mut Change, released_at: Timestamp, now: Timestamp) -> Result<()> {
    for EventRow { kind, old, new } in events::at(tx, change.number(), released_at).await? {
        if kind == EventKind::Status {
            let was = old.as_deref().and_then(Status::parse);
            let is = new.as_deref().and_then(Status::parse);
            if let Some(was) = was.filter(|_| is == Some(change.ticket.status) && change.ticket.status_at == released_at) {
                change.set_status_untold(was, now);
            }
            continue;
        }
        let (Some(is), Some(Ok(address))) = (brought_in(kind), new.map(|it| it.parse())) else { continue };
        let Some(person) = people::by_email(tx, &address).await?.filter(|it| it.id != change.ticket.requester) else { continue };
        // Whoever was accepted or taken off since stays so.
        if participants::of(tx, change.number(), person.id).await? == Some(is) {
            let was = old.as_deref().and_then(Participation::parse);
            participants::put_back(tx, change.number(), person.id, was, now).await?;
            change.changed(EventKind::ParticipantRemoved, Some(person.email.to_string()), None);
        }
    }
    Ok(())
}

/// What a line of the history says that somebody became.
fn brought_in(kind: EventKind) -> Option<Participation> {
    let became = [(EventKind::ParticipantAdded, Participation::Active), (EventKind::ParticipantProposed, Participation::Proposed)];
    became.into_iter().find(|(it, _)| *it == kind).map(|(_, is)| is)
}

/// The row waits again, for the reason that it was held for.
async fn wait_again(tx: &mut Tx, actor: &Person, mail: &HeldMail, number: TicketNumber, now: Timestamp) -> Result<()> {
    let trace = with_line(Some(&mail.trace), &format!("{} took it off #{number} again", actor.name));
    let reason = reason(&trace).unwrap_or(&mail.reason);
    let text = serde_json::to_string(&trace).unwrap_or_default();
    let settled = Settled { held: Some(Held::Waiting), decision: held::Decision::Held(reason), trace: &text, by: actor.id };
    Ok(held::settle(tx, mail.id, &settled, now).await?)
}

/// What a machine found, below what people did about it.
fn reason(trace: &Trace) -> Option<&str> {
    trace.0.iter().rfind(|it| it.decides && it.question != BY_HAND).map(|it| it.found.as_str())
}
