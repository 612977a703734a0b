//! What an earlier run kept and did not decide is decided beside the watch on its folder: it is filed then, and not at the next mail.

use std::{convert::Infallible, future::pending, time::Duration};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Watch;
use crate::{actions::Desk, desk::id::MailboxId, mail::imap::Woken, store::sightings, workers::Result};

impl Watch<'_> {
    /// Waits until the server tells of new mail, `longest` is over, or `stop` is called; files meanwhile what is decided elsewhere.
    pub(super) async fn idle(&mut self, longest: Duration, stop: &CancellationToken) -> Result<Woken> {
        if self.filing.again_in().is_some() {
            // What the server has refused a moment ago is not asked for at every change of the desk.
            return Ok(self.session.idle(longest, stop).await?);
        }
        loop {
            let (wake, folder) = (stop.child_token(), (self.watched.mailbox, self.session.folder().uid_validity));
            let woken = tokio::select! {
                woken = self.session.idle(longest, &wake) => woken?,
                never = wake_for(self.desk, folder, &mut self.changes, &wake) => match never {},
            };
            if woken != Woken::Stopped || stop.is_cancelled() {
                return Ok(woken);
            }
            self.file().await?;
            if self.filing.again_in().is_some() {
                return Ok(Woken::TimedOut);
            }
        }
    }
}

/// Cancels `wake` once something changed and a message of the folder is to be filed.
async fn wake_for(
    desk: &Desk,
    (mailbox, uid_validity): (MailboxId, u32),
    changes: &mut watch::Receiver<u64>,
    wake: &CancellationToken,
) -> Infallible {
    while changes.changed().await.is_ok() {
        let Ok(mut conn) = desk.store.read().await else { continue };
        if sightings::to_file(&mut conn, mailbox, uid_validity, 1).await.is_ok_and(|due| !due.is_empty()) {
            wake.cancel();
            break;
        }
    }
    pending().await
}
