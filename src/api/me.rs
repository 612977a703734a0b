//! Who asks, and what the desk is made of: what a program needs to begin.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Api,
    bearer::Caller,
    problem::Problem,
    views::{MailboxRef, PersonRef, PersonView},
    words::{Access, Role},
};
use crate::store::{people, tags};

/// The token that the request was made with.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct TokenView {
    name: String,
    /// Its first letters.
    start: String,
    access: Access,
    /// The most it may do; the role of whoever made it bounds it too.
    role: Role,
    created_at: Timestamp,
    /// From then on it opens nothing; null: it does until it is revoked.
    expires_at: Option<Timestamp>,
}

/// Who asks.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Me {
    /// Whoever made the token, with the role that counts for it.
    person: PersonView,
    token: TokenView,
}

/// Who asks, and with which token.
#[utoipa::path(get, path = "/me", tag = "Desk", operation_id = "me", responses((status = 200, body = Me)))]
pub(super) async fn me(caller: Caller) -> Json<Me> {
    let token = caller.token;
    let token = TokenView {
        name: token.name,
        start: token.start,
        access: token.access.into(),
        role: token.standing.role.into(),
        created_at: token.created_at,
        expires_at: token.standing.expires_at,
    };
    Json(Me { person: (&caller.person).into(), token })
}

/// What the desk is made of.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Desk)]
pub(super) struct DeskView {
    name: String,
    /// In which days begin and end (IANA).
    #[schema(example = "Europe/Stockholm")]
    time_zone: String,
    /// Of the panel.
    url: String,
    mailboxes: Vec<MailboxRef>,
    /// By name.
    tags: Vec<String>,
    /// Helpers and admins who can have tickets.
    staff: Vec<PersonRef>,
}

/// Mailboxes, tags and staff: what parameters and fields call by name or id.
#[utoipa::path(get, path = "/desk", tag = "Desk", operation_id = "desk", responses((status = 200, body = DeskView)))]
pub(super) async fn desk(State(api): State<Api>) -> Result<Json<DeskView>, Problem> {
    let desk = &api.desk;
    let mut conn = desk.store.read().await?;
    let (staff, tags) = (people::active_staff(&mut conn).await?, tags::all(&mut conn).await?);
    Ok(Json(DeskView {
        name: desk.settings.name.clone(),
        time_zone: desk.settings.time_zone.iana_name().unwrap_or("UTC").to_owned(),
        url: desk.url.to_string(),
        mailboxes: desk.mailboxes.iter().filter_map(|(id, _)| MailboxRef::of(desk, id)).collect(),
        tags: tags.into_iter().map(|it| it.name).collect(),
        staff: staff.into_iter().map(|it| PersonRef { id: it.id.0, name: it.name, email: it.email.to_string() }).collect(),
    }))
}
