//! Messages that were taken in and wait for a person, as the page of held mail shows them.

use jiff::Timestamp;

use crate::{
    desk::{
        id::{LedgerId, MailboxId, TicketNumber},
        triage::SenderCheck,
    },
    store::{
        Conn, Result, at,
        blobs::ContentHash,
        messages::{Held, Taken, sender_check},
        on, word,
    },
};

/// One held message.
#[derive(Clone, Debug)]
pub struct HeldMail {
    /// Its row.
    pub id: LedgerId,
    /// Its octets.
    pub sha256: ContentHash,
    /// Where it came in.
    pub mailbox: MailboxId,
    /// The address of that mailbox.
    pub mailbox_address: String,
    /// When the server got it.
    pub received_at: Timestamp,
    /// On the server; bytes.
    pub size: i64,
    /// How much of it we have.
    pub taken: Taken,
    /// From, folded.
    pub sender: Option<String>,
    /// The name beside it.
    pub sender_name: Option<String>,
    /// As it says.
    pub subject: String,
    /// The deciding answer in one sentence.
    pub reason: String,
    /// JSON: every question and what was found.
    pub trace: String,
    /// What a trusted server says about the sender.
    pub sender_check: Option<SenderCheck>,
    /// Where it stands.
    pub held: Held,
    /// Who settled it, and when.
    pub settled: Option<(String, Timestamp)>,
    /// The ticket it was released to.
    pub ticket: Option<TicketNumber>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    sha256: String,
    mailbox: i64,
    address: String,
    received_at: i64,
    size: i64,
    whole: i64,
    sender: Option<String>,
    sender_name: Option<String>,
    subject: Option<String>,
    reason: Option<String>,
    trace: Option<String>,
    authenticity: Option<String>,
    authenticity_why: Option<String>,
    held: String,
    held_by: Option<String>,
    held_done_at: Option<i64>,
    ticket: Option<i64>,
}

impl Row {
    fn mail(self) -> Result<HeldMail> {
        Ok(HeldMail {
            id: LedgerId(self.id),
            sha256: ContentHash::parse(&self.sha256)?,
            mailbox: MailboxId(self.mailbox),
            mailbox_address: self.address,
            received_at: at(self.received_at),
            size: self.size,
            taken: if self.whole == 1 { Taken::Whole } else { Taken::HeaderOnly },
            sender: self.sender,
            sender_name: self.sender_name,
            subject: self.subject.unwrap_or_default(),
            reason: self.reason.unwrap_or_default(),
            trace: self.trace.unwrap_or_default(),
            sender_check: sender_check(self.authenticity, self.authenticity_why)?,
            held: word("messages", "held", &self.held, Held::parse)?,
            settled: self.held_by.zip(self.held_done_at.map(at)),
            ticket: self.ticket.map(TicketNumber),
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select m.id, m.sha256, m.mailbox, b.address, m.received_at, m.size, m.whole, m.sender, m.sender_name, m.subject, m.reason, m.trace,
                m.authenticity, m.authenticity_why, m.held, p.name as held_by, m.held_done_at, m.ticket
            from messages m join mailboxes b on b.id = m.mailbox left join people p on p.id = m.held_by ",
            $rest
        )
    };
}

/// One page of those that stand so, the newest first, behind `before`.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn list(conn: &mut Conn, held: Held, before: Option<LedgerId>, limit: i64) -> Result<Vec<HeldMail>> {
    let sql = select!("where m.held = $1 and m.id < $2 order by m.id desc limit $3");
    let before = before.map_or(i64::MAX, |it| it.0);
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).bind(held.as_str()).bind(before).bind(limit).fetch_all(c).await)?;
    rows.into_iter().map(Row::mail).collect()
}

/// One message that was ever held.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn get(conn: &mut Conn, id: LedgerId) -> Result<Option<HeldMail>> {
    let sql = select!("where m.id = $1 and m.held is not null");
    let row: Option<Row> = on!(conn, c => sqlx::query_as(sql).bind(id.0).fetch_optional(c).await)?;
    row.map(Row::mail).transpose()
}
