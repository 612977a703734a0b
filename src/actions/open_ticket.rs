//! A ticket opened by hand: by staff for a customer, or by the customer on their own pages.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, NewFile, Result,
        door::{Change, leave, record, transact},
        once::{Edge, Made, Once},
        participants::few,
        placeholders::{signature, signature_below},
        reply::{self, Words},
        say::{Saying, Written, say},
        write_note,
    },
    desk::{
        address::EmailAddress,
        comment::{CommentText, Origin, Via, Visibility},
        event::EventKind,
        id::{MailboxId, PersonId, TicketNumber},
        notification::Happening,
        permission::{Act, AssignTo, Case, TakingPart},
        person::{Person, clean_name},
        settings::{Portal, Receipt},
        ticket::{Priority, Status, Ticket, Turn, clean_subject},
        triage::Answer,
    },
    store::{
        Tx,
        participants::{self, Participation},
        people,
        tickets::{self, NewTicket},
    },
};

/// What staff open for a customer.
#[derive(Clone, Debug)]
pub struct ForCustomer {
    /// The customer's address; an account is made where there is none.
    pub customer: EmailAddress,
    /// As they are called; blank: by their address.
    pub name: String,
    /// Others who take part.
    pub copies: Vec<EmailAddress>,
    /// What it is about.
    pub subject: String,
    /// The first message.
    pub text: CommentText,
    /// Files beside it.
    pub files: Vec<NewFile>,
    /// Whose address answers.
    pub mailbox: MailboxId,
    /// Who has it.
    pub assignee: Option<PersonId>,
    /// How much it matters.
    pub priority: Priority,
    /// Whether the first message goes to the customer.
    pub first: FirstMessage,
    /// Where it is opened.
    pub edge: Edge,
}

/// What becomes of the first message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstMessage {
    /// It is mailed to the customer.
    Sent,
    /// It is kept as a note.
    Note,
}

/// Staff open a ticket on behalf of a customer.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn for_customer(desk: &Desk, actor: &Person, new: &ForCustomer) -> Result<TicketNumber> {
    desk.allow(actor, Act::OpenTicketFor)?;
    check(desk, actor, new)?;
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        if let Some(made) = Once::begin(new.edge.once(), &mut tx, now).await? {
            return Ok(made.ticket);
        }
        if let Some(id) = new.assignee
            && !people::get(&mut tx, id).await?.is_some_and(|it| it.is_active_staff())
        {
            return Err(ActionError::Invalid { field: "helper", why: "this person is not an active helper; choose another".to_owned() });
        }
        let requester = people::ensure(&mut tx, &new.customer, &clean_name(&new.name, &new.customer), now).await?;
        let subject = clean_subject(&new.subject);
        let (status, turn) = match (new.first, new.assignee) {
            (FirstMessage::Sent, _) | (FirstMessage::Note, Some(_)) => (Status::InProgress, Turn::Customer),
            (FirstMessage::Note, None) => (Status::Open, Turn::Staff),
        };
        let turn = if new.first == FirstMessage::Note { Turn::Staff } else { turn };
        let row = NewTicket {
            mailbox: new.mailbox,
            subject: &subject,
            priority: new.priority,
            requester: requester.id,
            assignee: new.assignee,
            status,
            turn,
            opened_message: None,
            linked: None,
            at: now,
        };
        let ticket = make(&mut tx, &row, &requester, now).await?;
        let number = ticket.number;
        take_part(desk, &mut tx, actor, (number, new), now).await?;
        let mut change = Change::of(ticket, Some(actor.id));
        // By a program as well: courses, and figures with them, know one word for what staff open.
        change.note_opened("panel");
        if let Some(to) = new.assignee {
            change.changed(EventKind::Assigned, None, Some(to.to_string()));
            change.happened(Happening::Assigned { to });
        }
        let signature = match new.first {
            FirstMessage::Sent => signature(desk, &mut tx, actor, &change.ticket).await?,
            FirstMessage::Note => String::new(),
        };
        let written = Written { signature: signature_below(&new.text, &signature), ..Written::default() };
        let words = Words { text: &new.text, files: &new.files, via: new.edge.via(), mail: None, written };
        match new.first {
            FirstMessage::Sent => reply::as_staff(desk, &mut tx, &mut change, actor, &words, now).await?,
            FirstMessage::Note => write_note::note(desk, &mut tx, &mut change, actor, &words, now).await?,
        };
        record(desk, &mut tx, change, now).await?;
        Once::end(new.edge.once(), &mut tx, Made { ticket: number, comment: None }).await?;
        leave(desk, tx).await?;
        Ok(number)
    })
    .await
}

