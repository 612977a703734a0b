//! Mail that the desk writes: whether it does, and in whose words.

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};

use crate::{
    actions::{
        ActionError, Kind, mail_templates as actions,
        settings::{OfMailbox, choose_for, is_declared},
    },
    desk::{
        id::MailboxId,
        mail_kind::{MailKind, Placeholder},
        settings::{Receipt, StatusNotice},
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        highlight::escape_into,
        page::{self, Flash},
        settings::{self, Tab},
        url::{Path, Query},
        visitor::{Admin, Visitor},
        words::{Choice, When},
    },
    store::mail_templates::{self, Row},
    templates::own::{OwnMail, Part},
};

const HERE: &str = "/settings/notices";

/// The rows of switches, as they are called.
const SWITCHES: [(&str, &str); 5] = [
    ("receipt", "Ticket received"),
    ("in_progress", "Somebody works on it"),
    ("resolved", "Resolved"),
    ("closed", "Closed"),
    ("reopened", "Opened again"),
];

#[derive(Serialize)]
struct ListPage {
    mails: Vec<Mail>,
    boxes: Vec<Choice>,
    switches: Vec<Switches>,
}

#[derive(Serialize)]
struct Mail {
    key: &'static str,
    title: &'static str,
    to: &'static str,
    when: &'static str,
    state: &'static str,
    class: &'static str,
}

/// One notice, and for each mailbox whether it is sent.
#[derive(Serialize)]
struct Switches {
    key: &'static str,
    title: &'static str,
    boxes: Vec<Switch>,
}

#[derive(Serialize)]
struct Switch {
    mailbox: i64,
    address: String,
    on: bool,
    declared: bool,
}

/// `GET /settings/notices`.
pub(super) async fn list(State(panel): State<Panel>, Admin(visitor): Admin) -> Result<Response, PageError> {
    let written = mail_templates::all(&mut *panel.desk.store.read().await?).await?;
    let mail = |kind: MailKind| {
        let (title, to, when) = kind.title();
        let own: Vec<&Row> = written.iter().filter(|it| it.kind == kind).collect();
        let (state, class) = match own.as_slice() {
            [] => ("As shipped", ""),
            own if own.iter().any(|it| it.fault.is_some()) => ("Cannot be used", "bad"),
            own if own.iter().any(|it| it.shipped != actions::shipped_hash(&panel.desk, kind)) => ("The shipped one has changed", "warn"),
            _ => ("Own words", "info"),
        };
        Mail { key: kind.as_str(), title, to, when, state, class }
    };
    let switches = |(key, title)| Switches { key, title, boxes: boxes(&panel, key) };
    let own = ListPage {
        mails: MailKind::ALL.into_iter().map(mail).collect(),
        boxes: panel.desk.mailboxes.iter().map(|(id, it)| Choice::new(id.to_string(), it.address.to_string())).collect(),
        switches: SWITCHES.into_iter().map(switches).collect(),
    };
    settings::show(&panel, &visitor, Tab::Notices, "settings-notices.html", &own, None).await
}

fn boxes(panel: &Panel, key: &str) -> Vec<Switch> {
    let notice = StatusNotice::WORDS.iter().find(|(word, _)| *word == key).map(|(_, it)| *it);
    let of = if notice.is_some() { OfMailbox::Notices } else { OfMailbox::Receipt };
    let switch = |(id, it): (MailboxId, &crate::desk::settings::MailboxSettings)| Switch {
        mailbox: id.0,
        address: it.address.to_string(),
        on: notice.map_or(it.receipt == Receipt::Send, |notice| it.notices.contains(&notice)),
        declared: is_declared(&panel.desk, it, of),
    };
    panel.desk.mailboxes.iter().map(switch).collect()
}

