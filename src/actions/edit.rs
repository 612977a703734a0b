//! Priority, subject and mailbox.

use crate::{
    actions::{
        ActionError, Desk, Result,
        change_ticket::{Wanted, change_ticket},
        door::Change,
    },
    desk::{
        event::EventKind,
        id::{MailboxId, TicketNumber},
        person::Person,
        ticket::{Priority, clean_subject},
    },
    store::{Tx, mailboxes, search},
};

/// Sets the priority. `seen`: the version the page showed.
///
/// # Errors
/// What [`crate::actions::ActionError`] lists.
pub async fn set_priority(desk: &Desk, actor: &Person, number: TicketNumber, seen: Option<i64>, to: Priority) -> Result<()> {
    change_ticket(desk, actor, number, seen, &Wanted { priority: Some(to), ..Wanted::default() }).await
}

/// Sets the priority of a ticket that is being changed.
pub(super) fn give_priority(change: &mut Change, to: Priority) {
    let old = std::mem::replace(&mut change.ticket.priority, to);
    if old != to {
        change.changed(EventKind::Priority, Some(old.as_str().to_owned()), Some(to.as_str().to_owned()));
    }
}

/// Gives the ticket another subject; a blank one becomes `(no subject)`. `seen`: the version the page showed.
///
/// # Errors
/// What [`crate::actions::ActionError`] lists.
pub async fn set_subject(desk: &Desk, actor: &Person, number: TicketNumber, seen: Option<i64>, to: &str) -> Result<()> {
    change_ticket(desk, actor, number, seen, &Wanted { subject: Some(to.to_owned()), ..Wanted::default() }).await
}

/// Gives another subject to a ticket that is being changed.
pub(super) async fn give_subject(tx: &mut Tx, change: &mut Change, to: &str) -> Result<()> {
    let to = clean_subject(to);
    let old = std::mem::replace(&mut change.ticket.subject, to.clone());
    if old != to {
        change.changed(EventKind::Subject, Some(old), Some(to));
        search::ticket_changed(tx, change.number()).await?;
    }
    Ok(())
}

/// Moves the ticket to another mailbox: its address answers from then on, its signature, hours and notices hold. What waits to be sent
/// leaves by the mailbox that it was written in, and an answer to either is found. `seen`: the version the page showed.
///
/// # Errors
/// What [`crate::actions::ActionError`] lists; `Invalid` for a mailbox that this desk does not have.
pub async fn move_to_mailbox(desk: &Desk, actor: &Person, number: TicketNumber, seen: Option<i64>, to: MailboxId) -> Result<()> {
    change_ticket(desk, actor, number, seen, &Wanted { mailbox: Some(to), ..Wanted::default() }).await
}

/// Moves a ticket that is being changed to a mailbox that this desk has.
pub(super) async fn give_to_mailbox(desk: &Desk, tx: &mut Tx, change: &mut Change, to: MailboxId) -> Result<()> {
    if change.ticket.mailbox != to && desk.mailboxes.iter().all(|(it, _)| it != to) {
        return Err(no_such_mailbox());
    }
    give_back_to_mailbox(tx, change, to).await
}

/// Moves a ticket that is being changed to where it was, also where this desk has that mailbox no more: another answers for it.
pub(super) async fn give_back_to_mailbox(tx: &mut Tx, change: &mut Change, to: MailboxId) -> Result<()> {
    let from = std::mem::replace(&mut change.ticket.mailbox, to);
    if from != to {
        let new = mailboxes::address(tx, to).await?.ok_or_else(no_such_mailbox)?;
        change.changed(EventKind::Mailbox, mailboxes::address(tx, from).await?, Some(new));
        search::ticket_changed(tx, change.number()).await?;
    }
    Ok(())
}

fn no_such_mailbox() -> ActionError {
    ActionError::Invalid { field: "mailbox", why: "there is no such mailbox any more; choose one of the list".to_owned() }
}
