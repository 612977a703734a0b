//! Mail that another program has kept is taken in: kept in the ledger and decided in one transaction, so that no moment leaves a message
//! that a daemon beside would take for one that came just now. Nobody is told, nothing is owed, and what is written bears the date of its mail.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        ahead::Ahead,
        carry_out::{self, Deciding},
        door::{leave, transact},
        facts,
        receive_message::{self as receive, Came, Done, Incoming, Outcome, held_because},
        rules::Holding,
        what_panicked,
    },
    desk::{
        address::EmailAddress,
        id::MailboxId,
        message::IncomingMessage,
        ticket::Status,
        triage::{
            Decision, HeldFor, Trace,
            imported::{self, Imported, WrittenBy, wants_a_person},
        },
    },
    mail::parse,
    store::{
        Tx,
        messages::{self, Arrived, Held, Kept, LedgerRow, Taken},
    },
};

mod end;
mod sent;

/// What stands for a message that took too long to read.
const NOT_READ: &[u8] = b"Subject: (not read)\r\n\r\n";

/// Why such a message is held.
const TOO_SLOW: &str = "reading it takes more than 10 seconds of processor time; it is kept whole, and its source can be saved";

/// Where imported mail goes, and what becomes of its tickets.
#[derive(Clone, Debug)]
pub struct How {
    /// Whose mail it is.
    pub mailbox: MailboxId,
    /// Where its tickets end: Resolved or Closed, as of their last mail; Open leaves each as its mail leaves it.
    pub ends: Status,
    /// Addresses that wrote for the desk and are nobody's today.
    pub agents: Vec<EmailAddress>,
}

/// A message of a file.
#[derive(Clone, Debug)]
pub struct OldMail {
    /// What makes it the same message when it is met again (`mail/content_key.rs`).
    pub content_key: String,
    /// Its octets.
    pub octets: Vec<u8>,
    /// When it was written or came, in whole milliseconds.
    pub at: Timestamp,
    /// As it was read; none: that took too long.
    pub message: Option<IncomingMessage>,
}

/// What a message came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Became {
    /// It is in the ledger already.
    Known,
    /// It is now.
    New(Outcome),
}

/// Takes in whole threads, each in the order of its messages, all in one transaction; in their order what each came to. Where that fails,
/// each thread is taken in alone, then each message; one that cannot be decided is held with the reason.
///
/// # Errors
/// When the database or the disk fails: what was not taken in can be given again.
pub async fn import(desk: &Desk, how: &How, threads: &[&[OldMail]]) -> Result<Vec<Became>> {
    match together(desk, how, threads, None).await {
        Err(error) if must_stop(&error) => return Err(error),
        Err(error) if threads.len() == 1 && threads[0].len() == 1 => return together(desk, how, threads, Some(&error.to_string())).await,
        Err(error) => tracing::warn!("importing {} threads one by one: together it fails: {error}", threads.len()),
        done => return done,
    }
    let mut became = Vec::new();
    let alone: Vec<&[OldMail]> = match threads {
        [one] => one.chunks(1).collect(),
        several => several.to_vec(),
    };
    for one in alone {
        became.extend(Box::pin(import(desk, how, &[one])).await?);
    }
    Ok(became)
}

fn must_stop(error: &ActionError) -> bool {
    error.is_passing() && !error.is_lost_race()
}

/// A panic is caught, for it is the fault of one message.
async fn together(desk: &Desk, how: &How, threads: &[&[OldMail]], fails: Option<&str>) -> Result<Vec<Became>> {
    let caught = AssertUnwindSafe(Box::pin(take_in(desk, how, threads, fails))).catch_unwind().await;
    caught.unwrap_or_else(|cause| Err(ActionError::Panicked(what_panicked(&*cause))))
}

async fn take_in(desk: &Desk, how: &How, threads: &[&[OldMail]], fails: Option<&str>) -> Result<Vec<Became>> {
    transact(desk, |mut tx| async move {
        let mut became = Vec::new();
        let mut rows = keep(desk, &mut tx, how, threads).await?.into_iter();
        for thread in threads {
            let mut outcomes = Vec::new();
            for mail in *thread {
                let Some(row) = rows.next().flatten() else {
                    became.push(Became::Known);
                    continue;
                };
                let fails = fails.or(mail.message.is_none().then_some(TOO_SLOW));
                let outcome = decide(desk, &mut tx, how, incoming(desk, row, mail), fails).await?;
                outcomes.push((outcome.clone(), mail.at));
                became.push(Became::New(outcome));
            }
            end::end(desk, &mut tx, how.ends, &outcomes).await?;
        }
        leave(desk, tx).await?;
        Ok(became)
    })
    .await
}

