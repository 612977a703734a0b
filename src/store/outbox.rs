//! Rows of `outbox` and `deliveries`: mail that was decided on, and what became of it for each recipient.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};

use crate::{
    desk::{
        address::EmailAddress,
        id::{CommentId, DeliveryId, MailboxId, OutboxId, PersonId, TicketNumber},
        loop_guard::AutomaticSent,
    },
    store::{Result, Tx, at, blobs::ContentHash, later::QueuedMail, listed, memory::AutomaticBefore, ms, on},
};

/// A finished mail to be kept until it is handed over.
#[derive(Clone, Debug)]
pub struct NewMail<'a> {
    /// From whose address.
    pub mailbox: MailboxId,
    /// What it is: `reply`, `receipt`, …
    pub kind: &'a str,
    /// About which ticket.
    pub ticket: Option<TicketNumber>,
    /// Which reply it carries.
    pub comment: Option<CommentId>,
    /// Who is told when it fails.
    pub author: Option<PersonId>,
    /// Its Message-ID, unique.
    pub message_id: &'a str,
    /// None: `<>`.
    pub envelope_from: Option<&'a EmailAddress>,
    /// Its finished bytes.
    pub sha256: &'a ContentHash,
    /// For lists.
    pub subject: &'a str,
    /// Whether nobody wrote it: it counts towards the budgets.
    pub automatic: Automatic,
    /// Whether it is sent at all.
    pub leaves: Leaves,
}

/// Whether a mail is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    /// It is.
    Yes,
    /// Its mailbox is in shadow mode: it is listed as what would have been sent, and never leaves.
    Never,
}

/// Whether a person wrote a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Automatic {
    /// The desk made it by itself.
    Yes,
    /// Somebody's words.
    No,
}

/// Somebody a mail goes to.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// The envelope address.
    pub address: EmailAddress,
    /// Who that is.
    pub person: Option<PersonId>,
}

/// Keeps a mail for these recipients, to be handed over from `not_before` on; written when the transaction ends.
pub fn insert(tx: &mut Tx, mail: &NewMail<'_>, to: &[Recipient], not_before: Timestamp, now: Timestamp) {
    tx.later.mails.push(QueuedMail {
        mailbox: mail.mailbox.0,
        kind: mail.kind.to_owned(),
        ticket: mail.ticket.map(|it| it.0),
        comment: mail.comment.map(|it| it.0),
        author: mail.author.map(|it| it.0),
        message_id: mail.message_id.to_owned(),
        envelope_from: mail.envelope_from.map(|it| it.as_str().to_owned()),
        sha256: mail.sha256.as_str().to_owned(),
        subject: mail.subject.to_owned(),
        automatic: i64::from(mail.automatic == Automatic::Yes),
        leaves: mail.leaves,
        // Somebody's words, and links that somebody waits for, go before what the desk wrote by itself.
        rank: i64::from(!matches!(mail.kind, "reply" | "link" | "address" | "alarm")),
        to: to.iter().map(|it| (it.address.clone(), it.person.map(|it| it.0))).collect(),
        not_before,
        at: now,
    });
}

/// Whatever this transaction owes so far leaves no sooner than `until`.
pub fn put_off(tx: &mut Tx, until: Timestamp) {
    for mail in &mut tx.later.mails {
        mail.not_before = mail.not_before.max(until);
    }
}

/// Whoever did it themselves is told nothing of what this transaction owes so far.
pub fn leave_out(tx: &mut Tx, person: PersonId) {
    for mail in &mut tx.later.mails {
        mail.to.retain(|(_, to)| *to != Some(person.0));
    }
    tx.later.mails.retain(|it| !it.to.is_empty());
}

