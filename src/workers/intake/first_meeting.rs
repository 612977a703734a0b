//! What is taken of the mail that lay in a folder before it was met: nothing before an admin was asked.

use std::time::Duration;

use super::Watch;
use crate::{
    desk::{
        mailbox::would_take,
        settings::{FirstConnection, TakeExisting},
    },
    store::{
        left_alone,
        mailboxes::{self, Existing, Word},
    },
    workers::Result,
};

/// While an admin's word is waited for, it is listened for so often.
pub(super) const LISTENS: Duration = Duration::from_secs(5);

impl Watch<'_> {
    /// What lies there, and whether it can be taken without asking.
    pub(super) async fn look(&mut self) -> Result<Existing> {
        let survey = self.session.survey().await?;
        let take = self.watched.take_existing;
        let asks = self.desk.mailboxes.get(self.watched.mailbox).is_none_or(|it| it.first_connection == FirstConnection::Ask);
        let word = if asks && would_take(take, survey.there, survey.unread) != Some(0) { Word::Ask } else { Word::Take(take) };
        Ok(Existing { there: survey.there, unread: survey.unread, first: survey.first, last: survey.last, word, done_at: None })
    }

    /// Does what was said about the mail that lay there at first; whether that was said yet is in `asking` afterwards. What nobody has
    /// read is taken before it counts as done: a crash in between begins again.
    pub(super) async fn hear(&mut self) -> Result<()> {
        let (desk, mailbox, name) = (self.desk, self.watched.mailbox, &self.watched.name);
        let existing = mailboxes::existing(&mut *desk.store.read().await?, mailbox).await?.filter(|it| it.done_at.is_none());
        let take = match existing.map(|it| (it.word, it.there)) {
            None => {
                self.asking = false;
                return Ok(());
            }
            Some((Word::Ask, there)) => {
                if !self.asking {
                    let mend = format!("say what of it is taken on the page Mail, or by `maildesk mailbox take {name} all`");
                    tracing::warn!(mailbox = %name, "mailbox {name}: {there} messages lie there from before; {mend}");
                }
                self.asking = true;
                return Ok(());
            }
            Some((Word::Take(take), _)) => take,
        };
        let floor = match take {
            TakeExisting::All => {
                self.note_meeting(1, &[], None).await?;
                1
            }
            TakeExisting::None => self.floor,
            TakeExisting::Unseen => {
                self.take_unseen().await?;
                self.floor
            }
        };
        let mut tx = self.lease.begin(desk).await?;
        mailboxes::existing_done(&mut tx, mailbox, desk.clock.now()).await?;
        tx.commit().await?;
        (self.floor, self.next_uid, self.asking) = (floor, floor, false);
        Ok(())
    }

    /// What lay there and nobody has read; what is taken is left alone no more.
    async fn take_unseen(&mut self) -> Result<()> {
        let (mailbox, uid_validity) = (self.watched.mailbox, self.session.folder().uid_validity);
        let mut there = left_alone::there(&mut *self.desk.store.read().await?, mailbox, uid_validity).await?;
        let mut unseen = self.session.list_unseen().await?;
        unseen.retain(|it| there.binary_search_by_key(&it.uid, |(uid, _)| *uid).is_ok());
        self.take(&unseen).await?;
        there.retain(|(uid, _)| unseen.binary_search_by_key(uid, |it| it.uid).is_err());
        self.note_meeting(self.floor, &there, None).await
    }
}
