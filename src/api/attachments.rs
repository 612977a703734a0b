//! The files beside comments.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};

use super::{Api, bearer::Caller, body::At, problem::Problem, tickets::enter};
use crate::{
    desk::{attachment::disposition, id::AttachmentId},
    store::conversation,
};

/// A file as it came: whatever it says it is, its octets alone.
#[utoipa::path(get, path = "/attachments/{id}", tag = "Comments", operation_id = "getAttachment",
    params(("id" = i64, Path, description = "As a comment names it.")),
    responses((status = 200, description = "The octets of the file.", content_type = "application/octet-stream", body = String)))]
pub(super) async fn get(State(api): State<Api>, caller: Caller, At(id): At<i64>) -> Result<Response, Problem> {
    let mut conn = api.desk.store.read().await?;
    let none = || Problem::missing("attachment");
    let file = conversation::file(&mut conn, AttachmentId(id)).await?.ok_or_else(none)?;
    enter(&api, &caller, &mut conn, file.ticket).await.map_err(|it| if it.is_missing() { none() } else { it })?;
    let bytes = api.desk.store.blobs().get(&mut conn, &file.sha256).await?.ok_or_else(none)?;
    let name = HeaderValue::from_str(&disposition("attachment", &file.filename)).unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CONTENT_DISPOSITION, name),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
    ];
    Ok((headers, bytes).into_response())
}
