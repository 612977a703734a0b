//! A message of the ledger is decided, and what was decided is done, in one transaction.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        ahead::{self, Ahead},
        carry_out::{self, Deciding},
        door::{leave, transact},
        facts, read_held as held,
        rules::{self, Stopped},
        what_panicked,
    },
    desk::{
        id::{LedgerId, SenderRuleId, TicketNumber},
        message::IncomingMessage,
        sender::SenderVerdict,
        settings::MailboxSettings,
        triage::{self, Asked, Authenticity, Decision, HeldFor, Requester, SenderCheck, Trace},
    },
    mail::authenticity,
    store::{
        self, Tx, events,
        messages::{self, Decided, Held, LedgerRow, ShownHeld, Taken},
        remarks::Remarks,
        rules::RuleRow,
    },
};

/// At its third start a message that ended the program twice is held.
pub(super) const POISON_STARTS: i64 = 2;

/// When a message came: nobody is told of what came long ago, and it moves nothing that was set since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// Now, or as good as.
    Now,
    /// Some time, in a file that is imported.
    Before,
}

impl Came {
    /// How a ticket came to be that it opens, as the history says it.
    #[must_use]
    pub fn opens_by(self) -> &'static str {
        match self {
            Self::Now => "mail",
            Self::Before => events::BY_IMPORT,
        }
    }
}

/// A row of the ledger with its message, read.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The row.
    pub row: LedgerRow,
    /// The message.
    pub message: IncomingMessage,
    /// What a server that we trust says about its sender; none where the mailbox trusts no server.
    pub sender_check: Option<SenderCheck>,
    /// When it came.
    pub came: Came,
}

impl Incoming {
    /// As this desk reads it: never for one of its own addresses, and with what its mailbox’s server says about the sender.
    #[must_use]
    pub fn of(desk: &Desk, row: LedgerRow, mut message: IncomingMessage) -> Self {
        message.never_for(|it| desk.mailboxes.is_ours(it));
        let sender_check = desk.mailboxes.get(row.mailbox).and_then(|it| check_sender(&message, it));
        Self { row, message, sender_check, came: Came::Now }
    }

    /// The verdict on its sender.
    #[must_use]
    pub fn authenticity(&self) -> Authenticity {
        self.sender_check.as_ref().map_or(Authenticity::NotVerified, |it| it.authenticity)
    }
}

/// What the mail server that a mailbox trusts says about the author's domain; none where it names no server.
#[must_use]
pub fn check_sender(message: &IncomingMessage, mailbox: &MailboxSettings) -> Option<SenderCheck> {
    let domain = message.author().map_or("", |it| it.address.domain());
    Some(authenticity::verdict(&message.facts.sender_traces, mailbox.authserv_id.as_deref()?, domain))
}

/// What a message came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its row.
    pub id: LedgerId,
    /// `open-ticket`, `add-comment`, `record-bounce`, `hold` or `ignore`.
    pub decision: &'static str,
    /// Where it went.
    pub ticket: Option<TicketNumber>,
    /// Why, in one sentence.
    pub reason: String,
    /// What it is held for, where it is.
    pub held_for: Option<HeldFor>,
}

/// Decides each of these messages and does what was decided, all in one transaction: one sync to the disk under a backlog.
/// Where that fails, each is decided alone, and one that cannot be is held with the reason: it never stops the others (I6).
///
/// # Errors
/// When the database or the disk fails: then what is undecided stays so, is tried again, and is not held.
pub async fn receive_messages(desk: &Desk, batch: &[Incoming]) -> Result<Vec<Outcome>> {
    match together(desk, batch).await {
        Ok(outcomes) => return Ok(outcomes),
        // A full disk is no fault of the messages: they wait for room, and for nobody.
        Err(error) if error.is_passing() && !error.is_lost_race() => return Err(error),
        Err(error) if batch.len() > 1 => tracing::warn!("deciding {} messages one by one: together it fails: {error}", batch.len()),
        Err(_) => {}
    }
    let mut outcomes = Vec::with_capacity(batch.len());
    for one in batch {
        match together(desk, std::slice::from_ref(one)).await {
            Ok(outcome) => outcomes.extend(outcome),
            Err(error) if error.is_passing() => return Err(error),
            Err(error) => hold(desk, one, &error.to_string()).await?,
        }
    }
    Ok(outcomes)
}

