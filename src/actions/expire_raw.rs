//! What time does where the configuration asks for it: the original of a message settled long ago goes; what was made of it stays.

use crate::{
    actions::{
        Desk, Result,
        door::{leave, transact},
    },
    store::expiries,
};

/// So many in one transaction.
const BATCH: i64 = 500;

/// Lets the originals expire that are due, a batch of them; how many did. Call again until none are left.
///
/// # Errors
/// When the database fails: then nothing happened.
pub async fn expire_raw(desk: &Desk) -> Result<usize> {
    let now = desk.clock.now();
    let Some(before) = desk.settings.keep_raw.and_then(|it| now.checked_sub(it).ok()) else { return Ok(0) };
    let due = expiries::due(&mut *desk.store.read().await?, before, BATCH).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let due = &due;
    let expired = transact(desk, |mut tx| async move {
        let expired = expiries::expire(&mut tx, due, before, now).await?;
        fail_point!("expire-commit");
        leave(desk, tx).await?;
        fail_point!("expired");
        Ok(expired)
    })
    .await?;
    tracing::info!("the originals of {expired} messages have expired (keep_raw)");
    Ok(expired)
}
