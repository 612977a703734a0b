//! Lists of tickets, and how many each queue holds. However many tickets there are, a page reads about as many rows as it
//! shows: each branch of a list runs along an index that is in its order, and counts come from `queue_counts`.

use crate::{
    desk::{
        id::{PersonId, TagId, TicketNumber},
        permission::Scope,
        ticket::{Status, Turn},
    },
    store::{
        Conn, Result, ms, on,
        queue_order::{Part, beside, keys, whole, within},
        queue_row::{LATEST, rows, select},
    },
};

pub use crate::{
    desk::queue::{Filter, HeldBy, Sort, View},
    store::{
        queue_order::{Key, Side},
        queue_row::{Named, QueueRow},
    },
};

/// A list that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct List {
    /// What it is about.
    pub view: View,
    /// What narrows it.
    pub filter: Filter,
    /// In which order.
    pub sort: Sort,
    /// On this side of this row; none: from its beginning.
    pub beside: Option<(Side, Key)>,
    /// At most so many rows.
    pub limit: usize,
}

impl List {
    fn side(&self) -> Side {
        self.beside.map_or(Side::Behind, |(side, _)| side)
    }
}

/// The rows of a list within a scope, in its order; none of a ticket that was merged into another. Those ahead of a row come the
/// nearest first.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn list(conn: &mut Conn, list: &List, scope: Scope) -> Result<Vec<QueueRow>> {
    let driven = match list.filter.tag {
        Some(tag) => with_tag(conn, tag).await?,
        None => Driven::ByOrder,
    };
    listed(conn, list, scope, &Asked::new(list, driven)).await
}

/// How many rows of a list come before a row, counted up to `most`.
///
/// # Errors
/// When the database refuses.
pub async fn count_ahead(conn: &mut Conn, list: &List, key: Key, scope: Scope, most: usize) -> Result<i64> {
    let list = List { beside: Some((Side::Ahead, key)), limit: most, ..*list };
    let asked = Asked::new(&list, Driven::ByOrder);
    let branches: Vec<String> = branches(&list, scope).iter().filter_map(|branch| asked.branch(&list, branch)).collect();
    if branches.is_empty() {
        return Ok(0);
    }
    let sql = format!("select count(*) from (select 1 as one from ({}) found limit {most}) counted", branches.join(" union all "));
    Ok(on!(conn, c => sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(c).await)?)
}

/// Which of these tickets the list holds, in its order.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn among(conn: &mut Conn, numbers: &[TicketNumber], list: &List, scope: Scope) -> Result<Vec<QueueRow>> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let mut asked = Asked::new(list, Driven::ByOrder);
    asked.narrower = format!("{} and number in ({})", asked.narrower, joined(numbers));
    listed(conn, list, scope, &asked).await
}

/// What a list with a tag is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Driven {
    /// Few have the tag: they are looked at, whatever their order.
    ByTag,
    /// Many have it: the next rows in the order have it soon enough.
    ByOrder,
}

/// So many tickets are looked at for the sake of their tag.
const FEW: i64 = 2000;

async fn with_tag(conn: &mut Conn, tag: TagId) -> Result<Driven> {
    let sql = "select cast(coalesce(sum(n), 0) as bigint) from queue_counts where tag = $1";
    let n: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(tag.0).fetch_one(c).await)?;
    Ok(if n <= FEW { Driven::ByTag } else { Driven::ByOrder })
}

/// Our own integers: nothing to escape, and both databases take them as they are.
fn joined(numbers: &[TicketNumber]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

async fn listed(conn: &mut Conn, list: &List, scope: Scope, asked: &Asked) -> Result<Vec<QueueRow>> {
    let branches: Vec<String> = branches(list, scope).iter().filter_map(|branch| asked.branch(list, branch)).collect();
    if branches.is_empty() {
        return Ok(Vec::new());
    }
    let (first, merged) = (whole(list.sort, list.side(), ""), branches.join(" union all "));
    let these = format!("select number from ({merged}) merged order by {first} limit {}", asked.limit);
    rows(conn, select(&these, &whole(list.sort, list.side(), "t.")), &[]).await
}

/// These tickets, as far as the scope shows them, in the order of their numbers here.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn these(conn: &mut Conn, numbers: &[TicketNumber], scope: Scope) -> Result<Vec<QueueRow>> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let (within, who) = seen(scope);
    let sql = select(&format!("select number from tickets t where number in ({}) and {within}", joined(numbers)), LATEST);
    let mut found = rows(conn, sql, &[who]).await?;
    found.sort_by_key(|row| numbers.iter().position(|it| *it == row.number));
    Ok(found)
}

