//! Rows of `events`: a ticket's history. Written only at the door of `actions`.

use jiff::Timestamp;

use crate::{
    desk::{
        event::EventKind,
        id::{CommentId, PersonId, TicketNumber},
    },
    store::Tx,
};

/// One line of the history.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Whose history.
    pub ticket: TicketNumber,
    /// What happened.
    pub kind: EventKind,
    /// Who did it; none: maildesk itself.
    pub actor: Option<PersonId>,
    /// What it was.
    pub old: Option<String>,
    /// What it is now.
    pub new: Option<String>,
    /// The comment it is about.
    pub comment: Option<CommentId>,
}

/// Writes one line; nothing in its transaction reads it again.
pub fn insert(tx: &mut Tx, event: NewEvent, at: Timestamp) {
    tx.later.events.push((event, at));
}
