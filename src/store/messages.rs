//! The ledger: every message the daemon ever saw (MAIL.md, "The ledger").

use jiff::Timestamp;

use crate::{
    desk::{
        id::{InstanceId, LedgerId, MailboxId, SenderRuleId, TicketNumber},
        message::MessageId,
        triage::{Authenticity, HeldFor, SenderCheck},
    },
    store::{Conn, Result, Tx, at, blobs::ContentHash, later::NewDecision, ms, on, remarks::Remarks},
};

mod known;

pub use known::{erased_of, kept_under, known_of};

/// A message as it was fetched, its octets already kept.
#[derive(Clone, Debug)]
pub struct Arrived<'a> {
    /// Where it was met.
    pub mailbox: MailboxId,
    /// What makes it the same message when it is met again (`mail/content_key.rs`).
    pub content_key: &'a str,
    /// Its octets.
    pub sha256: &'a ContentHash,
    /// On the server; of a message too large, more than was taken.
    pub size: u64,
    /// When the server got it.
    pub received_at: Timestamp,
    /// The whole, or the header alone of one that is too large.
    pub taken: Taken,
}

/// How much of a message was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// All of it.
    Whole,
    /// Only its header: it is larger than the desk takes.
    HeaderOnly,
}

/// What keeping a message came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A new row, to be decided.
    New(LedgerId),
    /// It is in the ledger already: another sighting (I3).
    Known(LedgerId),
}

impl Kept {
    /// The row, in either case.
    #[must_use]
    pub fn id(self) -> LedgerId {
        match self {
            Self::New(id) | Self::Known(id) => id,
        }
    }
}

/// Keeps messages, each as a new row or as the one that has it already; in their order.
///
/// # Errors
/// When the database refuses.
pub async fn keep(tx: &mut Tx, all: &[Arrived<'_>], now: Timestamp) -> Result<Vec<Kept>> {
    let made: Vec<(i64, String)> = on!(tx, c => {
        let mut sql = sqlx::QueryBuilder::new("insert into messages (content_key, sha256, size, mailbox, received_at, stored_at, state, whole) ");
        sql.push_values(all, |mut row, it| {
            let size = i64::try_from(it.size).unwrap_or(i64::MAX);
            row.push_bind(it.content_key).push_bind(it.sha256.as_str()).push_bind(size).push_bind(it.mailbox.0).push_bind(ms(it.received_at));
            row.push_bind(ms(now)).push_bind("stored").push_bind(i64::from(it.taken == Taken::Whole));
        });
        sql.push(" on conflict (content_key) do nothing returning id, content_key");
        sql.build_query_as().fetch_all(c).await
    })?;
    let mut made: std::collections::HashMap<String, i64> = made.into_iter().map(|(id, key)| (key, id)).collect();
    let mut kept = Vec::with_capacity(all.len());
    for it in all {
        // The same message twice in one batch is new once.
        if let Some(id) = made.remove(it.content_key) {
            kept.push(Kept::New(LedgerId(id)));
            continue;
        }
        let sql = "select id from messages where content_key = $1";
        let id: i64 = on!(tx, c => sqlx::query_scalar(sql).bind(it.content_key).fetch_one(c).await)?;
        kept.push(Kept::Known(LedgerId(id)));
    }
    Ok(kept)
}

/// A row of the ledger as the decision needs it.
#[derive(Clone, Debug)]
pub struct LedgerRow {
    /// The row.
    pub id: LedgerId,
    /// Its octets.
    pub sha256: ContentHash,
    /// On the server.
    pub size: u64,
    /// Where it came in.
    pub mailbox: MailboxId,
    /// When the server got it.
    pub received_at: Timestamp,
    /// How much of it we have.
    pub taken: Taken,
    /// How often its decision was begun and not ended.
    pub starts: i64,
    /// Its place among the held, if it was ever held.
    pub held: Option<Held>,
}

/// Where a held message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// For a person to look at.
    Waiting,
    /// Made a ticket or a comment by a person.
    Released,
    /// Left aside by a person; it can still be released.
    Discarded,
}

impl Held {
    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Released => "released",
            Self::Discarded => "discarded",
        }
    }

    /// The word of [`Held::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Waiting, Self::Released, Self::Discarded].into_iter().find(|it| it.as_str() == word)
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    sha256: String,
    size: i64,
    mailbox: i64,
    received_at: i64,
    whole: i64,
    starts: i64,
    held: Option<String>,
}

