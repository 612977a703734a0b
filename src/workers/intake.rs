//! A mailbox into the ledger: list, fetch, keep, decide, file; then wait for more.

mod filing;
mod first_meeting;
mod meeting;
mod round;
mod unfiled;

use std::{collections::HashMap, time::Duration};

use tokio_util::sync::CancellationToken;

pub use self::round::run;
use crate::{
    actions::{
        Desk,
        round_trip::{self, Asked},
    },
    desk::{
        id::MailboxId,
        mailbox::ImapAccount,
        settings::{Mode, TakeExisting},
    },
    mail::imap::{Fetched, ImapError, ImapLimits, LISTED_AT_ONCE, Listed, Session, Short, Woken},
    store::{
        StoreError,
        leases::Fence,
        mailboxes,
        messages::Taken,
        sightings::{self, Marks, Place},
    },
    workers::{
        Result, WorkerError,
        caution::Caution,
        lease::Lease,
        take_in::{Arrival, BeingRead, decide_kept, keep_under, take_in_under},
    },
};

/// So many are taken in before those are filed.
const AT_ONCE: usize = 500;

/// A message that the server lists and does not give is asked for so often before what it gives is taken.
const PATIENCE: u32 = 5;

/// What is listed and not given is asked for again after so long; after twice that patience, only when everything is listed again.
const SOON: Duration = Duration::from_secs(1);

/// One watched folder.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Its row.
    pub mailbox: MailboxId,
    /// Its short name.
    pub name: String,
    /// How it is reached.
    pub account: ImapAccount,
    /// How often it is looked at where the server cannot tell of new mail by itself.
    pub poll_every: Duration,
    /// What is taken at the first meeting.
    pub take_existing: TakeExisting,
    /// How long its server is waited for.
    pub limits: ImapLimits,
}

/// A session on a watched folder, and what is known of it.
pub struct Watch<'a> {
    desk: &'a Desk,
    watched: &'a Watched,
    lease: &'a Lease,
    session: Session,
    stop: CancellationToken,
    /// UIDs from here on have not been seen by this session.
    next_uid: u32,
    /// UIDs below were there before we came.
    floor: u32,
    /// How often a message was listed and not given.
    not_given: HashMap<u32, u32>,
    /// The server says that it tells of new mail, and refuses to.
    must_be_asked: bool,
    filing: filing::Standing,
    caution: &'a mut Caution,
    /// Counts what leaves by the door: a message decided there may be one to file here.
    changes: tokio::sync::watch::Receiver<u64>,
    /// Whether anything may be filed there.
    mode: Mode,
    /// Whether an admin's word on the mail that lay there at first is waited for.
    asking: bool,
}

/// What one step came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Messages that came into the ledger, or were met again.
    pub taken: usize,
    /// Messages that are listed and could not be had yet.
    pub waiting: usize,
}

impl<'a> Watch<'a> {
    /// Connects and finds out where this folder stands.
    ///
    /// # Errors
    /// When the server or the database fails, or the lease was lost.
    pub async fn open(
        desk: &'a Desk,
        watched: &'a Watched,
        lease: &'a Lease,
        caution: &'a mut Caution,
        stop: &CancellationToken,
    ) -> Result<Self> {
        let limits = ImapLimits { largest_message: desk.settings.max_message_bytes, ..watched.limits };
        let mode = desk.mailboxes.get(watched.mailbox).map_or(Mode::Live, |it| it.mode);
        let session = match mode {
            Mode::Live => Session::open(&watched.account, limits).await?,
            // The server itself keeps a session that only looks from touching a flag.
            Mode::Shadow => Session::examine(&watched.account, limits).await?,
        };
        let mut watch = Self {
            desk,
            watched,
            lease,
            session,
            stop: stop.clone(),
            next_uid: 1,
            floor: 1,
            not_given: HashMap::new(),
            must_be_asked: false,
            filing: filing::Standing::default(),
            caution,
            changes: desk.outbox_grew.subscribe(),
            mode,
            asking: false,
        };
        watch.floor = watch.meet().await?;
        watch.next_uid = watch.floor;
        watch.hear().await?;
        Ok(watch)
    }

    async fn list(&mut self, mut from: u32) -> Result<Vec<Listed>> {
        let mut all = Vec::new();
        loop {
            let page = self.session.list_from(from).await?;
            let (n, last) = (page.len(), page.last().map(|it| it.uid));
            all.extend(page);
            match last {
                Some(last) if n >= LISTED_AT_ONCE => from = last.saturating_add(1),
                Some(_) | None => return Ok(all),
            }
        }
    }

    /// Takes in what came since the last step.
    ///
    /// # Errors
    /// When the server or the database fails; what is in the ledger stays.
    pub async fn step(&mut self) -> Result<Step> {
        let awaited = self.not_given.iter().filter(|(_, tries)| **tries < PATIENCE * 2).map(|(uid, _)| *uid).min();
        self.step_from(awaited.map_or(self.next_uid, |uid| uid.min(self.next_uid))).await
    }

