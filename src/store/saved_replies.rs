//! Rows of `saved_replies`: texts that are written again and again, one's own and everybody's.

use jiff::Timestamp;

use crate::{
    desk::id::{MailboxId, PersonId, SavedReplyId},
    store::{Conn, Result, Tx, at, ms, on},
};

/// A saved reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedReply {
    /// Its row.
    pub id: SavedReplyId,
    /// Whose; none: everybody's.
    pub owner: Option<PersonId>,
    /// On tickets of which mailbox it is offered; none: of any.
    pub mailbox: Option<MailboxId>,
    /// What it is called.
    pub name: String,
    /// With placeholders.
    pub body: String,
    /// Who changed it last.
    pub changed_by: String,
    /// When.
    pub changed_at: Timestamp,
    /// How often it was sent since `since`.
    pub used: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    owner: Option<i64>,
    mailbox: Option<i64>,
    name: String,
    body: String,
    changed_by: String,
    changed_at: i64,
    used: i64,
}

impl Row {
    fn saved(self) -> SavedReply {
        SavedReply {
            id: SavedReplyId(self.id),
            owner: self.owner.map(PersonId),
            mailbox: self.mailbox.map(MailboxId),
            name: self.name,
            body: self.body,
            changed_by: self.changed_by,
            changed_at: at(self.changed_at),
            used: self.used,
        }
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select s.id, s.owner, s.mailbox, s.name, s.body, p.name as changed_by, s.changed_at,
                (select count(*) from saved_reply_uses u where u.reply = s.id and u.used_at > $2) as used
             from saved_replies s join people p on p.id = s.changed_by ",
            $rest
        )
    };
}

/// Everybody's and `person`'s own, by name; how often each was sent since then.
///
/// # Errors
/// When the database refuses.
pub async fn of(conn: &mut Conn, person: PersonId, since: Timestamp) -> Result<Vec<SavedReply>> {
    let sql = select!("where s.owner is null or s.owner = $1 order by lower(s.name), s.id");
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).bind(person.0).bind(ms(since)).fetch_all(c).await)?;
    Ok(rows.into_iter().map(Row::saved).collect())
}

/// By id, whoever's it is.
///
/// # Errors
/// When the database refuses.
pub async fn get(conn: &mut Conn, id: SavedReplyId) -> Result<Option<SavedReply>> {
    let row: Option<Row> = on!(conn, c => sqlx::query_as(select!("where s.id = $1")).bind(id.0).bind(i64::MAX).fetch_optional(c).await)?;
    Ok(row.map(Row::saved))
}

/// What is written of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saving {
    /// Whose; none: everybody's.
    pub owner: Option<PersonId>,
    /// On tickets of which mailbox; none: of any.
    pub mailbox: Option<MailboxId>,
    /// What it is called.
    pub name: String,
    /// Its placeholders are known ones.
    pub body: String,
}

/// Keeps a new one.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut Tx, new: &Saving, by: PersonId, now: Timestamp) -> Result<SavedReplyId> {
    let sql = "insert into saved_replies (owner, mailbox, name, body, changed_by, changed_at) values ($1, $2, $3, $4, $5, $6) returning id";
    let id = on!(tx, c => sqlx::query_scalar(sql)
        .bind(new.owner.map(|it| it.0)).bind(new.mailbox.map(|it| it.0)).bind(&new.name).bind(&new.body).bind(by.0).bind(ms(now))
        .fetch_one(c).await)?;
    Ok(SavedReplyId(id))
}

/// Changes one.
///
/// # Errors
/// When the database refuses.
pub async fn update(tx: &mut Tx, id: SavedReplyId, new: &Saving, by: PersonId, now: Timestamp) -> Result<()> {
    let sql = "update saved_replies set owner = $2, mailbox = $3, name = $4, body = $5, changed_by = $6, changed_at = $7 where id = $1";
    on!(tx, c => sqlx::query(sql)
        .bind(id.0).bind(new.owner.map(|it| it.0)).bind(new.mailbox.map(|it| it.0)).bind(&new.name).bind(&new.body).bind(by.0).bind(ms(now))
        .execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Removes one; what was sent with it stays as it is.
///
/// # Errors
/// When the database refuses.
pub async fn remove(tx: &mut Tx, id: SavedReplyId) -> Result<()> {
    for sql in ["delete from saved_reply_uses where reply = $1", "delete from saved_replies where id = $1"] {
        on!(tx, c => sqlx::query(sql).bind(id.0).execute(c).await.map(|_| ()))?;
    }
    Ok(())
}

/// Counts that one was sent; nothing where it is gone.
///
/// # Errors
/// When the database refuses.
pub async fn count_use(tx: &mut Tx, id: SavedReplyId, now: Timestamp) -> Result<()> {
    let sql = "insert into saved_reply_uses (reply, used_at) select id, cast($2 as bigint) from saved_replies where id = $1";
    on!(tx, c => sqlx::query(sql).bind(id.0).bind(ms(now)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Forgets the uses before then.
///
/// # Errors
/// When the database refuses.
pub async fn forget_uses(tx: &mut Tx, before: Timestamp) -> Result<()> {
    on!(tx, c => sqlx::query("delete from saved_reply_uses where used_at < $1").bind(ms(before)).execute(c).await.map(|_| ()))?;
    Ok(())
}
