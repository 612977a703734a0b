//! What a lane is handing over just now: so many tasks, each with one leased copy and the fence that its lease gives it.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use tokio::task::{Id, JoinSet};

use crate::{
    desk::{
        address::EmailAddress,
        delivery::HandOver,
        id::DeliveryId,
        sending::{InHand, Line, STUCK_AFTER, Took},
    },
    mail::smtp::{Fence, SmtpPool},
    store::{Store, StoreError, sending::Leased},
};

/// A domain whose answers take so long counts as slow while it is in hand.
const SLOW_AFTER: Duration = Duration::from_secs(5);

/// And for so long when nothing came of it after as much as this.
const SLOW_FOR: Duration = Duration::from_secs(15 * 60);
const SLOW_FAILURE: Duration = Duration::from_secs(2);

/// A hand-over that ended.
#[derive(Debug)]
pub(super) struct Done {
    pub leased: Leased,
    pub answer: HandOver,
}

/// The way out of a lane, as a task needs it.
#[derive(Clone)]
pub(super) struct Door {
    pub store: Store,
    pub pool: SmtpPool,
    /// The envelope sender where a server will not have `<>`.
    pub address: EmailAddress,
}

struct Held {
    leased: Leased,
    line: Line,
    since: Instant,
    fence: Fence,
}

/// Everything in hand, and what ended and is not recorded yet. Dropped, it ends them all.
#[derive(Default)]
pub(super) struct Hands {
    tasks: JoinSet<HandOver>,
    held: HashMap<Id, Held>,
    pub ended: Vec<Done>,
    renewed: Option<Instant>,
    slow: BTreeMap<String, Instant>,
}

impl Hands {
    /// Whether nothing is being handed over.
    pub fn are_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// So many are being handed over and not stuck.
    pub fn busy(&self) -> usize {
        self.held.values().filter(|it| it.since.elapsed() < STUCK_AFTER.unsigned_abs()).count()
    }

    /// What is in hand, for whoever chooses the next. What is slow counts as old mail.
    pub fn shown(&self) -> Vec<InHand<'_>> {
        let shown = |it: &'_ Held| {
            let domain = it.leased.address.domain();
            let line = if self.is_slow(domain) { Line::Again } else { it.line };
            (line, if it.since.elapsed() < STUCK_AFTER.unsigned_abs() { Took::AMoment } else { Took::TooLong })
        };
        let all = self.held.values().map(|it| (it.leased.address.domain(), shown(it)));
        all.map(|(domain, (line, took))| InHand { domain, line, took }).collect()
    }

    /// Whether mail to this domain has hung lately, or hangs now.
    pub fn is_slow(&self, domain: &str) -> bool {
        let hangs = |it: &Held| it.leased.address.domain() == domain && it.since.elapsed() >= SLOW_AFTER;
        self.slow.get(domain).is_some_and(|until| Instant::now() < *until) || self.held.values().any(hangs)
    }

    /// Begins to hand over a copy that was leased at `since` for as long as the fence stands.
    pub fn begin(&mut self, door: &Door, leased: Leased, line: Line, fence: Fence) {
        let (door, it, stands) = (door.clone(), leased.clone(), fence.clone());
        let task = self.tasks.spawn(async move {
            let answer = hand_over(&door, &it, &stands).await;
            fail_point!("smtp-answered");
            answer
        });
        self.held.insert(task.id(), Held { leased, line, since: Instant::now(), fence });
    }

    /// Waits until one ends; for ever where there is none.
    pub async fn one_ends(&mut self) {
        match self.tasks.join_next_with_id().await {
            Some(ended) => self.note(ended),
            None => std::future::pending().await,
        }
    }

    /// Notes those that have ended by now.
    pub fn gather(&mut self) {
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            self.note(ended);
        }
    }

    fn note(&mut self, ended: Result<(Id, HandOver), tokio::task::JoinError>) {
        let (id, answer) = match ended {
            Ok((id, answer)) => (id, answer),
            Err(error) => {
                tracing::error!("handing over failed in our own program: {error}");
                (error.id(), HandOver::Deferred { words: "handing it over failed in maildesk itself; the log says more".to_owned() })
            }
        };
        let Some(held) = self.held.remove(&id) else { return };
        let domain = held.leased.address.domain();
        match answer {
            HandOver::Deferred { .. } | HandOver::Unknown { .. } if held.since.elapsed() >= SLOW_FAILURE => {
                self.slow.retain(|_, until| Instant::now() < *until);
                self.slow.insert(domain.to_owned(), Instant::now() + SLOW_FOR);
            }
            HandOver::Accepted { .. } => drop(self.slow.remove(domain)),
            HandOver::Deferred { .. }
            | HandOver::Unknown { .. }
            | HandOver::Refused { .. }
            | HandOver::AccountTrouble { .. }
            | HandOver::Stopped { .. } => {}
        }
        self.ended.push(Done { leased: held.leased, answer });
    }

    /// Whether the leases of what is in hand, or has ended, are to be renewed.
    pub fn want_renewal(&self, every: Duration) -> bool {
        let any = !self.held.is_empty() || !self.ended.is_empty();
        any && self.renewed.is_none_or(|at| at.elapsed() >= every)
    }

    /// These leases were renewed at `at`: their fences stand for so long from then on. All others fall by themselves.
    pub fn renewed(&mut self, at: Instant, ids: &[DeliveryId], long: Duration) {
        self.renewed = Some(at);
        self.held.values().filter(|it| ids.contains(&it.leased.id)).for_each(|it| it.fence.move_on(at, long));
    }
}

async fn hand_over(door: &Door, leased: &Leased, fence: &Fence) -> HandOver {
    let octets = match octets(door, leased).await {
        Ok(octets) => octets,
        Err(answer) => return answer,
    };
    let answer = door.pool.hand_over_while(fence, leased.envelope_from.as_ref(), &leased.address, &octets).await;
    if leased.envelope_from.is_none() && matches!(answer, HandOver::Refused { .. }) {
        // Some servers of submission will not have the null return path (RFC 6409 §6.1): then our own address stands there.
        return door.pool.hand_over_while(fence, Some(&door.address), &leased.address, &octets).await;
    }
    answer
}

/// A mail whose octets are damaged is put off, with the reason where everybody sees it: a backup may bring them back.
async fn octets(door: &Door, leased: &Leased) -> Result<Vec<u8>, HandOver> {
    let damaged = |words: String| HandOver::Deferred { words };
    let away = |error: StoreError| HandOver::Stopped { words: error.to_string() };
    let mut conn = door.store.read().await.map_err(away)?;
    match door.store.blobs().get(&mut conn, &leased.sha256).await {
        Ok(Some(octets)) => Ok(octets),
        Ok(None) => Err(damaged("its octets are not here; restore them from a backup".to_owned())),
        Err(error @ (StoreError::Content { .. } | StoreError::Erased | StoreError::Expired)) => Err(damaged(error.to_string())),
        Err(error) => Err(away(error)),
    }
}
