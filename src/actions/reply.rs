//! Writing to the customer, and the customer's own words from their pages.

use jiff::{SignedDuration, Timestamp};

use crate::{
    actions::{
        ActionError, Desk, NewFile, Result,
        correct::{no_spam, takes_answers},
        deliveries::{Unsent, ask_about_unsent},
        door::{Change, enter, leave, record, transact},
        drafts::{self, Basis},
        once::{Edge, Made, Once},
        participants::{few, join},
        placeholders::{signature, signature_below},
        say::{FromMail, Saying, Written, say},
    },
    desk::{
        address::EmailAddress,
        comment::{CommentText, Markup, Origin, Via, Visibility},
        draft::DraftKind,
        event::EventKind,
        id::{CommentId, DraftFileId, PersonId, SavedReplyId, TicketNumber},
        notification::Happening,
        permission::Act,
        person::{Person, PersonState},
        ticket::{Status, Step, Turn},
    },
    store::{
        Conn, Tx, comments,
        drafts::Place,
        participants::{self, Participation},
        saved_replies, signatures,
    },
};

/// The same form that comes again so soon was sent twice by one press; later, somebody means to say it again.
pub(super) const ONE_PRESS: SignedDuration = SignedDuration::from_mins(10);

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
    /// How it was written.
    pub composed: Composed,
}

/// How somebody has written in the panel, and to whom besides those who take part.
#[derive(Clone, Debug, Default)]
pub struct Composed {
    /// How the words are written; remembered as theirs.
    pub markup: Markup,
    /// Files of the draft that the page showed; they go along.
    pub kept: Vec<DraftFileId>,
    /// What the page knows of that draft; none: nothing is said of it.
    pub basis: Option<Basis>,
    /// Who takes part from this reply on.
    pub cc: Vec<EmailAddress>,
    /// Who takes part and is not sent this one.
    pub left_out: Vec<PersonId>,
    /// The saved replies that it is made of.
    pub saved: Vec<SavedReplyId>,
    /// Where it was written.
    pub edge: Edge,
}

/// Staff write to everybody who takes part. It leaves when the undo window is over. The same form sent twice is one reply.
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
        let once = reply.composed.edge.once();
        // First of all: what it has made may have been merged away, or be out of reach by now, and is made all the same.
        if let Some(Made { comment: Some(same), .. }) = Once::begin(once, &mut tx, now).await? {
            return Ok(same);
        }
        let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
        desk.allow(actor, Act::Comment(case))?;
        desk.allow(actor, Act::SetStatus(case))?;
        let seen = reply.seen.unwrap_or(CommentId(0));
        let files = reply.files.len() + reply.composed.kept.len();
        let said =
            comments::said_already(&mut tx, number, seen, (actor.id, Visibility::Public), (&reply.text, files), now - ONE_PRESS).await?;
        // A request with a key of its own is another.
        if let Some(same) = said.filter(|_| reply.seen.is_some() && once.is_none()) {
            return Ok(same);
        }
        no_spam(&mut tx, number).await?;
        let newer = comments::written_since(&mut tx, number, seen, actor.id).await?;
        if !newer.is_empty() {
            return Err(ActionError::NewWords { comments: newer });
        }
        if let Some(to) = reply.then {
            ask_about_unsent(&mut tx, number, to, unsent, now).await?;
        }
        let mut change = Change::of(ticket, Some(actor.id));
        let comment = compose(desk, &mut tx, &mut change, actor, reply, now).await?;
        if let Some(to) = reply.then {
            let to = change.ticket.status.by_staff(to)?;
            change.set_status(to, now);
        }
        record(desk, &mut tx, change, now).await?;
        Once::end(once, &mut tx, Made { ticket: number, comment: Some(comment) }).await?;
        leave(desk, tx).await?;
        Ok(comment)
    })
    .await
}

/// The reply with what was made of it on the panel: whom it goes to, its files, what stands below it.
async fn compose(desk: &Desk, tx: &mut Tx, change: &mut Change, actor: &Person, reply: &Reply, now: Timestamp) -> Result<CommentId> {
    let composed = &reply.composed;
    few(&composed.cc, "cc")?;
    for address in &composed.cc {
        join(desk, tx, change, address, now).await?;
    }
    change.left_out.clone_from(&composed.left_out);
    reaches_somebody(desk, tx, actor, change.number(), &composed.left_out).await?;
    let place = Place { person: actor.id, ticket: change.number(), kind: DraftKind::Reply };
    // What a program says is none of what somebody has begun to write on the panel.
    let kept = match composed.edge {
        Edge::Panel => drafts::take(tx, place, composed, reply.text.as_str()).await?,
        Edge::Api(_) => Vec::new(),
    };
    let signature = signature(desk, tx, actor, &change.ticket).await?;
    let written = Written { markup: composed.markup, signature: signature_below(&reply.text, &signature), kept: &kept };
    let words = Words { text: &reply.text, files: &reply.files, via: composed.edge.via(), mail: None, written };
    for saved in &composed.saved {
        saved_replies::count_use(tx, *saved, now).await?;
    }
    if let Edge::Panel = composed.edge {
        signatures::remember(tx, actor.id, composed.markup).await?;
    }
    as_staff(desk, tx, change, actor, &words, now).await
}

/// Refuses words that nobody would get, since each who takes part is an address of this desk; where nobody else takes part at all,
/// they are the helper's own.
pub(super) async fn reaches_somebody(
    desk: &Desk,
    conn: &mut Conn,
    actor: &Person,
    number: TicketNumber,
    left_out: &[PersonId],
) -> Result<()> {
    let people = participants::list(conn, number).await?;
    let mut others: Vec<_> = people.iter().filter(|it| it.state == Participation::Active && it.person != actor.id).collect();
    let takes_part = !others.is_empty();
    others.retain(|it| !left_out.contains(&it.person));
    if takes_part && others.is_empty() {
        let why = "nobody would get this: everybody who takes part is left out".to_owned();
        return Err(ActionError::Invalid { field: "left_out", why });
    }
    if takes_part && others.iter().all(|it| it.account == PersonState::Disabled) {
        let why = "nobody would get this: the accounts of all who take part are disabled".to_owned();
        return Err(ActionError::Invalid { field: "text", why });
    }
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
    pub written: Written<'a>,
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
        written: words.written,
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
            written: Written::default(),
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
