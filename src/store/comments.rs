//! Rows of `comments` and `attachments`, one at a time. The conversation as a page shows it is in `store/conversation.rs`.

use jiff::{SignedDuration, Timestamp};

use crate::{
    desk::{
        comment::{Comment, CommentText, Flag, Markup, Origin, Via, Visibility},
        id::{CommentId, LedgerId, PersonId, TicketNumber},
        notification::Answered,
        ticket::Turn,
    },
    store::{Conn, Result, Tx, at, blobs::ContentHash, ms, on, search, word},
};

/// A comment to be kept.
#[derive(Clone, Debug)]
pub struct NewComment<'a> {
    /// On which ticket.
    pub ticket: TicketNumber,
    /// Who may read it.
    pub visibility: Visibility,
    /// Whose voice it is.
    pub origin: Origin,
    /// Who wrote it; none for a machine that nobody knows.
    pub author: Option<PersonId>,
    /// The way it came in.
    pub via: Via,
    /// The words.
    pub text: &'a CommentText,
    /// History and signature that were cut from a mail.
    pub quoted: &'a str,
    /// Sanitised: a mail's own, or what words in Markdown come to.
    pub html: Option<&'a str>,
    /// How the words are written.
    pub markup: Markup,
    /// What stands below a reply; empty: nothing.
    pub signature: &'a str,
    /// How many remote pictures were left out of it.
    pub remote_images: usize,
    /// The mail it came in.
    pub message: Option<LedgerId>,
    /// What staff should know about it.
    pub flag: Option<Flag>,
    /// Now.
    pub at: Timestamp,
}

/// Keeps a comment.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut Tx, new: &NewComment<'_>) -> Result<CommentId> {
    let sql = "insert into comments (ticket, visibility, origin, author, via, body, quoted, html, remote_images, message, flag, created_at,
            markup, signature)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) returning id";
    let images = i64::try_from(new.remote_images).unwrap_or(i64::MAX);
    let id = on!(tx, c => sqlx::query_scalar(sql)
        .bind(new.ticket.0).bind(new.visibility.as_str()).bind(new.origin.as_str()).bind(new.author.map(|it| it.0)).bind(new.via.as_str())
        .bind(new.text.as_str()).bind(new.quoted).bind(new.html).bind(images).bind(new.message.map(|it| it.0))
        .bind(new.flag.map(Flag::as_str)).bind(ms(new.at)).bind(new.markup.as_str()).bind(new.signature)
        .fetch_one(c).await)?;
    Ok(CommentId(id))
}

/// A file beside a comment.
#[derive(Clone, Debug)]
pub struct NewAttachment<'a> {
    /// Safe to show; never a path.
    pub filename: &'a str,
    /// Lower case, without parameters.
    pub content_type: &'a str,
    /// Bytes.
    pub size: usize,
    /// Its content.
    pub sha256: &'a ContentHash,
    /// Set for a picture that the HTML shows.
    pub content_id: Option<&'a str>,
}

/// Keeps a file beside a comment, as its `position`-th.
///
/// # Errors
/// When the database refuses.
pub async fn attach(tx: &mut Tx, comment: CommentId, position: usize, new: &NewAttachment<'_>) -> Result<()> {
    let sql =
        "insert into attachments (comment, position, filename, content_type, size, sha256, content_id) values ($1, $2, $3, $4, $5, $6, $7)";
    let (position, size) = (i64::try_from(position).unwrap_or(i64::MAX), i64::try_from(new.size).unwrap_or(i64::MAX));
    on!(tx, c => sqlx::query(sql)
        .bind(comment.0).bind(position).bind(new.filename).bind(new.content_type).bind(size).bind(new.sha256.as_str()).bind(new.content_id)
        .execute(c).await.map(|_| ()))?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    ticket: i64,
    visibility: String,
    origin: String,
    author: Option<i64>,
    author_name: Option<String>,
    via: String,
    body: String,
    rendered: Option<String>,
    signature: String,
    withdrawn_at: Option<i64>,
    created_at: i64,
}

