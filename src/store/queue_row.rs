//! One row of a list of tickets: what is selected, and what it is read as.

use jiff::Timestamp;

use crate::{
    desk::{
        address::EmailAddress,
        id::{MailboxId, PersonId, TagId, TicketNumber},
        target::Promise,
        ticket::{Priority, Status, Turn},
    },
    store::{Conn, Result, StoreError, at, on, tickets::tag_ids, word},
};

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
    /// Whose address answers for it.
    pub mailbox: MailboxId,
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
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When anything last happened to it.
    pub updated_at: Timestamp,
    /// Since when it is whose turn.
    pub turn_at: Timestamp,
    /// Until when it is put off.
    pub snoozed_until: Option<Timestamp>,
    /// In the order of their ids.
    pub tags: Vec<TagId>,
    /// What is due next, and when.
    pub due: Option<(Promise, Timestamp)>,
}

#[derive(sqlx::FromRow)]
struct Row {
    number: i64,
    subject: String,
    status: String,
    priority: i64,
    turn: String,
    version: i64,
    mailbox: i64,
    requester: i64,
    requester_name: String,
    requester_email: String,
    assignee: Option<i64>,
    assignee_name: Option<String>,
    assignee_email: Option<String>,
    comments: i64,
    snippet: String,
    has_files: i64,
    opened_at: i64,
    updated_at: i64,
    turn_at: i64,
    snoozed_until: Option<i64>,
    tags: String,
    due: Option<String>,
    due_at: i64,
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
            mailbox: MailboxId(self.mailbox),
            requester: named(self.requester, self.requester_name, self.requester_email)?,
            assignee: match (self.assignee, self.assignee_name, self.assignee_email) {
                (Some(id), Some(name), Some(email)) => Some(named(id, name, email)?),
                (_, _, _) => None,
            },
            comments: self.comments,
            snippet: self.snippet,
            has_files: self.has_files != 0,
            opened_at: at(self.opened_at),
            updated_at: at(self.updated_at),
            turn_at: at(self.turn_at),
            snoozed_until: self.snoozed_until.map(at),
            tags: tag_ids(&self.tags)?,
            due: match self.due {
                Some(due) => Some((word("tickets", "due", &due, Promise::parse)?, at(self.due_at))),
                None => None,
            },
        })
    }
}

/// The latest activity first.
pub(super) const LATEST: &str = "t.updated_at desc, t.number desc";

/// What every list selects, around the rows that `branches` finds.
pub(super) fn select(branches: &str, order: &str) -> String {
    format!(
        "select t.number, t.subject, t.status, t.priority, t.turn, t.version, t.mailbox, t.requester, p.name as requester_name, p.email as requester_email,
            t.assignee, a.name as assignee_name, a.email as assignee_email, t.comments, t.snippet, t.has_files,
            t.opened_at, t.updated_at, t.turn_at, t.snoozed_until, t.tags, t.due, t.due_at
         from ({branches}) found join tickets t on t.number = found.number join people p on p.id = t.requester
         left join people a on a.id = t.assignee order by {order}"
    )
}

/// The rows that a statement of [`select`] finds.
pub(super) async fn rows(conn: &mut Conn, sql: String, binds: &[i64]) -> Result<Vec<QueueRow>> {
    let found: Vec<Row> = on!(conn, c => {
        let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        for value in binds {
            query = query.bind(*value);
        }
        query.fetch_all(c).await
    })?;
    found.into_iter().map(Row::queue_row).collect()
}
