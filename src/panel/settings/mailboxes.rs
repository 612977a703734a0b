//! Mailboxes: those of the configuration file, to be seen; those of the web, to be added, changed, paused and removed.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;

use crate::{
    actions::{
        ActionError, Kind,
        try_mailbox::Tried,
        web_mailboxes::{self as actions, Added, Insist, Saved, SavedMailbox, Step},
    },
    desk::{id::MailboxId, settings::Mode},
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash},
        settings::{self, Tab},
        url::Path,
        visitor::{Admin, Visitor},
        words::Choice,
    },
};

const HERE: &str = "/settings/mailboxes";

/// One field of the form: key, title, hint, the words it may be (none: text), and what it is where nothing was said.
type Spec = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

const TLS: &[(&str, &str)] = &[("implicit", "TLS from the start"), ("starttls", "STARTTLS"), ("none", "None: this machine alone")];

const MAILBOX: &[Spec] = &[
    ("name", "Short name", "1 to 32 of a–z, 0–9 and -; it stays.", &[], ""),
    ("address", "Address", "Customers write to it, and answers come from it.", &[], ""),
    ("display_name", "Name beside the address", "Empty: the desk’s.", &[], ""),
    ("mode", "Mode", "", &[("live", "Live"), ("shadow", "Shadow: reads, sends nothing")], "live"),
    (
        "take_existing",
        "Take of the mail that lies there",
        "",
        &[("none", "None"), ("unseen", "What nobody has read"), ("all", "All")],
        "none",
    ),
    ("list_mail", "Newsletters and automatic mail", "", &[("hold", "Is held"), ("ticket", "Becomes tickets")], "hold"),
    ("sender_name", "Name in replies", "", &[("desk", "The mailbox’s"), ("helper", "The helper’s, and the mailbox’s")], "desk"),
    ("sub_addressing", "Plus addresses", "", &[("plus", "support+x@… arrives here"), ("none", "They do not arrive")], "plus"),
    ("authserv_id", "Trusted mail server", "As it writes itself into Authentication-Results. Empty: none is believed.", &[], ""),
];

const IMAP: &[Spec] = &[
    ("imap.host", "Server (IMAP)", "", &[], ""),
    ("imap.port", "Port", "Empty: the usual one.", &[], ""),
    ("imap.tls", "Protection", "", TLS, "implicit"),
    ("imap.user", "User", "Often the whole address.", &[], ""),
    ("imap.password", "Password", "", &[], ""),
    ("imap.folder", "Folder", "", &[], "INBOX"),
    ("imap.done_folder", "Taken in goes to", "Empty: it stays, marked as read.", &[], "Processed"),
];

const SMTP: &[Spec] = &[
    ("smtp.host", "Server (SMTP)", "", &[], ""),
    ("smtp.port", "Port", "Empty: the usual one.", &[], ""),
    ("smtp.tls", "Protection", "", TLS, "implicit"),
    ("smtp.user", "User", "Empty: nobody signs in.", &[], ""),
    ("smtp.password", "Password", "", &[], ""),
];

const OAUTH: &[Spec] = &[
    (
        "oauth.provider",
        "Signs in with",
        "",
        &[("", "A password"), ("google", "Google (OAuth 2.0)"), ("microsoft", "Microsoft 365 (OAuth 2.0)")],
        "",
    ),
    ("oauth.tenant", "Directory (Microsoft)", "Its id or domain.", &[], ""),
    ("oauth.client_id", "Client ID", "", &[], ""),
    ("oauth.client_secret", "Client secret", "", &[], ""),
];

const GROUPS: [(&str, &[Spec]); 4] = [("Mailbox", MAILBOX), ("Sign-in", OAUTH), ("Reading", IMAP), ("Sending", SMTP)];

fn specs() -> impl Iterator<Item = &'static Spec> {
    GROUPS.into_iter().flat_map(|(_, specs)| specs)
}

fn is_secret(key: &str) -> bool {
    actions::SECRETS.contains(&key)
}

#[derive(Serialize)]
struct ListPage {
    boxes: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: i64,
    name: String,
    address: String,
    state: &'static str,
    class: &'static str,
    declared: bool,
    paused: bool,
    fault: Option<String>,
}

