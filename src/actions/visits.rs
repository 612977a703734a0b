//! How far each of the staff has read a ticket.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::timeout;

use crate::{
    actions::{Desk, Result, door::transact},
    desk::{
        id::{CommentId, TicketNumber},
        person::Person,
    },
    store::visits::{self, Visit},
};

/// Whoever comes back to a page so soon is still at the same visit: what was new is still shown as new.
const ONE_VISIT: SignedDuration = SignedDuration::from_mins(10);

/// So long a page waits until its visit is written down.
const PATIENCE: Duration = Duration::from_millis(250);

/// What somebody has seen who has never looked: at their first visit nothing is told from the rest.
const NOTHING: CommentId = CommentId(0);

/// `actor` looks at a ticket whose last comment is this one. What is behind the comment that is answered is new to them; none: they never
/// looked before.
///
/// # Errors
/// When the database fails.
pub async fn look(desk: &Desk, actor: &Person, ticket: TicketNumber, last: CommentId) -> Result<Option<CommentId>> {
    let now = desk.clock.now();
    let known = visits::of(&mut *desk.store.read().await?, actor.id, ticket).await?;
    let new = match known {
        Some(visit) if visit.seen >= last => {
            let behind = if now.duration_since(visit.at) < ONE_VISIT { visit.earlier } else { visit.seen };
            return Ok(Some(behind).filter(|it| *it > NOTHING));
        }
        // Whatever came in between while they were at it, the visit began where it began.
        Some(visit) if now.duration_since(visit.at) < ONE_VISIT && visit.earlier > NOTHING => Visit { seen: last, at: now, ..visit },
        Some(visit) => Visit { seen: last, earlier: visit.seen, at: now },
        None => Visit { seen: last, earlier: NOTHING, at: now },
    };
    // A page is not held up by a long change, nor by a full disk: then the visit is not counted.
    match timeout(PATIENCE, put(desk, actor, ticket, new)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!("a visit is not counted: {error}"),
        Err(_) => tracing::debug!("a visit is not counted: the database is busy"),
    }
    Ok(known.map(|_| new.earlier).filter(|it| *it > NOTHING))
}

/// The ticket is as unread to `actor` as if its last comment, of which they say that it is this one, had come since.
///
/// # Errors
/// When the database fails.
pub async fn mark_unread(desk: &Desk, actor: &Person, ticket: TicketNumber, last: CommentId) -> Result<()> {
    let before = CommentId(last.0 - 1);
    put(desk, actor, ticket, Visit { seen: before, earlier: before, at: desk.clock.now() }).await
}

async fn put(desk: &Desk, actor: &Person, ticket: TicketNumber, visit: Visit) -> Result<()> {
    transact(desk, |mut tx| async move {
        visits::put(&mut tx, actor.id, ticket, visit).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}
