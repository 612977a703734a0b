//! Stored mail is read again with today's reading: shown, and on demand written. Nothing is ever sent, nothing filed on a server;
//! numbers, times and what people did stay.

use jiff::Timestamp;

use crate::{
    actions::{ActionError, Desk, Result, receive_message::Incoming},
    desk::{
        comment::Origin,
        id::{LedgerId, TicketNumber},
        message::IncomingMessage,
        replay::{Aspect, Mend, Place, Reading, Title},
    },
    store::{
        StoreError,
        messages::Taken,
        replay::{self, Said, Stored},
    },
};

mod place;
mod then;
mod words;
mod write;

pub use then::Run;

/// How far a replay goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Shows what would change.
    Show,
    /// Writes texts, attachments and what the ledger says.
    Write,
    /// Moves messages to the tickets that they would be on, besides.
    WriteAndMove,
}

/// What reading a message again came to.
#[derive(Clone, Debug)]
pub enum Reread {
    /// It was not read: why.
    NotRead(String),
    /// It was read.
    Read(Box<Finding>),
}

/// A message, then and today.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Its row.
    pub id: LedgerId,
    /// When the server got it.
    pub received_at: Timestamp,
    /// The ticket it is on.
    pub ticket: Option<TicketNumber>,
    /// As it is stored.
    pub then: Reading,
    /// As it would be read today.
    pub today: Reading,
    /// In what the two differ.
    pub aspects: Vec<Aspect>,
    /// What becomes of the title of the ticket that it opened.
    pub title: Option<Title>,
    /// Why its comment keeps its words and files all the same.
    pub kept: Option<&'static str>,
    /// Where it would be today, if elsewhere.
    pub threading: Option<Threading>,
}

/// A message that would come to be elsewhere today.
#[derive(Clone, Debug)]
pub struct Threading {
    /// Where it was put.
    pub was: Place,
    /// Where it would be put.
    pub would: Place,
    /// Today's deciding answer in one sentence.
    pub reason: String,
    /// What may be done about it.
    pub mend: Mend,
    /// The ticket that it was moved to just now.
    pub moved: Option<TicketNumber>,
}

impl Finding {
    /// What of it may be written.
    #[must_use]
    pub fn to_write(&self) -> Vec<Aspect> {
        let kept = |it: &Aspect| self.kept.is_some() && *it != Aspect::Header;
        self.aspects.iter().copied().filter(|it| !kept(it)).collect()
    }

    /// Whether maildesk may move it by itself.
    #[must_use]
    pub fn may_move(&self) -> bool {
        self.threading.as_ref().is_some_and(|it| matches!(it.mend, Mend::MoveTo(_) | Mend::MoveToNew))
    }

    /// Whether today's reading comes to the same.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.aspects.is_empty() && self.threading.is_none()
    }
}

/// A helper's answer has left for the customer.
const SENT_WORDS: &str = "a helper’s words were sent as they stand";

/// Reads octets within the bounds of processor time; none: it took more.
pub type Read = fn(Vec<u8>) -> Option<IncomingMessage>;

/// So often a message is looked at anew when it was changed meanwhile.
const MOST_RACES: usize = 3;

/// Reads one message again with `reads`, and writes what `extent` lets it. None: there is no such row, or it is yet to be decided.
///
/// # Errors
/// When the database or the disk fails; then nothing of this message was written.
pub async fn replay(desk: &Desk, id: LedgerId, extent: Extent, run: &mut Run, reads: Read) -> Result<Option<Reread>> {
    let incoming = match read(desk, id, reads).await? {
        Ok(incoming) => incoming,
        Err(None) => return Ok(None),
        Err(Some(why)) => return Ok(Some(Reread::NotRead(why))),
    };
    let mut conn = desk.store.read().await?;
    let Some(stored) = replay::get(&mut conn, id).await? else { return Ok(None) };
    let finding = look(desk, &mut conn, &stored, &incoming, run).await?;
    drop(conn);
    let due = match extent {
        Extent::Show => false,
        Extent::Write => !finding.to_write().is_empty(),
        Extent::WriteAndMove => !finding.to_write().is_empty() || finding.may_move(),
    };
    let finding = if due { write(desk, &incoming, run, extent, finding).await? } else { finding };
    run.note(&finding);
    Ok(Some(Reread::Read(Box::new(finding))))
}

