//! The other half of each conversation: what the desk itself wrote.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        carry_out::{MOST_COPIES, person},
        correct::no_spam,
        door::{Change, TicketRow, record},
        import::How,
        mail_words::MailWords,
        receive_message::Incoming,
        say::{FromMail, Saying, Written, say},
    },
    desk::{
        address::Named,
        comment::{Origin, Via, Visibility},
        event::EventKind,
        id::{PersonId, TicketNumber},
        message::IncomingMessage,
        ticket::{Priority, Status, Step, Turn, clean_subject},
        triage::Facts,
    },
    store::{
        Tx,
        participants::{self, Participation},
        people,
        tickets::{self, NewTicket},
    },
};

/// Whether From is the desk’s: its address, one of its people’s, or one that wrote for it.
pub(super) fn is_by_the_desk(desk: &Desk, how: &How, facts: &Facts<'_>) -> bool {
    let Some(author) = facts.message.author().filter(|_| facts.message.from.len() == 1) else { return false };
    let of_staff = facts.author.as_ref().is_some_and(|it| it.role.is_staff());
    of_staff || desk.mailboxes.is_ours(&author.address) || how.agents.contains(&author.address)
}

/// Those whom a message is to and who are not of the desk.
pub(super) async fn others(desk: &Desk, tx: &mut Tx, how: &How, message: &IncomingMessage) -> Result<Vec<Named>> {
    let mut others: Vec<Named> = Vec::new();
    for named in message.to.iter().chain(&message.cc).take(2 * MOST_COPIES) {
        let of_desk = desk.mailboxes.is_ours(&named.address) || how.agents.contains(&named.address);
        if of_desk || others.len() == MOST_COPIES || others.iter().any(|it| it.address == named.address) {
            continue;
        }
        if !people::by_email(tx, &named.address).await?.is_some_and(|it| it.role.is_staff()) {
            others.push(named.clone());
        }
    }
    Ok(others)
}

/// It was an answer to those who take part, who saw it; or it went to others alone, and is a note: no customer is shown it.
pub(super) async fn join(
    desk: &Desk,
    tx: &mut Tx,
    incoming: &Incoming,
    facts: &Facts<'_>,
    joined: TicketNumber,
    others: &[Named],
) -> Result<TicketNumber> {
    let now = facts.now;
    let ticket = tickets::lock_standing(tx, joined).await?.ok_or(ActionError::Missing("ticket"))?;
    let number = ticket.number;
    no_spam(tx, number).await?;
    let (mut strangers, mut visibility) = (Vec::new(), Visibility::Internal);
    for named in others {
        let known = people::by_email(tx, &named.address).await?.map(|it| it.id);
        let stands = match known {
            Some(id) => participants::of(tx, number, id).await?,
            None => None,
        };
        match stands {
            Some(Participation::Active) => visibility = Visibility::Public,
            Some(Participation::Proposed) | None => strangers.push(named),
            Some(Participation::Removed) => {}
        }
    }
    let mut change = Change::of(ticket, author(facts));
    wrote(desk, tx, incoming, now, &mut change, visibility).await?;
    if visibility == Visibility::Public {
        // What was delivered to us only says whom it is from: anybody can write that, and name whom they like in Cc.
        let was_delivered = !incoming.message.facts.delivered_to.is_empty();
        let state = if was_delivered { Participation::Proposed } else { Participation::Active };
        for named in strangers {
            let person = person(tx, named, now).await?;
            if !was_delivered || participants::of(tx, number, person.id).await?.is_none() {
                participants::set(tx, number, person.id, state, now).await?;
            }
        }
    }
    record(desk, tx, change, now).await?;
    Ok(number)
}

/// The desk wrote first: a ticket for the first whom it wrote to.
pub(super) async fn open(desk: &Desk, tx: &mut Tx, incoming: &Incoming, facts: &Facts<'_>, others: &[Named]) -> Result<TicketNumber> {
    let now = facts.now;
    let requester = person(tx, others.first().ok_or(ActionError::Missing("recipient"))?, now).await?;
    let subject = clean_subject(&incoming.message.subject);
    let new = NewTicket {
        mailbox: incoming.row.mailbox,
        subject: &subject,
        priority: Priority::Normal,
        requester: requester.id,
        assignee: None,
        status: Status::InProgress,
        turn: Turn::Customer,
        opened_message: incoming.message.message_id.as_ref().map(|it| it.as_str()),
        linked: None,
        at: now,
    };
    let ticket = tickets::insert(tx, &new).await?;
    let number = ticket.number;
    for named in others {
        let person = person(tx, named, now).await?;
        participants::set(tx, number, person.id, Participation::Active, now).await?;
    }
    let mut change = Change::of(ticket, author(facts));
    change.row = TicketRow::JustMade;
    change.note_opened(incoming.came.opens_by());
    wrote(desk, tx, incoming, now, &mut change, Visibility::Public).await?;
    record(desk, tx, change, now).await?;
    Ok(number)
}

/// The helper whose address it is from; none: an address of the desk, and its name stands beside the words.
fn author(facts: &Facts<'_>) -> Option<PersonId> {
    facts.author.as_ref().filter(|it| it.role.is_staff()).map(|it| it.id)
}

/// Its words on a ticket that is being changed.
async fn wrote(desk: &Desk, tx: &mut Tx, incoming: &Incoming, now: Timestamp, change: &mut Change, visibility: Visibility) -> Result<()> {
    change.came = incoming.came;
    let words = MailWords::of(&incoming.message);
    let (message, quoted, html) = (incoming.row.id, words.quoted.as_str(), words.html.as_deref());
    let saying = Saying {
        ticket: change.number(),
        visibility,
        origin: Origin::Staff,
        author: change.actor,
        via: Via::Mail,
        text: &words.text,
        files: &words.files,
        mail: Some(FromMail { message, quoted, html, remote_images: words.remote_images }),
        flag: None,
        written: Written::default(),
    };
    let comment = say(desk, tx, &saying, now).await?;
    match visibility {
        Visibility::Internal => change.note(EventKind::Noted, Some(comment)),
        Visibility::Public => {
            change.ticket.hand_turn(Turn::Customer, now);
            change.note(EventKind::Replied, Some(comment));
            change.step(Step::StaffReplies, now);
        }
    }
    Ok(())
}