/// `GET /settings/mailboxes`.
pub(super) async fn list(State(panel): State<Panel>, Admin(visitor): Admin) -> Result<Response, PageError> {
    let desk = &panel.desk;
    let added = actions::all(desk, &mut *desk.store.read().await?).await?;
    let declared = desk.mailboxes.at_first().iter().map(|(id, it)| Row {
        id: id.0,
        name: it.name.clone(),
        address: it.address.to_string(),
        state: if it.mode == Mode::Shadow { "Shadow" } else { "In the configuration file" },
        class: "",
        declared: true,
        paused: false,
        fault: None,
    });
    let own = ListPage { boxes: declared.chain(added.iter().map(row)).collect() };
    settings::show(&panel, &visitor, Tab::Mailboxes, "settings-mailboxes.html", &own, None).await
}

fn row(it: &Added) -> Row {
    let says = |key: &str| it.says.get(key).cloned().unwrap_or_default();
    let (state, class) = match (&it.mailbox, it.is_paused()) {
        (Err(_), _) => ("Cannot be used", "bad"),
        (Ok(_), true) => ("Paused", "warn"),
        (Ok(mailbox), false) if mailbox.settings.mode == Mode::Shadow => ("Shadow", ""),
        (Ok(_), false) => ("At work", "ok"),
    };
    Row {
        id: it.id.0,
        name: says("name"),
        address: says("address"),
        state,
        class,
        declared: false,
        paused: it.is_paused(),
        fault: it.mailbox.as_ref().err().cloned(),
    }
}

#[derive(Serialize)]
struct FormPage {
    /// None: a new one.
    id: Option<i64>,
    title: String,
    paused: bool,
    groups: Vec<Group>,
    wrong: Vec<String>,
    tried: Vec<TriedLine>,
}

#[derive(Serialize)]
struct Group {
    title: &'static str,
    fields: Vec<Field>,
}

#[derive(Serialize)]
struct Field {
    key: &'static str,
    title: &'static str,
    hint: String,
    value: String,
    secret: bool,
    choices: Option<Vec<Choice>>,
    fixed: bool,
    /// With which way of signing in it is shown alone; empty: with each.
    with: &'static str,
}

/// A password needs no application, and an application no password.
fn shown_with(key: &str) -> &'static str {
    match key {
        "imap.password" | "smtp.password" => "with-password",
        "oauth.client_id" | "oauth.client_secret" => "with-application",
        "oauth.tenant" => "with-microsoft",
        _ => "",
    }
}

#[derive(Serialize)]
struct TriedLine {
    what: &'static str,
    says: String,
    class: &'static str,
}

impl From<&Tried> for TriedLine {
    fn from(it: &Tried) -> Self {
        let class = if it.fails() {
            "bad"
        } else if it.works() {
            "ok"
        } else {
            ""
        };
        Self { what: it.what, says: sentence(&it.says), class }
    }
}

/// What is told beside the form.
#[derive(Default)]
struct Told {
    wrong: Vec<String>,
    tried: Vec<Tried>,
}

/// `GET /settings/mailboxes/new`.
pub(super) async fn new(State(panel): State<Panel>, Admin(visitor): Admin) -> Result<Response, PageError> {
    let says = specs().map(|(key, _, _, _, default)| ((*key).to_owned(), (*default).to_owned())).collect();
    draw(&panel, &visitor, None, &says, Told::default()).await
}

/// `GET /settings/mailboxes/{id}`.
pub(super) async fn edit(State(panel): State<Panel>, Admin(visitor): Admin, Path(id): Path<i64>) -> Result<Response, PageError> {
    let it = one(&panel, MailboxId(id)).await?;
    draw(&panel, &visitor, Some(&it), &it.says, Told::default()).await
}

async fn one(panel: &Panel, id: MailboxId) -> Result<Added, PageError> {
    let all = actions::all(&panel.desk, &mut *panel.desk.store.read().await?).await?;
    all.into_iter().find(|it| it.id == id).ok_or(PageError::Missing)
}

