//! Where the tickets of imported threads end.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::{
    actions::{
        Desk, Result,
        door::{Change, record},
        receive_message::{Came, Outcome},
    },
    desk::{id::TicketNumber, ticket::Status},
    store::{Tx, events, tickets},
};

/// What is no older is news: whoever wrote it waits for an answer, also where this desk has not met it in the mailbox yet.
const NEWS: SignedDuration = SignedDuration::from_hours(24);

/// Sets the status of each ticket that these messages opened, or opened again, as of its last message. One that people work on at this desk
/// stays as it is, and so does one whose last message is of the last day.
pub(super) async fn end(desk: &Desk, tx: &mut Tx, ends: Status, outcomes: &[(Outcome, Timestamp)]) -> Result<()> {
    if ends.is_active() {
        return Ok(());
    }
    let mut of_tickets: BTreeMap<TicketNumber, Vec<Timestamp>> = BTreeMap::new();
    for (outcome, at) in outcomes {
        if let Some(number) = outcome.ticket {
            of_tickets.entry(number).or_default().push(*at);
        }
    }
    for (number, times) in of_tickets {
        let Some(ticket) = tickets::lock(tx, number).await? else { continue };
        let Some(last) = times.iter().max().copied().filter(|it| *it < desk.clock.now() - NEWS) else { continue };
        let is_by_these = ticket.status.is_active() && times.contains(&ticket.status_at);
        if is_by_these && events::is_of_an_import(tx, number).await? {
            let mut change = Change::of(ticket, None);
            change.came = Came::Before;
            change.set_status_untold(ends, last);
            record(desk, tx, change, last).await?;
        }
    }
    Ok(())
}
