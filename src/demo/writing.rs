//! What the people of the demo have ready for writing: saved replies, and what stands below their replies.

use anyhow::Context as _;

use crate::{
    actions::{Desk, saved_replies, signatures},
    desk::person::Role,
    store::{people, saved_replies::Saving},
};

/// Name, mailbox (none: all), text.
const SAVED: [(&str, Option<&str>, &str); 5] = [
    (
        "Recovery mode, step by step",
        None,
        "Hello {{ customer.first_name }},\n\nplease hold the reset button until the LED turns amber (about 20 seconds), then let go and wait two minutes. In the app choose “Add station → I have a serial number”.\n\nDoes it come up after that?",
    ),
    (
        "Replacement on its way",
        None,
        "Hello {{ customer.first_name }},\n\na replacement leaves our store today. Put the old one into the box that it comes in; the label for the way back is inside.\n\nWrite #{{ ticket.number }} on the note, and we find it at once.",
    ),
    (
        "Corrected invoice",
        Some("billing"),
        "Hello {{ customer.first_name }},\n\nwe have made the invoice anew with the address that you sent. It is attached; the old one is void.",
    ),
    ("Anything else?", None, "Is there anything else that we can do for you?"),
    (
        "Delete an account: who asks?",
        None,
        "Hello {{ customer.first_name }},\n\nbefore we delete an account we make sure that it is yours. Please answer from {{ customer.email }} with the serial number of one of your stations.",
    ),
];

/// Keeps them.
pub(super) async fn prepare(desk: &Desk) -> anyhow::Result<()> {
    let staff = people::active_staff(&mut *desk.store.read().await?).await?;
    let admin = staff.iter().find(|it| it.role == Role::Admin).context("the demo has an admin")?;
    for (name, mailbox, body) in SAVED {
        let mailbox = mailbox.and_then(|name| desk.mailboxes.iter().find(|(_, it)| it.name == name)).map(|(id, _)| id);
        saved_replies::add(desk, admin, &Saving { owner: None, mailbox, name: name.to_owned(), body: body.to_owned() }).await?;
    }
    for (id, _) in desk.mailboxes.iter() {
        signatures::set_of_mailbox(desk, admin, id, "{{ helper.name }}\n{{ company }}").await?;
    }
    Ok(())
}
