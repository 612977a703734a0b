//! Taking back what was just changed about a ticket: its status, who has it, its priority, its mailbox, a tag, whether it is put off.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result, assign,
        door::{Change, Tagging, enter, expect_version, leave, record, transact},
        edit::{give_back_to_mailbox, give_priority},
        status_notices,
    },
    desk::{
        event::EventKind,
        id::{MailboxId, PersonId, TagId, TicketNumber},
        permission::Act,
        person::Person,
        snooze::{Back, Snooze},
        ticket::{Priority, Status, Ticket},
    },
    store::{Tx, events, people, tags},
};

/// What a ticket was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Was {
    /// Its status.
    pub status: Status,
    /// Who had it.
    pub assignee: Option<PersonId>,
    /// Its priority.
    pub priority: Priority,
    /// Whose address answered.
    pub mailbox: MailboxId,
    /// Until when it was put off.
    pub snoozed: Option<Timestamp>,
    /// A tag that was put on.
    pub put: Option<TagId>,
    /// A tag that was taken off.
    pub taken: Option<TagId>,
}

impl Was {
    /// As it is now.
    #[must_use]
    pub fn of(ticket: &Ticket) -> Self {
        let snoozed = ticket.snooze.map(|it| it.until);
        let Ticket { status, assignee, priority, mailbox, .. } = *ticket;
        Self { status, assignee, priority, mailbox, snoozed, put: None, taken: None }
    }
}

/// Makes the ticket what it was, where nobody changed it since: `seen` is the version that the change left. Notices of a status that
/// have not left are called off; customers who have had one are told of the status that it has again.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Conflict`] for a status that its history does not say, or a helper who is gone.
pub async fn undo(desk: &Desk, actor: &Person, number: TicketNumber, seen: i64, was: &Was) -> Result<()> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
        expect_version(&ticket, Some(seen))?;
        desk.allow(actor, Act::Edit(case))?;
        let mut change = Change::of(ticket, Some(actor.id));
        if change.ticket.assignee != was.assignee {
            desk.allow(actor, Act::Assign(case, assign::relation(actor, was.assignee)))?;
            hand_back(&mut tx, &mut change, was.assignee).await?;
        }
        if change.ticket.status != was.status {
            desk.allow(actor, Act::SetStatus(case))?;
            set_back(&mut tx, actor, &mut change, was.status, now).await?;
        }
        give_priority(&mut change, was.priority);
        give_back_to_mailbox(&mut tx, &mut change, was.mailbox).await?;
        put_off_again(&mut change, actor, was.snoozed, now);
        if let Some(tag) = was.put {
            change.tag(Tagging::Take(tag))?;
        }
        if let Some(tag) = was.taken {
            // Nobody deletes it meanwhile.
            let there = tags::lock(&mut tx, tag).await?;
            let gone = || ActionError::Conflict("the tag that it had is deleted, or merged into another".to_owned());
            change.tag(Tagging::Put(there.ok_or_else(gone)?.id, None))?;
        }
        record(desk, &mut tx, change, now).await?;
        leave(desk, tx).await
    })
    .await
}

/// Nobody is told: it is as if it had not been given away.
async fn hand_back(tx: &mut Tx, change: &mut Change, to: Option<PersonId>) -> Result<()> {
    if let Some(to) = to
        && !people::get(tx, to).await?.is_some_and(|it| it.is_active_staff())
    {
        return Err(ActionError::Conflict("whoever had it is no active helper any more; assign it to somebody".to_owned()));
    }
    let old = std::mem::replace(&mut change.ticket.assignee, to);
    change.changed(EventKind::Assigned, old.map(|it| it.to_string()), to.map(|it| it.to_string()));
    Ok(())
}

/// A status that they themselves took it out of. Its notices that have not left are called off.
async fn set_back(tx: &mut Tx, actor: &Person, change: &mut Change, to: Status, now: Timestamp) -> Result<()> {
    let Some(since) = events::took_out_of(tx, change.number(), actor.id, to).await? else {
        return Err(ActionError::Conflict(format!("it was not {} before; set the status you mean", to.title())));
    };
    let called = status_notices::call_off(tx, change.number(), since, &format!("taken back by {}", actor.name), now).await?;
    change.note(EventKind::Undone, None);
    if called.has_left {
        change.set_status(to, now);
    } else {
        status_notices::wait_again(tx, change.number(), since, now).await?;
        change.set_status_untold(to, now);
    }
    Ok(())
}

fn put_off_again(change: &mut Change, actor: &Person, was: Option<Timestamp>, now: Timestamp) {
    let is = change.ticket.snooze.map(|it| it.until);
    // What was to return meanwhile is back.
    let was = was.filter(|it| *it > now && change.ticket.status.is_active());
    match was {
        _ if is == was => {}
        Some(until) => {
            change.ticket.snooze = Some(Snooze { until, by: actor.id });
            let word = |at: Timestamp| at.as_millisecond().to_string();
            change.changed(EventKind::Snoozed, is.map(word), Some(word(until)));
        }
        None => change.back(Back::Staff),
    }
}