/// The newest tickets that a customer opened, as far as the scope shows them.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn of_requester(conn: &mut Conn, requester: PersonId, scope: Scope, limit: i64) -> Result<Vec<QueueRow>> {
    let (within, who) = seen(scope);
    let theirs = format!("select number from tickets t where requester = $2 and {within} order by updated_at desc, number desc limit $3");
    let sql = select(&theirs, LATEST);
    rows(conn, sql, &[who, requester.0, limit]).await
}

/// Whether somebody opened or takes part in a ticket that the scope shows.
///
/// # Errors
/// When the database refuses.
pub async fn knows(conn: &mut Conn, person: PersonId, scope: Scope) -> Result<bool> {
    let (within, who) = seen(scope);
    let sql = format!(
        "select count(*) from (select 1 as one from tickets t where {within} and (t.requester = $2
            or exists (select 1 from participants o where o.person = $2 and o.ticket = t.number and o.state = 'active')) limit 1) found"
    );
    let n: i64 = on!(conn, c => sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(who).bind(person.0).fetch_one(c).await)?;
    Ok(n > 0)
}

/// The scope as a condition on single tickets; `$1` is the person, 0 where there is none.
pub(super) fn seen(scope: Scope) -> (&'static str, i64) {
    match scope {
        Scope::All => ("$1 = 0", 0),
        Scope::OwnAndUnassigned(who) => ("(t.assignee = $1 or t.assignee is null)", who.0),
        Scope::Own(who) => ("t.assignee = $1", who.0),
        Scope::TakesPart(who) => (
            "(t.requester = $1 or exists (select 1 from participants p where p.person = $1 and p.ticket = t.number and p.state = 'active'))",
            who.0,
        ),
    }
}

/// A part of a list that one index has in each of its orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Branch {
    /// Of this status and turn, whoever has it (tickets_by_activity and its like).
    Everybodys(Status, Turn),
    /// Of this status and turn, had by (tickets_of_by_activity and its like).
    HadBy(HeldBy, Status, Turn),
    /// Put off (tickets_snoozed): as few as there are.
    Snoozed(Option<HeldBy>, Status, Turn),
    /// That a customer opened or takes part in (participants_by_person, tickets_by_requester): as few as one has tickets.
    TakesPart(PersonId, Status, Turn),
}

impl Branch {
    fn turn(self) -> Turn {
        match self {
            Self::Everybodys(_, turn) | Self::HadBy(_, _, turn) | Self::Snoozed(_, _, turn) | Self::TakesPart(_, _, turn) => turn,
        }
    }
}

fn branches(list: &List, scope: Scope) -> Vec<Branch> {
    let passes = |status: &Status| list.view.takes(*status) && list.filter.status.is_none_or(|only| only == *status);
    let statuses: Vec<Status> = Status::ALL.into_iter().filter(passes).collect();
    let turns: Vec<Turn> = list.view.turns().iter().copied().filter(|it| list.filter.turn.is_none_or(|only| only == *it)).collect();
    let each = |make: &dyn Fn(Status, Turn) -> Branch| -> Vec<Branch> {
        statuses.iter().flat_map(|status| turns.iter().map(|turn| make(*status, *turn))).collect()
    };
    if let Scope::TakesPart(who) = scope {
        return each(&|status, turn| Branch::TakesPart(who, status, turn));
    }
    if list.view == View::All {
        let one = |view| branches(&List { view, ..*list }, scope);
        return [View::Open, View::Resolved, View::Closed, View::Snoozed].into_iter().flat_map(one).collect();
    }
    let snoozed = list.view == View::Snoozed;
    match holders(list.view, &list.filter, scope) {
        None if snoozed => each(&|status, turn| Branch::Snoozed(None, status, turn)),
        None => each(&|status, turn| Branch::Everybodys(status, turn)),
        Some(holders) => {
            let of = |holder| {
                each(&|status, turn| {
                    if snoozed { Branch::Snoozed(Some(holder), status, turn) } else { Branch::HadBy(holder, status, turn) }
                })
            };
            holders.into_iter().flat_map(of).collect()
        }
    }
}