async fn draw(panel: &Panel, visitor: &Visitor, it: Option<&Added>, says: &actions::Says, told: Told) -> Result<Response, PageError> {
    let field = |(key, title, hint, words, _): &Spec| Field {
        key,
        title,
        hint: if is_secret(key) && it.is_some() { "Empty: it stays as it is.".to_owned() } else { (*hint).to_owned() },
        value: if is_secret(key) { String::new() } else { says.get(*key).cloned().unwrap_or_default() },
        secret: is_secret(key),
        choices: (!words.is_empty()).then(|| words.iter().map(|(word, title)| Choice::new(*word, *title)).collect()),
        fixed: it.is_some() && *key == "name",
        with: shown_with(key),
    };
    let refused = !told.wrong.is_empty() || told.tried.iter().any(Tried::fails);
    let own = FormPage {
        id: it.map(|it| it.id.0),
        title: it.map_or_else(|| "Add a mailbox".to_owned(), |it| it.says.get("address").cloned().unwrap_or_default()),
        paused: it.is_some_and(Added::is_paused),
        groups: GROUPS.into_iter().map(|(title, specs)| Group { title, fields: specs.iter().map(field).collect() }).collect(),
        wrong: told.wrong,
        tried: told.tried.iter().map(TriedLine::from).collect(),
    };
    let mut response = settings::show(panel, visitor, Tab::Mailboxes, "settings-mailbox.html", &own, None).await?;
    if refused {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

/// `POST /settings/mailboxes/new`.
pub(super) async fn add(State(panel): State<Panel>, Admin(visitor): Admin, fields: Fields) -> Result<Response, PageError> {
    save(&panel, &visitor, None, &fields).await
}

/// `POST /settings/mailboxes/{id}`.
pub(super) async fn change(
    State(panel): State<Panel>,
    Admin(visitor): Admin,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    let it = one(&panel, MailboxId(id)).await?;
    let (step, told) = match fields.get("do") {
        "pause" => (Step::Pause, "Paused: nothing is read, and nothing is sent. What is written waits."),
        "resume" => (Step::Resume, "At work again within seconds."),
        "remove" => (Step::Remove, "Removed. Its tickets stay, and are answered for by the first mailbox."),
        _ => return save(&panel, &visitor, Some(&it), &fields).await,
    };
    fields.only(&["do"])?;
    match actions::step(&panel.desk, &visitor.person, it.id, step).await {
        Ok(()) => Ok(page::go(&panel, &visitor, HERE, &Flash::done(told))),
        Err(error) if error.kind() == Kind::Conflict => {
            Ok(page::go(&panel, &visitor, &format!("{HERE}/{id}"), &Flash::refused(sentence(&error))))
        }
        Err(error) => Err(error.into()),
    }
}

async fn save(panel: &Panel, visitor: &Visitor, it: Option<&Added>, fields: &Fields) -> Result<Response, PageError> {
    let known: Vec<&str> = specs().map(|(key, ..)| *key).chain(["do"]).collect();
    fields.only(&known)?;
    let mut says: actions::Says =
        specs().filter(|(key, ..)| !is_secret(key)).map(|(key, ..)| ((*key).to_owned(), fields.get(key).to_owned())).collect();
    if let Some(it) = it {
        says.insert("name".to_owned(), it.says.get("name").cloned().unwrap_or_default());
    }
    let typed = actions::SECRETS
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), fields.given(key).map(|_| fields.text(key).into())?)))
        .collect();
    let insist = if fields.get("do") == "anyway" { Insist::Yes } else { Insist::No };
    let new = SavedMailbox { id: it.map(|it| it.id), says: &says, typed: &typed, insist };
    match actions::save(&panel.desk, &visitor.person, &new).await {
        Ok(Saved::Yes(_, tried)) => {
            let found: Vec<String> = tried.iter().map(|it| format!("{}: {}", it.what, sentence(&it.says))).collect();
            Ok(page::go(panel, visitor, HERE, &Flash::done(format!("Saved; at work within seconds. {}", found.join(" ")))))
        }
        Ok(Saved::Fails(tried)) => draw(panel, visitor, it, &says, Told { tried, ..Told::default() }).await,
        Err(ActionError::Invalid { why, .. }) => {
            let wrong = why.lines().map(|it| sentence(&it)).collect();
            draw(panel, visitor, it, &says, Told { wrong, ..Told::default() }).await
        }
        Err(error) if error.kind() == Kind::Conflict => Ok(page::go(panel, visitor, HERE, &Flash::refused(sentence(&error)))),
        Err(error) => Err(error.into()),
    }
}
