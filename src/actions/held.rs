//! Held mail: made a ticket, joined to one, or left aside, by a person. What was done can be undone: `take_back.rs`.

use jiff::{SignedDuration, Timestamp};

use crate::{
    actions::{
        ActionError, Desk, Result,
        ahead::Ahead,
        carry_out::{self, Deciding},
        correct::no_spam,
        door::{Change, enter, leave, record, transact},
        facts, read_held,
        receive_message::{self, Done, Incoming},
        rules::Holding,
    },
    desk::{
        event::EventKind,
        id::{LedgerId, TicketNumber},
        permission::Act,
        person::{Person, clean_name},
        triage::{Answer, Asked, BY_HAND, Decision, Facts, Requester, TOO_OLD_TO_ANSWER, Trace, Voice},
    },
    mail::parse,
    store::{
        Tx, comments, digest_lines,
        held::{self, HeldMail},
        messages::{self, Held, Taken},
        outbox,
        participants::{self, Participation},
        people, tickets,
    },
};

/// A held message that somebody asks something of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its row.
    pub id: LedgerId,
    /// How their page showed it; none: they saw none.
    pub seen: Option<Seen>,
}

impl From<LedgerId> for Shown {
    fn from(id: LedgerId) -> Self {
        Self { id, seen: None }
    }
}

/// How a page showed held mail, so that nobody overrides a colleague whose decision they have not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Where it stood.
    pub held: Held,
    /// When the page was made.
    pub at: Timestamp,
}

impl Seen {
    /// As a form carries it: `waiting.1795946400000`, in milliseconds.
    #[must_use]
    pub fn word(self) -> String {
        format!("{}.{}", self.held.as_str(), self.at.as_millisecond())
    }

    /// The word of [`Seen::word`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let (held, at) = word.split_once('.')?;
        Some(Self { held: Held::parse(held)?, at: Timestamp::from_millisecond(at.parse().ok()?).ok()? })
    }
}

/// As much of a subject is told in a sentence; characters.
const TOLD_SUBJECT: usize = 60;

/// Makes a new ticket of a held message. Its receipt, where one is due, waits out the undo window.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Conflict`] when it is on a ticket already, stands no longer as it was shown, only its
/// header is here, or nobody could be answered.
pub async fn open(desk: &Desk, actor: &Person, which: impl Into<Shown>) -> Result<TicketNumber> {
    let which = which.into();
    let (incoming, now) = (&look(desk, actor, which.id).await?, desk.clock.now());
    transact(desk, |mut tx| async move {
        claim(desk, &mut tx, actor, which).await?;
        if incoming.message.requester.is_none() {
            let why = "nobody could be answered: this message has no usable sender; join it to a ticket, or open one by hand";
            return Err(ActionError::Conflict(why.to_owned()));
        }
        let mailbox = desk.mailboxes.get(incoming.row.mailbox).ok_or(ActionError::Missing("mailbox"))?;
        let facts = facts::gather(desk, &mut tx, incoming, mailbox, &Ahead::default(), now).await?;
        let fresh = now.duration_since(incoming.row.received_at) <= TOO_OLD_TO_ANSWER.min(SignedDuration::from_hours(24));
        let receipt = if incoming.message.kind.automated() || !fresh { Answer::Never } else { Answer::Allowed };
        let decision = Decision::Open { linked: facts.tickets.first().map(|it| it.number), receipt, requester: Requester::Sender };
        let number = settle(desk, &mut tx, actor, &facts, incoming, &decision).await?;
        leave(desk, tx).await?;
        Ok(number)
    })
    .await
}

/// How a held message joined a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// As its sender's words; they take part from now on.
    AsParticipant,
    /// As a machine's, collapsed, for staff alone; its sender is not added.
    AsMachine,
}

