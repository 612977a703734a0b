//! Lists of tickets, and how many each queue holds. However many tickets there are, a page reads about as many rows as it
//! shows: each branch of a list runs along an index that is in its order, and counts come from `queue_counts`.

use jiff::Timestamp;

use crate::{
    desk::{
        address::EmailAddress,
        id::{MailboxId, PersonId, TicketNumber},
        permission::Scope,
        ticket::{Priority, Status, Turn},
    },
    store::{Conn, Result, StoreError, at, ms, on, word},
};

/// What a list is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Active, and nobody has it.
    Unassigned,
    /// Active, and this person has it.
    Mine(PersonId),
    /// Active.
    Open,
    /// Active, and the customer's turn.
    Waiting,
    /// Thought to be done.
    Resolved,
    /// Done.
    Closed,
    /// Whatever there is.
    Everything,
}

/// Who has the tickets of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// Nobody.
    Nobody,
    /// This person.
    Person(PersonId),
}

/// A list that is asked for.
#[derive(Clone, Debug)]
pub struct List {
    /// What it is about.
    pub view: View,
    /// Narrower: of this status.
    pub status: Option<Status>,
    /// Narrower: of this priority.
    pub priority: Option<Priority>,
    /// Narrower: had by.
    pub helper: Option<HeldBy>,
    /// Narrower: of this mailbox.
    pub mailbox: Option<MailboxId>,
    /// Behind this row of the page before; none: the first page.
    pub before: Option<Key>,
    /// At most so many rows.
    pub limit: usize,
}

/// Where a row stands in a list: the next page begins behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Last activity.
    pub updated_at: Timestamp,
    /// The ticket.
    pub number: TicketNumber,
}

/// A person as a row names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Their row.
    pub id: PersonId,
    /// As they are called.
    pub name: String,
    /// Where they are written to.
    pub email: EmailAddress,
}

/// One row of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueRow {
    /// The ticket.
    pub number: TicketNumber,
    /// Its subject.
    pub subject: String,
    /// Where it stands.
    pub status: Status,
    /// How much it matters.
    pub priority: Priority,
    /// Whose turn it is.
    pub turn: Turn,
    /// Goes up with each change.
    pub version: i64,
    /// Whose it is.
    pub requester: Named,
    /// Who has it.
    pub assignee: Option<Named>,
    /// How many comments it has.
    pub comments: i64,
    /// The start of the last comment that a customer may see.
    pub snippet: String,
    /// Whether there are files on it.
    pub has_files: bool,
    /// When anything last happened to it.
    pub updated_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    number: i64,
    subject: String,
    status: String,
    priority: i64,
    turn: String,
    version: i64,
    requester: i64,
    requester_name: String,
    requester_email: String,
    assignee: Option<i64>,
    assignee_name: Option<String>,
    assignee_email: Option<String>,
    comments: i64,
    snippet: String,
    has_files: i64,
    updated_at: i64,
}

impl Row {
    fn queue_row(self) -> Result<QueueRow> {
        let named = |id, name, email: String| -> Result<Named> {
            let address = email.parse().map_err(|_| StoreError::Unreadable { table: "people", column: "email", value: email })?;
            Ok(Named { id: PersonId(id), name, email: address })
        };
        let unreadable = StoreError::Unreadable { table: "tickets", column: "priority", value: self.priority.to_string() };
        Ok(QueueRow {
            number: TicketNumber(self.number),
            subject: self.subject,
            status: word("tickets", "status", &self.status, Status::parse)?,
            priority: Priority::from_rank(self.priority).ok_or(unreadable)?,
            turn: word("tickets", "turn", &self.turn, Turn::parse)?,
            version: self.version,
            requester: named(self.requester, self.requester_name, self.requester_email)?,
            assignee: match (self.assignee, self.assignee_name, self.assignee_email) {
                (Some(id), Some(name), Some(email)) => Some(named(id, name, email)?),
                (_, _, _) => None,
            },
            comments: self.comments,
            snippet: self.snippet,
            has_files: self.has_files != 0,
            updated_at: at(self.updated_at),
        })
    }
}