impl Row {
    fn comment(self) -> Result<Comment> {
        Ok(Comment {
            id: CommentId(self.id),
            ticket: TicketNumber(self.ticket),
            visibility: word("comments", "visibility", &self.visibility, Visibility::parse)?,
            origin: word("comments", "origin", &self.origin, Origin::parse)?,
            author: self.author.map(PersonId),
            author_name: self.author_name,
            via: word("comments", "via", &self.via, Via::parse)?,
            text: CommentText::from_mail(&self.body),
            rendered: self.rendered,
            signature: self.signature,
            withdrawn_at: self.withdrawn_at.map(at),
            created_at: at(self.created_at),
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select c.id, c.ticket, c.visibility, c.origin, c.author, p.name as author_name, c.via, c.body,
                case when c.markup = 'markdown' then c.html end as rendered, c.signature, c.withdrawn_at, c.created_at
             from comments c left join people p on p.id = c.author ",
            $rest
        )
    };
}

/// By id.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn get(conn: &mut Conn, id: CommentId) -> Result<Option<Comment>> {
    let row: Option<Row> = on!(conn, c => sqlx::query_as(select!("where c.id = $1")).bind(id.0).fetch_optional(c).await)?;
    row.map(Row::comment).transpose()
}

/// The comment on this ticket that came by this mail.
///
/// # Errors
/// When the database refuses.
pub async fn of_mail(conn: &mut Conn, ticket: TicketNumber, mail: LedgerId) -> Result<Option<CommentId>> {
    let sql = "select id from comments where ticket = $1 and message = $2 order by id desc limit 1";
    let id: Option<i64> = on!(conn, c => sqlx::query_scalar(sql).bind(ticket.0).bind(mail.0).fetch_optional(c).await)?;
    Ok(id.map(CommentId))
}

/// The last public comment by a person before `before`: what a reply quotes.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn last_public(conn: &mut Conn, ticket: TicketNumber, before: CommentId) -> Result<Option<Comment>> {
    let sql = select!(
        "where c.ticket = $1 and c.id < $2 and c.visibility = 'public' and c.origin <> 'machine' and c.withdrawn_at is null order by c.id desc limit 1"
    );
    let row: Option<Row> = on!(conn, c => sqlx::query_as(sql).bind(ticket.0).bind(before.0).fetch_optional(c).await)?;
    row.map(Row::comment).transpose()
}

/// Everything written after `seen` by somebody other than `who`: what the safety catch looks at.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn written_since(conn: &mut Conn, ticket: TicketNumber, seen: CommentId, who: PersonId) -> Result<Vec<CommentId>> {
    let sql =
        "select id from comments where ticket = $1 and id > $2 and withdrawn_at is null and (author is null or author <> $3) order by id";
    let rows: Vec<(i64,)> = on!(conn, c => sqlx::query_as(sql).bind(ticket.0).bind(seen.0).bind(who.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id,)| CommentId(id)).collect())
}

/// What somebody has said since a page was made in just these words, with so many files, and not before `since`: the same form, sent
/// twice.
///
/// # Errors
/// When the database refuses.
pub async fn said_already(
    conn: &mut Conn,
    ticket: TicketNumber,
    seen: CommentId,
    (who, visibility): (PersonId, Visibility),
    (text, files): (&CommentText, usize),
    since: Timestamp,
) -> Result<Option<CommentId>> {
    let sql =
        "select id from comments where ticket = $1 and id > $2 and author = $3 and visibility = $4 and body = $5 and withdrawn_at is null
        and (select count(*) from attachments a where a.comment = comments.id) = $6 and created_at >= $7 order by id limit 1";
    let id: Option<i64> = on!(conn, c => sqlx::query_scalar(sql)
        .bind(ticket.0).bind(seen.0).bind(who.0).bind(visibility.as_str()).bind(text.as_str()).bind(i64::try_from(files).unwrap_or(i64::MAX)).bind(ms(since))
        .fetch_optional(c).await)?;
    Ok(id.map(CommentId))
}

