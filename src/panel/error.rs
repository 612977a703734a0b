//! What can go wrong with a page, and the page that says so. Internal causes are logged once, under an id to quote.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;

use crate::{
    actions::{ActionError, Kind},
    auth::password::HashingError,
    clock::random_token,
    panel::{Panel, assets, visitor::Visitor},
    store::StoreError,
    templates::TemplateError,
};

pub use crate::desk::sentence::sentence;

/// Why a page is not what was asked for.
#[derive(Clone, Debug)]
pub enum PageError {
    /// There is no such thing, or it is not for this person to know of.
    Missing,
    /// It is not theirs to do.
    Forbidden(String),
    /// Nobody is signed in; after signing in, go there.
    SignIn {
        /// An own path.
        next: String,
    },
    /// The form is from another session, or from before a restart with another key.
    StaleForm,
    /// It was erased.
    Gone,
    /// The original of a message has expired.
    Expired,
    /// Something changed meanwhile.
    Conflict(String),
    /// What was sent cannot be taken.
    Invalid(String),
    /// Larger than what is taken.
    TooLarge,
    /// Too often.
    Wait {
        /// Until it may be tried again.
        seconds: u64,
    },
    /// A fault of ours; the cause is logged under the id.
    Broken {
        /// What a person can quote.
        id: String,
    },
}

impl PageError {
    /// Logs the cause, once, and keeps its id.
    pub fn broken(cause: &dyn std::fmt::Display) -> Self {
        let id: String = random_token().chars().take(10).collect();
        tracing::error!(id, "a page could not be made ({id}): {cause}");
        Self::Broken { id }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Missing => StatusCode::NOT_FOUND,
            Self::Forbidden(_) | Self::StaleForm => StatusCode::FORBIDDEN,
            Self::SignIn { .. } => StatusCode::SEE_OTHER,
            Self::Gone | Self::Expired => StatusCode::GONE,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Wait { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Broken { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn words(&self) -> (&'static str, String) {
        match self {
            Self::Missing => ("There is nothing here", "The address may be mistyped, or what was here is not for you to see.".to_owned()),
            Self::Forbidden(why) => ("This is not yours to do", why.clone()),
            Self::SignIn { .. } => ("Sign in", String::new()),
            Self::StaleForm => (
                "This form has expired",
                "Nothing was changed. Go back, reload the page and send it again; what you typed is still in the form.".to_owned(),
            ),
            Self::Gone => ("This was erased", sentence(&StoreError::Erased)),
            Self::Expired => ("The original is gone", sentence(&StoreError::Expired)),
            Self::Conflict(what) => ("This has changed meanwhile", what.clone()),
            Self::Invalid(what) => ("This could not be taken", what.clone()),
            Self::TooLarge => ("This is too large", "Nothing was changed. Files may have 25 MB together.".to_owned()),
            Self::Wait { seconds } => ("Too many tries", format!("For safety there is a pause. Try again in {}.", pause(*seconds))),
            Self::Broken { .. } => (
                "Something broke on our side",
                "Nothing was lost: what had been saved is saved, and the rest can be sent again.".to_owned(),
            ),
        }
    }
}

fn pause(seconds: u64) -> String {
    match seconds {
        0..=1 => "a second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

/// One mapping: the kind of an action's error is the page's status; its text is the page's sentence.
impl From<ActionError> for PageError {
    fn from(error: ActionError) -> Self {
        if matches!(error, ActionError::Store(StoreError::Erased)) {
            return Self::Gone;
        }
        if matches!(error, ActionError::Store(StoreError::Expired)) {
            return Self::Expired;
        }
        match error.kind() {
            Kind::Missing => Self::Missing,
            Kind::Forbidden => Self::Forbidden(sentence(&error)),
            Kind::Conflict => Self::Conflict(sentence(&error)),
            Kind::Invalid => Self::Invalid(sentence(&error)),
            Kind::Broken => Self::broken(&error),
        }
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::Erased) {
            Self::Gone
        } else if matches!(error, StoreError::Expired) {
            Self::Expired
        } else {
            Self::broken(&error)
        }
    }
}

impl From<TemplateError> for PageError {
    fn from(error: TemplateError) -> Self {
        Self::broken(&error)
    }
}

impl From<HashingError> for PageError {
    fn from(error: HashingError) -> Self {
        Self::broken(&error)
    }
}

/// The page itself is drawn by `draw`, which knows the desk.
impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        if let Self::SignIn { next } = &self {
            let mut query = String::new();
            for byte in next.bytes() {
                match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => query.push(char::from(byte)),
                    _ => query.push_str(&format!("%{byte:02X}")),
                }
            }
            return Redirect::to(&if next == "/" { "/login".to_owned() } else { format!("/login?next={query}") }).into_response();
        }
        let mut response = self.status().into_response();
        if let Self::Wait { seconds } = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Serialize)]
struct ErrorPage<'a> {
    desk: &'a str,
    v: &'a str,
    theme: Option<&'a str>,
    code: u16,
    head: &'a str,
    text: &'a str,
    #[serde(rename = "ref")]
    reference: Option<&'a str>,
    buttons: Vec<Button>,
}

