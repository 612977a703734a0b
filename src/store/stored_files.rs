//! What lies behind a conversation: files, and mail as it came or left.

use crate::{
    desk::{
        comment::Visibility,
        id::{AttachmentId, CommentId, LedgerId, TicketNumber},
    },
    store::{Conn, Result, blobs::ContentHash, on, word},
};

/// A file with where it lies.
#[derive(Clone, Debug)]
pub struct StoredFile {
    /// The ticket it is on.
    pub ticket: TicketNumber,
    /// Who may read the comment it is beside.
    pub visibility: Visibility,
    /// Safe to show.
    pub filename: String,
    /// Its content.
    pub sha256: ContentHash,
}

/// One file; one of a reply that was taken back is none.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn file(conn: &mut Conn, id: AttachmentId) -> Result<Option<StoredFile>> {
    let sql = "select c.ticket, c.visibility, a.filename, a.sha256 from attachments a join comments c on c.id = a.comment
        where a.id = $1 and c.withdrawn_at is null";
    let row: Option<(i64, String, String, String)> = on!(conn, c => sqlx::query_as(sql).bind(id.0).fetch_optional(c).await)?;
    let Some((ticket, visibility, filename, sha256)) = row else { return Ok(None) };
    let visibility = word("comments", "visibility", &visibility, Visibility::parse)?;
    Ok(Some(StoredFile { ticket: TicketNumber(ticket), visibility, filename, sha256: ContentHash::parse(&sha256)? }))
}

/// The mail that a comment came by or left by, as raw octets are found.
#[derive(Clone, Debug)]
pub struct RawMail {
    /// The ticket it is on.
    pub ticket: TicketNumber,
    /// Its content.
    pub sha256: ContentHash,
}

/// Every question that was asked of a message, and what was found, as JSON; none: it is not decided.
///
/// # Errors
/// When the database refuses.
pub async fn trace(conn: &mut Conn, message: LedgerId) -> Result<Option<String>> {
    let sql = "select trace from messages where id = $1";
    Ok(on!(conn, c => sqlx::query_scalar(sql).bind(message.0).fetch_optional(c).await)?.flatten())
}

/// The mail that a comment came by; else the one it left by.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn raw_mail(conn: &mut Conn, comment: CommentId) -> Result<Option<RawMail>> {
    let sql = "select c.ticket, coalesce(m.sha256,
            (select o.sha256 from outbox o where o.comment = c.id and o.kind in ('reply', 'relay') order by o.id limit 1))
        from comments c left join messages m on m.id = c.message where c.id = $1";
    let row: Option<(i64, Option<String>)> = on!(conn, c => sqlx::query_as(sql).bind(comment.0).fetch_optional(c).await)?;
    let Some((ticket, Some(sha256))) = row else { return Ok(None) };
    Ok(Some(RawMail { ticket: TicketNumber(ticket), sha256: ContentHash::parse(&sha256)? }))
}
