//! Opening a ticket for a customer: after a call, by a form of one's own site, by a monitor.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, PREFIX,
    bearer::Caller,
    body::{FileIn, Sent, files},
    change::{Assignee, person},
    list::mailbox,
    problem::Problem,
    tickets::{WholeTicket, left},
    words::Priority,
    write::text,
};
use crate::{
    actions::{
        once::Edge,
        open_ticket::{FirstMessage, ForCustomer, for_customer},
    },
    desk::{address::EmailAddress, ticket},
};

/// Whose ticket it is to be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Customer {
    /// An account is made where there is none.
    #[schema(example = "ann@home.example")]
    email: String,
    /// As they are called, where nobody of this address is known; by their address where nothing is said.
    #[serde(default)]
    name: String,
}

/// What becomes of the first message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum First {
    /// It is mailed to the customer.
    #[default]
    Sent,
    /// It is kept as a note.
    Note,
}

/// A ticket for a customer.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTicket)]
pub(super) struct TicketIn {
    customer: Customer,
    #[schema(example = "Your parcel")]
    subject: String,
    /// The first message.
    text: String,
    /// Whether the first message goes to the customer: `sent` where nothing is said.
    #[serde(default)]
    first: First,
    /// Short name or address of the mailbox that answers; the first of the desk where nothing is said.
    mailbox: Option<String>,
    /// Who has it; nobody where nothing is said.
    assignee: Option<Assignee>,
    priority: Option<Priority>,
    /// Others who take part.
    #[serde(default)]
    copies: Vec<String>,
    #[serde(default)]
    files: Vec<FileIn>,
}

/// A ticket that was opened.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct OpenedTicket {
    number: i64,
    /// Null: it is out of reach of whoever opened it, since nobody or somebody else has it.
    ticket: Option<WholeTicket>,
}

/// Opens a ticket for a customer. The first message is mailed to them, or kept as a note.
#[utoipa::path(post, path = "/tickets", tag = "Tickets", operation_id = "openTicket", request_body = TicketIn,
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again with the same key within a day, the same request makes nothing more.")),
    responses((status = 201, description = "It is open.", body = OpenedTicket)))]
pub(super) async fn open(State(api): State<Api>, caller: Caller, Sent { body, once }: Sent<TicketIn>) -> Result<Response, Problem> {
    let address = |field: &str, said: &str| said.parse::<EmailAddress>().map_err(|why| Problem::invalid(field, format!("“{said}”: {why}")));
    if body.subject.trim().is_empty() {
        return Err(Problem::invalid("subject", "a subject is missing; say in a few words what it is about"));
    }
    let first = api.desk.mailboxes.iter().next().map(|(id, _)| id);
    let answers = match &body.mailbox {
        Some(name) => mailbox(&api, name)?,
        None => first.ok_or_else(|| Problem::invalid("mailbox", "this desk has no mailbox yet; add one under Settings"))?,
    };
    let mut copies = Vec::with_capacity(body.copies.len());
    for (n, copy) in body.copies.iter().enumerate() {
        copies.push(address(&format!("copies[{n}]"), copy)?);
    }
    let new = ForCustomer {
        customer: address("customer.email", &body.customer.email)?,
        name: body.customer.name.clone(),
        copies,
        subject: body.subject.clone(),
        text: text("text", &body.text)?,
        files: files(&body.files)?,
        mailbox: answers,
        assignee: body.assignee.as_ref().map(|it| person(it, &caller)).transpose()?,
        priority: body.priority.map_or(ticket::Priority::Normal, Into::into),
        first: match body.first {
            First::Sent => FirstMessage::Sent,
            First::Note => FirstMessage::Note,
        },
        edge: Edge::Api(once),
    };
    let number = for_customer(&api.desk, &caller.person, &new).await?;
    let at = HeaderValue::from_str(&format!("{PREFIX}/tickets/{number}")).map_err(|error| Problem::broken(&error))?;
    let opened = OpenedTicket { number: number.0, ticket: left(&api, &caller, number).await? };
    Ok((StatusCode::CREATED, [(header::LOCATION, at)], Json(opened)).into_response())
}
