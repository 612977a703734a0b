//! Watching a mailbox: whoever has its lease connects, takes in, waits, and begins again with growing pauses when it breaks.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Step, Watch, Watched};
use crate::{
    actions::Desk,
    clock::random_bytes,
    mail::imap::{ImapError, Woken},
    store::{StoreError, mailboxes},
    workers::{Result, WorkerError, caught, caution::Caution, instance::Instance, lease::Lease, tokens},
};

/// The first pause after trouble, doubling to the longest; a refused sign-in begins higher, so that no account is locked.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_secs(60);
const LONGEST_PAUSE_AFTER_REFUSAL: Duration = Duration::from_secs(30 * 60);

/// Once a server is well again it is read again within a minute, without anybody's doing.
const LONGEST_PAUSE: Duration = Duration::from_secs(45);

/// A server that wakes us for nothing more often than so in a row is listened to after growing pauses.
const FALSE_ALARMS: u32 = 3;

/// Where a server could not be reached so often in a row, another instance may try: it may stand elsewhere in the network.
const OUT_OF_REACH: u32 = 3;

/// What went wrong since it last went well.
#[derive(Debug, Default)]
struct Troubles {
    in_a_row: u32,
    caution: Caution,
}

/// Why a mailbox is not read any more under a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// We were told to.
    Stopped,
    /// Another instance reads it, or may.
    Lost,
    /// Its server is out of our reach; the next try is due after so long.
    OutOfReach(Duration),
}

/// Watches a mailbox until it is told to stop, whenever no other instance does.
pub async fn run(desk: Arc<Desk>, instance: Arc<Instance>, watched: Watched, stop: CancellationToken) {
    let mut troubles = Troubles::default();
    while let Some(lease) = Lease::wait_for(&desk, &instance, watched.mailbox, &stop).await {
        let end = tokio::select! {
            () = lease.ended().cancelled() => End::Lost,
            end = read(&desk, &watched, &lease, &mut troubles, &stop) => end,
        };
        match end {
            End::Lost => tracing::warn!(mailbox = %watched.name, "mailbox {} may be read by another instance now", watched.name),
            End::Stopped => return put_away(&desk, lease).await,
            End::OutOfReach(pause) => {
                put_away(&desk, lease).await;
                nap(pause, &stop).await;
            }
        }
    }
}

/// The next may have it at once; where the database does not hear of it, the instance ends soon and the lease with it.
async fn put_away(desk: &Desk, lease: Lease) {
    if let Ok(mut tx) = lease.begin(desk).await
        && mailboxes::disconnected(&mut tx, lease.fence().mailbox).await.is_ok()
    {
        tx.commit().await.ok();
    }
    lease.give_back(desk).await.ok();
}

async fn read(desk: &Desk, watched: &Watched, lease: &Lease, troubles: &mut Troubles, stop: &CancellationToken) -> End {
    while !stop.is_cancelled() {
        let began = Instant::now();
        let error = match caught(watch(desk, watched, lease, troubles, stop)).await {
            Ok(()) => break,
            Err(error) if is_lost(&error) => return End::Lost,
            Err(error) => error,
        };
        troubles.caution.learn(&error);
        troubles.in_a_row = (troubles.in_a_row + 1).min(16);
        metrics::counter!("maildesk_imap_total", "mailbox" => watched.name.clone(), "outcome" => "failed").increment(1);
        tracing::warn!(mailbox = %watched.name, "mailbox {} cannot be read: {error}", watched.name);
        match note_trouble(desk, lease, &error).await {
            Err(also) if is_lost(&also) => return End::Lost,
            Err(also) => tracing::error!("the trouble cannot be noted: {also}"),
            Ok(()) => {}
        }
        // What the try itself has waited for a silent server counts.
        let pause = pause(&error, troubles.in_a_row).saturating_sub(began.elapsed()).max(FIRST_PAUSE / 2);
        if matches!(error, WorkerError::Imap(ImapError::Connect(_))) && troubles.in_a_row >= OUT_OF_REACH {
            return End::OutOfReach(pause);
        }
        tokio::select! {
            () = nap(pause, stop) => {}
            () = tokens::came(desk, watched.account.sign_in.token()) => {}
        }
    }
    End::Stopped
}