/// Counts automatic mail to `address`, to its domain and altogether; what this transaction has yet to write is counted too.
///
/// # Errors
/// When the database refuses.
pub async fn automatic_sent(tx: &mut Tx, address: &EmailAddress, now: Timestamp) -> Result<AutomaticSent> {
    let before = match before(tx, address, now) {
        Some(known) => known,
        None => {
            count_automatic(tx, std::slice::from_ref(address), now).await?;
            before(tx, address, now).unwrap_or_default()
        }
    };
    let unwritten = || tx.later.mails.iter().filter(|it| it.automatic == 1).flat_map(|it| it.to.iter().map(|(to, _)| to));
    let count = |n: i64, more: usize| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
    let to_address = unwritten().filter(|it| *it == address).count();
    let (address_hour, address_day, domain_hour, desk_hour) = before;
    Ok(AutomaticSent {
        address_hour: count(address_hour, to_address),
        address_day: count(address_day, to_address),
        domain_hour: count(domain_hour, unwritten().filter(|it| it.domain() == address.domain()).count()),
        desk_hour: count(desk_hour, unwritten().count()),
    })
}

/// To the address within an hour and a day, to its domain and altogether within an hour, if it was counted at this moment.
fn before(tx: &Tx, address: &EmailAddress, now: Timestamp) -> Option<(i64, i64, i64, i64)> {
    let known = tx.memory.automatic.as_ref().filter(|it| it.now == now)?;
    let (hour, day) = known.addresses.get(&address.folded())?;
    Some((*hour, *day, *known.domains.get(address.domain())?, known.desk_hour))
}

/// Counts the automatic mail to each of these addresses that other transactions have written, for [`automatic_sent`] to know.
///
/// # Errors
/// When the database refuses.
pub async fn count_automatic(tx: &mut Tx, to: &[EmailAddress], now: Timestamp) -> Result<()> {
    let addresses: BTreeSet<String> = to.iter().map(EmailAddress::folded).collect();
    let domains: BTreeSet<String> = to.iter().map(|it| it.domain().to_owned()).collect();
    if to.is_empty() {
        return Ok(());
    }
    let (hour_ago, day_ago, now_ms) = (ms(now - SignedDuration::from_hours(1)), ms(now - SignedDuration::from_hours(24)), ms(now));
    let by_address: Vec<(String, i64, i64)> = on!(tx, c => {
        let mut sql = sqlx::QueryBuilder::new("select address, count(*) filter (where created_at > ");
        sql.push_bind(hour_ago).push("), count(*) from deliveries where automatic = 1 and created_at > ").push_bind(day_ago);
        sql.push(" and created_at <= ").push_bind(now_ms).push(" and address in ");
        listed(&mut sql, &addresses);
        sql.push(" group by address").build_query_as().persistent(to.len() == 1).fetch_all(c).await
    })?;
    let by_domain: Vec<(String, i64)> = on!(tx, c => {
        let mut sql = sqlx::QueryBuilder::new("select domain, count(*) from deliveries where automatic = 1 and created_at > ");
        sql.push_bind(hour_ago).push(" and created_at <= ").push_bind(now_ms).push(" and domain in ");
        listed(&mut sql, &domains);
        sql.push(" group by domain").build_query_as().persistent(to.len() == 1).fetch_all(c).await
    })?;
    let mut known = match tx.memory.automatic.take().filter(|it| it.now == now) {
        Some(known) => known,
        None => {
            let sql = "select count(*) from deliveries where automatic = 1 and created_at > $1 and created_at <= $2";
            let desk_hour = on!(tx, c => sqlx::query_scalar(sql).bind(hour_ago).bind(now_ms).fetch_one(c).await)?;
            AutomaticBefore { now, desk_hour, addresses: HashMap::new(), domains: HashMap::new() }
        }
    };
    known.addresses.extend(addresses.into_iter().map(|it| (it, (0, 0))));
    known.addresses.extend(by_address.into_iter().map(|(address, hour, day)| (address, (hour, day))));
    known.domains.extend(domains.into_iter().map(|it| (it, 0)));
    known.domains.extend(by_domain);
    tx.memory.automatic = Some(known);
    Ok(())
}

