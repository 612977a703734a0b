//! The ledger as a page shows it: every message that ever arrived, and what became of it.

use jiff::Timestamp;

use crate::{
    desk::{
        id::{LedgerId, TicketNumber},
        triage::SenderCheck,
    },
    store::{Conn, Result, at, blobs::ContentHash, messages::sender_check, on},
};

/// One line of the ledger.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its row.
    pub id: LedgerId,
    /// Its octets.
    pub sha256: ContentHash,
    /// The address of the mailbox it came in.
    pub mailbox: String,
    /// When the server got it.
    pub received_at: Timestamp,
    /// From, folded; none before it is decided, and for a mail that names nobody.
    pub sender: Option<String>,
    /// As it says.
    pub subject: String,
    /// `open-ticket`, `add-comment`, `record-bounce`, `hold` or `ignore`; none: not decided yet.
    pub decision: Option<String>,
    /// The deciding answer in one sentence.
    pub reason: String,
    /// JSON: every question and what was found.
    pub trace: String,
    /// What a trusted server says about the sender.
    pub sender_check: Option<SenderCheck>,
    /// Where it went.
    pub ticket: Option<TicketNumber>,
    /// Its place among the held.
    pub held: Option<String>,
    /// In how many places on servers it was met.
    pub sightings: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    sha256: String,
    address: String,
    received_at: i64,
    sender: Option<String>,
    subject: Option<String>,
    decision: Option<String>,
    reason: Option<String>,
    trace: Option<String>,
    authenticity: Option<String>,
    authenticity_why: Option<String>,
    ticket: Option<i64>,
    held: Option<String>,
    sightings: i64,
}

impl Row {
    fn line(self) -> Result<Line> {
        Ok(Line {
            id: LedgerId(self.id),
            sha256: ContentHash::parse(&self.sha256)?,
            mailbox: self.address,
            received_at: at(self.received_at),
            sender: self.sender,
            subject: self.subject.unwrap_or_default(),
            decision: self.decision,
            reason: self.reason.unwrap_or_default(),
            trace: self.trace.unwrap_or_default(),
            sender_check: sender_check(self.authenticity, self.authenticity_why)?,
            ticket: self.ticket.map(TicketNumber),
            held: self.held,
            sightings: self.sightings,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select m.id, m.sha256, b.address, m.received_at, m.sender, m.subject, m.decision, m.reason, m.trace, m.authenticity, m.authenticity_why, m.ticket, m.held,
                (select count(*) from sightings s where s.message = m.id) as sightings
            from messages m join mailboxes b on b.id = m.mailbox ",
            $rest
        )
    };
}

/// Whether round-trip probes stand among what people wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Probes {
    /// They would fill the list.
    #[default]
    LeftOut,
    /// Everything is shown.
    Shown,
}

/// One page, the newest first, behind `before`.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn list(conn: &mut Conn, probes: Probes, before: Option<LedgerId>, limit: i64) -> Result<Vec<Line>> {
    let before = before.map_or(i64::MAX, |it| it.0);
    let sql = match probes {
        Probes::LeftOut => select!(
            "where m.id < $1 and not (coalesce(m.decision, '') = 'ignore' and exists (select 1 from outbox o
                where o.message_id = m.message_id and o.kind = 'probe')) order by m.id desc limit $2"
        ),
        Probes::Shown => select!("where m.id < $1 order by m.id desc limit $2"),
    };
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).bind(before).bind(limit).fetch_all(c).await)?;
    rows.into_iter().map(Row::line).collect()
}

/// One message.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn get(conn: &mut Conn, id: LedgerId) -> Result<Option<Line>> {
    let row: Option<Row> = on!(conn, c => sqlx::query_as(select!("where m.id = $1")).bind(id.0).fetch_optional(c).await)?;
    row.map(Row::line).transpose()
}

/// Whether its sender was sent a receipt for it.
///
/// # Errors
/// When the database refuses.
pub async fn was_acknowledged(conn: &mut Conn, id: LedgerId) -> Result<bool> {
    let sql = "select count(*) from outbox o join events e on e.ticket = o.ticket and e.kind = 'opened' join comments c on c.id = e.comment
        join deliveries d on d.outbox = o.id where o.kind = 'receipt' and d.state <> 'withheld' and c.message = $1";
    let n: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(id.0).fetch_one(c).await)?;
    Ok(n > 0)
}
