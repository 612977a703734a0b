//! Rows of `api_answers`: what a request with an `Idempotency-Key` has made, so that the same request sent again makes nothing more.

use jiff::{SignedDuration, Timestamp};

use crate::{
    desk::id::{ApiTokenId, CommentId, TicketNumber},
    store::{Conn, Result, Tx, ms, on},
};

/// So long a key is known.
pub const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// What a request has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// On which ticket, or which.
    pub ticket: TicketNumber,
    /// Which comment; none: the ticket itself.
    pub comment: Option<CommentId>,
}

/// Whether a key was used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Not: it is this request's from now on, if the transaction ends well.
    New,
    /// By the same request, which made this.
    Same(Made),
    /// By another request.
    Another,
}

/// Takes a key for a request. Whoever takes the same at this moment waits for the end of this transaction.
///
/// # Errors
/// When the database refuses.
pub async fn claim(tx: &mut Tx, token: ApiTokenId, key: &str, request: &str, now: Timestamp) -> Result<Claim> {
    forget_old(tx, now).await?;
    let sql = "insert into api_answers (token, asked_as, request, at) values ($1, $2, $3, $4) on conflict (token, asked_as) do nothing";
    let taken = on!(tx, c => sqlx::query(sql)
        .bind(token.0).bind(key).bind(request).bind(ms(now)).execute(c).await.map(|it| it.rows_affected()))?;
    if taken == 1 {
        return Ok(Claim::New);
    }
    let known = get(tx, token, key).await?;
    Ok(match known {
        Some((asked, Some(made))) if asked == request => Claim::Same(made),
        Some(_) | None => Claim::Another,
    })
}

/// Forgets the keys that are known no more.
///
/// # Errors
/// When the database refuses.
pub async fn forget_old(tx: &mut Tx, now: Timestamp) -> Result<()> {
    let over = now.saturating_sub(KEPT_FOR).unwrap_or(Timestamp::MIN);
    on!(tx, c => sqlx::query("delete from api_answers where at < $1").bind(ms(over)).execute(c).await.map(|_| ()))?;
    Ok(())
}

async fn get(conn: &mut Conn, token: ApiTokenId, key: &str) -> Result<Option<(String, Option<Made>)>> {
    let sql = "select request, ticket, comment from api_answers where token = $1 and asked_as = $2";
    type Row = (String, Option<i64>, Option<i64>);
    let row: Option<Row> = on!(conn, c => sqlx::query_as(sql).bind(token.0).bind(key).fetch_optional(c).await)?;
    let made =
        |ticket: Option<i64>, comment: Option<i64>| ticket.map(|it| Made { ticket: TicketNumber(it), comment: comment.map(CommentId) });
    Ok(row.map(|(request, ticket, comment)| (request, made(ticket, comment))))
}

/// Keeps what the request that took this key has made.
///
/// # Errors
/// When the database refuses.
pub async fn made(tx: &mut Tx, token: ApiTokenId, key: &str, made: Made) -> Result<()> {
    let sql = "update api_answers set ticket = $3, comment = $4 where token = $1 and asked_as = $2";
    on!(tx, c => sqlx::query(sql)
        .bind(token.0).bind(key).bind(made.ticket.0).bind(made.comment.map(|it| it.0)).execute(c).await.map(|_| ()))?;
    Ok(())
}
