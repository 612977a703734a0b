//! A message that came in about what was corrected before: undone, it goes back with the rest.

use jiff::Timestamp;

use crate::{
    actions::Result,
    desk::{
        id::{CommentId, CorrectionId, LedgerId, TicketNumber},
        triage::{self, Facts, Voice},
    },
    store::{
        Tx, chain, comments,
        corrections::{self, How, Way},
    },
};

/// Notes on which ways the message of a row came to the ticket that it joined: all those of the message that it answers, be that moved
/// itself or behind another, so that undoing any of them leads all the same way; then merges. A helper's answer stays, like every
/// reply, where it was sent from, and goes by merges alone. `decided` is what triage named, `stands` where that was merged into
/// at this moment.
pub(super) async fn follow(
    tx: &mut Tx,
    (row, voice): (LedgerId, Voice),
    facts: &Facts<'_>,
    (decided, stands): (TicketNumber, TicketNumber),
    now: Timestamp,
) -> Result<()> {
    let named = triage::named(facts, decided).unwrap_or(decided);
    let moved = match voice {
        Voice::Participant | Voice::NewParticipant | Voice::Machine => facts.evidence.corrected.as_ref().filter(|it| it.ticket == named),
        Voice::Staff(_) => None,
    };
    if named == stands && moved.is_none() {
        return Ok(());
    }
    let Some(comment) = comments::of_mail(tx, stands, row).await? else { return Ok(()) };
    let mut from = named;
    if let Some(moved) = moved {
        let (home, led) = chain::of(tx, moved.answered).await?;
        from = home;
        for (correction, target) in led {
            note(tx, comment, correction, (from, target), now).await?;
            from = target;
        }
    }
    while from != stands {
        let Some(merge) = corrections::merge_of(tx, from).await? else { break };
        note(tx, comment, merge.id, (from, merge.target), now).await?;
        from = merge.target;
    }
    Ok(())
}

async fn note(
    tx: &mut Tx,
    comment: CommentId,
    correction: CorrectionId,
    (origin, target): (TicketNumber, TicketNumber),
    now: Timestamp,
) -> Result<()> {
    let way = Way { correction, origin, target, how: How::Followed, by: None };
    Ok(corrections::note(tx, &[comment], &way, now).await?)
}
