//! Saved replies: everybody's are an admin's to change, one's own are one's own.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        audit::{self, Line},
        door::transact,
        placeholders::filled,
    },
    desk::{
        audit::AuditKind,
        id::{PersonId, SavedReplyId},
        permission::{Act, Verdict, may},
        person::Person,
        placeholder,
        ticket::Ticket,
    },
    store::{
        Conn, Tx,
        saved_replies::{self, SavedReply, Saving},
    },
};

/// Characters of a name, at most.
const LONGEST_NAME: usize = 100;

/// Bytes of a text, at most.
const LONGEST_BODY: usize = 20_000;

/// Keeps a new one.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Invalid`] names the field.
pub async fn add(desk: &Desk, actor: &Person, new: &Saving) -> Result<SavedReplyId> {
    allow(desk, actor, new)?;
    let new = valid(desk, new)?;
    let (now, new) = (desk.clock.now(), &new);
    transact(desk, |mut tx| async move {
        let id = saved_replies::insert(&mut tx, new, actor.id, now).await?;
        if new.owner.is_none() {
            audit::note(&mut tx, actor, Line::of(AuditKind::SavedReply, &new.name, "added it").to(&new.body), now).await?;
        }
        tx.commit().await?;
        Ok(id)
    })
    .await
}

/// Changes one. Making one's own everybody's, or the other way round, is an admin's to do.
///
/// # Errors
/// As [`add`].
pub async fn change(desk: &Desk, actor: &Person, id: SavedReplyId, new: &Saving) -> Result<()> {
    allow(desk, actor, new)?;
    let new = valid(desk, new)?;
    let (now, new) = (desk.clock.now(), &new);
    transact(desk, |mut tx| async move {
        let was = theirs(desk, &mut tx, actor, id).await?;
        saved_replies::update(&mut tx, id, new, actor.id, now).await?;
        if was.owner.is_none() || new.owner.is_none() {
            tell(&mut tx, actor, &was, new, now).await?;
        }
        tx.commit().await?;
        Ok(())
    })
    .await
}

/// Removes one.
///
/// # Errors
/// As [`add`].
pub async fn remove(desk: &Desk, actor: &Person, id: SavedReplyId) -> Result<SavedReply> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let was = theirs(desk, &mut tx, actor, id).await?;
        saved_replies::remove(&mut tx, id).await?;
        if was.owner.is_none() {
            audit::note(&mut tx, actor, Line::of(AuditKind::SavedReply, &was.name, "removed it").from(&was.body), now).await?;
        }
        tx.commit().await?;
        Ok(was)
    })
    .await
}

/// What was changed of one that everybody has, or had.
async fn tell(tx: &mut Tx, actor: &Person, was: &SavedReply, new: &Saving, now: Timestamp) -> Result<()> {
    let line = |what| Line::of(AuditKind::SavedReply, &was.name, what);
    let whose = |owner: Option<PersonId>| if owner.is_none() { "everybody’s" } else { "one’s own" };
    audit::note(tx, actor, line("changed the text").from(&was.body).to(&new.body), now).await?;
    audit::note(tx, actor, line("renamed it").from(&was.name).to(&new.name), now).await?;
    audit::note(tx, actor, line("changed whose it is").from(whose(was.owner)).to(whose(new.owner)), now).await
}

/// One, if it is this person's to change.
async fn theirs(desk: &Desk, conn: &mut Conn, actor: &Person, id: SavedReplyId) -> Result<SavedReply> {
    let found = saved_replies::get(conn, id).await?.ok_or(ActionError::Missing("saved reply"))?;
    match found.owner {
        Some(owner) if owner == actor.id => Ok(found),
        // Somebody else's own do not exist.
        Some(_) => Err(ActionError::Missing("saved reply")),
        None => desk.allow(actor, Act::Manage).map(|()| found),
    }
}

fn allow(desk: &Desk, actor: &Person, new: &Saving) -> Result<()> {
    match new.owner {
        Some(owner) if owner == actor.id && actor.is_active_staff() => Ok(()),
        Some(_) => Err(ActionError::Forbidden),
        None => desk.allow(actor, Act::Manage),
    }
}

/// Whether somebody may write replies that everybody has.
#[must_use]
pub fn may_share(desk: &Desk, who: &Person) -> bool {
    may(who, Act::Manage, desk.rules()) == Verdict::Allowed
}

fn valid(desk: &Desk, new: &Saving) -> Result<Saving> {
    let invalid = |field, why: String| ActionError::Invalid { field, why };
    let name = new.name.split_whitespace().collect::<Vec<_>>().join(" ");
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    let body = new.body.replace("\r\n", "\n").replace('\r', "\n");
    let body: String = body.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let body = body.trim_end().trim_start_matches('\n').to_owned();
    if name.is_empty() {
        return Err(invalid("name", "it has no name; give it one that says when it is sent".to_owned()));
    }
    if name.chars().count() > LONGEST_NAME {
        return Err(invalid("name", format!("the name is too long; at most {LONGEST_NAME} characters")));
    }
    if body.trim().is_empty() {
        return Err(invalid("body", "it has no text; write what is to be sent".to_owned()));
    }
    if body.len() > LONGEST_BODY {
        return Err(invalid("body", format!("the text has {} bytes; at most {LONGEST_BODY}", body.len())));
    }
    placeholder::check(&body).map_err(|error| invalid("body", error.to_string()))?;
    if new.mailbox.is_some_and(|id| !desk.mailboxes.iter().any(|(it, _)| it == id)) {
        return Err(invalid("mailbox", "there is no such mailbox; choose one of the list".to_owned()));
    }
    Ok(Saving { name, body, ..new.clone() })
}

/// The text of one as `actor` would send it on `ticket`.
///
/// # Errors
/// [`ActionError::Missing`] for one that is not theirs to use.
pub async fn text_for(desk: &Desk, conn: &mut Conn, actor: &Person, ticket: &Ticket, id: SavedReplyId) -> Result<String> {
    let found = saved_replies::get(conn, id).await?.filter(|it| it.owner.is_none_or(|owner| owner == actor.id));
    let found = found.ok_or(ActionError::Missing("saved reply"))?;
    filled(desk, conn, actor, ticket, &found.body).await
}
