//! Replies and notes, as from the panel: the same people are sent the same mail, after the same undo window.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, PREFIX,
    bearer::Caller,
    body::{At, FileIn, Sent, files},
    comments::{Comment, one},
    problem::Problem,
    tickets::enter,
    words::{Markup, Status},
};
use crate::{
    actions::{
        deliveries::Unsent,
        once::{Edge, Once},
        reply::{Composed, Reply, reply_knowing},
        withdraw_reply::withdraw_reply,
        write_note::write_note_as,
    },
    desk::{
        address::EmailAddress,
        comment::CommentText,
        id::{CommentId, PersonId, TicketNumber},
    },
    store::{
        comments,
        conversation::{self, Audience},
    },
};

/// What is known of earlier replies that were not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Known {
    /// They were looked at: the ticket is resolved all the same.
    DoesNotMatter,
}

/// [`Known`] as actions take it.
pub(super) fn unsent(known: Option<Known>) -> Unsent {
    match known {
        Some(Known::DoesNotMatter) => Unsent::DoesNotMatter,
        None => Unsent::Asks,
    }
}

/// A reply to everybody who takes part in a ticket.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReply)]
pub(super) struct ReplyIn {
    #[schema(example = "It is on its way.")]
    text: String,
    /// `plain` where nothing is said.
    markup: Option<Markup>,
    /// The last comment that the program has seen: where somebody else has written since, nothing is sent (`new-words`). Where nothing
    /// is said, whatever stands there counts as seen.
    seen: Option<i64>,
    /// The status that the ticket is to have with it.
    status: Option<Status>,
    /// With `"status": "resolved"`, where an earlier reply was not sent.
    unsent: Option<Known>,
    /// Addresses that take part from this reply on.
    #[serde(default)]
    cc: Vec<String>,
    /// People who take part and are not sent this one.
    #[serde(default)]
    leave_out: Vec<i64>,
    #[serde(default)]
    files: Vec<FileIn>,
}

/// A note among staff.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewNote)]
pub(super) struct NoteIn {
    /// `@name` tells a colleague.
    #[schema(example = "@Maya the parcel is back.")]
    text: String,
    /// `plain` where nothing is said.
    markup: Option<Markup>,
    #[serde(default)]
    files: Vec<FileIn>,
}

/// Words that somebody wrote.
pub(super) fn text(field: &str, said: &str) -> Result<CommentText, Problem> {
    CommentText::parse(said).map_err(|why| Problem::invalid(field, why))
}

/// Writes to everybody who takes part. The reply waits for the desk’s undo window, in which its author can take it back: `next_at` of
/// its deliveries is when it leaves.
#[utoipa::path(post, path = "/tickets/{number}/replies", tag = "Comments", operation_id = "reply", request_body = ReplyIn,
    params(("number" = i64, Path, description = "The ticket."), ("Idempotency-Key" = Option<String>, Header, description = "Sent again with the same key within a day, the same request makes nothing more.")),
    responses((status = 201, description = "It is in the outbox.", body = Comment)))]
pub(super) async fn reply(
    State(api): State<Api>,
    caller: Caller,
    At(number): At<i64>,
    Sent { body, once }: Sent<ReplyIn>,
) -> Result<Response, Problem> {
    let number = TicketNumber(number);
    let text = text("text", &body.text)?;
    let mut cc = Vec::with_capacity(body.cc.len());
    for (n, address) in body.cc.iter().enumerate() {
        cc.push(address.parse::<EmailAddress>().map_err(|why| Problem::invalid(&format!("cc[{n}]"), format!("“{address}”: {why}")))?);
    }
    let seen = match (body.seen, &once) {
        (Some(id), _) => Some(CommentId(id)),
        // Its key tells whether it was sent before.
        (None, Some(_)) => Some(CommentId(i64::MAX)),
        (None, None) => last(&api, &caller, number).await?,
    };
    let left_out = body.leave_out.iter().map(|it| PersonId(*it)).collect();
    let composed = Composed { markup: markup(body.markup), cc, left_out, edge: Edge::Api(once), ..Composed::default() };
    let reply = Reply { text, files: files(&body.files)?, seen, then: body.status.map(Into::into), composed };
    let made = reply_knowing(&api.desk, &caller.person, number, &reply, unsent(body.unsent)).await?;
    made_comment(&api, &caller, made).await
}

