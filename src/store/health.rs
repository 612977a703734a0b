//! How mail flows: each mailbox, what waits to leave, what did not arrive.

use jiff::Timestamp;

use crate::{
    desk::{
        delivery::DeliveryState,
        health::MailboxFacts,
        id::{DeliveryId, MailboxId, TicketNumber},
        settings::WayIn,
        skew::Arrival,
        trouble::Waiting,
    },
    store::{Conn, Result, StoreError, at, ms, on, word},
};

/// What is said of a database that gives no answer while somebody waits.
#[must_use]
pub fn no_answer() -> StoreError {
    sqlx::Error::PoolTimedOut.into()
}

/// What is known of each mailbox that ever was configured.
///
/// # Errors
/// When the database refuses.
pub async fn mailboxes(conn: &mut Conn) -> Result<Vec<(MailboxId, MailboxFacts)>> {
    let sql = "select id, connected_since, checked_at, last_mail_at, waiting, error, failing_since from mailboxes order by id";
    type Row = (i64, Option<i64>, Option<i64>, Option<i64>, i64, Option<String>, Option<i64>);
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
    let facts = |(id, connected_since, checked_at, last_mail_at, waiting, error, failing_since): Row| {
        let facts = MailboxFacts {
            way_in: WayIn::Folder,
            connected_since: connected_since.map(at),
            checked_at: checked_at.map(at),
            last_mail_at: last_mail_at.map(at),
            waiting,
            error,
            failing_since: failing_since.map(at),
        };
        (MailboxId(id), facts)
    };
    Ok(rows.into_iter().map(facts).collect())
}

/// How much leaves, counted by recipients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Not yet accepted by a server.
    pub waiting: i64,
    /// Of these, the one that waits longest was decided on then.
    pub oldest: Option<Timestamp>,
    /// Accepted by a server since `today`.
    pub sent_today: i64,
    /// Bounced or refused since `week_ago`.
    pub failed_in_week: i64,
    /// Settled since `week_ago`, whichever way.
    pub settled_in_week: i64,
}

/// What leaves and what does not. A mail is tried for three days: what was settled since a moment was made at most four days before.
///
/// # Errors
/// When the database refuses.
pub async fn flow(conn: &mut Conn, today: Timestamp, week_ago: Timestamp) -> Result<Flow> {
    let sql = "select count(*), min(created_at) from deliveries where state in ('waiting', 'delayed', 'unknown')";
    let (waiting, oldest): (i64, Option<i64>) = on!(conn, c => sqlx::query_as(sql).fetch_one(c).await)?;
    let sql = "select count(*) filter (where state = 'sent' and settled_at >= $1), count(*) filter (where state in ('refused', 'bounced')),
            count(*) filter (where state not in ('cancelled', 'withheld'))
        from deliveries where automatic in (0, 1) and created_at >= $3 and settled_at >= $2";
    let made_since = ms(week_ago) - 4 * 86_400_000;
    let (sent_today, failed_in_week, settled_in_week): (i64, i64, i64) =
        on!(conn, c => sqlx::query_as(sql).bind(ms(today)).bind(ms(week_ago)).bind(made_since).fetch_one(c).await)?;
    // What a mailbox sends to itself is nobody's mail.
    let sql =
        "select count(*) filter (where d.state = 'sent' and d.settled_at >= $1), count(*) filter (where d.state in ('refused', 'bounced')),
            count(*) filter (where d.state <> 'cancelled')
        from probes p join outbox o on o.message_id = p.message_id join deliveries d on d.outbox = o.id
        where p.sent_at >= $3 and d.settled_at >= $2";
    let probes: (i64, i64, i64) =
        on!(conn, c => sqlx::query_as(sql).bind(ms(today)).bind(ms(week_ago)).bind(made_since).fetch_one(c).await)?;
    Ok(Flow {
        waiting,
        oldest: oldest.map(at),
        sent_today: sent_today - probes.0,
        failed_in_week: failed_in_week - probes.1,
        settled_in_week: settled_in_week - probes.2,
    })
}

