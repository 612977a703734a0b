//! A message that came to the wrong ticket goes to the right one, or becomes a ticket of its own.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result, carry_out,
        correct::{arrived, enter_both, no_spam, recount},
        door::{Change, Tagging, TicketRow, enter, expect_version, leave, record, transact},
        merge,
    },
    desk::{
        address::Named,
        comment::{Comment, Origin, Visibility},
        correction::{CannotCorrect, CorrectionKind, may_join, may_move},
        event::EventKind,
        id::{CommentId, CorrectionId, PersonId, TicketNumber},
        message::MessageId,
        permission::Act,
        person::Person,
        ticket::{Assigned, Ticket, Turn, clean_subject},
    },
    mail::parse,
    store::{
        Tx, comments,
        corrections::{self, How, NewCorrection, Way},
        messages,
        participants::{self, Participation},
        people,
        tickets::{self, NewTicket},
    },
};

/// Where a message is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// To a ticket that is there.
    Ticket(TicketNumber),
    /// To one that is made for it: its sender is the requester, its subject the subject.
    New,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// It is on this ticket now.
    To(TicketNumber),
    /// It was all that its ticket was: the ticket was merged into this one.
    Merged(TicketNumber),
}

impl Moved {
    /// Where it is now.
    #[must_use]
    pub fn ticket(self) -> TicketNumber {
        match self {
            Self::To(number) | Self::Merged(number) => number,
        }
    }
}

/// Moves a customer's or a machine's message, or a note. Nothing is sent to anybody; later mail that answers the message follows
/// it. `seen`: the version of its ticket that the page showed.
///
/// # Errors
/// What [`ActionError`] lists; [`CannotCorrect`] for what stays where it is.
pub async fn move_message(desk: &Desk, actor: &Person, id: CommentId, seen: Option<i64>, to: Destination) -> Result<Moved> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let comment = comments::get(&mut tx, id).await?.ok_or(ActionError::Missing("message"))?;
        let (source, target) = match to {
            Destination::Ticket(number) => {
                let (source, target) = enter_both(desk, &mut tx, actor, comment.ticket, number).await?;
                (source, Some(target))
            }
            Destination::New => {
                let (source, case) = enter(desk, &mut tx, actor, comment.ticket).await?;
                desk.allow(actor, Act::Correct(case))?;
                (source, None)
            }
        };
        expect_version(&source, seen)?;
        // Moved in between: what was asked about is no longer so.
        let comment = comments::get(&mut tx, id).await?.filter(|it| it.ticket == source.number).ok_or(ActionError::Stale)?;
        may_move(&comment, actor)?;
        let moved = within(desk, &mut tx, Some(actor.id), &comment, (source, target), now).await?;
        leave(desk, tx).await?;
        Ok(moved)
    })
    .await
}

/// [`move_message`] within a transaction that has locked both tickets; nobody: maildesk itself, which has read the mail again. No
/// target: to a ticket that is made for it.
pub(super) async fn within(
    desk: &Desk,
    tx: &mut Tx,
    by: Option<PersonId>,
    comment: &Comment,
    (source, target): (Ticket, Option<Ticket>),
    now: Timestamp,
) -> Result<Moved> {
    for number in [Some(source.number), target.as_ref().map(|it| it.number)].into_iter().flatten() {
        no_spam(tx, number).await?;
    }
    match target {
        Some(target) => to_ticket(desk, tx, by, comment, source, target, now).await,
        None => Ok(Moved::To(to_new(desk, tx, by, comment, source, now).await?)),
    }
}

async fn to_ticket(
    desk: &Desk,
    tx: &mut Tx,
    by: Option<PersonId>,
    comment: &Comment,
    source: Ticket,
    target: Ticket,
    now: Timestamp,
) -> Result<Moved> {
    if source.number == target.number {
        return Err(CannotCorrect::SameTicket(source.number).into());
    }
    may_join(&source, &target)?;
    let (from, into) = (source.number, target.number);
    if source.comments <= 1 {
        merge::join(desk, tx, by, source, target, now).await?;
        return Ok(Moved::Merged(into));
    }
    let new = NewCorrection { kind: CorrectionKind::Move, source: from, target: into, status: source.status, by };
    let correction = corrections::insert(tx, &new, now).await?;
    let mut joined = Change::of(target, by);
    joined.changed_by(EventKind::MovedIn, Some(from.to_string()), None, comment.id);
    relocate(tx, by, comment, (from, into), correction, now).await?;
    bring_people(desk, tx, comment, &mut joined, correction, now).await?;
    arrived(tx, &mut joined, &[comment.id], now).await?;
    record(desk, tx, joined, now).await?;
    went(desk, tx, by, comment, source, into, now).await?;
    Ok(Moved::To(into))
}

/// The comment itself, and what it was flagged with: whoever moves it has agreed to its sender.
async fn relocate(
    tx: &mut Tx,
    by: Option<PersonId>,
    comment: &Comment,
    (origin, target): (TicketNumber, TicketNumber),
    correction: CorrectionId,
    now: Timestamp,
) -> Result<()> {
    let way = Way { correction, origin, target, how: How::Moved, by };
    corrections::relocate(tx, &[comment.id], &way, now).await?;
    Ok(corrections::welcome(tx, comment.id).await?)
}

/// What is left of the ticket that it was on.
async fn went(
    desk: &Desk,
    tx: &mut Tx,
    by: Option<PersonId>,
    comment: &Comment,
    source: Ticket,
    into: TicketNumber,
    now: Timestamp,
) -> Result<()> {
    if let Some(author) = comment.author {
        participants::drop_proposal(tx, source.number, author).await?;
    }
    let mut left = Change::of(source, by);
    left.changed_by(EventKind::MovedOut, None, Some(into.to_string()), comment.id);
    recount(tx, &mut left).await?;
    record(desk, tx, left, now).await
}

