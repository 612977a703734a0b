//! A mailbox into the ledger: list, fetch, keep, decide, file; then wait for more.

mod round;

use std::{collections::HashMap, time::Duration};

use tokio_util::sync::CancellationToken;

pub use self::round::run;
use crate::{
    actions::Desk,
    desk::{id::MailboxId, mailbox::ImapAccount, settings::TakeExisting},
    mail::imap::{Fetched, Filed as OnServer, Filing, ImapError, ImapLimits, LISTED_AT_ONCE, Listed, Session, Short, Woken},
    store::{
        leases::{self, Fence},
        mailboxes::{self, MailboxState},
        messages::{self, Filed, Place, Taken},
    },
    workers::{
        Result,
        caution::Caution,
        lease::Lease,
        take_in::{Arrival, take_in_under},
    },
};

/// So many are taken in before those are filed.
const AT_ONCE: usize = 500;

/// A message that the server lists and does not give is asked for so often before what it gives is taken.
const PATIENCE: u32 = 5;

/// What is listed and not given is asked for again after so long.
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
    caution: &'a mut Caution,
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
        let session = Session::open(&watched.account, limits).await?;
        let mut watch =
            Self { desk, watched, lease, session, stop: stop.clone(), next_uid: 1, floor: 1, not_given: HashMap::new(), caution };
        watch.floor = watch.meet().await?;
        watch.next_uid = watch.floor;
        Ok(watch)
    }

    /// The first UID that is ours to take. At the first meeting that is the next to come, unless more was asked for; when the
    /// folder's UIDs have been given anew, everything is looked at again and known by its content.
    async fn meet(&mut self) -> Result<u32> {
        let (desk, mailbox) = (self.desk, self.watched.mailbox);
        let folder = self.session.folder();
        let known = mailboxes::state(&mut *desk.store.read().await?, mailbox).await?;
        let floor = match known {
            MailboxState { met_at: Some(_), uid_validity: Some(same), floor_uid } if same == folder.uid_validity => return Ok(floor_uid),
            MailboxState { met_at: Some(met_at), .. } => self.first_since(met_at).await?,
            MailboxState { met_at: None, .. } => match self.watched.take_existing {
                TakeExisting::All => 1,
                TakeExisting::Unseen => self.take_unseen().await?,
                TakeExisting::None => self.next_to_come().await?,
            },
        };
        let mut tx = self.lease.begin(desk).await?;
        mailboxes::meet(&mut tx, mailbox, folder.uid_validity, floor, desk.clock.now()).await?;
        fail_point!("meet-commit");
        tx.commit().await?;
        fail_point!("met");
        tracing::info!(mailbox = %self.watched.name, "watching mailbox {}: mail from UID {floor} on is taken", self.watched.name);
        Ok(floor)
    }

    async fn next_to_come(&mut self) -> Result<u32> {
        if let Some(next) = self.session.folder().uid_next {
            return Ok(next);
        }
        Ok(self.list(1).await?.last().map_or(1, |it| it.uid.saturating_add(1)))
    }

    /// The lowest UID of a message that came after the first meeting; older mail was not taken and is not now.
    async fn first_since(&mut self, met_at: jiff::Timestamp) -> Result<u32> {
        let listed = self.list(1).await?;
        // A server's dates have no parts of a second: mail of the second of the meeting came after it for all that we know.
        let since = |at: jiff::Timestamp| at.as_second() >= met_at.as_second();
        let later = listed.iter().filter(|it| it.internal_date.is_none_or(since)).map(|it| it.uid).min();
        Ok(later.or_else(|| listed.last().map(|it| it.uid.saturating_add(1))).unwrap_or(1))
    }

    /// What nobody has read is taken before the folder counts as met: a crash in between begins again.
    async fn take_unseen(&mut self) -> Result<u32> {
        let next = self.next_to_come().await?;
        let unseen = self.session.list_unseen().await?;
        self.take(&unseen.into_iter().filter(|it| it.uid < next).collect::<Vec<_>>()).await?;
        Ok(next)
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
        let from = self.not_given.keys().copied().min().map_or(self.next_uid, |uid| uid.min(self.next_uid));
        self.step_from(from).await
    }

    /// Lists the whole folder and takes in what the ledger lacks, whoever has read it meanwhile.
    ///
    /// # Errors
    /// As [`Watch::step`].
    pub async fn full_step(&mut self) -> Result<Step> {
        self.step_from(self.floor).await
    }

    async fn step_from(&mut self, mut from: u32) -> Result<Step> {
        let (desk, mailbox) = (self.desk, self.watched.mailbox);
        let mut step = Step::default();
        loop {
            let page = self.session.list_from(from).await?;
            let uid_validity = self.session.folder().uid_validity;
            let known = messages::sighted(&mut *desk.store.read().await?, mailbox, uid_validity, from).await?;
            let new: Vec<Listed> = page.iter().filter(|it| known.binary_search(&it.uid).is_err()).copied().collect();
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
            if page.len() < LISTED_AT_ONCE {
                break;
            }
        }
        self.not_given.retain(|_, tries| *tries < PATIENCE * 2);
        self.caution.one_by_one = false;
        self.file().await?;
        step.waiting = self.not_given.len();
        self.note_check(step.waiting).await?;
        Ok(step)
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
        let (desk, fence, uid_validity) = (self.desk, self.lease.fence(), self.session.folder().uid_validity);
        let mut fetching = self.session.fetch(listed, short);
        let mut taken = 0;
        let mut batch = fetching.next_batch().await?;
        while let Some(this) = batch {
            // The next ones are on their way while these are kept and decided.
            let (next, kept) = tokio::join!(fetching.next_batch(), take_batch(desk, fence, uid_validity, &this.messages));
            taken += kept?;
            for it in &this.messages {
                self.not_given.remove(&it.uid);
            }
            for it in this.not_yet {
                match it.octets {
                    // Deleted between listing and fetching: nothing to wait for once it is no longer listed.
                    None => drop(self.not_given.remove(&it.uid)),
                    Some(_) => *self.not_given.entry(it.uid).or_default() += 1,
                }
            }
            batch = next?;
        }
        Ok(taken)
    }

    async fn take_header(&mut self, one: Listed) -> Result<usize> {
        let Some(header) = self.session.fetch_header(one.uid).await? else { return Ok(0) };
        let (mailbox, uid_validity) = (self.watched.mailbox, self.session.folder().uid_validity);
        let arrival = Arrival {
            place: Some(Place { mailbox, uid_validity, uid: one.uid }),
            received_at: one.internal_date.unwrap_or(self.desk.clock.now()),
            size: u64::from(one.size),
            taken: Taken::HeaderOnly,
            octets: &header,
        };
        take_in_under(self.desk, self.lease.fence(), &[arrival]).await?;
        Ok(1)
    }

    /// Files on the server whatever is decided. A refusal is tried again at the next step and changes no decision.
    async fn file(&mut self) -> Result<()> {
        let (desk, mailbox, uid_validity) = (self.desk, self.watched.mailbox, self.session.folder().uid_validity);
        loop {
            let mut conn = desk.store.read().await?;
            let due = messages::to_file(&mut conn, mailbox, uid_validity, AT_ONCE as i64).await?;
            leases::look(&mut conn, self.lease.fence()).await?;
            drop(conn);
            let move_to = self.watched.account.done_folder.clone();
            let filing = Filing { mark_seen: true, move_to, only_before: self.lease.certain_until() };
            if due.is_empty() {
                return Ok(());
            }
            fail_point!("file-begun");
            let how = match self.session.file(&due, &filing).await {
                Ok(OnServer::Moved | OnServer::Stayed) => Filed::Done,
                Ok(OnServer::CannotMove) => Filed::Left,
                Err(refused @ ImapError::Refused { .. }) => {
                    tracing::warn!(mailbox = %self.watched.name, "mailbox {}: cannot file messages on the server: {refused}", self.watched.name);
                    return Ok(());
                }
                Err(other) => return Err(other.into()),
            };
            fail_point!("file-done");
            let mut tx = self.lease.begin(desk).await?;
            messages::filed(&mut tx, mailbox, uid_validity, &due, how, desk.clock.now()).await?;
            fail_point!("filed-commit");
            tx.commit().await?;
            fail_point!("filed");
        }
    }

    /// Waits for new mail, or until it is time to look anyway.
    async fn wait(&mut self, stop: &CancellationToken) -> Result<Woken> {
        if self.session.capabilities().idle && self.not_given.is_empty() {
            return Ok(self.session.idle(self.watched.limits.idle, stop).await?);
        }
        let nap = if self.not_given.is_empty() { self.watched.poll_every } else { SOON };
        tokio::select! {
            () = stop.cancelled() => Ok(Woken::Stopped),
            () = tokio::time::sleep(nap) => {
                self.session.noop().await?;
                Ok(Woken::NewMail)
            }
        }
    }
}

async fn take_batch(desk: &Desk, fence: Fence, uid_validity: u32, messages: &[Fetched]) -> Result<usize> {
    let now = desk.clock.now();
    let arrivals: Vec<Arrival<'_>> = messages
        .iter()
        .map(|it| Arrival {
            place: Some(Place { mailbox: fence.mailbox, uid_validity, uid: it.uid }),
            received_at: it.internal_date.unwrap_or(now),
            size: it.octets.len() as u64,
            taken: Taken::Whole,
            octets: &it.octets,
        })
        .collect();
    // A world of its own: without it, each watch that waits would hold the room for it.
    Box::pin(take_in_under(desk, fence, &arrivals)).await?;
    Ok(arrivals.len())
}
