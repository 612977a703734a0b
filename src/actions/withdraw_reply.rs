//! Undo: a reply is taken back while none of its copies has left.

use std::str::FromStr;

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        door::{Change, enter, leave, record, transact},
        drafts,
        say::snippet,
        status_notices,
    },
    desk::{
        address::EmailAddress,
        comment::{Comment, Markup, Origin, Visibility},
        delivery::DeliveryState,
        draft::DraftKind,
        event::EventKind,
        id::{CommentId, TicketNumber},
        permission::Act,
        person::Person,
        ticket::{Assigned, Step},
    },
    store::{
        Tx, comments, corrections,
        drafts::{Kept, Place},
        events,
        outbox::{self, DeliveryRow, Outcome},
        participants::{self, Participation},
        tickets,
    },
};

/// Takes a reply back; its words and files are its author’s draft again. The words.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Conflict`] once a copy has left or is leaving.
pub async fn withdraw_reply(desk: &Desk, actor: &Person, id: CommentId) -> Result<String> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let found = comments::get(&mut tx, id).await?.ok_or(ActionError::Missing("reply"))?;
        let said_on = corrections::said_on(&mut tx, id).await?;
        tickets::lock_all(&mut tx, said_on.into_iter().chain([found.ticket])).await?;
        let (ticket, case) = enter(desk, &mut tx, actor, found.ticket).await?;
        // Merged, or that undone, in between.
        let comment = comments::get(&mut tx, id).await?.filter(|it| it.ticket == ticket.number).ok_or(ActionError::Stale)?;
        desk.allow(actor, Act::SetStatus(case))?;
        if comment.author != Some(actor.id) || comment.origin != Origin::Staff || comment.visibility != Visibility::Public {
            return Err(ActionError::Forbidden);
        }
        if comment.withdrawn_at.is_some() {
            return Err(ActionError::Conflict("it was taken back already".to_owned()));
        }
        let rows = outbox::of_comment(&mut tx, id, now).await?;
        let is = |it: &DeliveryRow, state: DeliveryState| it.state == state.as_str();
        let stays = |it: &DeliveryRow| is(it, DeliveryState::Waiting) || is(it, DeliveryState::Withheld);
        if rows.iter().any(|it| it.leased || !stays(it) && !is(it, DeliveryState::Cancelled)) {
            return Err(ActionError::Conflict("it has left already: the undo window is over".to_owned()));
        }
        let words = format!("taken back by {}", actor.name);
        for row in rows.iter().filter(|it| stays(it)) {
            outbox::put(&mut tx, row.id, &Outcome { state: DeliveryState::Cancelled.as_str(), words: &words, next_at: None }, now).await?;
        }
        comments::withdraw(&mut tx, id, now).await?;
        let last = comments::last_public(&mut tx, comment.ticket, CommentId(i64::MAX)).await?;
        tickets::uncount_comment(&mut tx, comment.ticket, &last.map(|it| snippet(it.text.as_str())).unwrap_or_default()).await?;
        let mut change = Change::of(ticket, Some(actor.id));
        change.turn_is(comments::turn(&mut tx, comment.ticket, comments::Order::TakenIn).await?);
        change.note(EventKind::Withdrawn, Some(id));
        let mut kept = Kept { body: comment.text.as_str().to_owned(), markup: markup(&comment), ..Kept::default() };
        if said_on.is_none_or(|it| it == comment.ticket) {
            to_whom(&mut tx, actor, &mut change, &comment, &rows, &mut kept, now).await?;
            status_before(&mut tx, actor, &mut change, &comment, &mut kept, now).await?;
        }
        record(desk, &mut tx, change, now).await?;
        if let Some(said_on) = said_on.filter(|it| *it != comment.ticket) {
            also_where_it_was_said(desk, &mut tx, actor, said_on, id, now).await?;
        }
        into_draft(&mut tx, actor, &comment, kept, now).await?;
        leave(desk, tx).await?;
        Ok(comment.text.as_str().to_owned())
    })
    .await
}

fn markup(comment: &Comment) -> Markup {
    if comment.rendered.is_some() { Markup::Markdown } else { Markup::Plain }
}

/// Whom it was to go to is in the draft as it was: who was left out, and who was added with it and so takes part no more.
async fn to_whom(
    tx: &mut Tx,
    actor: &Person,
    change: &mut Change,
    comment: &Comment,
    rows: &[DeliveryRow],
    kept: &mut Kept,
    now: Timestamp,
) -> Result<()> {
    let number = change.number();
    let since = participants::active_since(tx, number).await?;
    let mut cc = Vec::new();
    for one in participants::list(tx, number).await? {
        // Who came later was not left out of it.
        let Some(since) = since.get(&one.person).filter(|it| **it <= comment.created_at && one.person != actor.id) else { continue };
        let was_sent = rows.iter().any(|it| EmailAddress::from_str(&it.address).is_ok_and(|it| it == one.email));
        if !was_sent && !rows.is_empty() {
            kept.left_out.push(one.person);
        } else if was_sent && *since == comment.created_at && one.person != change.ticket.requester {
            participants::set(tx, number, one.person, Participation::Removed, now).await?;
            change.changed(EventKind::ParticipantRemoved, Some(one.email.to_string()), None);
            cc.push(one.email.to_string());
        }
    }
    kept.cc = cc.join(", ");
    Ok(())
}

/// The status that came with it goes with it, unless somebody has changed it since: the customer was told nothing of it. It is in the draft
/// to be set again.
async fn status_before(tx: &mut Tx, actor: &Person, change: &mut Change, comment: &Comment, kept: &mut Kept, now: Timestamp) -> Result<()> {
    let set = events::set_then(tx, change.number(), actor.id, comment.created_at).await?;
    let Some((was, is)) = set.filter(|(_, is)| *is == change.ticket.status) else { return Ok(()) };
    // In the figures it was never there.
    change.note(EventKind::Undone, None);
    status_notices::wait_again(tx, change.number(), comment.created_at, now).await?;
    change.set_status_untold(was, now);
    if is != was.after(Step::StaffReplies, Assigned::of(change.ticket.assignee)) {
        kept.follow_up = is.as_str().to_owned();
    }
    Ok(())
}

/// It is back in the composer with its files, wherever its author opens it.
async fn into_draft(tx: &mut Tx, actor: &Person, comment: &Comment, kept: Kept, now: Timestamp) -> Result<()> {
    let files = comments::files(tx, comment.id).await?;
    let place = Place { person: actor.id, ticket: comment.ticket, kind: DraftKind::Reply };
    drafts::put_back(tx, place, kept, &files, now).await
}

/// A merge since then has brought it to another ticket; the figures of the one it was sent from no longer count it.
async fn also_where_it_was_said(
    desk: &Desk,
    tx: &mut Tx,
    actor: &Person,
    said_on: TicketNumber,
    comment: CommentId,
    now: Timestamp,
) -> Result<()> {
    let Some(ticket) = tickets::get(tx, said_on).await? else { return Ok(()) };
    let mut change = Change::of(ticket, Some(actor.id));
    change.note(EventKind::Withdrawn, Some(comment));
    record(desk, tx, change, now).await
}
