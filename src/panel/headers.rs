//! What every answer says to the browser about itself.

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

use crate::{desk::public_url::Scheme, panel::Panel};

/// Nothing runs and nothing loads but our own files.
pub(super) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
    require-trusted-types-for 'script'; trusted-types maildesk";

/// Fills in what the handler has not said itself.
pub(super) async fn set(State(panel): State<Panel>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let mut say = |name: HeaderName, value: &'static str| {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    };
    say(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    say(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // `no-referrer` would make Chromium send `Origin: null` with our own forms.
    say(header::REFERRER_POLICY, "same-origin");
    say(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    say(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    say(HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()");
    say(header::CACHE_CONTROL, "no-store");
    if panel.desk.url.scheme() == Scheme::Https {
        say(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}