    /// Lists the whole folder and takes in what the ledger lacks, whoever has read it meanwhile.
    ///
    /// # Errors
    /// As [`Watch::step`].
    pub async fn full_step(&mut self) -> Result<Step> {
        self.step_from(self.floor).await
    }

    async fn step_from(&mut self, mut from: u32) -> Result<Step> {
        if self.asking {
            self.hear().await?;
            from = from.min(self.next_uid);
        }
        let (desk, mailbox) = (self.desk, self.watched.mailbox);
        let mut step = Step::default();
        loop {
            let page = self.session.list_from(from).await?;
            let uid_validity = self.session.folder().uid_validity;
            let known = sightings::sighted(&mut *desk.store.read().await?, mailbox, uid_validity, from).await?;
            let new: Vec<Listed> = page.iter().filter(|it| is_new(it, &known)).copied().collect();
            let last_page = page.len() < LISTED_AT_ONCE;
            let to = page.last().filter(|_| !last_page).map_or(u32::MAX, |it| it.uid);
            // What is listed no more was deleted or moved by somebody: it is not waited for.
            self.not_given.retain(|uid, _| !(from..=to).contains(uid) || page.iter().any(|it| it.uid == *uid));
            for chunk in new.chunks(AT_ONCE) {
                step.taken += self.take(chunk).await?;
                self.file().await?;
                if self.stop.is_cancelled() {
                    return Ok(step);
                }
            }
            let Some(last) = page.last() else { break };
            from = last.uid.saturating_add(1);
            self.next_uid = self.next_uid.max(from);
            if last_page {
                break;
            }
        }
        self.caution.one_by_one = false;
        self.file().await?;
        step.waiting = self.not_given.len();
        metrics::counter!("maildesk_imap_total", "mailbox" => self.watched.name.clone(), "outcome" => "checked").increment(1);
        self.note_check(step.waiting).await?;
        self.probe().await;
        Ok(step)
    }

    /// Writes to itself where that is due. Whatever is wrong with that keeps no mail from being read.
    async fn probe(&self) {
        match round_trip::send_where_due(self.desk, self.lease.fence()).await {
            Ok(Asked::Sent) => tracing::info!(mailbox = %self.watched.name, "mailbox {} writes to itself", self.watched.name),
            Ok(Asked::NotDue) => {}
            Err(error) => tracing::warn!(mailbox = %self.watched.name, "mailbox {} cannot write to itself: {error}", self.watched.name),
        }
    }

    async fn note_check(&self, waiting: usize) -> Result<()> {
        let mut tx = self.lease.begin(self.desk).await?;
        mailboxes::checked(&mut tx, self.watched.mailbox, waiting, self.desk.clock.now()).await?;
        fail_point!("check-commit");
        tx.commit().await?;
        Ok(())
    }

    /// Fetches these and takes them in, batch by batch; how many.
    async fn take(&mut self, listed: &[Listed]) -> Result<usize> {
        let largest = self.desk.settings.max_message_bytes;
        let fits = |it: &&Listed| u64::from(it.size) <= largest && !self.caution.breaks_the_session(it.uid);
        let (whole, too_large): (Vec<Listed>, Vec<Listed>) = listed.iter().partition(fits);
        let impatient: Vec<Listed> = whole.iter().filter(|it| self.tries(it.uid) >= PATIENCE).copied().collect();
        let patient: Vec<Listed> = whole.iter().filter(|it| self.tries(it.uid) < PATIENCE).copied().collect();
        let mut taken = 0;
        if self.caution.one_by_one {
            for one in &patient {
                self.caution.in_hand = Some(one.uid);
                taken += self.fetch(std::slice::from_ref(one), Short::IsNotYet).await?;
                self.caution.in_hand = None;
            }
        } else {
            taken += self.fetch(&patient, Short::IsNotYet).await?;
        }
        taken += self.fetch(&impatient, Short::IsTaken).await?;
        for one in too_large {
            taken += self.take_header(one).await?;
        }
        Ok(taken)
    }

    fn tries(&self, uid: u32) -> u32 {
        self.not_given.get(&uid).copied().unwrap_or(0)
    }

    async fn fetch(&mut self, listed: &[Listed], short: Short) -> Result<usize> {
        if listed.is_empty() {
            return Ok(0);
        }
        let mut in_hand = None;
        let kept = self.fetch_and_keep(listed, short, &mut in_hand).await;
        // Once the lease is lost, whoever has it now decides what is kept.
        let lost = matches!(kept, Err(WorkerError::Store(StoreError::LeaseLost(_))));
        let decided = match in_hand.filter(|_| !lost) {
            Some(last) => decide_batch(self.desk, last).await,
            None => Ok(()),
        };
        // What broke the session comes first: it is learnt from.
        let taken = kept?;
        decided.map(|()| taken)
    }

