//! Rows of `mail_templates`: mail as somebody wrote it, in the place of what is shipped.

use jiff::Timestamp;

use crate::{
    desk::{
        id::{MailboxId, PersonId},
        mail_kind::MailKind,
    },
    store::{Conn, Result, Tx, at, ms, on, word},
};

/// One of them.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which mail.
    pub kind: MailKind,
    /// Of which mailbox; none: of every mailbox that has none of its own.
    pub mailbox: Option<MailboxId>,
    /// Its parts.
    pub subject: String,
    /// The text form.
    pub text: String,
    /// The HTML form.
    pub html: String,
    /// SHA-256 of the shipped one that it was written over.
    pub shipped: String,
    /// Why the shipped one was sent instead, last time.
    pub fault: Option<String>,
    /// When it was written.
    pub changed_at: Timestamp,
    /// By whom.
    pub changed_by: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Kept {
    kind: String,
    mailbox: Option<i64>,
    subject: String,
    text: String,
    html: String,
    shipped: String,
    fault: Option<String>,
    changed_at: i64,
    by_name: Option<String>,
}

impl Kept {
    fn row(self) -> Result<Row> {
        Ok(Row {
            kind: word("mail_templates", "kind", &self.kind, MailKind::parse)?,
            mailbox: self.mailbox.map(MailboxId),
            subject: self.subject,
            text: self.text,
            html: self.html,
            shipped: self.shipped,
            fault: self.fault,
            changed_at: at(self.changed_at),
            changed_by: self.by_name,
        })
    }
}

/// Every one.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn all(conn: &mut Conn) -> Result<Vec<Row>> {
    let sql = "select t.kind, t.mailbox, t.subject, t.text, t.html, t.shipped, t.fault, t.changed_at, p.name as by_name
        from mail_templates t left join people p on p.id = t.changed_by order by t.id";
    let rows: Vec<Kept> = on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
    rows.into_iter().map(Kept::row).collect()
}

/// One to be written.
#[derive(Clone, Copy, Debug)]
pub struct New<'a> {
    /// Which mail.
    pub kind: MailKind,
    /// Of which mailbox; none: of every one.
    pub mailbox: Option<MailboxId>,
    /// Its parts: subject, text, HTML.
    pub parts: [&'a str; 3],
    /// SHA-256 of the shipped one.
    pub shipped: &'a str,
    /// Who wrote it.
    pub by: PersonId,
}

/// Writes one in the place of whatever stands there.
///
/// # Errors
/// When the database refuses.
pub async fn put(tx: &mut Tx, new: &New<'_>, now: Timestamp) -> Result<()> {
    forget(tx, new.kind, new.mailbox).await?;
    let sql = "insert into mail_templates (kind, mailbox, subject, text, html, shipped, changed_at, changed_by) values ($1, $2, $3, $4, $5, $6, $7, $8)";
    let [subject, text, html] = new.parts;
    on!(tx, c => sqlx::query(sql)
        .bind(new.kind.as_str()).bind(new.mailbox.map(|it| it.0)).bind(subject).bind(text).bind(html).bind(new.shipped)
        .bind(ms(now)).bind(new.by.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Takes one away, so that the next more general one is sent; whether there was any.
///
/// # Errors
/// When the database refuses.
pub async fn forget(tx: &mut Tx, kind: MailKind, mailbox: Option<MailboxId>) -> Result<bool> {
    let sql = "delete from mail_templates where kind = $1 and coalesce(mailbox, 0) = $2";
    let gone = on!(tx, c => sqlx::query(sql)
        .bind(kind.as_str()).bind(mailbox.map_or(0, |it| it.0)).execute(c).await.map(|it| it.rows_affected()))?;
    Ok(gone > 0)
}

/// Notes why one could not be used, for the admins to be told.
///
/// # Errors
/// When the database refuses.
pub async fn failed(tx: &mut Tx, kind: MailKind, mailbox: Option<MailboxId>, why: &str) -> Result<()> {
    let sql = "update mail_templates set fault = $3 where kind = $1 and coalesce(mailbox, 0) = $2 and (fault is null or fault <> $3)";
    on!(tx, c => sqlx::query(sql)
        .bind(kind.as_str()).bind(mailbox.map_or(0, |it| it.0)).bind(why).execute(c).await.map(|_| ()))?;
    Ok(())
}