/// Whose tickets the list holds: what the scope, the view and the filter agree on. None: everybody's.
pub(super) fn holders(view: View, filter: &Filter, scope: Scope) -> Option<Vec<HeldBy>> {
    let of_scope = match scope {
        Scope::All | Scope::TakesPart(_) => None,
        Scope::OwnAndUnassigned(who) => Some(vec![HeldBy::Person(who), HeldBy::Nobody]),
        Scope::Own(who) => Some(vec![HeldBy::Person(who)]),
    };
    [view.holder(), filter.helper].into_iter().flatten().fold(of_scope, |holders, only| {
        Some(holders.map_or_else(|| vec![only], |holders| holders.into_iter().filter(|it| *it == only).collect()))
    })
}

/// What every branch has in common. All values are our own integers and words: nothing to escape.
struct Asked {
    from: &'static str,
    narrower: String,
    limit: i64,
}

impl Asked {
    fn new(list: &List, driven: Driven) -> Self {
        let (mut narrower, mut from) = (String::new(), "tickets");
        if let Some(priority) = list.filter.priority {
            narrower = format!("{narrower} and priority = {}", priority.rank());
        }
        if let Some(mailbox) = list.filter.mailbox {
            narrower = format!("{narrower} and mailbox = {mailbox}");
        }
        if let Some(since) = list.filter.updated_since {
            narrower = format!("{narrower} and updated_at >= {}", ms(since));
        }
        if let Some(tag) = list.filter.tag {
            let has = match driven {
                Driven::ByTag => {
                    // SQLite takes the tables of a cross join in this order.
                    from = "ticket_tags g cross join tickets";
                    format!("g.tag = {tag} and number = g.ticket")
                }
                Driven::ByOrder => format!("exists (select 1 from ticket_tags g where g.ticket = number and g.tag = {tag})"),
            };
            narrower = format!("{narrower} and {has}");
        }
        Self { from, narrower, limit: i64::try_from(list.limit).unwrap_or(i64::MAX) }
    }

    /// None: nothing of it is on this side. The order names the columns that are fixed as well: PostgreSQL sees only so that the index
    /// has it.
    fn branch(&self, list: &List, branch: &Branch) -> Option<String> {
        let had = |holder| match holder {
            HeldBy::Nobody => "assignee is null".to_owned(),
            HeldBy::Person(who) => format!("assignee = {who}"),
        };
        let of = |status: Status, turn: Turn| format!("status = '{}' and turn = '{}'", status.as_str(), turn.as_str());
        let (fixed, order) = match *branch {
            Branch::Everybodys(status, turn) => (format!("shelf = 'queue' and {}", of(status, turn)), "status, turn, "),
            Branch::HadBy(holder, status, turn) => {
                (format!("shelf = 'queue' and {} and {}", had(holder), of(status, turn)), "assignee, status, turn, ")
            }
            Branch::Snoozed(holder, status, turn) => {
                let had = holder.map(|it| format!(" and {}", had(it))).unwrap_or_default();
                (format!("shelf = 'snoozed' and {}{had}", of(status, turn)), "")
            }
            Branch::TakesPart(who, status, turn) => {
                let own = format!(
                    "number in (select number from tickets where requester = {who}
                        union select ticket from participants where person = {who} and state = 'active')"
                );
                // Whether it is put off is nothing to a customer.
                (format!("shelf <> 'merged' and {own} and {}", of(status, turn)), "")
            }
        };
        let behind = match list.beside.map(|(side, key)| beside(list.sort, side, key, branch.turn())) {
            Some(Part::Nothing) => return None,
            Some(Part::Where(condition)) => format!(" and {condition}"),
            Some(Part::Whole) | None => String::new(),
        };
        let by = within(list.sort, list.side());
        let keys = keys(list.sort);
        Some(format!(
            "select {keys} from (select {keys} from {} where {fixed}{}{behind} order by {order}{by} limit {}) branch",
            self.from, self.narrower, self.limit
        ))
    }
}
