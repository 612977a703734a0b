//! A ticket that is spam: closed without a word to anybody, its mail left aside among the held. Nothing is deleted, and it can be
//! undone.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        correct::no_spam,
        door::{Change, enter, expect_version, leave, record, transact},
        held::with_line,
        sender_rules::{self, Added, NewRule, RuleUndone, Stood},
    },
    desk::{
        delivery::DeliveryState,
        event::EventKind,
        id::{SenderRuleId, TicketNumber},
        permission::Act,
        person::Person,
        sender::{SenderPattern, SenderVerdict},
        ticket::Status,
        triage::{BY_HAND, Trace},
    },
    store::{
        Tx, comments, digest_lines, events,
        held::{self, Settled},
        messages::Held,
        outbox::{self, Outcome},
        people, tickets,
    },
};

/// What becomes of later mail of its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Nothing is said about it.
    Stays,
    /// It is always held.
    AlwaysHeld,
}

/// Closes a ticket as spam: nobody is told, what still waits to be sent is called off, its mail is discarded. `seen`: the version the
/// page showed. The rule that was made, where one was asked for.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Conflict`] when nothing on it came by mail.
pub async fn mark(desk: &Desk, actor: &Person, number: TicketNumber, seen: Option<i64>, sender: Sender) -> Result<Option<SenderRuleId>> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
        desk.allow(actor, Act::SetStatus(case))?;
        desk.allow(actor, Act::WorkHeldMail)?;
        expect_version(&ticket, seen)?;
        no_spam(&mut tx, number).await?;
        let mails = comments::mails_of(&mut tx, number).await?;
        if mails.is_empty() {
            return Err(ActionError::Conflict("nothing on this ticket came in by mail; close it instead".to_owned()));
        }
        call_off(&mut tx, actor, number, now).await?;
        for id in mails {
            let trace = with_line(held::trace(&mut tx, id).await?.as_deref(), &format!("{} marked #{number} as spam", actor.name));
            let text = serde_json::to_string(&trace).unwrap_or_default();
            let settled = Settled { held: Some(Held::Discarded), decision: held::Decision::Stays, trace: &text, by: actor.id };
            held::settle(&mut tx, id, &settled, now).await?;
        }
        let rule = match (sender, people::get(&mut tx, ticket.requester).await?) {
            (Sender::AlwaysHeld, Some(person)) => {
                let pattern = SenderPattern::Address(person.email);
                let new = NewRule { pattern, verdict: SenderVerdict::Hold, note: format!("#{number} was spam") };
                Some(sender_rules::put(desk, &mut tx, actor, &new, now).await?)
            }
            (Sender::AlwaysHeld, None) | (Sender::Stays, _) => None,
        };
        let mut change = Change::of(ticket, Some(actor.id));
        let was = change.ticket.status;
        // What undoing this takes off again: a rule that stood before stays.
        let made = rule.as_ref().filter(|it| it.stood == Stood::NotYet).map(|it| it.id.to_string());
        change.changed(EventKind::Spam, Some(was.as_str().to_owned()), made);
        change.set_status_untold(Status::Closed, now);
        record(desk, &mut tx, change, now).await?;
        leave(desk, tx).await?;
        Ok(rule.map(|Added { id, .. }| id))
    })
    .await
}

/// What waits to be sent about the ticket, and about those that were merged into it, does not leave.
async fn call_off(tx: &mut Tx, actor: &Person, number: TicketNumber, now: Timestamp) -> Result<()> {
    let words = format!("called off: {} marked the ticket as spam", actor.name);
    for number in tickets::merged_into(tx, number).await?.into_iter().chain([number]) {
        digest_lines::forget(tx, number, None, None).await?;
        for row in outbox::of_ticket(tx, number, now).await? {
            let open = DeliveryState::parse(&row.state).is_some_and(DeliveryState::is_open);
            if open && !row.leased {
                outbox::put(tx, row.id, &Outcome { state: DeliveryState::Cancelled.as_str(), words: &words, next_at: None }, now).await?;
            }
        }
    }
    Ok(())
}

/// The ticket is what it was before it was marked as spam, and the list of senders too; what became of the rule that marking it had
/// made. Mail that was called off stays so.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Conflict`] when it is not marked.
pub async fn undo(desk: &Desk, actor: &Person, number: TicketNumber) -> Result<RuleUndone> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
        desk.allow(actor, Act::SetStatus(case))?;
        let Some(was) = events::marked_as_spam(&mut tx, number).await? else {
            return Err(ActionError::Conflict(format!("#{number} is not marked as spam")));
        };
        for id in comments::mails_of(&mut tx, number).await? {
            if held::get(&mut tx, id).await?.is_none_or(|it| it.held != Held::Discarded) {
                continue;
            }
            let trace = with_line(held::trace(&mut tx, id).await?.as_deref(), &format!("{}: #{number} is no spam", actor.name));
            let held = was_held(&trace).then_some(Held::Released);
            let text = serde_json::to_string(&trace).unwrap_or_default();
            held::settle(&mut tx, id, &Settled { held, decision: held::Decision::Stays, trace: &text, by: actor.id }, now).await?;
        }
        let rule = match events::rule_of_spam(&mut tx, number).await? {
            Some(id) => sender_rules::undo_put(desk, &mut tx, actor, id, now).await?,
            None => RuleUndone::NotThere,
        };
        let mut change = Change::of(ticket, Some(actor.id));
        change.note(EventKind::NotSpam, None);
        change.set_status_untold(Status::parse(&was).unwrap_or(Status::Open), now);
        record(desk, &mut tx, change, now).await?;
        leave(desk, tx).await?;
        Ok(rule)
    })
    .await
}

/// Whether a person had made the ticket from held mail: two lines are those of marking and of undoing that.
fn was_held(trace: &Trace) -> bool {
    trace.0.iter().any(|it| it.question == BY_HAND && (it.found.contains(" opened ticket #") || it.found.contains(" joined it to #")))
}
