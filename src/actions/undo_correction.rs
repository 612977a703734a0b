//! A move, a split or a merge is undone: what it brought goes back, and what came in since because of it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result, brought,
        correct::{enter_all, recount, wants_an_answer},
        door::{Change, Tagging, expect_version, leave, record, transact},
        merge,
    },
    desk::{
        comment::Origin,
        correction::{CannotCorrect, Correction, CorrectionKind, may_undo},
        event::EventKind,
        id::{CommentId, CorrectionId, TicketNumber},
        person::Person,
        ticket::Ticket,
    },
    store::{
        Tx, chain,
        corrections::{self, How, NewCorrection, Way},
        participants::{self, Participation},
        search, tags,
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

/// What was undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undone {
    /// The correction that stood.
    pub made: Correction,
    /// The ticket that stands by itself again, or where the message is now.
    pub to: TicketNumber,
    /// How many messages came back to it.
    pub messages: usize,
}

/// What goes back, by the ticket that it goes to.
type Back = BTreeMap<TicketNumber, Vec<CommentId>>;

/// Undoes a correction: what it was the last to move is where the corrections before it lead, the people too, and a merged ticket
/// stands again as it stood. What was moved on since stays where it is. Nothing is sent to anybody.
///
/// # Errors
/// What [`ActionError`] lists; [`CannotCorrect`] when it was undone already, or all of it was corrected further.
pub async fn undo_correction(desk: &Desk, actor: &Person, id: CorrectionId, seen: Option<Shown>) -> Result<Undone> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let found = corrections::get(&mut tx, id).await?.ok_or(ActionError::Missing("correction"))?;
        let back = back(&mut tx, &found).await?;
        let touched = back.keys().copied().chain([found.source, found.target]).collect();
        let tickets = enter_all(desk, &mut tx, actor, touched).await?;
        // Read again under the locks: somebody else may have undone it.
        let made = corrections::get(&mut tx, id).await?.ok_or(ActionError::Missing("correction"))?;
        if let Some(seen) = seen {
            let shown = tickets.iter().find(|it| it.number == seen.ticket && (it.number == made.source || it.number == made.target));
            expect_version(shown.ok_or(ActionError::Missing("correction"))?, Some(seen.version))?;
        }
        let of = |number| tickets.iter().find(|it: &&Ticket| it.number == number).ok_or(ActionError::Stale);
        may_undo(&made, of(made.target)?, tickets.iter().filter(|it| back.contains_key(&it.number)))?;
        if self::back(&mut tx, &made).await? != back {
            return Err(ActionError::Stale);
        }
        // The first that it brought: the message, unless that was moved on and only mail that followed it goes back.
        let Some((to, _)) = back.iter().min_by_key(|(_, comments)| comments.first().copied()) else {
            let now_on = chain::moved_by(&mut tx, id).await?.map_or(made.target, |(_, ticket)| ticket);
            return Err(CannotCorrect::MovedOn(now_on).into());
        };
        let to = if made.kind == CorrectionKind::Merge { made.source } else { *to };
        let undone = Undone { made, to, messages: back.get(&to).map_or(0, Vec::len) };
        corrections::undo(&mut tx, id, actor.id, now).await?;
        for (number, comments) in &back {
            came_back(desk, &mut tx, actor, &made, (of(*number)?.clone(), comments), now).await?;
        }
        brought::hand_on(desk, &mut tx, &made, now).await?;
        participants::send_back(&mut tx, made.target, id).await?;
        went_back(desk, &mut tx, actor, &undone, (of(made.target)?.clone(), &back), now).await?;
        // The other subject leads there no more, and from there to wherever that was merged; a split that is empty now is merged.
        search::ticket_changed(&mut tx, made.target).await?;
        leave(desk, tx).await?;
        Ok(undone)
    })
    .await
}

/// A merged ticket stands again even where everything was moved on.
async fn back(tx: &mut Tx, made: &Correction) -> Result<Back> {
    let mut back = Back::new();
    if made.kind == CorrectionKind::Merge {
        back.insert(made.source, Vec::new());
    }
    for (comment, to) in chain::led_by(tx, made.id, made.target).await? {
        back.entry(to).or_default().push(comment);
    }
    Ok(back)
}

/// A merged ticket stands again as it stood; what its customer wrote meanwhile wants an answer.
async fn came_back(
    desk: &Desk,
    tx: &mut Tx,
    actor: &Person,
    made: &Correction,
    (ticket, comments): (Ticket, &[CommentId]),
    now: Timestamp,
) -> Result<()> {
    let number = ticket.number;
    let way = Way { correction: made.id, origin: made.target, target: number, how: How::Returned, by: Some(actor.id) };
    corrections::relocate(tx, comments, &way, now).await?;
    for new_again in corrections::flag_again(tx, made.id, comments).await? {
        if participants::of(tx, number, new_again).await?.is_none() {
            participants::set(tx, number, new_again, Participation::Proposed, now).await?;
        }
    }
    let mut change = Change::of(ticket, Some(actor.id));
    change.changed(EventKind::CameBack, Some(made.target.to_string()), None);
    let last = recount(tx, &mut change).await?;
    if made.kind == CorrectionKind::Merge && number == made.source {
        change.ticket.merged_into = None;
        keep_requester(tx, &change.ticket, now).await?;
        change.set_status_untold(made.status, now);
        if last.is_some_and(|it| it.origin == Origin::Customer && it.created_at > made.made_at) {
            wants_an_answer(&mut change, now);
        }
    }
    record(desk, tx, change, now).await
}

/// A ticket that was made for what is gone again has no reason to be: mail to its number goes where the message went.
async fn went_back(
    desk: &Desk,
    tx: &mut Tx,
    actor: &Person,
    Undone { made, to: into, .. }: &Undone,
    (target, back): (Ticket, &Back),
    now: Timestamp,
) -> Result<()> {
    let status = target.status;
    let mut change = Change::of(target, Some(actor.id));
    for to in back.keys() {
        change.changed(EventKind::WentBack, None, Some(to.to_string()));
    }
    if made.kind == CorrectionKind::Merge {
        for tag in tags::brought_alone(tx, made.target, made.id).await? {
            change.tag(Tagging::Take(tag))?;
        }
    }
    recount(tx, &mut change).await?;
    let left = corrections::comments_of(tx, made.target).await?;
    if made.kind == CorrectionKind::Split && left.is_empty() {
        let new = NewCorrection { kind: CorrectionKind::Merge, source: made.target, target: *into, status, by: Some(actor.id) };
        corrections::insert(tx, &new, now).await?;
        change.changed(EventKind::MergedInto, None, Some(into.to_string()));
        merge::close_into(tx, &mut change, *into, now).await?;
    } else {
        keep_requester(tx, &change.ticket, now).await?;
    }
    record(desk, tx, change, now).await
}

/// Whose ticket it is takes part in it as long as it stands, also where the correction that once brought them is undone.
async fn keep_requester(tx: &mut Tx, ticket: &Ticket, now: Timestamp) -> Result<()> {
    if participants::of(tx, ticket.number, ticket.requester).await?.is_none() {
        participants::set(tx, ticket.number, ticket.requester, Participation::Active, now).await?;
    }
    Ok(())
}
