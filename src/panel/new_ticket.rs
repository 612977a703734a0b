//! Opening a ticket for a customer: after a call, a walk-in, a letter.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};

use crate::{
    actions::{
        ActionError, Kind,
        once::Edge,
        open_ticket::{FirstMessage, ForCustomer, for_customer},
    },
    desk::{
        address::EmailAddress,
        comment::CommentText,
        id::{MailboxId, PersonId},
        person::Person,
        ticket::Priority,
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash, Place},
        url::Query,
        visitor::{Staff, Visitor},
        words::Choice,
    },
    store::{directory, people},
};

/// What was typed, and what is wrong with it.
#[derive(Default, Serialize)]
struct NewPage {
    customer: String,
    name: String,
    cc: String,
    subject: String,
    body: String,
    mailbox: String,
    helper: String,
    priority: String,
    quiet: bool,
    wrong: Option<Wrong>,
    mailboxes: Vec<Choice>,
    helpers: Vec<Choice>,
    priorities: Vec<Choice>,
}

/// The field that is to be corrected.
#[derive(Serialize)]
struct Wrong {
    field: &'static str,
    why: String,
    files: bool,
}

/// `GET /tickets/new`.
pub(super) async fn form(State(panel): State<Panel>, Staff(visitor): Staff) -> Result<Response, PageError> {
    let mailbox = panel.desk.mailboxes.iter().next().map(|(id, _)| id.to_string()).unwrap_or_default();
    let blank =
        NewPage { mailbox, helper: visitor.person.id.to_string(), priority: Priority::Normal.as_str().to_owned(), ..NewPage::default() };
    draw(&panel, &visitor, blank).await
}

/// So many customers are suggested, for so many letters at least.
const SUGGESTED: i64 = 8;
const LETTERS: usize = 2;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Begun {
    q: String,
}

#[derive(Serialize)]
struct Suggested {
    customers: Vec<(String, String)>,
}

/// `GET /customers`: those whose name or address has what was typed so far, as the options of a list for the script.
pub(super) async fn customers(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Query(begun): Query<Begun>,
) -> Result<Response, PageError> {
    let typed = begun.q.trim();
    let customers = match typed.chars().count() {
        ..LETTERS => Vec::new(),
        _ => {
            let mut conn = panel.desk.store.read().await?;
            directory::customers(&mut conn, typed, visitor.scope(panel.desk.rules()), SUGGESTED).await?
        }
    };
    Ok(page::html(StatusCode::OK, panel.desk.templates.render("live/customers.html", &Suggested { customers })?))
}

async fn draw(panel: &Panel, visitor: &Visitor, mut page: NewPage) -> Result<Response, PageError> {
    let mut conn = panel.desk.store.read().await?;
    let staff = people::active_staff(&mut conn).await?;
    drop(conn);
    let me = &visitor.person;
    let name = |it: &Person| if it.id == me.id { format!("{} (me)", it.name) } else { it.name.clone() };
    page.helpers = [Choice::new("nobody", "Nobody")].into_iter().chain(staff.iter().map(|it| Choice::new(it.id, name(it)))).collect();
    page.mailboxes = panel.desk.mailboxes.iter().map(|(id, it)| Choice::new(id, it.address.to_string())).collect();
    page.priorities = Choice::priorities();
    page::show(panel, visitor, Place::Elsewhere, "new_ticket.html", &page).await
}

/// `POST /tickets`.
pub(super) async fn open(State(panel): State<Panel>, Staff(visitor): Staff, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["customer", "name", "cc", "subject", "body", "mailbox", "helper", "priority", "quiet"])?;
    let opened = match read(&fields) {
        Ok(new) => for_customer(&panel.desk, &visitor.person, &new).await,
        Err(error) => Err(error),
    };
    match opened {
        Ok(number) => {
            let flash = Flash::done(format!("Ticket #{number} is open.")).clearing("new");
            Ok(page::go(&panel, &visitor, &format!("/tickets/{number}"), &flash))
        }
        Err(ActionError::Invalid { field, why }) => {
            again(&panel, &visitor, &fields, field, sentence(&why), StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(error) if matches!(error.kind(), Kind::Conflict | Kind::Forbidden) => {
            again(&panel, &visitor, &fields, "", sentence(&error), StatusCode::CONFLICT).await
        }
        Err(error) => Err(error.into()),
    }
}

fn read(fields: &Fields) -> Result<ForCustomer, ActionError> {
    let invalid = |field, why: String| ActionError::Invalid { field, why };
    let address = |field, text: &str| text.parse::<EmailAddress>().map_err(|error| invalid(field, error.to_string()));
    let copies = fields.get("cc").split([',', ';']).map(str::trim).filter(|it| !it.is_empty()).map(|it| address("cc", it));
    if fields.given("subject").is_none() {
        return Err(invalid("subject", "a subject is missing; say in a few words what it is about".to_owned()));
    }
    let choose = |what: &str| format!("there is no such {what}; choose one of the list");
    Ok(ForCustomer {
        customer: address("customer", fields.get("customer"))?,
        name: fields.get("name").to_owned(),
        copies: copies.collect::<Result<_, _>>()?,
        subject: fields.get("subject").to_owned(),
        text: CommentText::parse(fields.text("body")).map_err(|error| invalid("body", error.to_string()))?,
        files: fields.new_files(),
        mailbox: MailboxId(fields.get("mailbox").parse().map_err(|_| invalid("mailbox", choose("mailbox")))?),
        assignee: match fields.get("helper") {
            "nobody" | "" => None,
            id => Some(PersonId(id.parse().map_err(|_| invalid("helper", choose("helper")))?)),
        },
        priority: Priority::parse(fields.get("priority")).ok_or_else(|| invalid("priority", choose("priority")))?,
        edge: Edge::Panel,
        first: if fields.given("quiet").is_some() { FirstMessage::Note } else { FirstMessage::Sent },
    })
}

async fn again(
    panel: &Panel,
    visitor: &Visitor,
    fields: &Fields,
    field: &'static str,
    why: String,
    status: StatusCode,
) -> Result<Response, PageError> {
    let typed = |name: &str| fields.text(name).to_owned();
    let page = NewPage {
        customer: typed("customer"),
        name: typed("name"),
        cc: typed("cc"),
        subject: typed("subject"),
        body: typed("body"),
        mailbox: typed("mailbox"),
        helper: typed("helper"),
        priority: typed("priority"),
        quiet: fields.given("quiet").is_some(),
        wrong: Some(Wrong { field, why, files: !fields.files.is_empty() }),
        ..NewPage::default()
    };
    let mut response = draw(panel, visitor, page).await?;
    *response.status_mut() = status;
    Ok(response)
}
