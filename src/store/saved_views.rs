//! Rows of `saved_views`: filters that somebody gave a name.

use jiff::Timestamp;

use crate::{
    desk::id::{PersonId, SavedViewId, TagId},
    store::{Conn, Result, Tx, ms, on},
};

/// Who sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeenBy {
    /// Its owner.
    Owner,
    /// All of the staff.
    Everybody,
}

/// Filters with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedView {
    /// Its row.
    pub id: SavedViewId,
    /// As its owner calls it.
    pub name: String,
    /// Who made it.
    pub owner: PersonId,
    /// Who sees it.
    pub seen_by: SeenBy,
    /// The list's address after its `?`.
    pub query: String,
}

/// What `me` sees: first what is everybody's, each in its order.
///
/// # Errors
/// When the database refuses.
pub async fn seen_by(conn: &mut Conn, me: PersonId) -> Result<Vec<SavedView>> {
    let sql = "select id, name, owner, shared, query from saved_views where shared = 1 or owner = $1 order by shared desc, position, id";
    type Row = (i64, String, i64, i64, String);
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).bind(me.0).fetch_all(c).await)?;
    let view = |(id, name, owner, shared, query): Row| SavedView {
        id: SavedViewId(id),
        name,
        owner: PersonId(owner),
        seen_by: if shared == 1 { SeenBy::Everybody } else { SeenBy::Owner },
        query,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Makes one, behind those that are there.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut Tx, owner: PersonId, seen_by: SeenBy, name: &str, query: &str, now: Timestamp) -> Result<SavedViewId> {
    let sql = "insert into saved_views (name, owner, shared, query, position, made_at)
        values ($1, $2, $3, $4, (select coalesce(max(position), 0) + 1 from saved_views), $5) returning id";
    let shared = i64::from(seen_by == SeenBy::Everybody);
    let id = on!(tx, c => sqlx::query_scalar(sql).bind(name).bind(owner.0).bind(shared).bind(query).bind(ms(now)).fetch_one(c).await)?;
    Ok(SavedViewId(id))
}

/// Gives it another name, and other eyes.
///
/// # Errors
/// When the database refuses.
pub async fn change(tx: &mut Tx, id: SavedViewId, name: &str, seen_by: SeenBy) -> Result<()> {
    let sql = "update saved_views set name = $2, shared = $3 where id = $1";
    let shared = i64::from(seen_by == SeenBy::Everybody);
    on!(tx, c => sqlx::query(sql).bind(id.0).bind(name).bind(shared).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Puts them in this order.
///
/// # Errors
/// When the database refuses.
pub async fn put_in_order(tx: &mut Tx, ids: &[SavedViewId]) -> Result<()> {
    for (position, id) in (1_i64..).zip(ids) {
        let sql = "update saved_views set position = $2 where id = $1";
        on!(tx, c => sqlx::query(sql).bind(id.0).bind(position).execute(c).await.map(|_| ()))?;
    }
    Ok(())
}

/// What was narrowed by a tag that was merged is narrowed by the one that took its place.
///
/// # Errors
/// When the database refuses.
pub async fn follow_tag(tx: &mut Tx, tag: TagId, into: TagId) -> Result<()> {
    let sql = tx.pick(
        "update saved_views set query = trim(replace('&' || query || '&', $1, $2), '&') where '&' || query || '&' like '%' || $1 || '%'",
        "update saved_views set query = btrim(replace('&' || query || '&', $1, $2), '&') where '&' || query || '&' like '%' || $1 || '%'",
    );
    let field = |it: TagId| format!("&tag={it}&");
    on!(tx, c => sqlx::query(sql).bind(field(tag)).bind(field(into)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Takes it away.
///
/// # Errors
/// When the database refuses.
pub async fn delete(tx: &mut Tx, id: SavedViewId) -> Result<()> {
    on!(tx, c => sqlx::query("delete from saved_views where id = $1").bind(id.0).execute(c).await.map(|_| ()))?;
    Ok(())
}