/// Joins a held message to any ticket within reach. That staff do so is their agreement: its sender takes part from now on.
///
/// # Errors
/// What [`ActionError`] lists; missing for a ticket out of reach; [`ActionError::Conflict`] as [`open`].
pub async fn join(desk: &Desk, actor: &Person, which: impl Into<Shown>, number: TicketNumber) -> Result<Joined> {
    let which = which.into();
    let (incoming, now) = (&look(desk, actor, which.id).await?, desk.clock.now());
    transact(desk, |mut tx| async move {
        // A merged ticket is joined where it was merged into.
        let number = tickets::standing(&mut tx, number).await?.ok_or(ActionError::Missing("ticket"))?.number;
        let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
        desk.allow(actor, Act::Edit(case))?;
        no_spam(&mut tx, number).await?;
        claim(desk, &mut tx, actor, which).await?;
        let how = if incoming.message.kind.automated() || incoming.message.author().is_none() {
            Joined::AsMachine
        } else {
            Joined::AsParticipant
        };
        let voice = match how {
            Joined::AsMachine => Voice::Machine,
            Joined::AsParticipant => Voice::Participant,
        };
        if how == Joined::AsParticipant {
            take_part(desk, &mut tx, actor, incoming, Change::of(ticket, Some(actor.id)), now).await?;
        }
        let mailbox = desk.mailboxes.get(incoming.row.mailbox).ok_or(ActionError::Missing("mailbox"))?;
        let facts = facts::gather(desk, &mut tx, incoming, mailbox, &Ahead::default(), now).await?;
        settle(desk, &mut tx, actor, &facts, incoming, &Decision::Join { ticket: number, voice }).await?;
        leave(desk, tx).await?;
        Ok(how)
    })
    .await
}

/// Leaves a held message aside. It stays in the ledger and can still be made a ticket.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Conflict`] when it is not waiting.
pub async fn discard(desk: &Desk, actor: &Person, which: impl Into<Shown>) -> Result<()> {
    let which = which.into();
    let id = which.id;
    desk.allow(actor, Act::WorkHeldMail)?;
    transact(desk, |mut tx| async move {
        read_held::find_held(desk, &mut tx, actor, id).await?;
        let row = messages::lock(&mut tx, id).await?.ok_or(ActionError::Missing("held message"))?;
        as_shown(desk, &mut tx, actor, which).await?;
        match row.held {
            None => return Err(ActionError::Missing("held message")),
            Some(held) if held != Held::Waiting => return Err(ActionError::Conflict(format!("this message is {} by now", held.as_str()))),
            Some(_) => {}
        }
        messages::settle_held(&mut tx, id, Held::Discarded, actor.id, desk.clock.now()).await?;
        leave(desk, tx).await
    })
    .await
}

/// The message, read again from its octets, if it is `actor`'s to settle.
async fn look(desk: &Desk, actor: &Person, id: LedgerId) -> Result<Incoming> {
    desk.allow(actor, Act::WorkHeldMail)?;
    read_held::find_held(desk, &mut *desk.store.read().await?, actor, id).await?;
    read(desk, id).await
}

/// Refuses what was asked on a page that shows the message as it stands no longer, in a sentence of who decided what, and when. Its
/// row is locked.
pub(super) async fn as_shown(desk: &Desk, tx: &mut Tx, actor: &Person, which: Shown) -> Result<()> {
    let Some(seen) = which.seen else { return Ok(()) };
    let mail = read_held::find_held(desk, tx, actor, which.id).await?;
    // Taken back and released again, it may be on another ticket.
    let anew = mail.held == Held::Released && mail.settled.as_ref().is_some_and(|(_, at)| *at > seen.at);
    if mail.held == seen.held && !anew { Ok(()) } else { Err(ActionError::Conflict(decided(desk, &mail))) }
}

/// `Hal Nine discarded “Offers” at 14:05; nothing was done now`.
fn decided(desk: &Desk, mail: &HeldMail) -> String {
    let subject: String = mail.subject.trim().chars().take(TOLD_SUBJECT).collect();
    let what = if subject.is_empty() { "a message without subject".to_owned() } else { format!("“{subject}”") };
    let did = match (mail.held, mail.ticket) {
        (Held::Waiting, _) => format!("put {what} back among those that wait"),
        (Held::Released, Some(number)) => format!("released {what} to #{number}"),
        (Held::Released, None) => format!("released {what}"),
        (Held::Discarded, Some(number)) => format!("marked #{number} as spam, with {what} on it"),
        (Held::Discarded, None) => format!("discarded {what}"),
    };
    let Some((who, at)) = &mail.settled else { return format!("somebody {did}; nothing was done now") };
    let local = |at: Timestamp| at.to_zoned(desk.settings.time_zone.clone());
    let today = local(*at).date() == local(desk.clock.now()).date();
    let when = local(*at).strftime(if today { "at %H:%M" } else { "on %-d %b at %H:%M" }).to_string();
    format!("{who} {did} {when}; nothing was done now")
}

