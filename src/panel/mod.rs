//! HTML for staff and customers. A handler turns a request into values, calls one action, and answers with a page.

use std::{ops::Deref, sync::Arc, time::Duration};

use axum::{Router, extract::DefaultBodyLimit, http::StatusCode, middleware};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer, Predicate,
        predicate::{DefaultPredicate, NotForContentType},
    },
    csrf::CsrfLayer,
    timeout::TimeoutLayer,
};

use crate::{
    actions::Desk,
    auth::{password::Passwords, session::Sessions, throttle::Throttle},
    clock::random_token,
    desk::network::Network,
};

mod address;
mod analytics;
mod aside;
pub(crate) mod assets;
mod backups;
mod bulk;
mod change;
mod comments;
mod composer;
mod connect;
mod correct;
mod csrf;
mod csv;
mod drafts;
mod drawn;
mod due;
pub mod error;
pub mod files;
mod first_meeting;
pub mod form;
mod found;
mod headers;
mod healthz;
mod heartbeat;
mod held;
mod highlight;
mod history;
mod kept;
mod keyboard;
mod known;
mod ledger;
mod links;
mod list;
mod list_filters;
pub mod live;
pub mod mail_html;
mod mailboxes;
pub mod metrics;
mod navigation;
mod neighbours;
mod new_ticket;
mod not_sent;
pub mod page;
mod people;
mod portal;
mod portal_search;
mod presence;
mod profile;
mod property;
pub mod prose;
mod qr;
mod rate;
mod readyz;
pub mod routes;
mod row;
pub(crate) mod saved_replies;
mod search;
mod second_step;
mod senders;
mod set_up;
mod settings;
mod sign_in;
mod sign_in_link;
mod signatures;
mod snooze;
pub mod thread;
mod ticket;
mod tickets;
mod two_factor;
mod unchanged;
mod undo;
pub(crate) mod url;
mod views;
pub mod visitor;
pub mod words;
mod zone;

use routes::{Policy, Routes};

/// A request with its body takes no longer.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A form without files; bytes. Room for the longest comment, percent-encoded.
const LARGEST_FORM: usize = 4 * 1024 * 1024;

/// A form with files: 25 MB of them, and the fields.
pub(crate) const LARGEST_UPLOAD: usize = 27 * 1024 * 1024;

/// What every handler needs.
#[derive(Clone, Debug)]
pub struct Panel(Arc<Parts>);

/// What a panel is made of.
#[derive(Debug)]
pub struct Parts {
    /// What actions need.
    pub desk: Desk,
    /// Whose `X-Forwarded-For` is believed.
    pub proxies: Vec<Network>,
    /// What a monitor brings to be told everything; none: staff alone are.
    health_token: Option<SecretString>,
    sessions: Sessions,
    passwords: Passwords,
    throttle: Throttle,
    streams: live::Streams,
    /// What pages ask for again and again.
    known: known::Known,
    /// What was drawn before.
    pieces: drawn::Pieces,
    stop: CancellationToken,
    /// Tells this run of the program from others.
    born: String,
}

impl Deref for Panel {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Panel {
    /// For a desk behind these proxies.
    #[must_use]
    pub fn new(desk: Desk, proxies: Vec<Network>) -> Self {
        Self::with_token(desk, proxies, None)
    }

    /// The same with what a monitor brings to be told everything.
    #[must_use]
    pub fn with_token(desk: Desk, proxies: Vec<Network>, health_token: Option<SecretString>) -> Self {
        let sessions = Sessions::new(&desk.keys, &desk.url);
        let throttle = Throttle::new(&desk.clock);
        let (streams, passwords) = (live::Streams::default(), Passwords::default());
        let (known, pieces) = (known::Known::default(), drawn::Pieces::default());
        let (stop, born) = (CancellationToken::new(), random_token());
        Self(Arc::new(Parts { desk, proxies, health_token, sessions, passwords, throttle, streams, known, pieces, stop, born }))
    }