    /// Three batches are under way at any time: while the server gives one, another is kept and read, and the one before is decided. The
    /// last one stays in hand.
    async fn fetch_and_keep(&mut self, listed: &[Listed], short: Short, in_hand: &mut Option<BeingRead>) -> Result<usize> {
        let (desk, fence, uid_validity) = (self.desk, self.lease.fence(), self.session.folder().uid_validity);
        let mut fetching = self.session.fetch(listed, short);
        let mut taken = 0;
        let mut batch = fetching.next_batch().await?;
        while let Some(this) = batch {
            let work = async {
                let kept = keep_batch(desk, fence, uid_validity, &this.messages).await?;
                // Where the one before cannot be decided, this one is not either: it would be ahead of its turn.
                if let Some(before) = in_hand.take() {
                    decide_batch(desk, before).await?;
                }
                *in_hand = Some(kept);
                Ok::<_, WorkerError>(())
            };
            let (next, done) = tokio::join!(fetching.next_batch(), work);
            done?;
            taken += this.messages.len();
            for it in &this.messages {
                self.not_given.remove(&it.uid);
            }
            for it in this.not_yet {
                *self.not_given.entry(it.uid).or_default() += 1;
            }
            batch = next?;
        }
        Ok(taken)
    }

    async fn take_header(&mut self, one: Listed) -> Result<usize> {
        let Some(header) = self.session.fetch_header(one.uid).await? else {
            *self.not_given.entry(one.uid).or_default() += 1;
            return Ok(0);
        };
        let arrival = Arrival {
            place: Some(place(self.lease.fence(), self.session.folder().uid_validity, one)),
            received_at: one.internal_date.unwrap_or(self.desk.clock.now()),
            size: u64::from(one.size),
            taken: Taken::HeaderOnly,
            octets: &header,
        };
        take_in_under(self.desk, self.lease.fence(), &[arrival]).await?;
        self.not_given.remove(&one.uid);
        Ok(1)
    }

    /// Whether the server is asked for news in turns, so that being woken says nothing.
    fn is_asked(&self) -> bool {
        self.must_be_asked || !self.session.capabilities().idle
    }

    /// Waits for new mail, or until it is time to look anyway.
    async fn wait(&mut self, stop: &CancellationToken) -> Result<Woken> {
        let awaited = self.not_given.values().any(|tries| *tries < PATIENCE * 2);
        let longest = if self.asking { self.watched.limits.idle.min(first_meeting::LISTENS) } else { self.watched.limits.idle };
        let longest = self.filing.again_in().map_or(longest, |it| it.min(longest));
        if !self.is_asked() && !awaited {
            match self.idle(longest, stop).await {
                Err(WorkerError::Imap(refused @ ImapError::Refused { .. })) => {
                    tracing::info!(mailbox = %self.watched.name, "mailbox {} is asked for news in turns: {refused}", self.watched.name);
                    self.must_be_asked = true;
                }
                other => return other,
            }
        }
        let nap = if awaited { SOON } else { self.watched.poll_every.min(longest) };
        tokio::select! {
            () = stop.cancelled() => Ok(Woken::Stopped),
            () = tokio::time::sleep(nap) => {
                self.session.noop().await?;
                Ok(Woken::NewMail)
            }
        }
    }
}

/// Whether the ledger lacks it: its number is not known, or stood for another message.
fn is_new(listed: &Listed, known: &[sightings::Sighted]) -> bool {
    match known.binary_search_by_key(&listed.uid, |(uid, _)| *uid) {
        Err(_) => true,
        Ok(at) => known[at].1.is_some_and(|it| it != marks(listed)),
    }
}

fn marks(listed: &Listed) -> Marks {
    Marks { size: listed.size, at: listed.internal_date }
}

fn place(fence: Fence, uid_validity: u32, listed: Listed) -> Place {
    Place { mailbox: fence.mailbox, uid_validity, uid: listed.uid, marks: marks(&listed) }
}

async fn keep_batch(desk: &Desk, fence: Fence, uid_validity: u32, messages: &[Fetched]) -> Result<BeingRead> {
    let now = desk.clock.now();
    let arrivals: Vec<Arrival<'_>> = messages
        .iter()
        .map(|it| Arrival {
            place: Some(place(fence, uid_validity, it.listed)),
            received_at: it.internal_date.unwrap_or(now),
            size: it.octets.len() as u64,
            taken: Taken::Whole,
            octets: &it.octets,
        })
        .collect();
    // A world of its own, as the next: without it, each watch that waits would hold the room for it.
    Box::pin(keep_under(desk, fence, &arrivals)).await
}

async fn decide_batch(desk: &Desk, kept: BeingRead) -> Result<()> {
    Box::pin(decide_kept(desk, kept)).await.map(drop)
}
