//! Rows of `corrections` and `moves`: what people moved and merged, and each way that a comment has gone since.

use jiff::Timestamp;

use crate::{
    desk::{
        correction::{Correction, CorrectionKind},
        id::{CommentId, CorrectionId, LedgerId, PersonId, TicketNumber},
        ticket::Status,
    },
    store::{Conn, Result, Tx, at, ms, on, search, word},
};

/// A correction to be kept.
#[derive(Clone, Copy, Debug)]
pub struct NewCorrection {
    /// What was done.
    pub kind: CorrectionKind,
    /// Where the messages were.
    pub source: TicketNumber,
    /// Where they go.
    pub target: TicketNumber,
    /// The source's status before.
    pub status: Status,
    /// Who does it; none: maildesk itself, which has read the mail again.
    pub by: Option<PersonId>,
}

/// Keeps a correction.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut Tx, new: &NewCorrection, now: Timestamp) -> Result<CorrectionId> {
    let sql = "insert into corrections (kind, source, target, status, made_by, made_at) values ($1, $2, $3, $4, $5, $6) returning id";
    let id = on!(tx, c => sqlx::query_scalar(sql)
        .bind(new.kind.as_str()).bind(new.source.0).bind(new.target.0).bind(new.status.as_str()).bind(new.by.map(|it| it.0)).bind(ms(now))
        .fetch_one(c).await)?;
    Ok(CorrectionId(id))
}

/// Notes that it stands no longer.
///
/// # Errors
/// When the database refuses.
pub async fn undo(tx: &mut Tx, id: CorrectionId, by: PersonId, now: Timestamp) -> Result<()> {
    let sql = "update corrections set undone_by = $2, undone_at = $3 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(id.0).bind(by.0).bind(ms(now)).execute(c).await.map(|_| ()))?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    kind: String,
    source: i64,
    target: i64,
    status: String,
    made_by: Option<i64>,
    made_at: i64,
    undone_at: Option<i64>,
}

impl Row {
    fn correction(self) -> Result<Correction> {
        Ok(Correction {
            id: CorrectionId(self.id),
            kind: word("corrections", "kind", &self.kind, CorrectionKind::parse)?,
            source: TicketNumber(self.source),
            target: TicketNumber(self.target),
            status: word("corrections", "status", &self.status, Status::parse)?,
            made_by: self.made_by.map(PersonId),
            made_at: at(self.made_at),
            undone_at: self.undone_at.map(at),
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!("select id, kind, source, target, status, made_by, made_at, undone_at from corrections ", $rest)
    };
}

/// One correction.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn get(conn: &mut Conn, id: CorrectionId) -> Result<Option<Correction>> {
    let row: Option<Row> = on!(conn, c => sqlx::query_as(select!("where id = $1")).bind(id.0).fetch_optional(c).await)?;
    row.map(Row::correction).transpose()
}

/// The corrections that stand and took something from this ticket or brought something to it, oldest first.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn standing(conn: &mut Conn, ticket: TicketNumber) -> Result<Vec<Correction>> {
    let sql = select!("where (source = $1 or target = $1) and undone_at is null order by id");
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).bind(ticket.0).fetch_all(c).await)?;
    rows.into_iter().map(Row::correction).collect()
}

/// Whether this merge was made by undoing a split: the ticket that was made for a message is empty since.
///
/// # Errors
/// When the database refuses.
pub async fn emptied_by_undo(conn: &mut Conn, merge: &Correction) -> Result<bool> {
    let sql = "select count(*) from corrections where kind = 'split' and target = $1 and undone_at = $2";
    let n: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(merge.source.0).bind(ms(merge.made_at)).fetch_one(c).await)?;
    Ok(n > 0)
}

/// How the comments of these mails have gone, oldest first.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn ways_of_mails(conn: &mut Conn, mails: &[LedgerId]) -> Result<Vec<(LedgerId, Gone)>> {
    if mails.is_empty() {
        return Ok(Vec::new());
    }
    // Our own integers: nothing to escape.
    let these = mails.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "select c.message, k.kind, v.how, v.origin, v.target, m.name, p.name, v.moved_at from moves v join comments c on c.id = v.comment
            join corrections k on k.id = v.correction left join people m on m.id = k.made_by left join people p on p.id = v.moved_by
        where c.message in ({these}) order by v.id"
    );
    type Row = (i64, String, String, i64, i64, Option<String>, Option<String>, i64);
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(c).await)?;
    let gone = |(id, kind, how, origin, target, made_by, moved_by, moved_at): Row| {
        Ok((LedgerId(id), Gone::of((kind, how, origin, target, made_by, moved_by, moved_at))?))
    };
    rows.into_iter().map(gone).collect()
}

