//! What becomes of a message: the ordered questions of MAIL.md, "Deciding". Facts in, decision and trace out.

use jiff::SignedDuration;

use crate::desk::{
    id::{OutboxId, PersonId, TicketNumber},
    message::Kind,
    person::Person,
    sender::{SenderRule, SenderVerdict},
    settings::{ListMail, Receipt},
};

mod code;
mod evidence;
mod facts;
mod held_for;
pub mod imported;
pub use evidence::named;
use evidence::{Found, given, merged, strongest};
pub use facts::{Authenticity, Commands, Corrected, Evidence, Facts, FoundBy, Marked, OurOwn, SenderCheck, Stands, TicketFacts, Went};
pub use held_for::{DESK_RULE, HeldFor};

/// Mail older than this is never answered automatically.
pub const TOO_OLD_TO_ANSWER: SignedDuration = SignedDuration::from_hours(24);

/// What becomes of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Kept, and nothing made of it.
    Ignore,
    /// A delivery report: it marks our mail.
    RecordBounce(OutboxId),
    /// Kept for a person to look at; a helper may be told that their answer was not sent.
    Hold {
        /// The helper to tell.
        tell: Option<PersonId>,
    },
    /// Joined to a ticket.
    Join {
        /// Which.
        ticket: TicketNumber,
        /// In whose voice.
        voice: Voice,
    },
    /// A ticket of its own.
    Open {
        /// The ticket it seems to come out of.
        linked: Option<TicketNumber>,
        /// Whether the requester is told its number.
        receipt: Answer,
        /// For whom.
        requester: Requester,
    },
}

/// For whom a ticket is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requester {
    /// For whoever wrote (MAIL.md, "Deciding", 10).
    Sender,
    /// For the customer whose mail a helper forwards.
    ForwardedSender,
}

/// In whose voice a message joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// The requester's, or a participant's.
    Participant,
    /// Somebody's who was given one of our messages and is no participant.
    NewParticipant,
    /// A helper's, with their rights.
    Staff(PersonId),
    /// A machine's: collapsed, nobody is told, nothing reopens.
    Machine,
}

/// Whether an automatic answer may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It may; the budgets have the last word.
    Allowed,
    /// Never.
    Never,
}

/// One question of the trace.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Asked {
    /// In plain words.
    pub question: String,
    /// What was found.
    pub found: String,
    /// Whether this answer decided.
    pub decides: bool,
}

/// Why a message became what it became: every question up to the one that decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Trace(pub Vec<Asked>);

impl Trace {
    fn no(&mut self, question: &str, found: impl Into<String>) -> Option<Decision> {
        self.0.push(Asked { question: question.to_owned(), found: found.into(), decides: false });
        None
    }

    fn yes(&mut self, question: &str, found: impl Into<String>, decision: Decision) -> Option<Decision> {
        self.0.push(Asked { question: question.to_owned(), found: found.into(), decides: true });
        Some(decision)
    }

    /// Whether the message was imported.
    #[must_use]
    pub fn is_of_an_import(&self) -> bool {
        self.0.iter().any(|it| it.question == IMPORTED)
    }

    /// Each question with what was found, in one line: what `maildesk inspect` prints is what the panel's *Why?* shows.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|it| if ABOUT.contains(&it.question.as_str()) { it.found.clone() } else { format!("{} {}", it.question, it.found) })
            .collect()
    }

    /// The deciding answer in one sentence.
    #[must_use]
    pub fn reason(&self) -> &str {
        self.0.iter().rfind(|it| it.decides).map_or("nothing was asked", |it| it.found.as_str())
    }
}

/// What reading has found: its sentences name what they speak of themselves (`kind new: …`).
const ABOUT: [&str; 2] = [WHAT, WHO];
const WHAT: &str = "What is it?";
const WHO: &str = "Who asks?";

/// The question that a rule about a sender answers.
pub const SENDER_RULE: &str = "A rule about its sender?";

/// The question that a notice's signed address answers.
const STAFF_ANSWER: &str = "A helper’s answer to a notice?";

/// What is found where the same mail has come before.
pub const KNOWN: &str = "the same mail has come before, and is in the ledger";

/// What is found where a mailbox has sent it to itself.
pub const PROBE: &str = "round-trip probe: this mailbox has sent it to itself, and it came back";

/// The question that a ticket marked as spam answers.
pub const ANSWERS_SPAM: &str = "An answer to spam?";

