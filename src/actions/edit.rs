//! Priority and subject.

use crate::{
    actions::{
        Desk, Result,
        door::{Change, enter, expect_version, leave, record, transact},
    },
    desk::{
        event::EventKind,
        id::TicketNumber,
        permission::Act,
        person::Person,
        ticket::{Priority, clean_subject},
    },
    store::search,
};

/// Sets the priority. `seen`: the version the page showed.
///
/// # Errors
/// What [`crate::actions::ActionError`] lists.
pub async fn set_priority(desk: &Desk, actor: &Person, number: TicketNumber, seen: Option<i64>, to: Priority) -> Result<()> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
        desk.allow(actor, Act::Edit(case))?;
        expect_version(&ticket, seen)?;
        let mut change = Change::of(ticket, Some(actor.id));
        let old = std::mem::replace(&mut change.ticket.priority, to);
        if old != to {
            change.changed(EventKind::Priority, Some(old.as_str().to_owned()), Some(to.as_str().to_owned()));
            record(desk, &mut tx, change, now).await?;
        }
        leave(desk, tx).await
    })
    .await
}

/// Gives the ticket another subject; a blank one becomes `(no subject)`. `seen`: the version the page showed.
///
/// # Errors
/// What [`crate::actions::ActionError`] lists.
pub async fn set_subject(desk: &Desk, actor: &Person, number: TicketNumber, seen: Option<i64>, to: &str) -> Result<()> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
        desk.allow(actor, Act::Edit(case))?;
        expect_version(&ticket, seen)?;
        let to = clean_subject(to);
        let mut change = Change::of(ticket, Some(actor.id));
        let old = std::mem::replace(&mut change.ticket.subject, to.clone());
        if old != to {
            change.changed(EventKind::Subject, Some(old), Some(to.clone()));
            search::ticket_changed(&mut tx, number).await?;
            record(desk, &mut tx, change, now).await?;
        }
        leave(desk, tx).await
    })
    .await
}
