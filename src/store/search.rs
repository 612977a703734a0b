//! Finding tickets by what was said on them and by what they are. The one file that knows how to ask either database for words is
//! `search/terms.rs`; this one bounds what they read.
//!
//! The words of a search may stand in a million comments. Both databases would read them all to sort them by rank; here only the
//! newest few hundred tickets that say it are candidates, with those that say it in their subject, and those are ranked.
//!
//! - SQLite walks the index from the newest comment back, and stops when it has enough.
//! - PostgreSQL's index has no order: it is asked for the newest comments first, then for eight times as many, and so on, each time
//!   with a plan of its own. A frequent word is found among a few thousand rows, a rare one in the index.
//! - Where few tickets can be meant at all, they are found first, and the index is asked for them alone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    desk::{
        id::{CommentId, TicketNumber},
        permission::Scope,
        query::{Meaning, Said, Sense},
    },
    store::{Conn, Driver, Result, on},
};

mod conditions;
pub mod fold;
pub(in crate::store) mod index;
mod rank;
mod terms;

use self::{
    conditions::{Condition, counted},
    index::listed,
    terms::{Asker, LastWord, Terms, Where},
};
pub use self::{
    fold::words,
    index::{comment_changed, comment_made, person_changed, rebuild, ticket_changed},
};

/// So many tickets are candidates for a place by rank.
const MOST_RANKED: usize = 300;
/// Besides them, so many that say it in their subject.
const MOST_BY_SUBJECT: usize = 100;
/// Of one ticket, so many of the newest comments that say it are candidates for the best.
const MOST_OF_ONE: usize = 5;
/// So many characters of a comment are looked at for the line that is shown of it.
const LOOKED_AT: usize = 20_000;
/// So many tickets can be leafed through.
pub const MOST_LISTED: usize = 500;
/// So many comments that say it are looked at for those that pass what else is asked.
const MOST_LOOKED_AT: usize = 20_000;
/// Of at most so many tickets the index is asked for them alone.
const FEW: usize = 400;

/// What is asked, and by whom.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// What is to be found.
    pub meaning: &'a Meaning,
    /// Whose eyes.
    pub scope: Scope,
    /// In which order.
    pub order: Order,
    /// At least so many, if there are.
    pub wanted: usize,
    /// Now; and what was written by staff until then has left.
    pub now: Timestamp,
    /// See `now`.
    pub left_before: Timestamp,
}

/// The order of what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The best first.
    Relevance,
    /// The last said first.
    Newest,
}

/// A ticket that was found, and the comment that says it best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The ticket.
    pub ticket: TicketNumber,
    /// The comment.
    pub comment: CommentId,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Each ticket once, in the order asked for.
    pub hits: Vec<Hit>,
    /// Whether that is all of it.
    pub extent: Extent,
}

/// Whether everything was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// There is no more.
    #[default]
    All,
    /// There are more than were wanted.
    More,
    /// Too many say it to look at each: older ones may be missing.
    Newest,
}

/// The tickets that fit.
///
/// # Errors
/// When the database refuses.
pub async fn find(conn: &mut Conn, asked: &Asked<'_>) -> Result<Found> {
    let within = few(conn, asked).await?;
    if within.as_ref().is_some_and(Vec::is_empty) {
        return Ok(Found::default());
    }
    let has_words = asked.meaning.said.iter().any(|it| it.0 == Sense::With && !matches!(it.1, Said::HasFile));
    let ranked = has_words && asked.order == Order::Relevance;
    let wanted = if ranked { asked.wanted.max(MOST_RANKED) } else { asked.wanted };
    let asker = asker(asked.scope);
    let terms = |place, last| Terms::new(asked.meaning, (place, last, asker), within.as_deref());
    let mut found = gather(conn, asked, &terms(Where::Anywhere, LastWord::IsWhole), wanted).await?;
    if has_words && found.extent == Extent::All && found.hits.len() < asked.wanted {
        // Longer words that begin so: every row with any of them is gathered before the first.
        found = gather(conn, asked, &terms(Where::Anywhere, LastWord::MayGoOn), wanted).await?;
    }
    if !ranked {
        return Ok(each_once(found));
    }
    if found.extent != Extent::All && asked.meaning.said.iter().any(|it| matches!(it.1, Said::Words(_))) {
        let by_subject = gather(conn, asked, &terms(Where::InSubject, LastWord::IsWhole), MOST_BY_SUBJECT).await?;
        found.hits.extend(by_subject.hits);
    }
    rank::sort(conn, asked, found).await
}

