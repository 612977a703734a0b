//! A customer says how their request was dealt with: one answer to each resolution, which can be changed as long as the link is good.
//! Asking what a link is about changes nothing.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        door::{Change, leave, record, transact},
    },
    desk::{
        event::EventKind,
        id::PersonId,
        rating::{self, Asked, LONGEST_COMMENT, OPEN_FOR, Rating},
        ticket::Ticket,
    },
    store::{Conn, people, ratings, tickets},
};

/// What a link asks about.
#[derive(Clone, Debug)]
pub struct Question {
    /// The request.
    pub ticket: Ticket,
    /// Who resolved it; none: maildesk itself.
    pub helper: Option<String>,
    /// What was answered already, with the words beside it.
    pub answer: Option<(Rating, String)>,
    /// Until then it can be answered, and changed.
    pub until: Timestamp,
}

/// What a link asks about.
///
/// # Errors
/// [`ActionError::Missing`] for a link that is not of this desk, or asks about what is no more; [`ActionError::Conflict`] for one that
/// is too old.
pub async fn question(desk: &Desk, token: &str) -> Result<Question> {
    let asked = read(desk, token)?;
    let mut conn = desk.store.read().await?;
    let helper = resolved_by(&mut conn, &asked).await?;
    let ticket = tickets::get(&mut conn, asked.ticket).await?.ok_or(ActionError::Missing("request"))?;
    let answer = ratings::get(&mut conn, &asked).await?.map(|it| (it.rating, it.comment));
    let helper = match helper {
        Some(id) => people::get(&mut conn, id).await?.map(|it| it.name),
        None => None,
    };
    Ok(Question { ticket, helper, answer, until: asked.resolved_at + OPEN_FOR })
}

/// Takes an answer; once more the same changes nothing.
///
/// # Errors
/// As [`question`]; [`ActionError::Invalid`] for a comment that is too long.
pub async fn rate(desk: &Desk, token: &str, rating: Rating, comment: &str) -> Result<()> {
    let asked = read(desk, token)?;
    let comment = comment.replace("\r\n", "\n").replace('\0', "");
    let (comment, now) = (comment.trim(), desk.clock.now());
    if comment.chars().count() > LONGEST_COMMENT {
        return Err(ActionError::Invalid {
            field: "comment",
            why: format!("at most {LONGEST_COMMENT} characters are kept; shorten it a little"),
        });
    }
    transact(desk, |mut tx| async move {
        let ticket = tickets::lock(&mut tx, asked.ticket).await?.ok_or(ActionError::Missing("request"))?;
        let helper = resolved_by(&mut tx, &asked).await?;
        let before = ratings::get(&mut tx, &asked).await?;
        if before.as_ref().is_some_and(|it| it.rating == rating && it.comment == comment) {
            return Ok(());
        }
        ratings::set(&mut tx, &asked, helper, rating, comment, now).await?;
        let before = before.map(|it| it.rating);
        if before != Some(rating) {
            let mut change = Change::of(ticket, asked.person);
            change.changed(EventKind::Rated, before.map(|it| it.as_str().to_owned()), Some(rating.as_str().to_owned()));
            record(desk, &mut tx, change, now).await?;
        }
        leave(desk, tx).await
    })
    .await
}

fn read(desk: &Desk, token: &str) -> Result<Asked> {
    let asked = rating::read_token(token, &|text| desk.sign_rating(text)).ok_or(ActionError::Missing("request"))?;
    if desk.clock.now() >= asked.resolved_at + OPEN_FOR {
        return Err(ActionError::Conflict(format!("this link was good for {} days, and they are over", OPEN_FOR.as_hours() / 24)));
    }
    Ok(asked)
}

/// A link is about a resolution that the history tells of: one that was merged or erased away is no more.
async fn resolved_by(conn: &mut Conn, asked: &Asked) -> Result<Option<PersonId>> {
    ratings::resolved_by(conn, asked).await?.ok_or(ActionError::Missing("request"))
}
