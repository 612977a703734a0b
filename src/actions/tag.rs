//! Tags on one ticket.

use crate::{
    actions::{
        Desk, Result,
        door::{Change, Tagging, enter, leave, record, transact},
    },
    desk::{
        id::{TagId, TicketNumber},
        permission::Act,
        person::Person,
        tag::TagName,
    },
    store::tags,
};

/// Whether anything changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It did; the version is one more.
    Changed,
    /// It was so already.
    AsItWas,
}

/// Puts a tag on the ticket, made where there is none of this name. It is no matter what else was changed since a page was made.
///
/// # Errors
/// What [`crate::actions::ActionError`] lists; `Invalid` when the ticket has as many as it may have.
pub async fn add(desk: &Desk, actor: &Person, number: TicketNumber, name: &TagName) -> Result<Done> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
        desk.allow(actor, Act::Edit(case))?;
        if tags::named(&mut tx, name).await?.is_some_and(|it| ticket.tags.contains(&it.id)) {
            return Ok(Done::AsItWas);
        }
        let mut change = Change::of(ticket, Some(actor.id));
        change.tag(Tagging::Name(name.clone()))?;
        record(desk, &mut tx, change, now).await?;
        leave(desk, tx).await?;
        Ok(Done::Changed)
    })
    .await
}

/// Takes a tag off the ticket.
///
/// # Errors
/// What [`crate::actions::ActionError`] lists.
pub async fn remove(desk: &Desk, actor: &Person, number: TicketNumber, tag: TagId) -> Result<Done> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
        desk.allow(actor, Act::Edit(case))?;
        if !ticket.tags.contains(&tag) {
            return Ok(Done::AsItWas);
        }
        let mut change = Change::of(ticket, Some(actor.id));
        change.tag(Tagging::Take(tag))?;
        record(desk, &mut tx, change, now).await?;
        leave(desk, tx).await?;
        Ok(Done::Changed)
    })
    .await
}
