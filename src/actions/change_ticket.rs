//! Several properties of a ticket in one change: all of them, or none.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        assign::{Given, give, relation},
        correct::no_spam,
        deliveries::{Unsent, ask_about_unsent},
        door::{Change, Tagging, enter, expect_version, leave, record, transact},
        edit::{give_priority, give_subject, give_to_mailbox},
        snooze::put_off,
    },
    desk::{
        id::{MailboxId, PersonId, TicketNumber},
        permission::{Act, Case},
        person::Person,
        snooze::Back,
        tag::TagName,
        ticket::{Priority, Status, Step},
    },
    store::{Tx, people, tags},
};

/// What a ticket is to be; what is not said stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Its status.
    pub status: Option<Status>,
    /// What is known of replies that were not sent, where it is resolved.
    pub unsent: Unsent,
    /// Who has it, or that nobody does.
    pub assignee: Option<Option<PersonId>>,
    /// How much it matters.
    pub priority: Option<Priority>,
    /// What it is about.
    pub subject: Option<String>,
    /// Whose address answers.
    pub mailbox: Option<MailboxId>,
    /// Until when it is put off, or that it is back.
    pub snooze: Option<Option<Timestamp>>,
    /// Tags that go on, made where there are none.
    pub tags: Vec<TagName>,
    /// Tags that go off.
    pub untag: Vec<TagName>,
}

impl Wanted {
    fn edits(&self) -> bool {
        let said = [self.priority.is_some(), self.subject.is_some(), self.mailbox.is_some(), self.snooze.is_some()];
        said.contains(&true) || !self.tags.is_empty() || !self.untag.is_empty()
    }
}

/// Makes a ticket what is wanted. `seen`: the version that whoever asks has seen; none: whatever it is now.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn change_ticket(desk: &Desk, actor: &Person, number: TicketNumber, seen: Option<i64>, wanted: &Wanted) -> Result<()> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
        expect_version(&ticket, seen)?;
        let mut change = Change::of(ticket, Some(actor.id));
        if let Some(to) = wanted.assignee {
            hand(desk, &mut tx, &mut change, (actor, case), to, now).await?;
        }
        if wanted.edits() {
            desk.allow(actor, Act::Edit(case))?;
            edit(desk, &mut tx, &mut change, wanted).await?;
        }
        if let Some(to) = wanted.status {
            desk.allow(actor, Act::SetStatus(case))?;
            no_spam(&mut tx, number).await?;
            ask_about_unsent(&mut tx, number, to, wanted.unsent, now).await?;
            let to = change.ticket.status.by_staff(to)?;
            change.set_status(to, now);
        }
        // Last: what is done is not put off.
        match wanted.snooze {
            Some(Some(until)) => {
                put_off(&mut change, actor, now, until)?;
            }
            Some(None) => change.back(Back::Staff),
            None => {}
        }
        if change.is_any() {
            record(desk, &mut tx, change, now).await?;
        }
        leave(desk, tx).await
    })
    .await
}

async fn hand(
    desk: &Desk,
    tx: &mut Tx,
    change: &mut Change,
    (actor, case): (&Person, Case),
    to: Option<PersonId>,
    now: Timestamp,
) -> Result<()> {
    desk.allow(actor, Act::Assign(case, relation(actor, to)))?;
    if let Some(to) = to
        && !people::get(tx, to).await?.is_some_and(|it| it.is_active_staff())
    {
        return Err(ActionError::Invalid { field: "assignee", why: "this person is not an active helper; choose another".to_owned() });
    }
    if give(change, to) == Given::Changed && to.is_some() {
        change.step(Step::StaffTakes, now);
    }
    Ok(())
}

async fn edit(desk: &Desk, tx: &mut Tx, change: &mut Change, wanted: &Wanted) -> Result<()> {
    if let Some(to) = wanted.priority {
        give_priority(change, to);
    }
    if let Some(to) = &wanted.subject {
        give_subject(tx, change, to).await?;
    }
    if let Some(to) = wanted.mailbox {
        give_to_mailbox(desk, tx, change, to).await?;
    }
    for name in &wanted.tags {
        let known = tags::named(tx, name).await?;
        if known.is_none_or(|it| !change.ticket.tags.contains(&it.id)) {
            change.tag(Tagging::Name(name.clone()))?;
        }
    }
    for name in &wanted.untag {
        if let Some(tag) = tags::named(tx, name).await?.filter(|it| change.ticket.tags.contains(&it.id)) {
            change.tag(Tagging::Take(tag.id))?;
        }
    }
    Ok(())
}
