//! Filing on the server what is decided. A refusal changes no decision: it is told, and tried again.

use std::time::Duration;

use tokio::time::Instant;

use super::{AT_ONCE, Watch};
use crate::{
    desk::settings::Mode,
    mail::imap::{Filed as OnServer, Filing, ImapError},
    store::{
        leases, mailboxes,
        sightings::{self, Filed},
    },
    workers::Result,
};

/// What was refused is asked for again after so long, so that it is done within a minute once it is allowed.
const AGAIN: Duration = Duration::from_secs(45);

/// Why messages stay where they are on a server that could move them only with what others have flagged.
const CANNOT_MOVE: &str = "the server has neither MOVE nor UIDPLUS, so that mail is marked as read and stays in the folder";

/// How filing stands.
#[derive(Debug, Default)]
pub(super) struct Standing {
    not_before: Option<Instant>,
    /// What the mailbox's row says.
    told: Option<String>,
}

impl Standing {
    /// What was told before this session began.
    pub fn noted(&mut self, told: Option<String>) {
        self.told = told;
    }

    /// How long until what was refused is tried again.
    pub fn again_in(&self) -> Option<Duration> {
        self.not_before.map(|it| it.duration_since(Instant::now()))
    }
}

impl Watch<'_> {
    /// Files whatever is decided.
    pub(super) async fn file(&mut self) -> Result<()> {
        if self.mode != Mode::Live {
            return Ok(());
        }
        if self.filing.not_before.is_some_and(|it| it > Instant::now()) {
            return Ok(());
        }
        let again = self.filing.not_before.take().is_some();
        while let Some(due) = self.due().await? {
            if again && self.session.folder().read_only {
                self.session.select_again(&self.watched.account).await?;
            }
            fail_point!("file-begun");
            let move_to = self.watched.account.done_folder.clone();
            let filing = Filing { mark_seen: true, move_to, only_before: self.lease.certain_until() };
            let (how, told) = match self.session.file(&due, &filing).await {
                Ok(OnServer::Moved | OnServer::Stayed) => (Filed::Done, None),
                Ok(OnServer::CannotMove) => (Filed::Left, Some(CANNOT_MOVE.to_owned())),
                Err(refused @ ImapError::Refused { .. }) => {
                    self.filing.not_before = Some(Instant::now() + AGAIN);
                    return self.tell(Some(refused.to_string())).await;
                }
                Err(other) => return Err(other.into()),
            };
            fail_point!("file-done");
            let (desk, mailbox) = (self.desk, self.watched.mailbox);
            let mut tx = self.lease.begin(desk).await?;
            sightings::filed(&mut tx, mailbox, self.session.folder().uid_validity, &due, how, desk.clock.now()).await?;
            fail_point!("filed-commit");
            tx.commit().await?;
            fail_point!("filed");
            self.tell(told).await?;
        }
        Ok(())
    }

    /// What is to be filed; none: nothing.
    async fn due(&self) -> Result<Option<Vec<u32>>> {
        let mut conn = self.desk.store.read().await?;
        let due = sightings::to_file(&mut conn, self.watched.mailbox, self.session.folder().uid_validity, AT_ONCE as i64).await?;
        leases::look(&mut conn, self.lease.fence()).await?;
        Ok((!due.is_empty()).then_some(due))
    }

    /// Says on the mail page why nothing is filed, or that it is again.
    async fn tell(&mut self, told: Option<String>) -> Result<()> {
        if self.filing.told == told {
            return Ok(());
        }
        match &told {
            Some(why) => tracing::warn!(mailbox = %self.watched.name, "mailbox {}: mail is not filed: {why}", self.watched.name),
            None => tracing::info!(mailbox = %self.watched.name, "mailbox {}: mail is filed again", self.watched.name),
        }
        let mut tx = self.lease.begin(self.desk).await?;
        mailboxes::not_filed(&mut tx, self.watched.mailbox, told.as_deref()).await?;
        tx.commit().await?;
        self.filing.told = told;
        Ok(())
    }
}
