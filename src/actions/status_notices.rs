//! What customers are told of a status waits for as long as it can be undone. When the status changes again before that has left, it is
//! called off: the customer hears where the ticket came to, and not of what lay between.

use jiff::Timestamp;

use crate::{
    actions::{Result, door::Change},
    desk::{delivery::DeliveryState, id::TicketNumber, ticket::Status},
    store::{
        Tx, events,
        outbox::{self, Outcome},
    },
};

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
/// that is another than the change says.
pub(super) async fn known_to_customers(tx: &mut Tx, change: &Change, now: Timestamp) -> Result<Option<Status>> {
    if !change.moves_status() {
        return Ok(None);
    }
    // Nothing is locked where nothing waits: that is, nearly always.
    let Some(first) = outbox::status_waits_since(tx, change.number()).await? else { return Ok(None) };
    let called = call_off(tx, change.number(), first, "called off: the status has changed again", now).await?;
    match called.first {
        Some(at) => Ok(events::status_before(tx, change.number(), at).await?),
        None => Ok(None),
    }
}
