//! Two tickets that are one: everything on the first goes to the second, which stands for both.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        correct::{arrived, enter_both, no_spam, recount},
        door::{Change, Tagging, expect_version, leave, record, transact},
    },
    desk::{
        correction::{CorrectionKind, may_join},
        event::EventKind,
        id::{CorrectionId, PersonId, TicketNumber},
        permission::Act,
        person::Person,
        ticket::{Status, Ticket},
    },
    store::{
        Conn, Tx,
        corrections::{self, How, NewCorrection, Way},
        drafts,
        participants::{self, Participation},
        search, tickets,
    },
};

/// Merges `source` into `target`. Nothing is sent to anybody; mail to the old number goes to the new one. `seen`: the version of
/// the source that the page showed.
///
/// # Errors
/// What [`crate::actions::ActionError`] lists.
pub async fn merge(desk: &Desk, actor: &Person, source: TicketNumber, seen: Option<i64>, target: TicketNumber) -> Result<()> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (from, into) = enter_both(desk, &mut tx, actor, source, target).await?;
        expect_version(&from, seen)?;
        join(desk, &mut tx, Some(actor.id), from, into, now).await?;
        leave(desk, tx).await
    })
    .await
}

/// [`merge`] of two tickets that are locked.
pub(super) async fn join(desk: &Desk, tx: &mut Tx, by: Option<PersonId>, source: Ticket, target: Ticket, now: Timestamp) -> Result<()> {
    may_join(&source, &target)?;
    let (from, into) = (source.number, target.number);
    let new = NewCorrection { kind: CorrectionKind::Merge, source: from, target: into, status: source.status, by };
    let correction = corrections::insert(tx, &new, now).await?;
    let all = corrections::comments_of(tx, from).await?;
    let way = Way { correction, origin: from, target: into, how: How::Moved, by };
    corrections::relocate(tx, &all, &way, now).await?;
    bring_people(tx, &source, into, correction, now).await?;
    drafts::move_all(tx, from, into).await?;

    let tags = source.tags.clone();
    let mut gone = Change::of(source, by);
    gone.changed(EventKind::MergedInto, None, Some(into.to_string()));
    close_into(tx, &mut gone, into, now).await?;
    record(desk, tx, gone, now).await?;
    search::ticket_changed(tx, into).await?;

    let mut joined = Change::of(target, by);
    // The one that stands has the tags of both; the other keeps its own, for the day that the merge is undone.
    for tag in tags {
        joined.tag(Tagging::Put(tag, Some(correction)))?;
    }
    joined.changed(EventKind::MergedFrom, Some(from.to_string()), None);
    arrived(tx, &mut joined, &all, now).await?;
    record(desk, tx, joined, now).await
}

/// Closes a ticket that another stands for from now on.
pub(super) async fn close_into(tx: &mut Tx, change: &mut Change, into: TicketNumber, now: Timestamp) -> Result<()> {
    change.ticket.merged_into = Some(into);
    recount(tx, change).await?;
    change.set_status_untold(Status::Closed, now);
    Ok(())
}

/// Whoever takes part in the one takes part in the other. They are sent nothing of what was said before.
async fn bring_people(tx: &mut Tx, source: &Ticket, into: TicketNumber, with: CorrectionId, now: Timestamp) -> Result<()> {
    for person in participants::list(tx, source.number).await? {
        let is = participants::of(tx, into, person.person).await?;
        let to = stands_then(person.state, is, person.person == source.requester);
        if let Some(to) = to.filter(|to| is != Some(*to)) {
            participants::bring(tx, into, person.person, to, with, now).await?;
        }
    }
    Ok(())
}

/// How somebody who stands like `there` on the one stands to the other, where they stand like `here`. Whoever was taken off the
/// other stays off it, but not the customer whose ticket this is.
pub(super) fn stands_then(there: Participation, here: Option<Participation>, requester: bool) -> Option<Participation> {
    match (there, here) {
        _ if requester => Some(Participation::Active),
        (Participation::Active, Some(Participation::Removed)) => None,
        (Participation::Active, _) => Some(Participation::Active),
        (Participation::Proposed, None) => Some(Participation::Proposed),
        (Participation::Proposed, Some(_)) | (Participation::Removed, _) => None,
    }
}

/// Whether `actor` could merge this ticket into `target` as they are now.
pub(super) async fn check(desk: &Desk, conn: &mut Conn, actor: &Person, source: &Ticket, target: TicketNumber) -> Result<()> {
    let target = tickets::get(conn, target).await?.ok_or(ActionError::Missing("ticket"))?;
    for ticket in [source, &target] {
        let case = participants::case(conn, ticket, actor.id).await?;
        desk.allow(actor, Act::Correct(case))?;
        no_spam(conn, ticket.number).await?;
    }
    Ok(may_join(source, &target)?)
}

/// [`merge`] within a transaction that did something else before: a command in a helper's mail.
pub(super) async fn within(
    desk: &Desk,
    tx: &mut Tx,
    actor: &Person,
    source: TicketNumber,
    target: TicketNumber,
    now: Timestamp,
) -> Result<()> {
    let (source, target) = enter_both(desk, tx, actor, source, target).await?;
    join(desk, tx, Some(actor.id), source, target, now).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_part_in_the_one_takes_part_in_the_other_unless_staff_took_them_off() {
        use Participation::{Active, Proposed, Removed};
        for (there, here, requester, then) in [
            (Active, None, false, Some(Active)),
            (Active, Some(Proposed), false, Some(Active)),
            (Active, Some(Removed), false, None),
            (Active, Some(Removed), true, Some(Active)),
            (Proposed, None, false, Some(Proposed)),
            (Proposed, Some(Active), false, None),
            (Removed, None, false, None),
        ] {
            assert_eq!(stands_then(there, here, requester), then, "{there:?} {here:?}");
        }
    }
}
