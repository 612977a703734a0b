//! JSON for programs, under `/api/v1`. A handler turns a request into values, calls one action, and answers with what is then so.
//!
//! Who asks is said by a token alone, never by a cookie: no page of another site can make a browser ask here in somebody's name. What
//! they may see and do is decided where it is decided for the panel: the person of a token is the one who made it, with the lesser of
//! both roles (`desk/api_token.rs`), and goes into the same actions and the same scope.

use std::{
    collections::HashMap,
    ops::Deref,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer, Predicate,
        predicate::{DefaultPredicate, NotForContentType},
    },
    timeout::TimeoutLayer,
};

use crate::{
    actions::Desk,
    auth::throttle::Throttle,
    desk::{id::ApiTokenId, network::Network},
};

mod attachments;
mod bearer;
mod body;
mod change;
mod comments;
mod figures;
mod list;
mod me;
mod open;
pub mod openapi;
mod page;
mod people;
mod problem;
pub mod routes;
mod tickets;
mod views;
mod words;
mod write;

use problem::Problem;
use routes::{Needs, Routes};

/// Where it is.
pub const PREFIX: &str = "/api/v1";

/// A request with its body takes no longer.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A request without files; bytes. Room for the longest comment, escaped.
const LARGEST: usize = 4 * 1024 * 1024;

/// Files of one request; bytes, as they are.
const LARGEST_FILES: usize = 25 * 1024 * 1024;

/// A request with files, which come as base64.
const LARGEST_WITH_FILES: usize = LARGEST_FILES / 3 * 4 + LARGEST;

/// So many requests with files are read at one time: each may need four times its size.
const WITH_FILES_AT_ONCE: usize = 4;

/// What every handler needs.
#[derive(Clone, Debug)]
pub struct Api(Arc<Parts>);

/// What an API is made of.
#[derive(Debug)]
pub struct Parts {
    /// What actions need.
    pub desk: Desk,
    proxies: Vec<Network>,
    throttle: Throttle,
    /// When the use of each token was noted last.
    noted: Mutex<HashMap<ApiTokenId, Timestamp>>,
    /// Room for requests with files.
    room: Semaphore,
}

impl Deref for Api {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Api {
    /// For a desk behind these proxies.
    #[must_use]
    pub fn new(desk: Desk, proxies: Vec<Network>) -> Self {
        let throttle = Throttle::new(&desk.clock);
        Self(Arc::new(Parts { desk, proxies, throttle, noted: Mutex::default(), room: Semaphore::new(WITH_FILES_AT_ONCE) }))
    }
}

/// Every route of the API, each with what a token needs for it. `openapi.rs` describes the same.
pub fn routes() -> Routes {
    Routes::default()
        .get("/openapi.json", Needs::Nothing, openapi::show)
        .get("/me", Needs::Read, me::me)
        .get("/desk", Needs::Read, me::desk)
        .get("/tickets", Needs::Read, list::list)
        .post_files("/tickets", Needs::Write, open::open)
        .get("/tickets/{number}", Needs::Read, tickets::show)
        .patch("/tickets/{number}", Needs::Write, change::change)
        .get("/tickets/{number}/comments", Needs::Read, comments::list)
        .get("/tickets/{number}/comments/{id}", Needs::Read, comments::show)
        .delete("/tickets/{number}/comments/{id}", Needs::Write, write::take_back)
        .post_files("/tickets/{number}/replies", Needs::Write, write::reply)
        .post_files("/tickets/{number}/notes", Needs::Write, write::note)
        .get("/attachments/{id}", Needs::Read, attachments::get)
        .get("/people", Needs::Read, people::find)
        .get("/people/{id}", Needs::Read, people::show)
        .get("/figures", Needs::Read, figures::show)
}

/// The API as a service, to be nested at [`PREFIX`]. Whoever serves it gives each request its `ConnectInfo<SocketAddr>`.
pub fn router(api: Api) -> Router {
    let packed = DefaultPredicate::new().and(NotForContentType::const_new("application/octet-stream"));
    routes()
        .router(&api)
        .fallback(|| async { Problem::missing("address; the description at /api/v1/openapi.json lists all there are") })
        .method_not_allowed_fallback(|| async { Problem::method() })
        .layer(DefaultBodyLimit::max(LARGEST))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIME_LIMIT))
        .layer(CatchPanicLayer::custom(problem::after_a_panic))
        .layer(middleware::map_response(told))
        .layer(CompressionLayer::new().compress_when(packed))
        .with_state(api)
}

/// What every answer says about itself: it is for this program alone, and no page.
async fn told(mut response: Response) -> Response {
    if response.status() == StatusCode::REQUEST_TIMEOUT && !response.headers().contains_key(header::CONTENT_TYPE) {
        response = Problem::timed_out().into_response();
    }
    let mut say = |name: HeaderName, value: &'static str| {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    };
    say(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    say(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    say(header::REFERRER_POLICY, "no-referrer");
    say(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    say(header::CACHE_CONTROL, "no-store");
    response
}