/// The tickets whose subject has all the words of this one, the newest first.
///
/// # Errors
/// When the database refuses.
pub async fn with_subject(conn: &mut Conn, subject: &str, scope: Scope, limit: usize, now: Timestamp) -> Result<Vec<TicketNumber>> {
    let meaning = Meaning { said: vec![(Sense::With, Said::Subject(subject.to_owned()))], facts: Vec::new() };
    let asked = Asked { meaning: &meaning, scope, order: Order::Newest, wanted: limit, now, left_before: now };
    let found = find(conn, &asked).await?;
    Ok(found.hits.iter().take(limit).map(|it| it.ticket).collect())
}

fn asker(scope: Scope) -> Asker {
    match scope {
        Scope::All | Scope::OwnAndUnassigned(_) | Scope::Own(_) => Asker::Staff,
        Scope::TakesPart(_) => Asker::Customer,
    }
}

/// The tickets that can be meant, where they are few: a customer's own, or those of a tag that few have. None: they are many.
async fn few(conn: &mut Conn, asked: &Asked<'_>) -> Result<Option<Vec<i64>>> {
    let facts = &asked.meaning.facts;
    let customer = matches!(asked.scope, Scope::TakesPart(_));
    let numbered = facts.iter().any(|it| it.0 == Sense::With && it.1.iter().any(|it| matches!(it, crate::desk::query::Fact::Number(_))));
    if !customer && !numbered {
        let Some(counted) = counted(asked.scope, facts) else { return Ok(None) };
        let sql = format!("select cast(coalesce(sum(n), 0) as bigint) from queue_counts where {}", counted.sql);
        let n: Vec<i64> = numbers(conn, sql, &counted.values).await?;
        if n.first().is_none_or(|it| *it > FEW as i64) {
            return Ok(None);
        }
    }
    let on_tickets = Condition::on_tickets(asked.scope, facts);
    let sql = format!("select t.number from tickets t where {} order by t.number desc limit {}", on_tickets.sql, MOST_LISTED);
    Ok(Some(numbers(conn, sql, &on_tickets.values).await?))
}

async fn numbers(conn: &mut Conn, sql: String, values: &[i64]) -> Result<Vec<i64>> {
    Ok(on!(conn, c => {
        let mut query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql));
        for value in values {
            query = query.bind(*value);
        }
        query.fetch_all(c).await
    })?)
}

/// The newest comments that say it, until they are on so many tickets: the newest first.
async fn gather(conn: &mut Conn, asked: &Asked<'_>, terms: &Terms, wanted: usize) -> Result<Found> {
    let mut condition = Condition::on_tickets(asked.scope, &asked.meaning.facts);
    condition.and_on_comments(asked.scope, &asked.meaning.facts, asked.left_before);
    let mut walk = Walk::new(conn, terms).await?;
    let (mut found, mut tickets, mut looked_at) = (Found::default(), BTreeMap::<TicketNumber, usize>::new(), 0);
    // A ticket that says it in many comments takes as many rows.
    let mut at_once = wanted * 2;
    loop {
        let some = walk.next(conn, at_once).await?;
        looked_at += some.len();
        for hit in passing(conn, &some, &condition).await? {
            if !tickets.contains_key(&hit.ticket) && tickets.len() >= wanted {
                found.extent = Extent::More;
                return Ok(found);
            }
            let of_this = tickets.entry(hit.ticket).or_default();
            *of_this += 1;
            if *of_this <= MOST_OF_ONE {
                found.hits.push(hit);
            }
        }
        if walk.ended {
            return Ok(found);
        }
        if looked_at >= MOST_LOOKED_AT {
            found.extent = Extent::Newest;
            return Ok(found);
        }
        at_once = (at_once * 4).min(4000);
    }
}

/// Of these comments those that pass the condition, in their order.
async fn passing(conn: &mut Conn, comments: &[i64], condition: &Condition) -> Result<Vec<Hit>> {
    if comments.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "select c.id, c.ticket from comments c join tickets t on t.number = c.ticket where c.id in ({}) and {} order by c.id desc",
        listed(comments),
        condition.sql
    );
    let rows: Vec<(i64, i64)> = on!(conn, c => {
        let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).persistent(false);
        for value in &condition.values {
            query = query.bind(*value);
        }
        query.fetch_all(c).await
    })?;
    Ok(rows.into_iter().map(|(id, ticket)| Hit { ticket: TicketNumber(ticket), comment: CommentId(id) }).collect())
}

