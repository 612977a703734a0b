//! Outbox to mail server: one lane for each mailbox's account.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::{
    actions::{Desk, deliveries, transact},
    clock::random_bytes,
    desk::{
        address::EmailAddress,
        delivery::{self, DeliveryState, HandOver},
        id::MailboxId,
    },
    mail::smtp::SmtpPool,
    store::{
        StoreError,
        outbox::{self, Leased, Outcome, Recorded},
    },
    workers::Result,
};

/// Longer than any hand-over can take, so that nobody takes over what is still being said.
const LEASE: SignedDuration = SignedDuration::from_mins(40);

/// The outbox is looked at at least so often: another process may have put something into it.
const LONGEST_NAP: Duration = Duration::from_secs(10);

/// After trouble with the account, nothing is tried for so long at first, doubling to the longest.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(30);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(15);

/// The way out of one mailbox.
pub struct Lane {
    /// Whose outbox.
    pub mailbox: MailboxId,
    /// Its address: the envelope sender where a server will not have `<>`.
    pub address: EmailAddress,
    /// Its account.
    pub pool: SmtpPool,
    /// Connections at one time.
    pub connections: usize,
    /// Messages in a minute at most.
    pub per_minute: u32,
    /// Who leases: this instance, under the same name at each start.
    pub owner: String,
    pace: Pace,
}

/// How much one lane may do.
#[derive(Clone, Copy, Debug)]
pub struct LaneBounds {
    /// Connections at one time.
    pub connections: usize,
    /// Messages in a minute at most.
    pub per_minute: u32,
}

/// How the account is doing, and how much it may still send.
#[derive(Debug, Default)]
struct Pace {
    troubles: u32,
    quiet_until: Option<Timestamp>,
    minute: Option<(Timestamp, u32)>,
}

/// What one round came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many were handed over or put off; there may be more.
    Worked(usize),
    /// Nothing is due before then.
    NothingDue(Option<Timestamp>),
}

impl Lane {
    /// For one mailbox.
    #[must_use]
    pub fn new(mailbox: MailboxId, address: EmailAddress, pool: SmtpPool, bounds: LaneBounds, owner: &str) -> Self {
        let LaneBounds { connections, per_minute } = bounds;
        let (connections, per_minute) = (connections.max(1), per_minute.max(1));
        Self { mailbox, address, pool, connections, per_minute, owner: owner.to_owned(), pace: Pace::default() }
    }
}

/// Hands over what is due in one lane.
///
/// # Errors
/// When the database fails; what was handed over and could not be recorded is tried again under the same Message-ID.
pub async fn step(desk: &Desk, lane: &mut Lane) -> Result<Step> {
    let now = desk.clock.now();
    if let Some(until) = lane.pace.quiet_until.filter(|until| *until > now) {
        return Ok(Step::NothingDue(Some(until)));
    }
    let room = lane.pace.room(now, lane.per_minute);
    if room == 0 {
        return Ok(Step::NothingDue(lane.pace.minute.map(|(began, _)| began + SignedDuration::from_mins(1))));
    }
    // Looked for with a read first: an idle outbox takes no write lock.
    let next = outbox::next_due(&mut *desk.store.read().await?, lane.mailbox).await?;
    if next.is_none_or(|at| at > now) {
        return Ok(Step::NothingDue(next));
    }
    let most = i64::try_from((lane.connections * 2).min(room as usize)).unwrap_or(1);
    let mut tx = desk.store.begin().await?;
    let leased = outbox::lease(&mut tx, lane.mailbox, &lane.owner, now + LEASE, most, now).await?;
    fail_point!("lease-commit");
    tx.commit().await?;
    fail_point!("leased");
    lane.pace.count(now, leased.len());
    let answers = join_all(leased.iter().map(|it| hand_over(desk, lane, it))).await;
    for answer in answers {
        lane.pace.learn(answer?, desk.clock.now());
    }
    Ok(Step::Worked(leased.len()))
}

impl Pace {
    fn room(&self, now: Timestamp, per_minute: u32) -> u32 {
        match self.minute {
            Some((began, sent)) if now.duration_since(began).abs() < SignedDuration::from_mins(1) => per_minute.saturating_sub(sent),
            Some(_) | None => per_minute,
        }
    }

    fn count(&mut self, now: Timestamp, sent: usize) {
        let sent = u32::try_from(sent).unwrap_or(u32::MAX);
        self.minute = match self.minute {
            Some((began, before)) if now.duration_since(began).abs() < SignedDuration::from_mins(1) => {
                Some((began, before.saturating_add(sent)))
            }
            Some(_) | None => Some((now, sent)),
        };
    }

    /// The account is the fault: it is left alone for longer and longer, and the mail's own clock goes on.
    fn learn(&mut self, account: Account, now: Timestamp) {
        match account {
            Account::Works => (self.troubles, self.quiet_until) = (0, None),
            Account::Troubled => {
                self.troubles = (self.troubles + 1).min(10);
                self.quiet_until = Some(now + (FIRST_PAUSE * (1 << (self.troubles - 1).min(8))).min(LONGEST_PAUSE));
            }
            Account::Unknown => {}
        }
    }
}

