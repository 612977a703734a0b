//! The *customer's mailbox*: a small web page on which one writes as a customer, or as anybody, and reads what came back.
//!
//! It is a mail program and nothing more: it reads the world's mailboxes and sends over the world's SMTP port. Works without
//! script.

mod view;

use std::sync::Arc;

use axum::{
    Form, Router,
    extract::{Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use jiff::{Zoned, tz::TimeZone};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::{csrf::CsrfLayer, set_header::SetResponseHeaderLayer};

use super::{
    letter::{Body, Letter},
    mail_program::{self, Program, SENT, answer},
    world::World,
};
use crate::{
    desk::{
        address::{EmailAddress, Named},
        delivery::HandOver,
    },
    mail::smtp::SmtpPool,
    panel::assets,
    templates::{TemplateError, Templates},
};

/// Nothing runs, and nothing loads but the panel's own stylesheet, pictures and fonts.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'; \
    frame-ancestors 'none'; base-uri 'none'";

/// What the page needs.
#[derive(Clone)]
pub(super) struct MailboxPage {
    pub world: Arc<World>,
    /// How it sends: nobody signs in, as with any server that takes mail for its own addresses.
    pub post: SmtpPool,
    pub templates: Arc<Templates>,
    /// Where the panel is.
    pub panel: String,
    pub zone: TimeZone,
}

/// Serves until `stop`.
pub(super) async fn serve(listener: TcpListener, page: MailboxPage, stop: CancellationToken) {
    let served = axum::serve(listener, router(page)).with_graceful_shutdown(async move { stop.cancelled().await }).await;
    if let Err(error) = served {
        tracing::error!("the mailbox page ended: {error}");
    }
}

fn router(page: MailboxPage) -> Router {
    let always = |name, value| SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value));
    Router::new()
        .route("/", get(choose))
        .route("/mailbox", get(mailbox))
        .route("/mail", get(mail))
        .route("/write", get(write))
        .route("/send", post(send))
        .route("/assets/{*name}", get(assets::get))
        .layer(CsrfLayer::new())
        .layer(always(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(always(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(always(header::REFERRER_POLICY, "same-origin"))
        .with_state(page)
}

/// Why a page cannot be shown.
enum Fault {
    /// The address is none: they choose again.
    NoAddress(String),
    /// There is no such mail (any more).
    NoMail,
    Template(TemplateError),
}

impl From<TemplateError> for Fault {
    fn from(error: TemplateError) -> Self {
        Self::Template(error)
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        match self {
            Self::NoAddress(why) => Redirect::to(&format!("/?why={}", view::encoded(&why))).into_response(),
            Self::NoMail => (StatusCode::NOT_FOUND, "There is no such mail in this mailbox.").into_response(),
            Self::Template(error) => {
                tracing::error!("{error}");
                (StatusCode::INTERNAL_SERVER_ERROR, "This page cannot be drawn.").into_response()
            }
        }
    }
}

type Answer = Result<Response, Fault>;

#[derive(Deserialize)]
struct Why {
    #[serde(default)]
    why: String,
}

async fn choose(State(page): State<MailboxPage>, Query(asked): Query<Why>) -> Answer {
    page.show("demo/choose.html", view::choose(&page, &asked.why))
}

/// Which mail of whose mailbox.
#[derive(Clone, Debug, Deserialize)]
struct Place {
    of: String,
    #[serde(default)]
    folder: Folder,
    #[serde(default)]
    uid: u32,
    /// Set after something was sent.
    #[serde(default)]
    sent: bool,
}

/// The two folders that are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
enum Folder {
    #[default]
    Inbox,
    Sent,
}

impl Folder {
    fn name(self) -> &'static str {
        match self {
            Self::Inbox => "INBOX",
            Self::Sent => SENT,
        }
    }
}

fn address(text: &str) -> Result<EmailAddress, Fault> {
    text.parse().map_err(|why: crate::desk::address::NotAnAddress| Fault::NoAddress(why.to_string()))
}

async fn mailbox(State(page): State<MailboxPage>, Query(place): Query<Place>) -> Answer {
    let of = address(&place.of)?;
    page.show("demo/mailbox.html", view::mailbox(&page, &of, place.sent))
}

async fn mail(State(page): State<MailboxPage>, Query(place): Query<Place>) -> Answer {
    let of = address(&place.of)?;
    let raw = page.raw(&of, place.folder, place.uid).ok_or(Fault::NoMail)?;
    page.show("demo/mail.html", view::mail(&page, &of, place.folder, &raw))
}

async fn write(State(page): State<MailboxPage>, Query(place): Query<Place>) -> Answer {
    let of = address(&place.of)?;
    page.show("demo/write.html", view::Writing::new(&page, &of))
}

#[derive(Debug, Deserialize)]
struct Typed {
    of: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    subject: String,
    text: String,
    /// The mail of the inbox that is answered; none: a new mail.
    answers: Option<u32>,
}

async fn send(State(page): State<MailboxPage>, Form(typed): Form<Typed>) -> Answer {
    let of = address(&typed.of)?;
    let letter = match typed.answers {
        Some(uid) => {
            let raw = page.raw(&of, Folder::Inbox, uid).ok_or(Fault::NoMail)?;
            answer(&mail_program::open(&raw).message, &page.me(&of), typed.text.trim(), Program::Gmail, page.now())
        }
        None => {
            let body = Body { text: Some(typed.text.clone()), ..Body::default() };
            Letter::new(page.me(&of), Named::bare(address(&typed.to)?), &typed.subject, body, page.now())
        }
    };
    match page.hand_over(&letter).await {
        HandOver::Accepted { .. } => Ok(Redirect::to(&format!("/mailbox?of={}&sent=true", view::encoded(&of.folded()))).into_response()),
        HandOver::Refused { words, .. }
        | HandOver::Deferred { words }
        | HandOver::Unknown { words }
        | HandOver::AccountTrouble { words, .. }
        | HandOver::Stopped { words } => {
            let again =
                view::Writing { to: typed.to, subject: letter.subject, text: typed.text, failed: words, ..view::Writing::new(&page, &of) };
            page.show("demo/write.html", again)
        }
    }
}

impl MailboxPage {
    fn show(&self, template: &str, own: impl serde::Serialize) -> Answer {
        let text = self.templates.render(template, &view::Shared { v: &assets::VERSION, panel: &self.panel, own })?;
        Ok(([(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")], text).into_response())
    }

    fn raw(&self, of: &EmailAddress, folder: Folder, uid: u32) -> Option<super::world::StoredMail> {
        self.world.messages(&of.folded(), folder.name()).into_iter().find(|it| it.uid == uid)
    }

    /// As they are called: by the cast, as they called themselves in the last mail that they sent, or by the last that came.
    fn me(&self, of: &EmailAddress) -> Named {
        let member = super::cast::MEMBERS.iter().find(|it| it.email == of.folded()).map(|it| it.name.to_owned());
        let last = |folder: Folder| self.world.messages(&of.folded(), folder.name()).last().map(|it| mail_program::open(it).message);
        let sent = || last(Folder::Sent)?.author()?.name.clone();
        let got = || last(Folder::Inbox)?.to.into_iter().find(|it| it.address == *of)?.name;
        Named { name: member.or_else(sent).or_else(got), address: of.clone() }
    }

    fn now(&self) -> Zoned {
        crate::clock::Clock::System.now().to_zoned(self.zone.clone())
    }

    async fn hand_over(&self, letter: &Letter) -> HandOver {
        let octets = letter.octets();
        let from = &letter.from.address;
        let mut answer = HandOver::Refused { code: 550, words: "nobody to write to".to_owned() };
        for to in &letter.to {
            answer = self.post.hand_over(Some(from), &to.address, &octets).await;
        }
        if matches!(answer, HandOver::Accepted { .. }) {
            self.world.file(&from.folded(), SENT, &octets);
        }
        answer
    }
}
