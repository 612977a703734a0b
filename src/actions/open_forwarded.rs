//! A helper forwards what a customer wrote to them: a ticket for that customer.

use jiff::Timestamp;

use crate::{
    actions::{
        Desk, NewFile, Result,
        carry_out::{files, person},
        door::{Change, TicketRow, record},
        receive_message::Incoming,
        rules::Holding,
        say::{FromMail, Saying, Written, say},
    },
    desk::{
        comment::{CommentText, Flag, Origin, Via, Visibility},
        event::EventKind,
        id::TicketNumber,
        message::Forwarded,
        notification::Happening,
        person::Person,
        ticket::{Priority, Status, Turn, clean_subject},
        triage::{Answer, Authenticity},
    },
    store::{
        Tx,
        participants::{self, Participation},
        tickets::{self, NewTicket},
    },
};

/// The customer's words open it; what the helper wrote above them is for staff alone.
pub(super) async fn open_forwarded(
    desk: &Desk,
    tx: &mut Tx,
    incoming: &Incoming,
    (mail, helper): (&Forwarded, &Person),
    (receipt, rules): (Answer, &Holding<'_>),
    now: Timestamp,
) -> Result<TicketNumber> {
    let requester = person(tx, &mail.from, now).await?;
    let subject = clean_subject(&mail.subject);
    let new = NewTicket {
        mailbox: incoming.row.mailbox,
        subject: &subject,
        priority: Priority::Normal,
        requester: requester.id,
        assignee: None,
        status: Status::Open,
        turn: Turn::Staff,
        opened_message: incoming.message.message_id.as_ref().map(|it| it.as_str()),
        linked: None,
        at: now,
    };
    let ticket = tickets::insert(tx, &new).await?;
    let number = ticket.number;
    participants::set(tx, number, requester.id, Participation::Active, now).await?;
    // Anybody can write a From: without a server that vouches for it, nothing is said in the helper's name, and staff see why.
    let vouched = incoming.authenticity() == Authenticity::Verified;
    let flag = (!vouched).then_some(Flag::UnsignedStaff);
    let mut change = Change::of(ticket, Some(helper.id).filter(|_| vouched));
    (change.row, change.came) = (TicketRow::JustMade, incoming.came);
    let words = Words {
        author: &requester,
        text: &mail.text,
        origin: Origin::Customer,
        visibility: Visibility::Public,
        flag,
        files: files(&mail.files, None),
    };
    let comment = write(desk, tx, incoming, number, &words, now).await?;
    change.opened(incoming.came.opens_by(), comment);
    if !mail.above.trim().is_empty() {
        let words =
            Words { author: helper, text: &mail.above, origin: Origin::Staff, visibility: Visibility::Internal, flag, files: Vec::new() };
        let note = write(desk, tx, incoming, number, &words, now).await?;
        change.note(EventKind::Noted, Some(note));
    }
    change.happened(Happening::Opened { comment, receipt });
    rules.apply(tx, &mut change, now).await?;
    record(desk, tx, change, now).await?;
    Ok(number)
}

struct Words<'a> {
    author: &'a Person,
    text: &'a str,
    origin: Origin,
    visibility: Visibility,
    flag: Option<Flag>,
    files: Vec<NewFile>,
}

async fn write(
    desk: &Desk,
    tx: &mut Tx,
    incoming: &Incoming,
    number: TicketNumber,
    words: &Words<'_>,
    now: Timestamp,
) -> Result<crate::desk::id::CommentId> {
    let saying = Saying {
        ticket: number,
        visibility: words.visibility,
        origin: words.origin,
        author: Some(words.author.id),
        via: Via::Mail,
        text: &CommentText::from_mail(words.text),
        files: &words.files,
        // One message gives one comment: the customer's.
        mail: match words.visibility {
            Visibility::Public => Some(FromMail { message: incoming.row.id, quoted: "", html: None, remote_images: 0 }),
            Visibility::Internal => None,
        },
        flag: words.flag,
        written: Written::default(),
    };
    say(desk, tx, &saying, now).await
}
