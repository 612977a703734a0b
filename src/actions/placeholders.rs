//! Placeholders of saved replies and signatures, filled in for one ticket and whoever writes on it.

use crate::{
    actions::{Desk, Result},
    desk::{
        comment::CommentText,
        person::Person,
        placeholder::{Placeholder, fill, first_name},
        ticket::Ticket,
    },
    store::{
        Conn, people,
        signatures::{self, Habits},
    },
};

/// A text as `actor` would send it on `ticket`.
pub(super) async fn filled(desk: &Desk, conn: &mut Conn, actor: &Person, ticket: &Ticket, text: &str) -> Result<String> {
    if !text.contains("{{") {
        return Ok(text.to_owned());
    }
    let customer = people::get(conn, ticket.requester).await?;
    let (name, email) = customer.map_or_else(Default::default, |it| (it.name, it.email.to_string()));
    let mailbox = desk.mailboxes.answering(ticket.mailbox).map(|(_, it)| it);
    Ok(fill(text, |placeholder| match placeholder {
        Placeholder::CustomerName => name.clone(),
        Placeholder::CustomerFirstName => first_name(&name).to_owned(),
        Placeholder::CustomerEmail => email.clone(),
        Placeholder::TicketNumber => ticket.number.to_string(),
        Placeholder::TicketSubject => ticket.subject.clone(),
        Placeholder::HelperName => actor.name.clone(),
        Placeholder::HelperFirstName => first_name(&actor.name).to_owned(),
        Placeholder::MailboxName => mailbox.map(|it| it.display_name.clone()).unwrap_or_default(),
        Placeholder::MailboxAddress => mailbox.map(|it| it.address.to_string()).unwrap_or_default(),
        Placeholder::Company => desk.settings.name.clone(),
    }))
}

/// What stands below a reply of `actor` on `ticket`: their own, else what the mailbox says; empty: nothing.
///
/// # Errors
/// When the database refuses.
pub async fn signature(desk: &Desk, conn: &mut Conn, actor: &Person, ticket: &Ticket) -> Result<String> {
    let habits = signatures::habits(conn, actor.id).await?;
    signature_by(&habits, desk, conn, actor, ticket).await
}

/// [`signature`] of somebody whose habits are known.
///
/// # Errors
/// When the database refuses.
pub async fn signature_by(habits: &Habits, desk: &Desk, conn: &mut Conn, actor: &Person, ticket: &Ticket) -> Result<String> {
    let own = habits.signature.trim();
    let text = if own.is_empty() { signatures::of_mailbox(conn, ticket.mailbox).await? } else { own.to_owned() };
    Ok(filled(desk, conn, actor, ticket, text.trim()).await?.trim().to_owned())
}

/// The signature, unless the words end with it already.
pub(super) fn signature_below<'s>(text: &CommentText, signature: &'s str) -> &'s str {
    if text.as_str().trim_end().ends_with(signature) { "" } else { signature }
}