/// `POST /settings/notices`: which are sent. Each field is a notice and the mailboxes that send it.
pub(super) async fn switch(State(panel): State<Panel>, Admin(visitor): Admin, fields: Fields) -> Result<Response, PageError> {
    let known: Vec<&str> = SWITCHES.iter().map(|(key, _)| *key).chain(["shown"]).collect();
    fields.only(&known)?;
    // One that was added since has no switches there.
    let shown = |id: &MailboxId| fields.all("shown").any(|it| it == id.to_string());
    let mailboxes: Vec<MailboxId> = panel.desk.mailboxes.iter().map(|(id, _)| id).filter(shown).collect();
    for id in mailboxes {
        let on = |key: &str| fields.all(key).any(|it| it == id.to_string());
        let done = choose_for(&panel.desk, &visitor.person, id, |it| {
            // What the file says has no switch, and comes with no form.
            if !is_declared(&panel.desk, it, OfMailbox::Receipt) {
                it.receipt = if on("receipt") { Receipt::Send } else { Receipt::Never };
            }
            if !is_declared(&panel.desk, it, OfMailbox::Notices) {
                it.notices = StatusNotice::WORDS.iter().filter(|(key, _)| on(key)).map(|(_, it)| *it).collect();
            }
        });
        done.await?;
    }
    Ok(page::go(&panel, &visitor, HERE, &Flash::done("Saved. It counts from now on.")))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    #[serde(deserialize_with = "page::row_id")]
    mailbox: Option<i64>,
}

#[derive(Serialize)]
struct EditPage {
    key: &'static str,
    title: &'static str,
    to: &'static str,
    when_sent: &'static str,
    mailbox: String,
    boxes: Vec<Choice>,
    parts: Vec<Field>,
    placeholders: Vec<Placeholder>,
    /// Whether there are own words for exactly this.
    own: bool,
    by: Option<(String, When)>,
    /// That the shipped one has changed since.
    changed: bool,
    fault: Option<String>,
}

#[derive(Serialize)]
struct Field {
    key: &'static str,
    value: String,
    rows: usize,
    err: Option<String>,
}

fn kind(word: &str) -> Result<MailKind, PageError> {
    MailKind::parse(word).ok_or(PageError::Missing)
}

/// The mailbox that is asked for; none: all of them.
fn mailbox(panel: &Panel, id: Option<i64>) -> Result<Option<MailboxId>, PageError> {
    let known = |it: MailboxId| panel.desk.mailboxes.iter().any(|(id, _)| id == it);
    match id.map(MailboxId) {
        Some(id) if !known(id) => Err(PageError::Missing),
        other => Ok(other),
    }
}

/// `GET /settings/notices/{kind}`.
pub(super) async fn edit(
    State(panel): State<Panel>,
    Admin(visitor): Admin,
    Path(word): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let (kind, mailbox) = (kind(&word)?, mailbox(&panel, asked.mailbox)?);
    let desk = &panel.desk;
    let general = || desk.templates.own_mail(kind, None).unwrap_or_else(|| desk.templates.shipped_mail(kind));
    let shown = desk.templates.own_mail(kind, mailbox).unwrap_or_else(general);
    draw(&panel, &visitor, (kind, mailbox), &shown, &[]).await
}