/// The line that a message has which was imported; nothing else has it.
pub const IMPORTED: &str = "Imported?";

/// What a person did with a held message: a line of its trace, after those of the questions.
pub const BY_HAND: &str = "A person decides";

const HOLD: Decision = Decision::Hold { tell: None };

/// Asks the questions in their order; the first that applies decides. Asked again with the same facts, it answers the same.
#[must_use]
pub fn decide(facts: &Facts<'_>) -> (Decision, Trace) {
    let mut trace = Trace::default();
    for found in &facts.message.why {
        trace.no(if found.starts_with("requester") { WHO } else { WHAT }, found.as_str());
    }
    trace.no("Already known?", "the same mail has not come before");
    let questions: [fn(&Facts<'_>, &mut Trace) -> Option<Decision>; 11] = [
        our_own,
        delivery_report,
        code::service_code,
        automatic,
        blocked,
        suspected,
        answers_spam,
        too_many_tickets,
        staff_answer,
        answer,
        new_ticket,
    ];
    let decision = questions.iter().find_map(|ask| ask(facts, &mut trace)).unwrap_or(HOLD);
    (decision, trace)
}

fn our_own(facts: &Facts<'_>, trace: &mut Trace) -> Option<Decision> {
    const Q: &str = "Our own mail?";
    match facts.our_own {
        OurOwn::Probe => trace.yes(Q, PROBE, Decision::Ignore),
        OurOwn::LoopMark => trace.yes(Q, "own message: it carries our loop header", Decision::Ignore),
        OurOwn::MessageId => trace.yes(Q, "own message: its Message-ID is one of our outbox", Decision::Ignore),
        OurOwn::FromAlone | OurOwn::No => trace.no(Q, "no"),
    }
}

fn delivery_report(facts: &Facts<'_>, trace: &mut Trace) -> Option<Decision> {
    const Q: &str = "A delivery report?";
    match (facts.message.kind, facts.report_about) {
        (Kind::Bounce, Some(mail)) => trace.yes(Q, "it speaks of a mail of ours", Decision::RecordBounce(mail)),
        (Kind::Bounce, None) => trace.yes(Q, "a delivery report about a mail that this desk did not send", HOLD),
        (Kind::New | Kind::Reply | Kind::AutoReply | Kind::AutoGenerated | Kind::Report, _) => trace.no(Q, "no"),
    }
}

fn would_join(facts: &Facts<'_>) -> Option<Found> {
    if facts.our_own == OurOwn::FromAlone {
        return None;
    }
    strongest(facts).filter(|it| it.certain || it.facts.author == Stands::Participant)
}

fn automatic(facts: &Facts<'_>, trace: &mut Trace) -> Option<Decision> {
    const Q: &str = "Written by a machine?";
    let ticket = would_join(facts).map(|it| it.facts.number);
    match (facts.message.kind, ticket) {
        (Kind::New | Kind::Reply | Kind::Bounce, _) => trace.no(Q, "no"),
        (Kind::AutoReply | Kind::Report | Kind::AutoGenerated, Some(ticket)) => trace.yes(
            Q,
            format!("a machine’s message about #{ticket}: joined, nobody is told"),
            Decision::Join { ticket, voice: Voice::Machine },
        ),
        (Kind::AutoReply, None) => hold_unless_spared(facts, trace, Q, "an automatic answer that belongs to no ticket"),
        (Kind::Report, None) => hold_unless_spared(facts, trace, Q, "a report by a machine that belongs to no ticket"),
        (Kind::AutoGenerated, None) => generated(facts, trace, Q),
    }
}

/// A list, a newsletter, a notification: as the mailbox says.
fn generated(facts: &Facts<'_>, trace: &mut Trace, question: &str) -> Option<Decision> {
    let of_a_list = facts.message.facts.list || facts.message.facts.bulk;
    let what = if of_a_list { "list or bulk mail" } else { "an automatic message" };
    match facts.mailbox.list_mail {
        ListMail::Hold => hold_unless_spared(facts, trace, question, &format!("{what}; this mailbox holds such mail")),
        ListMail::Ticket => trace.no(question, format!("{what}; this mailbox makes tickets of such mail, and never answers it")),
    }
}

/// Staff have said that mail of this sender is never held. Anybody can write such a From: so it undoes a spam mark and the holding of
/// automatic mail, and no guard against forgery, codes or floods.
fn spared<'a>(facts: &'a Facts<'_>) -> Option<&'a SenderRule> {
    facts.sender_rule.as_ref().filter(|it| it.verdict == SenderVerdict::NeverHold)
}

fn hold_unless_spared(facts: &Facts<'_>, trace: &mut Trace, question: &str, found: &str) -> Option<Decision> {
    match spared(facts) {
        Some(rule) => trace.no(question, format!("{found}; but never held: {}", rule.words())),
        None => trace.yes(question, found, HOLD),
    }
}

fn blocked(facts: &Facts<'_>, trace: &mut Trace) -> Option<Decision> {
    match &facts.sender_rule {
        Some(rule) if rule.verdict == SenderVerdict::Hold => trace.yes(SENDER_RULE, format!("always held: {}", rule.words()), HOLD),
        Some(rule) => trace.no(SENDER_RULE, format!("never held: {}", rule.words())),
        None => trace.no(SENDER_RULE, "no"),
    }
}

fn suspected(facts: &Facts<'_>, trace: &mut Trace) -> Option<Decision> {
    const Q: &str = "Suspected?";
    if let (Some(mark), None) = (&facts.message.facts.spam, spared(facts)) {
        return trace.yes(Q, format!("the mail server marked it as spam ({mark})"), HOLD);
    }
    if facts.authenticity == Authenticity::Failed {
        return trace.yes(Q, "our mail server says that it is not from who it claims (DMARC fails)", HOLD);
    }
    trace.no(Q, format!("no; the sender is {}", facts.authenticity.as_str()))
}

/// What would join a ticket that staff marked as spam is theirs to look at; a helper hears that their answer was not sent.
fn answers_spam(facts: &Facts<'_>, trace: &mut Trace) -> Option<Decision> {
    let given = given(facts);
    let joined = match given {
        Some(given) => facts.tickets.iter().find(|it| it.named == given.ticket).copied(),
        None => would_join(facts).map(|it| it.facts),
    };
    let Some(ticket) = joined.filter(|it| it.marked == Marked::AsSpam) else { return trace.no(ANSWERS_SPAM, "no") };
    let helper = if given.is_some() { &facts.token_holder } else { &facts.author };
    let tell = helper.as_ref().filter(|it| it.is_active_staff()).map(|it| it.id);
    let found = format!("answers a ticket that was marked as spam, #{}{}", ticket.number, merged(ticket.named, ticket.number));
    trace.yes(ANSWERS_SPAM, found, Decision::Hold { tell })
}

fn too_many_tickets(facts: &Facts<'_>, trace: &mut Trace) -> Option<Decision> {
    const Q: &str = "Too many?";
    if let Some(ticket) = strongest(facts) {
        let (n, most) = (ticket.facts.joined_within_hour, facts.budgets.per_ticket_hour);
        return if n >= most {
            trace.yes(Q, format!("{n} messages on #{} within an hour; at most {most} are joined", ticket.facts.number), HOLD)
        } else {
            trace.no(Q, format!("no: {n} of {most} on #{} within an hour", ticket.facts.number))
        };
    }
    let (n, most) = (facts.opened_within_hour, facts.budgets.new_per_sender_hour);
    if n >= most {
        return trace.yes(Q, format!("{n} new tickets from this sender within an hour; at most {most} are opened"), HOLD);
    }
    trace.no(Q, format!("no: {n} of {most} from this sender within an hour"))
}

/// MAIL.md, "A helper answers by mail": the token, the address and no failed authentication, all three.
fn staff_answer(facts: &Facts<'_>, trace: &mut Trace) -> Option<Decision> {
    const Q: &str = STAFF_ANSWER;
    let author_is_staff = facts.author.as_ref().is_some_and(Person::is_active_staff);
    let Some(given) = given(facts) else {
        return unsigned(facts, trace, Q, author_is_staff);
    };
    let Some(holder) = facts.token_holder.as_ref().filter(|it| it.is_active_staff()) else {
        let found = "the address it answers was given to somebody who is no longer staff, or has not accepted their invitation";
        return trace.yes(Q, found, HOLD);
    };
    let hold = Decision::Hold { tell: Some(holder.id) };
    if facts.message.from.len() != 1 || facts.author.as_ref().map(|it| it.id) != Some(holder.id) {
        return trace.yes(Q, format!("it answers a notice to {}, and is not from their address", holder.name), hold);
    }
    let Some(ticket) = facts.tickets.iter().find(|it| it.named == given.ticket).map(|it| it.number) else {
        return trace.yes(Q, format!("it answers a notice about #{}, and there is no such ticket", given.ticket), hold);
    };
    if let Commands::Refused(why) = &facts.commands {
        return trace.yes(Q, why.clone(), hold);
    }
    let by = format!(
        "{}’s answer to a notice about #{}: signed address, their own From{}",
        holder.name,
        given.ticket,
        merged(given.ticket, ticket)
    );
    trace.yes(Q, by, Decision::Join { ticket, voice: Voice::Staff(holder.id) })
}

/// A helper's address without what only they were given: anybody can write a From.
fn unsigned(facts: &Facts<'_>, trace: &mut Trace, question: &str, author_is_staff: bool) -> Option<Decision> {
    if !author_is_staff {
        return trace.no(question, "no");
    }
    if strongest(facts).is_some_and(|it| it.facts.author == Stands::Stranger) {
        let found =
            "from a helper’s address about a ticket, without the signed address that a notice gives them: anybody can write such a From";
        let tell = facts.author.as_ref().map(|it| it.id);
        return trace.yes(question, found, Decision::Hold { tell });
    }
    trace.no(question, "no: from a helper’s address without a signed reply address, so it is an ordinary sender’s mail")
}

fn answer(facts: &Facts<'_>, trace: &mut Trace) -> Option<Decision> {
    const Q: &str = "An answer to a ticket?";
    let Some(found) = strongest(facts) else {
        return match facts.evidence.tag.or(facts.evidence.our_id.map(|it| it.ticket)) {
            Some(number) => trace.no(Q, format!("it names #{number}, and there is no such ticket")),
            None => trace.no(Q, "no: it names none"),
        };
    };
    let (number, by) = (found.facts.number, &found.by);
    if facts.our_own == OurOwn::FromAlone {
        return trace.no(Q, format!("#{number} by {by}, but from an address of this desk, which takes part in nothing"));
    }
    if found.facts.closed_too_long(facts.now, facts.reopen_within) {
        return trace.no(Q, format!("#{number} by {by}, closed too long ago to be opened again: a new ticket, linked to it"));
    }
    match (found.facts.author, found.certain) {
        (Stands::Participant, _) => {
            trace.yes(Q, format!("#{number} by {by}; the sender takes part"), Decision::Join { ticket: number, voice: Voice::Participant })
        }
        (Stands::Stranger, true) => trace.yes(
            Q,
            format!("#{number} by {by}; the sender is new to it, and is sent nothing until staff agree"),
            Decision::Join { ticket: number, voice: Voice::NewParticipant },
        ),
        (Stands::Stranger, false) => {
            trace.no(Q, format!("#{number} by {by} alone, and the sender takes no part: a new ticket, linked to it"))
        }
    }
}

fn new_ticket(facts: &Facts<'_>, trace: &mut Trace) -> Option<Decision> {
    const Q: &str = "A new ticket?";
    if facts.message.requester.is_none() && facts.our_own == OurOwn::FromAlone {
        return trace.yes(Q, "it is from an address of this desk and names nobody else: an answer would come back here", HOLD);
    }
    if facts.message.requester.is_none() {
        return trace.yes(Q, "no usable address of a sender: nobody could be answered", HOLD);
    }
    let linked = strongest(facts).map(|it| it.facts.number);
    let old = facts.now.duration_since(facts.received_at) > TOO_OLD_TO_ANSWER;
    let again = facts.restored_at.is_some_and(|at| facts.received_at < at);
    let quiet = facts.message.kind.automated() || old || again || facts.mailbox.receipt == Receipt::Never;
    let receipt = if quiet { Answer::Never } else { Answer::Allowed };
    if let Some(mail) = facts.forwarded.as_ref().filter(|_| linked.is_none()) {
        let found = format!("a helper forwards a mail of {}: a new ticket for them", mail.from.address);
        return trace.yes(Q, found, Decision::Open { linked, receipt, requester: Requester::ForwardedSender });
    }
    let found = match linked {
        Some(number) => format!("a new ticket, linked to #{number}"),
        None => "it answers nothing that is here: a new ticket".to_owned(),
    };
    trace.yes(Q, found, Decision::Open { linked, receipt, requester: Requester::Sender })
}
