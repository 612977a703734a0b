//! What was said on a ticket, and where each reply is.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    bearer::Caller,
    body::{Asked, At},
    page::{limit, no_cursor},
    problem::Problem,
    tickets::enter,
    views::PersonRef,
    words::{self, Origin, Via, Visibility},
};
use crate::{
    desk::id::{CommentId, TicketNumber},
    store::{
        Conn,
        conversation::{self, Audience, Said},
    },
};

/// A comment of a ticket.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Comment {
    pub id: i64,
    /// `internal` is a note among staff: never show it to a customer.
    visibility: Visibility,
    origin: Origin,
    via: Via,
    /// Who wrote it; null: nobody whom the desk knows.
    author: Option<PersonRef>,
    /// The address that it was sent from, where it came by mail.
    from: Option<String>,
    /// What was newly written.
    text: String,
    /// History and signature that its mail repeated.
    quoted: String,
    /// When it was said.
    at: Timestamp,
    /// When it was taken back within its undo window; null: it was not.
    withdrawn_at: Option<Timestamp>,
    attachments: Vec<Attachment>,
    /// Where its mail is, for each recipient; empty for what goes to nobody.
    deliveries: Vec<DeliveryView>,
}

/// A file beside a comment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Attachment {
    /// As `/attachments/{id}` gives it.
    id: i64,
    name: String,
    /// What its sender takes it for.
    content_type: String,
    /// Bytes.
    size: i64,
}

/// One recipient of a reply.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Recipient)]
pub(super) struct DeliveryView {
    address: String,
    state: words::Delivery,
    /// Not before then is it handed to the mail server; null: nothing more is tried. A reply that is in its undo window leaves then.
    next_at: Option<Timestamp>,
    /// How often it was tried.
    attempts: i64,
    /// The mail server’s own words.
    said: Option<String>,
    /// Why a person must first say so before it leaves; null: nothing stands in its way.
    held_back: Option<String>,
    /// When it was settled.
    settled_at: Option<Timestamp>,
    /// When somebody said that nothing more is to be done about it.
    set_aside_at: Option<Timestamp>,
}

impl From<Said> for Comment {
    fn from(it: Said) -> Self {
        let at = it.said_at();
        let delivery = |it: conversation::Delivery| DeliveryView {
            address: it.address,
            state: it.state.into(),
            next_at: it.state.is_open().then_some(it.next_at),
            attempts: it.attempts,
            said: it.words.filter(|it| !it.is_empty()),
            held_back: it.held_back,
            settled_at: it.settled_at,
            set_aside_at: it.set_aside_at,
        };
        let file = |it: conversation::File| Attachment { id: it.id.0, name: it.filename, content_type: it.content_type, size: it.size };
        Self {
            id: it.id.0,
            visibility: it.visibility.into(),
            origin: it.origin.into(),
            via: it.via.into(),
            author: it.author.map(|it| PersonRef { id: it.id.0, name: it.name, email: it.email }),
            from: it.mail.and_then(|it| it.sender),
            text: it.body,
            quoted: it.quoted,
            at,
            withdrawn_at: it.withdrawn_at,
            attachments: it.files.into_iter().map(file).collect(),
            deliveries: it.deliveries.into_iter().map(delivery).collect(),
        }
    }
}

/// Which part of a long conversation.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Comments {
    /// Entries of a page: 1 to 100, 50 where nothing is said.
    limit: Option<usize>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// A page of comments, oldest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct CommentPage {
    items: Vec<Comment>,
    /// What to send as `cursor` for the next page; null: there is none.
    next: Option<String>,
}

/// The conversation of a ticket, oldest first: what customers wrote, replies with where each copy is, notes.
#[utoipa::path(get, path = "/tickets/{number}/comments", tag = "Comments", operation_id = "listComments",
    params(("number" = i64, Path, description = "The ticket."), Comments), responses((status = 200, body = CommentPage)))]
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    At(number): At<i64>,
    Asked(asked): Asked<Comments>,
) -> Result<Json<CommentPage>, Problem> {
    let number = TicketNumber(number);
    let most = limit(asked.limit)?;
    let after = match asked.cursor.as_deref() {
        None => CommentId(0),
        Some(it) => CommentId(it.strip_prefix("said-").and_then(|it| it.parse().ok()).ok_or_else(no_cursor)?),
    };
    let mut conn = api.desk.store.read().await?;
    enter(&api, &caller, &mut conn, number).await?;
    let wanted = i64::try_from(most + 1).unwrap_or(i64::MAX);
    let mut said = conversation::said_after(&mut conn, number, Audience::Staff, after, wanted).await?;
    let more = said.len() > most;
    said.truncate(most);
    let next = said.last().filter(|_| more).map(|it| format!("said-{}", it.id));
    Ok(Json(CommentPage { items: said.into_iter().map(Into::into).collect(), next }))
}

/// One comment of a ticket.
#[utoipa::path(get, path = "/tickets/{number}/comments/{id}", tag = "Comments", operation_id = "getComment",
    params(("number" = i64, Path, description = "The ticket."), ("id" = i64, Path, description = "The comment.")), responses((status = 200, body = Comment)))]
pub(super) async fn show(State(api): State<Api>, caller: Caller, At((number, id)): At<(i64, i64)>) -> Result<Json<Comment>, Problem> {
    let mut conn = api.desk.store.read().await?;
    enter(&api, &caller, &mut conn, TicketNumber(number)).await?;
    Ok(Json(one(&mut conn, TicketNumber(number), CommentId(id)).await?))
}

/// A comment of a ticket that whoever asks may see.
pub(super) async fn one(conn: &mut Conn, number: TicketNumber, id: CommentId) -> Result<Comment, Problem> {
    let said = conversation::one(conn, number, id).await?;
    said.map(Into::into).ok_or_else(|| Problem::missing("comment on this ticket"))
}
