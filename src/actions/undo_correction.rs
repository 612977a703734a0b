//! A move, a split or a merge is undone: what it brought goes back, and what came in since because of it.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        correct::{enter_both, recount, wants_an_answer},
        door::{Change, expect_version, leave, record},
        merge,
    },
    desk::{
        comment::Origin,
        correction::{CannotCorrect, Correction, CorrectionKind, may_undo},
        event::EventKind,
        id::{CorrectionId, TicketNumber},
        person::Person,
        ticket::Ticket,
    },
    store::{
        Tx,
        corrections::{self, How, NewCorrection, Way},
        participants::{self, Participation},
    },
};

/// A page that showed a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Which: where the messages were, or where they went.
    pub ticket: TicketNumber,
    /// In this version.
    pub version: i64,
}

/// Undoes a correction: the messages are where they were, the people too, and a merged ticket stands again as it stood. Nothing is
/// sent to anybody.
///
/// # Errors
/// What [`ActionError`] lists; [`CannotCorrect`] when it was undone already, or corrected further.
pub async fn undo_correction(desk: &Desk, actor: &Person, id: CorrectionId, seen: Option<Shown>) -> Result<Correction> {
    let now = desk.clock.now();
    let mut tx = desk.store.begin().await?;
    let found = corrections::get(&mut tx, id).await?.ok_or(ActionError::Missing("correction"))?;
    let (source, target) = enter_both(desk, &mut tx, actor, found.source, found.target).await?;
    // Read again under the lock: somebody else may have undone it.
    let correction = corrections::get(&mut tx, id).await?.ok_or(ActionError::Missing("correction"))?;
    if let Some(seen) = seen {
        let shown = [&source, &target].into_iter().find(|it| it.number == seen.ticket).ok_or(ActionError::Missing("correction"))?;
        expect_version(shown, Some(seen.version))?;
    }
    may_undo(&correction, &source, &target)?;
    undo(desk, &mut tx, actor, &correction, (source, target), now).await?;
    leave(desk, tx).await?;
    Ok(correction)
}

async fn undo(desk: &Desk, tx: &mut Tx, actor: &Person, made: &Correction, of: (Ticket, Ticket), now: Timestamp) -> Result<()> {
    let (source, target) = of;
    let back = corrections::brought_by(tx, made.id, made.target).await?;
    if back.is_empty() && made.kind != CorrectionKind::Merge {
        return Err(CannotCorrect::MovedOn(made.target).into());
    }
    if made.kind != CorrectionKind::Merge && corrections::left_behind(tx, &back, made.source).await? {
        return Err(CannotCorrect::UndoneSince(made.source).into());
    }
    let way = Way { correction: made.id, origin: made.target, target: made.source, how: How::Returned, by: Some(actor.id) };
    corrections::relocate(tx, &back, &way, now).await?;
    corrections::undo(tx, made.id, actor.id, now).await?;
    participants::send_back(tx, made.target, made.id).await?;
    for new_again in corrections::flag_again(tx, made.id, &back).await? {
        if participants::of(tx, made.source, new_again).await?.is_none() {
            participants::set(tx, made.source, new_again, Participation::Proposed, now).await?;
        }
    }
    came_back(desk, tx, actor, made, source, now).await?;
    went_back(desk, tx, actor, made, target, now).await
}

/// A merged ticket stands again as it stood; what its customer wrote meanwhile wants an answer.
async fn came_back(desk: &Desk, tx: &mut Tx, actor: &Person, made: &Correction, source: Ticket, now: Timestamp) -> Result<()> {
    let mut change = Change::of(source, Some(actor.id));
    change.changed(EventKind::CameBack, Some(made.target.to_string()), None);
    let last = recount(tx, &mut change).await?;
    if made.kind == CorrectionKind::Merge {
        change.ticket.merged_into = None;
        change.set_status_untold(made.status, now);
        if last.is_some_and(|it| it.origin == Origin::Customer && it.created_at > made.made_at) {
            wants_an_answer(&mut change, now);
        }
    }
    record(desk, tx, change, now).await
}

/// A ticket that was made for what is gone again has no reason to be: mail to its number goes where the message went.
async fn went_back(desk: &Desk, tx: &mut Tx, actor: &Person, made: &Correction, target: Ticket, now: Timestamp) -> Result<()> {
    let status = target.status;
    let mut change = Change::of(target, Some(actor.id));
    change.changed(EventKind::WentBack, None, Some(made.source.to_string()));
    recount(tx, &mut change).await?;
    let left = corrections::comments_of(tx, made.target).await?;
    if made.kind == CorrectionKind::Split && left.is_empty() {
        let new = NewCorrection { kind: CorrectionKind::Merge, source: made.target, target: made.source, status, by: Some(actor.id) };
        corrections::insert(tx, &new, now).await?;
        change.changed(EventKind::MergedInto, None, Some(made.source.to_string()));
        merge::close_into(tx, &mut change, made.source, now).await?;
    }
    record(desk, tx, change, now).await
}