#[derive(Serialize)]
struct Button {
    name: &'static str,
    href: &'static str,
}

/// Draws the page of an error that a handler, an extractor or the router answered with.
pub(super) async fn draw(State(panel): State<Panel>, visitor: Option<Visitor>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let said = response.extensions().get::<PageError>().cloned();
    match said.or_else(|| unsaid(&response)) {
        Some(error) => page(&panel, visitor.as_ref(), &error, &response),
        None => response,
    }
}

/// What an answer without a page means that none of our handlers made.
fn unsaid(response: &Response) -> Option<PageError> {
    if response.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Some(PageError::TooLarge);
    }
    if response.headers().contains_key(header::CONTENT_TYPE) {
        return None;
    }
    match response.status() {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Some(PageError::Missing),
        StatusCode::FORBIDDEN => Some(PageError::Forbidden("This was sent from another site. Nothing was changed.".to_owned())),
        _ => None,
    }
}

/// The page of an error; of the answer it stands for, it keeps what a browser must be told.
pub(super) fn page(panel: &Panel, visitor: Option<&Visitor>, error: &PageError, answer: &Response) -> Response {
    let (head, text) = error.words();
    let reference = if let PageError::Broken { id } = error { Some(id.as_str()) } else { None };
    let values = ErrorPage {
        desk: &panel.desk.settings.name,
        v: &assets::VERSION,
        theme: visitor.and_then(Visitor::theme),
        code: error.status().as_u16(),
        head,
        text: &text,
        reference,
        buttons: vec![if visitor.is_some() {
            Button { name: "Go to the start", href: "/" }
        } else {
            Button { name: "Sign in", href: "/login" }
        }],
    };
    let body = panel.desk.templates.render("error.html", &values).unwrap_or_else(|error| {
        tracing::error!("the error page cannot be drawn: {error}");
        format!("{head}. {text}")
    });
    let mut drawn = (error.status(), [(header::CONTENT_TYPE, "text/html; charset=utf-8")], body).into_response();
    for name in [header::RETRY_AFTER, header::SET_COOKIE] {
        for value in answer.headers().get_all(&name) {
            drawn.headers_mut().append(&name, value.clone());
        }
    }
    drawn
}

/// A handler that panicked: a fault of ours, told like any other.
pub(super) fn after_a_panic(cause: Box<dyn std::any::Any + Send>) -> Response {
    let words = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied());
    PageError::broken(&words.unwrap_or("a panic without words")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_back_by_an_escaped_path() {
        let response = PageError::SignIn { next: "/search?q=a&b=\"c".to_owned() }.into_response();
        assert_eq!(response.headers()[header::LOCATION], "/login?next=/search%3Fq%3Da%26b%3D%22c");
    }
}
