//! Changing what a ticket is: all that is asked for, or nothing.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api,
    bearer::Caller,
    body::{At, Sent, said},
    list::mailbox,
    problem::Problem,
    tickets::{WholeTicket, left},
    words::{Priority, Status},
    write::{Known, unsent},
};
use crate::{
    actions::change_ticket::{Wanted, change_ticket},
    desk::{
        id::{PersonId, TicketNumber},
        tag::{MOST_ON_A_TICKET, TagName},
    },
};

/// Somebody who is to have a ticket: the id of a helper, or `"me"`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Assignee {
    /// As `/desk` lists them.
    Id(i64),
    /// `me`: whoever made the token.
    Word(String),
}

/// Who that is.
pub(super) fn person(it: &Assignee, caller: &Caller) -> Result<PersonId, Problem> {
    match it {
        Assignee::Id(id) => Ok(PersonId(*id)),
        Assignee::Word(word) if word == "me" => Ok(caller.person.id),
        Assignee::Word(_) => Err(Problem::invalid("assignee", "this is nobody; write the id of a helper as a number, \"me\", or null")),
    }
}

/// Tags that go on and off, by their names.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Tags {
    /// Made where there are none of the name.
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
}

/// What a ticket is to be; what is left out stays as it is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TicketChange)]
pub(super) struct Change {
    /// The version that the program has seen: where the ticket has another, nothing is changed (`stale`).
    version: Option<i64>,
    status: Option<Status>,
    /// With `"status": "resolved"`, where a reply was not sent.
    unsent: Option<Known>,
    /// Who has it; null: nobody.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<Assignee>)]
    assignee: Option<Option<Assignee>>,
    priority: Option<Priority>,
    subject: Option<String>,
    /// Short name or address of the mailbox that answers from now on.
    mailbox: Option<String>,
    #[serde(default)]
    tags: Tags,
    /// Until when it is put off; null: it is back in its queue.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>, format = DateTime)]
    snooze: Option<Option<Timestamp>>,
}

/// Changes a ticket: all that is asked for, or nothing.
#[utoipa::path(patch, path = "/tickets/{number}", tag = "Tickets", operation_id = "changeTicket", request_body = Change,
    params(("number" = i64, Path, description = "The ticket.")),
    responses((status = 200, description = "As it is now.", body = WholeTicket),
        (status = 204, description = "It is changed, and out of reach of whoever changed it.")))]
pub(super) async fn change(
    State(api): State<Api>,
    caller: Caller,
    At(number): At<i64>,
    Sent { body, .. }: Sent<Change>,
) -> Result<Response, Problem> {
    let number = TicketNumber(number);
    let wanted = Wanted {
        status: body.status.map(Into::into),
        unsent: unsent(body.unsent),
        assignee: match &body.assignee {
            Some(Some(to)) => Some(Some(person(to, &caller)?)),
            Some(None) => Some(None),
            None => None,
        },
        priority: body.priority.map(Into::into),
        subject: body.subject,
        mailbox: body.mailbox.as_deref().map(|name| mailbox(&api, name)).transpose()?,
        snooze: body.snooze,
        tags: names("tags.add", &body.tags.add)?,
        untag: names("tags.remove", &body.tags.remove)?,
    };
    change_ticket(&api.desk, &caller.person, number, body.version, &wanted).await?;
    Ok(match left(&api, &caller, number).await? {
        Some(ticket) => Json(ticket).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

fn names(field: &str, said: &[String]) -> Result<Vec<TagName>, Problem> {
    if said.len() > MOST_ON_A_TICKET {
        return Err(Problem::invalid(field, format!("at most {MOST_ON_A_TICKET} tags can be named at once")));
    }
    let name = |(n, it): (usize, &String)| TagName::parse(it).map_err(|why| Problem::invalid(&format!("{field}[{n}]"), why));
    said.iter().enumerate().map(name).collect()
}
