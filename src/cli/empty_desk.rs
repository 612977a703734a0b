//! An empty desk in memory for `maildesk inspect`: it asks the very questions that the daemon asks (`desk/triage`), of what the
//! mails before have left.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::{
    actions::receive_message::word,
    desk::{
        address::EmailAddress,
        id::{PersonId, TicketNumber},
        loop_guard, matching,
        message::{IncomingMessage, MessageId},
        person::{Arrived, Notices, Notify, Person, PersonState, Role, clean_name},
        settings::{Budgets, DeskSettings, MailboxSettings},
        ticket::Status,
        triage::{self, Answer, Authenticity, Commands, Decision, Evidence, Facts, Marked, OurOwn, Stands, TicketFacts, Voice},
    },
    mail::content_key::content_key,
};

/// What would be done with a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// `open-ticket`, `add-comment`, `record-bounce`, `hold` or `ignore`.
    pub action: String,
    /// The Message-ID of the mail that opened the ticket.
    pub thread: Option<MessageId>,
    /// Whether a receipt would be sent.
    pub autorespond: bool,
    /// Every question up to the one that decided.
    pub why: Vec<String>,
    /// The deciding answer.
    pub reason: String,
}

/// A ticket that a mail has opened; its number is its place, from 1.
#[derive(Debug)]
struct Ticket {
    opened_by: Option<MessageId>,
    messages: Vec<MessageId>,
    participants: Vec<EmailAddress>,
}

/// The desk: the mails seen so far, all within one hour.
#[derive(Debug)]
pub struct EmptyDesk {
    mailbox: MailboxSettings,
    tickets: Vec<Ticket>,
    seen: HashSet<String>,
    opened: Vec<EmailAddress>,
    people: Vec<EmailAddress>,
}

impl Default for EmptyDesk {
    /// A desk whose one mailbox is as it is where the configuration says nothing.
    fn default() -> Self {
        let address = "support@localhost.invalid".parse().expect("a fixed address that is well formed");
        let mailbox = MailboxSettings::new("support", address, "Support");
        Self { mailbox, tickets: Vec::new(), seen: HashSet::new(), opened: Vec::new(), people: Vec::new() }
    }
}

impl EmptyDesk {
    /// Takes a mail in and says what would be done with it.
    pub fn receive(&mut self, raw: &[u8], message: &IncomingMessage) -> Verdict {
        if !self.seen.insert(content_key(raw)) {
            let thread = message.message_id.as_ref().and_then(|id| self.holding(id)).and_then(|it| self.opened_by(it));
            return Verdict { action: "ignore".to_owned(), thread, autorespond: false, why: Vec::new(), reason: triage::KNOWN.to_owned() };
        }
        let (decision, trace) = triage::decide(&self.facts(message));
        let thread = self.carry_out(message, &decision);
        let (why, reason) = (trace.sentences(), trace.reason().to_owned());
        Verdict { action: word(&decision).to_owned(), thread, autorespond: answers(message, &decision), why, reason }
    }

    fn facts<'a>(&'a self, message: &'a IncomingMessage) -> Facts<'a> {
        let answered = message.in_reply_to.iter().chain(message.references.iter().rev());
        let taken_in = answered.clone().find_map(|id| self.holding(id));
        let tag = matching::subject_tag(&message.subject);
        let numbers = [taken_in, tag].into_iter().flatten();
        let author = message.author().filter(|it| self.people.contains(&it.address));
        Facts {
            message,
            mailbox: &self.mailbox,
            // A file says nothing of when it came: it comes now.
            received_at: Timestamp::UNIX_EPOCH,
            now: Timestamp::UNIX_EPOCH,
            restored_at: None,
            our_own: OurOwn::No,
            report_about: None,
            authenticity: Authenticity::NotVerified,
            sender_rule: None,
            author: author.map(|it| customer(&it.address)),
            opened_within_hour: count(
                self.opened.iter().filter(|it| message.author().is_some_and(|author| author.address == **it)).count(),
            ),
            evidence: Evidence { corrected: None, reply_address: None, our_id: None, taken_in, tag },
            tickets: numbers.filter_map(|number| self.ticket(number, message)).collect(),
            token_holder: None,
            forwarded: None,
            budgets: Budgets::default(),
            reopen_within: DeskSettings::default().reopen_within,
            commands: Commands::Fine,
        }
    }

    fn ticket(&self, number: TicketNumber, message: &IncomingMessage) -> Option<TicketFacts> {
        let ticket = self.tickets.get(usize::try_from(number.0 - 1).ok()?)?;
        let takes_part = message.author().is_some_and(|it| ticket.participants.contains(&it.address));
        Some(TicketFacts {
            named: number,
            number,
            status: Status::Open,
            status_at: Timestamp::UNIX_EPOCH,
            author: if takes_part { Stands::Participant } else { Stands::Stranger },
            joined_within_hour: count(ticket.messages.len()),
            marked: Marked::No,
        })
    }

    fn carry_out(&mut self, message: &IncomingMessage, decision: &Decision) -> Option<MessageId> {
        match decision {
            Decision::Open { .. } => {
                let people = message.requester.iter().chain(&message.cc).map(|it| it.address.clone());
                let participants: Vec<EmailAddress> = people.filter(|it| *it != self.mailbox.address).collect();
                self.people.extend(participants.iter().cloned());
                self.opened.extend(message.author().map(|it| it.address.clone()));
                let opened_by = message.message_id.clone();
                self.tickets.push(Ticket { messages: opened_by.iter().cloned().collect(), opened_by: opened_by.clone(), participants });
                opened_by
            }
            Decision::Join { ticket, voice: Voice::Participant | Voice::NewParticipant | Voice::Staff(_) | Voice::Machine } => {
                let at = usize::try_from(ticket.0 - 1).ok()?;
                self.tickets.get_mut(at)?.messages.extend(message.message_id.clone());
                self.opened_by(*ticket)
            }
            Decision::Ignore | Decision::RecordBounce(_) | Decision::Hold { .. } => None,
        }
    }

    fn holding(&self, id: &MessageId) -> Option<TicketNumber> {
        let at = self.tickets.iter().position(|it| it.messages.contains(id))?;
        Some(TicketNumber(i64::try_from(at).ok()? + 1))
    }

    fn opened_by(&self, number: TicketNumber) -> Option<MessageId> {
        self.tickets.get(usize::try_from(number.0 - 1).ok()?)?.opened_by.clone()
    }
}

fn answers(message: &IncomingMessage, decision: &Decision) -> bool {
    match decision {
        Decision::Open { receipt: Answer::Allowed, .. } => {
            message.requester.as_ref().is_some_and(|it| !loop_guard::nobody_reads(&it.address))
        }
        Decision::Open { receipt: Answer::Never, .. }
        | Decision::Join { .. }
        | Decision::Ignore
        | Decision::RecordBounce(_)
        | Decision::Hold { .. } => false,
    }
}

fn customer(email: &EmailAddress) -> Person {
    Person {
        id: PersonId(0),
        role: Role::Customer,
        state: PersonState::Active,
        arrived: Arrived::NotYet,
        name: clean_name("", email),
        email: email.clone(),
        notices: Notices::all(Notify::Never),
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