async fn watch(desk: &Desk, watched: &Watched, lease: &Lease, troubles: &mut Troubles, stop: &CancellationToken) -> Result<()> {
    let mut watch = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        opened = Watch::open(desk, watched, lease, &mut troubles.caution, stop) => opened?,
    };
    watch.full_step().await?;
    troubles.in_a_row = 0;
    let (mut last_full, mut false_alarms) = (Instant::now(), 0);
    loop {
        let woken = watch.wait(stop).await?;
        if woken == Woken::Stopped {
            watch.session.logout().await;
            return Ok(());
        }
        // Without IDLE, too, everything is listed from time to time.
        let mut full = woken == Woken::TimedOut || last_full.elapsed() >= watched.limits.idle;
        if !full {
            let step = watch.step().await?;
            // Something came and nothing new is listed: its number may have been given before.
            full = woken == Woken::NewMail && step == Step::default() && !watch.is_asked();
            false_alarms = if full { false_alarms + 1 } else { 0 };
        }
        if full {
            watch.full_step().await?;
            last_full = Instant::now();
        }
        if false_alarms > FALSE_ALARMS {
            nap((FIRST_PAUSE / 4 * (1 << (false_alarms - FALSE_ALARMS).min(6))).min(LONGEST_PAUSE), stop).await;
        }
    }
}

fn is_lost(error: &WorkerError) -> bool {
    matches!(error, WorkerError::Store(StoreError::LeaseLost(_)) | WorkerError::Imap(ImapError::TooLate { .. }))
}

async fn note_trouble(desk: &Desk, lease: &Lease, error: &WorkerError) -> Result<()> {
    let mut tx = lease.begin(desk).await?;
    mailboxes::failed(&mut tx, lease.fence().mailbox, &error.to_string(), desk.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

async fn nap(pause: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(pause) => {}
    }
}

/// Growing, jittered pauses.
fn pause(error: &WorkerError, troubles: u32) -> Duration {
    let first = match error {
        // A refused token is not said again before its keeper puts it back, or a newer one.
        WorkerError::Imap(ImapError::SignInRefused { .. }) => PAUSE_AFTER_REFUSAL,
        WorkerError::Imap(_) | WorkerError::Store(_) | WorkerError::Action(_) | WorkerError::Panicked(_) => FIRST_PAUSE,
    };
    let [jitter] = random_bytes::<1>();
    let longest = if first == PAUSE_AFTER_REFUSAL { LONGEST_PAUSE_AFTER_REFUSAL } else { LONGEST_PAUSE };
    let pause = (first * (1 << (troubles - 1).min(10))).min(longest);
    pause - pause / 4 * u32::from(jitter) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_that_is_refused_for_hours_is_not_tried_so_often_that_it_is_locked() {
        let refused = || ImapError::SignInRefused { server: "mx.test:993".to_owned(), user: "ann".to_owned(), words: "NO".to_owned() };
        let tries_within = |hours: u64| {
            let (mut passed, mut tries) = (Duration::ZERO, 0);
            while passed < Duration::from_secs(3600 * hours) {
                tries += 1;
                passed += pause(&WorkerError::Imap(refused()), tries.min(16));
            }
            tries
        };
        let (first, half_a_day) = (tries_within(1), tries_within(12));
        assert!((3..=8).contains(&first) && (20..=45).contains(&half_a_day), "{first} in an hour, {half_a_day} in half a day");
        let cut = WorkerError::Imap(ImapError::Lost { server: "mx.test:993".to_owned(), why: "cut".to_owned() });
        assert!((1..=16).all(|it| pause(&cut, it) <= LONGEST_PAUSE), "whatever else it is, it is tried again within a minute");
    }
}
