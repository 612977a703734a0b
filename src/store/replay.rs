//! Rows of the ledger to be read again, what was made of them, and the new reading in its place.

use jiff::Timestamp;

use crate::{
    desk::{
        comment::{Origin, Visibility},
        id::{CommentId, LedgerId, MailboxId, PersonId, TicketNumber},
        replay::{File, Header, Words},
    },
    store::{Conn, Result, Tx, at, messages::LedgerRow, ms, on, word},
};

/// Which rows.
#[derive(Clone, Copy, Debug)]
pub struct Which {
    /// Received at or after.
    pub since: Timestamp,
    /// Received before.
    pub until: Timestamp,
    /// In this mailbox alone.
    pub mailbox: Option<MailboxId>,
    /// All, or only what waits among the held.
    pub held: Held,
}

/// Whether only held mail is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Whatever became of it.
    OrNot,
    /// What waits among the held.
    Only,
}

/// The rows behind `after`, oldest first, at most `limit`; only what is decided and has its octets.
///
/// # Errors
/// When the database refuses.
pub async fn list(conn: &mut Conn, which: &Which, after: LedgerId, limit: i64) -> Result<Vec<LedgerId>> {
    let sql = "select id from messages where id > $1 and state = 'decided' and sha256 > $7 and received_at >= $2 and received_at < $3
        and ($4 = 0 or mailbox = $4) and ($5 = 0 or held = 'waiting') order by id limit $6";
    let (mailbox, held) = (which.mailbox.map_or(0, |it| it.0), i64::from(which.held == Held::Only));
    let rows: Vec<(i64,)> = on!(conn, c => sqlx::query_as(sql)
        .bind(after.0).bind(ms(which.since)).bind(ms(which.until)).bind(mailbox).bind(held).bind(limit).bind(super::blobs::EXPIRED_OCTETS).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id,)| LedgerId(id)).collect())
}

/// A row of the ledger and what was made of it.
#[derive(Clone, Debug)]
pub struct Stored {
    /// As deciding knows it.
    pub row: LedgerRow,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// `open-ticket`, `add-comment`, `record-bounce`, `hold` or `ignore`.
    pub decision: String,
    /// JSON: every question and what was found.
    pub trace: String,
    /// The ticket it is on now.
    pub ticket: Option<TicketNumber>,
    /// Who released or discarded it.
    pub settled_by: Option<String>,
    /// What the ledger says of it.
    pub header: Header,
}

#[derive(sqlx::FromRow)]
struct Row {
    decided_at: Option<i64>,
    decision: Option<String>,
    trace: Option<String>,
    ticket: Option<i64>,
    settled_by: Option<String>,
    message_id: Option<String>,
    sender: Option<String>,
    sender_name: Option<String>,
    subject: Option<String>,
    authenticity: Option<String>,
    authenticity_why: Option<String>,
    excerpt: Option<String>,
    files: Option<String>,
}

/// One row; none when there is no such row, or it is not decided yet.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn get(conn: &mut Conn, id: LedgerId) -> Result<Option<Stored>> {
    let Some(row) = super::messages::get(conn, id).await? else { return Ok(None) };
    let sql = "select m.decided_at, m.decision, m.trace, m.ticket, p.name as settled_by, m.message_id, m.sender, m.sender_name, m.subject,
        m.authenticity, m.authenticity_why, m.excerpt, m.files from messages m left join people p on p.id = m.held_by where m.id = $1 and m.state = 'decided'";
    let found: Option<Row> = on!(conn, c => sqlx::query_as(sql).bind(id.0).fetch_optional(c).await)?;
    Ok(found.map(|it| Stored {
        row,
        decided_at: at(it.decided_at.unwrap_or_default()),
        decision: it.decision.unwrap_or_default(),
        trace: it.trace.unwrap_or_default(),
        ticket: it.ticket.map(TicketNumber),
        settled_by: it.settled_by,
        header: Header {
            message_id: it.message_id,
            sender: it.sender,
            sender_name: it.sender_name,
            subject: it.subject.unwrap_or_default(),
            sender_check: it.authenticity.map(|verdict| (verdict, it.authenticity_why.unwrap_or_default())),
            excerpt: it.excerpt,
            files: it.files,
        },
    }))
}

/// The comment that a mail became.
#[derive(Clone, Debug)]
pub struct Said {
    /// The row.
    pub id: CommentId,
    /// Who may read it.
    pub visibility: Visibility,
    /// Whose voice it is.
    pub origin: Origin,
    /// Who wrote it.
    pub author: Option<PersonId>,
    /// What it shows.
    pub words: Words,
}

#[derive(sqlx::FromRow)]
struct SaidRow {
    id: i64,
    visibility: String,
    origin: String,
    author: Option<i64>,
    body: String,
    quoted: String,
    html: Option<String>,
    remote_images: i64,
}

