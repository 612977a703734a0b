//! What customers see of their requests: nothing here reads a note, an event or a delivery.

use jiff::Timestamp;

use crate::{
    desk::{
        id::{PersonId, TicketNumber},
        ticket::{Status, Turn},
    },
    store::{Conn, Result, at, on, word},
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

/// A page of the requests that `who` opened or takes part in, the newest first, behind `before`. When it last moved is told from what
/// is public: a note must not show even by its time.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn requests(conn: &mut Conn, who: PersonId, show: Show, before: Option<TicketNumber>, limit: i64) -> Result<Vec<Request>> {
    let sql = "select t.number, t.subject, t.status, t.turn, case when t.requester = $1 then cast(1 as bigint) else 0 end, t.status_at,
            (select max(c.created_at) from comments c where c.ticket = t.number and c.visibility = 'public' and c.withdrawn_at is null)
        from (select number from tickets where requester = $1
            union select ticket from participants where person = $1 and state = 'active') mine
        join tickets t on t.number = mine.number where t.merged_into is null and t.number < $2
            and ($4 = '' or ($4 = 'open' and t.active = 1) or ($4 = 'done' and t.active = 0))
        order by t.number desc limit $3";
    type Row = (i64, String, String, String, i64, i64, Option<i64>);
    let before = before.map_or(i64::MAX, |it| it.0);
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).bind(who.0).bind(before).bind(limit).bind(show.as_str()).fetch_all(c).await)?;
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
