//! The tickets before and after one in the list that it was opened from.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::Response,
};
use serde::Serialize;

use crate::{
    desk::{id::TicketNumber, permission::Scope},
    panel::{Panel, error::PageError, list::Asked, visitor::Visitor},
    store::{
        Conn,
        queue::{self, Key, List, Side},
        queue_counts,
    },
};

/// So many rows are counted to say which one it is; further down, nobody needs to know.
const COUNTED: usize = 999;

/// What the address of a ticket says about its list.
#[derive(Clone, Debug, Default)]
pub(super) struct From {
    pub list: String,
    pub at: String,
}

/// The way back, and the way on.
#[derive(Debug, Serialize)]
pub(super) struct Neighbours {
    /// The list's own address, at this ticket.
    back: String,
    title: String,
    /// `3 of 43`.
    position: Option<String>,
    prev: Option<String>,
    next: Option<String>,
}

/// Finds them, also where the ticket has left the list since or has another place in it: then from where it stood.
pub(super) async fn find(
    panel: &Panel,
    visitor: &Visitor,
    conn: &mut Conn,
    number: TicketNumber,
    from: &From,
) -> Result<Neighbours, PageError> {
    let (me, scope) = (visitor.person.id, visitor.scope(panel.desk.rules()));
    let asked = if from.list.is_empty() { None } else { Asked::read(&from.list) };
    let Some(asked) = asked else {
        return Ok(Neighbours { back: "/tickets".to_owned(), title: "All open".to_owned(), position: None, prev: None, next: None });
    };
    let list = asked.whole(me);
    let (view, _, title) = asked.view(me);
    let back = format!("{}#t{number}", asked.address());
    let key = match Key::parse(&from.at) {
        Some(key) => key,
        None => match queue::these(conn, &[number], scope).await?.first() {
            Some(row) => Key::of(list.sort, row),
            None => return Ok(Neighbours { back, title: title.to_owned(), position: None, prev: None, next: None }),
        },
    };
    let ahead = queue::count_ahead(conn, &list, key, scope, COUNTED).await?;
    let all = queue_counts::of_lists(conn, &[(view, list.filter)], scope).await?.first().copied().unwrap_or_default();
    let shown = ahead < i64::try_from(COUNTED).unwrap_or(i64::MAX) && ahead < all;
    Ok(Neighbours {
        position: shown.then(|| format!("{} of {all}", ahead + 1)),
        prev: one(conn, &asked, &list, (Side::Ahead, key), number, scope).await?,
        next: one(conn, &asked, &list, (Side::Behind, key), number, scope).await?,
        back,
        title: title.to_owned(),
    })
}

async fn one(
    conn: &mut Conn,
    asked: &Asked,
    list: &List,
    beside: (Side, Key),
    but: TicketNumber,
    scope: Scope,
) -> Result<Option<String>, PageError> {
    // It may have moved to there itself.
    let rows = queue::list(conn, &List { beside: Some(beside), limit: 2, ..*list }, scope).await?;
    let row = rows.iter().find(|it| it.number != but);
    Ok(row.map(|it| format!("/tickets/{}{}", it.number, asked.opened_from(Key::of(list.sort, it)))))
}

/// Whoever changes a ticket comes back to it in the list that they opened it from: a form's page says it by `Referer`, which browsers
/// send whole to the same origin.
pub(super) async fn keep(request: Request, next: Next) -> Response {
    let asked = (request.method() == Method::POST).then(|| referer(request.headers())).flatten();
    let mut response = next.run(request).await;
    if let Some(asked) = asked
        && response.status() == StatusCode::SEE_OTHER
        && let Some(to) = response.headers().get(header::LOCATION).and_then(|it| it.to_str().ok()).and_then(|to| back_to(to, &asked))
        && let Ok(to) = HeaderValue::from_str(&to)
    {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

fn referer(headers: &HeaderMap) -> Option<Uri> {
    headers.get(header::REFERER)?.to_str().ok()?.parse().ok()
}

/// `to` with what the page said about its list, where that page was of the same ticket.
fn back_to(to: &str, page: &Uri) -> Option<String> {
    let (rest, fragment) = to.split_once('#').map_or((to, ""), |(rest, fragment)| (rest, fragment));
    let (path, query) = rest.split_once('?').map_or((rest, ""), |(path, query)| (path, query));
    let number = path.strip_prefix("/tickets/")?;
    if page.path() != path || number.is_empty() || !number.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let said = page.query()?.split('&').filter(|it| it.starts_with("list=") || it.starts_with("at="));
    let said: Vec<&str> = [query].into_iter().filter(|it| !it.is_empty()).chain(said).collect();
    let hash = if fragment.is_empty() { "" } else { "#" };
    Some(format!("{path}?{}{hash}{fragment}", said.join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_shown_again_in_the_list_that_it_was_opened_from() {
        let page: Uri = "http://desk.test/tickets/7?all=1&list=view%3Dmine&at=1.0.7".parse().unwrap();
        for (to, then) in [
            ("/tickets/7", Some("/tickets/7?list=view%3Dmine&at=1.0.7")),
            ("/tickets/7?draft=3#m9", Some("/tickets/7?draft=3&list=view%3Dmine&at=1.0.7#m9")),
            ("/tickets/8", None),
            ("/tickets", None),
            ("/tickets/7/merge", None),
            ("https://evil.test/tickets/7", None),
        ] {
            assert_eq!(back_to(to, &page).as_deref(), then, "{to}");
        }
        assert_eq!(back_to("/tickets/7", &"/tickets/7".parse().unwrap()), None);
    }
}
