//! Search.

use axum::{
    extract::State,
    http::Uri,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};

use crate::{
    desk::id::TicketNumber,
    panel::{
        Panel,
        error::PageError,
        highlight::{excerpt, marked},
        list::PAGE,
        page::{self, Place},
        prose::without_pictures,
        row::{Around, RowView},
        tickets::Bulk,
        url::Query,
        visitor::{Staff, Visitor},
    },
    store::{
        conversation, people,
        queue::{self, QueueRow},
        search::{self, Query as Words},
        tags,
    },
};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Sought {
    q: String,
}

#[derive(Serialize)]
struct SearchPage {
    q: String,
    rows: Vec<RowView>,
    more: bool,
    asked: bool,
    here: String,
    #[serde(flatten)]
    bulk: Bulk,
}

/// `GET /search`: by words, or straight to a ticket by its number.
pub(super) async fn search(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Query(sought): Query<Sought>,
    uri: Uri,
) -> Result<Response, PageError> {
    let q: String = sought.q.trim().chars().take(200).collect();
    if let Some(number) = q.strip_prefix('#').and_then(|it| it.parse::<i64>().ok()) {
        return Ok(Redirect::to(&format!("/tickets/{number}")).into_response());
    }
    let (rows, more) = match Words::parse(&q) {
        Some(words) => find(&panel, &visitor, &words).await?,
        None => (Vec::new(), false),
    };
    let mut conn = panel.desk.store.read().await?;
    let (staff, tags) = (people::active_staff(&mut conn).await?, tags::all(&mut conn).await?);
    drop(conn);
    let here = uri.path_and_query().map_or("/search", axum::http::uri::PathAndQuery::as_str).to_owned();
    let result =
        SearchPage { asked: Words::parse(&q).is_some(), q, rows, more, here, bulk: Bulk::new(&panel, &staff, &tags, &visitor.person) };
    page::show(&panel, &visitor, Place::Elsewhere, "search.html", &result).await
}

async fn find(panel: &Panel, visitor: &Visitor, words: &Words) -> Result<(Vec<RowView>, bool), PageError> {
    let scope = visitor.scope(panel.desk.rules());
    let mut conn = panel.desk.store.read().await?;
    let mut hits = search::find(&mut conn, words, scope, PAGE + 1).await?;
    let more = hits.len() > PAGE;
    hits.truncate(PAGE);
    let numbers: Vec<TicketNumber> = hits.iter().map(|it| it.ticket).collect();
    let mut found = queue::these(&mut conn, &numbers, scope).await?;
    found.sort_by_key(|row| std::cmp::Reverse((row.updated_at, row.number)));
    let said: Vec<_> = hits.iter().filter_map(|it| it.comment).collect();
    let texts = conversation::texts(&mut conn, &said).await?;
    let around = Around::of(&mut conn, &found, visitor.person.id).await?;
    let row = |row: &QueueRow| {
        let comment = hits.iter().find(|it| it.ticket == row.number).and_then(|it| it.comment);
        let text = comment.and_then(|it| texts.get(&it)).map(|it| excerpt(&without_pictures(it), words));
        let snippet = text.unwrap_or_else(|| without_pictures(&row.snippet));
        RowView::new(panel, row).around(row, &around).marked(marked(&row.subject, words), marked(&snippet, words))
    };
    Ok((found.iter().map(row).collect(), more))
}