/// Those who are sent what is public besides the customer; somebody of all of them can be.
async fn take_part(desk: &Desk, tx: &mut Tx, actor: &Person, (number, new): (TicketNumber, &ForCustomer), now: Timestamp) -> Result<()> {
    for copy in &new.copies {
        let person = people::ensure(tx, copy, &clean_name("", copy), now).await?;
        participants::set(tx, number, person.id, Participation::Active, now).await?;
    }
    match new.first {
        FirstMessage::Sent => reply::reaches_somebody(desk, tx, actor, number, &[]).await,
        FirstMessage::Note => Ok(()),
    }
}

fn check(desk: &Desk, actor: &Person, new: &ForCustomer) -> Result<()> {
    if desk.mailboxes.is_ours(&new.customer) {
        return Err(ActionError::Invalid {
            field: "customer",
            why: format!("{} is this desk’s own address; write the customer’s", new.customer),
        });
    }
    let field = match new.edge {
        Edge::Panel => "cc",
        Edge::Api(_) => "copies",
    };
    few(&new.copies, field)?;
    if let Some(ours) = new.copies.iter().find(|it| desk.mailboxes.is_ours(it)) {
        return Err(ActionError::Invalid { field, why: format!("{ours} is this desk’s own address") });
    }
    if desk.mailboxes.iter().all(|(id, _)| id != new.mailbox) {
        return Err(ActionError::Invalid { field: "mailbox", why: "there is no such mailbox; choose one of the list".to_owned() });
    }
    if let Some(to) = new.assignee {
        let relation = if to == actor.id { AssignTo::Myself } else { AssignTo::Other };
        // Whoever opens it has it to give.
        desk.allow(actor, Act::Assign(Case { requester: actor.id, assignee: Some(actor.id), taking_part: TakingPart::No }, relation))?;
    }
    Ok(())
}

/// A customer's own request from their pages.
#[derive(Clone, Debug)]
pub struct OwnRequest {
    /// What it is about.
    pub subject: String,
    /// What happened.
    pub text: CommentText,
    /// Files beside it.
    pub files: Vec<NewFile>,
    /// Which mailbox is to answer.
    pub mailbox: MailboxId,
}

/// A customer opens a ticket; the receipt with its number goes to their address.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn as_customer(desk: &Desk, actor: &Person, new: &OwnRequest) -> Result<TicketNumber> {
    desk.allow(actor, Act::OpenTicket)?;
    let Some((_, mailbox)) = desk.mailboxes.iter().find(|(id, it)| *id == new.mailbox && it.portal == Portal::Offer) else {
        return Err(ActionError::Invalid { field: "mailbox", why: "there is no such mailbox; choose one of the list".to_owned() });
    };
    let receipt = match mailbox.receipt {
        Receipt::Send => Answer::Allowed,
        Receipt::Never => Answer::Never,
    };
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let subject = clean_subject(&new.subject);
        let row = NewTicket {
            mailbox: new.mailbox,
            subject: &subject,
            priority: Priority::Normal,
            requester: actor.id,
            assignee: None,
            status: Status::Open,
            turn: Turn::Staff,
            opened_message: None,
            linked: None,
            at: now,
        };
        let ticket = make(&mut tx, &row, actor, now).await?;
        let number = ticket.number;
        let saying = Saying {
            ticket: number,
            visibility: Visibility::Public,
            origin: Origin::Customer,
            author: Some(actor.id),
            via: Via::Portal,
            text: &new.text,
            files: &new.files,
            mail: None,
            flag: None,
            written: Written::default(),
        };
        let comment = say(desk, &mut tx, &saying, now).await?;
        let mut change = Change::of(ticket, Some(actor.id));
        change.opened("portal", comment);
        change.happened(Happening::Opened { comment, receipt });
        // They are signed in: their words may be repeated to themselves.
        change.echo = crate::actions::door::Echo::Allowed;
        record(desk, &mut tx, change, now).await?;
        leave(desk, tx).await?;
        Ok(number)
    })
    .await
}

async fn make(tx: &mut Tx, row: &NewTicket<'_>, requester: &Person, now: Timestamp) -> Result<Ticket> {
    let ticket = tickets::insert(tx, row).await?;
    participants::set(tx, ticket.number, requester.id, Participation::Active, now).await?;
    Ok(ticket)
}
