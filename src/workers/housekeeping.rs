//! What time does by itself: closing what was resolved long ago, clearing away what is over.

use std::{sync::Arc, time::Duration};

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

/// One round.
///
/// # Errors
/// When the database fails.
pub async fn step(desk: &Desk, begun: &mut Begun) -> Result<()> {
    // First what somebody waits for: no trouble with anything else may stand before it.
    take_in::decide_left_over(desk, begun).await?;
    while !close_stale(desk).await?.is_empty() {}
    let now = desk.clock.now();
    let mut tx = desk.store.begin().await?;
    sessions::prune(&mut tx, now, now - desk.settings.sessions.idle).await?;
    tx.commit().await?;
    fail_point!("pruned");
    Ok(())
}

/// Goes its rounds until it is told to stop.
pub async fn run(desk: Arc<Desk>, instance: Arc<Instance>, stop: CancellationToken) {
    let mut begun = if desk.store.is_alone() { Begun::default() } else { Begun::by(instance.id()) };
    loop {
        let nap = match caught(step(&desk, &mut begun)).await {
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
