//! Whom a correction brings to the ticket of its target. Where it is undone, those whom another brings that stands stay with that.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    actions::{Desk, Result, merge, move_message},
    desk::{
        comment::{Origin, Visibility},
        correction::{Correction, CorrectionKind},
        id::{CommentId, CorrectionId, PersonId, TicketNumber},
    },
    store::{
        Tx, chain, comments, corrections,
        participants::{self, Participation},
        people, tickets,
    },
};

type Brought = Vec<(PersonId, Participation)>;

/// Hands those whom `undone` brought on to the other corrections that bring them too. What they are then is what those would have made
/// of them; whoever was accepted since stays so.
pub(super) async fn hand_on(desk: &Desk, tx: &mut Tx, undone: &Correction, now: Timestamp) -> Result<()> {
    let here = participants::brought_by(tx, undone.target, undone.id).await?;
    if here.is_empty() {
        return Ok(());
    }
    let had = brings(desk, tx, undone, now).await?;
    let others = others(desk, tx, undone, now).await?;
    for (person, is) in here {
        let Some((other, to)) = others.get(&person).copied() else { continue };
        let is = if to == Participation::Proposed && had.contains(&(person, Participation::Active)) { to } else { is };
        participants::hand_on(tx, undone.target, person, is, other).await?;
    }
    Ok(())
}

/// Whom the other corrections that stand bring to the same ticket: the first that makes the most of them.
async fn others(
    desk: &Desk,
    tx: &mut Tx,
    undone: &Correction,
    now: Timestamp,
) -> Result<BTreeMap<PersonId, (CorrectionId, Participation)>> {
    let mut found = BTreeMap::new();
    for other in corrections::standing(tx, undone.target).await? {
        if other.id == undone.id || other.target != undone.target || !is_here(tx, &other).await? {
            continue;
        }
        for (person, to) in brings(desk, tx, &other, now).await? {
            let known = found.entry(person).or_insert((other.id, to));
            if known.1 == Participation::Proposed && to == Participation::Active {
                *known = (other.id, to);
            }
        }
    }
    Ok(found)
}

/// Whether the message that it moved is still where it moved it.
async fn is_here(tx: &mut Tx, made: &Correction) -> Result<bool> {
    Ok(chain::moved_by(tx, made.id).await?.is_none_or(|(_, number)| number == made.target))
}

/// Whom it brings, and as what, where they did not stand to its target at all before.
async fn brings(desk: &Desk, tx: &mut Tx, made: &Correction, now: Timestamp) -> Result<Brought> {
    let copies = match made.kind {
        CorrectionKind::Merge => return by_merge(tx, made.source).await,
        CorrectionKind::Move => Participation::Proposed,
        CorrectionKind::Split => Participation::Active,
    };
    match chain::moved_by(tx, made.id).await? {
        Some((comment, _)) => by_message(desk, tx, comment, copies, now).await,
        None => Ok(Brought::new()),
    }
}

async fn by_merge(tx: &mut Tx, source: TicketNumber) -> Result<Brought> {
    let Some(ticket) = tickets::get(tx, source).await? else { return Ok(Brought::new()) };
    let people = participants::list(tx, source).await?;
    Ok(people.iter().filter_map(|it| Some((it.person, merge::stands_then(it.state, None, it.person == ticket.requester)?))).collect())
}

async fn by_message(desk: &Desk, tx: &mut Tx, comment: CommentId, copies: Participation, now: Timestamp) -> Result<Brought> {
    let said = comments::get(tx, comment).await?;
    let said = said.filter(|it| it.origin == Origin::Customer && it.visibility == Visibility::Public && it.withdrawn_at.is_none());
    let Some(said) = said else { return Ok(Brought::new()) };
    let author = match said.author {
        Some(id) => people::get(tx, id).await?.filter(|it| !it.role.is_staff()),
        None => None,
    };
    let copied = move_message::copied(desk, tx, &said, now).await?;
    Ok(author.map(|it| (it.id, Participation::Active)).into_iter().chain(copied.iter().map(|it| (it.id, copies))).collect())
}
