//! The whole of one ticket as its page shows it: what was said, by which mail it came and went, and what was changed.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    desk::{
        comment::{Flag, Origin, Via, Visibility},
        delivery::DeliveryState,
        event::EventKind,
        id::{AttachmentId, CommentId, DeliveryId, LedgerId, PersonId, TicketNumber},
        triage::SenderCheck,
    },
    store::{
        Conn, Result, at, mentions,
        messages::sender_check,
        on,
        remarks::{Remarks, remarks},
        word,
    },
};

pub use crate::store::stored_files::{RawMail, StoredFile, file, raw_mail, trace};

/// Who said or did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// Their row.
    pub id: PersonId,
    /// As they are called.
    pub name: String,
    /// Where they are written to.
    pub email: String,
}

fn author(id: Option<i64>, name: Option<String>, email: Option<String>) -> Option<Author> {
    Some(Author { id: PersonId(id?), name: name?, email: email? })
}

/// Which part of what was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everything, for staff.
    Staff,
    /// What a customer may see: public and not taken back.
    Customer,
}

/// One comment with what belongs to it.
#[derive(Clone, Debug)]
pub struct Said {
    /// Its row.
    pub id: CommentId,
    /// Who may read it.
    pub visibility: Visibility,
    /// Whose voice it is.
    pub origin: Origin,
    /// Who wrote it.
    pub author: Option<Author>,
    /// The way it came in.
    pub via: Via,
    /// What was newly written.
    pub body: String,
    /// History and signature that were cut.
    pub quoted: String,
    /// Whether there is sanitised HTML to show.
    pub has_html: bool,
    /// Remote pictures that were left out.
    pub remote_images: i64,
    /// The mail it came by.
    pub mail: Option<ByMail>,
    /// What staff should know about how it came.
    pub flag: Option<Flag>,
    /// What words in Markdown come to, sanitised.
    pub rendered: Option<String>,
    /// What stands below a reply; empty: nothing.
    pub signature: String,
    /// What it calls the colleagues whom it names.
    pub named: Vec<String>,
    /// When it was taken back within its undo window.
    pub withdrawn_at: Option<Timestamp>,
    /// When it was said.
    pub created_at: Timestamp,
    /// Files beside it, in order.
    pub files: Vec<File>,
    /// Where its mail stands, for each recipient.
    pub deliveries: Vec<Delivery>,
}

impl Said {
    /// When it was said, as people are told it: mail that lay among the held came before it was made a comment. Comments keep the
    /// order in which they were made.
    #[must_use]
    pub fn said_at(&self) -> Timestamp {
        self.released().map_or(self.created_at, |(mail, _)| mail.received_at)
    }

    /// The held mail that it was made of, and who made it.
    #[must_use]
    pub fn released(&self) -> Option<(&ByMail, &str)> {
        self.mail.as_ref().and_then(|it| Some((it, it.released_by.as_deref()?)))
    }
}

/// The mail a comment came by.
#[derive(Clone, Debug)]
pub struct ByMail {
    /// Its row in the ledger.
    pub id: LedgerId,
    /// When the server got it.
    pub received_at: Timestamp,
    /// Who made the comment of it, where it lay among held mail.
    pub released_by: Option<String>,
    /// From, folded.
    pub sender: Option<String>,
    /// The name beside it.
    pub sender_name: Option<String>,
    /// What a trusted server says about the sender.
    pub sender_check: Option<SenderCheck>,
    /// What reading it remarked.
    pub remarks: Remarks,
}

/// A file beside a comment.
#[derive(Clone, Debug)]
pub struct File {
    /// Its row.
    pub id: AttachmentId,
    /// Safe to show.
    pub filename: String,
    /// What the sender takes it for.
    pub content_type: String,
    /// Bytes.
    pub size: i64,
    /// Set for a picture that the HTML shows.
    pub content_id: Option<String>,
}

/// One recipient of a comment's mail.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its row.
    pub id: DeliveryId,
    /// To whom.
    pub address: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Not before.
    pub next_at: Timestamp,
    /// How often it was tried.
    pub attempts: i64,
    /// The server's own words.
    pub words: Option<String>,
    /// Why a person must first say so before it leaves.
    pub held_back: Option<String>,
    /// When it was settled.
    pub settled_at: Option<Timestamp>,
    /// When somebody said that nothing more is to be done about it.
    pub set_aside_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct SaidRow {
    id: i64,
    visibility: String,
    origin: String,
    author: Option<i64>,
    author_name: Option<String>,
    author_email: Option<String>,
    via: String,
    body: String,
    quoted: String,
    has_html: i64,
    rendered: Option<String>,
    signature: String,
    remote_images: i64,
    message: Option<i64>,
    received_at: Option<i64>,
    released_by: Option<String>,
    sender: Option<String>,
    sender_name: Option<String>,
    authenticity: Option<String>,
    authenticity_why: Option<String>,
    encrypted: Option<String>,
    warnings: Option<String>,
    flag: Option<String>,
    withdrawn_at: Option<i64>,
    created_at: i64,
}