/// What every list selects, around the rows that `branches` finds.
fn select(branches: &str) -> String {
    format!(
        "select t.number, t.subject, t.status, t.priority, t.turn, t.version, t.requester, p.name as requester_name, p.email as requester_email,
            t.assignee, a.name as assignee_name, a.email as assignee_email, t.comments, t.snippet, t.has_files, t.updated_at
         from ({branches}) found join tickets t on t.number = found.number join people p on p.id = t.requester
         left join people a on a.id = t.assignee order by t.updated_at desc, t.number desc"
    )
}

/// The rows of a list within a scope, the latest activity first; none of a ticket that was merged into another.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn list(conn: &mut Conn, list: &List, scope: Scope) -> Result<Vec<QueueRow>> {
    listed(conn, list, scope, Asked::new(list)).await
}

/// Which of these tickets the list holds, the latest activity first.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn among(conn: &mut Conn, numbers: &[TicketNumber], list: &List, scope: Scope) -> Result<Vec<QueueRow>> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let mut asked = Asked::new(list);
    asked.narrower = format!("{} and number in ({})", asked.narrower, joined(numbers));
    listed(conn, list, scope, asked).await
}

/// Our own integers: nothing to escape, and both databases take them as they are.
fn joined(numbers: &[TicketNumber]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

async fn listed(conn: &mut Conn, list: &List, scope: Scope, mut asked: Asked) -> Result<Vec<QueueRow>> {
    let branches: Vec<String> = branches(list, scope).iter().map(|branch| asked.branch(branch)).collect();
    if branches.is_empty() {
        return Ok(Vec::new());
    }
    let limit = asked.bind(i64::try_from(list.limit).unwrap_or(i64::MAX));
    let sql = format!("{} limit {limit}", select(&branches.join(" union all ")));
    rows(conn, sql, &asked.binds).await
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
    let sql = select(&format!("select number from tickets t where number in ({}) and {within}", joined(numbers)));
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
    let sql =
        select(&format!("select number from tickets t where requester = $2 and {within} order by updated_at desc, number desc limit $3"));
    rows(conn, sql, &[who, requester.0, limit]).await
}

async fn rows(conn: &mut Conn, sql: String, binds: &[i64]) -> Result<Vec<QueueRow>> {
    let found: Vec<Row> = on!(conn, c => {
        let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        for value in binds {
            query = query.bind(*value);
        }
        query.fetch_all(c).await
    })?;
    found.into_iter().map(Row::queue_row).collect()
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

/// A part of a list that one index has in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Branch {
    /// Of this status and turn, whoever has it (tickets_by_status).
    Everybodys(Status, Turn),
    /// Of this status and turn, had by (tickets_by_assignee).
    HadBy(HeldBy, Status, Turn),
    /// That a customer opened or takes part in (participants_by_person, tickets_by_requester): as few as one has tickets.
    TakesPart(PersonId, Status),
}

fn branches(list: &List, scope: Scope) -> Vec<Branch> {
    let statuses: Vec<Status> =
        Status::ALL.into_iter().filter(|it| of_view(list.view, *it) && list.status.is_none_or(|only| only == *it)).collect();
    let turns: &[Turn] = if list.view == View::Waiting { &[Turn::Customer] } else { &[Turn::Staff, Turn::Customer] };
    let each = |make: &dyn Fn(Status, Turn) -> Branch| -> Vec<Branch> {
        statuses.iter().flat_map(|status| turns.iter().map(|turn| make(*status, *turn))).collect()
    };
    if let Scope::TakesPart(who) = scope {
        return statuses.iter().map(|status| Branch::TakesPart(who, *status)).collect();
    }
    match holders(list, scope) {
        None => each(&|status, turn| Branch::Everybodys(status, turn)),
        Some(holders) => holders.iter().flat_map(|holder| each(&|status, turn| Branch::HadBy(*holder, status, turn))).collect(),
    }
}

fn of_view(view: View, status: Status) -> bool {
    match view {
        View::Unassigned | View::Mine(_) | View::Open | View::Waiting => status.is_active(),
        View::Resolved => status == Status::Resolved,
        View::Closed => status == Status::Closed,
        View::Everything => true,
    }
}

/// Whose tickets the list holds: what the scope, the view and the filter agree on. None: everybody's.
fn holders(list: &List, scope: Scope) -> Option<Vec<HeldBy>> {
    let of_scope = match scope {
        Scope::All | Scope::TakesPart(_) => None,
        Scope::OwnAndUnassigned(who) => Some(vec![HeldBy::Person(who), HeldBy::Nobody]),
        Scope::Own(who) => Some(vec![HeldBy::Person(who)]),
    };
    let of_view = match list.view {
        View::Unassigned => Some(HeldBy::Nobody),
        View::Mine(who) => Some(HeldBy::Person(who)),
        View::Open | View::Waiting | View::Resolved | View::Closed | View::Everything => None,
    };
    [of_view, list.helper].into_iter().flatten().fold(of_scope, |holders, only| {
        Some(holders.map_or_else(|| vec![only], |holders| holders.into_iter().filter(|it| *it == only).collect()))
    })
}

/// The query's values, and what every branch has in common.
struct Asked {
    binds: Vec<i64>,
    narrower: String,
    limit: String,
}

impl Asked {
    fn new(list: &List) -> Self {
        // What was merged into another is on that one.
        let mut asked = Self { binds: Vec::new(), narrower: " and merged_into is null".to_owned(), limit: String::new() };
        if let Some(priority) = list.priority {
            let priority = asked.bind(priority.rank());
            asked.narrower = format!("{} and priority = {priority}", asked.narrower);
        }
        if let Some(mailbox) = list.mailbox {
            let mailbox = asked.bind(mailbox.0);
            asked.narrower = format!("{} and mailbox = {mailbox}", asked.narrower);
        }
        if let Some(key) = list.before {
            let (updated_at, number) = (asked.bind(ms(key.updated_at)), asked.bind(key.number.0));
            asked.narrower = format!("{} and (updated_at, number) < ({updated_at}, {number})", asked.narrower);
        }
        asked.limit = asked.bind(i64::try_from(list.limit).unwrap_or(i64::MAX));
        asked
    }

    fn bind(&mut self, value: i64) -> String {
        self.binds.push(value);
        format!("${}", self.binds.len())
    }

    /// The order names the columns that are fixed as well: PostgreSQL sees only so that the index has it.
    fn branch(&mut self, branch: &Branch) -> String {
        let (fixed, order) = match *branch {
            Branch::Everybodys(status, turn) => {
                (format!("status = '{}' and turn = '{}'", status.as_str(), turn.as_str()), "status, turn, ")
            }
            Branch::HadBy(holder, status, turn) => {
                let had = match holder {
                    HeldBy::Nobody => "assignee is null".to_owned(),
                    HeldBy::Person(who) => format!("assignee = {}", self.bind(who.0)),
                };
                (format!("{had} and status = '{}' and turn = '{}'", status.as_str(), turn.as_str()), "assignee, status, turn, ")
            }
            Branch::TakesPart(who, status) => {
                let who = self.bind(who.0);
                let own = format!(
                    "number in (select number from tickets where requester = {who}
                        union select ticket from participants where person = {who} and state = 'active')"
                );
                (format!("{own} and status = '{}'", status.as_str()), "")
            }
        };
        format!(
            "select number from (select number from tickets where {fixed}{} order by {order}updated_at desc, number desc limit {}) branch",
            self.narrower, self.limit
        )
    }
}
