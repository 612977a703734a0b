//! What somebody has begun to write: kept as they go, shown as it will be read, with saved replies and files put in and taken out.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;

use crate::{
    actions::{
        ActionError, Kind,
        drafts::{Basis, Keeping, both, keep},
        saved_replies::text_for,
    },
    desk::{
        comment::Markup,
        draft::DraftKind,
        id::{CommentId, DraftFileId, PersonId, SavedReplyId, TicketNumber},
    },
    panel::{
        Panel, assets,
        composer::{self, Pane, State as Shown},
        error::PageError,
        form::Fields,
        page::{self, Flash},
        ticket,
        url::Path,
        visitor::{Staff, Visitor},
    },
    store::{
        self,
        drafts::{Kept, Place},
    },
};

/// The fields that both forms of the composer have.
pub(super) const FIELDS: [&str; 13] =
    ["kind", "body", "markup", "cc", "left_out", "then", "seen", "file", "saved", "sure", "send", "was", "tried"];

/// What a form says of a draft.
pub(super) fn kept(fields: &Fields) -> Kept {
    Kept {
        body: fields.text("body").replace("\r\n", "\n"),
        markup: Markup::parse(fields.get("markup")).unwrap_or_default(),
        cc: fields.get("cc").to_owned(),
        left_out: fields.all("left_out").filter_map(|it| it.parse().ok()).map(PersonId).collect(),
        follow_up: fields.get("then").to_owned(),
    }
}

/// What the page says that it knows of the draft.
pub(super) fn basis(fields: &Fields) -> Option<Basis> {
    let was = fields.given("was")?.parse().ok()?;
    Some(Basis { was, tried: fields.text("tried").replace("\r\n", "\n") })
}

#[derive(Serialize)]
struct Fragment<'a> {
    v: &'a str,
    no: i64,
    pane: Pane,
}

/// `POST /tickets/{number}/draft`: keeps it; `do=preview` shows it as it will be read, `insert` puts a saved reply behind it, `remove`
/// takes a file off. The script asks for the parts that change alone.
pub(super) async fn change(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(number): Path<i64>,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&[&FIELDS[..], &["do", "insert", "remove"]].concat())?;
    let number = TicketNumber(number);
    let kind = DraftKind::parse(fields.get("kind")).ok_or_else(|| PageError::Invalid("A draft is a reply or a note.".to_owned()))?;
    let inserted = fields.given("insert").map(|_| fields.number("insert")).transpose()?.map(SavedReplyId);
    let mut keeping = Keeping { kept: kept(&fields), files: fields.new_files(), basis: basis(&fields), ..Keeping::default() };
    if fields.given("seen").is_some() {
        keeping.seen = Some(CommentId(fields.number("seen")?));
    }
    if let Some(id) = inserted {
        let text = saved(&panel, &visitor, number, id).await?;
        let before = keeping.kept.body.trim_end();
        keeping.kept.body = if before.is_empty() { text } else { format!("{before}\n\n{text}") };
    }
    if fields.given("remove").is_some() {
        keeping.without.push(DraftFileId(fields.number("remove")?));
    }
    let preview = fields.get("do") == "preview";
    let fragment = headers.contains_key("x-fragment");
    match keep(&panel.desk, &visitor.person, number, kind, &keeping).await {
        Ok(()) if fragment => {
            let pane = composer::kept(&panel, &visitor, number, kind, preview).await?;
            let drawn = panel.desk.templates.render("live/draft.html", &Fragment { v: &assets::VERSION, no: number.0, pane })?;
            Ok(page::html(StatusCode::OK, drawn))
        }
        Ok(()) => {
            let saved = inserted.map_or_else(String::new, |it| format!("&saved={it}"));
            let preview = if preview { "&preview=1" } else { "" };
            let to = format!("/tickets/{number}?write={}{preview}{saved}#composer", kind.as_str());
            Ok(Redirect::to(&to).into_response())
        }
        Err(error) => refused(&panel, &visitor, number, kind, keeping.kept, &error, fragment).await,
    }
}

/// The page with what was typed, or the sentence alone.
async fn refused(
    panel: &Panel,
    visitor: &Visitor,
    number: TicketNumber,
    kind: DraftKind,
    typed: Kept,
    error: &ActionError,
    fragment: bool,
) -> Result<Response, PageError> {
    let status = match error.kind() {
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Missing => return Err(PageError::Missing),
        Kind::Forbidden | Kind::Broken => return Err(PageError::broken(error)),
    };
    let text = format!("Not kept: {error}.");
    if fragment {
        return Ok((status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response());
    }
    let typed = if status == StatusCode::CONFLICT { with_the_others(panel, visitor, (number, kind), typed).await? } else { typed };
    let shown = Shown { kind: Some(kind), typed: Some(typed), open: true, err: Some(text.clone()), ..Shown::default() };
    ticket::again(panel, visitor, number, status, shown, &Flash::refused(text)).await
}

/// What was kept in another window meanwhile is shown too: the next press would take its place.
pub(super) async fn with_the_others(
    panel: &Panel,
    visitor: &Visitor,
    (number, kind): (TicketNumber, DraftKind),
    typed: Kept,
) -> Result<Kept, PageError> {
    let place = Place { person: visitor.person.id, ticket: number, kind };
    let kept = store::drafts::get(&mut *panel.desk.store.read().await?, place).await?;
    Ok(match kept {
        Some(draft) => both(draft.kept, typed),
        None => typed,
    })
}

/// `GET /tickets/{number}/saved/{id}`: a saved reply with its placeholders filled in for this ticket, for the script to put it where
/// the cursor is.
pub(super) async fn saved_text(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path((number, id)): Path<(i64, i64)>,
) -> Result<Response, PageError> {
    let text = saved(&panel, &visitor, TicketNumber(number), SavedReplyId(id)).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

async fn saved(panel: &Panel, visitor: &Visitor, number: TicketNumber, id: SavedReplyId) -> Result<String, PageError> {
    let mut conn = panel.desk.store.read().await?;
    let (ticket, _) = ticket::enter(panel, visitor, &mut conn, number).await?;
    Ok(text_for(&panel.desk, &mut conn, &visitor.person, &ticket, id).await?)
}
