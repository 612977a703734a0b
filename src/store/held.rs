//! Messages that were taken in and wait for a person, as the page of held mail shows them.

use jiff::Timestamp;

use crate::{
    desk::{
        id::{LedgerId, MailboxId, PersonId, SenderRuleId, TicketNumber},
        permission::Scope,
        triage::{HeldFor, SenderCheck},
    },
    store::{
        Conn, Result, Tx, at,
        blobs::ContentHash,
        messages::{Held, Taken, sender_check},
        ms, on, word,
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
    /// `hold`, or what was made of it by hand.
    pub decision: String,
    /// The deciding answer in one sentence.
    pub reason: String,
    /// JSON: every question and what was found.
    pub trace: String,
    /// What a trusted server says about the sender.
    pub sender_check: Option<SenderCheck>,
    /// Where it stands.
    pub held: Held,
    /// What stopped it.
    pub held_for: HeldFor,
    /// The rule of the block list that did.
    pub rule: Option<SenderRuleId>,
    /// The start of its text; none: held before this was kept.
    pub excerpt: Option<String>,
    /// JSON: name and size of each attachment; none as above.
    pub files: Option<String>,
    /// Who settled it last, and when.
    pub settled: Option<(String, Timestamp)>,
    /// The ticket it is on.
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
    decision: Option<String>,
    reason: Option<String>,
    trace: Option<String>,
    authenticity: Option<String>,
    authenticity_why: Option<String>,
    held: String,
    held_for: Option<String>,
    held_rule: Option<i64>,
    excerpt: Option<String>,
    files: Option<String>,
    held_by: Option<String>,
    held_done_at: Option<i64>,
    ticket: Option<i64>,
}

impl Row {
    fn mail(self) -> Result<HeldMail> {
        let held_for = self.held_for.map_or(Ok(HeldFor::Unreadable), |it| word("messages", "held_for", &it, HeldFor::parse))?;
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
            decision: self.decision.unwrap_or_default(),
            reason: self.reason.unwrap_or_default(),
            trace: self.trace.unwrap_or_default(),
            sender_check: sender_check(self.authenticity, self.authenticity_why)?,
            held: word("messages", "held", &self.held, Held::parse)?,
            held_for,
            rule: self.held_rule.map(SenderRuleId),
            excerpt: self.excerpt,
            files: self.files,
            settled: self.held_by.zip(self.held_done_at.map(at)),
            ticket: self.ticket.map(TicketNumber),
        })
    }
}

macro_rules! select {
    ($rest:expr) => {
        concat!(
            "select m.id, m.sha256, m.mailbox, b.address, m.received_at, m.size, m.whole, m.sender, m.sender_name, m.subject, m.decision, m.reason,
                m.trace, m.authenticity, m.authenticity_why, m.held, m.held_for, m.held_rule, m.excerpt, m.files, p.name as held_by, m.held_done_at, m.ticket
            from messages m join mailboxes b on b.id = m.mailbox left join people p on p.id = m.held_by left join tickets t on t.number = m.ticket ",
            $rest
        )
    };
}

macro_rules! listed {
    ($order:literal) => {
        select!(concat!(
            "where m.held = $1 and ($2 = '' or m.held_for = $2) and ($3 = 0 or m.mailbox = $3)
                and ($4 = '%' or lower(m.subject) like $4 escape '!' or m.sender like $4 escape '!' or lower(m.sender_name) like $4 escape '!')
                and m.id < $5 and m.id > $6 and (m.ticket is null or $8 = 0 or t.assignee = $8 or ($9 = 1 and t.assignee is null))
            order by m.id ",
            $order,
            " limit $7"
        ))
    };
}

/// Where a page of the list begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// At the newest.
    Newest,
    /// Right behind this one: older ones.
    Before(LedgerId),
    /// Right before it: newer ones.
    After(LedgerId),
}

/// Which of the held.
#[derive(Clone, Debug)]
pub struct List<'a> {
    /// Where they stand.
    pub held: Held,
    /// What stopped them.
    pub held_for: Option<HeldFor>,
    /// Where they came in.
    pub mailbox: Option<MailboxId>,
    /// Part of sender, name or subject; empty: all.
    pub words: &'a str,
    /// Where the page begins.
    pub from: From,
    /// At most so many.
    pub limit: i64,
    /// Mail on a ticket is listed to whoever may see that ticket.
    pub scope: Scope,
}

/// Whose tickets, 0 for everybody's; and 1 where those of nobody are theirs too.
fn seen(scope: Scope) -> (i64, i64) {
    match scope {
        Scope::All => (0, 0),
        Scope::OwnAndUnassigned(who) => (who.0, 1),
        Scope::Own(who) => (who.0, 0),
        Scope::TakesPart(_) => (-1, 0),
    }
}

