//! Rows of `tags` and `ticket_tags`. Which tags a ticket has stands on its own row as well, kept by triggers.

use jiff::Timestamp;

use crate::{
    desk::{
        id::{CorrectionId, PersonId, TagId, TicketNumber},
        tag::{Tag, TagName},
    },
    store::{Conn, Result, Tx, ms, on},
};

type Row = (i64, String);

fn tag((id, name): Row) -> Tag {
    Tag { id: TagId(id), name }
}

/// Every tag that can be given to a ticket, by its name.
///
/// # Errors
/// When the database refuses.
pub async fn all(conn: &mut Conn) -> Result<Vec<Tag>> {
    let sql = conn.pick(
        "select id, name from tags where folded is not null order by folded",
        "select id, name from tags where folded is not null order by folded collate \"C\"",
    );
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
    Ok(rows.into_iter().map(tag).collect())
}

/// Every tag there ever was: histories name those that are deleted, too.
///
/// # Errors
/// When the database refuses.
pub async fn ever(conn: &mut Conn) -> Result<Vec<Tag>> {
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as("select id, name from tags order by id").fetch_all(c).await)?;
    Ok(rows.into_iter().map(tag).collect())
}

/// The tag of this name, however it is typed.
///
/// # Errors
/// When the database refuses.
pub async fn named(conn: &mut Conn, name: &TagName) -> Result<Option<Tag>> {
    let sql = "select id, name from tags where folded = $1";
    let row: Option<Row> = on!(conn, c => sqlx::query_as(sql).bind(name.folded()).fetch_optional(c).await)?;
    Ok(row.map(tag))
}

/// A tag that can be given to a ticket, by its id.
///
/// # Errors
/// When the database refuses.
pub async fn get(conn: &mut Conn, id: TagId) -> Result<Option<Tag>> {
    let sql = "select id, name from tags where id = $1 and folded is not null";
    let row: Option<Row> = on!(conn, c => sqlx::query_as(sql).bind(id.0).fetch_optional(c).await)?;
    Ok(row.map(tag))
}

/// [`get`], locked until the transaction ends: nobody gives it to a ticket meanwhile.
///
/// # Errors
/// When the database refuses.
pub async fn lock(tx: &mut Tx, id: TagId) -> Result<Option<Tag>> {
    let sql = tx.pick("select id from tags where id = $1", "select id from tags where id = $1 for update");
    let _: Option<(i64,)> = on!(tx, c => sqlx::query_as(sql).bind(id.0).fetch_optional(c).await)?;
    get(tx, id).await
}

/// The tag of this name, made where there is none; it stays as it is until the transaction ends.
///
/// # Errors
/// When the database refuses.
pub async fn of_name(tx: &mut Tx, name: &TagName, by: Option<PersonId>, now: Timestamp) -> Result<Tag> {
    // Asked before: a conflict uses up a number on PostgreSQL.
    let sql = "insert into tags (name, folded, made_by, made_at) select $1, $2, cast($3 as bigint), cast($4 as bigint)
        where not exists (select 1 from tags where folded = $2) on conflict (folded) do nothing";
    on!(tx, c => sqlx::query(sql)
        .bind(name.as_str()).bind(name.folded()).bind(by.map(|it| it.0)).bind(ms(now)).execute(c).await.map(|_| ()))?;
    let sql = tx.pick("select id, name from tags where folded = $1", "select id, name from tags where folded = $1 for share");
    let row: Row = on!(tx, c => sqlx::query_as(sql).bind(name.folded()).fetch_one(c).await)?;
    Ok(tag(row))
}

