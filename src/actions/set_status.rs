//! Moving a ticket along its life.

use crate::{
    actions::{
        Desk, Result,
        correct::{no_spam, takes_answers},
        deliveries::{Unsent, ask_about_unsent},
        door::{Change, enter, expect_version, leave, record, transact},
    },
    desk::{
        id::TicketNumber,
        permission::Act,
        person::{Person, Role},
        ticket::{Assigned, Status},
    },
};

/// Sets the status; a customer may close and reopen their own. `seen`: the version the page showed.
///
/// # Errors
/// What [`crate::actions::ActionError`] lists; `NoSuchStep` for a transition that does not exist; `Unsent` where staff resolve a ticket
/// with a reply that was not sent.
pub async fn set_status(desk: &Desk, actor: &Person, number: TicketNumber, seen: Option<i64>, to: Status) -> Result<()> {
    set_status_knowing(desk, actor, number, seen, to, Unsent::Asks).await
}

/// [`set_status`], saying what is known of replies that were not sent.
///
/// # Errors
/// As [`set_status`].
pub async fn set_status_knowing(
    desk: &Desk,
    actor: &Person,
    number: TicketNumber,
    seen: Option<i64>,
    to: Status,
    unsent: Unsent,
) -> Result<()> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
        let to = match actor.role {
            Role::Admin | Role::Helper => {
                desk.allow(actor, Act::SetStatus(case))?;
                no_spam(&mut tx, number).await?;
                ask_about_unsent(&mut tx, number, to, unsent, now).await?;
                ticket.status.by_staff(to)?
            }
            Role::Customer => {
                desk.allow(actor, Act::CloseOrReopen(case))?;
                takes_answers(&mut tx, number).await?;
                ticket.status.by_customer(to, Assigned::of(ticket.assignee))?
            }
        };
        expect_version(&ticket, seen)?;
        let mut change = Change::of(ticket, Some(actor.id));
        if change.ticket.status != to {
            change.set_status(to, now);
            record(desk, &mut tx, change, now).await?;
        }
        leave(desk, tx).await
    })
    .await
}
