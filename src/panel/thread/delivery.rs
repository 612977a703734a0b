//! Where a reply stands with each of its recipients, as the conversation shows it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    desk::{
        comment::Origin,
        delivery::DeliveryState,
        id::{CommentId, PersonId},
        reason,
    },
    panel::{error::sentence, words::until},
    store::conversation::{Delivery, Mailed, Said},
};

/// A comment on its way to those whom it is mailed to.
#[derive(Clone, Copy)]
pub(in crate::panel) struct Way<'a> {
    pub id: CommentId,
    origin: Origin,
    /// Whoever looks wrote it.
    own: bool,
    deliveries: &'a [Delivery],
}

/// Of what a page shows.
pub(in crate::panel) fn way(said: &Said, viewer: PersonId) -> Way<'_> {
    let own = said.author.as_ref().is_some_and(|it| it.id == viewer);
    Way { id: said.id, origin: said.origin, own, deliveries: &said.deliveries }
}

/// Of what is looked at again while the page is open.
pub(in crate::panel) fn way_of(mailed: &Mailed, viewer: PersonId) -> Way<'_> {
    Way { id: mailed.id, origin: mailed.origin, own: mailed.author == Some(viewer), deliveries: &mailed.deliveries }
}

/// What changes about a message while its page is open.
#[derive(Serialize)]
pub(in crate::panel) struct Standing {
    id: i64,
    deliv: Option<Chip>,
    failures: Vec<Failure>,
    undo: Option<String>,
}

impl Way<'_> {
    pub fn standing(&self, now: Timestamp) -> Standing {
        let deliv = if self.origin == Origin::Staff { chip(self.deliveries) } else { None };
        Standing { id: self.id.0, deliv, failures: failures(self.deliveries, now), undo: self.undo(now) }
    }

    /// Still held back, and one's own: until when.
    pub fn undo(&self, now: Timestamp) -> Option<String> {
        let stays = |it: &Delivery| matches!(it.state, DeliveryState::Waiting | DeliveryState::Withheld);
        let held = |it: &Delivery| it.held_back.is_none() && stays(it) && it.attempts == 0 && it.next_at > now;
        let leaves = self.deliveries.iter().map(|it| it.next_at).min()?;
        (self.own && self.deliveries.iter().all(held)).then(|| until(leaves, now))
    }

    /// The next moment at which it stands otherwise by itself, or is tried; none: it rests.
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let moves = |it: &&Delivery| it.state.is_open() || it.state == DeliveryState::Withheld && it.next_at > now;
        self.deliveries.iter().filter(|it| it.held_back.is_none()).filter(moves).map(|it| it.next_at).min()
    }

    /// The same as long as the page shows the same of it, but for how long it is until something.
    pub fn mark(&self, now: Timestamp) -> u64 {
        let mut mark = DefaultHasher::new();
        (self.id.0, self.undo(now).is_some()).hash(&mut mark);
        for it in self.deliveries {
            let word = (it.state.as_str(), it.next_at.as_millisecond(), &it.words, &it.held_back);
            (it.id.0, it.attempts, it.set_aside_at.is_some(), word).hash(&mut mark);
        }
        mark.finish()
    }

    /// Nothing more is to come of it, and nothing is to be done about it.
    fn rests(&self, now: Timestamp) -> bool {
        let rests = |it: &Delivery| {
            it.held_back.is_none() && matches!(it.state, DeliveryState::Sent | DeliveryState::Cancelled | DeliveryState::Withheld)
        };
        self.undo(now).is_none() && self.deliveries.iter().all(rests)
    }
}

/// All that do not rest, in a word: a page says what it shows, and its stream knows by it whether that is still so.
pub(in crate::panel) fn standing<'a>(ways: impl IntoIterator<Item = Way<'a>>, now: Timestamp) -> String {
    let mut all = DefaultHasher::new();
    for way in ways.into_iter().filter(|it| !it.rests(now)) {
        way.mark(now).hash(&mut all);
    }
    format!("{:x}", all.finish())
}

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