/// A row for each message, in their order; none for one that the ledger has.
async fn keep(desk: &Desk, tx: &mut Tx, how: &How, threads: &[&[OldMail]]) -> Result<Vec<Option<LedgerRow>>> {
    let now = desk.clock.now();
    let all: Vec<&OldMail> = threads.iter().flat_map(|it| it.iter()).collect();
    let keys: Vec<&str> = all.iter().map(|it| it.content_key.as_str()).collect();
    let known = messages::known_of(tx, &keys).await?;
    let new: Vec<&OldMail> = all.iter().copied().filter(|it| !known.contains(&it.content_key)).collect();
    if new.is_empty() {
        return Ok(vec![None; all.len()]);
    }
    let octets: Vec<&[u8]> = new.iter().map(|it| it.octets.as_slice()).collect();
    let hashes = desk.store.blobs().put_all(tx, &octets, now).await?;
    let rows = new.iter().zip(&hashes).map(|(it, sha256)| {
        let OldMail { content_key, octets, at, .. } = *it;
        Arrived { mailbox: how.mailbox, content_key, sha256, size: octets.len() as u64, received_at: *at, taken: Taken::Whole }
    });
    let rows: Vec<Arrived<'_>> = rows.collect();
    let kept = messages::keep(tx, &rows, now).await?;
    let row = |(it, kept): (&Arrived<'_>, Kept)| match kept {
        Kept::New(id) => Some(LedgerRow {
            id,
            sha256: it.sha256.clone(),
            size: it.size,
            mailbox: it.mailbox,
            received_at: it.received_at,
            taken: it.taken,
            starts: 0,
            held: None,
        }),
        Kept::Known(_) => None,
    };
    let mut made = rows.iter().zip(kept).map(row);
    Ok(all.iter().map(|it| if known.contains(&it.content_key) { None } else { made.next().flatten() }).collect())
}

fn incoming(desk: &Desk, row: LedgerRow, mail: &OldMail) -> Incoming {
    let message = mail.message.clone().unwrap_or_else(|| parse::read(NOT_READ));
    Incoming { came: Came::Before, ..Incoming::of(desk, row, message) }
}

async fn decide(desk: &Desk, tx: &mut Tx, how: &How, incoming: Incoming, fails: Option<&str>) -> Result<Outcome> {
    let (incoming, at) = (&incoming, incoming.row.received_at);
    if let Some(why) = fails {
        let trace = held_because("Can it be decided?", &format!("no: {why}"));
        return receive::write(tx, incoming, &held(how, &trace), &trace, at).await;
    }
    let mailbox = desk.mailboxes.get(how.mailbox).ok_or(ActionError::Missing("mailbox"))?;
    let mut facts = facts::gather(desk, tx, incoming, mailbox, &Ahead::default(), at).await?;
    // Whoever kept this mail before had numbers of their own.
    facts.evidence.tag = None;
    let others = sent::others(desk, tx, how, &incoming.message).await?;
    let by = if sent::is_by_the_desk(desk, how, &facts) && !others.is_empty() { WrittenBy::TheDesk } else { WrittenBy::Others };
    let (decision, trace) = imported::decide(&facts, by);
    let done = |decision, ticket| Done { decision, ticket, held: None, rule: None };
    let done = match decision {
        Imported::AsMail(Decision::Hold { .. }) => Done { rule: facts.sender_rule.as_ref().map(|it| it.id), ..held(how, &trace) },
        Imported::AsMail(decision) => {
            // Rules are for mail that arrives.
            let deciding = Deciding { decision: &decision, reason: trace.reason(), rules: &Holding::default() };
            done(receive::word(&decision), carry_out::carry_out(desk, tx, incoming, &facts, &deciding).await?)
        }
        Imported::Sent { ticket: Some(number) } => {
            done("add-comment", Some(sent::join(desk, tx, incoming, &facts, number, &others).await?))
        }
        Imported::Sent { ticket: None } => done("open-ticket", Some(sent::open(desk, tx, incoming, &facts, &others).await?)),
    };
    receive::write(tx, incoming, &done, &trace, at).await
}

/// What is held of old mail waits for nobody, unless it is still to be worked on or nobody knows what it is.
fn held(how: &How, trace: &Trace) -> Done {
    let waits = how.ends == Status::Open || wants_a_person(HeldFor::of(trace));
    Done { decision: "hold", ticket: None, held: Some(if waits { Held::Waiting } else { Held::Discarded }), rule: None }
}
