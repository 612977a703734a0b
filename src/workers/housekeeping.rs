//! What time does by itself: closing what was resolved long ago, telling what is due, clearing away what is over.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    actions::{Desk, digest, drafts, due::tell_due, expire_raw::expire_raw, snooze::return_due, stale::close_stale},
    desk::trouble::TroubleKind,
    store::{api_answers, audit, expiries, health, presence, saved_replies, sessions, tickets},
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
const LEAP: SignedDuration = SignedDuration::from_mins(15);

/// Who looked at a ticket longer ago is forgotten.
const PRESENCE_KEPT: SignedDuration = SignedDuration::from_hours(1);

/// When a saved reply was sent is counted for so long, and a day more.
const USES_KEPT: SignedDuration = SignedDuration::from_hours(31 * 24);

/// What is done because time has passed waits so long after a leap: most are put right soon.
const AFTER_LEAP: Duration = Duration::from_secs(15 * 60);

/// A clock that is further from the newest message at the start is either that of a desk that was off for long, or wrong.
const LONG_OFF: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What is done because time has passed waits so long then: whoever runs the desk will have seen the dates of what came since.
const AFTER_LONG_OFF: Duration = Duration::from_secs(24 * 60 * 60);

/// So often files are looked for that a crash left half-written, of at least that age.
const CLEAR_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// Whether the clock goes as time does, by one that nobody sets.
#[derive(Debug, Default)]
pub struct Pace {
    /// It was asked what the desk knows.
    begun: bool,
    last: Option<(Timestamp, Instant)>,
    not_before: Option<Instant>,
}

impl Pace {
    /// Begins with what the desk knows: when its newest message came.
    fn begin(&mut self, newest: Option<Timestamp>, now: Timestamp, at: Instant) {
        self.begun = true;
        let gap = newest.map(|it| now.duration_since(it)).filter(|it| *it > LONG_OFF);
        if let Some(gap) = gap {
            tracing::warn!(
                "the newest message came {gap:#} ago by the clock of this machine; what time does by itself waits for a day, in case that is wrong"
            );
            self.not_before = Some(at + AFTER_LONG_OFF);
        }
    }

    /// Whether it is believed that so much time has passed, now that the clock says this.
    pub fn is_steady(&mut self, now: Timestamp, at: Instant) -> bool {
        let leap = self.last.replace((now, at)).and_then(|(then, since)| {
            let passed = SignedDuration::try_from(at.duration_since(since)).ok()?;
            let leap = now.duration_since(then) - passed;
            (leap.abs() > LEAP).then_some(leap)
        });
        if let Some(leap) = leap {
            tracing::warn!("the clock of this machine has leapt by {leap:#}; what time does by itself waits for {AFTER_LEAP:?}");
            self.not_before = self.not_before.max(Some(at + AFTER_LEAP));
        }
        self.not_before.is_none_or(|it| at >= it)
    }
}

/// One round. What fails in it holds up nothing else of it.
///
/// # Errors
/// The first that failed, when the database or the disk fails.
pub async fn step(desk: &Desk, begun: &mut Begun, pace: &mut Pace, at: Instant) -> Result<()> {
    let now = desk.clock.now();
    // First what somebody waits for.
    let mut done = take_in::decide_left_over(desk, begun).await.map(drop);
    also(&mut done, desk.store.sweep().await.map_err(Into::into));
    also(&mut done, desk.store.remove_what_left(now).await.map(|_| ()).map_err(Into::into));
    if !pace.begun {
        pace.begin(newest(desk).await?, now, at);
    }
    if pace.is_steady(now, at) && !is_known_to_be_wrong(desk) {
        because_time_passed(desk, now, &mut done).await;
    }
    done
}

/// The first failure is told; every other is logged.
fn also(done: &mut Result<()>, more: Result<()>) {
    match (&done, more) {
        (Err(_), Err(error)) => tracing::error!("housekeeping fails: {error}"),
        (Ok(()), more) => *done = more,
        (Err(_), Ok(())) => {}
    }
}

async fn newest(desk: &Desk) -> Result<Option<Timestamp>> {
    Ok(expiries::newest(&mut *desk.store.read().await?).await?)
}

/// By a clock that is ahead this would close every ticket that is resolved, tell all their people so, end every session, and let all
/// originals expire.
async fn because_time_passed(desk: &Desk, now: Timestamp, done: &mut Result<()>) {
    also(done, close_all_stale(desk).await);
    also(done, tell_due(desk).await.map(|_| ()).map_err(Into::into));
    also(done, digest::send_due(desk).await.map(|_| ()).map_err(Into::into));
    also(done, prune(desk, now).await);
    // A batch a round: the rest of the desk has its turn in between.
    also(done, expire_raw(desk).await.map(|_| ()).map_err(Into::into));
    also(done, drafts::forget_old(desk).await.map_err(Into::into));
}

async fn close_all_stale(desk: &Desk) -> Result<()> {
    while !close_stale(desk).await?.is_empty() {}
    Ok(())
}

async fn prune(desk: &Desk, now: Timestamp) -> Result<()> {
    let mut tx = desk.store.begin().await?;
    sessions::prune(&mut tx, now, now - desk.settings.sessions.idle).await?;
    audit::prune(&mut tx, now - desk.settings.audit_keep).await?;
    presence::forget_older(&mut tx, now - PRESENCE_KEPT).await?;
    api_answers::forget_old(&mut tx, now).await?;
    saved_replies::forget_uses(&mut tx, now - USES_KEPT).await?;
    tx.commit().await?;
    fail_point!("pruned");
    Ok(())
}

/// Whether the last round over the desk's health found this machine's clock to be another than that of the mail servers or the database.
fn is_known_to_be_wrong(desk: &Desk) -> bool {
    let round = desk.health.get();
    round.is_some_and(|it| it.troubles.iter().chain(&it.passing).any(|it| it.trouble.kind == TroubleKind::Clock))
}

/// Removes what a crash left half-written, where that was not done lately.
async fn clear_half_written(desk: &Desk, done_at: &mut Option<Timestamp>) {
    let now = desk.clock.now();
    if done_at.is_some_and(|it| now.duration_since(it).abs() < CLEAR_EVERY) {
        return;
    }
    *done_at = Some(now);
    let blobs = desk.store.blobs();
    match tokio::task::spawn_blocking(move || blobs.clear_half_written(now - CLEAR_EVERY)).await {
        Ok(Ok(0)) => {}
        Ok(Ok(n)) => tracing::info!("{n} files that a crash had left half-written are removed"),
        Ok(Err(error)) => tracing::warn!("files that a crash left half-written cannot be removed: {error}"),
        Err(error) => tracing::warn!("files that a crash left half-written cannot be removed: {error}"),
    }
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
    if !pace.is_steady(desk.clock.now(), at) || is_known_to_be_wrong(desk) {
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
    let (mut round, mut cleared_at) = (Instant::now(), None);
    loop {
        clear_half_written(&desk, &mut cleared_at).await;
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