impl Row {
    fn ledger(self) -> Result<LedgerRow> {
        Ok(LedgerRow {
            id: LedgerId(self.id),
            sha256: ContentHash::parse(&self.sha256)?,
            size: u64::try_from(self.size).unwrap_or(0),
            mailbox: MailboxId(self.mailbox),
            received_at: at(self.received_at),
            taken: if self.whole == 1 { Taken::Whole } else { Taken::HeaderOnly },
            starts: self.starts,
            held: self.held.map(|it| super::word("messages", "held", &it, Held::parse)).transpose()?,
        })
    }
}

/// What is left to decide, oldest first, at most `limit`; of one mailbox, or of all.
///
/// # Errors
/// When the database refuses.
pub async fn undecided(conn: &mut Conn, of: Option<MailboxId>, limit: i64) -> Result<Vec<LedgerRow>> {
    let sql = "select id, sha256, size, mailbox, received_at, whole, starts, held from messages
        where state = 'stored' and (cast($1 as bigint) is null or mailbox = $1) order by id limit $2";
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).bind(of.map(|it| it.0)).bind(limit).fetch_all(c).await)?;
    rows.into_iter().map(Row::ledger).collect()
}

/// The mailboxes of what is left to decide.
///
/// # Errors
/// When the database refuses.
pub async fn undecided_mailboxes(conn: &mut Conn) -> Result<Vec<MailboxId>> {
    let sql = "select distinct mailbox from messages where state = 'stored' order by mailbox";
    let rows: Vec<i64> = on!(conn, c => sqlx::query_scalar(sql).fetch_all(c).await)?;
    Ok(rows.into_iter().map(MailboxId).collect())
}

/// One row.
///
/// # Errors
/// When the database refuses.
pub async fn get(conn: &mut Conn, id: LedgerId) -> Result<Option<LedgerRow>> {
    let sql = "select id, sha256, size, mailbox, received_at, whole, starts, held from messages where id = $1";
    let row: Option<Row> = on!(conn, c => sqlx::query_as(sql).bind(id.0).fetch_optional(c).await)?;
    row.map(Row::ledger).transpose()
}

/// The row, locked until the transaction ends; none when there is no such row.
///
/// # Errors
/// When the database refuses.
pub async fn lock(tx: &mut Tx, id: LedgerId) -> Result<Option<LedgerRow>> {
    let sql = tx.pick(
        "select id, sha256, size, mailbox, received_at, whole, starts, held from messages where id = $1",
        "select id, sha256, size, mailbox, received_at, whole, starts, held from messages where id = $1 for update",
    );
    let row: Option<Row> = on!(tx, c => sqlx::query_as(sql).bind(id.0).fetch_optional(c).await)?;
    row.map(Row::ledger).transpose()
}

/// Which of these rows still wait for their decision; locked until the transaction ends.
///
/// # Errors
/// When the database refuses.
pub async fn undecided_of(tx: &mut Tx, ids: &[LedgerId]) -> Result<Vec<LedgerId>> {
    let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else { return Ok(Vec::new()) };
    let sql = tx.pick(
        "select id from messages where id between $1 and $2 and state = 'stored'",
        "select id from messages where id between $1 and $2 and state = 'stored' order by id for update",
    );
    let rows: Vec<(i64,)> = on!(tx, c => sqlx::query_as(sql).bind(first.0).bind(last.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id,)| LedgerId(id)).filter(|it| ids.contains(it)).collect())
}