/// The comments that say it, from the newest back.
struct Walk {
    /// What the index is asked; none: every comment will do.
    asked: Option<String>,
    /// Those before this one are still to come.
    before: i64,
    /// PostgreSQL looks at so many ids at once; none: at all.
    window: Option<i64>,
    ended: bool,
}

/// The first look on PostgreSQL.
const WINDOW: i64 = 4096;

impl Walk {
    async fn new(conn: &mut Conn, terms: &Terms) -> Result<Self> {
        let (asked, window) = match conn.driver() {
            Driver::Sqlite(_) => (terms.for_sqlite(), None),
            Driver::Pg(_) => (terms.for_postgres(), Some(WINDOW)),
        };
        let (asked, window) = if terms.is_empty() { (None, None) } else { (Some(asked), window) };
        let newest: Option<i64> = on!(conn, c => sqlx::query_scalar("select max(id) from comments").fetch_one(c).await)?;
        Ok(Self { asked, before: newest.unwrap_or(0) + 1, window, ended: false })
    }

    /// At most so many more.
    async fn next(&mut self, conn: &mut Conn, most: usize) -> Result<Vec<i64>> {
        let mut found = Vec::new();
        while found.len() < most && !self.ended {
            let from = self.window.map_or(0, |it| (self.before - it).max(0));
            let wanted = most - found.len();
            let some = self.rows(conn, from, wanted).await?;
            let filled = some.len() == wanted;
            self.before = if filled { some.last().copied().unwrap_or(from) } else { from };
            self.ended = !filled && from == 0;
            if !filled {
                self.window = self.window.map(|it| it.saturating_mul(8));
            }
            found.extend(some);
        }
        Ok(found)
    }

    async fn rows(&self, conn: &mut Conn, from: i64, most: usize) -> Result<Vec<i64>> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let Some(asked) = &self.asked else {
            let sql = "select id from comments where id >= $1 and id < $2 order by id desc limit $3";
            return Ok(on!(conn, c => sqlx::query_scalar(sql).bind(from).bind(self.before).bind(most).fetch_all(c).await)?);
        };
        let sql = conn.pick(
            "select rowid from search where search match $1 and rowid >= $2 and rowid < $3 order by rowid desc limit $4",
            "select rowid from search where words @@ cast($1 as tsquery) and rowid >= $2 and rowid < $3 order by rowid desc limit $4",
        );
        // Planned for these words: a plan for any words would fit none.
        Ok(
            on!(conn, c => sqlx::query_scalar(sql).bind(asked).bind(from).bind(self.before).bind(most).persistent(false).fetch_all(c).await)?,
        )
    }
}

/// Each ticket with its newest comment.
fn each_once(mut found: Found) -> Found {
    let mut met = BTreeSet::new();
    found.hits.retain(|it| met.insert(it.ticket));
    found
}

/// What a page shows of a comment that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// What it says.
    pub text: String,
    /// The names of its files.
    pub files: Vec<String>,
}

/// What comments say and which files they have, for showing where the words stand.
///
/// # Errors
/// When the database refuses.
pub async fn shown(conn: &mut Conn, comments: &[CommentId]) -> Result<BTreeMap<CommentId, Shown>> {
    if comments.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids = listed(&comments.iter().map(|it| it.0).collect::<Vec<_>>());
    // What is shown of it is a line: of a book, its beginning is looked at.
    let sql = format!("select id, substr(body, 1, {LOOKED_AT}) from comments where id in ({ids})");
    let texts: Vec<(i64, String)> = on!(conn, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(c).await)?;
    let mut all: BTreeMap<CommentId, Shown> =
        texts.into_iter().map(|(id, text)| (CommentId(id), Shown { text, files: Vec::new() })).collect();
    let sql = format!("select comment, filename from attachments where comment in ({ids}) order by comment, position");
    let files: Vec<(i64, String)> = on!(conn, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(c).await)?;
    for (comment, name) in files {
        if let Some(shown) = all.get_mut(&CommentId(comment)) {
            shown.files.push(name);
        }
    }
    Ok(all)
}