/// What is due to leave from each mailbox and has not left: how many copies, since when the first of them was due, and what the
/// server said to it. Mail that tells of troubles is left out: it would be a trouble about itself.
///
/// # Errors
/// When the database refuses.
pub async fn unsent(conn: &mut Conn, due_before: Timestamp) -> Result<Vec<(MailboxId, Waiting)>> {
    // An open copy is next tried later and later: since when it waits, its first try says, or for one never tried when it was due.
    let sql = "select d.mailbox, count(*), min(coalesce(d.first_try_at, d.next_at)), min(d.id) from deliveries d
        where d.state in ('waiting', 'delayed', 'unknown') and coalesce(d.first_try_at, d.next_at) < $1
            and not exists (select 1 from outbox o where o.id = d.outbox and o.kind = 'alarm') group by d.mailbox order by d.mailbox";
    let rows: Vec<(i64, i64, i64, i64)> = on!(conn, c => sqlx::query_as(sql).bind(ms(due_before)).fetch_all(c).await)?;
    let mut all = Vec::new();
    for (mailbox, n, since, first) in rows {
        let words: Option<String> =
            on!(conn, c => sqlx::query_scalar("select words from deliveries where id = $1").bind(first).fetch_one(c).await)?;
        all.push((MailboxId(mailbox), Waiting { n, since: at(since), words: words.filter(|it| !it.is_empty()) }));
    }
    Ok(all)
}

/// What is in the ledger since before then and not decided.
///
/// # Errors
/// When the database refuses.
pub async fn undecided(conn: &mut Conn, before: Timestamp) -> Result<Option<Waiting>> {
    let sql = "select count(*), min(stored_at) from messages where state = 'stored' and stored_at < $1";
    let (n, since): (i64, Option<i64>) = on!(conn, c => sqlx::query_as(sql).bind(ms(before)).fetch_one(c).await)?;
    Ok(since.map(|since| Waiting { n, since: at(since), words: None }))
}

/// The mailboxes whose account for outgoing mail is in trouble: since when, and in which words.
///
/// # Errors
/// When the database refuses.
pub async fn accounts_in_trouble(conn: &mut Conn) -> Result<Vec<(MailboxId, Timestamp, String)>> {
    let sql = "select mailbox, since, coalesce(words, '') from sending where troubles > 0 and since is not null order by mailbox";
    let rows: Vec<(i64, i64, String)> = on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id, since, words)| (MailboxId(id), at(since), words)).collect())
}

/// Of the newest messages those that were met since `since` in a folder that had been watched for ten minutes then.
///
/// # Errors
/// When the database refuses.
pub async fn arrivals(conn: &mut Conn, since: Timestamp) -> Result<Vec<Arrival>> {
    let sql = "select m.received_at, m.stored_at from (select distinct message from sightings where message in (
            select message from sightings order by message desc limit 30)) s
        join messages m on m.id = s.message join mailboxes b on b.id = m.mailbox
        where m.stored_at >= $1 and m.stored_at >= b.connected_since + 600000 order by m.id desc";
    let rows: Vec<(i64, i64)> = on!(conn, c => sqlx::query_as(sql).bind(ms(since)).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(received_at, stored_at)| Arrival { received_at: at(received_at), stored_at: at(stored_at) }).collect())
}

/// What waits, counted where an index holds it: nothing here grows with the mail that was ever taken in.
#[derive(Clone, Debug)]
pub struct Counted {
    /// In the ledger and not decided.
    pub undecided: i64,
    /// Held for a person.
    pub held: i64,
    /// Copies that have not left, by mailbox and state.
    pub outbox: Vec<OpenCopies>,
}

/// Copies of one mailbox in one state.
#[derive(Clone, Debug)]
pub struct OpenCopies {
    /// Whose outbox.
    pub mailbox: MailboxId,
    /// `waiting`, `delayed` or `unknown`.
    pub state: String,
    /// How many.
    pub n: i64,
    /// When the first of them was decided on.
    pub oldest: Timestamp,
}