impl SaidRow {
    fn said(self) -> Result<Said> {
        let (sender, sender_name) = (self.sender, self.sender_name);
        let (received_at, released_by) = (at(self.received_at.unwrap_or(self.created_at)), self.released_by);
        let sender_check = sender_check(self.authenticity, self.authenticity_why)?;
        let remarks = remarks(self.encrypted, self.warnings)?;
        Ok(Said {
            id: CommentId(self.id),
            visibility: word("comments", "visibility", &self.visibility, Visibility::parse)?,
            origin: word("comments", "origin", &self.origin, Origin::parse)?,
            author: author(self.author, self.author_name, self.author_email),
            via: word("comments", "via", &self.via, Via::parse)?,
            body: self.body,
            quoted: self.quoted,
            has_html: self.has_html != 0,
            remote_images: self.remote_images,
            mail: self.message.map(|id| ByMail { id: LedgerId(id), received_at, released_by, sender, sender_name, sender_check, remarks }),
            flag: self.flag.map(|flag| word("comments", "flag", &flag, Flag::parse)).transpose()?,
            rendered: self.rendered,
            signature: self.signature,
            named: Vec::new(),
            withdrawn_at: self.withdrawn_at.map(at),
            created_at: at(self.created_at),
            files: Vec::new(),
            deliveries: Vec::new(),
        })
    }
}

/// The last `limit` comments of a ticket that the audience may read, oldest first, with files and deliveries.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn said(conn: &mut Conn, ticket: TicketNumber, audience: Audience, limit: i64) -> Result<Vec<Said>> {
    found(conn, ticket, audience, Part::Last, limit).await
}

/// The first `limit` comments of a ticket behind this one, oldest first, with files and deliveries.
///
/// # Errors
/// As [`said`].
pub async fn said_after(conn: &mut Conn, ticket: TicketNumber, audience: Audience, after: CommentId, limit: i64) -> Result<Vec<Said>> {
    found(conn, ticket, audience, Part::After(after), limit).await
}

/// One comment of a ticket. None: it is not on this one.
///
/// # Errors
/// As [`said`].
pub async fn one(conn: &mut Conn, ticket: TicketNumber, id: CommentId) -> Result<Option<Said>> {
    let before = CommentId(id.0.saturating_sub(1));
    Ok(said_after(conn, ticket, Audience::Staff, before, 1).await?.pop().filter(|it| it.id == id))
}

/// Which comments of a ticket.
#[derive(Clone, Copy)]
enum Part {
    Last,
    After(CommentId),
}

async fn found(conn: &mut Conn, ticket: TicketNumber, audience: Audience, part: Part, limit: i64) -> Result<Vec<Said>> {
    let which = match audience {
        Audience::Staff => "",
        Audience::Customer => " and visibility = 'public' and withdrawn_at is null",
    };
    let order = match part {
        Part::Last => "order by id desc".to_owned(),
        Part::After(after) => format!("and id > {after} order by id"),
    };
    let sql = format!(
        "select c.id, c.visibility, c.origin, c.author, p.name as author_name, p.email as author_email, c.via, c.body, c.quoted,
            cast(case when c.html is null or c.markup = 'markdown' then 0 else 1 end as bigint) as has_html,
            case when c.markup = 'markdown' then c.html end as rendered, c.signature, c.remote_images, c.message, m.sender, m.sender_name,
            m.authenticity, m.authenticity_why, m.encrypted, m.warnings, c.flag, c.withdrawn_at, c.created_at, m.received_at,
            (select s.name from events e join people s on s.id = e.actor
                where e.kind = 'released' and e.at = c.created_at and e.comment = c.id limit 1) as released_by
         from (select id as found from comments where ticket = $1{which} {order} limit $2) latest
         join comments c on c.id = latest.found left join people p on p.id = c.author left join messages m on m.id = c.message
         order by c.id"
    );
    let rows: Vec<SaidRow> = on!(conn, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(ticket.0).bind(limit).fetch_all(c).await)?;
    let mut said = rows.into_iter().map(SaidRow::said).collect::<Result<Vec<Said>>>()?;
    let Some(first) = said.first().map(|it| it.id) else { return Ok(said) };
    let mut files = files(conn, ticket, first).await?;
    let mut deliveries = deliveries(conn, ticket, first).await?;
    let mut named = if audience == Audience::Staff { mentions::of_ticket(conn, ticket).await? } else { BTreeMap::new() };
    for comment in &mut said {
        comment.named = named.remove(&comment.id).unwrap_or_default();
        comment.files = files.remove(&comment.id).unwrap_or_default();
        comment.deliveries = deliveries.remove(&comment.id).unwrap_or_default();
    }
    Ok(said)
}

/// The files of a ticket's comments from this one on, in order.
///
/// # Errors
/// When the database refuses.
pub async fn files(conn: &mut Conn, ticket: TicketNumber, from: CommentId) -> Result<BTreeMap<CommentId, Vec<File>>> {
    let sql =
        "select a.comment, a.id, a.filename, a.content_type, a.size, a.content_id from comments c join attachments a on a.comment = c.id
        where c.ticket = $1 and c.id >= $2 order by a.comment, a.position";
    type Row = (i64, i64, String, String, i64, Option<String>);
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).bind(ticket.0).bind(from.0).fetch_all(c).await)?;
    let mut files: BTreeMap<CommentId, Vec<File>> = BTreeMap::new();
    for (comment, id, filename, content_type, size, content_id) in rows {
        files.entry(CommentId(comment)).or_default().push(File { id: AttachmentId(id), filename, content_type, size, content_id });
    }
    Ok(files)
}