/// A panic is caught, for it is the fault of one message: that one is held, as one that cannot be decided otherwise.
async fn together(desk: &Desk, batch: &[Incoming]) -> Result<Vec<Outcome>> {
    // In a box: what is in it is too deep for the compiler to lay out in one piece with whoever calls this.
    let caught = AssertUnwindSafe(Box::pin(decide_all(desk, batch))).catch_unwind().await;
    caught.unwrap_or_else(|cause| Err(ActionError::Panicked(what_panicked(&*cause))))
}

async fn decide_all(desk: &Desk, batch: &[Incoming]) -> Result<Vec<Outcome>> {
    let now = desk.clock.now();
    let ids: &Vec<LedgerId> = &batch.iter().map(|it| it.row.id).collect();
    transact(desk, |mut tx| async move {
        let undecided = messages::undecided_of(&mut tx, ids).await?;
        let rules = store::rules::active(&mut tx).await?;
        fail_point!("decide-begun");
        let mut outcomes = Vec::with_capacity(batch.len());
        let mut ahead = Ahead::of(desk, &mut tx, batch, now).await?;
        for incoming in batch.iter().filter(|it| undecided.contains(&it.row.id)) {
            outcomes.push(receive(desk, &mut tx, incoming, &rules, &mut ahead, now).await?);
            fail_point!("decide-written");
        }
        fail_point!("decide-commit");
        leave(desk, tx).await?;
        fail_point!("decided");
        for it in &outcomes {
            metrics::counter!("maildesk_decided_total", "decision" => it.decision).increment(1);
        }
        Ok(outcomes)
    })
    .await
}

/// Keeps a message for a person to look at, because deciding it fails; nothing when it is decided meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn hold(desk: &Desk, incoming: &Incoming, error: &str) -> Result<()> {
    tracing::error!(message = %incoming.row.id, "holding message {}: deciding it fails: {error}", incoming.row.id);
    let trace = &held_because("Can it be decided?", &format!("no: {error}"));
    transact(desk, |mut tx| async move {
        if messages::undecided_of(&mut tx, &[incoming.row.id]).await?.is_empty() {
            return Ok(());
        }
        write(&mut tx, incoming, &Done::held(), trace, desk.clock.now()).await?;
        fail_point!("hold-commit");
        leave(desk, tx).await?;
        fail_point!("held");
        Ok(())
    })
    .await
}

async fn receive(desk: &Desk, tx: &mut Tx, incoming: &Incoming, all: &[RuleRow], ahead: &mut Ahead, now: Timestamp) -> Result<Outcome> {
    if let Some(trace) = not_to_be_decided(incoming, desk.settings.max_message_bytes) {
        return write(tx, incoming, &Done::held(), &trace, now).await;
    }
    let Some(mailbox) = desk.mailboxes.get(incoming.row.mailbox) else {
        return write(tx, incoming, &Done::held(), &held_because("Which mailbox?", "none is configured any more"), now).await;
    };
    fail_point!(
        "decide-message",
        crate::store::StoreError::Unreadable { table: "messages", column: "content_key", value: "fail point".to_owned() }
    );
    if refers_to_others(&incoming.message) {
        messages::write_decided(tx).await?;
    }
    let facts = facts::gather(desk, tx, incoming, mailbox, ahead, now).await?;
    let (mut decision, mut trace) = triage::decide(&facts);
    let (holding, stopped) = rules::ask(desk, tx, incoming, all, (&mut decision, &mut trace)).await?;
    match &decision {
        // Opening a ticket looks at no other message.
        Decision::Open { linked: None, requester: Requester::Sender, .. } | Decision::Ignore => {}
        Decision::Open { .. } | Decision::Join { .. } | Decision::Hold { .. } | Decision::RecordBounce(_) => {
            messages::write_decided(tx).await?;
        }
    }
    let deciding = Deciding { decision: &decision, reason: trace.reason(), rules: &holding };
    let ticket = carry_out::carry_out(desk, tx, incoming, &facts, &deciding).await?;
    fail_point!("decide-done");
    if let (Decision::Open { .. }, Some(author)) = (&decision, incoming.message.author()) {
        ahead.opened_one(&author.address.folded());
    }
    let rule = facts.sender_rule.as_ref().filter(|it| it.verdict == SenderVerdict::Hold).map(|it| it.id);
    let held = if stopped == Stopped::Discarded { Some(Held::Discarded) } else { held(&decision) };
    Ok(write_later(tx, incoming, &Done { decision: word(&decision), ticket, held, rule }, &trace, now))
}

