//! Where a folder stands when it is opened: what in it is ours to take, and what lay there before we came.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::{Watch, marks};
use crate::{
    desk::settings::TakeExisting,
    mail::imap::Listed,
    store::{
        left_alone,
        mailboxes::{self, Existing, Word},
        sightings::{self, Marks},
    },
    workers::Result,
};

/// What is left alone of a folder: numbers, and how they are listed.
type LeftAlone = Vec<(u32, Marks)>;

impl Watch<'_> {
    /// The first UID that is ours to take. At the first meeting that is the next to come, unless more was asked for. When the
    /// folder's numbers have been given anew, everything is looked at again: what is in the ledger is known by its content, what lay
    /// there before the first meeting by its size and date, and the rest came since.
    pub(super) async fn meet(&mut self) -> Result<u32> {
        let mut conn = self.desk.store.read().await?;
        let known = mailboxes::state(&mut conn, self.watched.mailbox).await?;
        let noted = left_alone::is_noted(&mut conn, self.watched.mailbox).await?;
        drop(conn);
        self.filing.noted(known.not_filed);
        match (known.met_at, known.uid_validity) {
            (Some(met_at), Some(same)) if same == self.session.folder().uid_validity => {
                if self.numbers_begin_again(same, known.floor_uid).await? {
                    return self.meet_again(met_at).await;
                }
                if !noted {
                    let before = self.there_before(known.floor_uid, &HashSet::new()).await?;
                    self.note_meeting(known.floor_uid, &before, None).await?;
                }
                Ok(known.floor_uid)
            }
            (Some(met_at), _) => self.meet_again(met_at).await,
            (None, _) => self.meet_first().await,
        }
    }

    /// Nothing of what lies there is taken before it is said what of it is.
    async fn meet_first(&mut self) -> Result<u32> {
        let existing = self.look().await?;
        if existing.word == Word::Take(TakeExisting::All) {
            self.note_meeting(1, &[], Some(&existing)).await?;
            return Ok(1);
        }
        let next = self.next_to_come().await?;
        let before = self.there_before(next, &HashSet::new()).await?;
        self.note_meeting(next, &before, Some(&existing)).await?;
        Ok(next)
    }

    async fn meet_again(&mut self, met_at: Timestamp) -> Result<u32> {
        let before = left_alone::all(&mut *self.desk.store.read().await?, self.watched.mailbox).await?;
        let listed = self.list(1).await?;
        let before = match before {
            Some(noted) => known_by_marks(&listed, &noted),
            None => known_by_date(&listed, met_at),
        };
        self.note_meeting(1, &before, None).await?;
        Ok(1)
    }

    pub(super) async fn note_meeting(&mut self, floor: u32, before: &[(u32, Marks)], existing: Option<&Existing>) -> Result<()> {
        let (desk, mailbox, uid_validity) = (self.desk, self.watched.mailbox, self.session.folder().uid_validity);
        let mut tx = self.lease.begin(desk).await?;
        mailboxes::meet(&mut tx, mailbox, uid_validity, floor, desk.clock.now()).await?;
        left_alone::note(&mut tx, mailbox, uid_validity, before).await?;
        if let Some(existing) = existing {
            mailboxes::note_existing(&mut tx, mailbox, existing).await?;
        }
        fail_point!("meet-commit");
        tx.commit().await?;
        fail_point!("met");
        let (name, left) = (&self.watched.name, before.len());
        tracing::info!(mailbox = %name, "watching mailbox {name}: mail from UID {floor} on is taken, {left} messages are left alone");
        Ok(())
    }

    /// A folder that was made anew, or a server that lies: what comes next has a number that was given before.
    async fn numbers_begin_again(&mut self, uid_validity: u32, floor: u32) -> Result<bool> {
        let Some(next) = self.session.folder().uid_next else { return Ok(false) };
        let mut conn = self.desk.store.read().await?;
        let highest = sightings::highest_sighted(&mut conn, self.watched.mailbox, uid_validity).await?;
        Ok(next <= highest || next < floor)
    }

    async fn next_to_come(&mut self) -> Result<u32> {
        if let Some(next) = self.session.folder().uid_next {
            return Ok(next);
        }
        Ok(self.list(1).await?.last().map_or(1, |it| it.uid.saturating_add(1)))
    }

    /// What lies below a number and was not taken.
    async fn there_before(&mut self, next: u32, taken: &HashSet<u32>) -> Result<LeftAlone> {
        if next <= 1 {
            return Ok(LeftAlone::new());
        }
        let listed = self.list(1).await?;
        let uid_validity = self.session.folder().uid_validity;
        let known = sightings::sighted(&mut *self.desk.store.read().await?, self.watched.mailbox, uid_validity, 1).await?;
        let left =
            |it: &&Listed| it.uid < next && !taken.contains(&it.uid) && known.binary_search_by_key(&it.uid, |(uid, _)| *uid).is_err();
        Ok(listed.iter().filter(left).map(|it| (it.uid, marks(it))).collect())
    }
}

/// Of several with the same size and date, the first are the old ones.
fn known_by_marks(listed: &[Listed], noted: &[Marks]) -> LeftAlone {
    let mut left: HashMap<Marks, usize> = HashMap::new();
    for it in noted {
        *left.entry(*it).or_default() += 1;
    }
    let is_noted = |it: &&Listed| match left.get_mut(&marks(it)) {
        Some(n) if *n > 0 => {
            *n -= 1;
            true
        }
        Some(_) | None => false,
    };
    listed.iter().filter(is_noted).map(|it| (it.uid, marks(it))).collect()
}

/// Where it was not noted what lay there: a server's dates have no parts of a second, so that mail of the second of the meeting came
/// after it for all that we know.
fn known_by_date(listed: &[Listed], met_at: Timestamp) -> LeftAlone {
    let before = |it: &&Listed| it.internal_date.is_some_and(|at| at.as_second() < met_at.as_second());
    listed.iter().filter(before).map(|it| (it.uid, marks(it))).collect()
}
