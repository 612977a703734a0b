//! What can go wrong with a request, as a problem document (RFC 9457) that names the thing and the mend. Internal causes are logged
//! once, under an id to quote.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    actions::{ActionError, Kind},
    clock::random_token,
    desk::sentence::sentence,
    store::StoreError,
};

/// Why a request was not done (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Document {
    /// The status of the answer in words.
    #[schema(example = "Unprocessable Entity")]
    title: &'static str,
    /// The status of the answer.
    #[schema(example = 422)]
    status: u16,
    /// What kind of problem it is, in a word that stays: `missing`, `unauthorized`, `insufficient-scope`, `forbidden`, `stale`,
    /// `new-words`, `unsent`, `conflict`, `gone`, `invalid`, `too-large`, `wait`, `media-type`, `method`, `timeout`, `broken`.
    #[schema(example = "invalid")]
    code: &'static str,
    /// What happened and what to do, for a person.
    detail: String,
    /// The field, parameter or header that is to be mended.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// With `new-words`: the comments that were written meanwhile. Read them, then send again with the last of them as `seen`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    comments: Vec<i64>,
    /// With `unsent`: to whom an earlier reply was not sent. Send again with `"unsent": "does-not-matter"` to resolve all the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    addresses: Vec<String>,
    /// With `broken`: what to quote to whoever runs the desk.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

/// A problem on its way out.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    document: Box<Document>,
    header: Option<(header::HeaderName, HeaderValue)>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let document = Document {
            title: status.canonical_reason().unwrap_or("Problem"),
            status: status.as_u16(),
            code,
            detail: detail.into(),
            field: None,
            comments: Vec::new(),
            addresses: Vec::new(),
            id: None,
        };
        Self { document: Box::new(document), header: None }
    }

    /// There is no such thing, or it is not for this person to know of: the two look the same.
    pub fn missing(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "missing", format!("There is no such {what}."))
    }

    /// Whether it is that there is no such thing: what something else is called must not tell that it is there.
    pub fn is_missing(&self) -> bool {
        self.document.status == StatusCode::NOT_FOUND.as_u16()
    }

    /// It took longer than it may.
    pub fn timed_out() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "timeout", "This took longer than a minute; send it again, in smaller parts.")
    }

    /// The address is one that is asked by other methods.
    pub fn method() -> Self {
        let detail = "This address is not asked so; the description at /api/v1/openapi.json lists the methods of each.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method", detail)
    }

    /// Nobody is known to ask (RFC 6750 §3). `why`: of a token that was brought; none: none was.
    pub fn unauthorized(why: Option<&str>) -> Self {
        let detail =
            why.unwrap_or("A token is missing: send the header “Authorization: Bearer mdk_…”. They are made under Settings, API tokens.");
        let says = if why.is_some() { r#"Bearer realm="maildesk", error="invalid_token""# } else { r#"Bearer realm="maildesk""# };
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail).with(header::WWW_AUTHENTICATE, HeaderValue::from_static(says))
    }

    /// The token reads only (RFC 6750 §3.1).
    pub fn scope(name: &str) -> Self {
        let detail = format!("The token “{name}” reads only; make one that writes under Settings, API tokens.");
        let says = HeaderValue::from_static(r#"Bearer realm="maildesk", error="insufficient_scope", scope="write""#);
        Self::new(StatusCode::FORBIDDEN, "insufficient-scope", detail).with(header::WWW_AUTHENTICATE, says)
    }

    /// Too often.
    pub fn wait(seconds: u64, what: &str) -> Self {
        let detail = format!("{what} Try again in {seconds} s.");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "wait", detail).with(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// What was sent cannot be taken.
    pub fn invalid(field: &str, why: impl std::fmt::Display) -> Self {
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", sentence(&why));
        problem.document.field = Some(field.to_owned()).filter(|it| !it.is_empty());
        problem
    }

    /// The body is no JSON at all.
    pub fn unreadable(why: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", sentence(&why))
    }

    /// The body is said to be something else than JSON.
    pub fn media_type() -> Self {
        let detail = "The body is not JSON: send it with “Content-Type: application/json”.";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", detail)
    }

    /// Larger than what is taken.
    pub fn too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            "The request is too large. Nothing was changed. Files may have 25 MB together.",
        )
    }

    /// It was erased, or has expired.
    pub fn gone(why: &StoreError) -> Self {
        Self::new(StatusCode::GONE, "gone", sentence(why))
    }

    /// It is not theirs to do.
    pub fn forbidden(why: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", why)
    }

    /// Logs the cause, once, and keeps its id.
    pub fn broken(cause: &dyn std::fmt::Display) -> Self {
        let id: String = random_token().chars().take(10).collect();
        tracing::error!(id, "a request to the API could not be answered ({id}): {cause}");
        let detail =
            format!("Something broke on our side. Nothing was lost: what had been saved is saved. Quote {id} to whoever runs the desk.");
        let mut problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "broken", detail);
        problem.document.id = Some(id);
        problem
    }

    fn with(mut self, name: header::HeaderName, value: HeaderValue) -> Self {
        self.header = Some((name, value));
        self
    }
}

/// Fields that actions call by the names of the panel’s forms.
fn field_of(field: &'static str) -> &'static str {
    match field {
        "helper" => "assignee",
        "body" => "text",
        "left_out" => "leave_out",
        "tag" => "tags",
        "participant" => "cc",
        other => other,
    }
}

/// One mapping: the kind of an action’s error is the answer’s status; its text is the answer’s sentence.
impl From<ActionError> for Problem {
    fn from(error: ActionError) -> Self {
        let kind = error.kind();
        let said = sentence(&error);
        let conflict = |code, said: String| Self::new(StatusCode::CONFLICT, code, said);
        match error {
            ActionError::Store(error) => error.into(),
            ActionError::Invalid { field, why } => Self::invalid(field_of(field), why),
            ActionError::Stale => conflict(
                "stale",
                "Somebody changed the ticket since that version. Read it again, and send the version it has now.".to_owned(),
            ),
            ActionError::NewWords { comments } => {
                let mut problem = conflict(
                    "new-words",
                    "Somebody wrote on the ticket since the comment that you have seen. Read it, then send again.".to_owned(),
                );
                problem.document.comments = comments.iter().map(|it| it.0).collect();
                problem
            }
            ActionError::Unsent { addresses } => {
                let mut problem = conflict("unsent", said);
                problem.document.addresses = addresses;
                problem
            }
            ActionError::Missing(what) => Self::missing(what),
            ActionError::Forbidden => Self::forbidden(&said),
            ActionError::NoSuchStep(_) => Self::invalid("status", said),
            error @ (ActionError::Conflict(_) | ActionError::CannotCorrect(_) | ActionError::Compose(_) | ActionError::Panicked(_)) => {
                match kind {
                    Kind::Conflict => conflict("conflict", said),
                    Kind::Missing | Kind::Forbidden | Kind::Invalid | Kind::Broken => Self::broken(&error),
                }
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::Erased | StoreError::Expired) { Self::gone(&error) } else { Self::broken(&error) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.document.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.document).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))], body).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// A handler that panicked: a fault of ours, told like any other.
pub(super) fn after_a_panic(cause: Box<dyn std::any::Any + Send>) -> Response {
    let words = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied());
    Problem::broken(&words.unwrap_or("a panic without words")).into_response()
}
