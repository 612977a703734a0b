//! A customer's search of their own requests: what is public on them, and nothing that staff keep beside it.

use axum::response::Response;
use serde::Serialize;

use crate::{
    desk::query::{Audience, Query},
    panel::{
        Panel,
        error::{PageError, sentence},
        highlight::{Marks, marked},
        page::{self, Place},
        portal::{Row, row},
        search::{Line, help, snippet},
        visitor::Visitor,
    },
    store::{
        portal,
        search::{self, Asked, Extent, Found, Order},
    },
};

/// So many are shown; a customer has fewer requests, or narrows it down.
const SHOWN: usize = 100;

/// So many of a customer's requests are looked at, the newest.
const LOOKED_AT: i64 = 1000;

#[derive(Serialize)]
struct Page {
    q: String,
    requests: Vec<Row>,
    next: Option<String>,
    more: bool,
    wrong: Vec<String>,
    remarks: Vec<String>,
    help: Vec<Line>,
}

/// `GET /my?q=`.
pub(super) async fn show(panel: &Panel, visitor: &Visitor, q: &str) -> Result<Response, PageError> {
    let reading = Query::read(q);
    let mut wrong: Vec<String> = reading.wrong.iter().map(|it| sentence(it)).collect();
    let now = panel.desk.clock.now();
    let meaning = reading.query.meaning_for_customer(now, &panel.zone()).unwrap_or_else(|unknown| {
        wrong.extend(unknown.iter().map(|it| sentence(it)));
        Default::default()
    });
    let mut conn = panel.desk.store.read().await?;
    let found = if wrong.is_empty() && !reading.query.parts.is_empty() {
        let scope = visitor.scope(panel.desk.rules());
        let left_before = now - panel.desk.settings.undo_window;
        search::find(&mut conn, &Asked { meaning: &meaning, scope, order: Order::Relevance, wanted: SHOWN + 1, now, left_before }).await?
    } else {
        Found::default()
    };
    let said: Vec<_> = found.hits.iter().take(SHOWN).map(|it| it.comment).collect();
    let shown = search::shown(&mut conn, &said).await?;
    let mut own = if found.hits.is_empty() {
        Vec::new()
    } else {
        portal::requests(&mut conn, visitor.person.id, portal::Show::All, None, LOOKED_AT).await?
    };
    drop(conn);
    let texts = Marks::in_texts(&reading.query);
    let mut requests = Vec::new();
    for hit in found.hits.iter().take(SHOWN) {
        let Some(at) = own.iter().position(|it| it.number == hit.ticket) else { continue };
        let mut row = row(panel, own.swap_remove(at));
        row.subject_html = Some(marked(&row.subject, &texts));
        row.snip_html = shown.get(&hit.comment).map(|it| marked(&snippet(it, &texts), &texts));
        row.at = format!("#m{}", hit.comment);
        requests.push(row);
    }
    let page = Page {
        q: q.to_owned(),
        requests,
        next: None,
        more: found.extent != Extent::All || found.hits.len() > SHOWN,
        wrong,
        remarks: reading.remarks.iter().map(|it| sentence(it)).collect(),
        help: help("/my", Audience::Everybody),
    };
    page::show(panel, visitor, Place::Elsewhere, "portal-tickets.html", &page).await
}