/// The comment on this ticket that came by this mail: the customer's or the machine's where a helper wrote above it.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn said(conn: &mut Conn, ticket: TicketNumber, mail: LedgerId) -> Result<Option<Said>> {
    let sql = "select id, visibility, origin, author, body, quoted, html, remote_images from comments where ticket = $1 and message = $2
        order by case when origin = 'staff' then 1 else 0 end, id limit 1";
    let row: Option<SaidRow> = on!(conn, c => sqlx::query_as(sql).bind(ticket.0).bind(mail.0).fetch_optional(c).await)?;
    let Some(row) = row else { return Ok(None) };
    let (id, remote_images) = (CommentId(row.id), usize::try_from(row.remote_images).unwrap_or(0));
    let words = Words { text: row.body, quoted: row.quoted, html: row.html, remote_images, files: files(conn, id).await? };
    Ok(Some(Said {
        id,
        visibility: word("comments", "visibility", &row.visibility, Visibility::parse)?,
        origin: word("comments", "origin", &row.origin, Origin::parse)?,
        author: row.author.map(PersonId),
        words,
    }))
}

async fn files(conn: &mut Conn, comment: CommentId) -> Result<Vec<File>> {
    let sql = "select filename, content_type, size, sha256, content_id from attachments where comment = $1 order by position, id";
    type Row = (String, String, i64, String, Option<String>);
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).bind(comment.0).fetch_all(c).await)?;
    let file = |(name, content_type, size, sha256, content_id): Row| File {
        name,
        content_type,
        size: u64::try_from(size).unwrap_or(0),
        sha256,
        content_id,
    };
    Ok(rows.into_iter().map(file).collect())
}

/// Writes what a comment shows; its files are for [`forget_files`] and `comments::attach`, its words for `search`.
///
/// # Errors
/// When the database refuses.
pub async fn rewrite(tx: &mut Tx, comment: CommentId, words: &Words) -> Result<()> {
    let sql = "update comments set body = $2, quoted = $3, html = $4, remote_images = $5 where id = $1";
    let images = i64::try_from(words.remote_images).unwrap_or(i64::MAX);
    on!(tx, c => sqlx::query(sql)
        .bind(comment.0).bind(&words.text).bind(&words.quoted).bind(&words.html).bind(images).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Takes the files off a comment, for others to take their place; their contents stay.
///
/// # Errors
/// When the database refuses.
pub async fn forget_files(tx: &mut Tx, comment: CommentId) -> Result<()> {
    on!(tx, c => sqlx::query("delete from attachments where comment = $1").bind(comment.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Writes what the ledger says of a message. A Message-ID that its ticket is known by goes with it.
///
/// # Errors
/// When the database refuses.
pub async fn rewrite_header(tx: &mut Tx, id: LedgerId, was: &Header, header: &Header) -> Result<()> {
    let sql = "update messages set message_id = $2, sender = $3, sender_name = $4, subject = $5, authenticity = $6, authenticity_why = $7,
        excerpt = $8, files = $9 where id = $1";
    let check = header.sender_check.as_ref();
    on!(tx, c => sqlx::query(sql)
        .bind(id.0).bind(&header.message_id).bind(&header.sender).bind(&header.sender_name).bind(&header.subject)
        .bind(check.map(|(verdict, _)| verdict)).bind(check.map(|(_, why)| why))
        .bind(&header.excerpt).bind(&header.files).execute(c).await.map(|_| ()))?;
    if was.message_id == header.message_id {
        return Ok(());
    }
    for sql in [
        "update moves set message_id = $2 where comment in (select id from comments where message = $1)",
        "update tickets set opened_message = $2 where number in (select e.ticket from events e join comments c on c.id = e.comment
            where c.message = $1 and e.kind = 'opened')",
    ] {
        on!(tx, c => sqlx::query(sql).bind(id.0).bind(&header.message_id).execute(c).await.map(|_| ()))?;
    }
    Ok(())
}

/// The title of a ticket that a mail opened.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Titled {
    /// As it is.
    pub title: String,
    /// The first person who has set it since.
    pub renamed_by: Option<String>,
}

/// The title of the ticket that this comment opened and is on.
///
/// # Errors
/// When the database refuses.
pub async fn titled(conn: &mut Conn, comment: CommentId) -> Result<Option<Titled>> {
    let sql = "select t.subject as title, (select p.name from events e join people p on p.id = e.actor
            where e.ticket = t.number and e.kind = 'subject' order by e.id limit 1) as renamed_by
        from comments c join tickets t on t.number = c.ticket
        where c.id = $1 and exists (select 1 from events e where e.ticket = t.number and e.kind = 'opened' and e.comment = c.id)";
    Ok(on!(conn, c => sqlx::query_as(sql).bind(comment.0).fetch_optional(c).await)?)
}

/// Gives a ticket another title; its words in the search are for `search`.
///
/// # Errors
/// When the database refuses.
pub async fn retitle(tx: &mut Tx, ticket: TicketNumber, title: &str) -> Result<()> {
    let sql = "update tickets set subject = $2 where number = $1";
    on!(tx, c => sqlx::query(sql).bind(ticket.0).bind(title).execute(c).await.map(|_| ()))?;
    Ok(())
}
