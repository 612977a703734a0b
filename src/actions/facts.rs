//! What the questions of `desk/triage.rs` ask, found in the store.

use jiff::Timestamp;

use crate::{
    actions::{
        Desk, Result,
        ahead::{Ahead, returned},
        commands,
        receive_message::Incoming,
    },
    desk::{
        address::EmailAddress,
        id::{OutboxId, TicketNumber},
        matching,
        message::{Forwarded, IncomingMessage, MessageId},
        person::Person,
        settings::MailboxSettings,
        token::{self, Signed},
        triage::{Commands, Corrected, Evidence, Facts, FoundBy, Marked, OurOwn, Stands, TicketFacts, Went},
    },
    mail::parse::forwarded,
    store::{
        Conn, Tx, comments,
        corrections::How,
        events,
        evidence::{self, Led, TakenIn},
        participants::{self, Participation},
        people, round_trips, tickets,
    },
};

/// So many ids of In-Reply-To and References are looked at, nearest first.
const MOST_IDS: usize = 50;

/// Finds everything that the questions ask about one message.
pub(super) async fn gather<'a>(
    desk: &Desk,
    tx: &mut Tx,
    incoming: &'a Incoming,
    mailbox: &'a MailboxSettings,
    ahead: &Ahead,
    now: Timestamp,
) -> Result<Facts<'a>> {
    let message = &incoming.message;
    let author = match message.author() {
        Some(author) => ahead.person(tx, &author.address).await?,
        None => None,
    };
    let evidence = evidence(desk, tx, message).await?;
    let tickets = named_tickets(tx, &evidence, author.as_ref(), now).await?;
    let notice = of_a_helper(evidence.reply_address, evidence.our_id);
    let token_holder = match notice.and_then(|it| it.person) {
        Some(id) => people::get(tx, id).await?,
        None => None,
    };
    let given = notice.and_then(|notice| tickets.iter().find(|it| it.named == notice.ticket)).map(|it| it.number);
    let commands = match (&token_holder, given) {
        (Some(helper), Some(number)) => commands::check(desk, tx, helper, number, message).await?,
        (Some(_) | None, _) => Commands::Fine,
    };
    let forwarded = match author.as_ref().filter(|it| it.is_active_staff()) {
        Some(_) => forwarded_by_staff(desk, tx, message).await?,
        None => None,
    };
    let sender = message.author().map(|it| it.address.folded());
    let opened_within_hour = match &sender {
        Some(sender) => ahead.opened_by(tx, sender, now).await?,
        None => 0,
    };
    Ok(Facts {
        message,
        mailbox,
        received_at: incoming.row.received_at,
        now,
        restored_at: ahead.restored_at(tx).await?,
        our_own: our_own(desk, tx, message, ahead).await?,
        report_about: report_about(tx, message, ahead).await?,
        authenticity: incoming.authenticity(),
        author,
        sender_rule: ahead.rule_about(desk, tx, message).await?,
        opened_within_hour,
        evidence,
        tickets,
        token_holder,
        forwarded,
        budgets: desk.settings.budgets,
        reopen_within: desk.settings.reopen_within,
        commands,
    })
}

/// A customer's mail that a helper forwards: neither one of the desk's own addresses nor a helper's.
pub(super) async fn forwarded_by_staff(desk: &Desk, tx: &mut Conn, message: &IncomingMessage) -> Result<Option<Forwarded>> {
    let Some(found) = forwarded::find(message).filter(|it| !desk.mailboxes.is_ours(&it.from.address)) else { return Ok(None) };
    let known = people::by_email(tx, &found.from.address).await?;
    Ok(Some(found).filter(|_| !known.is_some_and(|it| it.role.is_staff())))
}

/// Which of the two was given to one helper.
fn of_a_helper(reply_address: Option<Signed>, our_id: Option<Signed>) -> Option<Signed> {
    reply_address.into_iter().chain(our_id).find(|it| it.person.is_some())
}

/// The notice to one helper that a message answers, whoever sends it.
pub(super) fn answered_notice(desk: &Desk, message: &IncomingMessage) -> Option<Signed> {
    of_a_helper(reply_address(desk, message), our_id(desk, message))
}

