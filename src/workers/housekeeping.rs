//! What time does by itself: closing what was resolved long ago, telling what is due, clearing away what is over.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    actions::{Desk, due::tell_due, snooze::return_due, stale::close_stale},
    store::{audit, health, sessions, tickets},
    workers::{
        Result, caught,
        instance::Instance,
        take_in::{self, Begun},
    },
};

/// So often.
const EVERY: Duration = Duration::from_secs(60);

/// So often what is undecided is looked for between rounds; a round that failed is gone again as soon.
const CATCH_UP: Duration = Duration::from_secs(10);

/// A time that is about to come is waited for no shorter.
const SHORTEST: Duration = Duration::from_millis(50);

/// Whoever takes a message in decides it at once: after so long that has most likely broken off. One that is still in hand is decided once,
/// whoever is first.
const OVERDUE: SignedDuration = SignedDuration::from_secs(10);

/// A clock that is further from where it was and how long that is ago has leapt.
const LEAP: SignedDuration = SignedDuration::from_hours(1);

/// What is done because time has passed waits so long after a leap: most are put right soon.
const AFTER_LEAP: Duration = Duration::from_secs(15 * 60);

/// Whether the clock goes as time does, by one that nobody sets.
#[derive(Debug, Default)]
pub struct Pace {
    last: Option<(Timestamp, Instant)>,
    leapt: Option<Instant>,
}

impl Pace {
    /// Whether it is believed that so much time has passed, now that the clock says this.
    pub fn is_steady(&mut self, now: Timestamp, at: Instant) -> bool {
        let leap = self.last.replace((now, at)).and_then(|(then, since)| {
            let passed = SignedDuration::try_from(at.duration_since(since)).ok()?;
            let leap = now.duration_since(then) - passed;
            (leap.abs() > LEAP).then_some(leap)
        });
        if let Some(leap) = leap {
            tracing::warn!("the clock of this machine has leapt by {leap:#}; what time does by itself waits for {AFTER_LEAP:?}");
            self.leapt = Some(at);
        }
        self.leapt.is_none_or(|leapt| at.duration_since(leapt) >= AFTER_LEAP)
    }
}

/// One round.
///
/// # Errors
/// When the database fails.
pub async fn step(desk: &Desk, begun: &mut Begun, pace: &mut Pace, at: Instant) -> Result<()> {
    // First what somebody waits for: no trouble with anything else may stand before it.
    take_in::decide_left_over(desk, begun).await?;
    // A leap ahead would close every ticket that is resolved, tell all their people so, and end every session.
    if !pace.is_steady(desk.clock.now(), at) {
        return Ok(());
    }
    while !close_stale(desk).await?.is_empty() {}
    tell_due(desk).await?;
    let now = desk.clock.now();
    let mut tx = desk.store.begin().await?;
    sessions::prune(&mut tx, now, now - desk.settings.sessions.idle).await?;
    audit::prune(&mut tx, now - desk.settings.audit_keep).await?;
    tx.commit().await?;
    fail_point!("pruned");
    desk.store.sweep().await?;
    Ok(())
}

/// Between rounds: decides what was kept a while ago and is undecided still, because deciding it broke off.
///
/// # Errors
/// When the database fails.
pub async fn catch_up(desk: &Desk, begun: &mut Begun) -> Result<()> {
    let overdue = health::undecided(&mut *desk.store.read().await?, desk.clock.now() - OVERDUE).await?;
    if overdue.is_some() {
        take_in::decide_left_over(desk, begun).await?;
    }
    Ok(())
}

/// Returns what was put off until now; how long it is until the next is due, within [`CATCH_UP`].
///
/// # Errors
/// When the database fails.
pub async fn return_snoozed(desk: &Desk, pace: &mut Pace, at: Instant) -> Result<Duration> {
    // After a leap ahead everything would be back at once.
    if !pace.is_steady(desk.clock.now(), at) {
        return Ok(CATCH_UP);
    }
    while !return_due(desk).await?.is_empty() {}
    let next = tickets::next_return(&mut *desk.store.read().await?).await?;
    let left = next.map(|it| it.duration_since(desk.clock.now())).and_then(|it| Duration::try_from(it).ok());
    Ok(left.map_or(CATCH_UP, |it| it.clamp(SHORTEST, CATCH_UP)))
}

/// Goes its rounds until it is told to stop.
pub async fn run(desk: Arc<Desk>, instance: Arc<Instance>, stop: CancellationToken) {
    let mut begun = if desk.store.is_alone() { Begun::default() } else { Begun::by(instance.id()) };
    let mut pace = Pace::default();
    let mut round = Instant::now();
    loop {
        let now = Instant::now();
        let done = if now < round {
            caught(catch_up(&desk, &mut begun)).await
        } else {
            caught(step(&desk, &mut begun, &mut pace, now)).await.inspect(|()| round = now + EVERY)
        };
        let (left, returned) = match caught(return_snoozed(&desk, &mut pace, Instant::now())).await {
            Ok(left) => (left, Ok(())),
            Err(error) => (CATCH_UP, Err(error)),
        };
        if let Err(error) = done.and(returned) {
            tracing::error!("housekeeping fails: {error}");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(left) => {}
        }
    }
}