/// One page, the newest first.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn list(conn: &mut Conn, what: &List<'_>) -> Result<Vec<HeldMail>> {
    let (sql, before, after) = match what.from {
        From::Newest => (listed!("desc"), i64::MAX, 0),
        From::Before(id) => (listed!("desc"), id.0, 0),
        From::After(id) => (listed!("asc"), i64::MAX, id.0),
    };
    let (who, unassigned) = seen(what.scope);
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql)
        .bind(what.held.as_str()).bind(what.held_for.map_or("", HeldFor::as_str)).bind(what.mailbox.map_or(0, |it| it.0)).bind(like(what.words))
        .bind(before).bind(after).bind(what.limit).bind(who).bind(unassigned).fetch_all(c).await)?;
    let mut page = rows.into_iter().map(Row::mail).collect::<Result<Vec<_>>>()?;
    page.sort_by_key(|it| std::cmp::Reverse(it.id));
    Ok(page)
}

/// What `like … escape '!'` takes for "has these words in it".
pub(super) fn like(words: &str) -> String {
    let words = words.trim().to_lowercase();
    if words.is_empty() {
        return "%".to_owned();
    }
    format!("%{}%", words.replace('!', "!!").replace('%', "!%").replace('_', "!_"))
}

/// So many messages stand so, were stopped by this, and came in there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Where they stand.
    pub held: Held,
    /// What stopped them.
    pub held_for: HeldFor,
    /// Where they came in.
    pub mailbox: MailboxId,
    /// How many.
    pub n: i64,
}

/// How many there are of each, of those that whoever has this scope may see.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn counts(conn: &mut Conn, scope: Scope) -> Result<Vec<Count>> {
    let sql = "select m.held, m.held_for, m.mailbox, count(*) from messages m left join tickets t on t.number = m.ticket
        where m.held is not null and (m.ticket is null or $1 = 0 or t.assignee = $1 or ($2 = 1 and t.assignee is null))
        group by m.held, m.held_for, m.mailbox";
    let (who, unassigned) = seen(scope);
    let rows: Vec<(String, Option<String>, i64, i64)> = on!(conn, c => sqlx::query_as(sql).bind(who).bind(unassigned).fetch_all(c).await)?;
    let count = |(held, held_for, mailbox, n): (String, Option<String>, i64, i64)| {
        Ok(Count {
            held: word("messages", "held", &held, Held::parse)?,
            held_for: held_for.map_or(Ok(HeldFor::Unreadable), |it| word("messages", "held_for", &it, HeldFor::parse))?,
            mailbox: MailboxId(mailbox),
            n,
        })
    };
    rows.into_iter().map(count).collect()
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

/// The reason and trace of any message of the ledger.
///
/// # Errors
/// When the database refuses.
pub async fn trace(conn: &mut Conn, id: LedgerId) -> Result<Option<String>> {
    let found: Option<Option<String>> =
        on!(conn, c => sqlx::query_scalar("select trace from messages where id = $1").bind(id.0).fetch_optional(c).await)?;
    Ok(found.flatten())
}

/// What a person made of a message, whatever was made of it before.
#[derive(Clone, Debug)]
pub struct Settled<'a> {
    /// Where it stands now; none: it is not held mail any more.
    pub held: Option<Held>,
    /// What the row says became of it.
    pub decision: Decision<'a>,
    /// JSON: the questions, and what people did.
    pub trace: &'a str,
    /// Who.
    pub by: PersonId,
}

/// What the row of a message says became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision<'a> {
    /// As before: it is on its ticket.
    Stays,
    /// Held, because of this, and on no ticket.
    Held(&'a str),
}

/// Writes what a person made of a message.
///
/// # Errors
/// When the database refuses.
pub async fn settle(tx: &mut Tx, id: LedgerId, what: &Settled<'_>, now: Timestamp) -> Result<()> {
    let (decision, reason) = match what.decision {
        Decision::Stays => (None, None),
        Decision::Held(reason) => (Some("hold"), Some(reason)),
    };
    tx.later.decided = true;
    let sql = "update messages set held = $2, held_for = coalesce(held_for, 'by-hand'), held_by = $3, held_done_at = $4, trace = $5,
        decision = coalesce($6, decision), reason = coalesce($7, reason), ticket = case when $6 is null then ticket else null end where id = $1";
    on!(tx, c => sqlx::query(sql)
        .bind(id.0).bind(what.held.map(Held::as_str)).bind(what.by.0).bind(ms(now)).bind(what.trace).bind(decision).bind(reason)
        .execute(c).await.map(|_| ()))?;
    Ok(())
}
