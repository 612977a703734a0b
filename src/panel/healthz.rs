//! `/healthz`: whether this instance can serve, for a load balancer or a container's health check.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{panel::Panel, store::health};

/// `GET /healthz`: 200 when the database answers, 503 when it does not. How the mailboxes are says `/readyz`:
/// a mail server that is down is no reason to take the panel away.
pub(super) async fn show(State(panel): State<Panel>) -> Response {
    let (status, said) = match answers(&panel).await {
        Ok(()) => (StatusCode::OK, "ok\n"),
        Err(error) => {
            tracing::error!("healthz: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer; the log says more\n")
        }
    };
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")], said).into_response()
}

async fn answers(panel: &Panel) -> Result<(), crate::store::StoreError> {
    health::mailboxes(&mut *panel.desk.store.read().await?).await.map(drop)
}