/// Marks every row, of one mailbox or of all, that a run which has ended left undecided: it may be what ended that run.
///
/// # Errors
/// When the database refuses.
pub async fn suspect_left_over(tx: &mut Tx, of: Option<MailboxId>) -> Result<()> {
    let sql = "update messages set starts = 1 where state = 'stored' and starts = 0 and (cast($1 as bigint) is null or mailbox = $1)";
    on!(tx, c => sqlx::query(sql).bind(of.map(|it| it.0)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Whether a start was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// It may begin.
    Yes,
    /// Another instance has the mailbox now, and the message with it.
    NotOurs,
}

/// Counts one more start of a row's decision, before it begins: by the instance that has its mailbox, or by the only one.
///
/// # Errors
/// When the database refuses.
pub async fn count_start(tx: &mut Tx, id: LedgerId, by: Option<InstanceId>) -> Result<Counted> {
    let sql = "update messages set starts = starts + 1 where id = $1 and (cast($2 as bigint) is null
        or exists (select 1 from fetch_leases l where l.mailbox = messages.mailbox and l.instance = $2))";
    let n = on!(tx, c => sqlx::query(sql).bind(id.0).bind(by.map(|it| it.0)).execute(c).await.map(|it| it.rows_affected()))?;
    Ok(if n > 0 { Counted::Yes } else { Counted::NotOurs })
}

/// What became of a message.
#[derive(Clone, Debug)]
pub struct Decided<'a> {
    /// `open-ticket`, `add-comment`, `record-bounce`, `hold` or `ignore`.
    pub decision: &'a str,
    /// The deciding answer in one sentence.
    pub reason: &'a str,
    /// JSON: every question and what was found.
    pub trace: &'a str,
    /// Where it went.
    pub ticket: Option<TicketNumber>,
    /// Its own id.
    pub message_id: Option<&'a MessageId>,
    /// From, folded.
    pub sender: Option<&'a str>,
    /// The name beside it.
    pub sender_name: Option<&'a str>,
    /// As it says.
    pub subject: &'a str,
    /// Its place among the held.
    pub held: Option<Held>,
    /// What a trusted server says about the sender.
    pub sender_check: Option<&'a SenderCheck>,
    /// What reading it remarked.
    pub remarks: &'a Remarks,
    /// What the list of held mail shows of it; none: it is not held.
    pub shown: Option<&'a ShownHeld>,
}

/// What the list of held mail shows of a message and is narrowed by.
#[derive(Clone, Debug)]
pub struct ShownHeld {
    /// What stopped it.
    pub held_for: HeldFor,
    /// The rule of the block list that did.
    pub rule: Option<SenderRuleId>,
    /// The start of its text on one line.
    pub excerpt: String,
    /// JSON: name and size of each attachment.
    pub files: String,
}

/// Writes what became of a message.
///
/// # Errors
/// When the database refuses.
pub async fn decide(tx: &mut Tx, id: LedgerId, what: &Decided<'_>, now: Timestamp) -> Result<()> {
    decide_later(tx, id, what, now);
    write_decided(tx).await
}

/// [`decide`], written with others when the transaction ends, or by [`write_decided`] before anything looks for it.
pub fn decide_later(tx: &mut Tx, id: LedgerId, what: &Decided<'_>, now: Timestamp) {
    tx.later.decided = true;
    let own = |it: Option<&str>| it.map(str::to_owned);
    tx.later.decisions.push(NewDecision {
        message: id.0,
        decision: what.decision.to_owned(),
        reason: what.reason.to_owned(),
        trace: what.trace.to_owned(),
        ticket: what.ticket.map(|it| it.0),
        message_id: own(what.message_id.map(MessageId::as_str)),
        sender: own(what.sender),
        sender_name: own(what.sender_name),
        subject: what.subject.to_owned(),
        held: what.held.map(Held::as_str),
        at: now,
        shown: what.shown.cloned(),
        authenticity: what.sender_check.map(|it| it.authenticity.as_str()),
        authenticity_why: own(what.sender_check.map(|it| it.why.as_str())),
        encrypted: what.remarks.encrypted_column(),
        warnings: what.remarks.warnings_column(),
    });
}

/// Writes what [`decide_later`] has put off.
///
/// # Errors
/// When the database refuses.
pub async fn write_decided(tx: &mut Tx) -> Result<()> {
    let decisions = std::mem::take(&mut tx.later.decisions);
    tx.write_decisions(&decisions).await
}

/// The columns `authenticity` and `authenticity_why` read back.
pub(super) fn sender_check(verdict: Option<String>, why: Option<String>) -> Result<Option<SenderCheck>> {
    let check = |verdict: String| {
        let authenticity = super::word("messages", "authenticity", &verdict, Authenticity::parse)?;
        Ok(SenderCheck { authenticity, why: why.unwrap_or_default() })
    };
    verdict.map(check).transpose()
}

/// A person has settled a held message.
///
/// # Errors
/// When the database refuses.
pub async fn settle_held(tx: &mut Tx, id: LedgerId, held: Held, by: crate::desk::id::PersonId, now: Timestamp) -> Result<()> {
    tx.later.decided = true;
    let sql = "update messages set held = $2, held_by = $3, held_done_at = $4 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(id.0).bind(held.as_str()).bind(by.0).bind(ms(now)).execute(c).await.map(|_| ()))?;
    Ok(())
}