pub(super) async fn our_own(desk: &Desk, tx: &mut Conn, message: &IncomingMessage, ahead: &Ahead) -> Result<OurOwn> {
    let sign = |text: &str| desk.sign(text);
    if let Some(id) = message.message_id.as_ref().filter(|it| token::is_our_message_id(it, &sign))
        && round_trips::is_one(tx, id).await?
    {
        return Ok(OurOwn::Probe);
    }
    if message.facts.loop_mark.as_deref().is_some_and(|mark| token::is_our_loop_mark(mark, &sign)) {
        return Ok(OurOwn::LoopMark);
    }
    let own = match &message.message_id {
        Some(id) => ahead.our_mail(tx, id).await?.is_some(),
        None => false,
    };
    let from_us = || message.author().is_some_and(|it| desk.mailboxes.is_ours(&it.address));
    Ok(match own {
        true => OurOwn::MessageId,
        false if from_us() => OurOwn::FromAlone,
        false => OurOwn::No,
    })
}

pub(super) async fn report_about(tx: &mut Conn, message: &IncomingMessage, ahead: &Ahead) -> Result<Option<OutboxId>> {
    for id in returned(message).into_iter().chain(answered(message)) {
        if let Some(mail) = ahead.our_mail(tx, id).await? {
            return Ok(Some(mail));
        }
    }
    Ok(None)
}

/// The ids that a message answers, nearest first.
pub(super) fn answered(message: &IncomingMessage) -> impl Iterator<Item = &MessageId> {
    message.in_reply_to.iter().chain(message.references.iter().rev()).take(MOST_IDS)
}

/// What the signed address says that a message came to.
fn reply_address(desk: &Desk, message: &IncomingMessage) -> Option<Signed> {
    let addressed = message.to.iter().chain(&message.cc).map(|it| &it.address).chain(&message.facts.delivered_to);
    let ours = |it: &&EmailAddress| desk.mailboxes.is_ours(it);
    addressed.filter(ours).find_map(|it| token::read_reply_address(it, &|text| desk.sign(text)))
}

/// What the nearest Message-ID of ours says that a message answers.
fn our_id(desk: &Desk, message: &IncomingMessage) -> Option<Signed> {
    answered(message).find_map(|id| token::read_message_id(id, &|text| desk.sign(text)))
}

/// What a message itself says about its ticket.
pub(super) async fn evidence(desk: &Desk, conn: &mut Conn, message: &IncomingMessage) -> Result<Evidence> {
    let (reply_address, our_id) = (reply_address(desk, message), our_id(desk, message));
    let ids: Vec<MessageId> = answered(message).cloned().collect();
    let known = evidence::taken_in(conn, &ids).await?;
    let taken_in = ids.iter().find_map(|id| known.iter().find(|it| it.id == id.as_str())).map(|it| it.ticket);
    let corrected = corrected(desk, conn, &ids, &known).await?;
    Ok(Evidence { corrected, reply_address, our_id, taken_in, tag: matching::subject_tag(&message.subject) })
}

/// What the nearest id that we know of is about, if a person has moved that, or what it followed: a nearer one that nobody moved says
/// more.
async fn corrected(desk: &Desk, conn: &mut Conn, ids: &[MessageId], known: &[TakenIn]) -> Result<Option<Corrected>> {
    for id in ids {
        if token::read_message_id(id, &|text| desk.sign(text)).is_some() {
            let led = evidence::led_under(conn, id).await?;
            return Ok(led.map(|(ticket, led)| as_corrected(ticket, led, FoundBy::Ours)));
        }
        if let Some(mail) = known.iter().find(|it| it.id == id.as_str()) {
            return Ok(mail.led.clone().map(|led| as_corrected(mail.ticket, led, FoundBy::ItsOwn)));
        }
    }
    Ok(None)
}

fn as_corrected(ticket: TicketNumber, led: Led, found_by: FoundBy) -> Corrected {
    let went = match led.how {
        How::Moved => Went::Itself,
        How::Followed | How::Returned => Went::Behind,
    };
    Corrected { answered: led.comment, ticket, went, correction: led.correction, by: led.by, found_by }
}

async fn named_tickets(tx: &mut Tx, evidence: &Evidence, author: Option<&Person>, now: Timestamp) -> Result<Vec<TicketFacts>> {
    let mut found = Vec::new();
    for named in evidence.tickets() {
        let Some(ticket) = tickets::standing(tx, named).await? else { continue };
        let number = ticket.number;
        let stands = match author {
            Some(person) if ticket.requester == person.id => Stands::Participant,
            Some(person) if participants::of(tx, number, person.id).await? == Some(Participation::Active) => Stands::Participant,
            Some(_) | None => Stands::Stranger,
        };
        let joined_within_hour = comments::by_mail_within_hour(tx, number, now).await?;
        let marked = if events::marked_as_spam(tx, number).await?.is_some() { Marked::AsSpam } else { Marked::No };
        let (status, status_at) = (ticket.status, ticket.status_at);
        found.push(TicketFacts { named, number, status, status_at, author: stands, joined_within_hour, marked });
    }
    Ok(found)
}