/// Locks its row, if something can be made of it and it stands as it was shown.
async fn claim(desk: &Desk, tx: &mut Tx, actor: &Person, which: Shown) -> Result<()> {
    let id = which.id;
    let row = messages::lock(tx, id).await?.ok_or(ActionError::Missing("held message"))?;
    as_shown(desk, tx, actor, which).await?;
    match row.held {
        Some(Held::Waiting | Held::Discarded) => {}
        Some(Held::Released) => return Err(ActionError::Conflict("this message is on a ticket already".to_owned())),
        None => return Err(ActionError::Missing("held message")),
    }
    match comments::of_message(tx, id).await? {
        Some(said) => Err(ActionError::Conflict(format!("this message is on #{}, which was marked as spam; undo that first", said.ticket))),
        None => Ok(()),
    }
}

/// Does it, keeps the trace with a line of who did, and holds back what it owes until it can no longer be undone.
async fn settle(
    desk: &Desk,
    tx: &mut Tx,
    actor: &Person,
    facts: &Facts<'_>,
    incoming: &Incoming,
    decision: &Decision,
) -> Result<TicketNumber> {
    let (id, now) = (incoming.row.id, facts.now);
    let number = carry_out::carry_out(desk, tx, incoming, facts, &Deciding { decision, reason: "", rules: &Holding::default() })
        .await?
        .ok_or(ActionError::Missing("ticket"))?;
    let did = match decision {
        Decision::Join { .. } => format!("{} joined it to #{number}", actor.name),
        Decision::Open { .. } | Decision::Hold { .. } | Decision::Ignore | Decision::RecordBounce(_) => {
            format!("{} opened ticket #{number} from it", actor.name)
        }
    };
    let trace = with_line(held::trace(tx, id).await?.as_deref(), &did);
    let done = Done { decision: receive_message::word(decision), ticket: Some(number), held: Some(Held::Released), rule: None };
    receive_message::write(tx, incoming, &done, &trace, now).await?;
    messages::settle_held(tx, id, Held::Released, actor.id, now).await?;
    let ticket = tickets::lock(tx, number).await?.ok_or(ActionError::Missing("ticket"))?;
    let comment = comments::of_message(tx, id).await?.map(|it| it.id);
    let mut change = Change::of(ticket, Some(actor.id));
    change.note(EventKind::Released, comment);
    record(desk, tx, change, now).await?;
    outbox::leave_out(tx, actor.id);
    digest_lines::forget(tx, number, Some(actor.id), Some(now)).await?;
    outbox::put_off(tx, now + desk.settings.undo_window);
    Ok(number)
}

/// The sender becomes a participant, unless they are one, or answer at this desk.
async fn take_part(desk: &Desk, tx: &mut Tx, actor: &Person, incoming: &Incoming, mut change: Change, now: Timestamp) -> Result<()> {
    let Some(author) = incoming.message.author().filter(|it| !desk.mailboxes.is_ours(&it.address)) else { return Ok(()) };
    let person = people::ensure(tx, &author.address, &clean_name(author.name.as_deref().unwrap_or_default(), &author.address), now).await?;
    let number = change.number();
    let was = participants::of(tx, number, person.id).await?;
    if person.role.is_staff() || was == Some(Participation::Active) {
        return Ok(());
    }
    participants::set(tx, number, person.id, Participation::Active, now).await?;
    change.actor = Some(actor.id);
    // What they were, so that taking the message back can put them back.
    change.changed(EventKind::ParticipantAdded, was.map(|it| it.as_str().to_owned()), Some(person.email.to_string()));
    record(desk, tx, change, now).await
}

/// A trace with one more line: what a person did.
pub(super) fn with_line(trace: Option<&str>, did: &str) -> Trace {
    let mut trace: Trace = trace.and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default();
    trace.0.push(Asked { question: BY_HAND.to_owned(), found: did.to_owned(), decides: true });
    trace
}

/// The message of a row, read again from its octets.
async fn read(desk: &Desk, id: LedgerId) -> Result<Incoming> {
    let mut conn = desk.store.read().await?;
    let row = messages::get(&mut conn, id).await?.ok_or(ActionError::Missing("held message"))?;
    if row.taken == Taken::HeaderOnly {
        return Err(ActionError::Conflict("only the header of this message is here: it is too large; open it in the mailbox".to_owned()));
    }
    let raw = desk.store.blobs().get(&mut conn, &row.sha256).await?.ok_or(ActionError::Missing("message"))?;
    drop(conn);
    let message = tokio::task::block_in_place(|| parse::timed::read(raw));
    Ok(Incoming::of(desk, row, message))
}