/// Whether somebody has written more of this kind on a ticket than a page knows.
///
/// # Errors
/// When the database refuses.
pub async fn own_since(conn: &mut Conn, ticket: TicketNumber, seen: CommentId, who: PersonId, visibility: Visibility) -> Result<bool> {
    let sql = "select count(*) from (select 1 as one from comments
        where ticket = $1 and id > $2 and author = $3 and visibility = $4 and withdrawn_at is null limit 1) as found";
    let n: i64 =
        on!(conn, c => sqlx::query_scalar(sql).bind(ticket.0).bind(seen.0).bind(who.0).bind(visibility.as_str()).fetch_one(c).await)?;
    Ok(n > 0)
}

/// Comments by mail on one ticket within the hour before `now`: what the budget of a ticket counts. What a clock that was ahead has
/// written does not count.
///
/// # Errors
/// When the database refuses.
pub async fn by_mail_within_hour(conn: &mut Conn, ticket: TicketNumber, now: Timestamp) -> Result<u32> {
    let sql = "select count(*) from comments where ticket = $1 and via = 'mail' and created_at > $2 and created_at <= $3";
    let hour_ago = now - SignedDuration::from_hours(1);
    let n: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(ticket.0).bind(ms(hour_ago)).bind(ms(now)).fetch_one(c).await)?;
    Ok(u32::try_from(n).unwrap_or(u32::MAX))
}

/// Whether staff have written to the customer, and not taken it back.
///
/// # Errors
/// When the database refuses.
pub async fn answered(conn: &mut Conn, ticket: TicketNumber) -> Result<Answered> {
    let sql = "select count(*) from (select 1 as one from comments
        where ticket = $1 and visibility = 'public' and origin = 'staff' and withdrawn_at is null limit 1) as found";
    let n: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(ticket.0).fetch_one(c).await)?;
    Ok(if n > 0 { Answered::ByStaff } else { Answered::NotYet })
}

/// Which of two comments is the later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The one that was taken in later: no clock that was wrong is asked.
    TakenIn,
    /// The one that was written later: an import brings what stands before the rest.
    Written,
}

/// Whose turn it is by the last public comment of a person, and since when: since staff last wrote, or since the first comment that has
/// no answer. Staff's where there is none.
///
/// # Errors
/// When the database refuses.
pub async fn turn(conn: &mut Conn, ticket: TicketNumber, order: Order) -> Result<(Turn, Option<Timestamp>)> {
    let key = match order {
        Order::TakenIn => "cast(0 as bigint)",
        Order::Written => "created_at",
    };
    let sql = format!(
        "select {key} as key, id from comments where ticket = $1 and visibility = 'public' and origin = 'staff' and withdrawn_at is null
        order by key desc, id desc limit 1"
    );
    let staff: Option<(i64, i64)> = on!(conn, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(ticket.0).fetch_optional(c).await)?;
    let (since, id) = staff.unwrap_or((i64::MIN, 0));
    let sql = format!(
        "select origin, created_at from (select origin, created_at, id, {key} as key from comments where ticket = $1 and visibility = 'public'
            and origin <> 'machine' and withdrawn_at is null) said
        where key > $2 or key = $2 and id >= $3 order by key, id limit 2"
    );
    let last: Vec<(String, i64)> =
        on!(conn, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(ticket.0).bind(since).bind(id).fetch_all(c).await)?;
    Ok(match last.as_slice() {
        [(first, since)] if first == Origin::Staff.as_str() => (Turn::Customer, Some(at(*since))),
        [(first, _), (_, since)] if first == Origin::Staff.as_str() => (Turn::Staff, Some(at(*since))),
        [(_, since), ..] => (Turn::Staff, Some(at(*since))),
        [] => (Turn::Staff, None),
    })
}

/// Takes a reply back; it stays in the row and is shown no more.
///
/// # Errors
/// When the database refuses.
pub async fn withdraw(tx: &mut Tx, id: CommentId, now: Timestamp) -> Result<()> {
    on!(tx, c => sqlx::query("update comments set withdrawn_at = $2 where id = $1").bind(id.0).bind(ms(now)).execute(c).await.map(|_| ()))?;
    search::comment_changed(tx, id);
    Ok(())
}