/// Gives a tag to a ticket that has it not. `with`: the merge that brings it.
///
/// # Errors
/// When the database refuses.
pub async fn put(
    tx: &mut Tx,
    ticket: TicketNumber,
    tag: TagId,
    by: Option<PersonId>,
    with: Option<CorrectionId>,
    now: Timestamp,
) -> Result<()> {
    let sql = "insert into ticket_tags (ticket, tag, added_by, added_at, came_with) values ($1, $2, $3, $4, $5) on conflict do nothing";
    on!(tx, c => sqlx::query(sql)
        .bind(ticket.0).bind(tag.0).bind(by.map(|it| it.0)).bind(ms(now)).bind(with.map(|it| it.0)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Takes a tag off a ticket.
///
/// # Errors
/// When the database refuses.
pub async fn take(tx: &mut Tx, ticket: TicketNumber, tag: TagId) -> Result<()> {
    let sql = "delete from ticket_tags where ticket = $1 and tag = $2";
    on!(tx, c => sqlx::query(sql).bind(ticket.0).bind(tag.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// The tags that this merge brought to a ticket, and that no other merge which stands would have brought too: those stay, with it.
///
/// # Errors
/// When the database refuses.
pub async fn brought_alone(tx: &mut Tx, ticket: TicketNumber, with: CorrectionId) -> Result<Vec<TagId>> {
    let sql = "update ticket_tags set came_with = coalesce((select min(k.id) from corrections k join ticket_tags g on g.ticket = k.source
            where k.target = $1 and k.kind = 'merge' and k.undone_at is null and k.id <> $2 and g.tag = ticket_tags.tag), came_with)
        where ticket = $1 and came_with = $2";
    on!(tx, c => sqlx::query(sql).bind(ticket.0).bind(with.0).execute(c).await.map(|_| ()))?;
    let sql = "select tag from ticket_tags where ticket = $1 and came_with = $2 order by tag";
    let rows: Vec<i64> = on!(tx, c => sqlx::query_scalar(sql).bind(ticket.0).bind(with.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(TagId).collect())
}

/// Every ticket that has it.
///
/// # Errors
/// When the database refuses.
pub async fn tickets_with(conn: &mut Conn, tag: TagId) -> Result<Vec<TicketNumber>> {
    let sql = "select ticket from ticket_tags where tag = $1 order by ticket";
    let rows: Vec<i64> = on!(conn, c => sqlx::query_scalar(sql).bind(tag.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(TicketNumber).collect())
}

/// Gives it another name; that of no other tag.
///
/// # Errors
/// When the database refuses.
pub async fn rename(tx: &mut Tx, tag: TagId, name: &TagName) -> Result<()> {
    let sql = "update tags set name = $2, folded = $3 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(tag.0).bind(name.as_str()).bind(name.folded()).execute(c).await.map(|_| ()))?;
    tx.later.decided = true;
    Ok(())
}

/// Every ticket that has `tag` has `into` from then on; where it has both already, nothing is added.
///
/// # Errors
/// When the database refuses.
pub async fn hand_over(tx: &mut Tx, tag: TagId, into: TagId) -> Result<()> {
    let sql = "insert into ticket_tags (ticket, tag, added_by, added_at, came_with)
        select ticket, $2, added_by, added_at, came_with from ticket_tags where tag = $1 on conflict do nothing";
    on!(tx, c => sqlx::query(sql).bind(tag.0).bind(into.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// No ticket has it from then on, and none can be given it; histories still name it. `into`: the tag that takes its place.
///
/// # Errors
/// When the database refuses.
pub async fn retire(tx: &mut Tx, tag: TagId, into: Option<TagId>) -> Result<()> {
    on!(tx, c => sqlx::query("delete from ticket_tags where tag = $1").bind(tag.0).execute(c).await.map(|_| ()))?;
    let sql = "update tags set folded = null, merged_into = $2 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(tag.0).bind(into.map(|it| it.0)).execute(c).await.map(|_| ()))?;
    tx.later.decided = true;
    Ok(())
}

/// A tag, and how many tickets have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// The tag.
    pub tag: Tag,
    /// Open or In Progress, snoozed ones too.
    pub active: i64,
    /// Whatever their status.
    pub all: i64,
}

/// Every tag that can be given to a ticket, by its name, with its numbers.
///
/// # Errors
/// When the database refuses.
pub async fn used(conn: &mut Conn) -> Result<Vec<Used>> {
    let sql = "select tag, cast(sum(case when status in ('open', 'in-progress') then n else 0 end) as bigint), cast(sum(n) as bigint)
        from queue_counts where tag <> 0 and shelf <> 'merged' group by tag";
    let counted: Vec<(i64, i64, i64)> = on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
    let numbers = |tag: &Tag| counted.iter().find(|(id, ..)| *id == tag.id.0).map_or((0, 0), |(_, active, all)| (*active, *all));
    let used = |tag: Tag| {
        let (active, all) = numbers(&tag);
        Used { tag, active, all }
    };
    Ok(all(conn).await?.into_iter().map(used).collect())
}