    /// Ends the streams of the pages that are open, which would last as long as their pages.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// The address where the first admin is made, for the daemon's log while there is none.
    #[must_use]
    pub fn set_up_address(&self) -> String {
        self.desk.url.page(&format!("/setup?key={}", set_up::key(self)))
    }
}

/// Every route of the panel, each with who may.
pub fn routes() -> Routes {
    settings::routes(oneself(writing(mail(correcting(queues(Routes::default()))))))
        // one ticket
        .get("/tickets/new", Policy::Staff, new_ticket::form)
        .get("/customers", Policy::Staff, new_ticket::customers)
        .post_files("/tickets", Policy::Staff, new_ticket::open)
        .get("/tickets/{number}", Policy::Staff, ticket::show)
        .post("/tickets/{number}", Policy::Staff, change::properties)
        .post("/tickets/{number}/people", Policy::Staff, change::people)
        .post("/tickets/{number}/links", Policy::Staff, links::change)
        .post("/tickets/{number}/unread", Policy::Staff, change::unread)
        .get("/tickets/{number}/messages/{id}", Policy::Staff, files::message)
        .get("/tickets/{number}/messages/{id}/source", Policy::Staff, files::source)
        .get("/tickets/{number}/messages/{id}/html", Policy::Staff, mail_html::show)
        .post("/tickets/{number}/messages/{id}/html", Policy::Staff, mail_html::show_with_pictures)
        .post("/tickets/{number}/deliveries/{id}", Policy::Staff, comments::delivery)
        .get("/attachments/{id}", Policy::Staff, files::attachment)
        // files of the pages themselves
        .get("/assets/{*name}", Policy::Anyone, assets::get)
        // for a load balancer
        .get("/healthz", Policy::Anyone, healthz::show)
        // for a monitor
        .get("/readyz", Policy::Anyone, readyz::show)
        .get("/metrics", Policy::Anyone, metrics::show)
        // a customer's own pages
        .get("/my", Policy::Customer, portal::list)
        .post_files("/my", Policy::Customer, portal::open)
        .get("/my/new", Policy::Customer, portal::new)
        .get("/my/{number}", Policy::Customer, portal::show)
        .post("/my/{number}", Policy::Customer, portal::change)
        .post_files("/my/{number}/messages", Policy::Customer, portal::write)
        .get("/my/attachments/{id}", Policy::Customer, portal::attachment)
        // held mail
        .get("/held", Policy::Staff, held::list)
        .post("/held/bulk", Policy::Staff, held::settle::bulk)
        .get("/held/{id}", Policy::Staff, held::one::show)
        .post("/held/{id}", Policy::Staff, held::settle::settle)
        .get("/held/{id}/source", Policy::Staff, held::one::source)
        .get("/held/{id}/files/{place}", Policy::Staff, held::one::file)
        .post("/tickets/{number}/spam", Policy::Staff, change::spam)
        // what was not sent
        .get("/not-sent", Policy::Staff, not_sent::list)
        .post("/not-sent/bulk", Policy::Staff, not_sent::bulk)
        .post("/not-sent/{id}", Policy::Staff, not_sent::settle)
        // the block list
        .get("/senders", Policy::Staff, senders::list)
        .post("/senders", Policy::Staff, senders::change)
        // how it was
        .get("/rate/{token}", Policy::Anyone, rate::show)
        .post("/rate/{token}", Policy::Anyone, rate::send)
        // what changes while a page is open
        .get("/events", Policy::Staff, live::follow)
        // figures
        .get("/analytics", Policy::Staff, analytics::show)
        // people
        .get("/users", Policy::Admin, people::list)
        .post("/users", Policy::Admin, people::add)
        .get("/users/new", Policy::Admin, people::new)
        .get("/users/{id}", Policy::Admin, people::person::show)
        .post("/users/{id}", Policy::Admin, people::person::change)
}

/// Lists of tickets, and what is done to many.
fn queues(routes: Routes) -> Routes {
    routes
        .get("/tickets", Policy::Staff, tickets::list)
        .post("/tickets/bulk", Policy::Staff, bulk::bulk)
        .post("/tickets/undo", Policy::Staff, undo::undo)
        .get("/search", Policy::Staff, search::search)
        .get("/search/beside", Policy::Staff, found::beside)
        .get("/views", Policy::Staff, views::list)
        .post("/views", Policy::Staff, views::save)
        .post("/views/{id}", Policy::Staff, views::change)
}

/// Signing in, and what people choose for themselves.
fn oneself(routes: Routes) -> Routes {
    routes
        .get("/", Policy::Anyone, sign_in::start)
        .get("/login", Policy::Anyone, sign_in::form)
        .post("/login", Policy::Anyone, sign_in::sign_in)
        .post("/login/link", Policy::Anyone, sign_in_link::ask)
        .get("/login/link", Policy::Anyone, sign_in_link::sent)
        .get("/login/link/{token}", Policy::Anyone, sign_in_link::show)
        .post("/login/link/{token}", Policy::Anyone, sign_in_link::follow)
        .get("/login/code", Policy::Anyone, second_step::form)
        .post("/login/code", Policy::Anyone, second_step::sign_in)
        .post("/logout", Policy::SignedIn, sign_in::sign_out)
        .get("/setup", Policy::Anyone, set_up::form)
        .post("/setup", Policy::Anyone, set_up::make_first_admin)
        .get("/invite/{token}", Policy::Anyone, set_up::invitation)
        .post("/invite/{token}", Policy::Anyone, set_up::accept_invitation)
        .get("/profile", Policy::SignedIn, profile::show)
        .post("/profile", Policy::SignedIn, profile::you)
        .post("/profile/address", Policy::SignedIn, address::ask)
        .get("/address/{token}", Policy::SignedIn, address::show)
        .post("/address/{token}", Policy::SignedIn, address::follow)
        .post("/profile/look", Policy::SignedIn, profile::look)
        .post("/profile/notices", Policy::Staff, profile::notices)
        .post("/profile/theme", Policy::SignedIn, profile::theme)
        .post("/profile/password", Policy::SignedIn, profile::password)
        .get("/profile/two-factor", Policy::Staff, two_factor::show)
        .post("/profile/two-factor", Policy::Staff, two_factor::change)
        .post("/profile/sessions", Policy::SignedIn, profile::end_sessions)
        .post("/profile/signature", Policy::Staff, signatures::set_own)
}

/// Writing on a ticket, and what is kept for it.
fn writing(routes: Routes) -> Routes {
    routes
        .post_files("/tickets/{number}/messages", Policy::Staff, comments::write)
        .get("/tickets/{number}/messages", Policy::Staff, comments::back)
        .get("/tickets/{number}/draft", Policy::Staff, comments::back)
        .post("/tickets/{number}/messages/{id}/undo", Policy::Staff, comments::undo)
        .post_files("/tickets/{number}/draft", Policy::Staff, drafts::change)
        .get("/tickets/{number}/saved/{id}", Policy::Staff, drafts::saved_text)
        .post("/tickets/{number}/typing", Policy::Staff, presence::typing)
        .get("/settings/canned", Policy::Staff, saved_replies::list)
        .post("/settings/canned", Policy::Staff, saved_replies::add)
        .post("/settings/canned/{id}", Policy::Staff, saved_replies::change)
        .get("/settings/signatures", Policy::Admin, signatures::mailboxes)
        .post("/settings/signatures", Policy::Admin, signatures::set_of_mailbox)
}

/// How mail comes and goes.
fn mail(routes: Routes) -> Routes {
    routes
        .get("/mail", Policy::Staff, mailboxes::show)
        .post("/mail/outbox/{id}", Policy::Admin, mailboxes::settle)
        .post("/mail/mailboxes/{id}/connect", Policy::Admin, connect::begin)
        .get("/mail/oauth/callback", Policy::Admin, connect::back)
        .post("/mail/oauth/callback", Policy::Admin, connect::finish)
        .post("/mail/mailboxes/{id}/existing", Policy::Admin, first_meeting::settle)
        .get("/mail/messages", Policy::Admin, ledger::list)
        .get("/mail/messages/{id}", Policy::Admin, ledger::show)
        .get("/mail/messages/{id}/source", Policy::Admin, ledger::source)
}

/// Mistakes taken back on one ticket.
fn correcting(routes: Routes) -> Routes {
    routes
        .get("/tickets/{number}/messages/{id}/move", Policy::Staff, correct::move_form)
        .post("/tickets/{number}/messages/{id}/move", Policy::Staff, correct::move_it)
        .get("/tickets/{number}/merge", Policy::Staff, correct::merge_form)
        .post("/tickets/{number}/merge", Policy::Staff, correct::merge_it)
        .post("/tickets/{number}/undo", Policy::Staff, correct::undo)
}

/// The panel as a service. Whoever serves it gives each request its `ConnectInfo<SocketAddr>`.
pub fn router(panel: Panel) -> Router {
    let origin = panel.desk.url.to_string();
    let csrf = CsrfLayer::new().add_trusted_origin(&origin).unwrap_or_else(|error| {
        tracing::warn!("the public URL {origin} is no origin that browsers send: {error}");
        CsrfLayer::new()
    });
    let packed =
        DefaultPredicate::new().and(NotForContentType::const_new("font/")).and(NotForContentType::const_new("application/octet-stream"));
    routes()
        .router(&panel)
        .layer(middleware::from_fn(neighbours::keep))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(csrf)
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIME_LIMIT))
        .layer(CatchPanicLayer::custom(error::after_a_panic))
        .layer(middleware::from_fn_with_state(panel.clone(), error::draw))
        .layer(middleware::from_fn_with_state(panel.clone(), unchanged::look))
        .layer(middleware::from_fn_with_state(panel.clone(), visitor::identify))
        .layer(middleware::from_fn_with_state(panel.clone(), headers::set))
        .layer(CompressionLayer::new().compress_when(packed))
        .with_state(panel)
}