/// Whether it may be about messages that were decided just before it.
fn refers_to_others(message: &IncomingMessage) -> bool {
    facts::answered(message).next().is_some() || ahead::returned(message).is_some()
}

/// What keeps a message from being decided at all.
fn not_to_be_decided(incoming: &Incoming, most: u64) -> Option<Trace> {
    let (taken, size) = (incoming.row.taken, incoming.row.size);
    match taken {
        Taken::HeaderOnly if size > most => {
            let found = format!("{size} bytes, and at most {most} are taken; its header is here, the rest on the server");
            return Some(held_because("Too large?", &found));
        }
        Taken::HeaderOnly => {
            return Some(held_because(
                "Can it be fetched?",
                "no: the connection breaks each time; its header is here, the rest on the server",
            ));
        }
        Taken::Whole => {}
    }
    (incoming.row.starts >= POISON_STARTS).then(|| held_because("Poison?", "deciding it ended the program twice"))
}

pub(super) fn held_because(question: &str, found: &str) -> Trace {
    Trace(vec![Asked { question: question.to_owned(), found: found.to_owned(), decides: true }])
}

/// What was done about a message.
pub(super) struct Done {
    pub decision: &'static str,
    pub ticket: Option<TicketNumber>,
    pub held: Option<Held>,
    /// The rule of the block list about its sender.
    pub rule: Option<SenderRuleId>,
}

impl Done {
    fn held() -> Self {
        Self { decision: "hold", ticket: None, held: Some(Held::Waiting), rule: None }
    }
}

/// Writes what became of a message into its row.
pub(super) async fn write(tx: &mut Tx, incoming: &Incoming, done: &Done, trace: &Trace, now: Timestamp) -> Result<Outcome> {
    let outcome = write_later(tx, incoming, done, trace, now);
    messages::write_decided(tx).await?;
    Ok(outcome)
}

/// [`write()`], together with the messages behind it.
fn write_later(tx: &mut Tx, incoming: &Incoming, done: &Done, trace: &Trace, now: Timestamp) -> Outcome {
    let message = &incoming.message;
    let sender = message.author().map(|it| it.address.folded());
    let shown = (done.decision == "hold").then(|| shown(message, trace, done.rule));
    let decided = Decided {
        decision: done.decision,
        reason: trace.reason(),
        trace: &serde_json::to_string(trace).unwrap_or_default(),
        ticket: done.ticket,
        message_id: message.message_id.as_ref(),
        sender: sender.as_deref(),
        sender_name: message.author().and_then(|it| it.name.as_deref()),
        subject: &message.subject.replace('\0', ""),
        held: done.held,
        sender_check: incoming.sender_check.as_ref(),
        remarks: &Remarks::of(message),
        shown: shown.as_ref(),
    };
    messages::decide_later(tx, incoming.row.id, &decided, now);
    let (held_for, reason) = (shown.map(|it| it.held_for), trace.reason().to_owned());
    Outcome { id: incoming.row.id, decision: done.decision, ticket: done.ticket, reason, held_for }
}

/// What the list of held mail shows, so that it need not read twenty mails.
fn shown(message: &IncomingMessage, trace: &Trace, rule: Option<SenderRuleId>) -> ShownHeld {
    let held_for = HeldFor::of(trace);
    ShownHeld {
        held_for,
        rule: rule.filter(|_| held_for == HeldFor::Blocked),
        excerpt: held::excerpt(message),
        files: serde_json::to_string(&held::files(message)).unwrap_or_default(),
    }
}

/// As the ledger and the contract of `inspect` write it.
#[must_use]
pub fn word(decision: &Decision) -> &'static str {
    match decision {
        Decision::Ignore => "ignore",
        Decision::RecordBounce(_) => "record-bounce",
        Decision::Hold { .. } => "hold",
        Decision::Join { .. } => "add-comment",
        Decision::Open { .. } => "open-ticket",
    }
}

fn held(decision: &Decision) -> Option<Held> {
    match decision {
        Decision::Hold { .. } => Some(Held::Waiting),
        Decision::Ignore | Decision::RecordBounce(_) | Decision::Join { .. } | Decision::Open { .. } => None,
    }
}
