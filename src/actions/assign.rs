//! Giving a ticket to somebody, taking it, handing it back.

use crate::{
    actions::{
        ActionError, Desk, Result,
        door::{Change, enter, expect_version, leave, record, transact},
    },
    desk::{
        event::EventKind,
        id::{PersonId, TicketNumber},
        notification::Happening,
        permission::{Act, AssignTo},
        person::Person,
        ticket::Step,
    },
    store::people,
};

/// Gives the ticket to `to`, or to nobody. Taking it puts an open ticket in progress. `seen`: the version the page showed.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Invalid`] when `to` is no active helper or admin.
pub async fn assign(desk: &Desk, actor: &Person, number: TicketNumber, seen: Option<i64>, to: Option<PersonId>) -> Result<()> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
        desk.allow(actor, Act::Assign(case, relation(actor, to)))?;
        expect_version(&ticket, seen)?;
        if let Some(to) = to {
            let person = people::get(&mut tx, to).await?;
            if !person.is_some_and(|it| it.is_active_staff()) {
                return Err(ActionError::Invalid {
                    field: "helper",
                    why: "this person is not an active helper; choose another".to_owned(),
                });
            }
        }
        let mut change = Change::of(ticket, Some(actor.id));
        if give(&mut change, to) == Given::Changed {
            if to.is_some() {
                change.step(Step::StaffTakes, now);
            }
            record(desk, &mut tx, change, now).await?;
        }
        leave(desk, tx).await
    })
    .await
}

/// Whether anything changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    Changed,
    AsItWas,
}

/// Gives a ticket that is being changed to somebody.
pub(super) fn give(change: &mut Change, to: Option<PersonId>) -> Given {
    let old = std::mem::replace(&mut change.ticket.assignee, to);
    if old == to {
        return Given::AsItWas;
    }
    change.changed(EventKind::Assigned, old.map(|it| it.to_string()), to.map(|it| it.to_string()));
    if let Some(to) = to {
        change.happened(Happening::Assigned { to });
    }
    Given::Changed
}

/// How `to` stands to the person who assigns.
pub(super) fn relation(actor: &Person, to: Option<PersonId>) -> AssignTo {
    match to {
        Some(to) if to == actor.id => AssignTo::Myself,
        Some(_) => AssignTo::Other,
        None => AssignTo::Nobody,
    }
}
