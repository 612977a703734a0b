//! The facts of an earlier decision, found again: what had not come yet, or was not done yet, does not count.
//!
//! The message is read as today and judged by today's rules and settings; what the desk knew is what it knew then.

use std::collections::HashMap;

use crate::{
    actions::{Desk, Result, ahead::Ahead, facts, receive_message::Incoming, replay::Finding, sender_rules},
    desk::{
        id::TicketNumber,
        message::MessageId,
        person::Person,
        replay::Mend,
        settings::MailboxSettings,
        triage::{Commands, Evidence, Facts, Marked, Stands, TicketFacts},
    },
    store::{
        Conn,
        as_of::{self, Then},
        corrections, people, restored,
    },
};

/// What the messages read so far in this run would have changed for those that come behind them.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// By Message-ID, the ticket that its mail would be on.
    tickets: HashMap<String, TicketNumber>,
}

impl Run {
    /// A message has another Message-ID today, or would be on another ticket.
    pub(super) fn note(&mut self, finding: &Finding) {
        let would = match finding.threading.as_ref().map(|it| &it.mend) {
            Some(Mend::MoveTo(number)) => Some(*number),
            Some(Mend::MoveToNew | Mend::Left(_)) | None => {
                finding.ticket.filter(|_| finding.then.header.message_id != finding.today.header.message_id)
            }
        };
        if let (Some(number), Some(id)) = (would, &finding.today.header.message_id) {
            self.tickets.insert(id.clone(), number);
        }
    }
}

/// Everything that the questions ask about one message, as of `then`. Budgets are not asked: they have been.
pub(super) async fn gather<'a>(
    desk: &Desk,
    conn: &mut Conn,
    incoming: &'a Incoming,
    mailbox: &'a MailboxSettings,
    then: Then,
    run: &Run,
) -> Result<Facts<'a>> {
    let message = &incoming.message;
    let author = match message.author() {
        Some(author) => people::by_email(conn, &author.address).await?,
        None => None,
    };
    let author = match author {
        Some(person) if as_of::knew(conn, person.id, then.at).await? => Some(person),
        Some(_) | None => None,
    };
    let evidence = evidence(desk, conn, incoming, then, run).await?;
    let tickets = named_tickets(conn, &evidence, author.as_ref(), then).await?;
    let holder = evidence.reply_address.and_then(|it| it.person).or(evidence.our_id.and_then(|it| it.person));
    let token_holder = match holder {
        Some(id) => people::get(conn, id).await?,
        None => None,
    };
    let forwarded = match author.as_ref().filter(|it| it.is_active_staff()) {
        Some(_) => facts::forwarded_by_staff(desk, conn, message).await?,
        None => None,
    };
    Ok(Facts {
        message,
        mailbox,
        received_at: incoming.row.received_at,
        now: then.at,
        restored_at: restored::last_before(conn, then.at).await?,
        our_own: facts::our_own(desk, conn, message, &Ahead::default()).await?,
        report_about: facts::report_about(conn, message, &Ahead::default()).await?,
        authenticity: incoming.authenticity(),
        author,
        sender_rule: sender_rules::about_then(desk, conn, message, then.at).await?,
        opened_within_hour: 0,
        evidence,
        tickets,
        token_holder,
        forwarded,
        budgets: desk.settings.budgets,
        reopen_within: desk.settings.reopen_within,
        commands: Commands::Fine,
    })
}

async fn evidence(desk: &Desk, conn: &mut Conn, incoming: &Incoming, then: Then, run: &Run) -> Result<Evidence> {
    let now = facts::evidence(desk, conn, &incoming.message).await?;
    let corrected = match now.corrected {
        Some(it) => corrections::get(conn, it.correction).await?.filter(|made| made.made_at <= then.at).map(|_| it),
        None => None,
    };
    let ids: Vec<MessageId> = facts::answered(&incoming.message).cloned().collect();
    let known = as_of::taken_in(conn, &ids, then).await?;
    let known = |id: &MessageId| known.iter().find(|(it, _)| it == id.as_str()).map(|(_, ticket)| *ticket);
    let taken_in = ids.iter().find_map(|id| run.tickets.get(id.as_str()).copied().or_else(|| known(id)));
    Ok(Evidence { corrected, taken_in, ..now })
}

async fn named_tickets(conn: &mut Conn, evidence: &Evidence, author: Option<&Person>, then: Then) -> Result<Vec<TicketFacts>> {
    let mut found: Vec<TicketFacts> = Vec::new();
    for named in evidence.tickets() {
        let Some(ticket) = as_of::stood(conn, named, then).await? else { continue };
        let takes_part = match author {
            Some(person) if ticket.requester == person.id => true,
            Some(person) => as_of::took_part(conn, ticket.number, person.id, &person.email, then.at).await?,
            None => false,
        };
        let author = if takes_part { Stands::Participant } else { Stands::Stranger };
        let as_of::Stood { number, status, status_at, .. } = ticket;
        let marked = if as_of::marked_as_spam(conn, number, then.at).await? { Marked::AsSpam } else { Marked::No };
        found.push(TicketFacts { named, number, status, status_at, author, joined_within_hour: 0, marked });
    }
    Ok(found)
}
