//! What customers are told of a status waits for as long as it can be undone. When the status changes again before that has left, it is
//! called off: the customer hears where the ticket came to, and not of what lay between. When that change is undone, it waits again.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::{
    actions::{Result, door::Change},
    desk::{delivery::DeliveryState, id::TicketNumber, notification::Happening, settings::StatusNotice, ticket::Status},
    store::{
        Tx, events,
        outbox::{self, Outcome},
        status_notices,
    },
};

/// Why one is called off that is no longer true.
const CHANGED_AGAIN: &str = "called off: the status has changed again";

/// Notices of a ticket's status that were called off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CalledOff {
    /// When the first of them was written; none: there was none.
    pub first: Option<Timestamp>,
    /// Whether another has left, or is leaving.
    pub has_left: bool,
}

/// Calls off those that were written since then and have not left; `words` says why.
pub(super) async fn call_off(tx: &mut Tx, number: TicketNumber, since: Timestamp, words: &str, now: Timestamp) -> Result<CalledOff> {
    let mut found = CalledOff::default();
    for row in outbox::of_ticket(tx, number, now).await? {
        if row.created_at < since || row.kind != "status" {
            continue;
        }
        let not_gone = [DeliveryState::Waiting, DeliveryState::Delayed].iter().any(|it| row.state == it.as_str());
        if not_gone && !row.leased {
            outbox::put(tx, row.id, &Outcome { state: DeliveryState::Cancelled.as_str(), words, next_at: None }, now).await?;
            found.first = Some(found.first.map_or(row.created_at, |it| it.min(row.created_at)));
        } else {
            found.has_left |= row.state != DeliveryState::Cancelled.as_str() && row.state != DeliveryState::Withheld.as_str();
        }
    }
    Ok(found)
}

/// Before a status is told: what was to be told of it and has not left is called off. The status that customers know it to have had, where
/// that is another than the change says. `notices`: what its mailbox tells.
pub(super) async fn known_to_customers(
    tx: &mut Tx,
    change: &Change,
    notices: &BTreeSet<StatusNotice>,
    now: Timestamp,
) -> Result<Option<Status>> {
    let from = change.happenings().iter().find_map(|it| if let Happening::Status { from, .. } = it { Some(*from) } else { None });
    let says_it = change.happenings().iter().any(|it| matches!(it, Happening::Replied { .. }));
    // What is resolved is closed: where nobody is told of that, that it is resolved is still to be told.
    let silent_end =
        from == Some(Status::Resolved) && change.ticket.status == Status::Closed && !says_it && !notices.contains(&StatusNotice::Closed);
    if from.is_none() || silent_end {
        return Ok(None);
    }
    // Nothing is locked where nothing waits: that is, nearly always.
    let Some(mut first) = status_notices::waits_since(tx, change.number()).await? else { return Ok(None) };
    let called = call_off(tx, change.number(), first, CHANGED_AGAIN, now).await?;
    // Who has had one knows more than the others: all are told of this step.
    if called.first.is_none() || called.has_left {
        return Ok(None);
    }
    // What the one in its place had called off was not told either.
    while let Some(before) = status_notices::called_off_since(tx, change.number(), first, CHANGED_AGAIN).await? {
        first = before;
    }
    Ok(events::status_before(tx, change.number(), first).await?)
}

/// A change of the status at that moment is undone: what it had called off is true again, and waits.
pub(super) async fn wait_again(tx: &mut Tx, number: TicketNumber, undone: Timestamp, now: Timestamp) -> Result<()> {
    for (id, due) in status_notices::called_off(tx, number, undone, CHANGED_AGAIN).await? {
        let next_at = Some(due.max(now));
        outbox::put(tx, id, &Outcome { state: DeliveryState::Waiting.as_str(), words: "", next_at }, now).await?;
    }
    Ok(())
}
