//! What moving, merging and undoing share: two tickets at once, and what is counted anew when comments came or went.

use jiff::Timestamp;

use crate::{
    actions::{ActionError, Desk, Result, door::Change, say::snippet},
    desk::{
        comment::{Comment, Origin},
        correction::CannotCorrect,
        id::{CommentId, TicketNumber},
        permission::Act,
        person::Person,
        snooze::Back,
        ticket::{Assigned, Step, Ticket},
    },
    store::{Conn, Tx, comments, events, participants, tickets},
};

/// Both tickets, locked, if both are `who`'s to correct; whether or not they were merged.
pub(super) async fn enter_both(
    desk: &Desk,
    tx: &mut Tx,
    who: &Person,
    source: TicketNumber,
    target: TicketNumber,
) -> Result<(Ticket, Ticket)> {
    let both = enter_all(desk, tx, who, vec![source, target]).await?;
    let of = |number| both.iter().find(|it| it.number == number).cloned().ok_or(ActionError::Missing("ticket"));
    Ok((of(source)?, of(target)?))
}

/// Each of these tickets, locked, if all are `who`'s to correct; whether or not they were merged.
pub(super) async fn enter_all(desk: &Desk, tx: &mut Tx, who: &Person, numbers: Vec<TicketNumber>) -> Result<Vec<Ticket>> {
    let tickets = tickets::lock_all(tx, numbers.iter().copied()).await?;
    if numbers.iter().any(|number| tickets.iter().all(|it| it.number != *number)) {
        return Err(ActionError::Missing("ticket"));
    }
    for ticket in &tickets {
        let case = participants::case(tx, ticket, who.id).await?;
        desk.allow(who, Act::See(case))?;
        desk.allow(who, Act::Correct(case))?;
        no_spam(tx, ticket.number).await?;
    }
    Ok(tickets)
}

/// What is on a ticket that is marked as spam is discarded, and comes back with it alone.
pub(super) async fn no_spam(conn: &mut Conn, number: TicketNumber) -> Result<()> {
    match events::marked_as_spam(conn, number).await? {
        Some(_) => Err(CannotCorrect::Spam(number).into()),
        None => Ok(()),
    }
}

/// [`no_spam`] as a customer hears it: nobody tells them what staff think of their mail.
pub(super) async fn takes_answers(conn: &mut Conn, number: TicketNumber) -> Result<()> {
    match events::marked_as_spam(conn, number).await? {
        Some(_) => Err(ActionError::Conflict(format!("#{number} is closed and takes no more answers; open a new request instead"))),
        None => Ok(()),
    }
}

/// Counts a ticket anew, and whose turn it is; its last public comment.
pub(super) async fn recount(tx: &mut Tx, change: &mut Change) -> Result<Option<Comment>> {
    let last = comments::last_public(tx, change.number(), CommentId(i64::MAX)).await?;
    let start = last.as_ref().map(|it| snippet(it.text.as_str())).unwrap_or_default();
    tickets::recount(tx, change.number(), &start).await?;
    change.turn_is(comments::turn(tx, change.number(), comments::Order::TakenIn).await?);
    Ok(last)
}

/// Comments came: a customer's that is the last word wants an answer, so a resolved or closed ticket is open again.
pub(super) async fn arrived(tx: &mut Tx, change: &mut Change, came: &[CommentId], now: Timestamp) -> Result<()> {
    let last = recount(tx, change).await?;
    if last.is_some_and(|it| it.origin == Origin::Customer && came.contains(&it.id)) {
        wants_an_answer(change, now);
    }
    Ok(())
}

/// The last word is a customer's: a resolved or closed ticket is open again; nobody is told.
pub(super) fn wants_an_answer(change: &mut Change, now: Timestamp) {
    change.back(Back::Answer);
    let to = change.ticket.status.after(Step::CustomerAnswers, Assigned::of(change.ticket.assignee));
    change.set_status_untold(to, now);
}
