//! Reading a held message, without making anything of it.

use serde::{Deserialize, Serialize};

use crate::{
    actions::{ActionError, Desk, Result, facts},
    desk::{
        id::{LedgerId, TicketNumber},
        message::{IncomingAttachment, IncomingMessage},
        permission::{Act, scope},
        person::Person,
    },
    mail::parse,
    store::{
        Conn,
        held::{self, HeldMail},
        participants, people, queue, tickets,
    },
};

/// As much of a text as the list shows; characters.
const EXCERPT: usize = 240;

/// So many tickets are offered for a message to be joined to.
const OFFERED: usize = 6;

/// A message that was ever held, if it is `actor`'s to see: what is on a ticket by now is theirs who may see that ticket.
///
/// # Errors
/// What [`ActionError`] lists; missing for a message that was never held, and for one on a ticket out of reach.
pub async fn find_held(desk: &Desk, conn: &mut Conn, actor: &Person, id: LedgerId) -> Result<HeldMail> {
    const MISSING: ActionError = ActionError::Missing("held message");
    desk.allow(actor, Act::WorkHeldMail)?;
    let mail = held::get(conn, id).await?.ok_or(MISSING)?;
    if let Some(number) = mail.ticket {
        let ticket = tickets::get(conn, number).await?.ok_or(MISSING)?;
        let case = participants::case(conn, &ticket, actor.id).await?;
        desk.allow(actor, Act::See(case)).map_err(|_| MISSING)?;
    }
    Ok(mail)
}

/// What a held message says, read from its octets: as much of it as is here. Nothing of it is run or fetched.
///
/// # Errors
/// What [`ActionError`] lists; missing for a message that was never held.
pub async fn read_held(desk: &Desk, actor: &Person, id: LedgerId) -> Result<IncomingMessage> {
    let mut conn = desk.store.read().await?;
    let row = find_held(desk, &mut conn, actor, id).await?;
    let raw = desk.store.blobs().get(&mut conn, &row.sha256).await?.ok_or(ActionError::Missing("message"))?;
    drop(conn);
    let mut message = tokio::task::block_in_place(|| parse::timed::read(raw));
    message.never_for(|it| desk.mailboxes.is_ours(it));
    Ok(message)
}

/// An attachment as the list names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldFile {
    /// Safe to show.
    pub name: String,
    /// Bytes, decoded.
    pub size: u64,
}

/// The attachments, in the order of the message.
#[must_use]
pub fn files(message: &IncomingMessage) -> Vec<HeldFile> {
    let file = |(at, it): (usize, &IncomingAttachment)| HeldFile { name: it.shown_name(at), size: it.bytes.len() as u64 };
    message.attachments.iter().enumerate().map(file).collect()
}

/// The start of what it says, on one line.
#[must_use]
pub fn excerpt(message: &IncomingMessage) -> String {
    let words = if message.reply.trim().is_empty() { &message.text } else { &message.reply };
    let start: String = words.chars().take(EXCERPT * 4).collect();
    start.replace('\0', "").split_whitespace().collect::<Vec<_>>().join(" ").chars().take(EXCERPT).collect()
}

/// A ticket that a held message may belong to.
#[derive(Clone, Debug)]
pub struct Offered {
    /// The ticket, which this person may see.
    pub ticket: queue::QueueRow,
    /// What speaks for it.
    pub because: &'static str,
}

/// The tickets within reach that a message may belong to: those that it names, then the latest of its sender. Not one that
/// nothing is on: its only message was taken back, or is on the ticket that it was merged into.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn offered(desk: &Desk, actor: &Person, message: &IncomingMessage) -> Result<Vec<Offered>> {
    desk.allow(actor, Act::WorkHeldMail)?;
    let scope = scope(actor, desk.rules());
    let mut conn = desk.store.read().await?;
    let evidence = facts::evidence(desk, &mut conn, message).await?;
    let named = [
        (evidence.reply_address.map(|it| it.ticket), "it was sent to this ticket’s reply address"),
        (evidence.our_id.map(|it| it.ticket), "it answers our mail"),
        (evidence.taken_in, "it answers a mail that is on it"),
        (evidence.tag, "its subject names it"),
    ];
    let mut offered: Vec<Offered> = Vec::new();
    for (number, because) in named.into_iter().filter_map(|(number, because)| Some((number?, because))) {
        let known = offered.iter().any(|it| it.ticket.number == number);
        let found = if known { Vec::new() } else { queue::these(&mut conn, &[number], scope).await? };
        offered.extend(found.into_iter().filter(|it| it.comments > 0).map(|ticket| Offered { ticket, because }));
    }
    let sender = match message.author() {
        Some(named) => people::by_email(&mut conn, &named.address).await?,
        None => None,
    };
    if let Some(sender) = sender.filter(|it| !it.role.is_staff()) {
        let theirs = queue::of_requester(&mut conn, sender.id, scope, OFFERED as i64).await?;
        let new: Vec<TicketNumber> = offered.iter().map(|it| it.ticket.number).collect();
        let theirs = theirs.into_iter().filter(|it| it.comments > 0 && !new.contains(&it.number));
        offered.extend(theirs.map(|ticket| Offered { ticket, because: "its sender opened it" }));
    }
    offered.truncate(OFFERED);
    Ok(offered)
}
