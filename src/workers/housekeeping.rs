//! What time does by itself: closing what was resolved long ago, clearing away what is over.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    actions::{Desk, stale::close_stale},
    store::sessions,
    workers::{
        Result,
        take_in::{self, Begun},
    },
};

/// So often.
const EVERY: Duration = Duration::from_secs(60);

/// One round.
///
/// # Errors
/// When the database fails.
pub async fn step(desk: &Desk, begun: &mut Begun) -> Result<()> {
    while !close_stale(desk).await?.is_empty() {}
    take_in::decide_left_over(desk, begun).await?;
    let now = desk.clock.now();
    let mut tx = desk.store.begin().await?;
    sessions::prune(&mut tx, now, now - desk.settings.sessions.idle).await?;
    tx.commit().await?;
    fail_point!("pruned");
    Ok(())
}

/// Goes its rounds until it is told to stop.
pub async fn run(desk: Arc<Desk>, stop: CancellationToken) {
    let mut begun = Begun::default();
    loop {
        if let Err(error) = step(&desk, &mut begun).await {
            tracing::error!("housekeeping fails: {error}");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