/// A comment with its mail, without its words.
#[derive(Clone, Debug)]
pub struct Mailed {
    /// Its row.
    pub id: CommentId,
    /// Whose voice it is.
    pub origin: Origin,
    /// Who wrote it.
    pub author: Option<PersonId>,
    /// Where its mail stands, for each recipient; never empty.
    pub deliveries: Vec<Delivery>,
}

/// Those of the last `limit` comments of a ticket that are mailed to somebody, oldest first.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn mailed(conn: &mut Conn, ticket: TicketNumber, limit: i64) -> Result<Vec<Mailed>> {
    let sql = "select id, origin, author from comments where ticket = $1 order by id desc limit $2";
    let rows: Vec<(i64, String, Option<i64>)> = on!(conn, c => sqlx::query_as(sql).bind(ticket.0).bind(limit).fetch_all(c).await)?;
    let Some(first) = rows.last().map(|it| CommentId(it.0)) else { return Ok(Vec::new()) };
    let mut all = deliveries(conn, ticket, first).await?;
    let mut mailed = Vec::new();
    for (id, origin, author) in rows.into_iter().rev() {
        if let Some(deliveries) = all.remove(&CommentId(id)) {
            let origin = word("comments", "origin", &origin, Origin::parse)?;
            mailed.push(Mailed { id: CommentId(id), origin, author: author.map(PersonId), deliveries });
        }
    }
    Ok(mailed)
}

/// The mail that carries a comment to customers; notices to helpers are not the comment's own.
async fn deliveries(conn: &mut Conn, ticket: TicketNumber, from: CommentId) -> Result<BTreeMap<CommentId, Vec<Delivery>>> {
    let sql = "select o.comment, d.id, d.address, d.state, d.next_at, d.attempts, d.words, d.settled_at, d.held_back, d.set_aside_at
        from comments c join outbox o on o.comment = c.id and o.kind in ('reply', 'relay') join deliveries d on d.outbox = o.id
        where c.ticket = $1 and c.id >= $2 order by d.id";
    type Row = (i64, i64, String, String, i64, i64, Option<String>, Option<i64>, Option<String>, Option<i64>);
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).bind(ticket.0).bind(from.0).fetch_all(c).await)?;
    let mut deliveries: BTreeMap<CommentId, Vec<Delivery>> = BTreeMap::new();
    for (comment, id, address, state, next_at, attempts, words, settled_at, held_back, set_aside_at) in rows {
        let state = word("deliveries", "state", &state, DeliveryState::parse)?;
        let (id, next_at, settled_at, set_aside_at) = (DeliveryId(id), at(next_at), settled_at.map(at), set_aside_at.map(at));
        let delivery = Delivery { id, address, state, next_at, attempts, words, held_back, settled_at, set_aside_at };
        deliveries.entry(CommentId(comment)).or_default().push(delivery);
    }
    Ok(deliveries)
}

/// A comment's sanitised HTML and the ticket it is on.
///
/// # Errors
/// When the database refuses.
pub async fn html(conn: &mut Conn, comment: CommentId) -> Result<Option<(TicketNumber, Visibility, String)>> {
    let sql = "select ticket, visibility, html from comments where id = $1 and html is not null and markup <> 'markdown' and withdrawn_at is null";
    let row: Option<(i64, String, String)> = on!(conn, c => sqlx::query_as(sql).bind(comment.0).fetch_optional(c).await)?;
    let Some((ticket, visibility, html)) = row else { return Ok(None) };
    Ok(Some((TicketNumber(ticket), word("comments", "visibility", &visibility, Visibility::parse)?, html)))
}

/// One line of the history.
#[derive(Clone, Debug)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// Who; none: maildesk itself.
    pub actor: Option<Author>,
    /// What it was.
    pub old: Option<String>,
    /// What it is.
    pub new: Option<String>,
}

/// The last `limit` lines of a ticket's history, oldest first.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn history(conn: &mut Conn, ticket: TicketNumber, limit: i64) -> Result<Vec<Line>> {
    let sql = "select e.at, e.kind, e.actor, p.name, p.email, e.old, e.new from events e left join people p on p.id = e.actor
        where e.ticket = $1 order by e.id desc limit $2";
    type Row = (i64, String, Option<i64>, Option<String>, Option<String>, Option<String>, Option<String>);
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).bind(ticket.0).bind(limit).fetch_all(c).await)?;
    let line = |(when, kind, actor, name, email, old, new): Row| {
        let kind = word("events", "kind", &kind, EventKind::parse)?;
        Ok(Line { at: at(when), kind, actor: author(actor, name, email), old, new })
    };
    rows.into_iter().rev().map(line).collect()
}