/// The merge that stands and took this ticket into another.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn merge_of(conn: &mut Conn, source: TicketNumber) -> Result<Option<Correction>> {
    let sql = select!("where source = $1 and kind = 'merge' and undone_at is null order by id desc limit 1");
    let row: Option<Row> = on!(conn, c => sqlx::query_as(sql).bind(source.0).fetch_optional(c).await)?;
    row.map(Row::correction).transpose()
}

/// How a comment came to go from one ticket to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By the correction itself.
    Moved,
    /// It came in since, about what was moved.
    Followed,
    /// The correction was undone.
    Returned,
}

impl How {
    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::Followed => "followed",
            Self::Returned => "returned",
        }
    }

    /// The word of [`How::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Moved, Self::Followed, Self::Returned].into_iter().find(|it| it.as_str() == word)
    }
}

/// A way from one ticket to another.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// The correction that it belongs to.
    pub correction: CorrectionId,
    /// From where.
    pub origin: TicketNumber,
    /// To where.
    pub target: TicketNumber,
    /// How.
    pub how: How,
    /// Who sends it; none: it follows by itself.
    pub by: Option<PersonId>,
}

/// Our own integers: nothing to escape, and both databases take them as they are.
fn listed(comments: &[CommentId]) -> String {
    comments.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Notes that comments went this way. What they were flagged with is kept beside it.
///
/// # Errors
/// When the database refuses.
pub async fn note(tx: &mut Tx, comments: &[CommentId], way: &Way, now: Timestamp) -> Result<()> {
    if comments.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "insert into moves (correction, comment, message_id, origin, target, how, flag, moved_by, moved_at)
        select $1, c.id, m.message_id, $2, $3, $4, c.flag, $5, $6 from comments c left join messages m on m.id = c.message
        where c.id in ({}) order by c.id",
        listed(comments)
    );
    on!(tx, c => sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(way.correction.0).bind(way.origin.0).bind(way.target.0).bind(way.how.as_str()).bind(way.by.map(|it| it.0)).bind(ms(now))
        .execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Puts comments on another ticket, with the rows of the ledger they came by and their words in the search; and notes it. The mail of
/// a comment that was taken back stays where it is: it waits, or something else was made of it.
///
/// # Errors
/// When the database refuses.
pub async fn relocate(tx: &mut Tx, comments: &[CommentId], way: &Way, now: Timestamp) -> Result<()> {
    if comments.is_empty() {
        return Ok(());
    }
    note(tx, comments, way, now).await?;
    let these = listed(comments);
    for sql in [
        // A helper's note above a mail that they forwarded goes without it.
        format!(
            "update messages set ticket = $1 where id in (select c.message from comments c where c.id in ({these}) and c.withdrawn_at is null and not (
                c.origin = 'staff' and exists (select 1 from comments o where o.ticket = c.ticket and o.message = c.message
                    and o.origin <> 'staff' and o.id not in ({these}))))"
        ),
        format!("update comments set ticket = $1 where id in ({these})"),
    ] {
        on!(tx, c => sqlx::query(sqlx::AssertSqlSafe(sql)).bind(way.target.0).execute(c).await.map(|_| ()))?;
    }
    comments.iter().for_each(|it| search::comment_changed(tx, *it));
    Ok(())
}

/// Every comment of a ticket, those taken back too.
///
/// # Errors
/// When the database refuses.
pub async fn comments_of(conn: &mut Conn, ticket: TicketNumber) -> Result<Vec<CommentId>> {
    let rows: Vec<(i64,)> =
        on!(conn, c => sqlx::query_as("select id from comments where ticket = $1 order by id").bind(ticket.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id,)| CommentId(id)).collect())
}

/// The mail a comment came by.
///
/// # Errors
/// When the database refuses.
pub async fn mail_of(conn: &mut Conn, comment: CommentId) -> Result<Option<LedgerId>> {
    let sql = "select message from comments where id = $1";
    let id: Option<Option<i64>> = on!(conn, c => sqlx::query_scalar(sql).bind(comment.0).fetch_optional(c).await)?;
    Ok(id.flatten().map(LedgerId))
}