/// Writes a note: it never leaves in any mail, and no customer sees it.
#[utoipa::path(post, path = "/tickets/{number}/notes", tag = "Comments", operation_id = "note", request_body = NoteIn,
    params(("number" = i64, Path, description = "The ticket."), ("Idempotency-Key" = Option<String>, Header, description = "Sent again with the same key within a day, the same request makes nothing more.")),
    responses((status = 201, description = "It is written.", body = Comment)))]
pub(super) async fn note(
    State(api): State<Api>,
    caller: Caller,
    At(number): At<i64>,
    Sent { body, once }: Sent<NoteIn>,
) -> Result<Response, Problem> {
    let number = TicketNumber(number);
    let text = text("text", &body.text)?;
    let composed = composed(body.markup, once);
    let made = write_note_as(&api.desk, &caller.person, number, &text, &files(&body.files)?, &composed, None).await?;
    made_comment(&api, &caller, made).await
}

fn composed(asked: Option<Markup>, once: Option<Once>) -> Composed {
    Composed { markup: markup(asked), edge: Edge::Api(once), ..Composed::default() }
}

fn markup(asked: Option<Markup>) -> crate::desk::comment::Markup {
    asked.map(Into::into).unwrap_or_default()
}

/// The last comment of a ticket.
async fn last(api: &Api, caller: &Caller, number: TicketNumber) -> Result<Option<CommentId>, Problem> {
    let mut conn = api.desk.store.read().await?;
    enter(api, caller, &mut conn, number).await?;
    Ok(conversation::said(&mut conn, number, Audience::Staff, 1).await?.pop().map(|it| it.id))
}

/// What was made, on the ticket where it is by now; without its words where that is out of reach.
async fn made_comment(api: &Api, caller: &Caller, id: CommentId) -> Result<Response, Problem> {
    let mut conn = api.desk.store.read().await?;
    let number = comments::get(&mut conn, id).await?.ok_or_else(|| Problem::missing("comment"))?.ticket;
    let at = format!("{PREFIX}/tickets/{number}/comments/{id}");
    let at = HeaderValue::from_str(&at).map_err(|error| Problem::broken(&error))?;
    let made = StatusCode::CREATED;
    let at = [(header::LOCATION, at)];
    Ok(match enter(api, caller, &mut conn, number).await {
        Ok(_) => (made, at, Json(one(&mut conn, number, id).await?)).into_response(),
        Err(_) => (made, at).into_response(),
    })
}

/// Takes a reply back while none of its copies has left; its words are a draft of its author on the panel again.
#[utoipa::path(delete, path = "/tickets/{number}/comments/{id}", tag = "Comments", operation_id = "takeBackReply",
    params(("number" = i64, Path, description = "The ticket."), ("id" = i64, Path, description = "The reply.")),
    responses((status = 200, description = "It is taken back, and leaves to nobody.", body = Comment)))]
pub(super) async fn take_back(State(api): State<Api>, caller: Caller, At((number, id)): At<(i64, i64)>) -> Result<Json<Comment>, Problem> {
    let (number, id) = (TicketNumber(number), CommentId(id));
    let mut conn = api.desk.store.read().await?;
    enter(&api, &caller, &mut conn, number).await?;
    one(&mut conn, number, id).await?;
    drop(conn);
    withdraw_reply(&api.desk, &caller.person, id).await?;
    Ok(Json(one(&mut *api.desk.store.read().await?, number, id).await?))
}