/// What a delivery came to; the words are those of `desk/delivery.rs`.
#[derive(Clone, Debug)]
pub struct Outcome<'a> {
    /// `sent`, `delayed`, `refused`, `unknown` or `waiting`.
    pub state: &'a str,
    /// The server's own words.
    pub words: &'a str,
    /// The next try; none: settled.
    pub next_at: Option<Timestamp>,
}

/// A delivery as a person's action needs it.
#[derive(Clone, Debug)]
pub struct DeliveryRow {
    /// The row.
    pub id: DeliveryId,
    /// Its mail.
    pub outbox: OutboxId,
    /// `waiting`, `sent`, …
    pub state: String,
    /// Whether a sender has it in hand now.
    pub leased: bool,
    /// About which ticket: where the comment that it carries is now.
    pub ticket: Option<TicketNumber>,
    /// What it is: `reply`, `receipt`, …
    pub kind: String,
    /// Which reply it carries.
    pub comment: Option<CommentId>,
    /// Who wrote that.
    pub author: Option<PersonId>,
    /// Where it goes.
    pub address: String,
    /// When its mail was decided on.
    pub created_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    outbox: i64,
    state: String,
    lease_until: Option<i64>,
    ticket: Option<i64>,
    kind: String,
    comment: Option<i64>,
    author: Option<i64>,
    address: String,
    created_at: i64,
}

impl Row {
    fn delivery(self, now: Timestamp) -> DeliveryRow {
        DeliveryRow {
            id: DeliveryId(self.id),
            outbox: OutboxId(self.outbox),
            leased: self.lease_until.is_some_and(|until| until > ms(now)),
            state: self.state,
            ticket: self.ticket.map(TicketNumber),
            kind: self.kind,
            comment: self.comment.map(CommentId),
            author: self.author.map(PersonId),
            address: self.address,
            created_at: at(self.created_at),
        }
    }
}

macro_rules! select {
    ($rest:literal, $lock:literal) => {
        concat!(
            "select d.id, d.outbox, d.state, d.lease_until,
                coalesce((select c.ticket from comments c where c.id = o.comment), o.ticket) as ticket, o.kind, o.comment, o.author, d.address, o.created_at from deliveries d join outbox o on o.id = d.outbox ",
            $rest,
            $lock
        )
    };
}

/// Locked until the transaction ends: a sender must not lease between the look and the deed. SQLite has one writer anyway.
macro_rules! locked {
    ($tx:expr, $rest:literal) => {
        $tx.pick(select!($rest, ""), select!($rest, " for update of d"))
    };
}

/// One delivery, locked.
///
/// # Errors
/// When the database refuses.
pub async fn get(tx: &mut Tx, id: DeliveryId, now: Timestamp) -> Result<Option<DeliveryRow>> {
    let sql = locked!(tx, "where d.id = $1");
    let row: Option<Row> = on!(tx, c => sqlx::query_as(sql).bind(id.0).fetch_optional(c).await)?;
    Ok(row.map(|it| it.delivery(now)))
}

/// Every delivery of the mail that carries a comment, locked.
///
/// # Errors
/// When the database refuses.
pub async fn of_comment(tx: &mut Tx, comment: CommentId, now: Timestamp) -> Result<Vec<DeliveryRow>> {
    let sql = locked!(tx, "where o.comment = $1 order by d.id");
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(sql).bind(comment.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|it| it.delivery(now)).collect())
}

/// Every copy about a ticket that waits for one person, locked.
///
/// # Errors
/// When the database refuses.
pub async fn waiting_for(tx: &mut Tx, ticket: TicketNumber, person: PersonId, now: Timestamp) -> Result<Vec<DeliveryRow>> {
    let sql = locked!(
        tx,
        "where d.state in ('waiting', 'delayed', 'unknown') and d.person = $2
            and coalesce((select c.ticket from comments c where c.id = o.comment), o.ticket) = $1 order by d.id"
    );
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(sql).bind(ticket.0).bind(person.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|it| it.delivery(now)).collect())
}

