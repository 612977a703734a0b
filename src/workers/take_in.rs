//! Messages come into the ledger and are decided: the same for IMAP and for `maildesk ingest`.

use std::collections::HashSet;

use jiff::Timestamp;
use tokio::task::JoinHandle;

use crate::{
    actions::{
        Desk,
        receive_message::{Incoming, Outcome, hold, receive_messages},
    },
    desk::{
        id::{InstanceId, LedgerId, MailboxId},
        message::{IncomingMessage, MessageId},
        settings::Mode,
        token,
    },
    mail::{
        content_key::content_keys,
        parse::{
            self,
            timed::{MOST_PROCESSOR_TIME, read_each},
        },
    },
    store::{
        StoreError,
        blobs::ContentHash,
        leases::{self, Fence},
        mailboxes,
        messages::{self, Arrived, Counted, Kept, LedgerRow, Taken},
        sightings::{self, Place, ToFile},
    },
    workers::{Result, WorkerError},
};

/// Decided in one transaction: so many messages at most.
const BATCH: i64 = 50;

/// At its third start a message that ended the program twice is not even read.
const POISON_STARTS: i64 = 2;

/// Stands for a message that is not read.
const NOT_READ: &[u8] = b"Subject: (not read)\r\n\r\n";

/// Why a message is held whose reading was given up.
const TOO_SLOW: &str = "reading it takes more than 10 seconds of processor time; it is kept whole, and its source can be saved";

/// A message as it came.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// Where it lies on a server; none for one that was handed to us.
    pub place: Option<Place>,
    /// When the server got it.
    pub received_at: Timestamp,
    /// Bytes on the server; of one that is too large, more than is here.
    pub size: u64,
    /// How much of it is here.
    pub taken: Taken,
    /// Its octets.
    pub octets: &'a [u8],
}

