//! The list that a ticket was opened from, and the tickets before and after it there.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::Response,
};
use axum_extra::extract::CookieJar;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use crate::{
    desk::{id::TicketNumber, permission::Scope},
    panel::{
        Panel,
        error::PageError,
        found::Stood,
        kept::Kept,
        list::Asked,
        page::set_cookie,
        url::{Query, encoded},
        visitor::Visitor,
    },
    store::{
        Conn,
        queue::{self, Key, List, Side},
        queue_counts,
    },
};

/// So many rows are counted to say which one it is; further down, nobody needs to know.
const COUNTED: usize = 999;

/// Where the page of a ticket keeps its list when it is the answer to a form: such a page has the address of the form, which says
/// nothing of lists. The page itself takes it away again.
const COOKIE: &str = "maildesk-list";

/// What the address of a ticket says about its list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct From {
    /// The list, or the search, as a saved view has it; empty: none.
    pub list: String,
    /// Where it stood there.
    pub at: String,
}

/// A form that was on the page of a ticket, or on one below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FormOf {
    ticket: String,
    from: From,
}

impl From {
    /// This list, and where it stood there.
    pub fn of(list: &str, at: &str) -> Self {
        Self { list: list.to_owned(), at: at.to_owned() }
    }

    /// As an address says it; none: there is no list.
    fn said(&self) -> Option<String> {
        let at = if self.at.is_empty() { String::new() } else { format!("&at={}", encoded(&self.at)) };
        (!self.list.is_empty()).then(|| format!("list={}{at}", encoded(&self.list)))
    }

    /// What the address of another view of the ticket says of it, behind what it says of the view.
    pub fn and_said(&self) -> String {
        self.said().map(|it| format!("&{it}")).unwrap_or_default()
    }

    /// What the address of a page below the ticket says of it, and of the way back there.
    pub fn query(&self) -> String {
        self.said().map(|it| format!("?{it}")).unwrap_or_default()
    }

    fn read(query: &str) -> Option<Self> {
        let uri = format!("/?{query}").parse().ok()?;
        Query::of(&uri).map(|Query(it): Query<Self>| it).filter(|it| !it.list.is_empty())
    }

    /// The list's own address.
    fn address(&self) -> String {
        match (Kept::read(&self.list), self.at.parse::<Stood>()) {
            (Kept::Search { q, order }, Ok(stood)) => crate::panel::search::address("/search", &q, order, stood.page()),
            (kept, _) => kept.address(),
        }
    }
}

impl FormOf {
    /// What a form says of the page that it was on: by `Referer`, which browsers send whole to the same origin; where that page was the
    /// answer to a form itself, by its cookie.
    pub fn read(method: &Method, headers: &HeaderMap, jar: &CookieJar) -> Option<Self> {
        // What the script keeps leads to no page.
        if method != Method::POST || headers.contains_key("x-fragment") {
            return None;
        }
        let page: Uri = headers.get(header::REFERER)?.to_str().ok()?.parse().ok()?;
        let (ticket, _) = of_ticket(page.path())?;
        let from = page.query().and_then(From::read).or_else(|| kept(jar))?;
        Some(Self { ticket: ticket.to_owned(), from })
    }

    /// The list, where the form was of this ticket.
    pub fn list(form: Option<&Self>, number: TicketNumber) -> From {
        form.filter(|it| it.ticket == number.to_string()).map(|it| it.from.clone()).unwrap_or_default()
    }

    /// Where whoever is done with this ticket goes on: in the list that it was opened from, or in all that is open.
    pub fn way_back(form: Option<&Self>, number: TicketNumber) -> String {
        let from = Self::list(form, number);
        if from.list.is_empty() { "/tickets".to_owned() } else { from.address() }
    }
}

/// The list that a page which is the answer to a form has in its cookie.
fn kept(jar: &CookieJar) -> Option<From> {
    let kept = BASE64URL_NOPAD.decode(jar.get(COOKIE)?.value().as_bytes()).ok()?;
    From::read(std::str::from_utf8(&kept).ok()?)
}

/// The number in the address of a ticket's page, or of one below it, and what follows it.
fn of_ticket(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix("/tickets/")?;
    let (number, below) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    (!number.is_empty() && number.bytes().all(|it| it.is_ascii_digit())).then_some((number, below))
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
    if from.list.is_empty() {
        return Ok(Neighbours { back: "/tickets".to_owned(), title: "All open".to_owned(), position: None, prev: None, next: None });
    }
    match Kept::read(&from.list) {
        Kept::List(asked) => in_list(panel, visitor, conn, number, (&asked, &from.at)).await,
        kept @ Kept::Search { .. } => Ok(in_search(&kept, number, from)),
    }
}

/// Nothing is looked for before somebody goes on.
fn in_search(kept: &Kept, number: TicketNumber, from: &From) -> Neighbours {
    let stood: Option<Stood> = from.at.parse().ok();
    let (prev, next) = stood.map(|it| it.ways(&kept.query(), number)).unwrap_or_default();
    let (back, title) = (format!("{}#t{number}", from.address()), "Search".to_owned());
    Neighbours { back, title, position: stood.and_then(Stood::in_words), prev, next }
}

