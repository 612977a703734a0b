//! What became of a mail for one recipient: told by a report, sent again or called off by a person.

use jiff::{SignedDuration, Timestamp};

use crate::{
    actions::{
        ActionError, Desk, Result,
        correct::no_spam,
        door::{Change, enter_merged, leave, record, transact},
        own_letter::{OwnLetter, Readers},
    },
    desk::{
        address::EmailAddress,
        comment::PublicText,
        delivery::DeliveryState,
        event::EventKind,
        id::{DeliveryId, OutboxId, TicketNumber},
        message::{DeliveryReport, ReportedAction, ReportedRecipient},
        permission::Act,
        person::{NoticeKind, Notify, Person, Role},
        ticket::Status,
    },
    mail::compose::Content,
    store::{
        StoreError, Tx, comments,
        digest_lines::{self, DigestLine},
        not_sent::{self, Since},
        outbox::{self, Automatic, DeliveryRow, Outcome, Told},
        people, tickets,
    },
};

/// Sends one recipient's copy again, now: the same octets under the same Message-ID.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Conflict`] when it was sent already, or is being sent.
pub async fn retry(desk: &Desk, actor: &Person, id: DeliveryId) -> Result<()> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let row = theirs(desk, &mut tx, actor, id, now).await?;
        if row.leased {
            return Err(ActionError::Conflict("it is being handed to the mail server just now".to_owned()));
        }
        if row.state == DeliveryState::Sent.as_str() {
            return Err(ActionError::Conflict("the mail server has it already; write a new reply to say it again".to_owned()));
        }
        if row.state == DeliveryState::Withheld.as_str() {
            let why = "its mailbox was in shadow mode when it was written, so it is never sent; write it anew to send it";
            return Err(ActionError::Conflict(why.to_owned()));
        }
        has_octets(&mut tx, &row).await?;
        if was_taken_back(&mut tx, &row).await? {
            return Err(ActionError::Conflict("this reply was taken back; write it anew to send it".to_owned()));
        }
        if let Some(number) = row.ticket
            && let Some(ticket) = tickets::standing(&mut tx, number).await?
        {
            no_spam(&mut tx, ticket.number).await?;
        }
        let what = Outcome { state: DeliveryState::Waiting.as_str(), words: "", next_at: Some(now) };
        outbox::put(&mut tx, id, &what, now).await?;
        leave(desk, tx).await
    })
    .await
}

/// Calls one recipient's copy off; nothing more is tried.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Conflict`] when it is settled already, or is being sent.
pub async fn cancel(desk: &Desk, actor: &Person, id: DeliveryId) -> Result<()> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let row = theirs(desk, &mut tx, actor, id, now).await?;
        if row.leased {
            return Err(ActionError::Conflict("it is being handed to the mail server just now".to_owned()));
        }
        if !DeliveryState::parse(&row.state).is_some_and(DeliveryState::is_open) {
            return Err(ActionError::Conflict(format!("it is {} already", row.state)));
        }
        let words = format!("called off by {}", actor.name);
        let what = Outcome { state: DeliveryState::Cancelled.as_str(), words: &words, next_at: None };
        outbox::put(&mut tx, id, &what, now).await?;
        leave(desk, tx).await
    })
    .await
}

/// Nothing more is to be done about one recipient's copy that failed: it leaves the list of what was not sent, and its state stays.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Conflict`] when it is still tried.
pub async fn set_aside(desk: &Desk, actor: &Person, id: DeliveryId) -> Result<()> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let row = theirs(desk, &mut tx, actor, id, now).await?;
        match DeliveryState::parse(&row.state) {
            Some(DeliveryState::Refused | DeliveryState::Bounced) => {}
            Some(DeliveryState::Waiting | DeliveryState::Delayed | DeliveryState::Unknown) => {
                return Err(ActionError::Conflict("it is still tried; call it off if it is not to arrive".to_owned()));
            }
            Some(DeliveryState::Sent | DeliveryState::Cancelled | DeliveryState::Withheld) | None => {
                return Err(ActionError::Conflict(format!("it is {} already", row.state)));
            }
        }
        outbox::set_aside(&mut tx, id, actor.id, now).await?;
        leave(desk, tx).await
    })
    .await
}