/// Every delivery of mail about a ticket, locked.
///
/// # Errors
/// When the database refuses.
pub async fn of_ticket(tx: &mut Tx, ticket: TicketNumber, now: Timestamp) -> Result<Vec<DeliveryRow>> {
    let sql = locked!(tx, "where o.ticket = $1 order by d.id");
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(sql).bind(ticket.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|it| it.delivery(now)).collect())
}

/// Whether the octets of a mail were erased: nothing is left that could be sent.
///
/// # Errors
/// When the database refuses.
pub async fn is_erased(tx: &mut Tx, mail: OutboxId) -> Result<bool> {
    let sql = "select count(*) from outbox where id = $1 and sha256 = $2";
    let n: i64 = on!(tx, c => sqlx::query_scalar(sql).bind(mail.0).bind(super::blobs::NO_OCTETS).fetch_one(c).await)?;
    Ok(n > 0)
}

/// Every delivery of one mail, locked.
///
/// # Errors
/// When the database refuses.
pub async fn of_mail(tx: &mut Tx, mail: OutboxId, now: Timestamp) -> Result<Vec<DeliveryRow>> {
    let sql = locked!(tx, "where o.id = $1 order by d.id");
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(sql).bind(mail.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|it| it.delivery(now)).collect())
}

/// A person sends it again, or calls it off; or a report says what became of it. A lease that somebody holds is void then. What is called
/// off before it was ever tried counts towards no budget.
///
/// # Errors
/// When the database refuses.
pub async fn put(tx: &mut Tx, id: DeliveryId, what: &Outcome<'_>, now: Timestamp) -> Result<()> {
    let sql = "update deliveries set state = $2, words = $3, next_at = coalesce($4, next_at), settled_at = $5, lease_owner = null, lease_until = null, held_back = null,
        first_try_at = case when $4 is null then first_try_at else null end, set_aside_at = null, set_aside_by = null,
        automatic = case when $2 = 'cancelled' and first_try_at is null then 0
            else (select o.automatic from outbox o where o.id = deliveries.outbox) end where id = $1";
    tx.memory.automatic = None;
    let settled = what.next_at.is_none().then(|| ms(now));
    on!(tx, c => sqlx::query(sql)
        .bind(id.0).bind(what.state).bind(what.words).bind(what.next_at.map(ms)).bind(settled).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Whether somebody was told of something for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Now.
    Now,
    /// They know.
    Before,
}

/// The author of a copy is told that it did not arrive; once.
///
/// # Errors
/// When the database refuses.
pub async fn tell_once(tx: &mut Tx, id: DeliveryId, now: Timestamp) -> Result<Told> {
    let sql = "update deliveries set told_at = $2 where id = $1 and told_at is null";
    let told = on!(tx, c => sqlx::query(sql).bind(id.0).bind(ms(now)).execute(c).await.map(|it| it.rows_affected()))?;
    Ok(if told == 1 { Told::Now } else { Told::Before })
}

/// Somebody says that nothing more is to be done about a copy; its state stays.
///
/// # Errors
/// When the database refuses.
pub async fn set_aside(tx: &mut Tx, id: DeliveryId, by: PersonId, now: Timestamp) -> Result<()> {
    let sql = "update deliveries set set_aside_at = $2, set_aside_by = $3 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(id.0).bind(ms(now)).bind(by.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// One more copy of the same mail, to another address, in place of one that did not arrive; due now.
///
/// # Errors
/// When the database refuses.
pub async fn send_in_place_of(tx: &mut Tx, id: DeliveryId, address: &EmailAddress, now: Timestamp) -> Result<()> {
    let sql = "insert into deliveries (outbox, mailbox, address, domain, person, automatic, rank, state, next_at, created_at, instead_of)
        select outbox, mailbox, $2, $3, person, automatic, rank, 'waiting', $4, $4, id from deliveries where id = $1";
    on!(tx, c => sqlx::query(sql).bind(id.0).bind(address.folded()).bind(address.domain()).bind(ms(now)).execute(c).await.map(|_| ()))?;
    tx.memory.automatic = None;
    Ok(())
}