/// The ticket on which a comment was said: where it was before anybody moved it.
///
/// # Errors
/// When the database refuses.
pub async fn said_on(conn: &mut Conn, comment: CommentId) -> Result<Option<TicketNumber>> {
    let sql = "select coalesce((select v.origin from moves v where v.comment = $1 and v.how <> 'followed' order by v.id limit 1), c.ticket)
        from comments c where c.id = $1";
    let number: Option<i64> = on!(conn, c => sqlx::query_scalar(sql).bind(comment.0).fetch_optional(c).await)?;
    Ok(number.map(TicketNumber))
}

/// Who has a public comment: its author, and those who took part where it was said when it was. Nobody else is ever sent it in
/// the history below a mail: whoever joins late, or whose ticket is merged, is not sent what was said before.
///
/// # Errors
/// When the database refuses.
pub async fn known_to(conn: &mut Conn, comment: CommentId) -> Result<Vec<PersonId>> {
    let Some(ticket) = said_on(conn, comment).await? else { return Ok(Vec::new()) };
    let sql = "select author from comments where id = $1 and author is not null
        union select p.person from comments c join participants p on p.ticket = $2
            where c.id = $1 and p.state = 'active'
                and (p.added_at < c.created_at or (p.added_at = c.created_at and p.came_with is null))
                -- Whoever was left out of a reply is not sent it with the next one.
                and (not exists (select 1 from outbox o where o.comment = c.id and o.kind = 'reply') or exists (
                    select 1 from outbox o join deliveries d on d.outbox = o.id where o.comment = c.id and o.kind = 'reply' and d.person = p.person))";
    let rows: Vec<(i64,)> = on!(conn, c => sqlx::query_as(sql).bind(comment.0).bind(ticket.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id,)| PersonId(id)).collect())
}

/// Takes off a comment's flag that its sender is new: whoever moves it here has agreed to them.
///
/// # Errors
/// When the database refuses.
pub async fn welcome(tx: &mut Tx, comment: CommentId) -> Result<()> {
    let sql = "update comments set flag = null where id = $1 and flag = 'new-participant'";
    on!(tx, c => sqlx::query(sql).bind(comment.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Gives comments the flags again that they had before this correction; the authors of those who were new then.
///
/// # Errors
/// When the database refuses.
pub async fn flag_again(tx: &mut Tx, id: CorrectionId, comments: &[CommentId]) -> Result<Vec<PersonId>> {
    if comments.is_empty() {
        return Ok(Vec::new());
    }
    let these = listed(comments);
    let sql = format!(
        "update comments set flag = 'new-participant' where id in ({these}) and exists (
            select 1 from moves v where v.correction = $1 and v.comment = comments.id and v.how = 'moved' and v.flag = 'new-participant')"
    );
    on!(tx, c => sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.0).execute(c).await.map(|_| ()))?;
    let sql = format!("select distinct author from comments where id in ({these}) and flag = 'new-participant' and author is not null");
    let rows: Vec<(i64,)> = on!(tx, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id,)| PersonId(id)).collect())
}

/// One way that a comment has gone, for whoever asks why it is where it is.
#[derive(Clone, Debug)]
pub struct Gone {
    /// What kind of correction it belongs to.
    pub kind: CorrectionKind,
    /// How.
    pub how: How,
    /// From where.
    pub origin: TicketNumber,
    /// To where.
    pub target: TicketNumber,
    /// Who made the correction.
    pub made_by: Option<String>,
    /// Who sent it this way; none: it followed by itself.
    pub moved_by: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Kind, how, origin, target, who made the correction, who sent it this way, when.
type GoneRow = (String, String, i64, i64, Option<String>, Option<String>, i64);

impl Gone {
    fn of((kind, how, origin, target, made_by, moved_by, moved_at): GoneRow) -> Result<Self> {
        Ok(Self {
            kind: word("corrections", "kind", &kind, CorrectionKind::parse)?,
            how: word("moves", "how", &how, How::parse)?,
            origin: TicketNumber(origin),
            target: TicketNumber(target),
            made_by,
            moved_by,
            at: at(moved_at),
        })
    }
}

/// Every way that a comment has gone, oldest first.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn ways_of(conn: &mut Conn, comment: CommentId) -> Result<Vec<Gone>> {
    let sql = "select k.kind, v.how, v.origin, v.target, m.name, p.name, v.moved_at from moves v join corrections k on k.id = v.correction
        left join people m on m.id = k.made_by left join people p on p.id = v.moved_by where v.comment = $1 order by v.id";
    let rows: Vec<GoneRow> = on!(conn, c => sqlx::query_as(sql).bind(comment.0).fetch_all(c).await)?;
    rows.into_iter().map(Gone::of).collect()
}
