//! A customer's own pages: their requests, the public conversation of each, a new one.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};

use crate::{
    actions::{
        ActionError, Kind,
        open_ticket::{OwnRequest, as_customer},
        reply::comment_as_customer,
        set_status::set_status,
    },
    desk::{
        address::EmailAddress,
        comment::{CommentText, Origin, Visibility},
        id::{AttachmentId, MailboxId, TicketNumber},
        permission::{Act, Case, Verdict, may},
        settings::{MailboxSettings, Portal},
        ticket::{Status, Ticket, Turn},
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        files::download,
        form::Fields,
        page::{self, Flash, Place},
        portal_search,
        thread::{Drawing, Entry},
        url::{Path, Query},
        visitor::{Customer, Visitor},
        words::{Choice, StatusWord, When},
    },
    store::{
        Conn,
        conversation::{self, Audience, Said},
        participants,
        portal::{self, Part, Request, Show},
        tickets,
    },
};

const PAGE: usize = 30;

/// So much of a conversation is shown, the newest.
const SHOWN: i64 = 500;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default, deserialize_with = "page::row_id")]
    before: Option<i64>,
    #[serde(default)]
    show: String,
    #[serde(default)]
    q: String,
}

#[derive(Serialize)]
struct List {
    requests: Vec<Row>,
    /// The word of each, its title, and whether it is shown.
    tabs: Vec<(&'static str, &'static str, bool)>,
    show: &'static str,
    /// What leads to the next page.
    next: Option<String>,
    q: String,
}

#[derive(Serialize)]
pub(super) struct Row {
    pub no: i64,
    pub subject: String,
    status: StatusWord,
    state: &'static str,
    taken_in: bool,
    when: When,
    /// Where the words of a search stand.
    pub subject_html: Option<String>,
    pub snip_html: Option<String>,
    pub at: String,
}

/// `GET /my`.
pub(super) async fn list(
    State(panel): State<Panel>,
    Customer(visitor): Customer,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    if !asked.q.trim().is_empty() {
        return portal_search::show(&panel, &visitor, asked.q.trim()).await;
    }
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut conn = panel.desk.store.read().await?;
    let show = Show::parse(&asked.show);
    let mut requests = portal::requests(&mut conn, visitor.person.id, show, asked.before.map(TicketNumber), limit).await?;
    drop(conn);
    let more = requests.len() > PAGE;
    requests.truncate(PAGE);
    let next = requests.last().filter(|_| more).map(|it| format!("show={}&before={}", show.as_str(), it.number));
    let tabs = [(Show::All, "All"), (Show::Open, "Open"), (Show::Done, "Resolved and closed")];
    let own = List {
        requests: requests.into_iter().map(|it| row(&panel, it)).collect(),
        tabs: tabs.into_iter().map(|(it, title)| (it.as_str(), title, it == show)).collect(),
        show: show.as_str(),
        next,
        q: String::new(),
    };
    page::show(&panel, &visitor, Place::Elsewhere, "portal-tickets.html", &own).await
}

pub(super) fn row(panel: &Panel, it: Request) -> Row {
    Row {
        no: it.number.0,
        subject: it.subject,
        status: it.status.into(),
        state: state(it.status, it.turn),
        taken_in: it.part == Part::TakenIn,
        when: When::new(it.last_at, panel.desk.clock.now(), &panel.zone()),
        subject_html: None,
        snip_html: None,
        at: String::new(),
    }
}

/// Where a request stands, as its customer would say it.
fn state(status: Status, turn: Turn) -> &'static str {
    match (status, turn) {
        (Status::Open, Turn::Staff) => "Received",
        (Status::InProgress, Turn::Staff) => "We are on it",
        (Status::Open | Status::InProgress, Turn::Customer) => "Answered; over to you",
        (Status::Resolved, _) => "Resolved",
        (Status::Closed, _) => "Closed",
    }
}

#[derive(Serialize)]
struct Page {
    no: i64,
    subject: String,
    status: StatusWord,
    /// Each of the four steps: its name, and `done`, `now` or nothing.
    steps: [(&'static str, &'static str); 4],
    msgs: Vec<Entry>,
    /// Whether they may close it, or open it again.
    may_close: bool,
    may_reopen: bool,
    text: String,
    err: Option<String>,
}

/// `GET /my/{no}`.
pub(super) async fn show(State(panel): State<Panel>, Customer(visitor): Customer, Path(no): Path<i64>) -> Result<Response, PageError> {
    if let Some(elsewhere) = merged(&panel, &visitor, TicketNumber(no)).await? {
        return Ok(Redirect::to(&format!("/my/{elsewhere}")).into_response());
    }
    draw(&panel, &visitor, TicketNumber(no), "", None).await
}

