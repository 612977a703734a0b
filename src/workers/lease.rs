//! The lease under which a mailbox is read: of several instances on one database, one reads it.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    actions::Desk,
    clock::random_bytes,
    desk::id::MailboxId,
    store::{
        Tx,
        leases::{self, Fence},
    },
    workers::{Result, instance::Instance},
};

/// Whoever stands by looks so often whether the mailbox is free.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// The right to read one mailbox. Whatever is written under it fails once it is lost; nothing is done on the server once it may be.
#[derive(Debug)]
pub struct Lease {
    fence: Fence,
    instance: Arc<Instance>,
    ended: CancellationToken,
}

impl Lease {
    /// Takes it, where nobody has it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take(desk: &Desk, instance: &Arc<Instance>, mailbox: MailboxId) -> Result<Option<Self>> {
        // Looked at with a read first: whoever stands by takes no write lock.
        if !leases::is_free(&mut *desk.store.read().await?, mailbox, instance.id()).await? {
            return Ok(None);
        }
        let ended = instance.leases();
        let mut tx = desk.store.begin().await?;
        let fence = leases::grant(&mut tx, mailbox, instance.id(), desk.clock.now()).await?;
        fail_point!("fetch-lease-commit");
        tx.commit().await?;
        fail_point!("fetch-leased");
        Ok(fence.map(|fence| Self { fence, instance: instance.clone(), ended }))
    }

    /// Stands by until it can be taken; none: told to stop before.
    pub async fn wait_for(desk: &Desk, instance: &Arc<Instance>, mailbox: MailboxId, stop: &CancellationToken) -> Option<Self> {
        let mut standing_by = false;
        while !stop.is_cancelled() {
            match Self::take(desk, instance, mailbox).await {
                Ok(Some(lease)) => return Some(lease),
                Ok(None) if !standing_by => {
                    tracing::info!(%mailbox, "mailbox {mailbox} is read by another instance; this one stands by");
                    standing_by = true;
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%mailbox, "whether mailbox {mailbox} is free cannot be told: {error}"),
            }
            let [jitter] = random_bytes::<1>();
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(LOOK_EVERY - LOOK_EVERY / 4 * u32::from(jitter) / 255) => {}
            }
        }
        None
    }

    /// Its number.
    #[must_use]
    pub fn fence(&self) -> Fence {
        self.fence
    }

    /// Nobody else reads the mailbox before then; none: nobody else can.
    #[must_use]
    pub fn certain_until(&self) -> Option<Instant> {
        if self.ended.is_cancelled() { Some(Instant::now()) } else { self.instance.certain_until() }
    }

    /// Is cancelled when it may be lost.
    #[must_use]
    pub fn ended(&self) -> &CancellationToken {
        &self.ended
    }

    /// Begins a transaction that happens under it or not at all.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`](crate::store::StoreError::LeaseLost); when the database fails.
    pub async fn begin(&self, desk: &Desk) -> Result<Tx> {
        let mut tx = desk.store.begin().await?;
        leases::hold(&mut tx, self.fence).await?;
        Ok(tx)
    }

    /// Gives it back, for the next to take at once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn give_back(self, desk: &Desk) -> Result<()> {
        let mut tx = desk.store.begin().await?;
        leases::give_back(&mut tx, self.fence).await?;
        tx.commit().await?;
        Ok(())
    }
}