/// Its sender takes part where it is now, and can answer there; those in its Cc are proposed.
async fn bring_people(desk: &Desk, tx: &mut Tx, comment: &Comment, change: &mut Change, with: CorrectionId, now: Timestamp) -> Result<()> {
    if comment.origin != Origin::Customer || comment.visibility != Visibility::Public {
        return Ok(());
    }
    let number = change.number();
    let author = match comment.author {
        Some(id) => people::get(tx, id).await?.filter(|it| !it.role.is_staff()),
        None => None,
    };
    if let Some(author) = author
        && participants::of(tx, number, author.id).await? != Some(Participation::Active)
    {
        participants::bring(tx, number, author.id, Participation::Active, with, now).await?;
        change.changed(EventKind::ParticipantAdded, None, Some(author.email.to_string()));
    }
    for person in copied(desk, tx, comment, now).await? {
        if participants::of(tx, number, person.id).await?.is_none() {
            participants::bring(tx, number, person.id, Participation::Proposed, with, now).await?;
            change.changed(EventKind::ParticipantProposed, None, Some(person.email.to_string()));
        }
    }
    Ok(())
}

/// Those in the Cc of the mail that a comment came by, no staff among them.
pub(super) async fn copied(desk: &Desk, tx: &mut Tx, comment: &Comment, now: Timestamp) -> Result<Vec<Person>> {
    let Some(mail) = mail(desk, tx, comment).await? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for named in mail.cc.iter().filter(|it| !desk.mailboxes.is_ours(&it.address)).take(carry_out::MOST_COPIES) {
        let person = carry_out::person(tx, named, now).await?;
        if !person.role.is_staff() {
            found.push(person);
        }
    }
    Ok(found)
}

/// What is asked of the mail that a comment came by.
struct Mail {
    subject: String,
    message_id: Option<MessageId>,
    cc: Vec<Named>,
}

async fn mail(desk: &Desk, tx: &mut Tx, comment: &Comment) -> Result<Option<Mail>> {
    let Some(id) = corrections::mail_of(tx, comment.id).await? else { return Ok(None) };
    let Some(row) = messages::get(tx, id).await? else { return Ok(None) };
    let Some(raw) = desk.store.blobs().get_if_kept(tx, &row.sha256).await? else { return Ok(None) };
    let message = parse::read(&raw);
    Ok(Some(Mail { subject: message.subject, message_id: message.message_id, cc: message.cc }))
}

async fn to_new(desk: &Desk, tx: &mut Tx, by: Option<PersonId>, comment: &Comment, source: Ticket, now: Timestamp) -> Result<TicketNumber> {
    if comment.origin == Origin::Staff {
        return Err(CannotCorrect::NoteAlone.into());
    }
    if source.comments <= 1 {
        return Err(CannotCorrect::OnlyMessage(source.number).into());
    }
    let requester = match comment.author {
        Some(id) => people::get(tx, id).await?.filter(|it| !desk.mailboxes.is_ours(&it.email)),
        None => None,
    };
    let requester = requester.ok_or(CannotCorrect::NoSender)?;
    let mail = mail(desk, tx, comment).await?;
    let subject = clean_subject(mail.as_ref().map_or(&source.subject, |it| &it.subject));
    let row = NewTicket {
        mailbox: source.mailbox,
        subject: &subject,
        priority: source.priority,
        requester: requester.id,
        // Whoever had the message has it still.
        assignee: source.assignee,
        status: Assigned::of(source.assignee).working(),
        turn: Turn::Staff,
        opened_message: mail.as_ref().and_then(|it| it.message_id.as_ref()).map(MessageId::as_str),
        linked: Some(source.number),
        at: now,
    };
    let ticket = tickets::insert(tx, &row).await?;
    let (from, into) = (source.number, ticket.number);
    let new = NewCorrection { kind: CorrectionKind::Split, source: from, target: into, status: source.status, by };
    let correction = corrections::insert(tx, &new, now).await?;
    participants::bring(tx, into, requester.id, Participation::Active, correction, now).await?;
    for person in copied(desk, tx, comment, now).await?.iter().filter(|it| it.id != requester.id) {
        participants::bring(tx, into, person.id, Participation::Active, correction, now).await?;
    }
    relocate(tx, by, comment, (from, into), correction, now).await?;
    made(desk, tx, by, comment, ticket, &source, now).await?;
    went(desk, tx, by, comment, source, into, now).await?;
    Ok(into)
}

/// The history of a ticket that was made of a message begins.
async fn made(
    desk: &Desk,
    tx: &mut Tx,
    by: Option<PersonId>,
    comment: &Comment,
    ticket: Ticket,
    source: &Ticket,
    now: Timestamp,
) -> Result<()> {
    let assignee = ticket.assignee;
    let mut change = Change::of(ticket, by);
    change.row = TicketRow::JustMade;
    change.opened("split", comment.id);
    change.changed_by(EventKind::MovedIn, Some(source.number.to_string()), None, comment.id);
    // What it was about when it was one ticket, it is about still.
    for tag in &source.tags {
        change.tag(Tagging::Put(*tag, None))?;
    }
    if let Some(to) = assignee {
        change.changed(EventKind::Assigned, None, Some(to.to_string()));
    }
    recount(tx, &mut change).await?;
    record(desk, tx, change, now).await
}