async fn in_list(
    panel: &Panel,
    visitor: &Visitor,
    conn: &mut Conn,
    number: TicketNumber,
    (asked, at): (&Asked, &str),
) -> Result<Neighbours, PageError> {
    let (me, scope) = (visitor.person.id, visitor.scope(panel.desk.rules()));
    let list = asked.whole(me);
    let (view, _, title) = asked.view(me);
    let back = format!("{}#t{number}", asked.address());
    let key = match Key::parse(at) {
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
        prev: one(conn, asked, &list, (Side::Ahead, key), number, scope).await?,
        next: one(conn, asked, &list, (Side::Behind, key), number, scope).await?,
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
    Ok(row.map(|it| format!("/tickets/{}{}", it.number, asked.opened_from(list.sort).at(it))))
}

/// Whoever changes a ticket comes back to it in the list that they opened it from.
pub(super) async fn keep(request: Request, next: Next) -> Response {
    let shown = request.method() == Method::GET;
    let ticket = of_ticket(request.uri().path()).map(|(number, below)| (number.to_owned(), below.is_empty()));
    let form = request.extensions().get::<Visitor>().and_then(|it| it.form.clone());
    let jar = CookieJar::from_headers(request.headers());
    // Whoever reloads such a page comes to the ticket by way of the form's address.
    let form = match &ticket {
        Some((number, false)) if shown => kept(&jar).map(|from| FormOf { ticket: number.clone(), from }),
        Some(_) | None => form,
    };
    let mut response = next.run(request).await;
    if let (true, Some((number, true))) = (shown && jar.get(COOKIE).is_some(), &ticket) {
        set_cookie(&mut response, &format!("{COOKIE}=; Path=/tickets/{number}; HttpOnly; SameSite=Lax; Max-Age=0"));
    }
    let Some(form) = form else { return response };
    let refused = [StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY, StatusCode::FORBIDDEN].contains(&response.status());
    if response.status() == StatusCode::SEE_OTHER {
        let to = response.headers().get(header::LOCATION).and_then(|it| it.to_str().ok()).and_then(|to| back_to(to, &form));
        if let Some(Ok(to)) = to.map(|it| HeaderValue::from_str(&it)) {
            response.headers_mut().insert(header::LOCATION, to);
        }
    } else if refused && ticket.is_some_and(|(number, _)| number == form.ticket) {
        let list = BASE64URL_NOPAD.encode(form.from.said().unwrap_or_default().as_bytes());
        let about = format!("Path=/tickets/{}; HttpOnly; SameSite=Lax; Max-Age=3600", form.ticket);
        set_cookie(&mut response, &format!("{COOKIE}={list}; {about}"));
    }
    response
}

/// `to` with what the page said about its list, where that page was of the same ticket.
fn back_to(to: &str, form: &FormOf) -> Option<String> {
    let (rest, fragment) = to.split_once('#').map_or((to, ""), |(rest, fragment)| (rest, fragment));
    let (path, query) = rest.split_once('?').map_or((rest, ""), |(path, query)| (path, query));
    let (number, below) = of_ticket(path)?;
    if number != form.ticket || !below.is_empty() || query.split('&').any(|it| it.starts_with("list=")) {
        return None;
    }
    let said = form.from.said()?;
    let and = if query.is_empty() { "" } else { "&" };
    let hash = if fragment.is_empty() { "" } else { "#" };
    Some(format!("{path}?{query}{and}{said}{hash}{fragment}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(page: &str, kept: Option<&str>) -> Option<FormOf> {
        let mut headers = HeaderMap::new();
        headers.insert(header::REFERER, format!("http://desk.test{page}").parse().unwrap());
        if let Some(kept) = kept {
            let cookie = format!("{COOKIE}={}", BASE64URL_NOPAD.encode(kept.as_bytes()));
            headers.insert(header::COOKIE, cookie.parse().unwrap());
        }
        FormOf::read(&Method::POST, &headers, &CookieJar::from_headers(&headers))
    }

    #[test]
    fn a_ticket_is_shown_again_in_the_list_that_it_was_opened_from() {
        let page = form("/tickets/7?all=1&list=view%3Dmine&at=1.0.7", None).unwrap();
        for (to, then) in [
            ("/tickets/7", Some("/tickets/7?list=view%3Dmine&at=1.0.7")),
            ("/tickets/7?draft=3#m9", Some("/tickets/7?draft=3&list=view%3Dmine&at=1.0.7#m9")),
            ("/tickets/8", None),
            ("/tickets", None),
            ("/tickets/7/merge", None),
            ("/tickets/7?list=view%3Dopen", None),
            ("https://evil.test/tickets/7", None),
        ] {
            assert_eq!(back_to(to, &page).as_deref(), then, "{to}");
        }
        assert_eq!(form("/tickets/7", None), None);
        assert_eq!(FormOf::way_back(Some(&page), TicketNumber(7)), "/tickets?view=mine");
        assert_eq!(FormOf::way_back(Some(&page), TicketNumber(8)), "/tickets", "a form of another ticket says nothing of this one");
        let found = form("/tickets/7?list=q%3Dink%2520jet&at=60.61", None).unwrap();
        assert_eq!(FormOf::way_back(Some(&found), TicketNumber(7)), "/search?q=ink%20jet&page=2");
    }

    #[test]
    fn a_page_that_is_the_answer_to_a_form_has_its_list_in_a_cookie() {
        let page = form("/tickets/7/messages", Some("list=view%3Dmine&at=1.0.7")).unwrap();
        assert_eq!(page, form("/tickets/7?list=view%3Dmine&at=1.0.7", Some("list=view%3Dopen")).unwrap(), "an address says it first");
        assert_eq!(back_to("/tickets/7#m9", &page).as_deref(), Some("/tickets/7?list=view%3Dmine&at=1.0.7#m9"));
        for (elsewhere, kept) in
            [("/tickets", "list=x"), ("/tickets/bulk", "list=x"), ("/tickets/7/messages", "\u{fe}"), ("/tickets/7", "")]
        {
            assert_eq!(form(elsewhere, Some(kept)), None, "{elsewhere}");
        }
    }
}
