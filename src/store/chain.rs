//! Where the corrections that stand lead a comment: from the ticket on which it was first said, each one way further. The last of
//! them says where it is; without any it is at home.

use crate::{
    desk::id::{CommentId, CorrectionId, TicketNumber},
    store::{Conn, Result, on},
};

/// The ways `v` that a comment `c` went by corrections `k` that stand. What it came back on leads nowhere.
macro_rules! standing {
    () => {
        "moves v join corrections k on k.id = v.correction where v.comment = c.id and v.how <> 'returned' and k.undone_at is null"
    };
}

/// Where a comment `c` set out.
macro_rules! home {
    () => {
        "(select v.origin from moves v where v.comment = c.id order by v.id limit 1)"
    };
}

/// What this correction is the last to have led to `target`, each with the ticket to which those before it lead it: there it goes
/// when this one is undone. What was led on since is not among it.
///
/// # Errors
/// When the database refuses.
pub async fn led_by(conn: &mut Conn, id: CorrectionId, target: TicketNumber) -> Result<Vec<(CommentId, TicketNumber)>> {
    let sql = concat!(
        "select c.id, coalesce((select v.target from ",
        standing!(),
        " and k.id <> $1 order by v.id desc limit 1), ",
        home!(),
        ") from comments c where c.ticket = $2 and c.id in (select comment from moves where correction = $1)
            and $1 = (select k.id from ",
        standing!(),
        " order by v.id desc limit 1) order by c.id"
    );
    let rows: Vec<(i64, i64)> = on!(conn, c => sqlx::query_as(sql).bind(id.0).bind(target.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id, to)| (CommentId(id), TicketNumber(to))).collect())
}

/// The message that this correction moved, and the ticket that it is on now; none: it merged tickets.
///
/// # Errors
/// When the database refuses.
pub async fn moved_by(conn: &mut Conn, id: CorrectionId) -> Result<Option<(CommentId, TicketNumber)>> {
    let sql = "select c.id, c.ticket from moves v join corrections k on k.id = v.correction join comments c on c.id = v.comment
        where v.correction = $1 and v.how = 'moved' and k.kind <> 'merge'";
    let row: Option<(i64, i64)> = on!(conn, c => sqlx::query_as(sql).bind(id.0).fetch_optional(c).await)?;
    Ok(row.map(|(id, ticket)| (CommentId(id), TicketNumber(ticket))))
}

/// A comment's home, and each correction that stands with the ticket to which it leads it, the first first.
///
/// # Errors
/// When the database refuses.
pub async fn of(conn: &mut Conn, comment: CommentId) -> Result<(TicketNumber, Vec<(CorrectionId, TicketNumber)>)> {
    let sql = concat!("select coalesce(", home!(), ", c.ticket) from comments c where c.id = $1");
    let home: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(comment.0).fetch_one(c).await)?;
    let sql = concat!("select k.id, v.target from comments c, ", standing!(), " and c.id = $1 order by v.id");
    let rows: Vec<(i64, i64)> = on!(conn, c => sqlx::query_as(sql).bind(comment.0).fetch_all(c).await)?;
    Ok((TicketNumber(home), rows.into_iter().map(|(id, to)| (CorrectionId(id), TicketNumber(to))).collect()))
}

/// Where the last correction that stands took a comment.
///
/// # Errors
/// When the database refuses.
pub async fn moved_to(conn: &mut Conn, comment: CommentId) -> Result<Option<TicketNumber>> {
    let sql = concat!("select v.target from comments c, ", standing!(), " and c.id = $1 and v.how = 'moved' order by v.id desc limit 1");
    let number: Option<i64> = on!(conn, c => sqlx::query_scalar(sql).bind(comment.0).fetch_optional(c).await)?;
    Ok(number.map(TicketNumber))
}