/// A comment that a message of the ledger came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaidByMail {
    /// The comment.
    pub id: CommentId,
    /// Where it is now.
    pub ticket: TicketNumber,
}

/// What a message came to, unless it was taken back.
///
/// # Errors
/// When the database refuses.
pub async fn of_message(conn: &mut Conn, message: LedgerId) -> Result<Option<SaidByMail>> {
    let sql = "select id, ticket from comments where message = $1 and withdrawn_at is null order by origin = 'staff', id desc limit 1";
    let row: Option<(i64, i64)> = on!(conn, c => sqlx::query_as(sql).bind(message.0).fetch_optional(c).await)?;
    Ok(row.map(|(id, ticket)| SaidByMail { id: CommentId(id), ticket: TicketNumber(ticket) }))
}

/// The mails that customers and machines brought to a ticket, those taken back left out.
///
/// # Errors
/// When the database refuses.
pub async fn mails_of(conn: &mut Conn, ticket: TicketNumber) -> Result<Vec<LedgerId>> {
    let sql =
        "select message from comments where ticket = $1 and message is not null and origin <> 'staff' and withdrawn_at is null order by id";
    let rows: Vec<(i64,)> = on!(conn, c => sqlx::query_as(sql).bind(ticket.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id,)| LedgerId(id)).collect())
}

/// Whether more was said to or by the customer than this.
///
/// # Errors
/// When the database refuses.
pub async fn public_besides(conn: &mut Conn, ticket: TicketNumber, besides: CommentId) -> Result<bool> {
    let sql = "select count(*) from (select 1 as one from comments
        where ticket = $1 and id <> $2 and visibility = 'public' and withdrawn_at is null limit 1) as found";
    let n: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(ticket.0).bind(besides.0).fetch_one(c).await)?;
    Ok(n > 0)
}

/// Message-IDs of a ticket's mail, in and out, oldest first, at most the newest 20: what `References` continues.
///
/// # Errors
/// When the database refuses.
pub async fn thread_ids(conn: &mut Conn, ticket: TicketNumber, before: CommentId) -> Result<Vec<String>> {
    let sql = "select message_id from (
            select m.message_id, c.id as comment from comments c join messages m on m.id = c.message
                where c.ticket = $1 and c.id < $2 and c.visibility = 'public' and m.message_id is not null
            union all
            select o.message_id, c.id as comment from comments c join outbox o on o.comment = c.id
                where c.ticket = $1 and c.id < $2 and o.kind = 'reply' and c.withdrawn_at is null
        ) as ids order by comment desc limit 20";
    let rows: Vec<(String,)> = on!(conn, c => sqlx::query_as(sql).bind(ticket.0).bind(before.0).fetch_all(c).await)?;
    Ok(rows.into_iter().rev().map(|(id,)| id).collect())
}

/// A file of a comment.
#[derive(Clone, Debug)]
pub struct FileRow {
    /// As it is shown.
    pub filename: String,
    /// Lower case, without parameters.
    pub content_type: String,
    /// Bytes.
    pub size: usize,
    /// Its content.
    pub sha256: ContentHash,
}

/// The files of a comment, in their order.
///
/// # Errors
/// When the database refuses.
pub async fn files(conn: &mut Conn, comment: CommentId) -> Result<Vec<FileRow>> {
    let sql = "select filename, content_type, size, sha256 from attachments where comment = $1 order by position";
    let rows: Vec<(String, String, i64, String)> = on!(conn, c => sqlx::query_as(sql).bind(comment.0).fetch_all(c).await)?;
    let file = |(filename, content_type, size, sha256): (String, String, i64, String)| {
        Ok(FileRow { filename, content_type, size: usize::try_from(size).unwrap_or_default(), sha256: ContentHash::parse(&sha256)? })
    };
    rows.into_iter().map(file).collect()
}
