//! Saved views: filters and searches with a name, in the navigation of whoever may see them.

use axum::{extract::State, response::Response};
use serde::Serialize;

use crate::{
    actions::{
        ActionError, Kind,
        saved_views::{self as actions, LONGEST_NAME, Way},
    },
    desk::{id::SavedViewId, person::Role},
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        kept::Kept,
        page::{self, Flash, Place},
        url::Path,
        visitor::{Staff, Visitor},
    },
    store::{
        people,
        saved_views::{self, SeenBy},
    },
};

#[derive(Serialize)]
struct ViewsPage {
    own: Vec<Row>,
    shared: Vec<Row>,
    may_share: bool,
    longest: usize,
}

#[derive(Serialize)]
struct Row {
    id: i64,
    name: String,
    href: String,
    by: String,
    shared: bool,
    mine: bool,
}

/// `GET /views`: one's own, and those that are everybody's.
pub(super) async fn list(State(panel): State<Panel>, Staff(visitor): Staff) -> Result<Response, PageError> {
    let me = &visitor.person;
    let mut conn = panel.desk.store.read().await?;
    let views = saved_views::seen_by(&mut conn, me.id).await?;
    let mut rows = Vec::new();
    for view in views {
        let by = people::get(&mut conn, view.owner).await?.map_or_else(|| "somebody".to_owned(), |it| it.name);
        rows.push(Row {
            id: view.id.0,
            name: view.name,
            href: Kept::read(&view.query).address(),
            by,
            shared: view.seen_by == SeenBy::Everybody,
            mine: view.owner == me.id,
        });
    }
    drop(conn);
    let (shared, own) = rows.into_iter().partition(|it| it.shared);
    let page = ViewsPage { own, shared, may_share: me.role == Role::Admin, longest: LONGEST_NAME };
    page::show(&panel, &visitor, Place::Elsewhere, "views.html", &page).await
}

/// `POST /views`: keeps a list or a search under a name.
pub(super) async fn save(State(panel): State<Panel>, Staff(visitor): Staff, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["name", "query", "shared"])?;
    // Read and written again: nothing is kept that is neither a list nor a search.
    let kept = Kept::read(fields.get("query"));
    let done = actions::save(&panel.desk, &visitor.person, fields.get("name"), &kept.query(), seen_by(&fields)).await;
    let told = |()| Flash::done(format!("Saved as “{}”. It stands in the navigation.", fields.get("name")));
    answer(&panel, &visitor, &kept.address(), done.map(|_| ()).map(told))
}

/// `POST /views/{id}`: another name, another place, other eyes; or gone.
pub(super) async fn change(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["do", "name", "shared"])?;
    let (id, desk, me) = (SavedViewId(id), &panel.desk, &visitor.person);
    let done = match fields.get("do") {
        "up" => actions::shift(desk, me, id, Way::Up).await.map(|()| Flash::done("Moved up.")),
        "down" => actions::shift(desk, me, id, Way::Down).await.map(|()| Flash::done("Moved down.")),
        "delete" => actions::delete(desk, me, id).await.map(|view| {
            let shared = if view.seen_by == SeenBy::Everybody { "yes" } else { "" };
            let fields = [("name", view.name.clone()), ("query", view.query), ("shared", shared.to_owned())];
            let fields = fields.map(|(name, value)| (name.to_owned(), value)).to_vec();
            Flash::done(format!("“{}” is deleted; no ticket was touched.", view.name)).undo("/views", fields)
        }),
        "save" => actions::change(desk, me, id, fields.get("name"), seen_by(&fields)).await.map(|()| Flash::done("Saved.")),
        _ => return Err(PageError::Invalid("The form does not say what is to be done; reload the page.".to_owned())),
    };
    answer(&panel, &visitor, "/views", done)
}

fn seen_by(fields: &Fields) -> SeenBy {
    if fields.get("shared") == "yes" { SeenBy::Everybody } else { SeenBy::Owner }
}

fn answer(panel: &Panel, visitor: &Visitor, to: &str, done: Result<Flash, ActionError>) -> Result<Response, PageError> {
    match done {
        Ok(flash) => Ok(page::go(panel, visitor, to, &flash)),
        Err(error) if matches!(error.kind(), Kind::Invalid | Kind::Conflict) => {
            Ok(page::go(panel, visitor, to, &Flash::refused(format!("Not saved. {}", sentence(&error)))))
        }
        Err(error) => Err(error.into()),
    }
}
