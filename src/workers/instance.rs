//! This run of the daemon among others on the same database: it says that it lives, and buries those that no longer do.
//!
//! Nobody's clock decides about anybody else's life: what is said is in the time of the database, and how long we may count on our own
//! leases is measured here, from before we said so, by a clock that nobody sets.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::SignedDuration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    actions::Desk,
    desk::id::InstanceId,
    store::{
        instances::{self, Burial, Seen, Told},
        sending,
    },
    workers::Result,
};

/// Whoever has not said for so long that it lives is dead.
pub const LEASE: Duration = Duration::from_secs(30);

/// It is said so often.
const EVERY: Duration = Duration::from_secs(10);

/// And tried again after so long where the database refuses.
const AGAIN: Duration = Duration::from_secs(2);

/// One run of the daemon.
#[derive(Debug)]
pub struct Instance {
    id: InstanceId,
    name: String,
    life: Mutex<Life>,
}

/// What this run may count on.
#[derive(Debug)]
struct Life {
    /// Others take us for dead from then on, if we do not say otherwise; none: there are no others.
    until: Option<Instant>,
    /// Ends when what we have leased may be another's.
    leases: CancellationToken,
}

/// What a round knows from the ones before.
#[derive(Debug, Default)]
pub struct Rounds {
    /// The database has answered each time since then.
    steady: Option<Instant>,
    /// Since when each of the others has said the same.
    said: HashMap<InstanceId, (i64, Instant)>,
}

impl Instance {
    /// Begins to live. On SQLite, whose one daemon this is, whatever an earlier run had leased is free.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin(desk: &Desk, name: &str) -> Result<Arc<Self>> {
        let began = Instant::now();
        let alone = desk.store.is_alone();
        let mut tx = desk.store.begin().await?;
        let id = instances::begin(&mut tx, name, lease(), desk.clock.now()).await?;
        if alone {
            for earlier in instances::others(&mut tx, id).await? {
                instances::bury(&mut tx, &earlier).await?;
            }
            sending::give_back_all(&mut tx).await?;
        }
        fail_point!("instance-commit");
        tx.commit().await?;
        fail_point!("instance-begun");
        let life = Life { until: (!alone).then_some(began + LEASE), leases: CancellationToken::new() };
        Ok(Arc::new(Self { id, name: name.to_owned(), life: Mutex::new(life) }))
    }

    /// Its row.
    #[must_use]
    pub fn id(&self) -> InstanceId {
        self.id
    }

    /// As deliveries name it that it has leased.
    #[must_use]
    pub fn owner(&self) -> String {
        instances::owner(&self.name, self.id)
    }

    /// What it has leased is nobody else's before then; none: ever.
    #[must_use]
    pub fn certain_until(&self) -> Option<Instant> {
        self.life().until
    }

    /// Is cancelled when what it has leased now may be another's.
    #[must_use]
    pub fn leases(&self) -> CancellationToken {
        self.life().leases.clone()
    }

    /// Says that it lives.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn live_on(&self, desk: &Desk) -> Result<()> {
        let said_at = Instant::now();
        let mut tx = desk.store.begin().await?;
        let told = instances::live_on(&mut tx, self.id, &self.name, lease(), desk.clock.now()).await?;
        tx.commit().await?;
        if told == Told::TooLate {
            tracing::warn!("this instance was silent for too long: others have taken over what it had in hand");
            self.lose();
        }
        let mut life = self.life();
        life.until = life.until.map(|_| said_at + LEASE);
        Ok(())
    }

    /// Ends: whatever is still leased is free at once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end(&self, desk: &Desk) -> Result<()> {
        let mut tx = desk.store.begin().await?;
        instances::end(&mut tx, self.id).await?;
        tx.commit().await?;
        self.lose();
        Ok(())
    }

    fn lose(&self) {
        let mut life = self.life();
        std::mem::take(&mut life.leases).cancel();
    }

    fn life(&self) -> std::sync::MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One round: says that it lives, and buries whoever has not said so in time.
///
/// # Errors
/// When the database fails.
pub async fn step(desk: &Desk, instance: &Instance, rounds: &mut Rounds, now: Instant) -> Result<()> {
    if let Err(error) = instance.live_on(desk).await {
        rounds.steady = None;
        return Err(error);
    }
    let steady = *rounds.steady.get_or_insert(now);
    let mut conn = desk.store.read().await?;
    let others = instances::others(&mut conn, instance.id).await?;
    let time = instances::time(&mut conn, desk.clock.now()).await?;
    drop(conn);
    rounds.said.retain(|id, _| others.iter().any(|it| it.id == *id));
    for other in others {
        let (said, since) = rounds.said.entry(other.id).or_insert((other.alive_until, now));
        if *said != other.alive_until {
            (*said, *since) = (other.alive_until, now);
        }
        let unchanged_for = now.duration_since((*since).max(steady));
        if is_dead(&other, time, unchanged_for) {
            bury(desk, &other).await?;
        }
    }
    Ok(())
}

/// By what it said, once it had the time to say more: a database that was away, or whose clock was set forward, lets everybody fall
/// silent. And whoever says the same for longer than that can mean, whatever became of the clock since.
fn is_dead(other: &Seen, time: i64, unchanged_for: Duration) -> bool {
    (other.alive_until < time && unchanged_for >= EVERY * 2) || unchanged_for > LEASE + EVERY
}

async fn bury(desk: &Desk, dead: &Seen) -> Result<()> {
    let mut tx = desk.store.begin().await?;
    let burial = instances::bury(&mut tx, dead).await?;
    tx.commit().await?;
    match burial {
        Burial::Done => tracing::warn!("instance {} ended without a word; what it had in hand is taken over", dead.name),
        Burial::NotDead => {}
    }
    Ok(())
}

/// Goes its rounds until it is told to stop.
pub async fn run(desk: Arc<Desk>, instance: Arc<Instance>, stop: CancellationToken) {
    // Alone, there is nobody to tell.
    if instance.certain_until().is_none() {
        return;
    }
    let mut rounds = Rounds::default();
    loop {
        let nap = match step(&desk, &instance, &mut rounds, Instant::now()).await {
            Ok(()) => EVERY,
            Err(error) => {
                tracing::warn!("this instance cannot say that it lives: {error}");
                AGAIN
            }
        };
        if instance.certain_until().is_some_and(|until| until <= Instant::now()) {
            instance.lose();
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(nap) => {}
        }
    }
}

fn lease() -> SignedDuration {
    SignedDuration::try_from(LEASE).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_the_time_to_say_that_it_lives_and_does_not_is_dead() {
        let other = |alive_until| Seen { id: InstanceId(2), name: "b".to_owned(), alive_until };
        let now = 1_000_000_000;
        for (alive_until, unchanged_for, dead) in [
            (now + 30_000, Duration::ZERO, false),
            (now + 1, EVERY * 2, false),
            (now - 1, EVERY, false),
            (now - 1, EVERY * 2, true),
            // The database's clock was set by a year: what was said says nothing, that it stays the same does.
            (now - 31_536_000_000, EVERY, false),
            (now + 31_536_000_000, EVERY * 2, false),
            (now + 31_536_000_000, LEASE + EVERY * 2, true),
        ] {
            assert_eq!(is_dead(&other(alive_until), now, unchanged_for), dead, "{} {unchanged_for:?}", alive_until - now);
        }
    }
}
