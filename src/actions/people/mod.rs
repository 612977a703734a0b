//! What may be done with people's accounts. Whatever takes a right away ends their sessions in the same transaction.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        assign::give,
        door::{Change, record},
        own_letter::{OwnLetter, Readers},
    },
    auth::link::{NewLink, Purpose},
    desk::{
        address::EmailAddress,
        id::{MailboxId, PersonId, TicketNumber},
        permission::Act,
        person::{Person, PersonState, clean_name},
        ticket::Status,
    },
    mail::compose::{Content, LinkPurpose},
    store::{Tx, erasures, links, outbox::Automatic, people, tickets},
};

mod access;
mod add;
mod address;
mod change;
mod sign_in_link;

pub use access::{reset_password, reset_two_factor, set_password, sign_out_everywhere};
pub use add::{NewUser, Start, add};
pub use address::{AskedFor, ask_for_address, asked_for, follow_address_link, set_address};
pub use change::{disable, enable, rename, set_role};
pub use sign_in_link::{follow_sign_in_link, send_sign_in_link};

/// Who manages people.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    /// An admin on the panel.
    Admin(&'a Person),
    /// Whoever has the shell of the machine, and with it the database.
    Shell,
}

impl<'a> By<'a> {
    pub(in crate::actions) fn allow(self, desk: &Desk) -> Result<()> {
        match self {
            Self::Admin(person) => desk.allow(person, Act::Manage),
            Self::Shell => Ok(()),
        }
    }

    /// As a mail names them.
    fn name(self, desk: &'a Desk) -> &'a str {
        match self {
            Self::Admin(person) => &person.name,
            Self::Shell => &desk.settings.name,
        }
    }

    pub(in crate::actions) fn id(self) -> Option<PersonId> {
        match self {
            Self::Admin(person) => Some(person.id),
            Self::Shell => None,
        }
    }
}

/// A link that was made, to be handed on where mail cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeLink(pub String);

/// Somebody whose account can be changed.
async fn person(tx: &mut Tx, id: PersonId) -> Result<Person> {
    if erasures::of(tx, id).await?.is_some() {
        return Err(ActionError::Conflict("this customer was erased; nothing is left to change".to_owned()));
    }
    people::get(tx, id).await?.ok_or(ActionError::Missing("person"))
}

/// The name that was typed, fit to show.
fn typed_name(name: &str, email: &EmailAddress) -> Result<String> {
    if name.trim().is_empty() {
        return Err(ActionError::Invalid { field: "name", why: "a name is missing; write it as customers are to see it".to_owned() });
    }
    Ok(clean_name(name, email))
}

/// Makes a link of this purpose for somebody; a former one of the same purpose opens nothing any more.
async fn make_link(desk: &Desk, tx: &mut Tx, to: &Person, purpose: Purpose, now: Timestamp) -> Result<MadeLink> {
    make_link_to(desk, tx, to, (purpose, None), now).await
}

/// [`make_link`], of an address that it is about.
async fn make_link_to(
    desk: &Desk,
    tx: &mut Tx,
    to: &Person,
    (purpose, address): (Purpose, Option<&EmailAddress>),
    now: Timestamp,
) -> Result<MadeLink> {
    let link = NewLink::new(purpose, now);
    let row = links::Link {
        purpose: purpose.as_str().to_owned(),
        person: to.id,
        address: address.cloned(),
        expires_at: link.expires_at,
        used_at: None,
    };
    links::insert(tx, &link.token_hash, &row).await?;
    let page = match purpose {
        Purpose::Invitation | Purpose::Reset => "/invite",
        Purpose::SignIn => "/login/link",
        Purpose::Address => "/address",
    };
    Ok(MadeLink(desk.url.page(&format!("{page}/{}", link.token))))
}

/// The desk's first mailbox that sends. `instead`: what to do where there is none.
fn mail_from(desk: &Desk, instead: &str) -> Result<MailboxId> {
    if let Some((mailbox, _)) = desk.mailboxes.sending() {
        return Ok(mailbox);
    }
    let some = desk.mailboxes.iter().next().is_some();
    let why = if some { "every mailbox is paused, or in shadow mode" } else { "no mailbox is configured" };
    Err(ActionError::Conflict(format!("{why}, so that no link can be mailed; {instead}")))
}

/// Mails a link that lets somebody in.
async fn mail_link(desk: &Desk, tx: &mut Tx, by: By<'_>, to: &Person, purpose: LinkPurpose, link: &MadeLink, now: Timestamp) -> Result<()> {
    let mailbox = mail_from(desk, "hand one on yourself, or give a password")?;
    let holds = match purpose {
        LinkPurpose::Invitation => "three days",
        LinkPurpose::Reset | LinkPurpose::SignIn => "an hour",
    };
    let content = Content::Link { purpose, link: &link.0, by: by.name(desk), holds };
    let to = Readers::People(std::slice::from_ref(to));
    let mail = OwnLetter { kind: "link", content, ticket: None, to, automatic: Automatic::No };
    mail.post(desk, tx, mailbox, now).await.map(drop)
}

/// What somebody has that is Open or In Progress goes back to nobody, each with its line in the history. What is resolved or closed says
/// who did it, and stays theirs until it is opened again (`actions/door.rs`).
async fn hand_back_work(desk: &Desk, tx: &mut Tx, by: By<'_>, who: PersonId, now: Timestamp) -> Result<Vec<TicketNumber>> {
    let numbers = tickets::in_the_hands_of(tx, who).await?;
    for number in &numbers {
        let Some(ticket) = tickets::lock(tx, *number).await? else { continue };
        let mut change = Change::of(ticket, by.id());
        give(&mut change, None);
        match change.ticket.status {
            Status::InProgress => change.set_status(Status::Open, now),
            Status::Open | Status::Resolved | Status::Closed => {}
        }
        record(desk, tx, change, now).await?;
    }
    Ok(numbers)
}

/// Whether tickets can stay in their hands.
fn keeps_work(person: &Person) -> bool {
    person.role.is_staff() && person.state == PersonState::Active
}
