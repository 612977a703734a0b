//! Rows of `events`: a ticket's history. Written only at the door of `actions`.

use jiff::Timestamp;

use crate::{
    desk::{
        event::EventKind,
        id::{CommentId, PersonId, TicketNumber},
    },
    store::{Result, Tx, ms, on},
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

/// Writes one line.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut Tx, event: &NewEvent, at: Timestamp) -> Result<()> {
    let sql = "insert into events (ticket, at, kind, actor, old, new, comment) values ($1, $2, $3, $4, $5, $6, $7)";
    on!(tx, c => sqlx::query(sql)
        .bind(event.ticket.0).bind(ms(at)).bind(event.kind.as_str()).bind(event.actor.map(|it| it.0))
        .bind(event.old.as_deref()).bind(event.new.as_deref()).bind(event.comment.map(|it| it.0))
        .execute(c).await.map(|_| ()))?;
    Ok(())
}