/// What an answer says about the account.
#[derive(Clone, Copy)]
enum Account {
    Works,
    Troubled,
    Unknown,
}

async fn hand_over(desk: &Desk, lane: &Lane, leased: &Leased) -> Result<Account> {
    let octets = match desk.store.blobs().get(&mut *desk.store.read().await?, &leased.sha256).await {
        Ok(Some(octets)) => octets,
        Ok(None) => return unreadable(desk, lane, leased, "its octets are not here; restore them from a backup".to_owned()).await,
        Err(error @ StoreError::Content { .. }) => return unreadable(desk, lane, leased, error.to_string()).await,
        Err(error) => return Err(error.into()),
    };
    let mut answer = lane.pool.hand_over(leased.envelope_from.as_ref(), &leased.address, &octets).await;
    if leased.envelope_from.is_none() && matches!(answer, HandOver::Refused { .. }) {
        // Some servers of submission will not have the null return path (RFC 6409 §6.1): then our own address stands there.
        answer = lane.pool.hand_over(Some(&lane.address), &leased.address, &octets).await;
    }
    fail_point!("smtp-answered");
    record(desk, lane, leased, &answer).await?;
    fail_point!("recorded");
    Ok(match answer {
        HandOver::Accepted { .. } | HandOver::Refused { .. } => Account::Works,
        HandOver::AccountTrouble { .. } => Account::Troubled,
        HandOver::Deferred { .. } | HandOver::Unknown { .. } => Account::Unknown,
    })
}

/// A mail whose octets are damaged is put off, with the reason where everybody sees it: a backup may bring them back.
async fn unreadable(desk: &Desk, lane: &Lane, leased: &Leased, words: String) -> Result<Account> {
    record(desk, lane, leased, &HandOver::Deferred { words }).await?;
    Ok(Account::Unknown)
}

async fn record(desk: &Desk, lane: &Lane, leased: &Leased, answer: &HandOver) -> Result<()> {
    let now = desk.clock.now();
    let [jitter] = random_bytes::<1>();
    let settled = delivery::after(answer, leased.attempts, now.duration_since(leased.first_try_at), jitter);
    let what = Outcome { state: settled.state.as_str(), words: answer.words(), next_at: settled.next_after.map(|it| now + it) };
    let what = &what;
    transact(desk, |mut tx| async move {
        fail_point!("record-begun");
        let recorded = outbox::record(&mut tx, leased.id, &lane.owner, what, now).await?;
        if recorded == Recorded::Yes && settled.state == DeliveryState::Refused {
            deliveries::refused(desk, &mut tx, leased.id, answer.words()).await?;
        }
        fail_point!("record-commit");
        Ok(tx.commit().await?)
    })
    .await?;
    match settled.state {
        DeliveryState::Sent => tracing::info!(delivery = %leased.id, "handed over delivery {}", leased.id),
        DeliveryState::Refused => tracing::warn!(delivery = %leased.id, "delivery {} is refused for good: {}", leased.id, answer.words()),
        DeliveryState::Waiting | DeliveryState::Delayed | DeliveryState::Unknown | DeliveryState::Bounced | DeliveryState::Cancelled => {
            tracing::warn!(delivery = %leased.id, "delivery {} is put off: {}", leased.id, answer.words());
        }
    }
    Ok(())
}

/// At the start: what this instance had in hand when it ended is tried again at once, under the same Message-IDs.
///
/// # Errors
/// When the database fails.
pub async fn take_up(desk: &Desk, owner: &str) -> Result<()> {
    let mut tx = desk.store.begin().await?;
    outbox::give_back(&mut tx, owner).await?;
    fail_point!("take-up-given-back");
    let configured: Vec<MailboxId> = desk.mailboxes.iter().map(|(id, _)| id).collect();
    if let Some(heir) = configured.first() {
        let inherited = outbox::inherit(&mut tx, &configured, *heir).await?;
        if inherited > 0 {
            tracing::warn!("{inherited} deliveries of mailboxes that are no longer configured go out by the first one’s server");
        }
    }
    fail_point!("take-up-commit");
    tx.commit().await?;
    fail_point!("taken-up");
    Ok(())
}

/// Works a lane until it is told to stop.
pub async fn run(desk: Arc<Desk>, mut lane: Lane, stop: CancellationToken) {
    let mut grew = desk.outbox_grew.subscribe();
    while !stop.is_cancelled() {
        grew.mark_unchanged();
        let nap = match step(&desk, &mut lane).await {
            Ok(Step::Worked(_)) => continue,
            Ok(Step::NothingDue(next)) => until(next, desk.clock.now()),
            Err(error) => {
                tracing::error!("the outbox cannot be worked: {error}");
                Duration::from_secs(5)
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(nap) => {}
            _ = grew.changed() => {}
        }
    }
}

fn until(next: Option<Timestamp>, now: Timestamp) -> Duration {
    let wait = next.map_or(LONGEST_NAP, |at| at.duration_since(now).unsigned_abs());
    if next.is_some_and(|at| at <= now) { Duration::from_millis(50) } else { wait.min(LONGEST_NAP) }
}