/// Where a request that was joined with another goes on, if both exist for them.
async fn merged(panel: &Panel, visitor: &Visitor, number: TicketNumber) -> Result<Option<TicketNumber>, PageError> {
    let mut conn = panel.desk.store.read().await?;
    let (ticket, _) = enter(panel, visitor, &mut conn, number).await?;
    if ticket.merged_into.is_none() {
        return Ok(None);
    }
    let Some(standing) = tickets::standing(&mut conn, number).await? else { return Ok(None) };
    match enter(panel, visitor, &mut conn, standing.number).await {
        Ok(_) => Ok(Some(standing.number)),
        Err(PageError::Missing) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The ticket, if it exists for them.
async fn enter(panel: &Panel, visitor: &Visitor, conn: &mut Conn, number: TicketNumber) -> Result<(Ticket, Case), PageError> {
    let ticket = tickets::get(conn, number).await?.ok_or(PageError::Missing)?;
    let case = participants::case(conn, &ticket, visitor.person.id).await?;
    match may(&visitor.person, Act::See(case), panel.desk.rules()) {
        Verdict::Allowed => Ok((ticket, case)),
        Verdict::Missing | Verdict::Forbidden => Err(PageError::Missing),
    }
}

async fn draw(panel: &Panel, visitor: &Visitor, number: TicketNumber, text: &str, err: Option<String>) -> Result<Response, PageError> {
    let mut conn = panel.desk.store.read().await?;
    let (ticket, case) = enter(panel, visitor, &mut conn, number).await?;
    let mut said = conversation::said(&mut conn, number, Audience::Customer, SHOWN).await?;
    drop(conn);
    said.retain(|it| has_left(panel, it));
    let drawing = Drawing { panel, audience: Audience::Customer, viewer: visitor.person.id, files_at: "/my/attachments", as_html: None };
    let own = may(&visitor.person, Act::CloseOrReopen(case), panel.desk.rules()) == Verdict::Allowed;
    let done = matches!(ticket.status, Status::Resolved | Status::Closed);
    let page = Page {
        no: number.0,
        steps: steps(ticket.status),
        status: ticket.status.into(),
        subject: ticket.subject,
        msgs: drawing.messages(&said),
        may_close: own && ticket.status != Status::Closed,
        may_reopen: own && done && ticket.merged_into.is_none(),
        text: text.to_owned(),
        err,
    };
    let wrong = page.err.is_some();
    let mut response = page::show(panel, visitor, Place::Elsewhere, "portal-ticket.html", &page).await?;
    if wrong {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

/// A reply that can still be taken back has not been said yet.
fn has_left(panel: &Panel, said: &Said) -> bool {
    match said.origin {
        Origin::Staff => panel.desk.clock.now().duration_since(said.created_at) >= panel.desk.settings.undo_window,
        Origin::Customer | Origin::Machine => true,
    }
}

fn steps(status: Status) -> [(&'static str, &'static str); 4] {
    let at = match status {
        Status::Open => 0,
        Status::InProgress => 1,
        Status::Resolved => 2,
        Status::Closed => 3,
    };
    let mut steps = [("Received", ""), ("In progress", ""), ("Resolved", ""), ("Closed", "")];
    for (index, step) in steps.iter_mut().enumerate() {
        step.1 = match index.cmp(&at) {
            std::cmp::Ordering::Less => "done",
            std::cmp::Ordering::Equal => "now",
            std::cmp::Ordering::Greater => "",
        };
    }
    steps
}

/// `POST /my/{no}/messages`.
pub(super) async fn write(
    State(panel): State<Panel>,
    Customer(visitor): Customer,
    Path(no): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["body"])?;
    let number = TicketNumber(no);
    let lost = if fields.files.is_empty() { "" } else { " Attach the files again." };
    let again = |why: String| format!("Not sent. {why}{lost}");
    let text = match CommentText::parse(fields.text("body")) {
        Ok(text) => text,
        Err(error) => return draw(&panel, &visitor, number, fields.text("body"), Some(again(sentence(&error)))).await,
    };
    match comment_as_customer(&panel.desk, &visitor.person, number, &text, &fields.new_files()).await {
        Ok(comment) => {
            let flash = Flash::done("Your message is with us.").clearing(format!("my{no}"));
            Ok(page::go(&panel, &visitor, &format!("/my/{no}#m{comment}"), &flash))
        }
        Err(error) if matches!(error.kind(), Kind::Conflict | Kind::Invalid) => {
            draw(&panel, &visitor, number, fields.text("body"), Some(again(sentence(&error)))).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /my/{no}`: closed by them, or open again.
pub(super) async fn change(
    State(panel): State<Panel>,
    Customer(visitor): Customer,
    Path(no): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["do"])?;
    let (to, told) = match fields.get("do") {
        "close" => (Status::Closed, "Closed. Thank you for telling us; an answer opens it again."),
        "reopen" => (Status::Open, "Open again. Tell us what is still wrong."),
        _ => return Err(PageError::Invalid("The form does not say what to do.".to_owned())),
    };
    let here = format!("/my/{no}");
    match set_status(&panel.desk, &visitor.person, TicketNumber(no), None, to).await {
        Ok(()) => Ok(page::go(&panel, &visitor, &here, &Flash::done(told))),
        Err(error) if matches!(error.kind(), Kind::Conflict | Kind::Invalid) => {
            Ok(page::go(&panel, &visitor, &here, &Flash::refused(sentence(&error))))
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Default, Serialize)]
struct New {
    subject: String,
    body: String,
    mailbox: String,
    mailboxes: Vec<Choice>,
    /// Field and sentence.
    wrong: Option<(&'static str, String)>,
    files: bool,
}

/// `GET /my/new`.
pub(super) async fn new(State(panel): State<Panel>, Customer(visitor): Customer) -> Result<Response, PageError> {
    draw_new(&panel, &visitor, New::default()).await
}

async fn draw_new(panel: &Panel, visitor: &Visitor, mut form: New) -> Result<Response, PageError> {
    let of_name = |name: &str| offered(panel).filter(|(_, it)| it.display_name == name).count();
    let title = |name: &str, address: &EmailAddress| if of_name(name) > 1 { format!("{name} ({address})") } else { name.to_owned() };
    form.mailboxes = offered(panel).map(|(id, it)| Choice::new(id, title(&it.display_name, &it.address))).collect();
    let wrong = form.wrong.is_some();
    let mut response = page::show(panel, visitor, Place::Elsewhere, "portal-new.html", &form).await?;
    if wrong {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

/// The mailboxes that customers may choose.
fn offered(panel: &Panel) -> impl Iterator<Item = (MailboxId, &MailboxSettings)> {
    panel.desk.mailboxes.iter().filter(|(_, it)| it.portal == Portal::Offer)
}

/// `POST /my`.
pub(super) async fn open(State(panel): State<Panel>, Customer(visitor): Customer, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["subject", "body", "mailbox"])?;
    let opened = match read(&panel, &fields) {
        Ok(request) => as_customer(&panel.desk, &visitor.person, &request).await,
        Err(error) => Err(error),
    };
    match opened {
        Ok(number) => {
            let flash = Flash::done("Your request is with us. Answers come here and by mail.").clearing("my-new");
            Ok(page::go(&panel, &visitor, &format!("/my/{number}"), &flash))
        }
        Err(ActionError::Invalid { field, why }) => {
            let typed = |name: &str| fields.text(name).to_owned();
            let form = New {
                subject: typed("subject"),
                body: typed("body"),
                mailbox: typed("mailbox"),
                wrong: Some((field, sentence(&why))),
                files: !fields.files.is_empty(),
                ..New::default()
            };
            draw_new(&panel, &visitor, form).await
        }
        Err(error) => Err(error.into()),
    }
}

fn read(panel: &Panel, fields: &Fields) -> Result<OwnRequest, ActionError> {
    let invalid = |field, why: String| ActionError::Invalid { field, why };
    if fields.given("subject").is_none() {
        return Err(invalid("subject", "a subject is missing; say in a few words what it is about".to_owned()));
    }
    let only = offered(panel).map(|(id, _)| id).next();
    let mailbox = match fields.given("mailbox") {
        Some(id) => id.parse().ok().map(MailboxId),
        None => only,
    };
    Ok(OwnRequest {
        subject: fields.get("subject").to_owned(),
        text: CommentText::parse(fields.text("body")).map_err(|error| invalid("body", error.to_string()))?,
        files: fields.new_files(),
        mailbox: mailbox.ok_or_else(|| invalid("mailbox", "there is no such mailbox; choose one of the list".to_owned()))?,
    })
}

/// `GET /my/attachments/{id}`.
pub(super) async fn attachment(
    State(panel): State<Panel>,
    Customer(visitor): Customer,
    Path(id): Path<i64>,
) -> Result<Response, PageError> {
    let mut conn = panel.desk.store.read().await?;
    let file = conversation::file(&mut conn, AttachmentId(id)).await?.ok_or(PageError::Missing)?;
    if file.visibility != Visibility::Public {
        return Err(PageError::Missing);
    }
    enter(&panel, &visitor, &mut conn, file.ticket).await?;
    let bytes = panel.desk.store.blobs().get(&mut conn, &file.sha256).await?.ok_or(PageError::Missing)?;
    Ok(download(&file.filename, bytes))
}
