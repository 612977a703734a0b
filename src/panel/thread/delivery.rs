//! Where a reply stands with each of its recipients, as the conversation shows it.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    desk::{delivery::DeliveryState, reason},
    panel::{error::sentence, words::until},
    store::conversation::Delivery,
};

/// Where a reply stands, in a word.
#[derive(Clone, Debug, Serialize)]
pub(in crate::panel) struct Chip {
    class: &'static str,
    text: &'static str,
}

/// A recipient that a reply did not reach, with what can be done.
#[derive(Clone, Debug, Serialize)]
pub(in crate::panel) struct Failure {
    id: i64,
    address: String,
    head: &'static str,
    text: String,
    words: Option<String>,
    can_cancel: bool,
    /// Nothing more is to be done: somebody said so.
    set_aside: bool,
}

/// The recipients that something went wrong with.
pub(super) fn failures(deliveries: &[Delivery], now: Timestamp) -> Vec<Failure> {
    deliveries.iter().filter_map(|it| failure(it, now)).collect()
}

fn failure(delivery: &Delivery, now: Timestamp) -> Option<Failure> {
    if let Some(why) = delivery.held_back.clone() {
        let (id, address) = (delivery.id.0, delivery.address.clone());
        return Some(Failure { id, address, head: "Not sent.", text: why, words: None, can_cancel: true, set_aside: false });
    }
    let next = until(delivery.next_at, now);
    let (head, text) = match delivery.state {
        DeliveryState::Delayed => ("Delayed.", format!("The mail server put it off; the next try is in {next}.")),
        DeliveryState::Refused => ("Not sent.", format!("The mail server refuses it for good.{}", plainly(delivery))),
        DeliveryState::Bounced => ("Came back.", format!("A delivery report says that it did not arrive.{}", plainly(delivery))),
        DeliveryState::Unknown => {
            ("Unknown.", format!("The connection broke before the mail server’s answer: it may have arrived. The next try is in {next}."))
        }
        DeliveryState::Waiting if delivery.next_at <= now && delivery.words.is_some() => {
            ("Waiting.", "The mail server takes nothing from this mailbox now; it leaves as soon as it may.".to_owned())
        }
        DeliveryState::Waiting if delivery.attempts > 0 => ("Waiting.", format!("The next try is in {next}.")),
        DeliveryState::Waiting | DeliveryState::Sent | DeliveryState::Cancelled | DeliveryState::Withheld => return None,
    };
    let words = delivery.words.clone().filter(|it| !it.is_empty());
    let (id, address) = (delivery.id.0, delivery.address.clone());
    Some(Failure { id, address, head, text, words, can_cancel: delivery.state.is_open(), set_aside: delivery.set_aside_at.is_some() })
}

/// What the code says, as a sentence more.
fn plainly(delivery: &Delivery) -> String {
    let plain = delivery.words.as_deref().and_then(reason::plainly);
    plain.map(|it| format!(" {}", sentence(&it))).unwrap_or_default()
}

/// The least good state of all recipients; those that were set aside count where there are no others.
pub(super) fn chip(deliveries: &[Delivery]) -> Option<Chip> {
    let rank = |state: DeliveryState| match state {
        DeliveryState::Bounced => (7, "bounced", "Bounced"),
        DeliveryState::Refused => (6, "bounced", "Refused"),
        DeliveryState::Unknown => (5, "queued", "Unknown"),
        DeliveryState::Delayed => (4, "queued", "Delayed"),
        DeliveryState::Waiting => (3, "queued", "Waiting"),
        DeliveryState::Cancelled => (2, "queued", "Called off"),
        DeliveryState::Withheld => (0, "queued", "Shadow mode: would have been sent"),
        DeliveryState::Sent => (1, "sent", "Sent"),
    };
    let standing = deliveries.iter().filter(|it| it.set_aside_at.is_none()).map(|it| rank(it.state)).max();
    let (_, class, text) = standing.or_else(|| deliveries.iter().map(|it| rank(it.state)).max())?;
    Some(Chip { class, text })
}
