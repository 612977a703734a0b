//! What customers see of their requests: nothing here reads a note, an event or a delivery.

use jiff::Timestamp;

use crate::{
    desk::{
        id::{PersonId, TicketNumber},
        ticket::{Status, Turn},
    },
    store::{Conn, Result, at, ms, on, word},
};

/// One request in a customer's list.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its number.
    pub number: TicketNumber,
    /// What it is about.
    pub subject: String,
    /// Where it stands.
    pub status: Status,
    /// Whose turn it is.
    pub turn: Turn,
    /// Whether they opened it, or were taken in.
    pub part: Part,
    /// The last public words, or the last change of status.
    pub last_at: Timestamp,
}

/// How a customer comes to see a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// They opened it.
    Own,
    /// They take part in somebody else's.
    TakenIn,
}

/// Which requests a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// All of them.
    All,
    /// Those that are not done.
    Open,
    /// Those that are resolved or closed.
    Done,
}

impl Show {
    /// As an address says it; empty: all.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Open => "open",
            Self::Done => "done",
        }
    }

    /// The word of [`Show::as_str`] read back; what is none is all.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        [Self::Open, Self::Done].into_iter().find(|it| it.as_str() == word).unwrap_or(Self::All)
    }
}

/// Which page of a customer's list.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Narrowed to these.
    pub show: Show,
    /// And to those with these words in subject, number or public conversation; empty: whatever they say.
    pub words: &'a str,
    /// Behind this one; none: from the newest on.
    pub before: Option<TicketNumber>,
    /// What staff wrote later can still be taken back, and has not been said.
    pub said_by: Timestamp,
}

/// A page of the requests that `who` opened or takes part in, the newest first. When it last moved is told from what is public, and so
/// are words found: a note must not show even by its time.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn requests(conn: &mut Conn, who: PersonId, page: Page<'_>, limit: i64) -> Result<Vec<Request>> {
    let sql = "select t.number, t.subject, t.status, t.turn, case when t.requester = $1 then cast(1 as bigint) else 0 end, t.status_at,
            (select max(c.created_at) from comments c where c.ticket = t.number and c.visibility = 'public' and c.withdrawn_at is null)
        from (select number from tickets where requester = $1
            union select ticket from participants where person = $1 and state = 'active') mine
        join tickets t on t.number = mine.number where t.merged_into is null and t.number < $2
            and ($4 = '' or ($4 = 'open' and t.active = 1) or ($4 = 'done' and t.active = 0))
            and ($5 = '' or lower(t.subject) like $5 escape '!' or '#' || t.number like $5 escape '!' or exists (select 1 from comments c
                where c.ticket = t.number and c.visibility = 'public' and c.withdrawn_at is null and (c.origin <> 'staff' or c.created_at <= $6)
                and lower(c.body) like $5 escape '!'))
        order by t.number desc limit $3";
    type Row = (i64, String, String, String, i64, i64, Option<i64>);
    let before = page.before.map_or(i64::MAX, |it| it.0);
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).bind(who.0).bind(before).bind(limit).bind(page.show.as_str())
        .bind(anywhere(page.words)).bind(ms(page.said_by)).fetch_all(c).await)?;
    let request = |(number, subject, status, turn, own, status_at, said_at): Row| {
        Ok(Request {
            number: TicketNumber(number),
            subject,
            status: word("tickets", "status", &status, Status::parse)?,
            turn: word("tickets", "turn", &turn, Turn::parse)?,
            part: if own == 1 { Part::Own } else { Part::TakenIn },
            last_at: at(said_at.unwrap_or(status_at).max(status_at)),
        })
    };
    rows.into_iter().map(request).collect()
}

/// What `like` looks for, its own signs taken literally; empty for nothing.
fn anywhere(words: &str) -> String {
    let words = words.to_lowercase().replace('\0', "").replace('!', "!!").replace('_', "!_").replace('%', "!%");
    if words.is_empty() { words } else { format!("%{words}%") }
}
