//! What time does by itself: closing what was resolved long ago, clearing away what is over.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    actions::{Desk, stale::close_stale},
    store::sessions,
    workers::{
        Result, caught,
        instance::Instance,
        take_in::{self, Begun},
    },
};

/// So often.
const EVERY: Duration = Duration::from_secs(60);

/// And again so soon after trouble: what is kept and undecided waits for it.
const AGAIN: Duration = Duration::from_secs(10);

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
    let now = desk.clock.now();
    let mut tx = desk.store.begin().await?;
    sessions::prune(&mut tx, now, now - desk.settings.sessions.idle).await?;
    tx.commit().await?;
    fail_point!("pruned");
    desk.store.sweep().await?;
    Ok(())
}

/// Goes its rounds until it is told to stop.
pub async fn run(desk: Arc<Desk>, instance: Arc<Instance>, stop: CancellationToken) {
    let mut begun = if desk.store.is_alone() { Begun::default() } else { Begun::by(instance.id()) };
    let mut pace = Pace::default();
    loop {
        let nap = match caught(step(&desk, &mut begun, &mut pace, Instant::now())).await {
            Ok(()) => EVERY,
            Err(error) => {
                tracing::error!("housekeeping fails: {error}");
                AGAIN
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(nap) => {}
        }
    }
}
