//! Another address for somebody. Their own wish takes effect once a link that was mailed there was followed; an admin's at once.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        audit::{self, Line, Who, named},
        door::{leave, transact},
        own_letter::{OwnLetter, Readers},
        people::{By, mail_from, make_link_to, person},
    },
    auth::link::Purpose,
    desk::{
        address::EmailAddress,
        audit::AuditKind,
        id::{MailboxId, PersonId},
        loop_guard::nobody_reads,
        person::{Person, PersonState, clean_name},
    },
    mail::compose::Content,
    store::{Tx, addresses, links, outbox::Automatic, people},
};

/// Mails a link to the address that somebody wants to have. Nothing changes until it is followed, and whether somebody has the address
/// already is told then, to whoever reads its mail.
///
/// # Errors
/// Invalid for an address that nobody can have here; conflict where the desk can send no mail.
pub async fn ask_for_address(desk: &Desk, who: &Person, to: &EmailAddress) -> Result<()> {
    may_be_had(desk, who, to)?;
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let link = make_link_to(desk, &mut tx, who, (Purpose::Address, Some(to)), now).await?;
        let mailbox = mail_from(desk, "ask an admin to change it for you")?;
        // Whoever reads mail there may never have heard of us: it repeats no name that whoever asks has chosen.
        let there = Person { name: clean_name("", to), email: to.clone(), ..who.clone() };
        post(desk, &mut tx, &there, mailbox, Content::Address { link: Some(&link.0), address: to.as_str() }, now).await?;
        leave(desk, tx).await
    })
    .await
}

/// What a link of this kind is for.
#[derive(Clone, Debug)]
pub struct AskedFor {
    /// Whose address it changes.
    pub who: Person,
    /// To which.
    pub to: EmailAddress,
    /// Whether it was followed, and they have it.
    pub done: bool,
}

/// What a link is for; none: it opens nothing.
///
/// # Errors
/// When the database refuses.
pub async fn asked_for(desk: &Desk, token_hash: &str) -> Result<Option<AskedFor>> {
    let mut conn = desk.store.read().await?;
    let Some((link, to)) = links::get(&mut conn, token_hash).await?.and_then(wanted) else { return Ok(None) };
    let Some(who) = people::get(&mut conn, link.person).await?.filter(|it| it.state == PersonState::Active) else { return Ok(None) };
    let done = link.used_at.is_some() && who.email.folded() == to.folded();
    let opens = link.used_at.is_none() && desk.clock.now() < link.expires_at;
    Ok((done || opens).then_some(AskedFor { who, to, done }))
}

fn wanted(link: links::Link) -> Option<(links::Link, EmailAddress)> {
    let to = link.address.clone().filter(|_| Purpose::parse(&link.purpose) == Some(Purpose::Address))?;
    Some((link, to))
}

/// Uses a link up: from now on `who`, who asked for it, has the address that it was mailed to. Reading mail there is not enough: an
/// address may have been mistyped.
///
/// # Errors
/// Forbidden to anybody else; conflict when the link was used or has expired, or when somebody else has the address.
pub async fn follow_address_link(desk: &Desk, who: &Person, token_hash: &str) -> Result<()> {
    let now = desk.clock.now();
    let over = || ActionError::Conflict("this link was used already, or it has expired; ask for a new one in your profile".to_owned());
    transact(desk, |mut tx| async move {
        let (link, to) = links::get(&mut tx, token_hash).await?.and_then(wanted).ok_or_else(over)?;
        if link.person != who.id {
            return Err(ActionError::Forbidden);
        }
        if now >= link.expires_at || !links::use_up(&mut tx, token_hash, now).await? {
            return Err(over());
        }
        let who = held(&mut tx, link.person).await?;
        if who.state != PersonState::Active {
            return Err(over());
        }
        links::forget_others(&mut tx, who.id, token_hash).await?;
        change(desk, &mut tx, Who::from(&who), &who, &to, now).await?;
        leave(desk, tx).await
    })
    .await
}

/// Gives somebody another address at once. Whether it is another.
///
/// # Errors
/// What [`ActionError`] lists; invalid for an address that nobody can have here; conflict when somebody else has it.
pub async fn set_address(desk: &Desk, by: By<'_>, id: PersonId, to: &EmailAddress) -> Result<bool> {
    by.allow(desk)?;
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let who = held(&mut tx, id).await?;
        if who.email.folded() == to.folded() {
            return Ok(false);
        }
        may_be_had(desk, &who, to)?;
        links::forget_others(&mut tx, who.id, "").await?;
        change(desk, &mut tx, Who::from(by), &who, to, now).await?;
        leave(desk, tx).await?;
        Ok(true)
    })
    .await
}

/// Somebody whom nobody else erases or changes until the transaction ends: no address that they had is forgotten.
async fn held(tx: &mut Tx, id: PersonId) -> Result<Person> {
    people::lock(tx, id).await?;
    person(tx, id).await
}

fn may_be_had(desk: &Desk, who: &Person, to: &EmailAddress) -> Result<()> {
    let why = if who.email.folded() == to.folded() {
        "this is the address already; type another"
    } else if desk.mailboxes.is_ours(to) {
        "this is an address of the desk itself, which nobody has for their own; type another"
    } else if nobody_reads(to) {
        "nobody reads mail to such an address; type one that is read"
    } else {
        return Ok(());
    };
    Err(ActionError::Invalid { field: "email", why: why.to_owned() })
}

/// A mail to the old address says what happened. Links that lie there are to be forgotten first.
async fn change(desk: &Desk, tx: &mut Tx, by: Who<'_>, who: &Person, to: &EmailAddress, now: Timestamp) -> Result<()> {
    let taken = || {
        let why = format!("somebody has the address {to} already, perhaps because mail came from it; nothing was changed");
        ActionError::Conflict(why)
    };
    if people::by_email_held(tx, to).await?.is_some() {
        return Err(taken());
    }
    addresses::change(tx, who, to, now).await.map_err(|error| if error.is_taken() { taken() } else { error.into() })?;
    let line = Line::of(AuditKind::User, named(who), "changed the address").from(&who.email).to(to);
    audit::note(tx, by, line, now).await?;
    if let Some((mailbox, _)) = desk.mailboxes.sending() {
        post(desk, tx, who, mailbox, Content::Address { link: None, address: to.as_str() }, now).await?;
    }
    Ok(())
}

async fn post(desk: &Desk, tx: &mut Tx, to: &Person, mailbox: MailboxId, content: Content<'_>, now: Timestamp) -> Result<()> {
    let to = Readers::People(std::slice::from_ref(to));
    let mail = OwnLetter { kind: "address", content, ticket: None, to, automatic: Automatic::No };
    mail.post(desk, tx, mailbox, now).await.map(drop)
}
