//! How many tickets each queue holds, and what else the navigation counts: never by counting tickets.

use crate::{
    desk::{
        id::PersonId,
        permission::Scope,
        queue::{Filter, HeldBy, View},
        ticket::{Status, Turn},
    },
    store::{Conn, Result, on, queue::holders, word},
};

/// How many tickets each queue of a person holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Active, and nobody has them.
    pub unassigned: i64,
    /// Active, and the person has them.
    pub mine: i64,
    /// Active.
    pub open: i64,
    /// Active, and the customer's turn.
    pub waiting: i64,
    /// Thought to be done.
    pub resolved: i64,
    /// Done; without those that were merged into another.
    pub closed: i64,
    /// Put off until a time; they are in none of the others.
    pub snoozed: i64,
}

/// How many tickets somebody has, or nobody, that are alike: what the queues are counted by.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    snoozed: bool,
    status: Status,
    turn: Turn,
    /// None: nobody.
    assignee: Option<PersonId>,
    n: i64,
}

/// What is counted for `me` within their scope; a customer's scope counts nothing.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn counts(conn: &mut Conn, scope: Scope, me: PersonId) -> Result<Counts> {
    Ok(Counts::of(&tallies(conn).await?, scope, me))
}

/// What is counted of everybody's tickets.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn tallies(conn: &mut Conn) -> Result<Vec<Tally>> {
    let sql = "select shelf, status, turn, assignee, cast(sum(n) as bigint) from queue_counts where tag = 0 and shelf <> 'merged'
        group by shelf, status, turn, assignee";
    let rows: Vec<(String, String, String, i64, i64)> = on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
    let tally = |(shelf, status, turn, assignee, n): (String, String, String, i64, i64)| {
        Ok(Tally {
            snoozed: shelf == "snoozed",
            status: word("queue_counts", "status", &status, Status::parse)?,
            turn: word("queue_counts", "turn", &turn, Turn::parse)?,
            assignee: Some(PersonId(assignee)).filter(|it| it.0 != 0),
            n,
        })
    };
    rows.into_iter().map(tally).collect()
}

impl Counts {
    /// What `me` is shown of these within their scope.
    #[must_use]
    pub fn of(tallies: &[Tally], scope: Scope, me: PersonId) -> Self {
        let mut counts = Self::default();
        for Tally { snoozed, status, turn, assignee, n } in tallies {
            let in_scope = match scope {
                Scope::All => true,
                Scope::OwnAndUnassigned(who) => assignee.is_none_or(|it| it == who),
                Scope::Own(who) => *assignee == Some(who),
                Scope::TakesPart(_) => false,
            };
            if !in_scope {
                continue;
            }
            if *snoozed {
                counts.snoozed += n;
                continue;
            }
            match status {
                Status::Open | Status::InProgress => {
                    counts.open += n;
                    counts.unassigned += if assignee.is_none() { *n } else { 0 };
                    counts.mine += if *assignee == Some(me) { *n } else { 0 };
                    counts.waiting += if *turn == Turn::Customer { *n } else { 0 };
                }
                Status::Resolved => counts.resolved += n,
                Status::Closed => counts.closed += n,
            }
        }
        counts
    }
}

/// How many tickets each of these lists holds within a scope, in their order.
///
/// # Errors
/// When the database refuses.
pub async fn of_lists(conn: &mut Conn, lists: &[(View, Filter)], scope: Scope) -> Result<Vec<i64>> {
    if lists.is_empty() {
        return Ok(Vec::new());
    }
    let count = |(at, (view, filter)): (usize, &(View, Filter))| {
        let condition = condition(*view, filter, scope);
        format!("select cast({at} as bigint) as list, cast(coalesce(sum(n), 0) as bigint) as n from queue_counts where {condition}")
    };
    let sql = lists.iter().enumerate().map(count).collect::<Vec<_>>().join(" union all ");
    let mut rows: Vec<(i64, i64)> = on!(conn, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(c).await)?;
    rows.sort_unstable();
    Ok(rows.into_iter().map(|(_, n)| n).collect())
}

/// Our own integers and words: nothing to escape.
fn condition(view: View, filter: &Filter, scope: Scope) -> String {
    if let Scope::TakesPart(_) = scope {
        return "1 = 0".to_owned();
    }
    let words = |words: Vec<&str>| if words.is_empty() { "''".to_owned() } else { format!("'{}'", words.join("', '")) };
    let statuses = Status::ALL.into_iter().filter(|it| view.takes(*it) && filter.status.is_none_or(|only| only == *it));
    let turns = view.turns().iter().filter(|it| filter.turn.is_none_or(|only| only == **it));
    let shelf = match view {
        View::Snoozed => "shelf = 'snoozed'",
        View::All => "shelf <> 'merged'",
        View::Unassigned | View::Mine(_) | View::Open | View::Waiting | View::Resolved | View::Closed => "shelf = 'queue'",
    };
    let mut condition = format!(
        "tag = {} and {shelf} and status in ({}) and turn in ({})",
        filter.tag.map_or(0, |it| it.0),
        words(statuses.map(Status::as_str).collect()),
        words(turns.map(|it| it.as_str()).collect())
    );
    if let Some(holders) = holders(view, filter, scope) {
        let id = |holder: &HeldBy| match holder {
            HeldBy::Nobody => 0,
            HeldBy::Person(who) => who.0,
        };
        // Nobody has the id -1.
        let ids: Vec<String> = holders.iter().map(id).chain([-1]).map(|it| it.to_string()).collect();
        condition = format!("{condition} and assignee in ({})", ids.join(", "));
    }
    if let Some(priority) = filter.priority {
        condition = format!("{condition} and priority = {}", priority.rank());
    }
    if let Some(mailbox) = filter.mailbox {
        condition = format!("{condition} and mailbox = {mailbox}");
    }
    condition
}

/// So many messages that wait for a person are counted.
pub const MOST_HELD: i64 = 1000;

/// Messages that wait for a person, counted up to [`MOST_HELD`].
///
/// # Errors
/// When the database refuses.
pub async fn held_count(conn: &mut Conn) -> Result<i64> {
    let sql = "select count(*) from (select id from messages where held = 'waiting' limit $1) held";
    Ok(on!(conn, c => sqlx::query_scalar(sql).bind(MOST_HELD).fetch_one(c).await)?)
}