/// Counts what waits.
///
/// # Errors
/// When the database refuses.
pub async fn counted(conn: &mut Conn) -> Result<Counted> {
    let sql = "select (select count(*) from messages where state = 'stored'), (select count(*) from messages where held = 'waiting')";
    let (undecided, held): (i64, i64) = on!(conn, c => sqlx::query_as(sql).fetch_one(c).await)?;
    let sql = "select mailbox, state, count(*), min(created_at) from deliveries where state in ('waiting', 'delayed', 'unknown')
        group by mailbox, state order by mailbox, state";
    let rows: Vec<(i64, String, i64, i64)> = on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
    let open = |(mailbox, state, n, oldest)| OpenCopies { mailbox: MailboxId(mailbox), state, n, oldest: at(oldest) };
    Ok(Counted { undecided, held, outbox: rows.into_iter().map(open).collect() })
}

/// The time on the database's machine; none: it is this one.
///
/// # Errors
/// When the database refuses.
pub async fn clock(conn: &mut Conn) -> Result<Option<Timestamp>> {
    let sql = conn.pick("select null", "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)");
    let clock: Option<i64> = on!(conn, c => sqlx::query_scalar(sql).fetch_one(c).await)?;
    Ok(clock.map(at))
}

/// One recipient's copy in the outbox.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Its row.
    pub id: DeliveryId,
    /// Whom it goes to.
    pub address: String,
    /// The mail's subject.
    pub subject: String,
    /// What sort of mail: `reply`, `receipt`, …
    pub kind: String,
    /// The ticket it is about.
    pub ticket: Option<TicketNumber>,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i64,
    /// Not before.
    pub next_at: Timestamp,
    /// When it was decided on.
    pub created_at: Timestamp,
    /// The server's own words; of one that is held back, why it is.
    pub words: Option<String>,
    /// Whether a person must first say so before it leaves.
    pub held_back: bool,
}

/// Which copies a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Not yet accepted by a server.
    Waiting,
    /// Refused for good, come back, or held back for a person.
    NotDelivered,
    /// What would have been sent, had its mailbox not been in shadow mode.
    Withheld,
}

type Row = (i64, String, String, String, Option<i64>, String, i64, i64, i64, Option<String>, i64);

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select d.id, d.address, o.subject, o.kind, o.ticket, d.state, d.attempts, d.next_at, d.created_at, coalesce(d.held_back, d.words),
                cast(case when d.held_back is null then 0 else 1 end as bigint)
            from deliveries d join outbox o on o.id = d.outbox ",
            $rest
        )
    };
}

/// One page of copies, the newest first, behind `before`.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn outbox(conn: &mut Conn, which: Which, before: Option<DeliveryId>, limit: i64) -> Result<Vec<Outgoing>> {
    let sql = match which {
        Which::Waiting => {
            select!("where d.state in ('waiting', 'delayed', 'unknown') and d.held_back is null and d.id < $1 order by d.id desc limit $2")
        }
        Which::NotDelivered => {
            select!(
                "where ((d.state in ('refused', 'bounced') and o.kind <> 'probe') or d.held_back is not null) and d.id < $1
                    order by d.id desc limit $2"
            )
        }
        Which::Withheld => select!("where d.state = 'withheld' and d.id < $1 order by d.id desc limit $2"),
    };
    let before = before.map_or(i64::MAX, |it| it.0);
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).bind(before).bind(limit).fetch_all(c).await)?;
    let outgoing = |(id, address, subject, kind, ticket, state, attempts, next_at, created_at, words, held_back): Row| {
        Ok(Outgoing {
            id: DeliveryId(id),
            address,
            subject,
            kind,
            ticket: ticket.map(TicketNumber),
            state: word("deliveries", "state", &state, DeliveryState::parse)?,
            attempts,
            next_at: at(next_at),
            created_at: at(created_at),
            words: words.filter(|it| !it.is_empty()),
            held_back: held_back == 1,
        })
    };
    rows.into_iter().map(outgoing).collect()
}

impl crate::store::Store {
    /// Connections to the database: how many, and how many of them have no work.
    #[must_use]
    pub fn connections(&self) -> (u32, usize) {
        match &self.db {
            crate::store::Db::Sqlite { rw, ro, .. } => (rw.size() + ro.size(), rw.num_idle() + ro.num_idle()),
            crate::store::Db::Pg(pool, ..) => (pool.size(), pool.num_idle()),
        }
    }
}
