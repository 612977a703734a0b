//! The desk's tags: renaming, merging two, deleting. Each ticket that it changes tells so in its history.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        audit::{self, Line},
        door::{leave, transact},
    },
    desk::{
        audit::AuditKind,
        event::EventKind,
        id::{PersonId, TagId, TicketNumber},
        permission::Act,
        person::Person,
        tag::{Tag, TagName},
    },
    store::{
        Tx,
        events::{self, NewEvent},
        saved_views, tags,
    },
};

/// Makes a tag before any ticket has it.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Conflict`] when there is one of this name.
pub async fn make(desk: &Desk, actor: &Person, name: &TagName) -> Result<Tag> {
    desk.allow(actor, Act::Manage)?;
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        if let Some(same) = tags::named(&mut tx, name).await? {
            return Err(ActionError::Conflict(format!("there is a tag “{}” already", same.name)));
        }
        let made = tags::of_name(&mut tx, name, Some(actor.id), now).await?;
        audit::note(&mut tx, actor, Line::of(AuditKind::Tag, name, "was added"), now).await?;
        leave(desk, tx).await?;
        Ok(made)
    })
    .await
}

/// Gives a tag another name. Tickets keep it, and so do filters.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Conflict`] when another tag has this name.
pub async fn rename(desk: &Desk, actor: &Person, tag: TagId, name: &TagName) -> Result<()> {
    desk.allow(actor, Act::Manage)?;
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let old = locked(&mut tx, tag).await?;
        if let Some(same) = tags::named(&mut tx, name).await?.filter(|it| it.id != tag) {
            return Err(ActionError::Conflict(format!("there is a tag “{}” already; merge this one into it instead", same.name)));
        }
        tags::rename(&mut tx, tag, name).await?;
        audit::note(&mut tx, actor, Line::of(AuditKind::Tag, &old.name, "was renamed").from(&old.name).to(name), now).await?;
        leave(desk, tx).await
    })
    .await
}

/// Merges a tag into another: its tickets have that one from then on. How many there were.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn merge(desk: &Desk, actor: &Person, tag: TagId, into: TagId) -> Result<usize> {
    desk.allow(actor, Act::Manage)?;
    if tag == into {
        return Err(ActionError::Conflict("a tag cannot be merged into itself; choose another".to_owned()));
    }
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        // The lower id first, as everybody locks them.
        let mut names = Vec::new();
        for id in [tag.min(into), tag.max(into)] {
            names.push(locked(&mut tx, id).await?);
        }
        let named = |id| names.iter().find(|it: &&Tag| it.id == id).map_or("", |it| it.name.as_str());
        let merged = Line::of(AuditKind::Tag, named(tag), "was merged into another").from(named(tag)).to(named(into));
        audit::note(&mut tx, actor, merged, now).await?;
        let had = tags::tickets_with(&mut tx, tag).await?;
        let both = tags::tickets_with(&mut tx, into).await?;
        tags::hand_over(&mut tx, tag, into).await?;
        tags::retire(&mut tx, tag, Some(into)).await?;
        saved_views::follow_tag(&mut tx, tag, into).await?;
        for ticket in &had {
            line(&mut tx, actor.id, *ticket, (EventKind::Untagged, tag), now);
            if both.binary_search(ticket).is_err() {
                line(&mut tx, actor.id, *ticket, (EventKind::Tagged, into), now);
            }
        }
        leave(desk, tx).await?;
        Ok(had.len())
    })
    .await
}

/// Deletes a tag: no ticket has it from then on. How many had it.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn delete(desk: &Desk, actor: &Person, tag: TagId) -> Result<usize> {
    desk.allow(actor, Act::Manage)?;
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let gone = locked(&mut tx, tag).await?;
        let had = tags::tickets_with(&mut tx, tag).await?;
        tags::retire(&mut tx, tag, None).await?;
        audit::note(&mut tx, actor, Line::of(AuditKind::Tag, &gone.name, "was deleted").from(gone.name.as_str()), now).await?;
        for ticket in &had {
            line(&mut tx, actor.id, *ticket, (EventKind::Untagged, tag), now);
        }
        leave(desk, tx).await?;
        Ok(had.len())
    })
    .await
}

async fn locked(tx: &mut Tx, tag: TagId) -> Result<Tag> {
    tags::lock(tx, tag).await?.ok_or(ActionError::Missing("tag"))
}

fn line(tx: &mut Tx, by: PersonId, ticket: TicketNumber, (kind, tag): (EventKind, TagId), now: Timestamp) {
    let id = Some(tag.to_string());
    let (old, new) = if kind == EventKind::Untagged { (id, None) } else { (None, id) };
    events::insert(tx, NewEvent { ticket, kind, actor: Some(by), old, new, comment: None }, now);
}