/// Keeps these messages in one durable commit, then decides those that are new. What fails in deciding is in the ledger and
/// is decided later.
///
/// # Errors
/// When the database or the disk fails: then none of them was kept, and nothing may be flagged on the server.
pub async fn take_in(desk: &Desk, mailbox: MailboxId, batch: &[Arrival<'_>]) -> Result<Vec<Outcome>> {
    take_in_if(desk, mailbox, None, batch).await
}

/// The same for messages of a watched folder, which are kept under its lease or not at all.
///
/// # Errors
/// As [`take_in`]; [`StoreError::LeaseLost`].
pub async fn take_in_under(desk: &Desk, fence: Fence, batch: &[Arrival<'_>]) -> Result<Vec<Outcome>> {
    take_in_if(desk, fence.mailbox, Some(fence), batch).await
}

/// Keeps and decides one message that a program hands over; its row, or none where the ledger had it before. A daemon beside, or its own
/// look for what was left over, may be the one who decides it.
///
/// # Errors
/// As [`take_in`]; what fails after it was kept is offered again, and is known then.
pub async fn hand_over(desk: &Desk, mailbox: MailboxId, message: Arrival<'_>) -> Result<Option<LedgerId>> {
    let new = keep(desk, mailbox, None, &[message]).await?;
    let id = new.first().map(|(row, _)| row.id);
    decide_kept(desk, begin_reading(new)).await?;
    Ok(id)
}

async fn take_in_if(desk: &Desk, mailbox: MailboxId, under: Option<Fence>, batch: &[Arrival<'_>]) -> Result<Vec<Outcome>> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    let new = keep(desk, mailbox, under, batch).await?;
    decide_kept(desk, begin_reading(new)).await
}

/// Messages that are in the ledger, and are being read to be decided.
#[derive(Debug)]
pub struct BeingRead {
    rows: Vec<LedgerRow>,
    messages: JoinHandle<Vec<Option<IncomingMessage>>>,
}

/// The first half of [`take_in_under`]: keeps these messages, and begins to read those that are new. That goes on while others are
/// kept or decided; [`decide_kept`] waits for it.
///
/// # Errors
/// As [`take_in_under`].
pub async fn keep_under(desk: &Desk, fence: Fence, batch: &[Arrival<'_>]) -> Result<BeingRead> {
    let new = if batch.is_empty() { Vec::new() } else { keep(desk, fence.mailbox, Some(fence), batch).await? };
    Ok(begin_reading(new))
}

/// The second half: decides them.
///
/// # Errors
/// As [`take_in_under`]; they are in the ledger, and are decided later.
pub async fn decide_kept(desk: &Desk, kept: BeingRead) -> Result<Vec<Outcome>> {
    let incoming = have_read(desk, kept).await?;
    Ok(receive_messages(desk, &incoming).await?)
}

async fn keep<'a>(desk: &Desk, mailbox: MailboxId, under: Option<Fence>, batch: &[Arrival<'a>]) -> Result<Vec<(LedgerRow, &'a [u8])>> {
    let now = desk.clock.now();
    let keys = tokio::task::block_in_place(|| batch.iter().map(|it| content_keys(it.octets)).map(|it| (it.key, it.earlier)).collect());
    let octets: Vec<&[u8]> = batch.iter().map(|it| it.octets).collect();
    let mut tx = desk.store.begin().await?;
    if let Some(fence) = under {
        leases::hold(&mut tx, fence).await?;
    }
    fail_point!("keep-begun");
    let keys = messages::kept_under(&mut tx, keys).await?;
    let erased = messages::erased_of(&mut tx, &keys).await?;
    let is_erased: Vec<bool> = keys.iter().map(|it| erased.contains(it)).collect();
    let octets: Vec<&[u8]> = octets.into_iter().zip(&is_erased).filter(|(_, erased)| !**erased).map(|(it, _)| it).collect();
    let mut put = desk.store.blobs().put_all(&mut tx, &octets, now).await?.into_iter();
    let hashes: Vec<ContentHash> =
        is_erased.iter().map(|erased| if *erased { None } else { put.next() }.unwrap_or_else(ContentHash::erased)).collect();
    let rows: Vec<Arrived<'_>> = batch
        .iter()
        .zip(keys.iter().zip(&hashes))
        .map(|(it, (content_key, sha256))| {
            let Arrival { size, received_at, taken, .. } = *it;
            Arrived { mailbox, content_key, sha256, size, received_at, taken }
        })
        .collect();
    fail_point!("keep-rows");
    let kept = messages::keep(&mut tx, &rows, now).await?;
    let places: Vec<(Place, LedgerId)> = batch.iter().zip(&kept).filter_map(|(it, kept)| Some((it.place?, kept.id()))).collect();
    sightings::sight(&mut tx, &places, to_file(desk, mailbox), now).await?;
    fail_point!("keep-sighted");
    let mut new = Vec::new();
    for ((arrival, kept), sha256) in batch.iter().zip(kept).zip(hashes.iter().cloned()) {
        let Arrival { size, received_at, taken, .. } = *arrival;
        match kept {
            Kept::New(id) => new.push((LedgerRow { id, sha256, size, mailbox, received_at, taken, starts: 0, held: None }, arrival.octets)),
            Kept::Known(id) => tracing::info!(message = %id, "met message {id} again"),
        }
    }
    if new.iter().any(|(_, octets)| !is_our_own(desk, octets)) {
        mailboxes::mail_came(&mut tx, mailbox, now).await?;
    }
    fail_point!("keep-commit");
    tx.commit().await?;
    fail_point!("kept");
    for (row, _) in &new {
        metrics::histogram!("maildesk_intake_lag_seconds").record(now.duration_since(row.received_at).as_secs_f64().max(0.0));
    }
    Ok(new)
}

/// What the desk wrote itself, a round-trip probe above all, is no mail that came: else none could be missed. As long as our Message-ID
/// stands where we write it.
fn is_our_own(desk: &Desk, octets: &[u8]) -> bool {
    let mut lines = octets.split(|it| *it == b'\n').take(200).map(<[u8]>::trim_ascii).take_while(|it| !it.is_empty());
    let id = lines.find_map(|it| it.split_at_checked(11).filter(|(name, _)| name.eq_ignore_ascii_case(b"message-id:")));
    let id = id.and_then(|(_, id)| MessageId::parse(std::str::from_utf8(id).ok()?));
    id.is_some_and(|it| token::is_our_message_id(&it, &|text| desk.sign(text)))
}

/// A mailbox in shadow mode touches nothing on its server, then or later.
fn to_file(desk: &Desk, mailbox: MailboxId) -> ToFile {
    match desk.mailboxes.get(mailbox).map(|it| it.mode) {
        Some(Mode::Live) | None => ToFile::Due,
        Some(Mode::Shadow) => ToFile::Leave,
    }
}

/// Reads what is to be decided, beside whatever else is done meanwhile. Only what is in the ledger is looked into: a message that ends
/// the program while it is read is found there at the next start.
fn begin_reading(rows: Vec<(LedgerRow, &[u8])>) -> BeingRead {
    fail_point!("read");
    // One that has ended the program twice is not looked into a third time.
    let octets = rows.iter().map(|(row, octets)| if row.starts >= POISON_STARTS { NOT_READ } else { octets }.to_vec()).collect();
    let messages = tokio::task::spawn_blocking(move || read_each(octets, parse::read, MOST_PROCESSOR_TIME));
    BeingRead { rows: rows.into_iter().map(|(row, _)| row).collect(), messages }
}

/// Waits for what is being read; what takes too long is held.
async fn have_read(desk: &Desk, kept: BeingRead) -> Result<Vec<Incoming>> {
    let messages = kept.messages.await.map_err(|broken| WorkerError::Panicked(broken.to_string()))?;
    let mut incoming = Vec::with_capacity(kept.rows.len());
    for (row, message) in kept.rows.into_iter().zip(messages) {
        match message {
            Some(message) => incoming.push(Incoming::of(desk, row, message)),
            None => hold(desk, &unread(desk, row), TOO_SLOW).await?,
        }
    }
    Ok(incoming)
}

/// A row whose message is not looked into.
fn unread(desk: &Desk, row: LedgerRow) -> Incoming {
    Incoming::of(desk, row, parse::read(NOT_READ))
}

/// Messages that an earlier run left undecided and whose decision this run has begun: a database that fails in between is tried
/// again as often as it takes, and counts as one start.
#[derive(Debug, Default)]
pub struct Begun {
    /// Who we are among others; none: there are no others.
    by: Option<InstanceId>,
    rows: HashSet<LedgerId>,
}

impl Begun {
    /// None yet, by an instance that may not be the only one.
    #[must_use]
    pub fn by(instance: InstanceId) -> Self {
        Self { by: Some(instance), rows: HashSet::new() }
    }
}

/// Decides what an earlier run, or a failing database, left undecided; how many. What was there when the program ended is
/// decided alone, its start counted first, so that a message that ends the program is found and held.
///
/// Among several instances, that is done by the one that reads the mailbox: no two begin the same message, and none counts a start of
/// what another has in hand.
///
/// # Errors
/// When the database fails.
pub async fn decide_left_over(desk: &Desk, begun: &mut Begun) -> Result<usize> {
    let Some(instance) = begun.by else { return decide_those_of(desk, begun, None).await };
    let mailboxes = messages::undecided_mailboxes(&mut *desk.store.read().await?).await?;
    let mut n = 0;
    for mailbox in mailboxes {
        if leases::held_by(&mut *desk.store.read().await?, instance).await?.contains(&mailbox) {
            n += decide_those_of(desk, begun, Some(mailbox)).await?;
        } else if let Some(fence) = borrow(desk, mailbox, instance).await? {
            let decided = decide_those_of(desk, begun, Some(mailbox)).await;
            let mut tx = desk.store.begin().await?;
            leases::give_back(&mut tx, fence).await?;
            tx.commit().await?;
            n += decided?;
        }
    }
    Ok(n)
}

/// A mailbox that nobody reads at the moment; none: somebody does.
async fn borrow(desk: &Desk, mailbox: MailboxId, instance: InstanceId) -> Result<Option<Fence>> {
    if !leases::is_free(&mut *desk.store.read().await?, mailbox, instance).await? {
        return Ok(None);
    }
    let mut tx = desk.store.begin().await?;
    let fence = leases::grant(&mut tx, mailbox, instance, desk.clock.now()).await?;
    tx.commit().await?;
    Ok(fence)
}

async fn decide_those_of(desk: &Desk, begun: &mut Begun, of: Option<MailboxId>) -> Result<usize> {
    let mut n = 0;
    loop {
        let rows = messages::undecided(&mut *desk.store.read().await?, of, BATCH).await?;
        if rows.is_empty() {
            return Ok(n);
        }
        let (suspects, others): (Vec<LedgerRow>, Vec<LedgerRow>) = rows.into_iter().partition(|it| it.starts > 0);
        for mut row in suspects {
            if begun.rows.contains(&row.id) {
                row.starts -= 1;
            } else {
                match count_start(desk, row.id, begun.by).await? {
                    Counted::Yes => begun.rows.insert(row.id),
                    Counted::NotOurs => return Ok(n),
                };
            }
            decide(desk, vec![row]).await?;
            n += 1;
        }
        n += others.len();
        decide(desk, others).await?;
    }
}

async fn count_start(desk: &Desk, id: LedgerId, by: Option<InstanceId>) -> Result<Counted> {
    let mut tx = desk.store.begin().await?;
    let counted = messages::count_start(&mut tx, id, by).await?;
    fail_point!("left-over-commit");
    tx.commit().await?;
    fail_point!("left-over-counted");
    Ok(counted)
}

async fn decide(desk: &Desk, rows: Vec<LedgerRow>) -> Result<()> {
    let blobs = desk.store.blobs();
    let mut incoming = Vec::with_capacity(rows.len());
    for row in rows {
        match blobs.get(&mut *desk.store.read().await?, &row.sha256).await {
            Ok(Some(octets)) => incoming.extend(have_read(desk, begin_reading(vec![(row, &octets)])).await?),
            Ok(None) => hold(desk, &unread(desk, row), "its content is missing; restore it from a backup").await?,
            Err(error @ StoreError::Content { .. }) => hold(desk, &unread(desk, row), &error.to_string()).await?,
            Err(other) => return Err(other.into()),
        }
    }
    receive_messages(desk, &incoming).await?;
    Ok(())
}

/// At the start of the daemon: whatever is undecided now was left by a run that ended. Where others may be at work on the same
/// database, it is not: there that is noted of a run when it is buried (`store/instances.rs`).
///
/// # Errors
/// When the database fails.
pub async fn note_left_over(desk: &Desk) -> Result<()> {
    if !desk.store.is_alone() {
        return Ok(());
    }
    let mut tx = desk.store.begin().await?;
    messages::suspect_left_over(&mut tx, None).await?;
    fail_point!("suspect-commit");
    tx.commit().await?;
    fail_point!("suspected");
    Ok(())
}