/// Sends a copy that did not arrive to another address, as it is and under the same Message-ID. Who takes part stays as it is; the
/// copy that did not arrive keeps its state, and one that is still tried is called off.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Invalid`] for an address that it cannot go to.
pub async fn send_elsewhere(desk: &Desk, actor: &Person, id: DeliveryId, to: &EmailAddress) -> Result<()> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let row = theirs(desk, &mut tx, actor, id, now).await?;
        has_octets(&mut tx, &row).await?;
        let number = may_go_elsewhere(desk, &mut tx, &row, to, now).await?;
        if DeliveryState::parse(&row.state).is_some_and(DeliveryState::is_open) {
            let words = format!("called off by {}: sent to {to} instead", actor.name);
            let what = Outcome { state: DeliveryState::Cancelled.as_str(), words: &words, next_at: None };
            outbox::put(&mut tx, id, &what, now).await?;
        }
        outbox::set_aside(&mut tx, id, actor.id, now).await?;
        outbox::send_in_place_of(&mut tx, id, to, now).await?;
        let ticket = tickets::lock(&mut tx, number).await?.ok_or(ActionError::Missing("ticket"))?;
        let mut change = Change::of(ticket, Some(actor.id));
        change.changed(EventKind::SentElsewhere, Some(row.address.clone()), Some(to.to_string()));
        record(desk, &mut tx, change, now).await?;
        leave(desk, tx).await
    })
    .await
}

/// Only what was written for customers may go to somebody else: a notice carries a helper's own token, a link opens an account.
async fn may_go_elsewhere(desk: &Desk, tx: &mut Tx, row: &DeliveryRow, to: &EmailAddress, now: Timestamp) -> Result<TicketNumber> {
    let invalid = |why: String| Err(ActionError::Invalid { field: "address", why });
    let Some(number) = row.ticket.filter(|_| is_for_customers(&row.kind)) else {
        return Err(ActionError::Conflict("this mail is for its recipient alone".to_owned()));
    };
    if row.leased {
        return Err(ActionError::Conflict("it is being handed to the mail server just now".to_owned()));
    }
    if matches!(row.state.as_str(), "sent" | "cancelled" | "withheld") {
        return Err(ActionError::Conflict(format!("it is {} already; write a new reply to say it to somebody else", row.state)));
    }
    if was_taken_back(tx, row).await? {
        return Err(ActionError::Conflict("this reply was taken back; write it anew to send it".to_owned()));
    }
    no_spam(tx, number).await?;
    if desk.mailboxes.is_ours(to) {
        return invalid(format!("{to} is an address of this desk"));
    }
    if row.address.eq_ignore_ascii_case(&to.folded()) {
        return invalid(format!("it went to {to}; use “Send again” for the same address"));
    }
    let others = outbox::of_mail(tx, row.outbox, now).await?;
    if others
        .iter()
        .any(|it| it.address.eq_ignore_ascii_case(&to.folded()) && !matches!(it.state.as_str(), "refused" | "bounced" | "cancelled"))
    {
        return invalid(format!("{to} gets this mail already"));
    }
    Ok(number)
}

/// Whether mail of this kind was written for customers.
#[must_use]
pub fn is_for_customers(kind: &str) -> bool {
    matches!(kind, "reply" | "relay" | "receipt" | "status")
}

/// From when on mail counts as not sent: waiting ten minutes past its time; the desk's own mail is forgotten a fortnight after it
/// failed.
#[must_use]
pub fn not_sent_since(now: Timestamp) -> Since {
    Since { late: now - SignedDuration::from_mins(10), old: now - SignedDuration::from_hours(14 * 24) }
}

/// Whether a ticket may be resolved although a reply on it was not sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unsent {
    /// Whoever resolves it is asked first.
    #[default]
    Asks,
    /// They were, and it does not matter.
    DoesNotMatter,
}

/// Refuses to resolve a ticket with a reply that was not sent, unless somebody said that it does not matter.
pub(super) async fn ask_about_unsent(tx: &mut Tx, number: TicketNumber, to: Status, unsent: Unsent, now: Timestamp) -> Result<()> {
    if to != Status::Resolved || unsent == Unsent::DoesNotMatter {
        return Ok(());
    }
    let addresses = not_sent::of_ticket(tx, number, not_sent_since(now)).await?;
    if addresses.is_empty() { Ok(()) } else { Err(ActionError::Unsent { addresses }) }
}

async fn has_octets(tx: &mut Tx, row: &DeliveryRow) -> Result<()> {
    if outbox::is_erased(tx, row.outbox).await? { Err(StoreError::Erased.into()) } else { Ok(()) }
}

async fn was_taken_back(tx: &mut Tx, row: &DeliveryRow) -> Result<bool> {
    let comment = match row.comment {
        Some(id) => comments::get(tx, id).await?,
        None => None,
    };
    Ok(comment.is_some_and(|it| it.withdrawn_at.is_some()))
}