async fn draw(
    panel: &Panel,
    visitor: &Visitor,
    (kind, mailbox): (MailKind, Option<MailboxId>),
    shown: &OwnMail,
    wrong: &[(Part, String)],
) -> Result<Response, PageError> {
    let (title, to, when_sent) = kind.title();
    let rows = mail_templates::all(&mut *panel.desk.store.read().await?).await?;
    let row = rows.into_iter().find(|it| it.kind == kind && it.mailbox == mailbox);
    let (now, zone) = (panel.desk.clock.now(), &panel.zone());
    let field = |part: Part| Field {
        key: part.field(),
        value: shown.part(part).to_owned(),
        rows: shown.part(part).lines().count().clamp(6, 24),
        err: wrong.iter().find(|(it, _)| *it == part).map(|(_, why)| sentence(why)),
    };
    let own = EditPage {
        key: kind.as_str(),
        title,
        to,
        when_sent,
        mailbox: mailbox.map_or_else(String::new, |it| it.to_string()),
        boxes: panel.desk.mailboxes.iter().map(|(id, it)| Choice::new(id.to_string(), it.address.to_string())).collect(),
        parts: Part::ALL.into_iter().map(field).collect(),
        placeholders: kind.placeholders(),
        own: row.is_some(),
        by: row.as_ref().and_then(|it| Some((it.changed_by.clone()?, When::new(it.changed_at, now, zone)))),
        changed: row.as_ref().is_some_and(|it| it.shipped != actions::shipped_hash(&panel.desk, kind)),
        fault: row.and_then(|it| it.fault),
    };
    let mut response = settings::show(panel, visitor, Tab::Notices, "settings-notice.html", &own, None).await?;
    if !wrong.is_empty() {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

fn typed(fields: &Fields) -> OwnMail {
    let text = |name: &str| fields.text(name).replace("\r\n", "\n");
    OwnMail { subject: text("subject").trim().replace('\n', " "), text: text("text"), html: text("html") }
}

/// `POST /settings/notices/{kind}`.
pub(super) async fn save(
    State(panel): State<Panel>,
    Admin(visitor): Admin,
    Path(word): Path<String>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["do", "mailbox", "subject", "text", "html"])?;
    let id = fields.given("mailbox").map(str::parse).transpose().map_err(|_| PageError::Missing)?;
    let (kind, mailbox) = (kind(&word)?, mailbox(&panel, id)?);
    let here = mailbox.map_or_else(|| format!("{HERE}/{word}"), |id| format!("{HERE}/{word}?mailbox={id}"));
    let own = typed(&fields);
    let (done, told) = match fields.get("do") {
        "save" => {
            let wrong = actions::faults(&panel.desk, kind, &own)?;
            if !wrong.is_empty() {
                return draw(&panel, &visitor, (kind, mailbox), &own, &wrong).await;
            }
            (actions::write(&panel.desk, &visitor.person, kind, mailbox, &own).await, "Saved. It is sent so from now on.")
        }
        "default" => (actions::put_back(&panel.desk, &visitor.person, kind, mailbox).await, "As it is shipped again."),
        _ => return Err(PageError::Invalid("The form does not say what to do.".to_owned())),
    };
    match done {
        Ok(()) => Ok(page::go(&panel, &visitor, &here, &Flash::done(told))),
        Err(ActionError::Invalid { field, why }) => {
            let part = Part::ALL.into_iter().find(|it| it.field() == field).unwrap_or(Part::Text);
            draw(&panel, &visitor, (kind, mailbox), &own, &[(part, why)]).await
        }
        Err(error) if error.kind() == Kind::Conflict => Ok(page::go(&panel, &visitor, &here, &Flash::refused(sentence(&error)))),
        Err(error) => Err(error.into()),
    }
}

/// Nothing runs, nothing loads, no form is sent; styles are the mail's own.
const PREVIEW: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox",
);

/// `POST /settings/notices/{kind}/preview`: the mail as it would be, in a frame. Changes nothing.
pub(super) async fn preview(
    State(panel): State<Panel>,
    Admin(_): Admin,
    Path(word): Path<String>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["do", "mailbox", "subject", "text", "html", "as"])?;
    let kind = kind(&word)?;
    let page = match (actions::preview(&panel.desk, kind, &typed(&fields)), fields.get("as")) {
        (Ok(mail), "text") => plain(&format!("Subject: {}\n\n{}", mail.subject, mail.text)),
        (Ok(mail), _) => mail.html,
        (Err((part, why)), _) => plain(&format!("{}: {}", part.field(), sentence(&why))),
    };
    let headers = [
        (header::CONTENT_SECURITY_POLICY, PREVIEW),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    Ok((headers, Html(page)).into_response())
}

fn plain(text: &str) -> String {
    let mut page = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Preview</title><meta name=\"color-scheme\" content=\"light dark\"></head><body><pre style=\"white-space:pre-wrap;font:14px/1.5 ui-monospace,monospace\">".to_owned();
    escape_into(&mut page, text);
    page + "</pre></body></html>"
}
