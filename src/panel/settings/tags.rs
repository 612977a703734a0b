//! The desk's tags.

use axum::{extract::State, response::Response};
use serde::Serialize;

use crate::{
    actions::{ActionError, Kind, manage_tags},
    desk::{
        id::TagId,
        tag::{LONGEST, TagName},
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash},
        settings::{self, Tab},
        url::Path,
        visitor::{Admin, Visitor},
    },
    store::tags::{self, Used},
};

#[derive(Serialize)]
struct TagsPage {
    rows: Vec<Row>,
    longest: usize,
}

#[derive(Serialize)]
struct Row {
    id: i64,
    name: String,
    active: i64,
    all: i64,
}

/// `GET /settings/tags`.
pub(super) async fn list(State(panel): State<Panel>, Admin(visitor): Admin) -> Result<Response, PageError> {
    let used = tags::used(&mut *panel.desk.store.read().await?).await?;
    let row = |Used { tag, active, all }: Used| Row { id: tag.id.0, name: tag.name, active, all };
    let page = TagsPage { rows: used.into_iter().map(row).collect(), longest: LONGEST };
    settings::show(&panel, &visitor, Tab::Tags, "settings-tags.html", &page, None).await
}

/// `POST /settings/tags`: a new one.
pub(super) async fn add(State(panel): State<Panel>, Admin(visitor): Admin, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["name"])?;
    let done = match name(&fields) {
        Ok(name) => manage_tags::make(&panel.desk, &visitor.person, &name).await.map(|tag| format!("There is a tag “{}” now.", tag.name)),
        Err(error) => Err(error),
    };
    answer(&panel, &visitor, done)
}

/// `POST /settings/tags/{id}`: another name, into another, or gone.
pub(super) async fn change(
    State(panel): State<Panel>,
    Admin(visitor): Admin,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["do", "name", "into"])?;
    let (id, desk, me) = (TagId(id), &panel.desk, &visitor.person);
    let tickets = |n: usize| if n == 1 { "1 ticket".to_owned() } else { format!("{n} tickets") };
    let done = match fields.get("do") {
        "rename" => match name(&fields) {
            Ok(name) => manage_tags::rename(desk, me, id, &name).await.map(|()| format!("It is called “{name}” now.")),
            Err(error) => Err(error),
        },
        "merge" => {
            let into = TagId(fields.number("into")?);
            manage_tags::merge(desk, me, id, into).await.map(|n| format!("Merged: {} had it, and have the other now.", tickets(n)))
        }
        "delete" => {
            manage_tags::delete(desk, me, id).await.map(|n| format!("Deleted: {} had it. Their history still says so.", tickets(n)))
        }
        _ => return Err(PageError::Invalid("The form does not say what is to be done; reload the page.".to_owned())),
    };
    answer(&panel, &visitor, done)
}

fn name(fields: &Fields) -> Result<TagName, ActionError> {
    TagName::parse(fields.get("name")).map_err(|why| ActionError::Invalid { field: "name", why: why.to_string() })
}

fn answer(panel: &Panel, visitor: &Visitor, done: Result<String, ActionError>) -> Result<Response, PageError> {
    let flash = match done {
        Ok(text) => Flash::done(text),
        Err(error) if matches!(error.kind(), Kind::Invalid | Kind::Conflict) => {
            Flash::refused(format!("Not changed. {}", sentence(&error)))
        }
        Err(error) => return Err(error.into()),
    };
    Ok(page::go(panel, visitor, "/settings/tags", &flash))
}