/// The row with its message, read; none: no such row; some: why it cannot be read.
async fn read(desk: &Desk, id: LedgerId, reads: Read) -> Result<std::result::Result<Incoming, Option<String>>> {
    let mut conn = desk.store.read().await?;
    let Some(stored) = replay::get(&mut conn, id).await? else { return Ok(Err(None)) };
    if stored.row.starts >= crate::actions::receive_message::POISON_STARTS {
        return Ok(Err(Some("deciding it has ended the program twice".to_owned())));
    }
    let raw = match desk.store.blobs().get(&mut conn, &stored.row.sha256).await {
        Ok(Some(raw)) => raw,
        Ok(None) => return Ok(Err(Some("its content is missing; restore it from a backup".to_owned()))),
        Err(error @ (StoreError::Content { .. } | StoreError::Erased | StoreError::Expired)) => return Ok(Err(Some(error.to_string()))),
        Err(other) => return Err(other.into()),
    };
    drop(conn);
    let Some(message) = tokio::task::block_in_place(|| reads(raw)) else {
        return Ok(Err(Some("reading it takes too much of the processor’s time".to_owned())));
    };
    Ok(Ok(Incoming::of(desk, stored.row, message)))
}

/// Compares what is stored with today's reading. Writes nothing.
async fn look(desk: &Desk, conn: &mut crate::store::Conn, stored: &Stored, incoming: &Incoming, run: &Run) -> Result<Finding> {
    let said = match stored.ticket {
        Some(ticket) => replay::said(conn, ticket, stored.row.id).await?,
        None => None,
    };
    let kept = said.as_ref().filter(|it| it.origin == Origin::Staff).map(|_| SENT_WORDS);
    let then = Reading { header: stored.header.clone(), words: said.as_ref().map(|it| it.words.clone()) };
    let today = Reading { header: words::header(incoming, &stored.header), words: today(desk, conn, &said, incoming).await? };
    let threading = match stored.row.taken {
        Taken::Whole => place::compare(desk, conn, stored, said.as_ref(), incoming, run).await?,
        Taken::HeaderOnly => None,
    };
    let aspects = then.differs_in(&today);
    let title = words::title(conn, said.as_ref(), incoming, (&then.header, &today.header)).await?;
    let (id, received_at, ticket) = (stored.row.id, stored.row.received_at, stored.ticket);
    Ok(Finding { id, received_at, ticket, then, today, aspects, title, kept, threading })
}

async fn today(
    desk: &Desk,
    conn: &mut crate::store::Conn,
    said: &Option<Said>,
    incoming: &Incoming,
) -> Result<Option<crate::desk::replay::Words>> {
    let Some(said) = said else { return Ok(None) };
    Ok(Some(words::shown(&words::today(desk, conn, said, incoming).await?)))
}

/// Writes it; begins anew with a fresh look where it was changed meanwhile.
async fn write(desk: &Desk, incoming: &Incoming, run: &Run, extent: Extent, mut seen: Finding) -> Result<Finding> {
    for races in 1.. {
        match write::write(desk, incoming, run, extent, &seen).await {
            Ok(found) => return Ok(found.unwrap_or(seen)),
            Err(error) if races < MOST_RACES && matches!(error, ActionError::Stale) => {
                tracing::info!(message = %incoming.row.id, "reading message {} again begins anew: {error}", incoming.row.id);
            }
            Err(other) => return Err(other),
        }
        let mut conn = desk.store.read().await?;
        let Some(stored) = replay::get(&mut conn, incoming.row.id).await? else { break };
        seen = look(desk, &mut conn, &stored, incoming, run).await?;
    }
    Ok(seen)
}

/// What people hear on the ticket: `text, attachments`.
fn titles(aspects: &[Aspect]) -> String {
    aspects.iter().map(|it| it.title()).collect::<Vec<_>>().join(", ")
}
