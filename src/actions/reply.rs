//! Writing to the customer, and the customer's own words from their pages.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, NewFile, Result,
        correct::{no_spam, takes_answers},
        deliveries::{Unsent, ask_about_unsent},
        door::{Change, enter, leave, record, transact},
        say::{FromMail, Saying, say},
    },
    desk::{
        comment::{CommentText, Origin, Via, Visibility},
        event::EventKind,
        id::{CommentId, TicketNumber},
        notification::Happening,
        permission::Act,
        person::Person,
        ticket::{Status, Step, Turn},
    },
    store::{
        Conn, Tx, comments,
        participants::{self, Participation},
    },
};

/// What staff write to a customer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The words.
    pub text: CommentText,
    /// Files beside them.
    pub files: Vec<NewFile>,
    /// The last comment the page showed: if somebody else has written since, nothing is sent. None: the page showed none.
    pub seen: Option<CommentId>,
    /// The status to set with it.
    pub then: Option<Status>,
}

/// Staff write to everybody who takes part. It leaves when the undo window is over.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::NewWords`] is the safety catch.
pub async fn reply(desk: &Desk, actor: &Person, number: TicketNumber, reply: &Reply) -> Result<CommentId> {
    reply_knowing(desk, actor, number, reply, Unsent::Asks).await
}

/// [`reply`], saying what is known of earlier replies that were not sent, where it also resolves.
///
/// # Errors
/// As [`reply`].
pub async fn reply_knowing(desk: &Desk, actor: &Person, number: TicketNumber, reply: &Reply, unsent: Unsent) -> Result<CommentId> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
        desk.allow(actor, Act::Comment(case))?;
        desk.allow(actor, Act::SetStatus(case))?;
        no_spam(&mut tx, number).await?;
        reaches_somebody(desk, &mut tx, actor, number).await?;
        let newer = comments::written_since(&mut tx, number, reply.seen.unwrap_or(CommentId(0)), actor.id).await?;
        if !newer.is_empty() {
            return Err(ActionError::NewWords { comments: newer });
        }
        if let Some(to) = reply.then {
            ask_about_unsent(&mut tx, number, to, unsent, now).await?;
        }
        let mut change = Change::of(ticket, Some(actor.id));
        let words = Words { text: &reply.text, files: &reply.files, via: Via::Panel, mail: None };
        let comment = as_staff(desk, &mut tx, &mut change, actor, &words, now).await?;
        if let Some(to) = reply.then {
            let to = change.ticket.status.by_staff(to)?;
            change.set_status(to, now);
        }
        record(desk, &mut tx, change, now).await?;
        leave(desk, tx).await?;
        Ok(comment)
    })
    .await
}

/// Refuses words that nobody would get, since each who takes part is an address of this desk; where nobody else takes part at all,
/// they are the helper's own.
pub(super) async fn reaches_somebody(desk: &Desk, conn: &mut Conn, actor: &Person, number: TicketNumber) -> Result<()> {
    let people = participants::list(conn, number).await?;
    let others: Vec<_> = people.iter().filter(|it| it.state == Participation::Active && it.person != actor.id).collect();
    match others.first() {
        Some(one) if others.iter().all(|it| desk.mailboxes.is_ours(&it.email)) => {
            let why = format!("nobody would get this: {} is an address of this desk; add whom you write to first", one.email);
            Err(ActionError::Invalid { field: "text", why })
        }
        Some(_) | None => Ok(()),
    }
}

/// Words with what comes beside them.
pub(super) struct Words<'a> {
    pub text: &'a CommentText,
    pub files: &'a [NewFile],
    pub via: Via,
    pub mail: Option<FromMail<'a>>,
}

/// Staff's public words on a ticket that is being changed.
pub(super) async fn as_staff(
    desk: &Desk,
    tx: &mut Tx,
    change: &mut Change,
    actor: &Person,
    words: &Words<'_>,
    now: Timestamp,
) -> Result<CommentId> {
    let saying = Saying {
        ticket: change.number(),
        visibility: Visibility::Public,
        origin: Origin::Staff,
        author: Some(actor.id),
        via: words.via,
        text: words.text,
        files: words.files,
        mail: words.mail,
        flag: None,
    };
    let comment = say(desk, tx, &saying, now).await?;
    change.ticket.hand_turn(Turn::Customer, now);
    change.note(EventKind::Replied, Some(comment));
    change.happened(Happening::Replied { comment });
    change.step(Step::StaffReplies, now);
    Ok(comment)
}

/// A customer writes from their own pages; a resolved or closed ticket is open again.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn comment_as_customer(
    desk: &Desk,
    actor: &Person,
    number: TicketNumber,
    text: &CommentText,
    files: &[NewFile],
) -> Result<CommentId> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
        desk.allow(actor, Act::Comment(case))?;
        takes_answers(&mut tx, number).await?;
        let mut change = Change::of(ticket, Some(actor.id));
        let saying = Saying {
            ticket: number,
            visibility: Visibility::Public,
            origin: Origin::Customer,
            author: Some(actor.id),
            via: Via::Portal,
            text,
            files,
            mail: None,
            flag: None,
        };
        let comment = say(desk, &mut tx, &saying, now).await?;
        customer_wrote(&mut change, comment, now);
        record(desk, &mut tx, change, now).await?;
        leave(desk, tx).await?;
        Ok(comment)
    })
    .await
}

/// What follows when a customer has written.
pub(super) fn customer_wrote(change: &mut Change, comment: CommentId, now: Timestamp) {
    change.customers_word(now);
    change.note(EventKind::Commented, Some(comment));
    change.happened(Happening::Commented { comment });
    change.step(Step::CustomerAnswers, now);
}
