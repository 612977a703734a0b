//! Tickets and people as answers show them.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::words::{Account, Priority, Promise, Role, Status, Turn};
use crate::{
    actions::Desk,
    desk::{id::MailboxId, person::Person, tag::Tag},
    store::queue::{Named, QueueRow},
};

/// A person as a ticket or a comment names them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct PersonRef {
    /// As `/people/{id}` finds them.
    pub id: i64,
    /// As they are called.
    pub name: String,
    /// Where they are written to.
    pub email: String,
}

impl From<Named> for PersonRef {
    fn from(it: Named) -> Self {
        Self { id: it.id.0, name: it.name, email: it.email.to_string() }
    }
}

/// A person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct PersonView {
    /// As the panel shows it.
    pub id: i64,
    /// As they are called.
    pub name: String,
    /// Where they are written to.
    pub email: String,
    /// What they are at this desk.
    pub role: Role,
    /// Whether they may sign in.
    pub account: Account,
}

impl From<&Person> for PersonView {
    fn from(it: &Person) -> Self {
        Self { id: it.id.0, name: it.name.clone(), email: it.email.to_string(), role: it.role.into(), account: it.state.into() }
    }
}

/// A mailbox: the address that answers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct MailboxRef {
    pub id: i64,
    /// Its short name: what requests call it by.
    #[schema(example = "support")]
    pub name: String,
    pub address: String,
}

impl MailboxRef {
    /// None: it is none of this desk’s any more.
    pub fn of(desk: &Desk, id: MailboxId) -> Option<Self> {
        let (id, it) = desk.mailboxes.iter().find(|(it, _)| *it == id)?;
        Some(Self { id: id.0, name: it.name.clone(), address: it.address.to_string() })
    }
}

/// What is promised next, and when it is due.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(super) struct Due {
    pub promise: Promise,
    pub at: Timestamp,
}

/// A ticket.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Ticket {
    /// As people say it: `#1042`.
    pub number: i64,
    pub subject: String,
    pub status: Status,
    pub priority: Priority,
    /// Whose address answers; null: a mailbox that is gone.
    pub mailbox: Option<MailboxRef>,
    /// The customer.
    pub requester: PersonRef,
    /// Who has it; null: nobody.
    pub assignee: Option<PersonRef>,
    /// By name.
    pub tags: Vec<String>,
    pub turn: Turn,
    /// Since when it is whose turn.
    pub turn_at: Timestamp,
    pub due: Option<Due>,
    /// Until when it is put off; null: it is not.
    pub snoozed_until: Option<Timestamp>,
    pub opened_at: Timestamp,
    /// When anything last happened to it.
    pub updated_at: Timestamp,
    /// How many comments it has.
    pub comments: i64,
    /// The start of the last words that a customer may see.
    pub excerpt: String,
    /// Goes up with each change: send it with one to be refused where somebody else was faster.
    pub version: i64,
    /// Its page on the panel.
    pub url: String,
}

impl Ticket {
    /// `tags`: every tag of the desk.
    pub fn of(desk: &Desk, row: QueueRow, tags: &[Tag]) -> Self {
        let name = |id| tags.iter().find(|it| it.id == id).map(|it| it.name.clone());
        Self {
            number: row.number.0,
            status: row.status.into(),
            priority: row.priority.into(),
            mailbox: MailboxRef::of(desk, row.mailbox),
            requester: row.requester.into(),
            assignee: row.assignee.map(Into::into),
            tags: row.tags.into_iter().filter_map(name).collect(),
            turn: row.turn.into(),
            turn_at: row.turn_at,
            due: row.due.map(|(promise, at)| Due { promise: promise.into(), at }),
            snoozed_until: row.snoozed_until,
            opened_at: row.opened_at,
            updated_at: row.updated_at,
            comments: row.comments,
            excerpt: row.snippet,
            version: row.version,
            url: desk.url.page(&format!("/tickets/{}", row.number)),
            subject: row.subject,
        }
    }
}
