//! A queue that is asked for again and has not changed: 304 (RFC 9110 §13.1.2, `If-None-Match`), without drawing it.
//!
//! Its tag is made of everything that the page is: who looks, at what address, what the database holds, what the last round found, and
//! the time of day as far as the page tells it. It is made before the page, so that what changes meanwhile counts for the next.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use data_encoding::BASE64URL_NOPAD;

use crate::panel::{Panel, assets, visitor::Visitor};

/// Times are told by the minute (`4 min`), and who else writes somewhere by the half minute: so many seconds may a page that is kept lag
/// behind, as one does that has been open for as long.
pub(super) const LAG: i64 = 15;

/// Kept by the browser alone, and asked for each time.
const REVALIDATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// The version of the database that was asked for before anything of the page was read.
#[derive(Clone, Debug)]
pub(super) struct AsOf(pub String);

/// Answers for the page where the browser has it already.
pub(super) async fn look(State(panel): State<Panel>, mut request: Request, next: Next) -> Response {
    let Some(visitor) = who_may_keep(&request) else { return next.run(request).await };
    let Ok(version) = panel.desk.store.version().await else { return next.run(request).await };
    let tag = tag(&panel, &visitor, request.uri().clone(), &version);
    request.extensions_mut().insert(AsOf(version));
    let Some(tag) = tag else { return next.run(request).await };
    if request.headers().get_all(header::IF_NONE_MATCH).iter().any(|it| names(it, &tag)) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag), (header::CACHE_CONTROL, REVALIDATE)]).into_response();
    }
    let mut response = next.run(request).await;
    // A page that sets a cookie is for this once.
    if response.status() == StatusCode::OK && !response.headers().contains_key(header::SET_COOKIE) {
        response.headers_mut().insert(header::ETAG, tag);
        response.headers_mut().insert(header::CACHE_CONTROL, REVALIDATE);
    }
    response
}

/// Whether a list of tags, weak or strong, has this one (RFC 9110 §8.8.3.2, weak comparison).
fn names(listed: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(listed), Ok(tag)) = (listed.to_str(), tag.to_str()) else { return false };
    listed.split(',').any(|it| it.trim().trim_start_matches("W/") == tag.trim_start_matches("W/"))
}

/// None: what is asked for is not kept, or tells something once.
fn who_may_keep(request: &Request) -> Option<Visitor> {
    let is_queue = request.method() == Method::GET && request.uri().path() == "/tickets";
    request.extensions().get::<Visitor>().filter(|it| is_queue && it.person.role.is_staff() && it.flash.is_none()).cloned()
}

fn tag(panel: &Panel, visitor: &Visitor, asked: Uri, version: &str) -> Option<HeaderValue> {
    let (desk, now) = (&panel.desk, panel.desk.clock.now());
    let round = desk.health.get();
    let what = format!(
        "{:?}",
        (
            (panel.born.as_str(), assets::VERSION.as_str(), asked, version),
            // What is set counts here only when this process has read it, which may be after the commit.
            (desk.settings.turn(), desk.mailboxes.turn()),
            (&visitor.session, &visitor.person, visitor.look, &visitor.zone, visitor.followed),
            (now.as_second() / LAG, desk.health.troubles(now), round.as_ref().map(|it| &it.mailboxes)),
        )
    );
    let mac = desk.keys.mac("unchanged", &[what.as_bytes()]);
    HeaderValue::from_str(&format!("W/\"{}\"", BASE64URL_NOPAD.encode(&mac[..16]))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_several_tags_is_enough_and_weak_is_as_good_as_strong() {
        let tag = HeaderValue::from_static("W/\"b\"");
        for (listed, named) in
            [("W/\"b\"", true), ("\"b\"", true), ("W/\"a\", W/\"b\"", true), ("W/\"a\"", false), ("b", false), ("", false)]
        {
            assert_eq!(names(&HeaderValue::from_static(listed), &tag), named, "{listed}");
        }
    }
}