/// The delivery, if it is this person's to touch: staff who may comment on its ticket; mail about no ticket is an admin's.
async fn theirs(desk: &Desk, tx: &mut Tx, actor: &Person, id: DeliveryId, now: Timestamp) -> Result<DeliveryRow> {
    let row = outbox::get(tx, id, now).await?.ok_or(ActionError::Missing("mail"))?;
    match row.ticket {
        Some(number) => {
            let (_, case) = enter_merged(desk, tx, actor, number).await?;
            desk.allow(actor, Act::SetStatus(case))?;
        }
        None if actor.role == Role::Admin => desk.allow(actor, Act::Manage)?,
        None => return Err(ActionError::Missing("mail")),
    }
    Ok(row)
}

/// A delivery report about a mail of ours: marks each recipient it speaks of, and tells the author.
pub(super) async fn bounced(
    desk: &Desk,
    tx: &mut Tx,
    mail: OutboxId,
    report: Option<&DeliveryReport>,
    now: Timestamp,
) -> Result<Option<TicketNumber>> {
    let rows = outbox::of_mail(tx, mail, now).await?;
    let ticket = rows.first().and_then(|it| it.ticket);
    let recipients = report.map_or(&[][..], |it| &it.recipients);
    for recipient in recipients {
        // A forwarded address comes back under another name: where there is one recipient, it is that one.
        let named = rows.iter().find(|it| it.address.eq_ignore_ascii_case(&recipient.address));
        let Some(row) = named.or(if rows.len() == 1 { rows.first() } else { None }) else { continue };
        mark(desk, tx, row, recipient, now).await?;
    }
    Ok(ticket)
}

async fn mark(desk: &Desk, tx: &mut Tx, row: &DeliveryRow, recipient: &ReportedRecipient, now: Timestamp) -> Result<()> {
    let said = recipient.in_words();
    match recipient.action {
        // Only what was handed over can come back: whoever saw a Message-ID could else stop a mail that still waits.
        ReportedAction::Failed if DeliveryState::parse(&row.state).is_some_and(DeliveryState::may_have_left) => {
            let what = Outcome { state: DeliveryState::Bounced.as_str(), words: &said, next_at: None };
            outbox::put(tx, row.id, &what, now).await?;
            told(desk, tx, row, &said, now).await
        }
        ReportedAction::Delayed if row.state == DeliveryState::Sent.as_str() => {
            let words = format!("on its way, delayed: {said}");
            outbox::put(tx, row.id, &Outcome { state: DeliveryState::Sent.as_str(), words: &words, next_at: None }, now).await?;
            Ok(())
        }
        ReportedAction::Failed
        | ReportedAction::Delayed
        | ReportedAction::Delivered
        | ReportedAction::Relayed
        | ReportedAction::Expanded => Ok(()),
    }
}

/// A reply was refused for good by the mail server that it was handed to: the sender's worker says so here.
///
/// # Errors
/// When the database fails.
pub async fn refused(desk: &Desk, tx: &mut Tx, id: DeliveryId, words: &str) -> Result<()> {
    let now = desk.clock.now();
    let Some(row) = outbox::get(tx, id, now).await? else { return Ok(()) };
    told(desk, tx, &row, words, now).await
}

/// The history gets its line, and the author of the reply hears that it did not arrive.
async fn told(desk: &Desk, tx: &mut Tx, row: &DeliveryRow, words: &str, now: Timestamp) -> Result<()> {
    let Some(number) = row.ticket else { return Ok(()) };
    let Some(ticket) = tickets::lock(tx, number).await? else { return Ok(()) };
    let (subject, mailbox) = (ticket.subject.clone(), ticket.mailbox);
    if row.comment.is_none() {
        return Ok(());
    }
    let mut change = Change::of(ticket, None);
    change.changed(EventKind::Bounced, None, Some(row.address.clone()));
    record(desk, tx, change, now).await?;
    if outbox::tell_once(tx, row.id, now).await? == Told::Before {
        return Ok(());
    }
    let author = match row.author {
        Some(id) => people::get(tx, id).await?.filter(Person::is_active_staff),
        None => None,
    };
    let Some(author) = author else { return Ok(()) };
    match author.notices.of(NoticeKind::NotSent) {
        Notify::AtOnce => {}
        Notify::Digest => {
            let words: String = words.chars().take(300).collect();
            let says = format!("Your reply to {} did not arrive: {words}", row.address);
            return Ok(digest_lines::insert(tx, author.id, &DigestLine { ticket: number, says, at: now }).await?);
        }
        Notify::Never => return Ok(()),
    }
    let comment = match row.comment {
        Some(id) => comments::get(tx, id).await?,
        None => None,
    };
    let said = comment.as_ref().and_then(PublicText::of);
    let content = Content::NotSent { address: &row.address, words, said: said.as_ref() };
    let to = Readers::People(std::slice::from_ref(&author));
    let mail = OwnLetter { kind: "not-sent", content, ticket: Some((number, &subject)), to, automatic: Automatic::No };
    mail.post(desk, tx, mailbox, now).await.map(drop)
}
