//! What time does by itself: a ticket resolved long ago and never answered is closed.

use crate::{
    actions::{
        Desk, Result,
        door::{Change, leave, record, transact},
    },
    desk::{
        id::TicketNumber,
        ticket::{Status, Step},
    },
    store::tickets,
};

/// So many in one transaction.
const BATCH: i64 = 50;

/// Closes what was resolved `close_after` ago; those that were closed. Call again until none are left.
///
/// # Errors
/// When the database fails.
pub async fn close_stale(desk: &Desk) -> Result<Vec<TicketNumber>> {
    let now = desk.clock.now();
    let before = now - desk.settings.close_after;
    let due = tickets::to_close(&mut *desk.store.read().await?, before, BATCH).await?;
    if due.is_empty() {
        return Ok(due);
    }
    let due = &due;
    transact(desk, |mut tx| async move {
        let mut closed = Vec::new();
        for ticket in tickets::lock_all(&mut tx, due.iter().copied()).await? {
            let number = ticket.number;
            if ticket.status != Status::Resolved || ticket.status_at > before {
                continue;
            }
            let mut change = Change::of(ticket, None);
            change.step(Step::TimePasses, now);
            record(desk, &mut tx, change, now).await?;
            closed.push(number);
        }
        fail_point!("stale-commit");
        leave(desk, tx).await?;
        fail_point!("stale-closed");
        Ok(closed)
    })
    .await
}
