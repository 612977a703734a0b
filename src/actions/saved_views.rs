//! Filters with a name: one's own, and those that an admin shares.

use crate::{
    actions::{
        ActionError, Desk, Result,
        audit::{self, Line},
        door::{leave, transact},
    },
    desk::{audit::AuditKind, id::SavedViewId, permission::Act, person::Person},
    store::{
        Tx,
        saved_views::{self, SavedView, SeenBy},
    },
};

/// So many characters may a name have.
pub const LONGEST_NAME: usize = 60;

/// So many views may one person see: more is no navigation.
pub const MOST: usize = 30;

/// Where one goes among its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// One place up.
    Up,
    /// One place down.
    Down,
}

/// Keeps a list's address under a name.
///
/// # Errors
/// What [`ActionError`] lists; `Invalid` for no name, or too many views.
pub async fn save(desk: &Desk, actor: &Person, name: &str, query: &str, seen_by: SeenBy) -> Result<SavedViewId> {
    allow(desk, actor, seen_by)?;
    let name = &clean(name)?;
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let all = saved_views::seen_by(&mut tx, actor.id).await?;
        if all.len() >= MOST {
            return Err(invalid(format!("you have {MOST} views already; delete one first")));
        }
        no_twin(&all, None, name)?;
        let id = saved_views::insert(&mut tx, actor.id, seen_by, name, query, now).await?;
        if seen_by == SeenBy::Everybody {
            audit::note(&mut tx, actor, Line::of(AuditKind::View, name, "is a view of all of the staff").to(query), now).await?;
        }
        leave(desk, tx).await?;
        Ok(id)
    })
    .await
}

/// Gives a view another name, shares it, or takes it for oneself.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn change(desk: &Desk, actor: &Person, id: SavedViewId, name: &str, seen_by: SeenBy) -> Result<()> {
    let name = &clean(name)?;
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (view, all) = own(desk, &mut tx, actor, id).await?;
        if view.seen_by != seen_by {
            desk.allow(actor, Act::Manage)?;
        }
        no_twin(&all, Some(id), name)?;
        saved_views::change(&mut tx, id, name, seen_by).await?;
        let word = |name: &str, seen_by| match seen_by {
            SeenBy::Owner => format!("{name}, for one person"),
            SeenBy::Everybody => format!("{name}, for all of the staff"),
        };
        if [view.seen_by, seen_by].contains(&SeenBy::Everybody) {
            let line = Line::of(AuditKind::View, &view.name, "was changed, a view of all of the staff");
            audit::note(&mut tx, actor, line.from(word(&view.name, view.seen_by)).to(word(name, seen_by)), now).await?;
        }
        leave(desk, tx).await
    })
    .await
}

/// Moves a view one place among those that are seen by the same.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn shift(desk: &Desk, actor: &Person, id: SavedViewId, way: Way) -> Result<()> {
    transact(desk, |mut tx| async move {
        let (view, all) = own(desk, &mut tx, actor, id).await?;
        let mut ids: Vec<SavedViewId> = all.iter().filter(|it| it.seen_by == view.seen_by).map(|it| it.id).collect();
        if let Some(at) = ids.iter().position(|it| *it == id) {
            let to = match way {
                Way::Up => at.saturating_sub(1),
                Way::Down => (at + 1).min(ids.len() - 1),
            };
            ids.swap(at, to);
            saved_views::put_in_order(&mut tx, &ids).await?;
        }
        leave(desk, tx).await
    })
    .await
}

/// Deletes a view; no ticket is touched.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn delete(desk: &Desk, actor: &Person, id: SavedViewId) -> Result<SavedView> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (view, _) = own(desk, &mut tx, actor, id).await?;
        saved_views::delete(&mut tx, id).await?;
        if view.seen_by == SeenBy::Everybody {
            audit::note(
                &mut tx,
                actor,
                Line::of(AuditKind::View, &view.name, "was deleted, a view of all of the staff").from(&view.query),
                now,
            )
            .await?;
        }
        leave(desk, tx).await?;
        Ok(view)
    })
    .await
}

/// A view that is the actor's to change, and all that they see.
async fn own(desk: &Desk, tx: &mut Tx, actor: &Person, id: SavedViewId) -> Result<(SavedView, Vec<SavedView>)> {
    let all = saved_views::seen_by(tx, actor.id).await?;
    let view = all.iter().find(|it| it.id == id).cloned().ok_or(ActionError::Missing("view"))?;
    allow(desk, actor, view.seen_by)?;
    Ok((view, all))
}

fn allow(desk: &Desk, actor: &Person, seen_by: SeenBy) -> Result<()> {
    desk.allow(actor, Act::SaveView)?;
    match seen_by {
        SeenBy::Owner => Ok(()),
        SeenBy::Everybody => desk.allow(actor, Act::Manage),
    }
}

fn clean(name: &str) -> Result<String> {
    let name = name.split(|c: char| c.is_whitespace() || c.is_control()).filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ");
    match name.chars().count() {
        0 => Err(invalid("a view needs a name, such as “Urgent in billing”".to_owned())),
        n if n > LONGEST_NAME => Err(invalid(format!("a name has at most {LONGEST_NAME} characters; write a shorter one"))),
        _ => Ok(name),
    }
}

fn no_twin(all: &[SavedView], but: Option<SavedViewId>, name: &str) -> Result<()> {
    let twin = all.iter().any(|it| Some(it.id) != but && it.name.to_lowercase() == name.to_lowercase());
    if twin { Err(invalid(format!("there is a view “{name}” already; choose another name"))) } else { Ok(()) }
}

fn invalid(why: String) -> ActionError {
    ActionError::Invalid { field: "name", why }
}
