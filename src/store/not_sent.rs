//! What was not sent: refused, come back, put off, of an unknown fate, or waiting for long; until somebody sets it aside.

use jiff::Timestamp;

use crate::{
    desk::{
        delivery::DeliveryState,
        id::{DeliveryId, TicketNumber},
        permission::Scope,
    },
    store::{Conn, Result, at, ms, on, queue, word},
};

/// More are not counted.
const MOST_COUNTED: i64 = 100;

/// Which of it somebody may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sight {
    /// Mail about these tickets.
    pub scope: Scope,
    /// Mail about no ticket.
    pub rest: Rest,
}

/// Whether mail about no ticket is shown: invitations, notices to admins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rest {
    /// To admins.
    Shown,
    /// To helpers.
    Hidden,
}

/// From when on something counts as not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    /// What was due before then and still waits for its first try.
    pub late: Timestamp,
    /// What the desk wrote by itself leaves the list when it failed before then.
    pub old: Timestamp,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Copies, counted up to 100.
    pub all: i64,
    /// Whether there are more than are counted.
    pub more: bool,
    /// Whether mail is among them that a person waits for: what people wrote, links, alarms.
    pub people: bool,
}

/// One recipient's copy.
#[derive(Clone, Debug)]
pub struct NotSent {
    /// Its row.
    pub id: DeliveryId,
    /// Whom it was for.
    pub address: String,
    /// The mail's subject.
    pub subject: String,
    /// What sort of mail: `reply`, `receipt`, …
    pub kind: String,
    /// The ticket it is about.
    pub ticket: Option<TicketNumber>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i64,
    /// Not before.
    pub next_at: Timestamp,
    /// When it was decided on.
    pub created_at: Timestamp,
    /// When it failed.
    pub settled_at: Option<Timestamp>,
    /// The server's own words.
    pub words: Option<String>,
    /// Why a person must first say so before it leaves.
    pub held_back: Option<String>,
}

/// What stays until somebody has looked at it: what a person waits for.
const OF_PEOPLE: [&str; 1] = ["rank = 0"];
/// What leaves by itself; `$4` old. Each has its part of an index.
const OF_THE_DESK: [&str; 2] = ["rank <> 0 and settled_at is null", "rank <> 0 and settled_at > $4"];

/// Such copies, each with its mail, of which one of these conditions is true and never two; `$3` late.
fn copies(only: &[&str]) -> String {
    let open = DeliveryState::Waiting.as_str();
    let of = |only: &&str| {
        format!(
            "select * from deliveries where state in ('delayed', 'unknown', 'refused', 'bounced') and set_aside_at is null and {only}
                union all select * from deliveries where state = '{open}' and next_at < $3 and {only}"
        )
    };
    format!("({}) d join outbox o on o.id = d.outbox", only.iter().map(of).collect::<Vec<_>>().join(" union all "))
}

/// The ticket of each, as far as it is within sight; `$1` the scope's person, `$2` 1: mail about no ticket too.
fn within(scope: Scope) -> (String, i64) {
    let (within, who) = queue::seen(scope);
    let tickets = format!(
        "left join tickets t on t.number = coalesce((select c.ticket from comments c where c.id = o.comment), o.ticket)
        where o.kind <> 'probe' and ((t.number is null and $2 = 1) or (t.number is not null and {within}))"
    );
    (tickets, who)
}

/// How much was not sent.
///
/// # Errors
/// When the database refuses.
pub async fn count(conn: &mut Conn, sight: Sight, since: Since) -> Result<Counts> {
    let (within, who) = match sight {
        // Whichever ticket it is about, if any.
        Sight { scope: Scope::All, rest: Rest::Shown } => ("where o.kind <> 'probe' and $1 = 0 and $2 = 1".to_owned(), 0),
        Sight { scope, .. } => within(scope),
    };
    let counted =
        |only: &[&str]| format!("(select count(*) from (select 1 as one from {} {within} limit {MOST_COUNTED} + 1) n)", copies(only));
    let sql = format!("select {}, {}", counted(&OF_PEOPLE), counted(&OF_THE_DESK));
    let (people, desk): (i64, i64) = on!(conn, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(who).bind(rest(sight)).bind(ms(since.late))
        .bind(ms(since.old)).fetch_one(c).await)?;
    let all = people + desk;
    Ok(Counts { all: all.min(MOST_COUNTED), more: all > MOST_COUNTED, people: people > 0 })
}

/// One page of it, the newest first, behind `before`.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn list(conn: &mut Conn, sight: Sight, since: Since, before: Option<DeliveryId>, limit: i64) -> Result<Vec<NotSent>> {
    let columns = "d.id, d.address, o.subject, o.kind, t.number as ticket, a.name as author, d.state, d.attempts, d.next_at, d.created_at, d.settled_at, d.words, d.held_back";
    let (within, who) = within(sight.scope);
    let either = [&OF_PEOPLE[..], &OF_THE_DESK].concat().join(") or (");
    let copies = copies(&[&format!("(({either}))")]);
    let sql =
        format!("select {columns} from {copies} left join people a on a.id = o.author {within} and d.id < $5 order by d.id desc limit $6");
    let before = before.map_or(i64::MAX, |it| it.0);
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(who).bind(rest(sight)).bind(ms(since.late)).bind(ms(since.old))
        .bind(before).bind(limit).fetch_all(c).await)?;
    rows.into_iter().map(Row::not_sent).collect()
}

/// To whom replies on a ticket were not sent, a few of them.
///
/// # Errors
/// When the database refuses.
pub async fn of_ticket(conn: &mut Conn, ticket: TicketNumber, since: Since) -> Result<Vec<String>> {
    let sql = "select distinct d.address from comments c join outbox o on o.comment = c.id and o.kind = 'reply' join deliveries d on d.outbox = o.id
        where c.ticket = $1 and d.set_aside_at is null
            and (d.state in ('delayed', 'unknown', 'refused', 'bounced') or (d.state = 'waiting' and d.next_at < $2)) order by d.address limit 3";
    Ok(on!(conn, c => sqlx::query_scalar(sql).bind(ticket.0).bind(ms(since.late)).fetch_all(c).await)?)
}

fn rest(sight: Sight) -> i64 {
    i64::from(sight.rest == Rest::Shown)
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    address: String,
    subject: String,
    kind: String,
    ticket: Option<i64>,
    author: Option<String>,
    state: String,
    attempts: i64,
    next_at: i64,
    created_at: i64,
    settled_at: Option<i64>,
    words: Option<String>,
    held_back: Option<String>,
}

impl Row {
    fn not_sent(self) -> Result<NotSent> {
        Ok(NotSent {
            id: DeliveryId(self.id),
            address: self.address,
            subject: self.subject,
            kind: self.kind,
            ticket: self.ticket.map(TicketNumber),
            author: self.author,
            state: word("deliveries", "state", &self.state, DeliveryState::parse)?,
            attempts: self.attempts,
            next_at: at(self.next_at),
            created_at: at(self.created_at),
            settled_at: self.settled_at.map(at),
            words: self.words.filter(|it| !it.is_empty()),
            held_back: self.held_back,
        })
    }
}
